"""Checks of parameters that need to know data sets, networks or folders; cheap, and before any kernel."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from medlab import checks

_AUTO = "auto"
_GROUP_RULE = re.compile(r"auto|none|blocks:[1-9]\d*|prefix:.+|csv:.+")


def domain_problems(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with well-typed values, as pairs of parameter name and message.

    Names that a template does not have, and values that are None, are not looked at.
    """
    problems = []
    for name, check in _CHECKS.items():
        if values.get(name) is None:
            continue
        try:
            check(values[name], values)
        except (ValueError, OSError) as error:
            problems.append((name, str(error)))
    return problems


def class_folders(data_dir: Path) -> dict[str, int]:
    """Return how many image files each class of a folder has for training; none is opened.

    Parameters
    ----------
    data_dir : Path
        As `medlab.data.load_folder` takes it: ``train/CLASS/*.png``, or the class folders themselves.

    Raises
    ------
    ValueError
        If it is not a folder, or laid out as `medlab.data.load_folder` refuses it.
    """
    from medlab.data.classfolders import count_classes

    if not data_dir.is_dir():
        found = "is a file" if data_dir.exists() else "does not exist"
        msg = f"data_dir must be a folder, but {data_dir} {found}."
        raise ValueError(msg)
    try:
        return count_classes(data_dir.resolve())["train"]
    except ValueError as error:
        msg = f"data_dir must hold images in class folders. {error}"
        raise ValueError(msg) from error


def _dataset(name: str, _values: Mapping[str, Any]) -> None:
    from medlab.data import registered

    checks.one_of("dataset", name, registered())


def _data_dir(path: str, _values: Mapping[str, Any]) -> None:
    class_folders(Path(os.path.expanduser(path)))  # noqa: PTH111 (Path's raises on ~nobody)


def _positive_class(name: str, values: Mapping[str, Any]) -> None:
    try:
        classes = _class_names(values)
    except (ValueError, OSError):
        return  # already reported under dataset or data_dir
    checks.one_of("positive_class", name, classes)
    if len(classes) > 2:
        msg = f"positive_class must be left out where there are more than two classes, got {len(classes)}."
        raise ValueError(msg)


def _class_names(values: Mapping[str, Any]) -> list[str]:
    from medlab.data import describe

    if values.get("data_dir") is not None:
        return list(class_folders(Path(values["data_dir"]).expanduser()))
    return list(describe(values["dataset"]).class_names)


def _group_rule(rule: str, values: Mapping[str, Any]) -> None:
    if values.get("data_dir") is None and rule != _AUTO:
        msg = f"group_rule is for images of your own (data_dir), got {rule!r}. Registered sets come split."
        raise ValueError(msg)
    if not _GROUP_RULE.fullmatch(rule):
        msg = (
            "group_rule must be auto, none, blocks:1000, prefix:_ or csv:groups.csv "
            f"(with your own number, text or file), got {rule!r}."
        )
        raise ValueError(msg)
    table = rule.partition(":")[2]
    if rule.startswith("csv:") and values.get("data_dir") is not None:
        if not Path(values["data_dir"], table).expanduser().is_file():
            msg = f"group_rule names a table that is not in data_dir: {table}."
            raise ValueError(msg)


def _image_size(size: int, values: Mapping[str, Any]) -> None:
    from medlab.data import describe, registered

    if values.get("dataset") in registered():
        record = describe(values["dataset"])
        checks.one_of(f"image_size of {record.name}", size, record.sizes)


def _model(model: str, values: Mapping[str, Any]) -> None:
    """Refuse images that the network cannot take, where their size is known before they are read."""
    from medlab import models
    from medlab.data import describe, registered

    checks.one_of("model", model, [_AUTO, *models.names()])
    name = "screening_cnn" if model == _AUTO else model
    size, dimensions = values.get("image_size"), 2
    if values.get("dataset") in registered():
        record = describe(values["dataset"])
        size, dimensions = size or record.sizes[0], record.dimensions
    if size is not None:
        try:
            models.check_shape(name, (*[size] * dimensions, 1))
        except ValueError as error:
            msg = f"image_size does not fit model: {error}"
            raise ValueError(msg) from error


def _threshold_rule(rule: str, _values: Mapping[str, Any]) -> None:
    from medlab.evaluation import parse_rule

    parse_rule(rule)


_CHECKS: dict[str, Callable[[Any, Mapping[str, Any]], None]] = {
    "dataset": _dataset,
    "data_dir": _data_dir,
    "positive_class": _positive_class,
    "group_rule": _group_rule,
    "model": _model,
    "image_size": _image_size,
    "threshold_rule": _threshold_rule,
}
