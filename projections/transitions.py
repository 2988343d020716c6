"""The table of consignments (domain.consignments) as SQL: what an act makes of a column of states. There is no second table."""

from __future__ import annotations

from sqlalchemy import Case, ColumnElement, case

from domain.consignments import TRANSITIONS, ConsignmentAct, ConsignmentState


def moves_of(act: ConsignmentAct) -> dict[ConsignmentState, ConsignmentState]:
    """Return which states an act changes, and into which; the others stay or the act is rejected in them."""
    return {
        before: after
        for (before, of), after in TRANSITIONS.items()
        if of is act and isinstance(after, ConsignmentState) and after is not before
    }


def after(act: ConsignmentAct, state: ColumnElement[str]) -> Case[str]:
    """Return the expression for a state after an act."""
    moves = {before.value: to.value for before, to in moves_of(act).items()}
    return case(moves, value=state, else_=state)


def is_moved_by(act: ConsignmentAct, state: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition that an act changes a state."""
    return state.in_([before.value for before in moves_of(act)])
