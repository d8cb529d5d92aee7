"""Completion of ``%medlab`` and ``%%medlab`` lines, by the same rules as in a terminal."""

import shlex
from collections.abc import Mapping
from typing import Any

from click.shell_completion import ShellComplete
from IPython.core.completer import CompletionContext, SimpleCompletion, context_matcher

from medlab.cli import LazyGroup
from medlab.kernel.magic_call import MagicCall

_ATTRIBUTE = "_medlab_matcher"


def register(shell: Any, groups: Mapping[str, LazyGroup]) -> None:
    """Let the shell's Tab know the words, options and values of the groups, by what a line begins with."""

    @context_matcher(identifier="medlab")
    def match(context: CompletionContext) -> dict[str, Any]:
        texts = complete(groups, MagicCall(shell), context.text_until_cursor, context.token)
        return {
            "completions": [SimpleCompletion(text, type="magic") for text in texts],
            # Where medlab knows the answer, names of files and variables would only be in the way.
            "suppress": bool(texts),
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


def complete(groups: Mapping[str, LazyGroup], call: MagicCall, line: str, token: str) -> list[str]:
    """Return what may follow in place of `token`; nothing for lines of anybody else.

    `line` is the text up to the cursor, `token` its last part as IPython cuts it: anew after an "=".
    """
    line = line.lstrip()
    start = next((start for start in groups if line.startswith(start)), "")
    if not start:
        return []
    group, typed = groups[start], line[len(start) :]
    try:
        words = shlex.split(typed)
    except ValueError:
        return []  # a quote is open
    if words and words[0] not in group.table and (len(words) > 1 or typed[-1:].isspace()):
        return []
    incomplete = "" if not words or typed[-1].isspace() else words.pop()
    # What IPython has cut off, such as "dataset=" before the name of a set.
    kept = incomplete[: len(incomplete) - len(token)] if incomplete.endswith(token) else ""
    items = ShellComplete(group, {"obj": call}, group.name or "", "").get_completions(words, incomplete)
    texts = [item.value for item in items if item.type == "plain"]
    texts = [text if " " not in text else f'"{text}"' for text in texts]
    return [text.removeprefix(kept) for text in texts if text.startswith(kept)]
