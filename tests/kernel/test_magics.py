"""The words of %medlab and %%medlab in a shell: what they do, what they refuse, what they leave behind."""

import json
import subprocess
import sys
import time
from pathlib import Path

import click
import numpy as np
import pytest

from medlab import backend, kernel, training
from medlab.cli import COMMANDS
from medlab.data.volumes import Volume
from medlab.kernel import Answer, Meter, magics
from medlab.kernel.answers import JSON
from medlab.kernel.cell_commands import CELL_COMMANDS
from medlab.kernel.completion import complete
from medlab.kernel.line_commands import LINE_COMMANDS
from medlab.kernel.magic_call import MagicCall


def test_loading_is_quick_and_loads_neither_keras_nor_a_backend():
    code = """
import sys, time, IPython.core.completer
from IPython.core.interactiveshell import InteractiveShell
shell, started = InteractiveShell.instance(), time.perf_counter()
shell.run_line_magic('load_ext', 'medlab')
print(time.perf_counter() - started, *sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, *loaded = done.stdout.split()
    assert not {"keras", "tensorflow", "torch", "jax", "pandas", "matplotlib"} & set(loaded)
    # Asked are 0.3 s; a busy machine gets more, a Keras import would take seconds.
    assert float(seconds) < 2


def test_unloading_leaves_nothing_behind(plain_shell):
    registry, formatter = (
        plain_shell.magics_manager.magics,
        plain_shell.display_formatter.mimebundle_formatter,
    )

    def all_of_it():
        return (
            set(registry["line"]),
            set(registry["cell"]),
            list(plain_shell.Completer.custom_matchers),
            dict(formatter.type_printers),
            dict(formatter.deferred_printers),
            set(vars(plain_shell)),
        )

    before = all_of_it()
    kernel.load_ipython_extension(plain_shell)
    assert all_of_it() != before
    kernel.load_ipython_extension(plain_shell)  # twice: %reload_ext
    kernel.unload_ipython_extension(plain_shell)
    assert all_of_it() == before
    kernel.unload_ipython_extension(plain_shell)


def test_the_words_are_the_terminals_and_the_kernels():
    assert set(magics.line_words.table) == set(COMMANDS) - {"lab"} | set(LINE_COMMANDS)
    # The same objects, so that a later word comes along by itself.
    from medlab.cli import data

    assert magics.line_words.get_command(click.Context(magics.line_words), "data") is data.data
    for name in [*LINE_COMMANDS, *CELL_COMMANDS]:
        assert f"    {name:<10}{magics.line_words.table.get(name, '')}" in magics.help_text()


def test_help_is_asked_as_for_any_magic(shell, run_cell):
    assert "%%medlab WORD, above a cell" in shell.find_line_magic("medlab").__doc__
    assert "Commands:" in run_cell("%medlab").out
    assert "--window" in run_cell("%medlab slice --help").out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%medlab dta", r"No such command 'dta'. Did you mean 'data'?"),
        ("%medlab data lst", "No such command 'lst'. Did you mean 'list'?"),
        ("%medlab slice v --windo lung", "No such option"),
        ("%%medlab tain\n1", "No such command 'tain'. Did you mean 'train'?"),
        ("%medlab train", "train works on a cell. Write %%medlab train in the cell's first line."),
        ("%medlab seed seven", "Invalid value for 'NUMBER'"),
        ("%medlab backend numpy", "Invalid value for '[[tensorflow|torch|jax]]'"),
        ("%medlab data show brestmnist", "brestmnist"),
        ("%medlab seed -- -1", "seed must lie between 0 and"),
    ],
)
def test_what_is_not_understood_is_said_with_its_usage_and_nothing_is_done(run_cell, line, words):
    result = run_cell(line)
    printed = result.out + result.err
    assert words in printed or words.replace("[[", "[").replace("]]", "]") in printed
    assert "UsageError" in printed
    assert "Traceback" not in printed


def test_tables_of_the_terminal_are_tables_here(run_cell):
    (shown,) = run_cell("%medlab data list").shown
    assert shown["text/plain"].startswith("name")
    assert "<td style='text-align:left'>breastmnist</td>" in shown["text/html"]
    assert shown[JSON][0]["name"] == "pathmnist"
    (progress,) = run_cell("%medlab progress").shown
    assert {"chapter", "exercises", "quiz"} == set(progress[JSON][0])


def test_an_answer_escapes_what_it_shows():
    page = Answer("x", [{"<a>": "<b>"}])._repr_mimebundle_()["text/html"]
    assert "&lt;a&gt;" in page
    assert "<b>" not in page
    assert "Answer" not in repr(Answer("1 + 1"))
    page = Answer("t", {"gpus": [], "versions": {"keras": "3"}, "none": None})._repr_mimebundle_()[
        "text/html"
    ]
    assert "keras 3" in page


def test_a_report_is_a_link(tmp_path, monkeypatch):
    class Result:
        html = tmp_path / "a b" / "report.html"

    monkeypatch.chdir(tmp_path)
    assert "href='a%20b/report.html'" in Answer("AUC .9", Result())._repr_mimebundle_()["text/html"]


def test_the_backend_is_said_and_a_change_refused_once_keras_is_loaded(run_cell):
    import keras  # noqa: F401

    assert run_cell("%medlab backend").out == f"Keras runs on {backend.name()}\n"
    assert (
        "Restart the kernel, then choose torch before anything else" in run_cell("%medlab backend torch").err
    )


def test_a_backend_that_is_not_installed_comes_with_its_line(run_cell, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "pip install -c constraints.txt '.[jax]'" in run_cell("%medlab backend jax").err


def test_one_seed_for_all_generators(run_cell):
    import keras

    drawn = []
    for _ in range(2):
        assert run_cell("%medlab seed 7").out == "seed 7\n"
        drawn.append((np.random.random(), float(keras.ops.mean(keras.random.normal((4,))))))  # noqa: NPY002
    assert drawn[0] == drawn[1]
    assert backend.chosen_seed() == 7
    backend._chosen_seed = None


def test_a_seed_reaches_the_threads_that_train(run_cell):
    import keras

    from medlab.training import background

    def draw(**_options):
        return float(keras.ops.mean(keras.random.normal((4,))))

    class Draws(background.Background):
        def snapshot(self):
            return {"state": self.state}

        def _where(self, now):
            return ""

    run_cell("%medlab seed 7")
    try:
        first, second = (Draws(draw, (), set(), None, {}).start().wait().result() for _ in range(2))
    finally:
        backend._chosen_seed = None
    assert first == second


def test_there_is_no_session_to_steer(run_cell, monkeypatch):
    monkeypatch.setattr("medlab.training.latest", lambda: None)
    for word in ("status", "stop", "pause", "resume"):
        assert "there is no session in this kernel" in run_cell(f"%medlab {word}").err


VOLUME = "import numpy as np\nv = np.arange(7 * 8 * 9).reshape(7, 8, 9)"


def test_a_slice_of_a_volume(shell, run_cell):
    shell.user_ns["scan"] = Volume(
        np.full((7, 8, 9), -600, np.int16), (3.0, 0.8, 0.7), modality="CT", units="HU"
    )
    picture = run_cell("%medlab slice scan -z 2 --window lung").value
    assert "slice 2 of 7, window lung" in picture.alt
    assert picture.axes[0].images[0].get_array().shape == (8, 9)
    assert picture.axes[0].images[0].get_array().max() == pytest.approx(0.5)  # the window's center
    assert "white bar: 2 mm" in picture._supxlabel.get_text()
    assert "slice 3 of 7, window soft tissue" in run_cell("%medlab slice scan").value.alt
    assert "slice 6 of 7" in run_cell("%medlab slice scan -z -1").value.alt


def test_where_somebody_reads_along_the_slice_opens_a_viewer(shell, run_cell, monkeypatch):
    shell.user_ns["scan"] = Volume(np.zeros((7, 8, 9), np.int16), (3.0, 0.8, 0.7), units="HU")
    monkeypatch.setattr("medlab.notebook.has_front_end", lambda: True)
    where = "medlab.kernel.line_commands.panel_called"
    monkeypatch.setattr(where, lambda name: lambda _volume, **options: (name, options))
    opened = run_cell("%medlab slice scan -z -1 --window lung").value
    assert opened == ("slices", {"window": "lung", "position": [6, 4, 4]})
    assert run_cell("%medlab slice scan").value[1] == {"window": None, "position": [3, 4, 4]}
    assert "Did you mean 'lung'?" in run_cell("%medlab slice scan --window lugn").err
    monkeypatch.setattr(where, lambda _name: None)  # the widgets are not installed
    assert "slice 3 of 7" in run_cell("%medlab slice scan").value.alt


def test_a_slice_of_plain_numbers_has_no_bar(run_cell):
    run_cell(VOLUME)
    picture = run_cell("%medlab slice v").value
    assert picture._supxlabel is None
    assert "gray between two percentiles" in picture.alt


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("%medlab slice w", "VOLUME must be a name or an expression of this notebook, got 'w'"),
        ("%medlab slice v[0]", "a volume must be a Volume or numbers of shape (Z, Y, X), got ndarray"),
        ("%medlab slice 'dict(a=1)'", "a volume must be a Volume or numbers of shape (Z, Y, X), got dict"),
        ("%medlab slice v -z 7", "z must lie between -7 and 6, got 7"),
        ("%medlab slice v --window lugn", "Did you mean 'lung'?"),
        ("%medlab explain v v", "MODEL must be a Keras network, a Run or a model folder, got v, a ndarray"),
    ],
)
def test_a_volume_or_network_that_is_none_is_refused(run_cell, line, words):
    run_cell(VOLUME)
    assert words in run_cell(line).err


@pytest.fixture
def asked(shell, make_spots, tmp_path):
    """Put a run, its model folder and images into the notebook."""
    from medlab import models, training

    dataset = make_spots(16, 8, 8)
    model = models.build("screening_cnn", dataset, width=4, seed=0)
    run = training.fit(model, dataset, epochs=1, progress=False)
    shell.user_ns |= {"run": run, "scans": dataset.test.images[:2]}
    return models.save(tmp_path / "saved", model, dataset, run.normalization)


@pytest.mark.slow
def test_explain_calls_classes_by_their_names(asked, run_cell, shell):
    map_of_run = run_cell("%medlab explain run scans --method saliency").value
    assert [title.partition(":")[0] for title in map_of_run._titles()] == ["spot", "spot"]
    map_of_folder = run_cell(f"%medlab explain {asked} scans --method saliency --target 0").value
    assert [title.partition(":")[0] for title in map_of_folder._titles()] == ["dark", "dark"]
    shell.user_ns["net"] = shell.user_ns["run"].model
    nameless = run_cell("%medlab explain net scans/255 --method saliency").value
    assert nameless._titles()[0].startswith("class 1: ")


@pytest.mark.slow
def test_explain_opens_a_panel_where_somebody_can_use_one(asked, run_cell, monkeypatch):
    made = []
    monkeypatch.setattr("medlab.kernel.line_commands.panel_called", lambda name: None)
    assert "no package offers a panel for explanations" in run_cell("%medlab explain run scans --panel").err
    monkeypatch.setattr(
        "medlab.kernel.line_commands.panel_called", lambda name: lambda *a, **o: made.append((name, a, o))
    )
    assert (
        "nobody can use a panel here. Leave --panel out" in run_cell("%medlab explain run scans --panel").err
    )
    monkeypatch.setattr("medlab.notebook.has_front_end", lambda: True)
    run_cell("%medlab explain run scans[:1] --panel --target 0 --on logit")
    (name, (_, images), options), *_ = made
    assert (name, images.shape) == ("explain", (1, 16, 18, 1))
    assert options == {
        "methods": ("grad_cam", "integrated_gradients"),
        "variables": ("run", "scans[:1]"),
        "target": 0,
        "on": "logit",
    }


def test_a_window_is_of_hounsfield_units(shell, run_cell):
    shell.user_ns["pet"] = Volume(
        np.ones((7, 8, 9), np.float32), (3.0, 0.8, 0.7), modality="PT", units="g/ml"
    )
    assert (
        "a window is of Hounsfield units, this volume is in g/ml"
        in run_cell("%medlab slice pet --window lung").err
    )


def test_time_adds_up_over_the_notebook(run_cell):
    run_cell("%%medlab time --reset\nfirst = sum(range(1000))")
    result = run_cell("%%medlab time\nblock = bytearray(60_000_000)")
    (shown,) = result.shown
    assert "2 timed cells of this notebook" in shown["text/plain"]
    facts = shown[JSON]
    assert facts["notebook"]["cells"] == 2
    assert facts["this cell"]["grown_gb"] >= 0.04
    assert run_cell("block[:1], first").value == (bytearray(1), 499500)
    assert run_cell("%%medlab time --reset\n1").shown[-1][JSON]["notebook"]["cells"] == 1


def test_time_is_said_after_an_error_too(run_cell):
    result = run_cell("%%medlab time --reset\n1 / 0")
    assert "ZeroDivisionError" in result.out + result.err
    assert "1 timed cells" in result.shown[-1]["text/plain"]


def test_a_meter_counts_all_threads_of_the_process():
    with Meter() as meter:
        until = time.perf_counter() + 0.05
        while time.perf_counter() < until:
            pass
    assert meter.wall_s >= 0.05
    assert meter.cpu_s > 0
    assert repr(meter).startswith("wall 0.")
    assert set(meter.facts()) >= {"wall_s", "cpu_s", "peak_gb", "grown_gb"}


def test_an_exercise_is_checked_by_its_name_or_by_the_last_line(run_cell):
    assert "✓" in run_cell("%%medlab check padded_weights\npadded_weights = (64 * 7 * 7 + 1) * 64").out
    assert "✓" in run_cell("%%medlab check padded_weights\n(64 * 7 * 7 + 1) * 64").out
    for _ in range(2):  # the same number again is an answer again
        assert (
            "✓" in run_cell("%%medlab check padded_weights\npadded_weights = 200768\npadded_weights // 2").out
        )
    assert "✓" not in run_cell("%%medlab check padded_weights\n12").out


def test_an_error_that_click_knows_stays_an_error(run_cell):
    result = run_cell("%%medlab time\nraise EOFError('the file ends')")
    assert "the file ends" in result.out + result.err
    assert result.failed


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            "%%medlab train --epochs 1\nx = 1",
            "the cell must make a Keras network called model, there is none",
        ),
        ("%%medlab train\nmodel = 3", "called model, it is a int"),
        ("%%medlab train --epochs 0\nran = True", "Invalid value for '--epochs'"),
        ("%%medlab train --resume nowhere\nran = True", "there is no checkpoint in nowhere"),
        ("%%medlab train --resume a --checkpoint b\nran = True", "give --checkpoint or --resume, not both"),
    ],
)
def test_a_training_without_a_network_or_with_wrong_options_is_refused(shell, run_cell, line, words):
    assert words in run_cell(line).err
    assert "ran" not in shell.user_ns  # what is wrong in the line is said before the cell runs


def test_a_network_without_data_is_refused(run_cell):
    printed = run_cell("%%medlab train\nimport keras\nmodel = keras.Sequential([keras.layers.Dense(1)])").err
    assert "the cell must make a Dataset called data (or dataset)" in printed


def test_the_session_is_reached_through_the_public_door():
    from medlab.training import background

    assert training.latest is background.latest


@pytest.mark.parametrize(
    ("text", "token", "wanted"),
    [
        ("%medlab da", "da", ["data"]),
        ("  %medlab data sh", "sh", ["show"]),
        ("%medlab data show breast", "breast", ["breastmnist"]),
        ("%medlab slice v --window so", "so", ['"soft tissue"']),
        ("%medlab slice vol", "vol", ["volume_of_ann"]),
        ("%medlab explain net image --method grad_c", "grad_c", ["grad_cam"]),
        ("%medlab explain net image --layer conv", "conv", ["conv_a", "conv_b"]),
        ("%medlab explain n", "n", ["net"]),
        ("%medlab report lung", "lung", ["lung_screening"]),
        ("%medlab report classification -p opt", "opt", ["optimizer="]),
        ("%medlab report classification -p optimizer=", "", ["adamw", "adam", "sgd"]),
        ("%medlab report classification -p dataset=breast", "breast", ["breastmnist"]),
        ("%medlab backend t", "t", ["tensorflow", "torch"]),
        ("%%medlab train --ep", "--ep", ["--epochs"]),
        ("%%medlab check padded", "padded", ["padded_weights"]),
        ("%medlab foo ", "", []),
        ("%medlab explain net ima", "ima", ["image_of_ann"]),
        ("medlab da", "da", []),
        ("%timeit da", "da", []),
        ('%medlab slice "open', "open", []),
    ],
)
def test_completion(shell, text, token, wanted):
    import keras

    shell.user_ns |= {"volume_of_ann": np.zeros((7, 8, 9)), "image_of_ann": np.zeros((8, 9)), "np": np}
    shell.user_ns["net"] = keras.Sequential(
        [keras.layers.Conv2D(2, 3, name="conv_a"), keras.layers.Conv2D(2, 3, name="conv_b")]
    )
    assert complete(magics.GROUPS, MagicCall(shell), text, token) == wanted


def test_kernelspecs_name_a_backend_the_extension_and_a_logo():
    specs = sorted((Path(kernel.__file__).parent / "specs").iterdir())
    assert [path.name for path in specs] == ["medlab-jax", "medlab-tensorflow", "medlab-torch"]
    for path in specs:
        spec = json.loads((path / "kernel.json").read_text(encoding="utf-8"))
        assert spec["env"]["KERAS_BACKEND"] == path.name.removeprefix("medlab-")
        assert spec["env"]["TF_CPP_MIN_LOG_LEVEL"] == "3"
        assert spec["argv"][-2:] == ["--ext", "medlab"]
        assert spec["display_name"].startswith("MedLab (")
        assert (path / "logo-svg.svg").is_file()
        assert (path / "logo-64x64.png").read_bytes().startswith(b"\x89PNG")
