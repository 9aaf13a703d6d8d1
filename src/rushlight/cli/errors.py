"""What went wrong, for the person at the command line."""

from __future__ import annotations

import importlib.util
import sys


class CommandError(Exception):
    """Something the user can put right: one line that says what is wrong and what to do."""


class DivergedError(CommandError):
    """The loss or the weights are no numbers any more, or the loss has stayed too high."""


def report(message: str) -> None:
    """Says an error, in one line."""
    print(f"rushlight: error: {' '.join(message.split())}", file=sys.stderr)


# The packages of each extra, by the names they are imported by.
EXTRAS = {
    "vision": ("PIL",),
    "cli": ("PIL", "matplotlib", "tqdm"),
    "cuda13": ("cupy",),  # or cuda12
}


def require_extras(command: str, modules: tuple[str, ...] = EXTRAS["cli"]) -> None:
    """CommandError that says what to install, before any work is done."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if missing:
        raise CommandError(
            f"'rushlight {command}' needs {', '.join(missing)}: pip install 'rushlight[cli]'"
        )
