"""YAML files of users: as written, or refused."""

import resource
import time

import pytest

from medlab.reports.parameter_file import read_yaml
from medlab.reports.parameters import Parameter, convert
from medlab.reports.report_page import write_whole


@pytest.fixture
def write(tmp_path):
    """Return a function that writes `my.yaml` and returns its path."""

    def write(content):
        path = tmp_path / "my.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    ("written", "kind", "value"),
    [
        ("010", int, 10),  # YAML 1.1: octal, so 8
        ("010", str, "010"),
        ("1:30", str, "1:30"),  # YAML 1.1: sexagesimal, so 90
        ("no", str, "no"),  # YAML 1.1: false
        ("off", str, "off"),
        ("no", bool, False),
        ("true", bool, True),
        ("1.0", str, "1.0"),
        ("2026-01-31", str, "2026-01-31"),  # YAML 1.1: a date
        ("1e-3", float, 0.001),  # YAML 1.1: text, for lack of a point
        ("'3'", int, 3),
        ("lésion", str, "lésion"),
    ],
)
def test_a_value_is_what_is_written_there(write, written, kind, value):
    values = read_yaml(write(f"asked: {written}\n"))
    decided = convert(Parameter("asked", kind, optional=False, default=None, help=""), values["asked"])
    assert (type(decided), decided) == (kind, value)


@pytest.mark.parametrize("written", ["1:30", "0x10", "0o17", "yes", "[3]", "{a: 3}", "''", "null"])
def test_what_is_no_whole_number_to_people_is_none_here(write, written):
    values = read_yaml(write(f"epochs: {written}\n"))
    with pytest.raises(ValueError, match="epochs must be a whole number, got"):
        convert(Parameter("epochs", int, optional=False, default=1, help=""), values["epochs"])


def test_nothing_and_null_are_none_and_quoted_ones_are_text(write):
    values = read_yaml(write("a:\nb: ~\nc: null\nd: '~'\ne: \"null\"\n"))
    assert values == {"a": None, "b": None, "c": None, "d": "~", "e": "null"}


@pytest.mark.parametrize("content", ["", "# nothing yet\n", "---\n...\n", b"\xef\xbb\xbf"])
def test_a_file_without_a_line_gives_nothing(write, content):
    assert read_yaml(write(content)) == {}


def test_windows_line_ends_and_a_byte_order_mark_are_read(write):
    assert read_yaml(write(b"\xef\xbb\xbfseed: 3\r\nepochs: 2\r\n")) == {"seed": "3", "epochs": "2"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("seed: 1\nseed: 2\n", r"my\.yaml, line 2, is not readable as YAML: seed is given twice\."),
        ("a: {b: 1, b: 2}\n", "line 1, .* b is given twice"),
        ("seed: 1\n---\nseed: 2\n", "line 2, .* expected a single document .* found another document"),
        ("seed:\t1\n", "line 1, .* found character .* cannot start any token"),
        ("[1]: 2\n", "line 1, .* a name must be a single word"),
        ("- seed\n", "must hold lines like 'epochs: 5', got a list"),
        ("seed", "must hold lines like 'epochs: 5', got a single value"),
        ("a: &x 1\nb: *x\n", r"line 2, .* begins with '\*' or '!' needs quotation marks"),
        ("a: !!python/object:os.system x\n", "line 1, .* begins with .* needs quotation marks"),
        ("seed: 1\0\n", "is not readable as YAML: unacceptable character"),
        (
            "seed: é\n".encode("cp1252"),
            r"my\.yaml is not readable .*not in UTF-8\. Save it as UTF-8",
        ),
        ("seed: 1\n".encode("utf-16"), "not in UTF-8"),
        (b"#" * 100_001, r"my\.yaml must have at most 100 kB"),
    ],
)
def test_what_could_be_read_in_two_ways_or_in_none_is_refused(write, content, message):
    with pytest.raises(ValueError, match=message):
        read_yaml(write(content))


@pytest.mark.parametrize("nested", ["[" * 20_000, "{a: " * 20_000, "- " * 20_000, "? " * 20_000])
def test_brackets_without_end_are_refused_rather_than_followed(write, nested):
    with pytest.raises(ValueError, match=r"line 1, .* nested more than 8 levels deep"):
        read_yaml(write(nested))


def test_a_bomb_of_aliases_is_refused_at_once(write):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    started = time.process_time()
    with pytest.raises(ValueError, match="line 2, "):
        read_yaml(write("\n".join(lines)))
    assert time.process_time() - started < 2


def test_a_file_without_end_is_not_read_to_it(write, tmp_path):
    (tmp_path / "link.yaml").symlink_to("/dev/zero")
    with pytest.raises(ValueError, match=r"link\.yaml must have at most 100 kB"):
        read_yaml(tmp_path / "link.yaml")


def test_a_disk_that_is_full_leaves_the_earlier_file_and_nothing_beside_it(tmp_path):
    write_whole(tmp_path / "report.ipynb", "earlier")
    most, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_whole(tmp_path / "report.ipynb", "later and longer")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))
    assert (tmp_path / "report.ipynb").read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["report.ipynb"]
