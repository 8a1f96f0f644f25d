from __future__ import annotations

import base64
import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from calibration.errors import ModelError
from pipelines.detect.signature import key_id, read_private_key, read_public_key, sign, signer, verify

# Test 3 of RFC 8032, section 7.1.
SECRET = bytes.fromhex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")
PUBLIC = bytes.fromhex("fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025")
MESSAGE = bytes.fromhex("af82")
SIGNATURE = bytes.fromhex(
    "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
    "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
)
KEY = Ed25519PrivateKey.from_private_bytes(SECRET)
ID = hashlib.sha256(PUBLIC).hexdigest()[:16]
KEYS = {ID: KEY.public_key()}
CARD = b"name: tiny\n"


def test_it_is_the_signature_of_the_rfc() -> None:
    assert sign(MESSAGE, KEY) == f"ed25519 {ID} {base64.b64encode(SIGNATURE).decode()}\n".encode()
    assert key_id(KEY.public_key()) == ID
    assert verify(MESSAGE, sign(MESSAGE, KEY), KEYS, "sig") == ID
    assert signer(sign(MESSAGE, KEY), "sig") == ID


@pytest.mark.parametrize("place", range(len(CARD)))
def test_each_byte_counts(place: int) -> None:
    changed = bytearray(CARD)
    changed[place] ^= 1
    with pytest.raises(ModelError, match="the card was changed after it was signed"):
        verify(bytes(changed), sign(CARD, KEY), KEYS, "sig")


def test_a_signature_of_something_else() -> None:
    with pytest.raises(ModelError, match="the signature is another's"):
        verify(CARD, sign(b"another card", KEY), KEYS, "sig")


def test_a_forger_who_names_our_key() -> None:
    forged = sign(CARD, Ed25519PrivateKey.generate()).split()
    with pytest.raises(ModelError, match="the signature is not of this card and key"):
        verify(CARD, b" ".join([forged[0], ID.encode(), forged[2]]), KEYS, "sig")


def test_a_strangers_key_is_named_beside_the_trusted() -> None:
    stranger = Ed25519PrivateKey.generate()
    with pytest.raises(ModelError, match=f"key {key_id(stranger.public_key())}, which is not trusted; trusted: {ID}"):
        verify(CARD, sign(CARD, stranger), KEYS, "sig")


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00", b"ed25519 abc", b"rsa abc AAAA", b"ed25519 abc no-base64!"])
def test_what_is_no_signature_file(content: bytes) -> None:
    with pytest.raises(ModelError, match=r"card\.yaml\.sig: is not a signature"):
        verify(CARD, content, KEYS, "card.yaml.sig")


def test_a_signature_cut_short() -> None:
    short = f"ed25519 {ID} {base64.b64encode(SIGNATURE[:40]).decode()}".encode()
    with pytest.raises(ModelError, match="not of this card"):
        verify(MESSAGE, short, KEYS, "sig")


RAW = (Encoding.PEM, PrivateFormat.PKCS8)
OURS = KEY.private_bytes(*RAW, NoEncryption())
OURS_PUBLIC = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
CURVE = ec.generate_private_key(ec.SECP256R1())
CURVE_PUBLIC = CURVE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_keys_are_read_from_pem() -> None:
    assert read_private_key(OURS, "k").private_bytes_raw() == SECRET
    assert read_public_key(OURS_PUBLIC, "k").public_bytes_raw() == PUBLIC


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (b"", "is not a private key in PEM"),
        (OURS[:60], "is not a private key in PEM"),
        (OURS_PUBLIC, "is a public key; signing needs the private one"),
        (CURVE.private_bytes(*RAW, NoEncryption()), "is not an Ed25519 key, found EC"),
        (KEY.private_bytes(*RAW, BestAvailableEncryption(b"x")), "is locked by a password"),
    ],
)
def test_what_is_no_private_key(pem: bytes, said: str) -> None:
    with pytest.raises(ModelError, match=f"k.pem: {said}"):
        read_private_key(pem, "k.pem")


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (b"", "is not a public key in PEM"),
        (OURS, "is a private key; expected the public one"),
        (CURVE_PUBLIC, "is not an Ed25519 key, found EC"),
    ],
)
def test_what_is_no_public_key(pem: bytes, said: str) -> None:
    with pytest.raises(ModelError, match=rf"k\.pub: {said}"):
        read_public_key(pem, "k.pub")
