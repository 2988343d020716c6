"""What the demo prints: a line when something has happened, never wider than a terminal, and how long each part took."""

from __future__ import annotations

import time
from typing import Final

import click

from cli.render import cut_text, text_width, visible

WIDTH: Final = 100
_MARGIN: Final = " " * 12


class DemoScreen:
    """Prints the demo's lines as things happen, and counts them."""

    def __init__(self) -> None:
        """Begin with an empty screen."""
        self.lines: list[str] = []
        self._since = time.monotonic()

    def say(self, text: str = "") -> None:
        """Print a line."""
        line = cut_text(visible(text), WIDTH)
        self.lines.append(line)
        click.echo(line)

    def part(self, number: int, name: str, text: str, right: str = "") -> None:
        """Print the first line of a numbered part, with something at its right end."""
        self.say(_apart(f"{f'{number} {name}':<{len(_MARGIN)}}{text}", right))

    def more(self, text: str, right: str = "") -> None:
        """Print a further line of a part."""
        self.say(_apart(f"{_MARGIN}{text}", right))

    def seconds(self) -> str:
        """Return how long it is since this was asked last."""
        now, since = time.monotonic(), self._since
        self._since = now
        return f"{now - since:.1f} s"


def _apart(left: str, right: str) -> str:
    if not right:
        return left
    room = WIDTH - text_width(right) - 2
    left = cut_text(left, room)
    return left + " " * (room - text_width(left)) + "  " + right
