"""Where on the ledger the root keys changed the exchange itself: roots, trust anchors, checkpoint keys, rules."""

from __future__ import annotations

from sqlalchemy import Connection, select

from domain.exchange import RULES
from domain.ids import ROOT
from domain.reasons import Reason
from projections.archive import EVENTS


def exchange_positions(connection: Connection) -> tuple[int, ...]:
    """Return the positions of the accepted events that changed the exchange after its genesis, in their order."""
    own = EVENTS.c
    types = [rule.event.TYPE for rule in RULES]
    accepted = (own.officer == ROOT) & (own.reason == int(Reason.ACCEPTED)) & own.type.in_(types)
    return tuple(connection.execute(select(own.position).where(accepted).order_by(own.position)).scalars())
