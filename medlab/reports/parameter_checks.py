"""Checks of parameters that need to know data sets, networks or folders; cheap, and before any kernel."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from medlab import checks, data, evaluation, models

_AUTO = "auto"
_GROUP_RULE = re.compile(r"auto|none|blocks:[1-9]\d*|prefix:.+|csv:.+")


def domain_problems(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with well-typed values, as pairs of parameter name and message.

    Names that a template does not have, and values that are None, are not looked at. Of a folder, names,
    headers of images and the table of groups are read: all that loading refuses without decoding pixels.

    Raises
    ------
    ValueError
        If the file of a registered data set is faulty.
    """
    problems, size = ([], None) if values.get("data_dir") is None else _folder(values)
    dataset = values.get("dataset")
    record = data.describe(dataset) if dataset in data.registered() else None
    known = {**values, "folder_size": size, "record": record}
    for name, check in _CHECKS.items():
        if values.get(name) is None or name in dict(problems):
            continue
        try:
            check(values[name], known)
        except (ValueError, OSError) as error:
            problems.append((name, str(error)))
    return problems


def _folder(values: Mapping[str, Any]) -> tuple[list[tuple[str, str]], tuple[int, int] | None]:
    """Return what is wrong with a folder of images, and the height and width of its images if known."""
    from medlab.data.folder import survey_folder

    path = Path(os.path.expanduser(values["data_dir"]))  # noqa: PTH111 (Path's raises on ~nobody)
    if not path.is_dir():
        state = "is a file" if path.exists() else "does not exist"
        return [("data_dir", f"data_dir must be a folder, but {path.name!r} {state}.")], None
    names = ("image_size", "positive_class", "group_rule", "seed")
    survey = survey_folder(path, **{name: values[name] for name in names if values.get(name) is not None})
    problems = [("data_dir" if name == "path" else name, text) for name, text in survey.problems]
    # Every problem begins with its parameter.
    return [(n, text if text.startswith(n) else f"{n}: {text}") for n, text in problems], survey.size


def _positive_class(name: str, values: Mapping[str, Any]) -> None:
    record = values["record"]
    if values.get("data_dir") is not None or record is None:
        return  # the folder is surveyed as a whole, and an unknown set reported under dataset
    checks.one_of("positive_class", name, record.class_names)
    if len(record.class_names) > 2:
        count = len(record.class_names)
        msg = f"positive_class must be left out where there are more than two classes, got {count}."
        raise ValueError(msg)


def _group_rule(rule: str, values: Mapping[str, Any]) -> None:
    if values.get("data_dir") is None and rule != _AUTO:
        msg = f"group_rule is for images of your own (data_dir), got {rule!r}. Registered sets come split."
        raise ValueError(msg)
    if not _GROUP_RULE.fullmatch(rule):
        msg = (
            "group_rule must be auto, none, blocks:1000, prefix:_ or csv:groups.csv "
            f"(with your own number, text or file in data_dir), got {rule!r}."
        )
        raise ValueError(msg)


def _image_size(size: int, values: Mapping[str, Any]) -> None:
    if record := values["record"]:
        checks.one_of(f"image_size of {record.name}", size, record.sizes)


def _model(model: str, values: Mapping[str, Any]) -> None:
    """Refuse images that the network cannot take, where their size is known before they are read."""
    checks.one_of("model", model, [_AUTO, *models.names()])
    name = "screening_cnn" if model == _AUTO else model
    record, side, shape = values["record"], values.get("image_size"), values["folder_size"]
    if record is not None:
        shape = (side or record.sizes[0],) * record.dimensions
    elif side is not None:
        shape = (side, side)
    if shape is not None:
        try:
            models.check_shape(name, (*shape, 1))
        except ValueError as error:
            msg = f"image_size does not fit model: {error}"
            raise ValueError(msg) from error


_CHECKS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "dataset": lambda name, _values: checks.one_of("dataset", name, data.registered()),
    "positive_class": _positive_class,
    "group_rule": _group_rule,
    "model": _model,
    "image_size": _image_size,
    "threshold_rule": lambda rule, _values: evaluation.parse_rule(rule),
    # A temperature alone takes several classes, and amounts need none.
    "calibration": lambda method, known: (
        len(known.get("classes") or (known["record"].class_names if known["record"] else "??")) == 2
        or checks.one_of("calibration of other than two classes", method, ["temperature"])
    ),
    "out_dir": lambda folder, _values: checks.new_folder("out_dir", folder),
}
