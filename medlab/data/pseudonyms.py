"""Stand-ins for patients, UIDs and dates: the same for the same salt, and undone by nobody without it.

Each is cut from an HMAC-SHA256 (RFC 2104) whose key is the salt. Without the salt, trying all medical record
numbers of a hospital leads nowhere; with it, a later visit of a patient gets the name of the first.
"""

import contextlib
import hmac
import os
import secrets
import uuid
from pathlib import Path

import platformdirs

SHORTEST_SALT = 8
MOST_DAYS = 3650


class Pseudonyms:
    """Stand-ins that follow from a salt.

    Parameters
    ----------
    salt : str, bytes or None, at least 8 characters
        A secret. None takes this user's own, which is made on first use (`own_salt`).

    Raises
    ------
    TypeError, ValueError
        If `salt` is neither, or so short that it could be guessed.
    OSError, ValueError
        If the user's own salt cannot be read or made.
    """

    def __init__(self, salt: str | bytes | None = None) -> None:
        if salt is None:
            salt = own_salt()
        if not isinstance(salt, (str, bytes)):
            msg = f"salt must be a string, bytes or None, got {type(salt).__name__}."
            raise TypeError(msg)
        if len(salt) < SHORTEST_SALT:
            msg = (
                f"salt must have at least {SHORTEST_SALT} characters, got {len(salt)}: whoever guesses it "
                "can find out the patients. secrets.token_hex() makes a good one."
            )
            raise ValueError(msg)
        self._key = salt.encode() if isinstance(salt, str) else salt

    def __repr__(self) -> str:
        return "Pseudonyms()"  # never the salt

    def patient(self, identity: str) -> str:
        """Return a name such as "P-0D3F0A5E1B2C3D4E" for a patient."""
        return f"P-{self._digest('patient', identity)[:8].hex().upper()}"

    def uid(self, uid: str) -> str:
        """Return a UID of 128 bits under 2.25, the root that needs no registration (DICOM PS3.5, B.2)."""
        return f"2.25.{int.from_bytes(self._digest('uid', uid)[:16], 'big')}"

    def days(self, identity: str) -> int:
        """Return by how many days, 1 to 3650, the dates of a patient move into the past."""
        return int.from_bytes(self._digest("days", identity)[:8], "big") % MOST_DAYS + 1

    def _digest(self, purpose: str, value: str) -> bytes:
        return hmac.digest(self._key, f"{purpose}:{value}".encode(), "sha256")


def own_salt() -> str:
    """Return this user's salt; on first use, make it and keep it in a file that only the user can read.

    The file is ``deidentification.salt`` in the user's data directory of the operating system. Whoever has
    it can link pseudonyms to patients; whoever loses it gets new pseudonyms.

    Raises
    ------
    OSError
        If there is none and none can be written.
    ValueError
        If the file does not hold a salt.
    """
    path = Path(platformdirs.user_data_dir("medlab")) / "deidentification.salt"
    try:
        if not path.is_file():
            _make(path)
        salt = path.read_text(encoding="ascii", errors="replace").strip()
    except OSError as error:
        msg = (
            f"De-identification keeps a secret in the user's data directory, which must be writable, got "
            f"{type(error).__name__}. Change that, or give salt= a secret of your own."
        )
        raise OSError(error.errno, msg) from None
    if len(salt) != 64:
        msg = (
            "deidentification.salt in the user's data directory must hold 64 characters, got "
            f"{len(salt)}: it was altered. Restore it from a backup, or delete it; patients then get new "
            "pseudonyms."
        )
        raise ValueError(msg)
    return salt


def _make(path: Path) -> None:
    """Write a new salt whole or not at all, and leave one that another process wrote first."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{uuid.uuid4().hex}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            move_new(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def move_new(draft: Path, path: Path) -> None:
    """Give a finished file its name."""
    try:
        os.link(draft, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, as on many memory sticks
        if path.exists():
            raise FileExistsError from None
        draft.rename(path)
    else:
        draft.unlink()
