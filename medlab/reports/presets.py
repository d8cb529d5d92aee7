"""Which reports there are: papermill templates, and presets that give a template its parameters."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from medlab import checks, notebook
from medlab.reports.parameter_file import read_yaml
from medlab.reports.parameters import EXCLUSIVE


@dataclass(frozen=True)
class Template:
    """A notebook that `medlab report NAME` executes.

    Attributes
    ----------
    name : str
        What the user typed: a template's or a preset's name.
    title : str
        One line for lists and for the page's title.
    notebook : Path
    parameters : dict
        What the preset sets; empty for a bare template.
    """

    name: str
    title: str
    notebook: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def title_for(self, values: Mapping[str, Any]) -> str:
        """Return the title, or the bare template's where what the preset is about was replaced.

        A preset's title may say "simulated"; a reader's own folder put in its place must not be called so.
        """
        kept = all(values[name] == value for name, value in self.parameters.items() if name in EXCLUSIVE)
        return self.title if kept else _title(self.notebook)


def available(folder: Path | None = None) -> dict[str, Template]:
    """Return all templates and presets by name, templates first.

    Parameters
    ----------
    folder : Path, optional
        Folder of the templates and of `presets.yaml`; the course's own by default.

    Raises
    ------
    ValueError
        If `presets.yaml` is not readable, or a preset names a template that is not there.
    """
    folder = folder or notebook.course_folder() / "reports"
    paths = sorted(folder.glob("*.ipynb"))
    templates = {path.stem: Template(path.stem, _title(path), path) for path in paths}
    path = folder / "presets.yaml"
    presets = {}
    for name, preset in (read_yaml(path) if path.is_file() else {}).items():
        if not isinstance(preset, dict):
            msg = f"preset {name!r} must have a template and may have a title and parameters, got {preset!r}."
            raise ValueError(msg)
        template = checks.one_of(f"template of preset {name!r}", preset.get("template"), templates)
        title, parameters = preset.get("title", _named(name)), preset.get("parameters") or {}
        presets[name] = Template(name, title, templates[template].notebook, parameters)
    return templates | presets


def resolve(name: str, folder: Path | None = None) -> Template:
    """Return the template or preset called `name`.

    Raises
    ------
    ValueError
        If there is none; the message lists them and names the nearest.
    """
    templates = available(folder)
    return templates[checks.one_of("report", name, templates)]


def _title(notebook: Path) -> str:
    """Return a template's first heading, or its name where it does not begin with one."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    line = "".join(cells[0]["source"]).partition("\n")[0] if cells else ""
    return line.removeprefix("# ") if line.startswith("# ") else _named(notebook.stem)


def _named(name: str) -> str:
    return name.replace("_", " ").capitalize()
