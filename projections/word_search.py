"""Looking for words in lists: in subjects and names, in whatever script (`projections.folding`), row by row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, func, null, select, tuple_

from projections.directory_tables import NAMES
from projections.folding import Word, occurs, said, sought
from projections.inbox import CONSIGNMENTS

_AT_ONCE: Final = 500
"""Rows read, and values asked for, in one statement: a page of a list has hardly more."""
_REMEMBERED: Final = 20_000
"""Words of which it is known at hand what occurs in them: those of a country's letters that are used at all often."""
_C: Final = CONSIGNMENTS.c

Words = frozenset[Word]


@dataclass(frozen=True, kw_only=True, slots=True)
class Searched:
    """Where words are looked for in a row that `key` tells from all others: in a text, and in what a party is called.

    A party is the `organisation`, or any recipient of the `letter`. Words that the text has not must all be in the names of one
    party: who looks for a ministry in a region wants no circular to another ministry and another body there.
    """

    key: Sequence[ColumnElement[Any]]
    text: ColumnElement[Any] | None = None
    organisation: ColumnElement[Any] | None = None
    letter: ColumnElement[Any] | None = None


def first_rows(
    connection: Connection, chosen: Select[Any], words: str | None, limit: int | None, searched: Searched
) -> Sequence[Row[Any]]:
    """Return the first rows of a statement, which says what it selects from, in which all words occur (None: any).

    Reading ends when there are enough. Rows in which nothing is found are not read whole, nor ever held all at once.
    """
    if words is None:
        return connection.execute(chosen.limit(limit)).all()
    keys = list(islice(_found(connection, chosen, words, searched), limit))
    rows: list[Row[Any]] = []
    for start in range(0, len(keys), _AT_ONCE):
        here = tuple_(*searched.key).in_(keys[start : start + _AT_ONCE])
        rows += connection.execute(chosen.where(here)).all()
    return rows


class _Search:
    """What is looked for, and what is known already: which of it occurs in a word, and in what organisations are called."""

    def __init__(self, connection: Connection, words: str) -> None:
        self._connection = connection
        self._wanted = frozenset(sought(words))
        # Letters repeat their words: each is folded once.
        self._occurring = lru_cache(maxsize=_REMEMBERED)(self._fold)
        self._lacking: dict[str, Words] | None = None
        self._called: dict[Words, frozenset[str]] = {}

    def lacking(self, text: str | None) -> Words:
        """Return the words that do not occur in a text; where there is none, that is all."""
        return self._wanted.difference(*map(self._occurring, (text or "").split()))

    def called(self, words: Words) -> frozenset[str]:
        """Return the organisations in whose names all words occur."""
        if words not in self._called:
            self._called[words] = frozenset(one for one, lacking in self._names().items() if words.isdisjoint(lacking))
        return self._called[words]

    def went_to(self, letters: Sequence[bytes], words: Words) -> frozenset[bytes]:
        """Return which of some letters have a recipient in whose names all words occur."""
        found: set[bytes] = set()
        called = sorted(self.called(words))
        for start in range(0, len(called), _AT_ONCE):
            # Not found by the index: that would look up each of some hundred recipients for each of some hundred letters.
            recipient = func.coalesce(_C.recipient, "").in_(called[start : start + _AT_ONCE])
            found.update(self._connection.execute(select(_C.letter).where(_C.letter.in_(letters) & recipient)).scalars())
        return frozenset(found)

    def _fold(self, word: str) -> Words:
        found = said(word)
        return frozenset(one for one in self._wanted if occurs(one, found))

    def _names(self) -> dict[str, Words]:
        if self._lacking is None:
            self._lacking = {}
            for row in self._connection.execute(select(NAMES.c.organisation, NAMES.c.text)):
                self._lacking[row.organisation] = self._lacking.get(row.organisation, self._wanted) & self.lacking(row.text)
        return self._lacking


def _found(connection: Connection, chosen: Select[Any], words: str, searched: Searched) -> Iterator[tuple[Any, ...]]:
    """Yield the keys of the rows in which all words occur, in their order."""
    search = _Search(connection, words)
    parts = [null() if one is None else one for one in (searched.text, searched.organisation, searched.letter)]
    narrow = chosen.with_only_columns(*searched.key, *parts)
    with connection.execute(narrow.execution_options(yield_per=_AT_ONCE)) as result:
        for rows in result.partitions():
            told = [(tuple(row[:-3]), search.lacking(row[-3]), row[-2], row[-1]) for row in rows]
            letters: defaultdict[Words, list[bytes]] = defaultdict(list)
            for _, lacking, _, letter in told:
                if lacking and letter is not None:
                    letters[lacking].append(letter)
            sent = {lacking: search.went_to(some, lacking) for lacking, some in letters.items()}
            for key, lacking, organisation, letter in told:
                if not lacking or organisation in search.called(lacking) or letter in sent.get(lacking, ()):
                    yield key
