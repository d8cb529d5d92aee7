"""`medlab data list | show | fetch | verify | audit | export`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import medlab.data
from medlab.cli import main


def run(*arguments):
    return CliRunner().invoke(main, ["data", *arguments])


def test_list_names_every_set_with_its_license():
    result = run("list")
    assert result.exit_code == 0
    head, *rows = result.output.splitlines()
    assert head.split() == ["name", "task", "images", "sizes", "license"]
    assert [row.split()[0] for row in rows] == list(medlab.data.registered())
    derma = next(row for row in rows if row.startswith("dermamnist"))
    assert "10,015" in derma
    assert derma.endswith("CC BY-NC 4.0")


def test_show_prints_the_record():
    result = run("show", "breastmnist")
    assert result.exit_code == 0
    assert result.output.rstrip("\n") == repr(medlab.data.describe("breastmnist"))


@pytest.mark.parametrize("verb", ["show", "fetch", "verify"])
def test_unknown_set_is_one_line_with_the_nearest_name(verb, tmp_path, monkeypatch):
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path))
    result = run(verb, "brestmnist")
    assert result.exit_code == 1
    assert "Did you mean 'breastmnist'?" in result.output
    assert len(result.output.splitlines()) == 1


def test_a_damaged_row_is_one_line_in_the_list_too(monkeypatch):
    def damaged():
        msg = "toyset.yaml must have a license, got none."
        raise ValueError(msg)

    monkeypatch.setattr(medlab.data, "registered", damaged)
    result = run("list")
    assert (result.exit_code, result.output) == (1, "Error: toyset.yaml must have a license, got none.\n")


def test_fetch_prints_the_path_and_passes_size_and_source_on(monkeypatch):
    requests = []

    def fetch(*request, source):
        requests.append((*request, source))
        return Path("found.npz")

    monkeypatch.setattr(medlab.data, "fetch", fetch)
    assert run("fetch", "breastmnist").output == "found.npz\n"
    run("fetch", "breastmnist", "--size", "64", "--from", "~/breastmnist_64.npz")
    assert requests == [("breastmnist", None, None), ("breastmnist", 64, "~/breastmnist_64.npz")]


def test_a_source_that_is_not_there_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path))
    result = run("fetch", "breastmnist", "--from", "nowhere.npz")
    assert result.exit_code == 1
    assert "must be a file or an http(s) address, got 'nowhere.npz'" in result.output
    assert len(result.output.splitlines()) == 1


def test_verify_says_what_is_wrong_and_where(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path))
    (tmp_path / "breastmnist.npz").write_bytes(b"half a file")
    result = run("verify", "breastmnist")
    assert result.exit_code == 1
    assert "breastmnist.npz" in result.output
    assert "Traceback" not in result.output


def test_verify_accepts_the_official_file(real_data):
    if not list(real_data.rglob("breastmnist.npz")):
        pytest.skip("MEDLAB_DATA has no breastmnist.npz")
    result = run("verify", "breastmnist")
    assert result.exit_code == 0, result.output
    assert result.output.endswith("breastmnist.npz: as registered\n")


def test_audit_counts_near_copies_in_every_set_of_the_data_root_and_keeps_them(
    real_data, tmp_path, monkeypatch
):
    if not list(real_data.rglob("breastmnist.npz")):
        pytest.skip("MEDLAB_DATA has no breastmnist.npz")
    (tmp_path / "breastmnist.npz").symlink_to(next(real_data.rglob("breastmnist.npz")))
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path))
    result = run("audit")
    assert result.exit_code == 0, result.output
    head, row = result.output.splitlines()
    assert re.split("  +", head) == ["name", "size", "test in train", "test in val", "val in train"]
    assert re.split("  +", row) == ["breastmnist", "28", "48 of 156", "7 of 156", "30 of 78"]
    kept = (tmp_path / "near_copies.json").read_text(encoding="utf-8")
    monkeypatch.setattr("medlab.data.nearcopies._pairs", None)
    assert run("audit").output == result.output
    assert str(tmp_path) not in kept


def test_audit_of_an_empty_data_root_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDLAB_DATA", str(tmp_path))
    head, row = run("audit").output.splitlines()
    assert head == "registered sets in the data root"
    assert row == "none: medlab data fetch NAME brings one"


def test_export_writes_a_simulated_set_with_its_options(tmp_path):
    counts = ["-p", "n_train=8", "-p", "n_val=6", "-p", "n_test=6"]
    result = run("export", "simulated_nodules", "--to", str(tmp_path / "new"), *counts, "-p", "seed=3")
    assert result.exit_code == 0, result.output
    assert "20 SIMULATED images" in result.output
    assert result.output.splitlines()[1].endswith("in train/benign")
    assert len(list((tmp_path / "new").rglob("*.png"))) == 20


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["-p", "n_trian=8"], "Did you mean 'n_train'?"),
        (["-p", "n_train=many"], "n_train must be a whole number"),
        (["--size", "9"], "size of simulated_nodules must be"),
        (["-p", "size=9"], "size of simulated_nodules must be"),
        (["-p", "name=other"], "option of simulated_nodules must be one of: n_train"),
        (["-p", "window_hu=abc"], "window_hu must be two numbers, as in [6, 12], got 'abc'"),
        (["-p", "diameter_mm=8"], "diameter_mm must be two numbers, as in [6, 12], got 8"),
        (["-p", "volumes=true"], "PNG files need uint8 images of shape (H, W, 1)"),
    ],
)
def test_export_says_in_one_line_what_it_does_not_take(tmp_path, options, message):
    result = run("export", "simulated_nodules", "--to", str(tmp_path / "new"), *options)
    assert result.exit_code == 1
    assert message in result.output
    assert len(result.output.splitlines()) == 1


def test_export_says_all_that_it_does_not_take_before_it_makes_an_image(tmp_path, monkeypatch):
    monkeypatch.setattr(medlab.data, "load", None)
    (tmp_path / "scan.png").touch()
    wrong = ["n_trian=8", "sed=3", "n_val=many", "seed=-1", "site=Q", "n_test=6"]
    pairs = [word for pair in wrong for word in ("-p", pair)]
    result = run("export", "simulated_nodules", "--to", str(tmp_path), "--size", "9", *pairs)
    assert result.exit_code == 1
    expected = [
        f"Error: --to must be new or empty, but '{tmp_path.name}' holds files. Name another folder.",
        "size of simulated_nodules must be one of: 64; got 9.",
        "seed must lie between 0 and infinity, got -1.",
        "option of simulated_nodules must be one of: .*; got 'n_trian'. Did you mean 'n_train'[?]",
        "option of simulated_nodules must be one of: .*; got 'sed'. Did you mean 'seed'[?]",
        "n_val must be a whole number, got 'many'.",
        "site must be one of: A, B; got 'Q'.",
    ]
    for line, pattern in zip(result.output.splitlines(), expected, strict=True):
        assert re.fullmatch(pattern, line), line


def test_export_takes_a_size_once(tmp_path):
    result = run("export", "breastmnist", "--to", str(tmp_path / "new"), "--size", "64", "-p", "size=28")
    assert result.exit_code == 2
    assert "-p size=... is given twice." in result.output


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        ("", "--to must be new or empty, but '' is no name."),
        ("file", "--to must be new or empty, but 'file' is a file."),
        ("file/below", "below: Not a directory"),
    ],
)
def test_export_names_the_folder_that_it_cannot_fill(tmp_path, monkeypatch, folder, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    counts = ["-p", "n_train=8", "-p", "n_val=6", "-p", "n_test=6"]
    result = run("export", "simulated_nodules", "--to", folder, *counts)
    assert result.exit_code == 1
    assert result.output.startswith(f"Error: {message}")
    assert len(result.output.splitlines()) == 1
