"""Looking for words in lists, against a loop over everything that does the same in plain words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, select

from projections.covers import COVERS, HELD
from projections.directory_tables import NAMES
from projections.inbox import CONSIGNMENTS
from projections.word_search import Searched, first_rows

_WORDS = st.sampled_from(("bir", "ikki", "uch", "bir-ikki", "тўрт"))
_TEXTS = st.lists(_WORDS, max_size=3).map(" ".join)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Letter:
    """A letter to some recipients; a letter without a subject waits for its cover."""

    subject: str | None
    sender: str
    recipients: frozenset[str]


_LETTERS = st.builds(
    _Letter,
    subject=st.none() | _TEXTS,
    sender=st.sampled_from(("a", "b", "nameless")),
    recipients=st.frozensets(st.sampled_from("abc"), max_size=3),
)


@contextmanager
def _views(letters: Sequence[_Letter], names: dict[str, list[str]]) -> Iterator[Connection]:
    """Give views with these letters, the first at position 0, and what organisations are called in one language or several."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        for table in (COVERS, CONSIGNMENTS, NAMES):
            table.create(connection)
        for position, letter in enumerate(letters):
            named = position.to_bytes(4, "big")
            cover = {"cover": named, "position": position, "size_bytes": 1, "state": HELD, "tries": 0, "subject": letter.subject}
            connection.execute(COVERS.insert().values(cover))
            here = {
                "letter": named,
                "position": position,
                "at": 0,
                "sender": letter.sender,
                "capacity": "action",
                "state": "open",
            }
            for recipient in sorted(letter.recipients):
                connection.execute(CONSIGNMENTS.insert().values(here | {"recipient": recipient}))
        rows = [
            {"organisation": one, "place": place, "language": "uz", "text": text}
            for one, texts in names.items()
            for place, text in enumerate(texts)
        ]
        if rows:
            connection.execute(NAMES.insert(), rows)
        yield connection
    engine.dispose()


def _outbox(connection: Connection, words: str, limit: int | None = None) -> list[int]:
    """Return the positions of letters found by their subjects and the names of any recipient, the newest first."""
    chosen = select(COVERS).select_from(COVERS).order_by(COVERS.c.position.desc())
    searched = Searched(key=(COVERS.c.position,), text=COVERS.c.subject, letter=COVERS.c.cover)
    return [row.position for row in first_rows(connection, chosen, words, limit, searched)]


def _inbox(connection: Connection, words: str) -> list[tuple[int, str]]:
    """Return the positions and recipients of what is found by its subject and the names of its sender."""
    here = CONSIGNMENTS.c
    chosen = select(CONSIGNMENTS, COVERS.c.subject).select_from(CONSIGNMENTS).join(COVERS, COVERS.c.cover == here.letter)
    searched = Searched(key=(here.letter, here.recipient), text=COVERS.c.subject, organisation=here.sender)
    rows = first_rows(connection, chosen.order_by(here.position, here.recipient), words, None, searched)
    return [(row.position, row.recipient) for row in rows]


@given(
    letters=st.lists(_LETTERS, max_size=5),
    names=st.dictionaries(st.sampled_from("abc"), st.lists(_TEXTS, min_size=1, max_size=2)),
    words=st.lists(_WORDS, min_size=1, max_size=3),
    limit=st.none() | st.integers(1, 4),
)
def test_exactly_what_has_all_words_in_its_subject_and_one_partys_names_is_found(
    letters: list[_Letter], names: dict[str, list[str]], words: list[str], limit: int | None
) -> None:
    def has_all(letter: _Letter, *parties: str) -> bool:
        told = [" ".join((letter.subject or "", *names.get(party, ()))) for party in parties] or [letter.subject or ""]
        return any(all(word in text for word in words) for text in told)

    with _views(letters, names) as connection:
        sent = [at for at, letter in enumerate(letters) if has_all(letter, *letter.recipients)][::-1]
        assert _outbox(connection, " ".join(words), limit) == sent[:limit]
        received = [
            (at, recipient)
            for at, letter in enumerate(letters)
            if has_all(letter, letter.sender)
            for recipient in sorted(letter.recipients)
        ]
        assert _inbox(connection, " ".join(words)) == received


def test_more_lines_and_more_recipients_are_found_than_one_statement_asks_for() -> None:
    committees = [f"mfy-{number:04}" for number in range(1_201)]
    letters = [_Letter(subject="reja", sender="ministry", recipients=frozenset({one})) for one in committees]
    letters.append(_Letter(subject="hisobot", sender="ministry", recipients=frozenset(committees)))
    with _views(letters, {one: [f"Маҳалла {one}"] for one in committees}) as connection:
        assert _outbox(connection, "mahalla") == list(range(1_201, -1, -1))
        assert _outbox(connection, "mahalla reja", limit=700) == list(range(1_200, 500, -1))
        assert _outbox(connection, "mfy-1200") == [1_201, 1_200]
        assert _outbox(connection, "mfy-1200 hisobot") == [1_201]
        assert len(_inbox(connection, "reja")) == len(committees)
