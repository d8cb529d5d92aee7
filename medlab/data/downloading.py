"""Bring registered files to the data root: checked by MD5, and used in place where they already lie."""

import contextlib
import errno
import hashlib
import logging
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from medlab import checks
from medlab.data.registry import describe

_LOG = logging.getLogger(__name__)
_ADDRESS = re.compile(r"https?://([^/@\s]*@)?([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?([/?#].*)?", re.IGNORECASE)
_DEAD_AFTER_S = 3600  # a download that wrote nothing for an hour was interrupted


def data_root() -> Path:
    """Return the folder that holds the user's data.

    The environment variable MEDLAB_DATA names it; else it is ``data/`` in a clone of the project, else the
    user's data directory of the operating system.
    """
    if folder := os.environ.get("MEDLAB_DATA"):
        return Path(folder).expanduser()
    clone = Path(__file__).parents[2]
    if (clone / "pyproject.toml").is_file():
        return clone / "data"
    import platformdirs

    return Path(platformdirs.user_data_dir("medlab"))


def file_name(name: str, size: int | None = None) -> str:
    """Return the name of a registered file, such as ``breastmnist_64.npz``."""
    side = _size(name, size)
    return f"{name}.npz" if side == 28 else f"{name}_{side}.npz"


def find(name: str, size: int | None = None) -> Path | None:
    """Return the path of a registered file under the data root, in any folder, or None if none is right."""
    return next((path for path in _candidates(name, size) if _md5(path) == _expected(name, size)), None)


def verify(name: str, size: int | None = None) -> Path:
    """Return the path of a registered file under the data root after checking its MD5.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If there is one, but its MD5 is not the registered one: it is truncated or altered.
    """
    if path := find(name, size):
        return path
    wrong = next(_candidates(name, size), None)
    if wrong is None:
        msg = (
            f"{file_name(name, size)} must lie under {data_root()}, found none. Run: medlab data fetch {name}"
        )
        raise FileNotFoundError(msg)
    msg = (
        f"{wrong} must have the MD5 {_expected(name, size)}, got {_md5(wrong)}: it is truncated or altered. "
        f"Run medlab data fetch {name}, which keeps it under another name."
    )
    raise ValueError(msg)


def fetch(
    name: str, size: int | None = None, progress: bool = True, source: str | os.PathLike[str] | None = None
) -> Path:
    """Return the path of a registered file, downloading it if it does not lie under the data root yet.

    Nothing is overwritten: a file of that name with another MD5 that is in the way gets a new name. An
    interrupted download leaves nothing behind that could be taken for the file.

    Parameters
    ----------
    name : str
        Registered data set.
    size : int or None, pixels
        Side length of the images; None takes the smallest.
    progress : bool
        Show a progress bar on stderr.
    source : path or str, optional
        A file, which is copied, or an http(s) address, to take in place of the registered address. The MD5
        that it must have is the same.

    Returns
    -------
    path : Path
        A file whose MD5 is the registered one.

    Raises
    ------
    ValueError
        If the data set or size is unknown, or the file has another MD5.
    FileNotFoundError
        If `source` is neither a file nor an http(s) address.
    ConnectionError
        If there is no network, the server fails, or the connection breaks.
    OSError
        If the data root cannot be written to or is full.
    """
    expected = _expected(name, size)  # refuses unknown names before anything else
    if path := find(name, size):
        if source is not None:
            _LOG.warning("%s lies there already, as registered: %s was not looked at.", path.name, source)
        return path
    import pooch

    record = describe(name)
    url = record.files[_size(name, size)]["url"]
    origin = url if source is None else _origin(source, file_name(name, size), expected)
    collection = "medmnist" if record.source.startswith("MedMNIST") else name
    target = data_root() / collection / file_name(name, size)
    partial = target.parent / ".partial"
    remedy = f"Or download {url} by other means and put it anywhere under {data_root()}."
    wrong = next(_candidates(name, size), None)
    if wrong:
        remedy += f" {wrong} was not used: its MD5 is {_md5(wrong)}, it is truncated or altered."
    with _explained(origin, target, expected, remedy):
        partial.mkdir(parents=True, exist_ok=True)
        try:
            _sweep(partial)
            downloader = pooch.HTTPDownloader(progressbar=progress) if _is_address(origin) else _copy
            draft = uuid.uuid4().hex
            pooch.retrieve(origin, f"md5:{expected}", draft, partial, downloader=downloader)
            _move_aside(target, expected)
            (partial / draft).replace(target)
        finally:
            for folder in (partial, target.parent):
                with contextlib.suppress(OSError):  # it is not empty, or another process downloads into it
                    folder.rmdir()
    return target


def _origin(source: str | os.PathLike[str], file: str, md5: str) -> str:
    """Return an address as it is, and the path of a file after checking its MD5."""
    if _is_address(str(source)):
        return str(source)
    path = Path(os.path.expanduser(source))  # noqa: PTH111 (it leaves ~nobody as it is, Path's raises)
    if not path.is_file():
        what, hint = ("the folder ", "Name the file in it.") if path.is_dir() else ("", "Check the spelling.")
        msg = f"The source of {file} must be a file or an http(s) address, got {what}{str(source)!r}. {hint}"
        raise FileNotFoundError(msg)
    if (got := _md5(path)) != md5:
        msg = (
            f"{path} must have the MD5 {md5} to be used as {file}, got {got}: it is truncated, altered or "
            "another file. Nothing was copied."
        )
        raise ValueError(msg)
    return str(path)


def _is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


def _copy(file: str, target: str, _pooch: Any) -> None:
    """Bring a file as pooch's downloaders bring an address."""
    shutil.copyfile(file, target)


@contextlib.contextmanager
def _explained(url: str, target: Path, md5: str, remedy: str) -> Iterator[None]:
    """Turn what can go wrong on the way into a message that says what to do."""
    import requests

    try:
        yield
    except requests.RequestException as error:
        if isinstance(error, requests.HTTPError):
            status = error.response.status_code if error.response is not None else "?"
            msg = f"The server must send {target.name}, got HTTP status {status}. Try again later."
        elif isinstance(error, requests.exceptions.ChunkedEncodingError):
            msg = f"The download of {target.name} must be complete, got a broken connection. Try again."
        else:
            host, problem = urlsplit(url).netloc, type(error).__name__
            msg = f"Downloading {target.name} needs a connection to {host}, got {problem}. Check the network."
        msg += f" {remedy}"
        raise ConnectionError(msg) from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            msg = f"{target.parent} must have room for {target.name}, got a full disk. Free some space, or "
        else:
            msg = f"{target.parent} must be writable to hold {target.name}, got: {error}. Change that, or "
        msg += "let the environment variable MEDLAB_DATA name another folder."
        raise OSError(error.errno or errno.EIO, msg) from error
    except ValueError as error:
        got = str(error).partition("but got ")[2].partition(".")[0] or "another"  # as pooch says it
        msg = (
            f"The download of {target.name} must have the MD5 {md5}, got {got} and deleted it: it was "
            f"truncated or altered on the way, or is another file. Try again. {remedy}"
        )
        raise ValueError(msg) from error


def _sweep(partial: Path) -> None:
    """Delete what interrupted downloads left, but nothing another process may still be writing."""
    for leftover in partial.iterdir():
        with contextlib.suppress(OSError):
            if time.time() - leftover.stat().st_mtime > _DEAD_AFTER_S:
                leftover.unlink()


def _move_aside(target: Path, expected: str) -> None:
    """Give a file with the wrong MD5 a name that tells its own; two of them never collide."""
    if target.is_file() and (md5 := _md5(target)) != expected:
        aside = target.with_name(f"{target.stem}.wrong-md5-{md5[:8]}.npz")
        target.replace(aside)
        _LOG.warning("%s did not have the registered MD5; it is kept as %s.", target, aside.name)


def _candidates(name: str, size: int | None) -> Iterator[Path]:
    """Yield the files of the registered name under the data root, the likeliest place first."""
    root, file = data_root(), file_name(name, size)
    likely = [root / "medmnist" / file, root / file]
    yield from (path for path in likely if path.is_file())
    yield from (path for path in root.rglob(file) if path.is_file() and path not in likely)


def _size(name: str, size: int | None) -> int:
    record = describe(name)
    if not record.files:
        msg = f"{name} is made by {record.source}, so there is nothing to download. Use data.load({name!r})."
        raise ValueError(msg)
    return int(checks.one_of(f"size of {name}", record.sizes[0] if size is None else size, record.sizes))


def _expected(name: str, size: int | None) -> str:
    return describe(name).files[_size(name, size)]["md5"]


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
