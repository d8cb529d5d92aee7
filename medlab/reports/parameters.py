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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medlab import checks
from medlab.reports.parameter_checks import domain_problems

_KINDS: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}
_KIND_NAMES = {int: "a whole number", float: "a number", str: "text", bool: "true or false"}
_YES = {"true": True, "yes": True, "false": False, "no": False}
_NONE = ("", "None", "null")
_RANGE = re.compile(r"\[\s*([-+.\deE]+)\s*,\s*([-+.\deE]+)\s*\]$")
_CHOICES = re.compile(r"\[([^\[\]]*\|[^\[\]]*)\]$")

EXCLUSIVE = ("dataset", "data_dir", "application")
"""Parameters that say what a study is about: one of them, never two."""


@dataclass(frozen=True)
class Parameter:
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


@dataclass(frozen=True)
class Value:
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
    for cell in json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]:
        if "parameters" in cell["metadata"].get("tags", []):
            return _parse_cell("".join(cell["source"]), Path(notebook).name)
    msg = f"{Path(notebook).name} has no cell tagged 'parameters'. Add the tag to the cell that sets them."
    raise ValueError(msg)


def _parse_cell(source: str, where: str) -> list[Parameter]:
    lines = source.splitlines()
    schema = []
    for number, node in enumerate(ast.parse(source).body):
        if number == 0 and ast.unparse(node) == "from typing import Optional":
            continue
        line = lines[node.lineno - 1]
        if not isinstance(node, ast.AnnAssign) or not (parameter := _parse_line(node, line)):
            msg = (
                f"{where}: parameters must be lines like 'epochs: int = 5  # what it is [1, 99]', one '=', "
                f"of type int, float, str, bool or Optional; got {line.strip()!r}."
            )
            raise ValueError(msg)
        schema.append(parameter)
    return schema


def _parse_line(node: ast.AnnAssign, line: str) -> Parameter | None:
    """Return the parameter, or None for a line that papermill would leave out or misread."""
    annotation = re.fullmatch(r"(Optional\[)?(int|float|str|bool)(?(1)\])", ast.unparse(node.annotation))
    if annotation is None or not isinstance(node.target, ast.Name) or node.value is None:
        return None
    if node.lineno != node.end_lineno or line.count("=") != 1:
        return None
    text = line.encode()  # the offsets of ast count bytes
    literal = text[node.value.col_offset : node.value.end_col_offset]
    comment = re.fullmatch(r"\s*#\s*(\S.*)", text[node.value.end_col_offset :].decode())
    if comment is None or b"#" in literal:
        return None
    try:
        default = ast.literal_eval(node.value)
    except ValueError:
        return None
    help_text = comment[1].strip()
    bounds, choices = _RANGE.search(help_text), _CHOICES.search(help_text)
    parameter = Parameter(
        name=node.target.id,
        kind=_KINDS[annotation[2]],
        optional=annotation[1] is not None,
        default=default,
        help=help_text,
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
    if subjects and not problems and all(values[name].value is None for name in subjects):
        problems.append(f"{subjects[0]} must be given, or {' or '.join(subjects[1:])}.")
    problems += [
        f"{text} ({values[name].source})"
        for name, text in domain_problems({name: value.value for name, value in values.items()})
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
