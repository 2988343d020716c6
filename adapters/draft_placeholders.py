"""Placeholders in the texts of a template: `{name}`, and `{{` and `}}` for braces that are meant.

Values are put between the literal parts of a text that was taken apart before; what they hold is never read again.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Final

from adapters.draft_reading import unseen_in
from adapters.errors import AdapterError

NAME_LIMIT: Final = 40
VALUE_LIMIT_BYTES: Final = 8000
"""As long as a text of a cover may be; more is a document of its own."""
_BRACES: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_NAME: Final = re.compile(r"[^\W\d_][\w-]*")
_CONTROLS: Final = frozenset({"Cc", "Zl", "Zp"})
"""Categories of characters that control, or begin a new line or paragraph."""


class PlaceholderError(AdapterError):
    """A text whose braces are no placeholders; says which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """A text taken apart: literal parts, one more than there are names between them."""

    literals: tuple[str, ...]
    names: tuple[str, ...]

    def size_bytes(self, values: Mapping[str, str]) -> int:
        """Return how long the text with its values will be, in UTF-8."""
        sizes = {name: len(value.encode()) for name, value in values.items()}
        return sum(len(part.encode()) for part in self.literals) + sum(sizes[name] for name in self.names)

    def filled(self, values: Mapping[str, str]) -> str:
        """Return the text with its values; each name must have one."""
        between = (*(values[name] for name in self.names), "")
        return "".join(chain.from_iterable(zip(self.literals, between, strict=True)))


def pattern_of(text: str) -> Pattern:
    """Return a text taken apart; raise `PlaceholderError` for a brace that is neither doubled nor part of a placeholder."""
    literals, names, start, part = [], [], 0, ""
    for found in _BRACES.finditer(text):
        part += text[start : found.start()]
        start = found.end()
        if found[0] in {"{{", "}}"}:
            part += found[0][0]
        else:
            names.append(_name(found[0], found[1]))
            literals.append(part)
            part = ""
    return Pattern(literals=(*literals, part + text[start:]), names=tuple(names))


def placeholder_name(text: str) -> str:
    """Return the name of a placeholder in the one form in which names are compared (NFC)."""
    return unicodedata.normalize("NFC", text)


def why_not_a_value(value: str) -> str | None:
    """Return why a text cannot stand for a placeholder, None if it can: one line, nothing that controls, within the limit."""
    control = next((f"U+{ord(one):04X}" for one in value if unicodedata.category(one) in _CONTROLS), None) or unseen_in(value)
    if control is not None:
        return f"holds the invisible character {control} (a line break or a mark): leave it out"
    size_bytes = len(value.encode())
    return f"has {size_bytes:,} bytes; the limit is {VALUE_LIMIT_BYTES:,}" if size_bytes > VALUE_LIMIT_BYTES else None


def _name(written: str, inside: str | None) -> str:
    name = placeholder_name(inside or "")
    if not _NAME.fullmatch(name) or len(name) > NAME_LIMIT:
        raise PlaceholderError(
            f"{written[:NAME_LIMIT]!r} is no placeholder: write {{name}} with letters, digits, _ and -, at most {NAME_LIMIT} of "
            "them; double a brace that is meant, {{ or }}"
        )
    return name
