"""Whose models this machine believes: the keys it trusts, and whether it takes unsigned models at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from calibration.errors import ModelError
from edge.share import share_folder
from pipelines.detect.signature import key_id, read_public_key, signer, verify

SIGNATURE = "card.yaml.sig"
"""Beside the card, the signature of its bytes."""

RELEASE_KEY = "release.pub"
"""In the installed models folder: the key that the models which come with the program are signed with."""


class Seal(StrEnum):
    """What a model's signature says."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"
    UNKNOWN = "unknown key"


@dataclass(frozen=True, slots=True)
class Signed:
    """The answer to who signed a model; `key` is the id, None where it is unsigned."""

    seal: Seal
    key: str | None = None

    def __str__(self) -> str:
        return {
            Seal.SIGNED: f"signed with key {self.key}",
            Seal.UNSIGNED: "unsigned",
            Seal.UNKNOWN: f"signed with key {self.key}, which is not trusted",
        }[self.seal]


@dataclass(frozen=True, slots=True, eq=False)
class Trust:
    """Trusted keys by id, and whether a model must be signed with one of them."""

    keys: Mapping[str, Ed25519PublicKey] = field(default_factory=dict)
    required: bool = False

    def check(self, card: bytes, signature: bytes | None, folder: Path) -> Signed:
        """Who signed this card?

        A wrong signature by a trusted key is refused always, since somebody changed something. No signature, or one by
        a key that nobody told us of, is refused where signatures are required.

        Args:
            card: the bytes that are used, not read again later.
            signature: content of the signature file; None if there is none.
            folder: of the model, for messages.

        Raises:
            ModelError: it is refused; the text says why.
        """
        where = str(folder / SIGNATURE)
        if self.required and not self.keys:
            raise ModelError(f"{folder}: require_signed is set and no key is trusted; list one under trusted_keys")
        if signature is None:
            if self.required:
                raise ModelError(f"{folder}: the model is not signed ({SIGNATURE} is missing), require_signed is set")
            return Signed(Seal.UNSIGNED)
        key = signer(signature, where)
        if key in self.keys or self.required:
            return Signed(Seal.SIGNED, verify(card, signature, self.keys, where))
        return Signed(Seal.UNKNOWN, key)


def read_trust(keys: Sequence[Path] = (), *, required: bool = False) -> Trust:
    """Trust in the key that came with the program, if one did, and in others.

    Args:
        keys: files of public keys.
        required: refuse models without a signature by one of them.

    Raises:
        ModelError: a key is missing, or is no Ed25519 public key.
    """
    shipped = share_folder() / "models" / RELEASE_KEY
    files = [*([shipped] if shipped.is_file() else []), *keys]
    return Trust(read_keys(files), required)


def read_keys(files: Sequence[Path]) -> dict[str, Ed25519PublicKey]:
    """Keys by id.

    Raises:
        ModelError: a key is missing, or is no Ed25519 public key.
    """
    return {key_id(key): key for key in map(_read, files)}


def _read(path: Path) -> Ed25519PublicKey:
    try:
        pem = path.read_bytes()
    except OSError as error:
        raise ModelError(f"trusted key {path}: can not be read: {error.strerror}") from error
    return read_public_key(pem, f"trusted key {path}")
