"""`RunTools`: what can be done with one of a panel's runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets

from medlab_widgets.panel import guarded

if TYPE_CHECKING:
    from medlab_widgets.training_panel import TrainingPanel

_SURE = "Delete for good?"
_NARROW = {"width": "auto"}


class RunTools(ipywidgets.Box):
    """Choose a run of a panel; restore, rename, hide or delete it."""

    def __init__(self, panel: TrainingPanel) -> None:
        self.chosen = ipywidgets.Dropdown(description="run", layout={"width": "220px"})
        self.name = ipywidgets.Text(
            description="new name", layout={"width": "220px"}, tooltip="A new name for the chosen run"
        )
        self._panel = panel
        actions = {
            "Restore": ("Sliders and weights of the chosen run", lambda: panel.restore(self.chosen.value)),
            "Rename": ("Give the chosen run the name on the left", self._rename_chosen),
            "Hide": ("Take its curves out, or put them back", lambda: panel.hide(self.chosen.value)),
            "Delete": ("Remove the run, with its files", self._ask_or_delete),
        }
        self.buttons = {}
        for name, (tooltip, action) in actions.items():
            self.buttons[name] = ipywidgets.Button(description=name, tooltip=tooltip, layout=_NARROW)
            self.buttons[name].on_click(guarded(action, panel.status))
        self.chosen.observe(lambda _change: self._choose(), "value")
        naming = ipywidgets.HBox([self.name, self.buttons["Rename"]])
        parts = [self.chosen, self.buttons["Restore"], naming, self.buttons["Hide"], self.buttons["Delete"]]
        super().__init__(parts, layout={"flex_flow": "row wrap"})

    def show(self, *, working: bool) -> None:
        """Offer the panel's runs as they are now."""
        names, current = [run.name for run in self._panel.runs], self._panel.current
        if list(self.chosen.options) != names:
            renamed = len(names) == len(self.chosen.options)
            index = self.chosen.index if renamed else None
            self.chosen.options = names
            if index is None:
                self.chosen.value = current.name if current is not None else None
            else:
                self.chosen.index = index
        self._write()
        for name in ("Restore", "Delete"):
            self.buttons[name].disabled = working or not names
        for name in ("Rename", "Hide"):
            self.buttons[name].disabled = not names

    def _choose(self) -> None:
        self.buttons["Delete"].description = "Delete"  # what was asked was asked of another run
        self._write()

    def _write(self) -> None:
        hidden = any(run.hidden for run in self._panel.runs if run.name == self.chosen.value)
        self.buttons["Hide"].description = "Show" if hidden else "Hide"

    def _rename_chosen(self) -> None:
        self._panel.rename(self.chosen.value, self.name.value)
        self.name.value = ""

    def _ask_or_delete(self) -> None:
        """Delete at the second press: nothing brings the files back."""
        button = self.buttons["Delete"]
        if button.description != _SURE:
            button.description = _SURE
            return
        button.description = "Delete"
        self._panel.delete(self.chosen.value)
