"""Key files: private ones that nobody else may read, and the refusal to write over one."""

from __future__ import annotations

import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from calibration.errors import ModelError
from pipelines.detect.signature import read_private_key


def read_key(path: Path) -> Ed25519PrivateKey:
    """The private key in a file.

    Raises:
        ModelError: it is missing, or is no Ed25519 private key.
    """
    try:
        return read_private_key(path.read_bytes(), str(path))
    except OSError as error:
        raise ModelError(f"key {path}: can not be read: {error.strerror}; `lookout keys new` makes one") from error


def write_pair(path: Path, key: Ed25519PrivateKey) -> Path:
    """Write the private key to `path`, readable by its owner alone, and the public one beside it.

    Returns:
        Where the public one is: the same name with the ending `.pub`.

    Raises:
        ModelError: one of the two is there already, or the folder can not be written.
    """
    public = path.with_suffix(".pub")
    if path == public:
        raise ModelError(f"{path}: is the public key's name; give the private one another ending, such as .pem")
    there = [str(each) for each in (path, public) if each.exists()]
    if there:
        raise ModelError(f"{' and '.join(there)}: there already; a key that signed models is never written over")
    try:
        _create(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        _create(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    except OSError as error:
        raise ModelError(f"{path}: can not be written: {error.strerror}") from error
    return public


def _create(path: Path, content: bytes, mode: int) -> None:
    """The file with these rights from its first moment on; an error if it is there."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
