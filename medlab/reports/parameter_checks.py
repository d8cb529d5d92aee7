"""Checks of parameters that need to know data sets, networks or folders; cheap, and before any kernel."""

import math
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from medlab import checks, data, evaluation, models
from medlab.data.folder import Survey, survey_folder
from medlab.data.grouping import groups_by_rule
from medlab.data.masks import file_pairs
from medlab.reports.marked_series import WINDOW_HU, check_detector, read_marked, read_search

_AUTO = "auto"
_GROUP_RULE = re.compile(r"auto|none|blocks:[1-9]\d*|prefix:.+|csv:.+")


def domain_problems(values: Mapping[str, Any], *, saved_model: bool = False) -> list[tuple[str, str]]:
    """Return what is wrong with well-typed values, as pairs of parameter name and message.

    Names that a template does not have, and values that are None, are not looked at. Of a folder, names,
    headers of images and the table of groups are read: all that loading refuses without decoding pixels.
    With `saved_model`, the parameter `model` is a model folder, to which the images must fit. With
    `class_names`, the study is one of masks.

    Raises
    ------
    ValueError
        If the file of a registered data set is faulty.
    """
    facts: dict[str, Any] = {}
    problems: list[tuple[str, str]] = []
    has_masks, searches = "class_names" in values, "image" in values and "slice_index" not in values
    checked = {**_CHECKS, **(_SAVED if saved_model else {}), **(_MASKS if has_masks else {})}
    if saved_model:
        images = ("image",) if "image" in values else ("data_dir", "dataset")
        given = any(values.get(name) is not None for name in images)
        if not searches and given != (values["model"] is not None):
            both = f"model and {' or '.join(images)} must be given together"
            problems.append(("model", f"{both}, or neither: then simulated images are taken."))
        elif values["model"] is not None:
            try:
                facts = models.model_facts(_expanded(values["model"]))
                (check_detector if searches else models.check_one_answer)(facts)
            except (ValueError, OSError) as error:
                problems.append(("model", str(error)))
    survey = Survey([])
    if values.get("data_dir") is not None and not has_masks:
        found, survey = _folder({"image_size": tuple(facts.get("input_shape", ()))[:2] or None, **values})
        problems += found
    dataset = values.get("dataset") or (facts.get("dataset") if values.get("image") else None)
    record = data.describe(dataset) if dataset in data.registered() else None
    known = {**values, "folder_size": survey.size, "record": record, "facts": facts}
    known["classes"] = record.class_names if record else survey.class_names
    for name, check in checked.items():
        if values.get(name) is None or name in dict(problems):
            continue
        try:
            check(values[name], known)
        except (ValueError, OSError, ImportError) as error:
            problems.append((name, str(error)))
    return problems


def _expanded(path: str) -> Path:
    return Path(os.path.expanduser(path))  # noqa: PTH111 (Path's raises on ~nobody)


def _folder(values: Mapping[str, Any]) -> tuple[list[tuple[str, str]], Survey]:
    """Return what is wrong with a folder of images, and what is known of them."""
    path = _expanded(values["data_dir"])
    if not path.is_dir():
        state = "is a file" if path.exists() else "does not exist"
        return [("data_dir", f"data_dir must be a folder, but {path.name!r} {state}.")], Survey([])
    names = ("image_size", "positive_class", "group_rule", "seed")
    survey = survey_folder(path, **{name: values[name] for name in names if values.get(name) is not None})
    problems = [("data_dir" if name == "path" else name, text) for name, text in survey.problems]
    # Every problem begins with its parameter.
    return [(n, text if text.startswith(n) else f"{n}: {text}") for n, text in problems], survey


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
        rules = "auto, none, blocks:1000, prefix:_ or csv:groups.csv"
        msg = f"group_rule must be {rules} (with your own number, text or file in data_dir), got {rule!r}."
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
        len(known["classes"] or "??") == 2
        or checks.one_of("calibration of other than two classes", method, ["temperature"])
    ),
    "out_dir": lambda folder, _values: checks.new_folder("out_dir", folder),
}


def _image(image: str, values: Mapping[str, Any]) -> None:
    """Read the image of one patient as the report will, or hold its number against the set."""
    facts, record, contours = values["facts"], values["record"], values.get("contours")
    missing = {"allow_missing": values.get("allow_missing", False)}
    if "slice_index" not in values:
        read_search(facts or {"window_hu": WINDOW_HU}, image, contours, **missing)
    elif not facts:
        return  # the model is reported
    elif contours is not None:
        read_marked(image, facts, contours, values["finding"], **missing)
    elif not image.isdecimal():
        data.read_one(image, facts, values.get("slice_index"))
    elif record is None:
        msg = f"image must be a file or folder where dataset names no registered set, got number {image}."
        raise ValueError(msg)
    else:
        _fits(record, facts)
        most = record.split_sizes["test"] - 1
        checks.in_range(f"image, a number among the test images of {record.name},", int(image), 0, most)


def _fits(record: Any, facts: Mapping[str, Any]) -> None:
    shape, learned = list(facts["input_shape"]), facts["dataset"] == record.name
    shapes = [[*(side,) * record.dimensions, record.channels] for side in record.sizes]
    middle = record.simulated and learned and len(shape) == 3  # it may have learned from their middle alone
    if shape not in shapes and not middle:
        msg = f"the images of {record.name} must have the model's shape, {shape}, got {shapes}."
        raise ValueError(msg)


def _same_classes(_name: str, values: Mapping[str, Any]) -> None:
    """Refuse labels that the model does not know, and classes of it that are missing."""
    facts, here, learned = values["facts"], values["classes"], values["facts"].get("class_names", [])
    if "image" in values or not facts:
        return  # the image is looked at, or the model reported
    if values["record"]:
        _fits(values["record"], facts)
    if here and set(here) != set(learned):
        known, got = ", ".join(learned), ", ".join(here)
        msg = f"the labels must be the classes that the model knows: {known}; got {got}. Rename the folders."
        raise ValueError(msg)


def _known_set(name: str, values: Mapping[str, Any]) -> None:
    _CHECKS["dataset"](name, values)
    _same_classes(name, values)


def _contours(_path: str, values: Mapping[str, Any]) -> None:
    """Refuse contours without a series; with one, they were read along with it."""
    if values.get("image") is None or values["image"].isdecimal() or values.get("slice_index") is not None:
        msg = "contours are for a series of your own: image must be its path, and slice_index left out."
        raise ValueError(msg)


_SAVED: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "model": lambda _folder, _values: None,  # read already
    "contours": _contours,
    "image": _image,
    "dataset": _known_set,
    "data_dir": _same_classes,
}


def numbers(name: str, text: str | None, counts: tuple[int, ...], *, whole: bool = False) -> tuple[Any, ...]:
    """Return the numbers of a text such as "32,40"; of None, none."""
    try:
        found = tuple((int if whole else float)(part) for part in text.split(",")) if text else ()
    except ValueError:
        found = (0,)
    if text and (len(found) not in counts or found[-1] <= 0):
        kind = "whole numbers" if whole else "numbers, the last above 0,"
        msg = f"{name} must be {' or '.join(map(str, counts))} {kind} with commas between, got {text!r}."
        raise ValueError(msg)
    return found


def _mask_classes(text: str, _values: Mapping[str, Any]) -> None:
    names = [name.strip() for name in text.split(",")]
    if len(names) < 2 or len(set(names)) < len(names) or not all(names):
        msg = f"class_names must be two or more different names, the background first, got {text!r}."
        raise ValueError(msg)


def _mask_folder(path: str, values: Mapping[str, Any]) -> None:
    root = _expanded(path)
    try:
        pairs, _ = file_pairs(root, "masks")
    except (ValueError, OSError) as error:
        msg = f"data_dir: {error}"
        raise ValueError(msg) from error
    checks.in_range("data_dir: the number of images", len(pairs), 3, whole=True)
    groups, *_ = groups_by_rule([f"images/{image.name}" for image, _ in pairs], values["group_rule"], root)
    if values["group_rule"] != _AUTO:
        checks.in_range("data_dir: the number of groups by group_rule", len(set(groups)), 3, whole=True)


def _window_hu(text: str, values: Mapping[str, Any]) -> None:
    numbers("window_hu", text, (2,))
    folder = values.get("data_dir")
    if not folder or list((_expanded(folder) / "images").glob("*.[pP][nN][gG]")):
        msg = f"window_hu is for CT volumes of your own (NIfTI in data_dir), got {text!r}. Leave it out."
        raise ValueError(msg)


def _patch(text: str, values: Mapping[str, Any]) -> None:
    sides, step = numbers("patch", text, (2, 3), whole=True), 2 ** (values["levels"] - 1)
    record = values["record"]
    most = (record.sizes[0],) * record.dimensions if record else (math.inf,) * len(sides)
    if len(sides) != len(most) or any(not 0 < s <= m or s % step for s, m in zip(sides, most, strict=True)):
        limit = f" up to {most}" if record else ""
        msg = f"patch must have sides that are multiples of {step} (see levels){limit}, got {text!r}."
        raise ValueError(msg)


_MASKS: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "dataset": lambda name, _values: checks.one_of("dataset with masks", name, ["simulated_nodules"]),
    "data_dir": _mask_folder,
    "class_names": _mask_classes,
    "window_hu": _window_hu,
    "patch": _patch,
}
