"""Tampering with real files: what is refused, when, and with which words."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from calibration.errors import ModelError
from edge.agent.lineup import line_up
from edge.config import Site
from edge.model_store import ModelStore
from edge.trust import SIGNATURE, Seal, Trust, read_trust
from pipelines.detect.signature import key_id, sign
from tests.edge.config.builders import site, source
from tests.edge.onnx_file import onnx_file
from tests.edge.test_model_store import write

KEY, STRANGER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
ID, THEIRS = key_id(KEY.public_key()), key_id(STRANGER.public_key())
KNOWN = {ID: KEY.public_key()}


def signed(folder: Path, key: Ed25519PrivateKey = KEY) -> Path:
    model = write(folder)
    (model / SIGNATURE).write_bytes(sign((model / "card.yaml").read_bytes(), key))
    return model


def public(path: Path, key: Ed25519PrivateKey = KEY) -> Path:
    path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return path


def _weights(model: Path) -> None:
    content = bytearray((model / "model.onnx").read_bytes())
    content[-1] ^= 1
    (model / "model.onnx").write_bytes(content)


def _digest(model: Path) -> None:
    """Other weights, and the card made to fit them: only the signature can tell."""
    (model / "model.onnx").write_bytes(onnx_file())
    _edit(model, sha256=hashlib.sha256(onnx_file()).hexdigest())


def _threshold(model: Path) -> None:
    _edit(model, classes=[{"name": n, "means": n, "threshold": 0.99} for n in ("fire", "smoke")])


def _edit(model: Path, **parts: object) -> None:
    card = yaml.safe_load((model / "card.yaml").read_text())
    (model / "card.yaml").write_text(yaml.safe_dump({**card, **parts}, sort_keys=False))


def _space(model: Path) -> None:
    with (model / "card.yaml").open("a") as file:
        file.write(" ")


def _swap(model: Path) -> None:
    (model / SIGNATURE).write_bytes(sign(b"another card", KEY))


def _garble(model: Path) -> None:
    (model / SIGNATURE).write_text("hello")


def _remove(model: Path) -> None:
    (model / SIGNATURE).unlink()


def _resign(model: Path) -> None:
    (model / SIGNATURE).write_bytes(sign((model / "card.yaml").read_bytes(), STRANGER))


CHANGED = "the card was changed after it was signed"
ALWAYS = [
    (_weights, "the weights are not those of the card: expected sha256"),
    (_digest, CHANGED),
    (_threshold, CHANGED),
    (_space, CHANGED),
    (_swap, "or the signature is another's"),
    (_garble, "is not a signature: expected"),
]
ONLY_IF_REQUIRED = [(_remove, f"is not signed ({SIGNATURE} is missing)"), (_resign, f"key {THEIRS}, which is not")]


@pytest.mark.parametrize("required", [False, True])
@pytest.mark.parametrize(("tamper", "said"), ALWAYS)
def test_what_was_tampered_with_is_refused_always(
    tamper: Callable[[Path], None], said: str, required: bool, tmp_path: Path
) -> None:
    store = ModelStore([tmp_path], Trust(KNOWN, required))
    model = signed(tmp_path)
    assert store.load("tiny").signed.key == ID
    tamper(model)
    with pytest.raises(ModelError) as caught:
        store.load("tiny")
    assert said in str(caught.value)
    assert str(model) in str(caught.value)
    (state,) = store.list()
    assert (state.fault, state.signed) == (str(caught.value), None)


@pytest.mark.parametrize(("tamper", "said"), ONLY_IF_REQUIRED)
def test_what_nobody_known_signed_is_refused_where_a_signature_is_required(
    tamper: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    tamper(signed(tmp_path))
    assert ModelStore([tmp_path], Trust(KNOWN)).load("tiny").signed.seal in (Seal.UNSIGNED, Seal.UNKNOWN)
    with pytest.raises(ModelError) as caught:
        ModelStore([tmp_path], Trust(KNOWN, required=True)).load("tiny")
    assert said in str(caught.value)


def test_required_and_nobody_trusted(tmp_path: Path) -> None:
    signed(tmp_path)
    with pytest.raises(ModelError, match="no key is trusted; list one under trusted_keys"):
        ModelStore([tmp_path], Trust({}, required=True)).load("tiny")


def test_a_wrong_digest_without_any_signature(tmp_path: Path) -> None:
    _weights(write(tmp_path))
    with pytest.raises(ModelError, match="expected sha256"):
        ModelStore([tmp_path]).load("tiny")


def test_trusted_keys_are_files(tmp_path: Path) -> None:
    trust = read_trust([public(tmp_path / "ours.pub"), public(tmp_path / "theirs.pub", STRANGER)], required=True)
    assert {ID, THEIRS} <= set(trust.keys)
    assert trust.required


@pytest.mark.parametrize(
    ("content", "said"), [(None, "can not be read: No such file"), (b"hello", "is not a public key in PEM")]
)
def test_a_key_that_is_none(content: bytes | None, said: str, tmp_path: Path) -> None:
    path = tmp_path / "ours.pub"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=rf"trusted key .*ours\.pub: {said}"):
        read_trust([path])


def test_the_key_of_the_program_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "models").mkdir()
    monkeypatch.setattr("edge.trust.share_folder", lambda: tmp_path)
    assert read_trust().keys == {}
    public(tmp_path / "models" / "release.pub")
    assert list(read_trust().keys) == [ID]


@pytest.mark.parametrize("required", [False, True])
def test_the_agent_does_what_its_site_says(required: bool, tmp_path: Path) -> None:
    models = tmp_path / "models"
    plan = Site.model_validate(
        site(
            models=[{"name": "tiny"}],
            sources=[source(rules=[{"rule": "fire"}])],
            require_signed=required,
            trusted_keys=[str(public(tmp_path / "ours.pub"))],
        )
    )
    model = write(models)
    if required:
        with pytest.raises(ModelError, match="is not signed"):
            line_up(plan, ModelStore([models]))
    (model / SIGNATURE).write_bytes(sign((model / "card.yaml").read_bytes(), KEY))
    assert list(line_up(plan, ModelStore([models])).models.detectors) == ["tiny"]
    _threshold(model)
    with pytest.raises(ModelError, match=CHANGED):
        line_up(plan, ModelStore([models]))
