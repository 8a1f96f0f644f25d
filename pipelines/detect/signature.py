"""Detached Ed25519 signatures over a model's card, whose digest vouches for the weights.

The signature file is one line of text: `ed25519`, the id of the key, and the 64 bytes of RFC 8032 over the bytes of
`card.yaml` as base64. Pure computing: the bytes are handed in.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from calibration.errors import ModelError

_ALGORITHM = "ed25519"
_ID_LENGTH = 16


def key_id(key: Ed25519PublicKey) -> str:
    """What a key is called: the first 16 hexadecimal digits of the SHA-256 of its 32 bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:_ID_LENGTH]


def read_public_key(pem: bytes, where: str) -> Ed25519PublicKey:
    """A public key from PEM.

    Args:
        pem: content of the file.
        where: its name, for messages.

    Raises:
        ModelError: it is a private key, no key at all, or not an Ed25519 one.
    """
    if b"PRIVATE KEY" in pem:
        raise ModelError(f"{where}: is a private key; expected the public one, which may be given away")
    try:
        key = serialization.load_pem_public_key(pem)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ModelError(f"{where}: is not a public key in PEM: {error}") from error
    if not isinstance(key, Ed25519PublicKey):
        raise ModelError(f"{where}: is not an Ed25519 key, found {type(key).__name__.strip('_')}")
    return key


def read_private_key(pem: bytes, where: str) -> Ed25519PrivateKey:
    """A private key from PEM, without a password.

    Args:
        pem: content of the file.
        where: its name, for messages.

    Raises:
        ModelError: it is a public key, no key at all, locked by a password, or not an Ed25519 one.
    """
    if b"PUBLIC KEY" in pem:
        raise ModelError(f"{where}: is a public key; signing needs the private one")
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ModelError(f"{where}: is locked by a password; expected a key without") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ModelError(f"{where}: is not a private key in PEM: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ModelError(f"{where}: is not an Ed25519 key, found {type(key).__name__.strip('_')}")
    return key


def sign(content: bytes, key: Ed25519PrivateKey) -> bytes:
    """The signature file for these bytes."""
    signature = base64.b64encode(key.sign(content)).decode()
    return f"{_ALGORITHM} {key_id(key.public_key())} {signature}\n".encode()


def signer(signature: bytes, where: str) -> str:
    """Id of the key that a signature file names; it proves nothing yet.

    Raises:
        ModelError: it is not a signature file.
    """
    return _parts(signature, where)[0]


def verify(content: bytes, signature: bytes, keys: Mapping[str, Ed25519PublicKey], where: str) -> str:
    """Is it signed by one of these keys?

    Args:
        content: the bytes that were signed.
        signature: content of the signature file.
        keys: the trusted ones by id.
        where: the signature file's name, for messages.

    Returns:
        The id of the key.

    Raises:
        ModelError: it is not a signature file, the key is not among the trusted ones, or the bytes are not those that
            were signed.
    """
    name, value = _parts(signature, where)
    key = keys.get(name)
    if key is None:
        raise ModelError(f"{where}: signed with key {name}, which is not trusted; trusted: {', '.join(keys) or 'none'}")
    try:
        key.verify(value, content)
    except InvalidSignature:
        raise ModelError(
            f"{where}: the signature is not of this card and key {name}: the card was changed after it was signed, or "
            "the signature is another's"
        ) from None
    return name


def _parts(signature: bytes, where: str) -> tuple[str, bytes]:
    """Key id and the 64 bytes."""
    words = signature.decode("ascii", "replace").split()
    if len(words) != 3 or words[0] != _ALGORITHM:
        raise ModelError(f"{where}: is not a signature: expected `{_ALGORITHM} KEY-ID BASE64`")
    try:
        value = base64.b64decode(words[2], validate=True)
    except binascii.Error as error:
        raise ModelError(f"{where}: is not a signature: {error}") from error
    return words[1], value
