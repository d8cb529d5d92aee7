"""Texts of exercises and quizzes in the learner's language, looked up by their English wording.

``notebooks/exercises/zh/*.yaml`` map English texts to Chinese ones; another language is another folder. A
text with fields, such as ``"{value} is too large."``, stands for all sentences of that form. So whoever
writes a hint writes English and nothing else, and what has no translation stays English.
"""

import contextlib
import functools
import locale
import os
import re
import textwrap
from pathlib import Path

import yaml

from medlab import notebook

_FIELD = re.compile(r"\{([a-z]+)\}")
# "{number} is too large." is not "Return by how much it is too large."
_FORMS = {"number": "[^ ]*"}


def language() -> str:
    """Return the learner's language, such as "zh": MEDLAB_LANGUAGE, else that of the system's locale."""
    variables = map(os.environ.get, ("MEDLAB_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    name = next(filter(None, variables), "")
    if not name:
        with contextlib.suppress(ValueError):  # a locale that Python does not know
            name = locale.getlocale()[0] or ""
    letters = re.split("[^a-z]", name.lower())[0]  # of zh_CN.UTF-8 or zh-Hans; what names a path has none
    return "zh" if letters == "chinese" else letters or "en"  # Windows says "Chinese (Simplified)_China"


def translate(text: str) -> str:
    """Return a text in the learner's language, or as it is where there is no translation; never raises.

    What stands in the fields of a sentence is translated in its turn.
    """
    texts = _read(notebook.course_folder() / "exercises" / language())
    matches = ((pattern.fullmatch(text), translation) for pattern, translation in texts)
    match, translation = next((pair for pair in matches if pair[0]), (None, text))
    values = match.groupdict() if match else {}
    return _FIELD.sub(lambda field: translate(values.get(field[1], "")), translation) if match else text


def is_chinese(text: str) -> bool:
    """Say whether a text has Chinese characters."""
    return re.search("[\u4e00-\u9fff]", text) is not None


def show(text: str) -> None:
    """Print a text in the learner's language, or in English where the terminal has no tick or no Chinese."""
    lines = [
        textwrap.fill(line, width(line), subsequent_indent="  ", break_long_words=False)
        for line in translate(text).splitlines()
    ]
    try:
        print("\n".join(lines))
    except UnicodeEncodeError:
        print(text.encode("ascii", "replace").decode())


def width(line: str) -> int:
    """Return at how many columns to break a line: Chinese has few blanks, and is broken where it is shown."""
    return 10**6 if is_chinese(line) else 88


@functools.cache
def _read(folder: Path) -> list[tuple[re.Pattern[str], str]]:
    """Return the texts of a language in the order of its files; say once which file cannot be read."""
    texts = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            rows = yaml.safe_load(path.read_text(encoding="utf-8")).items()
            # Words beside the fields: else a sentence would stand for everything, itself included.
            texts += [
                (_pattern(key), str(text)) for key, text in rows if text and _FIELD.sub("", key).strip()
            ]
        except Exception as error:  # whatever is wrong with it, the lesson goes on in English
            print(f"{path.name} cannot be read ({type(error).__name__}): its texts stay English.")
    return texts


def _pattern(english: str) -> re.Pattern[str]:
    """Return what matches every sentence of the form of a text with fields."""
    words = _FIELD.split(english)  # and the names of the fields between them
    forms = [f"(?P<{name}>{_FORMS.get(name, '.*?')})" for name in words[1::2]]
    words[::2], words[1::2] = map(re.escape, words[::2]), forms
    return re.compile("".join(words), re.DOTALL)
