"""Moving due times: never earlier, the same for every order of outages, and as much time outside them as was given."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from domain.ids import OrgId
from domain.outages import Outage, moved

SENT = 1_000
TIMES = st.integers(min_value=900, max_value=1_300)
TERMS = st.integers(min_value=1, max_value=100)
OUTAGES = st.lists(
    st.builds(lambda begins, lasts: outage(begins, begins + lasts), TIMES, st.integers(min_value=1, max_value=60)), max_size=8
)


def outage(begins: int, ends: int) -> Outage:
    return Outage(from_at=begins, until_at=ends, organisations=(OrgId("mfy-001"),), regions=(), position=1)


def free_between(start: int, stop: int, touching: list[Outage]) -> int:
    """Return how many milliseconds lie in no outage, counted one by one."""
    return sum(not any(one.from_at <= ms < one.until_at for one in touching) for ms in range(start, stop))


@given(TERMS, OUTAGES)
def test_the_moved_term_has_as_much_time_outside_outages_as_the_signed_one(term: int, touching: list[Outage]) -> None:
    due = moved(SENT + term, SENT, touching)
    assert due >= SENT + term
    assert free_between(SENT, due, touching) == term
    assert free_between(due - 1, due, touching) == 1


@given(TERMS, OUTAGES, st.randoms(use_true_random=False))
def test_the_order_of_outages_is_no_matter(term: int, touching: list[Outage], random: Random) -> None:
    other = list(touching)
    random.shuffle(other)
    assert moved(SENT + term, SENT, touching) == moved(SENT + term, SENT, other)


@given(TERMS, OUTAGES, OUTAGES)
def test_one_more_outage_never_makes_a_term_shorter(term: int, touching: list[Outage], more: list[Outage]) -> None:
    assert moved(SENT + term, SENT, [*touching, *more]) >= moved(SENT + term, SENT, touching)
