"""The view over a store knows what the store knows, also what another process has written meanwhile."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

import adapters.view
from adapters.errors import StoreDamagedError
from adapters.store.ledger_store import LedgerStore
from adapters.view import StoreView
from tests.judged_history import some_history


def test_what_was_not_there_is_found_after_another_process_wrote_it(tmp_path: Path) -> None:
    history, url = some_history(), f"sqlite:///{tmp_path / 'store.sqlite'}"
    everything = {change.originator_id for judged in history.judged for change in judged.changes}
    with contextlib.closing(LedgerStore(url)) as store, contextlib.closing(LedgerStore(url)) as other:
        view = StoreView(store)
        assert {view.get(one) for one in everything} == {None}
        other.write(history.judged)
        view.stand_at(store.next_position())
        assert {one: view.get(one) for one in everything} == {one: history.view.get(one) for one in everything}


def test_what_this_process_wrote_stays_at_hand() -> None:
    history = some_history()
    with contextlib.closing(LedgerStore("sqlite://")) as store:
        view = StoreView(store)
        view.stand_at(0)
        for judged in history.judged:
            view.add(judged)
        store.write(view.pending, view.changed_states())
        view.settle()
        states = {state.id: state for state in history.view.states.values() if view.get(state.id) is not None}
        view.stand_at(store.next_position())
        assert all(view.get(one) is view.get(one) for one in states)
        assert {one: view.get(one) for one in states} == {one: store.state(one) for one in states}


def test_a_view_that_may_hold_little_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    history = some_history()
    monkeypatch.setattr(adapters.view, "CACHED_STATES", 4)
    with contextlib.closing(LedgerStore("sqlite://")) as store:
        view = StoreView(store)
        for start in range(0, history.position, 20):
            batch = history.judged[start : start + 20]
            for judged in batch:
                view.add(judged)
            store.write(view.pending, view.changed_states())
            view.settle()
        changed = {change.originator_id for judged in history.judged for change in judged.changes}
        assert {one: view.get(one) for one in changed} == {one: history.view.get(one) for one in changed}


@pytest.mark.parametrize("stored", [0, 7])
def test_the_roots_of_a_batch_are_those_of_the_store_that_holds_it_in_whatever_order_they_are_asked(stored: int) -> None:
    history = some_history()
    with contextlib.closing(LedgerStore("sqlite://")) as store, contextlib.closing(LedgerStore("sqlite://")) as whole:
        whole.write(history.judged)
        view = StoreView(store)
        store.write(history.judged[:stored])
        for judged in history.judged[stored:]:
            view.add(judged)
            size = judged.verdict.position + 1
            assert view.roots_at(size) == whole.roots_at(size)
        for size in (stored + 1, history.position, stored + 3, stored, history.position - 1):
            assert view.roots_at(size) == whole.roots_at(size)
        view.forget()
        for judged in history.judged[stored:]:
            view.add(judged)
        assert view.roots_at(history.position) == whole.roots_at(history.position)
        store.write(view.pending, view.changed_states())
        view.settle()
        assert view.roots_at(stored + 3) == whole.roots_at(stored + 3)


def test_a_time_is_that_of_the_batch_or_of_the_store_and_a_store_without_it_is_damaged() -> None:
    history = some_history()
    with contextlib.closing(LedgerStore("sqlite://")) as store:
        view = StoreView(store)
        store.write(history.judged[:7])
        view.add(history.judged[7])
        assert [view.time_at(position) for position in (3, 7)] == [history.judged[position].verdict.at for position in (3, 7)]
        with pytest.raises(StoreDamagedError, match="position 8 was judged, and its verdict is gone"):
            view.time_at(8)
