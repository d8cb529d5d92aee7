"""Declarations and `check`: a tick or a hint, whatever comes, and never an exception."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from medlab import exercises, notebook
from medlab.exercises import check, exercise, grading, judge, learner_record
from medlab.exercises.chapters import read_chapters

ROOT = Path(__file__).parents[2]
NAMES = [name for row in read_chapters().values() for name in row.exercises]


class Grenade:
    """Raises whatever is done with it."""

    def __getattribute__(self, name):
        raise RuntimeError

    def __repr__(self):
        raise RuntimeError

    def __call__(self, *args):
        raise RuntimeError

    def __len__(self):
        raise RuntimeError

    def __array__(self, *args, **kwargs):
        raise RuntimeError


class Unspeakable(Exception):
    """An exception whose message fails too."""

    def __str__(self):
        raise ValueError


def raising(*args):
    raise KeyError


def unspeakable(*args):
    raise Unspeakable


def leaving(*args):
    sys.exit("bye")


def endless_recursion(*args):
    return endless_recursion(*args)


def largest_of_blocks(image, side):
    rows = np.maximum.reduceat(image, range(0, image.shape[0], side), axis=0)
    return np.maximum.reduceat(rows, range(0, image.shape[1], side), axis=1)


CIRCLE: list = []
CIRCLE.append(CIRCLE)
NONSENSE = {
    "a dict": {"lowest": 1},
    "an object": object(),
    "a text": "about 3",
    "a long text": "x" * 10**6,
    "a truth": True,
    "a complex number": 3 + 4j,
    "NaN": float("nan"),
    "infinity": np.float32("inf"),
    "a huge integer": 10**400,
    "an array of NaN": np.full((3, 3), np.nan),
    "a wrong shape": np.zeros((2, 3, 4)),
    "an empty array": np.zeros((0, 3)),
    "a huge array": np.broadcast_to(np.float32(1), (10**6, 10**6)),
    "an array of objects": np.array([[None] * 3] * 3),
    "a ragged list": [[1, 2, 3], [4], [5, 6, 7]],
    "a list that holds itself": CIRCLE,
    "a range without end": range(10**15),
    "a generator": (i for i in range(3)),
    "a class": dict,
    "a function that raises": raising,
    "a function that raises the unspeakable": unspeakable,
    "a function that leaves": leaving,
    "a function of nothing": lambda: 1,
    "an endless recursion": endless_recursion,
    "a function that returns NaN": lambda *args: float("nan"),
    "a function that returns a text": lambda *args: "3 (a number)",
    "a function that returns its arguments": lambda *args: args,
    "a function that returns a huge array": lambda *args: np.broadcast_to(1.0, (10**6, 10**6)),
    "a function that returns itself": raising.__get__,
    "a function that returns a grenade": lambda *args: Grenade(),
    "a grenade": Grenade(),
}


@pytest.mark.parametrize("name", NAMES)
def test_nonsense_gets_a_hint_and_raises_nothing(name, measured):
    for what, answer in NONSENSE.items():
        verdict = judge(name, answer, *measured[name].values())
        assert verdict.solved is False, what
        assert verdict.text.startswith(f"✗ {name}: "), what
        assert "\nHint: " in verdict.text, what
        assert len(verdict.text) < 1200, what


@pytest.mark.parametrize("name", NAMES)
def test_no_answer_yet_is_no_mistake(name, kept, capsys):
    check(name, None)
    said = capsys.readouterr().out
    assert said == f"○ {name}: not answered yet.\n"
    assert not kept.exists()


def test_a_function_that_returns_none_is_not_answered_yet(capsys, kept):
    check("window_edges", lambda center_hu, width_hu: None)
    assert "not answered yet" in capsys.readouterr().out
    assert not kept.exists()


@pytest.mark.parametrize("name", NAMES)
def test_the_reference_solution_passes_and_is_noted(name, measured, capsys):
    check(name, grading.find(name).solution, *measured[name].values())
    assert capsys.readouterr().out.startswith(f"✓ {name}: right. ")
    assert learner_record.load()["exercises"][name]["solved"]


def test_a_solution_that_is_shown_is_not_noted(kept):
    check("noise_factor", 10**0.5, record=False)
    assert not kept.exists()


def hints_shown(capsys, *answers, **how):
    """Return which hint each of these answers is given: 1, 2, or None."""
    hints = grading.find("noise_factor").hints
    shown = []
    for answer in answers:
        check("noise_factor", answer, **how)
        said = " ".join(capsys.readouterr().out.split())
        shown.append(next((number for number, hint in enumerate(hints, start=1) if hint in said), None))
    return shown


def test_the_first_wrong_try_gets_the_first_hint_and_every_later_one_the_second(capsys):
    assert hints_shown(capsys, None, None, 4, None, 5, 4, 10**0.5, 6) == [None, None, 1, None, 2, 2, None, 2]


def test_a_right_try_does_not_use_up_the_first_hint(capsys):
    assert hints_shown(capsys, 10**0.5, 10**0.5, 4, 4) == [None, None, 1, 2]


def test_what_is_not_recorded_brings_the_second_hint_no_nearer(capsys):
    assert hints_shown(capsys, 4, 4, 4, record=False) == [1, 1, 1]
    assert hints_shown(capsys, 4, 4) == [1, 2]


def test_tries_of_an_earlier_day_count(capsys):
    learner_record.note("exercises", "noise_factor", solved=False)
    learner_record.note("exercises", "window_edges", solved=False)
    assert hints_shown(capsys, 4) == [2]
    learner_record.reset()
    assert hints_shown(capsys, 4) == [1]


def test_where_nothing_can_be_kept_the_tries_are_counted_all_the_same(capsys, kept):
    kept.parent.write_text("a file where the folder should be")
    assert hints_shown(capsys, 4, 10**0.5, 5) == [1, None, 2]


@pytest.mark.parametrize("name", NAMES)
def test_every_declared_mistake_is_one_and_gets_its_own_hint(name):
    for wrong, explanation in grading.find(name).mistakes:
        assert judge(name, wrong).text.startswith(f"✗ {name}: {explanation}\nHint: ")


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("window_edges", lambda c, w: (c - w, c + w), "twice as wide"),
        ("window_edges", lambda c, w: [c + w / 2, c - w / 2], "lowest comes first"),
        ("window_edges", lambda c, w: c - w / 2, "should be 2 values"),
        ("stored_to_hu", lambda s, a, b: s * a + b, "OverflowError"),
        ("stored_to_hu", lambda s, a, b: (s + float(b)) * a, "intercept is added afterwards"),
        ("noise_factor", 10, "grows more slowly"),
        ("noise_factor", 0.316, "upside down"),
        ("noise_factor", 4, "4 is too large"),
        ("scale_like_training", lambda a, b: (b - b.mean()) / b.std(), "the leak"),
        ("scale_like_training", lambda a, b: (a - a.mean()) / a.std(), "`other` that should be scaled"),
        ("scale_like_training", lambda a, b: (b - a.mean()) / a.std() ** 2, "variance"),
        ("seen_before", lambda a, b: len(set(a) & set(b)), "counted patients"),
        ("seen_before", lambda a, b: len([p for p in a if p in b]), "counted training images"),
        ("kernel_weights", lambda s, c, k: s * s * c * k, "a bias too"),
        ("kernel_weights", lambda s, c, k: s * s * c * k + 1, "not one for all"),
        ("kernel_weights", lambda s, c, k: (s * s + 1) * k, "every channel"),
        ("side_after", lambda s, k, p: (s - k + 1) / p, "Use //"),
        ("side_after", lambda s, k, p: s // p, "with padding"),
        ("side_after", lambda s, k, p: (s - k) // p, "its first place"),
        ("side_after", lambda s, k, p: s - k + 1, "pooling is missing"),
        ("edge_kernel", np.zeros((3, 3)), "sees nothing"),
        ("edge_kernel", np.ones((3, 3)), "add up to 0"),
        ("edge_kernel", [[-1, 0, 1]] * 3, "upright edges"),
        ("edge_kernel", [[1, 1, 1], [0, 0, 0], [-1, -1, -1]], "nowhere at such an edge with a negative one"),
        (
            "mean_pool",
            lambda image, side: image[::side],
            "should be 1 × 3 numbers, in lists or an array of shape (1, 3), but has the shape (1, 5)",
        ),
        (
            "mean_pool",
            largest_of_blocks,
            "largest of each block",
        ),
        ("padded_weights", 64 * 7 * 7, "lead from them"),
        ("padded_weights", 200_704, "a bias too"),
        ("padded_weights", 102_464, "without padding"),
        (
            "rates",
            lambda t, c: (np.mean(t[c == 1] == 1), np.mean(t[c == 0] == 0)),
            "predictive values",
        ),
        ("rates", lambda t, c: (np.mean(c[t == 0] == 0), np.mean(c[t == 1])), "sensitivity comes first"),
        ("rates", lambda t, c: (np.mean(c[t == 1]), np.mean(c[t == 0])), "the share without one"),
        ("choose_threshold", lambda t, p, least: p.min(), "everybody has a positive answer"),
        ("positive_value", lambda se, sp, p: se, "the ill among the positive"),
        ("positive_value", lambda se, sp, p: se / (se + 1 - sp), "weigh both"),
        ("positive_value", lambda se, sp, p: p * se / (p * se + (1 - p) * sp), "1 − specificity"),
        ("half_life_gate", 1, "1 is too large"),
        ("padded_weights", 200_000, "200000 is too small"),
        ("padded_weights", 200_768.4, "200768.4 is too large"),
        ("steps_in_all", 128, "The last, smaller batch"),
        ("called_back", 500, "half of the 990"),
        ("called_back", 9, "people without cancer are called back too"),
        ("called_back", 495, "ill who are found"),
        ("called_back", 505, "One of the ten"),
    ],
)
def test_known_mistakes_get_a_hint_of_their_own(name, answer, hint):
    verdict = judge(name, answer)
    assert verdict.solved is False
    assert hint in verdict.text


def test_an_answer_cannot_spoil_the_arguments_it_is_given():
    def in_place(train, other):
        other -= train.mean()
        other /= train.std()
        train[:] = 0
        return other

    assert judge("scale_like_training", in_place).solved is True


def test_stopping_an_endless_answer_stops_the_cell():
    def endless(center_hu, width_hu):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge("window_edges", endless)


def test_an_unknown_name_is_told_with_the_nearest_and_notes_nothing(kept, capsys):
    check("windw_edges", 3)
    check(None, 3)
    first, second = capsys.readouterr().out.splitlines()
    assert first == "○ There is no exercise 'windw_edges'. Did you mean 'window_edges'?"
    assert second.startswith("○ There is no exercise 'None'.")
    assert not kept.exists()


def test_a_terminal_without_a_tick_gets_the_words(monkeypatch):
    import io

    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", write_through=True))
    check("noise_factor", 10**0.5)
    assert written.getvalue().startswith(b"? noise_factor: right. ")


def test_only_the_chapter_that_is_asked_for_is_run():
    code = (
        "import sys; from medlab import exercises; exercises.check('kernel_weights', None);"
        "print(*sorted(m for m in sys.modules if m.startswith('medlab.course')))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "medlab.course.exercises.03"


def test_no_exercise_of_the_working_folder_is_run(tmp_path):
    hostile = "from pathlib import Path\nPath('was-run').touch()\n"
    for folder in ("notebooks", "medlab-course", "course", "."):
        (tmp_path / folder / "exercises").mkdir(parents=True)
        (tmp_path / folder / "reports").mkdir()
        (tmp_path / folder / "03_cnn.ipynb").write_text('{"cells": []}')
        (tmp_path / folder / "exercises" / "03.py").write_text(hostile + 'exercise("kernel_weights")\n')
        (tmp_path / folder / "exercises" / "03.yaml").write_text("kernel_weights: {}\n")
    code = (
        "import sys; sys.path.insert(0, ''); from medlab import exercises\n"
        "exercises.check('kernel_weights', None); exercises.quiz('03_cnn')"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert said.startswith("○ kernel_weights: not answered yet.\n")
    assert not (tmp_path / "was-run").exists()


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Folder of a course of two chapters, whose exercises a test writes."""
    monkeypatch.setattr(notebook, "course_folder", lambda: tmp_path)
    monkeypatch.setattr(grading, "_DECLARED", {})
    for name in ("20_first", "21_second"):
        (tmp_path / f"{name}.ipynb").write_text('{"cells": []}')
    (tmp_path / "exercises").mkdir()
    return tmp_path / "exercises"


DECLARED = """from medlab.exercises import exercise

exercise(
    "%s", solution=lambda side: 2 * side, cases=[(3,)], mistakes=[(lambda side: side, "once")],
    hints=("How often?", "Twice."), right="Yes.",
)
"""


def test_a_declaration_in_one_file_is_all_that_an_exercise_needs(course):
    (course / "20.py").write_text(DECLARED % "double")
    assert judge("double", lambda x: x + x).text == "✓ double: right. Yes."
    assert judge("double", lambda x: x).text == "✗ double: once\nHint: How often?"
    assert (
        judge("double", lambda x: 1, wrong_before=1).text
        == "✗ double: With side=3 the result is 1, expected 6.\nHint: Twice."
    )
    assert dict(learner_record.summary()) == {"20_first": {"exercises": (0, 1), "quiz": (0, 0)}}


def test_a_checker_of_ones_own_takes_the_place_of_comparing():
    exercise("own", solution=1, check=lambda answer: "not so" if answer != 1 else None, hints=("",), right="")
    task = grading._DECLARED.pop("own")
    assert task.check(1) is None
    assert task.check(2) == "not so"


CHOICE = """from medlab.exercises import exercise

exercise(
    "slower", solution="ac",
    statements={
        "a": lambda seconds: seconds[0] < seconds[1],
        "b": lambda seconds: seconds[0] > seconds[1],
        "c": lambda seconds: max(seconds) < 10,
    },
    hints=("Compare.", "Which is longer?"), right="So it is.",
)
"""


def test_what_was_measured_decides_which_statements_hold(course):
    (course / "20.py").write_text(CHOICE)
    assert judge("slower", "ac", (1, 2)).text == "✓ slower: right. So it is."
    assert judge("slower", "ac", (2, 1)).text.startswith("✗ slower: Of the statements that you chose, 1 out")
    assert judge("slower", ["b", "c"], (2, 1)).solved
    assert judge("slower", "", (20, 20)).solved, "none of them holds"
    assert judge("slower", "ac", None).solved is None, "nothing is measured yet"
    assert "cannot be checked: TypeError" in judge("slower", "ac", 7).text


def test_use_goes_on_with_the_learners_answer_once_it_is_right(capsys):
    assert exercises.use("noise_factor", 3.1623, otherwise="ours") == 3.1623
    assert capsys.readouterr().out == "✓ noise_factor: yours passed its check and is used here.\n"
    for answer in (None, 3.0, "nonsense"):
        assert exercises.use("noise_factor", answer, otherwise="ours") == "ours"
        said = "○ noise_factor: medlab's is used here until yours passes its check.\n"
        assert capsys.readouterr().out == said


def test_using_an_answer_is_no_try(kept):
    exercises.use("noise_factor", 3.0, otherwise=0)
    assert not kept.exists()


def test_a_file_that_was_mended_is_run_again(course):
    (course / "20.py").write_text(DECLARED % "double" + "1 / 0\n" + DECLARED % "twice")
    with pytest.raises(ZeroDivisionError):
        grading.find("twice")
    (course / "20.py").write_text(DECLARED % "double" + DECLARED % "twice")
    assert judge("twice", lambda x: 2 * x).solved


def test_an_unknown_exercise_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match=r"no exercise 'rate'\. Did you mean 'rates'\?"):
        grading.find("rate")
