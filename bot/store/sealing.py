"""Sealing and opening words, and the root key under which all other keys lie.

Words are sealed with AES-256-GCM under a data key. A seal is bound to its place (additional data), so that one moved
elsewhere does not open. Data keys are wrapped by a key derived from the root key, which is a file outside the database.
"""

import base64
import binascii
import hashlib
import os
import re
import secrets
import stat
from enum import StrEnum
from pathlib import Path
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from bot.store.errors import Damaged

ALGORITHM = "A256GCM+A256KW"
"""AES-256-GCM under a data key that is wrapped by AES key wrap (RFC 3394)."""

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


class KeyProblem(Exception):
    """A root key cannot be used. One line: what is wrong, then what to do."""

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(f"{cause} {remedy}")
        self.cause = cause
        self.remedy = remedy


class Purpose(StrEnum):
    """What a derived key is for. One key, one purpose."""

    NAMING = "naming the key"
    WRAPPING = "wrapping data keys"
    PROOFS = "proofs of rows"
    STEP_TOKENS = "step tokens"
    CODE_BUCKETS = "finding codes"
    CODE_VERIFIERS = "verifying codes"
    THROTTLE = "counting wrong codes"
    REFERENCES = "finding enquiries"
    INVITATION_BUCKETS = "finding invitations"
    INVITATION_VERIFIERS = "verifying invitations"
    EMAILS = "finding accounts"
    PASSKEYS = "finding passkeys"
    ENTRIES = "telling entries apart"
    ACCOUNTS = "counting refused sign-ins"
    TEAM_MARKS = "marks on the team's pages"
    PASSWORDS = "verifying passwords"
    AUTHENTICATORS = "secrets of authenticator apps"
    SIGNING_IN = "signing what the team's browsers hold"
    NAMING_THE_STORE = "naming the store"
    BACKED_UP_WORDS = "backups of words"
    BACKED_UP_KEYS = "backups of keys"


def derive(secret: bytes, purpose: str) -> bytes:
    """256 bits for one purpose (HKDF-SHA256). The secret cannot be found from them, nor those of another purpose."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=b"own words | " + purpose.encode()).derive(secret)


def bound(schema: str, *parts: str | int) -> bytes:
    """The additional data of a seal: where it belongs. Each part has its length, so that no two places look alike."""
    encoded = [str(part).encode("utf-8", "surrogateescape") for part in (schema, *parts)]
    return b"".join(len(part).to_bytes(4) + part for part in encoded)


class DataKey:
    """Seals and opens the words of one enquiry, or of one conversation that belongs to none yet."""

    __slots__ = ("_cipher", "key_id")

    def __init__(self, key_id: str, secret: bytes) -> None:
        self.key_id = key_id
        self._cipher = AESGCM(secret)

    def __repr__(self) -> str:
        return f"DataKey({self.key_id!r})"

    def seal(self, words: str, place: bytes) -> bytes:
        """A random nonce, then the sealed words and their tag. Lone surrogates are kept (`surrogatepass`)."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, words.encode("utf-8", "surrogatepass"), place)

    def open(self, sealed: bytes, place: bytes) -> str:
        """The words exactly as they were sealed. Raises `Damaged` when a byte is not the same, or the place is not."""
        opened = self._open(sealed, place)
        if opened is None:
            raise Damaged("A seal does not open.")
        return opened

    def _open(self, sealed: bytes, place: bytes) -> str | None:
        # Raised outside this function: an exception chained to a UnicodeDecodeError would carry the words.
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place).decode(
                "utf-8", "surrogatepass"
            )
        except (InvalidTag, ValueError, TypeError):
            return None


class RootKey:
    """The key above all others. It lives in a file outside the data folder and never enters the database."""

    __slots__ = ("_secret", "_wrapping", "key_id")

    def __init__(self, secret: bytes) -> None:
        if len(secret) != KEY_BYTES:
            raise KeyProblem("A root key has 256 bits.", "Make one with: python -m bot keys new")
        self._secret = secret
        self._wrapping = derive(secret, Purpose.WRAPPING)
        self.key_id = hashlib.sha256(derive(secret, Purpose.NAMING)).hexdigest()[:8]
        """Names the key without telling anything of it."""

    def __repr__(self) -> str:
        return f"RootKey({self.key_id!r})"

    @classmethod
    def create(cls, path: Path) -> Self:
        """Make a root key in a new file (0400) and have it on disk before anything is sealed under it."""
        return cls(make_secret(path, "root key", "Keep it: words sealed under it open with no other."))

    @classmethod
    def read(cls, path: Path, *, outside: Path | None = None) -> Self:
        """The root key in this file, as base64 or hexadecimal text.

        `outside` is the data folder: whoever takes a copy of it must not have the key. Raises `KeyProblem`.
        """
        found = read_secret(path, "root key", outside=outside)
        if found is None:
            raise KeyProblem(f"There is no root key at {path}.", "Make one with: python -m bot keys new")
        return cls(found)

    def derive(self, purpose: str) -> bytes:
        """256 bits for one purpose."""
        return derive(self._secret, purpose)

    def wrap(self, secret: bytes) -> bytes:
        """A data key as it may lie in the database."""
        return aes_key_wrap(self._wrapping, secret)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The data key. Raises `Damaged` when it was wrapped by another root key, or a byte is not the same."""
        try:
            return aes_key_unwrap(self._wrapping, wrapped)
        except (InvalidUnwrap, ValueError, TypeError) as error:
            raise Damaged("A data key does not unwrap.") from error


def make_secret(path: Path, what: str, keep_it: str) -> bytes:
    """Make 256 bits in a new file (0400), on disk and whole before it has its name. Raises `KeyProblem`."""
    making = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    secret = secrets.token_bytes(KEY_BYTES)
    try:
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True)
        descriptor = os.open(making, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    except OSError as error:
        raise KeyProblem(
            f"No {what} could be made at {path}: {error.strerror}.", "Choose a folder that can be written."
        ) from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64encode(secret) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        # Unlike a renaming, it never takes the place of a key that is there.
        path.hardlink_to(making)
        making.unlink()
        sync_folder(path.parent)
    except FileExistsError:
        raise KeyProblem(f"There is a {what} at {path} already.", keep_it) from None
    except OSError as error:
        raise KeyProblem(
            f"The {what} could not be written to {path}: {error.strerror}.", "Free some space and try again."
        ) from error
    finally:
        making.unlink(missing_ok=True)
    return secret


def require_outside(path: Path, what: str, outside: Path | None) -> None:
    """Refuse a place inside the data folder, whether there is a key yet or not. Raises `KeyProblem`."""
    if outside is not None and path.resolve().is_relative_to(outside.resolve()):
        raise KeyProblem(
            f"The {what} {path} lies inside the data folder {outside}.",
            "Move it elsewhere, so that a copy of the data does not carry the key.",
        )


def read_secret(path: Path, what: str, *, outside: Path | None = None) -> bytes | None:
    """The 256 bits in a file that is open to its owner alone; None where there is no file. Raises `KeyProblem`."""
    require_outside(path, what, outside)
    try:
        # Not to wait for ever at a named pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyProblem(
            f"The {what} {path} cannot be read: {error.strerror}.", "Give it to the account that runs Own Words."
        ) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise KeyProblem(f"The {what} {path} is not a file.", "Name the file that holds it.")
    with os.fdopen(descriptor, "rb") as file:
        mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
        if mode & 0o077:
            raise KeyProblem(f"The {what} {path} is open to others (mode {mode:04o}).", f"Do: chmod 0400 {path}")
        text = file.read(1000)
    secret = decoded(text)
    if secret is None:
        raise KeyProblem(
            f"The file {path} does not hold a {what}: 256 bits as base64 or hexadecimal.",
            "Put the right file back. A new key opens nothing that was sealed before.",
        )
    return secret


def decoded(text: bytes) -> bytes | None:
    """256 bits from base64 or hexadecimal text; None where it is neither."""
    text = text.strip()
    if re.fullmatch(rb"[0-9a-fA-F]{64}", text):
        return bytes.fromhex(text.decode())
    try:
        secret = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return secret if len(secret) == KEY_BYTES else None


def sync_folder(folder: Path) -> None:
    """Have on disk what a folder names."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
