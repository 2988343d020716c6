"""Reading the values of a draft's `letter.toml`, collecting every problem with its line instead of stopping at the first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, TypeVar

from domain.errors import IdError
from domain.ids import OfficerId, OrgId, officer_id, organisation_id
from schemas.layouts import FORMS

T = TypeVar("T")
_UNSEEN: Final = re.compile("[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What no text of an event or cover may hold (formats.md, "Canonical Avro")."""
_HIDDEN: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What a key from a file may hold to draw on a terminal what nobody said."""
_INDEXED: Final = re.compile(r"(.+)\[([0-9]+)\]")


@dataclass(frozen=True, kw_only=True, slots=True)
class DraftProblem:
    """One thing that is wrong: the key or file, its line (0 if there is none), and why."""

    where: str
    why: str
    line: int = 0

    def __str__(self) -> str:
        said = f"{self.where} (line {self.line}): {self.why}" if self.line else f"{self.where}: {self.why}"
        return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", said)


def unseen_in(text: str) -> str | None:
    """Return the first character, as `U+000A`, that no text of an event or cover may hold; None if there is none."""
    found = _UNSEEN.search(text)
    return None if found is None else f"U+{ord(found[0]):04X}"


class Reading:
    """The values of one file; each method returns a value of the right type, if need be an empty one with a problem noted."""

    def __init__(self, values: dict[str, Any], source: str) -> None:
        self.values = values
        self.problems: list[DraftProblem] = []
        self._lines = source.splitlines()

    def problem(self, key: str, why: str) -> None:
        """Note a problem of a key."""
        self.problems.append(DraftProblem(where=key, why=why, line=self._line_of(key)))

    def require_known(self, known: Iterable[str]) -> None:
        """Note every key that nobody would read: most are misspelt, and a letter without its term is a different letter."""
        for key in self.values.keys() - set(known):
            self.problem(key, f"is no key of a letter; there are {', '.join(sorted(known))}")

    def required(self, key: str) -> Any:
        """Return a value that must be there."""
        if key not in self.values:
            self.problem(key, "is missing")
        return self.values.get(key, "missing")

    def text(self, key: str, limit_bytes: int) -> str:
        """Return a text that must be there and not be empty."""
        if key not in self.values:
            self.problem(key, "is missing")
            return ""
        return self.checked_text(key, self.values[key], limit_bytes)

    def checked_text(self, key: str, value: Any, limit_bytes: int) -> str:
        """Return a value as a text for the cover: one line, nothing invisible, within the limit."""
        if not isinstance(value, str) or not value.strip():
            self.problem(key, "must be a text that is not empty, in quotes")
            return ""
        unseen = unseen_in(value)
        if unseen is not None:
            self.problem(key, f"holds the invisible character {unseen} (a line break or a mark): leave it out")
        elif len(value.encode()) > limit_bytes:
            self.problem(key, f"has {len(value.encode()):,} bytes; the limit is {limit_bytes:,}")
        return value

    def one_of(self, key: str, allowed: Iterable[str], default: str) -> str:
        """Return a code of a closed set."""
        value = self.values.get(key, default)
        if not isinstance(value, str) or value not in allowed:
            self.problem(key, f"{value!r} is none of {', '.join(sorted(allowed))}")
            return default
        return value

    def form(self, key: str, form: str, limit_bytes: int) -> str:
        """Return a value of a shape that must be there."""
        if key not in self.values:
            self.problem(key, "is missing")
            return ""
        return self.optional_form(key, form, limit_bytes) or ""

    def optional_form(self, key: str, form: str, limit_bytes: int) -> str | None:
        """Return a value of a shape, None if it is not there or empty."""
        value = self.values.get(key, "")
        if value == "":
            return None
        if not isinstance(value, str) or not re.fullmatch(FORMS[form], value) or len(value) > limit_bytes:
            self.problem(key, f"{value!r} does not have the shape {FORMS[form]} of at most {limit_bytes} characters")
            return None
        return value

    def time(self, key: str) -> str | None:
        """Return a due time as it was written; TOML's own dates and times count as written without quotes."""
        value = self.values.get(key, "")
        if isinstance(value, (date, datetime)):
            return value.isoformat()
        if not isinstance(value, str):
            self.problem(key, 'must be a due time such as "2026-12-01", "2026-12-01T14:00", "+3d" or "+20s"')
            return None
        return value.strip() or None

    def words(self, key: str, limit: int) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.values.get(key, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or len(value) > limit or not all(isinstance(v, str) and v.strip() for v in value):
            self.problem(key, f"must be a list of at most {limit} texts in quotes")
            return ()
        if len(set(value)) != len(value):
            self.problem(key, "names something twice")
        return tuple(v.strip() for v in value)

    def ids(self, key: str, limit: int) -> tuple[OrgId, ...]:
        """Return a list of ids of organisations or groups."""
        made = (self._made(key, organisation_id, word) for word in self.words(key, limit))
        return tuple(organisation for organisation in made if organisation is not None)

    def attention(self, key: str) -> tuple[tuple[OrgId, OfficerId], ...]:
        """Return to whose attention the letter goes in which organisation."""
        pairs = []
        for organisation, officer in self._table(key).items():
            known = self._made(key, organisation_id, organisation)
            person = self._made(key, officer_id, officer)
            if known is not None and person is not None:
                pairs.append((known, person))
        return tuple(pairs)

    def texts(self, key: str, limit: int, limit_bytes: int) -> tuple[tuple[str, str], ...]:
        """Return the further texts of the cover by what they are about."""
        table = self._table(key)
        if len(table) > limit:
            self.problem(key, f"holds {len(table)} texts; the limit is {limit}")
        for about in table:
            if not re.fullmatch(FORMS["code"], about):
                self.problem(key, f"{about!r} is no code of what a text is about, such as remark")
        return tuple((about, self.checked_text(key, text, limit_bytes)) for about, text in table.items())

    def _table(self, key: str) -> dict[str, Any]:
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            self.problem(key, f'must be a table: [{key}], then lines `name = "text"`')
            return {}
        return value

    def _made(self, key: str, make: Callable[[str], T], word: Any) -> T | None:
        try:
            return make(str(word))
        except IdError as error:
            self.problem(key, str(error))
            return None

    def _line_of(self, key: str) -> int:
        """Return the line on which a key stands, 0 if it does not; the parser does not tell, so the text is searched."""
        indexed = _INDEXED.fullmatch(key)
        name, index = (indexed[1], int(indexed[2])) if indexed else (key, 0)
        table = re.compile(rf"\s*\[\[?\s*[\"']?{re.escape(name)}[\"']?\s*\]")
        tables = [number for number, line in enumerate(self._lines, 1) if table.match(line)]
        if index < len(tables):
            return tables[index]
        assignment = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=")
        return next((number for number, line in enumerate(self._lines, 1) if assignment.match(line)), 0)
