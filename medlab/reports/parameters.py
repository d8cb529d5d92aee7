"""The cell tagged `parameters` is the schema: read it, and hold what was given against it.

One typed literal a line, each with its help; ranges and choices stand in brackets at the end::

    epochs: Optional[int] = None  # passes over the training set, None: from the scale [1, 1000]
    balance: str = "auto"  # what is done about rare classes [auto | none | weights]

papermill reads the same cell and silently leaves out what it cannot parse (a union written with a
bar, a second equals sign on a line); such a line is refused here. This module reads the notebook as
JSON, because importing papermill or nbformat takes seconds and a typing error should not.
"""

import ast
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from medlab import checks
from medlab.reports.parameter_checks import domain_problems

_KINDS: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}
_KIND_NAMES = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
_YES = {"true": True, "yes": True, "false": False, "no": False}
_NONE = ("", "None", "null")
# papermill leaves out a line with a second "=", and takes a "#" in a text for the beginning of the help.
_LINE = re.compile(
    r"(?P<name>\w+)\s*:\s*(?P<optional>Optional\[)?(?P<kind>int|float|str|bool)(?(optional)\])\s*=\s*"
    r"(?P<default>[^#=]+?)\s*#\s*(?P<help>[^=\s](?:[^=]*[^=\s])?)\s*"
)
_NO_PARAMETER = re.compile(r"\s*(#.*)?|from typing import Optional\s*")
_RANGE = re.compile(r"\[\s*([-+.\deE]+)\s*,\s*([-+.\deE]+)\s*\]$")
_CHOICES = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]$")

EXCLUSIVE = ("dataset", "data_dir", "application")
"""Parameters that say what a study is about: one of them, never two."""


class Parameter(NamedTuple):
    """One line of a notebook's parameters cell."""

    name: str
    kind: type
    optional: bool
    default: Any
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    @property
    def type_name(self) -> str:
        """The annotation as the cell has it."""
        return f"Optional[{self.kind.__name__}]" if self.optional else self.kind.__name__


class Value(NamedTuple):
    """What a parameter is in this run, and who said so."""

    value: Any
    source: str


class ParameterErrors(ValueError):
    """All that is wrong with the parameters of a report, one problem a line."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


def read_schema(notebook: Path) -> list[Parameter]:
    """Read the parameters cell of a notebook.

    Returns
    -------
    schema : list of Parameter
        In the order of the cell: exactly the parameters that papermill sees.

    Raises
    ------
    ValueError
        If there is no such cell, or a line is not ``name: type = literal  # help``.
    """
    notebook = Path(notebook)
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            lines = "".join(cell["source"]).splitlines()
            return [_parse_line(line, notebook.name) for line in lines if not _NO_PARAMETER.fullmatch(line)]
    msg = f"{notebook.name} has no cell tagged 'parameters'. Add the tag to the cell that sets them."
    raise ValueError(msg)


def _parse_line(line: str, where: str) -> Parameter:
    """Return the parameter of a line; refuse one that papermill would leave out or misread."""
    msg = (
        f"{where}: parameters must be lines like 'epochs: int = 5  # what it is [1, 99]', one '=', "
        f"of type int, float, str, bool or Optional; got {line.strip()!r}."
    )
    parts = _LINE.fullmatch(line)
    if parts is None:
        raise ValueError(msg)
    try:
        default = ast.literal_eval(parts["default"])
    except (SyntaxError, ValueError) as error:
        raise ValueError(msg) from error
    bounds, choices = _RANGE.search(parts["help"]), _CHOICES.search(parts["help"])
    parameter = Parameter(
        name=parts["name"],
        kind=_KINDS[parts["kind"]],
        optional=parts["optional"] is not None,
        default=default,
        help=parts["help"],
        low=float(bounds[1]) if bounds else None,
        high=float(bounds[2]) if bounds else None,
        choices=tuple(choice.strip() for choice in choices[1].split("|")) if choices else (),
    )
    convert(parameter, default)
    return parameter


def convert(parameter: Parameter, given: Any) -> Any:
    """Return `given` (text from a command line, or a value from YAML or Python) in the parameter's type.

    Raises
    ------
    ValueError, TypeError
        If it is of another type, outside the range, or not among the choices.
    """
    value = given.strip() if isinstance(given, str) else given
    if parameter.optional and (value is None or value in _NONE):
        return None
    value = _typed(parameter, value)
    if parameter.choices:
        checks.one_of(parameter.name, str(value), parameter.choices)
    elif parameter.kind in (int, float):
        checks.in_range(parameter.name, value, parameter.low, parameter.high, whole=parameter.kind is int)
    return value


def _typed(parameter: Parameter, value: Any) -> Any:
    kind, text = parameter.kind, str(value)
    is_bool = isinstance(value, bool)
    if kind is bool and (is_bool or isinstance(value, str)) and text.lower() in _YES:
        return _YES[text.lower()]
    # A number is text too: a class folder may be called 1, a threshold rule 0.5, and YAML reads numbers.
    if kind is str and isinstance(value, str | int | float) and not is_bool and text:
        return text
    if kind in (int, float) and isinstance(value, str | int | kind) and not is_bool:
        try:
            return kind(value)
        except ValueError:
            pass
    empty = f" or {_NONE[1]}" if parameter.optional else ""
    msg = f"{parameter.name} must be {_KIND_NAMES[kind]}{empty}, got {value!r}."
    raise ValueError(msg)


def reads_model(schema: Sequence[Parameter]) -> bool:
    """Say whether a template reads a saved model: its parameter `model` is a folder, and may be left out."""
    return any(parameter.name == "model" and parameter.optional for parameter in schema)


def validate(schema: Sequence[Parameter], given: Mapping[str, Mapping[str, Any]]) -> dict[str, Value]:
    """Decide every parameter, and refuse everything that is wrong at once.

    Parameters
    ----------
    schema : list of Parameter
    given : dict of dicts
        Who said what, the highest precedence first: ``{"command line": {"epochs": "3"}, ...}``.

    Returns
    -------
    values : dict of Value
        One for each parameter of the schema, in its order; "template" is the source of a default.

    Raises
    ------
    ParameterErrors
        With one line for each problem, each beginning with the parameter's name.
    """
    known = {parameter.name: parameter for parameter in schema}
    values = {name: Value(parameter.default, "template") for name, parameter in known.items()}
    problems: list[str] = []
    for source, level in reversed(list(given.items())):
        level_values = {}
        for name, raw in level.items():
            if name not in known:
                hint = checks.nearest(name, known) or f" There are: {', '.join(known)}."
                problems.append(f"{name} is not a parameter of this report.{hint} ({source})")
                continue
            try:
                level_values[name] = Value(convert(known[name], raw), source)
            except (ValueError, TypeError) as error:
                problems.append(f"{error} ({source})")
        problems += _settle_exclusive(level_values, values, source)
        values.update(level_values)
    subjects = [name for name in EXCLUSIVE if name in known]
    needed = any(known[name].default is not None for name in subjects)
    if needed and not problems and all(values[name].value is None for name in subjects):
        problems.append(f"{subjects[0]} must be given, or {' or '.join(subjects[1:])}.")
    problems += [
        f"{text} ({values[name].source})"
        for name, text in domain_problems(
            {name: value.value for name, value in values.items()}, saved_model=reads_model(schema)
        )
    ]
    if problems:
        raise ParameterErrors(problems)
    return values


def _settle_exclusive(level: Mapping[str, Value], below: dict[str, Value], source: str) -> list[str]:
    """Let what this level says the study is about replace what a lower level said (changes `below`)."""
    given = [name for name in EXCLUSIVE if name in level and level[name].value is not None]
    if len(given) > 1:
        return [f"{' and '.join(given)} exclude each other, got both. Give one of them. ({source})"]
    if given:
        for name in EXCLUSIVE:
            if name in below and name != given[0] and below[name].value is not None:
                below[name] = Value(None, source)
    return []
