"""YAML files of parameters and presets: read as they are written, or refused."""

from pathlib import Path
from typing import Any

import yaml

_MOST_BYTES = 100_000
_DEEPEST = 8


class _AsWritten(yaml.BaseLoader):
    """Leaves every value the text that stands there, and refuses what could be read in two ways.

    YAML 1.1 would read 010 as 8, 1:30 as 90 and no as false. A parameter's own type decides instead, exactly
    as behind ``-p`` on the command line.
    """

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        """Compose one node: aliases can repeat it a million times, and deep nesting ends the recursion."""
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or event.tag:
            _refuse("a word that begins with '*' or '!' needs quotation marks around it", event)
        if self.depth == _DEEPEST:
            _refuse(f"it is nested more than {_DEEPEST} levels deep", event)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node

    def construct_scalar(self, node: Any) -> Any:
        """Return the text, or None where nothing, ``~`` or ``null`` stands without quotation marks."""
        return None if node.style is None and node.value in ("", "~", "null") else node.value

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Return names and values; PyYAML's own lets the last of two equal names win without a word."""
        mapping: dict[str, Any] = {}
        for name_node, value_node in node.value:
            name = name_node.value
            if not isinstance(name, str):
                _refuse("a name must be a single word", name_node)
            if name in mapping:
                _refuse(f"{name} is given twice", name_node)
            mapping[name] = self.construct_object(value_node, deep=deep)
        return mapping


def _refuse(problem: str, where: Any) -> None:
    raise yaml.MarkedYAMLError(problem=problem, problem_mark=where.start_mark)


def read_yaml(path: Path) -> dict[str, Any]:
    """Read a YAML file of names and values; all values are text, in lists and mappings where these stand.

    Parameters
    ----------
    path : Path
        At most 100 kB of UTF-8, one document, nested at most 8 levels deep, without aliases and tags.

    Returns
    -------
    values : dict
        Empty for a file that holds nothing but comments.

    Raises
    ------
    ValueError
        If it is not such a file; the message has its name and, where there is one, the line.
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        msg = f"{path.name} must have at most {_MOST_BYTES // 1000} kB. Is it a file of parameters?"
        raise ValueError(msg)
    try:
        values = yaml.load(content.decode("utf-8"), Loader=_AsWritten)
    except UnicodeDecodeError as error:
        msg = f"{path.name} is not readable as YAML, because it is not in UTF-8. Save it as UTF-8."
        raise ValueError(msg) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}," if mark else ""
        problem = f"{getattr(error, 'context', None) or ''} {getattr(error, 'problem', None) or error}"
        msg = f"{path.name}{line} is not readable as YAML: {' '.join(problem.split())}."
        raise ValueError(msg) from error
    if not isinstance(values, dict | None):
        kind = "list" if isinstance(values, list) else "single value"
        msg = f"{path.name} must hold lines like 'epochs: 5', got a {kind}."
        raise ValueError(msg)
    return values or {}
