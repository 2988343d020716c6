"""The exchange as it stood: its genesis, and what the root keys changed up to a position, by the same rules that judged them."""

from __future__ import annotations

import contextlib
from typing import Final

from adapters.store.ledger_store import LedgerStore
from adapters.view import StoreView
from cli.views import Views
from domain.exchange import RULES, Exchange, exchange
from domain.genesis import judge_genesis
from domain.ids import ROOT
from domain.reading import read_record
from domain.rules import Case
from domain.verdicts import Judged
from projections.exchange_queries import exchange_positions

_BY_EVENT: Final = {rule.event: rule for rule in RULES}


def exchange_shown(views: Views) -> Exchange:
    """Return the exchange as these views show it: as it is, or as of an earlier position."""
    if not views.as_of:
        return views.exchange
    store, codec = views.station.parts.store, views.station.parts.codec
    with views.reading() as reading:
        positions = exchange_positions(reading)
    with contextlib.closing(LedgerStore("sqlite://")) as nothing_read_yet:
        view = StoreView(nothing_read_yet)
        for position in (0, *positions):
            entry = store.entry(position)
            reading_of = read_record(entry.record if entry else None, codec)
            if entry is None or reading_of.opened is None:
                continue
            if position == 0:
                view.add(judge_genesis(views.station.parts.follower.bench, view, reading_of, entry.verdict.at))
                continue
            body, verdict = reading_of.opened.body, entry.verdict
            case = Case(
                view=view,
                codec=codec,
                body=body,
                position=position,
                at=verdict.at,
                identity=verdict.identity,
                officers=(ROOT,),
            )
            changes = _BY_EVENT[type(body)].changes(case)
            view.add(Judged(verdict=verdict, record=entry.record, body=body, changes=changes))
        return exchange(view)
