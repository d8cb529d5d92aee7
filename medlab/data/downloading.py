"""Bring registered files to the data root: checked by MD5, and used in place where they already lie."""

import contextlib
import errno
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from medlab import checks
from medlab.data.registry import describe

_LOG = logging.getLogger(__name__)


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


def fetch(name: str, size: int | None = None, *, source: str | os.PathLike[str] | None = None) -> Path:
    """Return the path of a registered file, downloading it if it does not lie under the data root yet.

    Nothing is overwritten: a file of that name with another MD5 that is in the way gets a new name. An
    interrupted download leaves nothing behind that could be taken for the file.

    Parameters
    ----------
    name : str
        Registered data set.
    size : int or None, pixels
        Side length of the images; None takes the smallest.
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

    record, root, file = describe(name), data_root(), file_name(name, size)
    url = record.files[_size(name, size)]["url"]
    origin = url if source is None else str(source)
    is_address = origin.startswith(("http://", "https://"))
    if not is_address:
        origin = _checked_file(origin, file, expected)
    target = root / ("medmnist" if record.source.startswith("MedMNIST") else name) / file
    remedy = f"Or download {url} by other means and put it anywhere under {root}."
    if wrong := next(_candidates(name, size), None):
        remedy += f" {wrong} was not used: its MD5 is {_md5(wrong)}, it is truncated or altered."
    with _explained(origin, target, expected, remedy):
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=root) as partial:
            if is_address:
                downloader = pooch.HTTPDownloader(progressbar=True)
                draft = pooch.retrieve(origin, f"md5:{expected}", file, partial, downloader=downloader)
            else:
                draft = shutil.copyfile(origin, f"{partial}/{file}")
            target.parent.mkdir(exist_ok=True)
            _move_aside(target, expected)
            Path(draft).replace(target)
    return target


def _checked_file(source: str, file: str, md5: str) -> str:
    """Return the path of a file after checking its MD5."""
    path = Path(os.path.expanduser(source))  # noqa: PTH111 (it leaves ~nobody as it is, Path's raises)
    if not path.is_file():
        msg = (
            f"The source of {file} must be a file or an http(s) address, got {source!r}. Check its spelling."
        )
        raise FileNotFoundError(msg)
    if (got := _md5(path)) != md5:
        msg = f"{path} must have the MD5 {md5} to be used as {file}, got {got}. Nothing was copied."
        raise ValueError(msg)
    return str(path)


@contextlib.contextmanager
def _explained(url: str, target: Path, md5: str, remedy: str) -> Iterator[None]:
    """Turn what can go wrong on the way into a message that says what to do."""
    import requests

    try:
        yield
    except requests.RequestException as error:
        answer = error.response
        problem = type(error).__name__ if answer is None else f"HTTP status {answer.status_code}"
        msg = (
            f"Downloading {target.name} needs an answer from {urlsplit(url).netloc}, got {problem}. Check "
            f"the network, or try again later. {remedy}"
        )
        raise ConnectionError(msg) from error
    except OSError as error:
        got = "a full disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error
        msg = (
            f"{target.parent} must have room for {target.name} and be writable, got: {got}. Change that, or "
            "let the environment variable MEDLAB_DATA name another folder."
        )
        raise OSError(error.errno or errno.EIO, msg) from error
    except ValueError as error:  # of pooch
        msg = (
            f"The download of {target.name} must have the MD5 {md5}, got another and deleted it: it was "
            f"truncated or altered on the way, or is another file. Try again. {remedy}"
        )
        raise ValueError(msg) from error


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
