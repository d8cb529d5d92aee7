import contextlib
import dataclasses
import errno
import hashlib
import os
import re
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from medlab.data import downloading, registry
from medlab.data.downloading import data_root, fetch, file_name, find, verify

CONTENT = bytes(range(256)) * 4000  # about 1 MB: several chunks of a download
MD5 = hashlib.md5(CONTENT).hexdigest()
OTHER_MD5 = hashlib.md5(b"something else").hexdigest()


class Server(BaseHTTPRequestHandler):
    """Answer as its path says."""

    def do_GET(self):
        self.server.requests.append(self.path)
        if self.path == "/broken.npz":
            self.send_error(500)
            return
        content = b"something else" if self.path == "/other.npz" else CONTENT
        self.send_response(200)
        if self.path != "/silently_truncated.npz":
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        truncated = "truncated" in self.path
        with contextlib.suppress(OSError):  # a test may hang up
            self.wfile.write(content[: len(content) // 2] if truncated else content)

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    running = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    running.requests = []
    thread = threading.Thread(target=running.serve_forever)
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path / "root"))
    return tmp_path / "root"


@pytest.fixture
def serve(server, monkeypatch):
    """Register the set "tiny", to be found at a path of the local server."""
    server.requests.clear()
    breast, simulated = (registry.describe(name) for name in ("breastmnist", "simulated_nodules"))

    def register(path: str = "/tiny.npz", port: int | None = None) -> list[str]:
        url = f"http://127.0.0.1:{port or server.server_port}{path}"
        files = {28: {"url": url, "md5": MD5}, 64: {"url": url, "md5": "0" * 32}}
        tiny = dataclasses.replace(breast, name="tiny", sizes=(28, 64), files=files)
        monkeypatch.setattr(registry, "_records", lambda: {"tiny": tiny, "simulated_nodules": simulated})
        return server.requests

    return register


def test_a_file_is_downloaded_once(serve, root, capfd):
    requests = serve()
    path = fetch("tiny")
    assert path == root / "medmnist" / "tiny.npz"
    assert path.read_bytes() == CONTENT
    assert fetch("tiny", 28) == path
    assert requests == ["/tiny.npz"]
    assert "100%" in capfd.readouterr().err
    assert [item.name for item in path.parent.iterdir()] == ["tiny.npz"]


@pytest.mark.parametrize("folder", ["", "medmnist", "course/week 1"])
def test_a_file_anywhere_under_the_root_is_used_in_place(serve, root, folder):
    requests = serve()
    (root / folder).mkdir(parents=True)
    (root / folder / "tiny.npz").write_bytes(CONTENT)
    assert fetch("tiny") == find("tiny") == verify("tiny") == root / folder / "tiny.npz"
    assert requests == []


def test_a_truncated_copy_is_not_used_and_not_lost(serve, root):
    serve()
    (root / "medmnist").mkdir(parents=True)
    (root / "medmnist" / "tiny.npz").write_bytes(CONTENT[:99])
    assert find("tiny") is None
    assert fetch("tiny").read_bytes() == CONTENT
    aside = f"tiny.wrong-md5-{hashlib.md5(CONTENT[:99]).hexdigest()[:8]}.npz"
    assert (root / "medmnist" / aside).read_bytes() == CONTENT[:99]


def test_a_truncated_copy_stays_where_it_is_if_no_other_can_be_had(serve, root):
    serve("/broken.npz")
    copy = root / "medmnist" / "tiny.npz"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(CONTENT[:99])
    with pytest.raises(ConnectionError, match=r"tiny\.npz was not used: its MD5 is .*truncated or altered"):
        fetch("tiny")
    assert copy.read_bytes() == CONTENT[:99]


def test_without_a_network_the_message_says_how_to_go_on(serve, root):
    serve(port=1)
    with pytest.raises(
        ConnectionError,
        match=r"needs an answer from 127\.0\.0\.1:1, got ConnectionError.*put it anywhere under .*root",
    ):
        fetch("tiny")
    assert list(root.iterdir()) == []


def test_a_server_error_is_told(serve, root):
    serve("/broken.npz")
    with pytest.raises(
        ConnectionError, match=r"Downloading tiny\.npz needs .*, got HTTP status 500\. .*try again later"
    ):
        fetch("tiny")
    assert list(root.iterdir()) == []


def test_a_download_with_another_hash_is_deleted_and_told(serve, root):
    serve("/other.npz")
    with pytest.raises(ValueError, match=rf"must have the MD5 {MD5}, got another and deleted it"):
        fetch("tiny")
    assert list(root.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "error", "said"),
    [
        ("/truncated.npz", ConnectionError, r"got ChunkedEncodingError\. .*try again"),
        (
            "/silently_truncated.npz",
            ValueError,
            r"got another and deleted it: it was truncated .*or is another file",
        ),
    ],
)
def test_a_truncated_download_is_told_and_the_next_one_starts_cleanly(serve, root, path, error, said):
    serve(path)
    with pytest.raises(error, match=said):
        fetch("tiny")
    serve()
    assert fetch("tiny").read_bytes() == CONTENT


def fail_while_writing(monkeypatch, error: BaseException) -> None:
    """Let the downloader's file break in its second chunk."""

    def broken_open(path, *args):
        file = Path(path).open("wb")
        plain_write = file.write

        class Broken:
            def write(self, chunk):
                if file.tell():
                    raise error
                plain_write(chunk)

            def __getattr__(self, name):
                return getattr(file, name)

        return Broken()

    monkeypatch.setattr("pooch.downloaders.open", broken_open, raising=False)


def test_a_full_disk_is_told_and_nothing_is_left_or_lost(serve, root, monkeypatch):
    serve()
    copy = root / "medmnist" / "tiny.npz"
    copy.parent.mkdir(parents=True)
    copy.write_bytes(b"the reader's")
    with monkeypatch.context() as patch:
        fail_while_writing(patch, OSError(errno.ENOSPC, "No space left on device"))
        with pytest.raises(
            OSError, match=r"must have room for tiny\.npz and be writable, got: a full disk.*MEDLAB_DATA"
        ) as caught:
            fetch("tiny")
    assert caught.value.errno == errno.ENOSPC
    assert copy.read_bytes() == b"the reader's"
    assert list(copy.parent.iterdir()) == [copy]
    assert fetch("tiny").read_bytes() == CONTENT


def test_an_interrupted_download_leaves_nothing_and_starts_again(serve, root, monkeypatch):
    serve()
    with monkeypatch.context() as patch:
        fail_while_writing(patch, KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            fetch("tiny")
    assert list(root.iterdir()) == []
    assert fetch("tiny").read_bytes() == CONTENT


def test_two_downloads_at_once_do_not_disturb_each_other(serve, root):
    serve()
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: fetch("tiny"), range(4)))
    assert set(paths) == {root / "medmnist" / "tiny.npz"}
    assert paths[0].read_bytes() == CONTENT
    assert [item.name for item in paths[0].parent.iterdir()] == ["tiny.npz"]


def test_a_data_root_that_cannot_be_written_to_is_told(serve, root):
    serve()
    root.write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r"room for tiny\.npz and be writable, got: .*MEDLAB_DATA name another"):
        fetch("tiny")
    assert root.read_text() == "a file where the folder should be"


def test_a_data_root_without_permission_is_told(serve, root, monkeypatch):
    serve()

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(
        PermissionError, match=r"room for tiny\.npz and be writable, got: .*Permission denied"
    ):
        fetch("tiny")


# --- from somewhere else


@pytest.mark.parametrize("written", ["{home}/got by post.npz", "~/got by post.npz", "../got by post.npz"])
def test_a_file_on_disk_is_copied_after_its_md5_was_checked(serve, root, tmp_path, monkeypatch, written):
    requests = serve()
    (tmp_path / "got by post.npz").write_bytes(CONTENT)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("HOME", str(tmp_path))
    path = fetch("tiny", source=written.format(home=tmp_path))
    assert path == root / "medmnist" / "tiny.npz"
    assert path.read_bytes() == (tmp_path / "got by post.npz").read_bytes() == CONTENT
    assert [item.name for item in path.parent.iterdir()] == ["tiny.npz"]
    assert requests == []


def test_another_address_is_asked_in_place_of_the_registered_one(serve, root, server):
    requests = serve("/broken.npz")
    path = fetch("tiny", source=f"http://127.0.0.1:{server.server_port}/mirror/tiny.npz")
    assert path.read_bytes() == CONTENT
    assert requests == ["/mirror/tiny.npz"]


def test_a_source_with_another_md5_is_refused_with_both_and_nothing_stays(serve, root, tmp_path, server):
    serve()
    wrong = tmp_path / "wrong.npz"
    wrong.write_bytes(b"something else")
    with pytest.raises(ValueError, match=rf"wrong\.npz must have the MD5 {MD5} .*got {OTHER_MD5}\. Nothing"):
        fetch("tiny", source=wrong)
    assert not root.exists()
    with pytest.raises(ValueError, match=rf"must have the MD5 {MD5}, got another and deleted it"):
        fetch("tiny", source=f"http://127.0.0.1:{server.server_port}/other.npz")
    assert not (root / "medmnist").exists()
    assert wrong.read_bytes() == b"something else"


@pytest.mark.parametrize("source", ["nowhere.npz", "~nobody/t.npz", "ftp://h/t.npz", "."])
def test_a_source_that_is_neither_file_nor_address_is_refused(serve, root, source):
    serve()
    said = rf"must be a file or an http\(s\) address, got {re.escape(repr(source))}\. Check its spelling"
    with pytest.raises(FileNotFoundError, match=rf"source of tiny\.npz {said}"):
        fetch("tiny", source=source)
    assert not root.exists()


@pytest.mark.parametrize("source", ["http://", "http:///t", "http://h:port/t"])
def test_an_address_that_is_none_is_told_as_one_that_does_not_answer(serve, root, source):
    serve()
    with pytest.raises(ConnectionError, match=r"Downloading tiny\.npz needs an answer from .*, got \w+"):
        fetch("tiny", source=source)
    assert list(root.iterdir()) == []


def test_a_source_that_is_not_needed_is_said_not_to_have_been_used(serve, root, tmp_path, caplog):
    requests = serve()
    root.mkdir()
    (root / "tiny.npz").write_bytes(CONTENT)
    fetch("tiny")
    assert caplog.text == ""
    assert fetch("tiny", source="http://h/other.npz") == root / "tiny.npz"
    assert "tiny.npz lies there already, as registered: http://h/other.npz was not looked at." in caplog.text
    assert requests == []


def test_a_name_that_is_unknown_is_refused_before_the_source_is_looked_at(serve, root):
    serve()
    with pytest.raises(ValueError, match="Did you mean 'tiny'"):
        fetch("tinny", source="nowhere.npz")


def test_a_disk_that_is_full_in_the_middle_of_a_copy_leaves_nothing(serve, root, tmp_path, monkeypatch):
    serve()
    (tmp_path / "tiny.npz").write_bytes(CONTENT)

    def full(file, target):
        Path(target).write_bytes(CONTENT[:99])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(downloading.shutil, "copyfile", full)
    with pytest.raises(OSError, match="got: a full disk"):
        fetch("tiny", source=tmp_path / "tiny.npz")
    assert not (root / "medmnist").exists()


def test_verify_tells_a_missing_file_from_a_wrong_one(serve, root):
    serve()
    with pytest.raises(FileNotFoundError, match=r"tiny\.npz must lie under .*medlab data fetch tiny"):
        verify("tiny")
    root.mkdir()
    (root / "tiny.npz").write_bytes(b"wrong")
    with pytest.raises(ValueError, match=rf"must have the MD5 {MD5}, got .*truncated or altered"):
        verify("tiny")


def test_sizes_have_files_of_their_own():
    assert file_name("breastmnist") == file_name("breastmnist", 28) == "breastmnist.npz"
    assert file_name("vesselmnist3d", 64) == "vesselmnist3d_64.npz"


def test_unknown_names_and_sizes_are_refused_before_anything_is_touched(root):
    with pytest.raises(ValueError, match="Did you mean 'breastmnist'"):
        fetch("brestmnist")
    with pytest.raises(ValueError, match=r"size of vesselmnist3d must be one of: 28, 64; got 224"):
        fetch("vesselmnist3d", 224)
    assert not root.exists()


def test_simulated_sets_are_not_downloaded():
    with pytest.raises(ValueError, match=r"made by medlab\.data\.phantoms, so there is nothing to download"):
        fetch("simulated_nodules")


def test_the_data_root_is_the_environments_then_the_clones_then_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path))
    assert data_root() == tmp_path
    monkeypatch.setenv("MEDLAB_DATA", "")
    assert data_root() == Path(__file__).parents[2] / "data"
    monkeypatch.delenv("MEDLAB_DATA")
    monkeypatch.setattr(downloading, "__file__", str(tmp_path / "site-packages/medlab/data/downloading.py"))
    assert data_root().name == "medlab"
    assert data_root().is_relative_to(Path.home())


def test_real_files_have_the_registered_md5(real_data):
    files = {(name, size) for name in registry.registered() for size in registry.describe(name).files}
    present = {(name, size) for name, size in files if list(real_data.rglob(file_name(name, size)))}
    if not present:
        pytest.skip(f"{real_data} holds no registered file")
    for name, size in present:
        assert verify(name, size).is_relative_to(real_data)


def test_a_copy_of_a_real_file_that_lost_its_end_is_recognized(real_data, root):
    if not (real_data / "medmnist" / "breastmnist.npz").is_file():
        pytest.skip(f"{real_data} holds no medmnist/breastmnist.npz")
    root.mkdir()
    shutil.copyfile(real_data / "medmnist" / "breastmnist.npz", root / "breastmnist.npz")
    assert verify("breastmnist") == root / "breastmnist.npz"
    os.truncate(root / "breastmnist.npz", 1000)
    with pytest.raises(ValueError, match="truncated or altered"):
        verify("breastmnist")
