"""Completion of ``%medlab`` and ``%%medlab`` lines, by the same rules as in a terminal."""

from __future__ import annotations

import shlex
from typing import Any

from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

_ATTRIBUTE = "_medlab_matcher"


def register(shell: Any) -> None:
    """Let the shell's Tab know the words, options and values."""

    @context_matcher(identifier="medlab")
    def match(context: CompletionContext) -> dict[str, Any]:
        found = complete(shell, context.text_until_cursor, context.token)
        return {
            "completions": [SimpleCompletion(text, type="magic") for text in found],
            # Where medlab knows the answer, names of files and variables would only be in the way.
            "suppress": bool(found),
        }

    unregister(shell)
    setattr(shell, _ATTRIBUTE, match)
    shell.Completer.custom_matchers.append(match)


def unregister(shell: Any) -> None:
    """Take the matcher out again."""
    match = getattr(shell, _ATTRIBUTE, None)
    if match is not None:
        shell.Completer.custom_matchers.remove(match)
        delattr(shell, _ATTRIBUTE)


def complete(shell: Any, text: str, token: str) -> list[str]:
    """Return what may follow.

    Parameters
    ----------
    shell : InteractiveShell
    text : str
        The line up to the cursor.
    token : str
        Its last part, which IPython replaces; it begins anew after an "=".

    Returns
    -------
    completions : list of str
        Each in place of `token`; empty for lines of anybody else.
    """
    from medlab.kernel.running import Call, cell_words, line_words

    line = text.lstrip()
    groups = {"%%medlab ": cell_words, "%medlab ": line_words}
    start = next((start for start in groups if line.startswith(start)), "")
    if not start:
        return []
    group, given = groups[start], line[len(start) :]
    try:
        words = shlex.split(given)
    except ValueError:
        return []  # a quote is open
    if words and words[0] not in group.table and (len(words) > 1 or given[-1:].isspace()):
        return []
    incomplete = "" if not words or given[-1].isspace() else words.pop()
    # What IPython has cut off, such as "dataset=" before the name of a set.
    kept = incomplete[: len(incomplete) - len(token)] if incomplete.endswith(token) else ""
    from click.shell_completion import ShellComplete

    shown = ShellComplete(group, {"obj": Call(shell)}, group.name or "", "")
    found = [item.value for item in shown.get_completions(words, incomplete) if item.type == "plain"]
    found = [text if " " not in text else f'"{text}"' for text in found]
    return [text.removeprefix(kept) for text in found if text.startswith(kept)]
