"""Replaying in any batches gives equal canonical dumps (events.md, "Things that must stay true")."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.wiring import passing_projector
from domain.ids import Digest
from projections.projector import BY_NAME, Projector
from tests.eventful_exchange import Eventful, eventful_exchange
from tests.eventful_office import eventful_office

CUTS = st.lists(st.integers(0, 80), max_size=20)
REBUILT = st.lists(st.sampled_from(sorted(BY_NAME)), max_size=2)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_exchange(tmp_path_factory.mktemp("exchange")) as made:
        yield made


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eventful]:
    with eventful_office(tmp_path_factory.mktemp("office")) as made:
        yield made


def dump_of(projector: Projector) -> Digest:
    return projector.canonical_dump()


@settings(max_examples=25, deadline=None)
@given(cuts=CUTS, rebuilt=REBUILT)
def test_any_batches_and_any_rebuilding_give_equal_dumps(told: Eventful, cuts: list[int], rebuilt: list[str]) -> None:
    require_equal_dumps(told, cuts, rebuilt)


@settings(max_examples=6, deadline=None)
@given(cuts=CUTS, rebuilt=REBUILT)
def test_so_do_those_of_an_office(office: Eventful, cuts: list[int], rebuilt: list[str]) -> None:
    require_equal_dumps(office, cuts, rebuilt)


def require_equal_dumps(told: Eventful, cuts: Sequence[int], rebuilt: Sequence[str]) -> None:
    """Fail unless views that are filled up to each cut, and some of them again, are those that are filled at one go."""
    at_one_go = passing_projector(told.station)
    at_one_go.catch_up()
    projector = passing_projector(told.station)
    for until in sorted(cuts):
        projector.catch_up(until=until, covers=0)
    for name in rebuilt:
        projector.rebuild(name)
    assert projector.catch_up() == told.end
    assert dump_of(projector) == dump_of(at_one_go)
    projector.close()
    at_one_go.close()


@settings(max_examples=10, deadline=None)
@given(until=st.integers(1, 71))
def test_a_prefix_has_one_dump_whether_the_store_goes_on_behind_it_or_not(told: Eventful, until: int) -> None:
    """What is asked of the store beside a batch can never change afterwards."""
    once, stepwise = passing_projector(told.station), passing_projector(told.station)
    once.catch_up(until=until)
    for step in range(until + 1):
        stepwise.catch_up(until=step, covers=0)
    assert dump_of(once) == dump_of(stepwise)
    once.close()
    stepwise.close()
