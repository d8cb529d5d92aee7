"""`medlab report`: run a parameterized report, or say which there are and what they take."""

import contextlib
import logging
import os
import re
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import current_thread, main_thread
from typing import Any

import click
from click.shell_completion import CompletionItem

from medlab import data, models, reports
from medlab.cli.console import complete_from, pairs_option, plain_refusals, read_pairs, say
from medlab.reports.parameters import reads_model
from medlab.text import estimate


def _reports(_context: click.Context) -> dict[str, str]:
    return {name: template.title for name, template in reports.available().items()}


def _complete_pair(context: click.Context, _option: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete a report's parameters, and after the "=" the choices of one."""
    templates = reports.available()
    # click leaves positional words in args while the option before the cursor has no value.
    report_name = context.params.get("name") or next(iter(context.args), "")
    if report_name not in templates:
        return []
    schema = {parameter.name: parameter for parameter in reports.read_schema(templates[report_name].notebook)}
    name, equals, value = incomplete.partition("=")
    if not equals:
        return [CompletionItem(f"{n}=", help=p.help) for n, p in schema.items() if n.startswith(name)]
    saved = reads_model([*schema.values()])
    listed = {"dataset": data.registered, "model": list if saved else models.names}
    choices = listed[name]() if name in listed else schema[name].choices if name in schema else ()
    return [CompletionItem(f"{name}={choice}") for choice in choices if choice.startswith(value)]


@click.command()
@click.argument("name", required=False, shell_complete=complete_from(_reports))
@pairs_option("Set a parameter. May be given several times.", shell_complete=_complete_pair)
@click.option(
    "-f",
    "--file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read parameters from a YAML file. -p takes precedence.",
)
@click.option(
    "--out",
    type=click.Path(),
    help="Write into a new or empty folder. The default is a numbered build/reports/NAME.",
)
@click.option("--pairs", "line", default="", hidden=True, help="Several of -p in one text, for make.")
@click.option("--list", "list_all", is_flag=True, help="List reports and presets.")
@click.option("--parameters", "show_parameters", is_flag=True, help="List the parameters of report NAME.")
def report(
    name: str | None,
    pairs: tuple[str, ...],
    file: Path | None,
    out: str | None,
    line: str,
    list_all: bool,
    show_parameters: bool,
) -> None:
    """Run the study NAME, and write its report, figures and model into a folder.

    medlab report lung_screening

    medlab report classification -p data_dir=my_images -p positive_class=nodule
    """
    from medlab.reports.parameter_file import read_yaml

    if list_all or name is None:
        _list()
        return
    with plain_refusals(raised=click.UsageError):
        template = reports.resolve(name)
    if show_parameters:
        _show_parameters(template)
        return
    # A pair begins behind a blank: positive_class=my class seed=3
    pairs = (*pairs, *filter(None, re.split(r"\s+(?=\w+=)", line.strip())))
    given: dict[str, dict[str, Any]] = {"command line": read_pairs(pairs)}
    if file is not None:
        with plain_refusals(raised=click.UsageError):
            given[f"file {file.name}"] = read_yaml(file)
    with _interruptible() as signals:
        try:
            _run(template, given, out)
        except KeyboardInterrupt as interrupt:
            kept = _kept(getattr(interrupt, "folder", None))
            click.echo(f"{template.name} was stopped. {kept}", err=True)
            sys.exit(128 + (signals or [signal.SIGINT])[0])


@contextlib.contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Let Ctrl-C and a polite kill be answered at once and end in a KeyboardInterrupt; say which it was."""
    received: list[int] = []

    def stop(number: int, _frame: Any) -> None:
        if not received:  # a second one must not cut the end of the kernel short
            received.append(number)
            os.write(2, b"\nStopping: what was executed is being written, and the kernel ended.\n")
            logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # it says that a cell was cut
            raise KeyboardInterrupt

    handled = (signal.SIGINT, signal.SIGTERM) if current_thread() is main_thread() else ()
    earlier = [signal.signal(number, stop) for number in handled]
    try:
        yield received
    finally:
        for number, handler in zip(handled, earlier, strict=True):
            signal.signal(number, handler)


def _kept(folder: Path | None) -> str:
    files = sorted(path.name for path in folder.iterdir()) if folder else []
    return f"Kept in {folder}: {', '.join(files)}" if files else "Nothing was written."


def _run(template: Any, given: dict[str, dict[str, Any]], out: str | None) -> None:
    try:
        result = reports.run_report(template, given=given, out=out, progress=True)
    except reports.ParameterErrors as error:
        problems = (f"  {problem}" for problem in error.problems)
        lines = [f"{template.name}: nothing was run, because", *problems]
        lines.append(f"All parameters: medlab report {template.name} --parameters")
        code = 2
    except (OSError, ValueError) as error:  # the folder, or a registered set whose row is faulty
        lines, code = [str(error)], 2
    except reports.ReportFailed as error:
        lines, code = [f"{template.name}: {error}", _kept(error.folder)], 1
    else:
        measured = headline(result.metrics) if "test" in result.metrics else []
        lines = [*measured, *result.metrics.get("summary", [])]
        say("\n".join([*lines, f"Report: {result.html}"]), result)
        return
    click.echo("\n".join(lines), err=True)
    sys.exit(code)


def headline(metrics: dict[str, Any]) -> list[str]:
    """Return the measures of the test set, a line each, with their intervals and where they were decided."""
    from medlab.evaluation.evaluations import measure_name
    from medlab.reports.report_text import without_interval

    test, task, threshold = metrics["test"], metrics["task"], metrics.get("threshold")
    measures = [measure for measure in test if f"{measure}_ci" in test and test[measure] is not None]
    if "majority_accuracy" in test:
        last = "accuracy" if threshold is None else "accuracy_at_threshold"
        place = measures.index(last) + 1 if last in measures else len(measures)
        measures.insert(place, "majority_accuracy")
    positive = metrics.get("positive_class")
    asked = f", positive class {positive}" if positive else ""
    images = f"{metrics['n_test']} {'SIMULATED ' * bool(metrics.get('simulated'))}test images"
    lines = [f"{metrics['dataset']}, {images}{asked} (in brackets: 95 % intervals)"]
    for measure in measures:
        value = estimate(test[measure], test.get(f"{measure}_ci"))
        lines.append(f"  {measure_name(measure, task, threshold):<42}{value}")
    remarks = without_interval(test)
    uneven = metrics.get("train", {}).get("majority_accuracy") != 0.5
    is_unbalanced = metrics.get("parameters", {}).get("balance") in ("none", "focal")
    if threshold is not None and uneven and not is_unbalanced and metrics.get("kind") != "validation":
        remarks.append("Balancing the classes shifts the accuracy at 0.5; published accuracies are at 0.5.")
    return [*lines, *(click.wrap_text(line, 79, "  ", "  ") for line in remarks)]


def _list() -> None:
    for template in reports.available().values():
        base = template.notebook.stem
        kind = "template" if template.name == base else f"preset of {base}"
        line = f"{template.name:<20}{kind}: {template.title}"
        click.echo(click.wrap_text(line, 79, subsequent_indent=" " * 20))


def _show_parameters(template: Any) -> None:
    from medlab.reports.parameters import convert

    for parameter in reports.read_schema(template.notebook):
        default = convert(parameter, template.parameters.get(parameter.name, parameter.default))
        click.echo(f"{parameter.name}: {parameter.type_name} = {default!r}")
        click.echo(click.wrap_text(parameter.help, 79, "    ", "    "))
