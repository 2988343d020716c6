"""Rules 1: for every type of event its rule, each written in the module of what it is about."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from domain import directory_rules, dispatch, enrolment, exchange, groups, receipts, registers, senders
from domain.events import Body
from domain.rules import Rule

_RULES: Final = (
    *exchange.RULES,
    *directory_rules.RULES,
    *enrolment.RULES,
    *groups.RULES,
    *registers.RULES,
    *dispatch.RULES,
    *senders.RULES,
    *receipts.RULES,
)

RULES_1: Final[Mapping[type[Body], Rule]] = MappingProxyType({rule.event: rule for rule in _RULES})
"""The rules of version 1; `ledger.opened` is judged by domain.genesis."""

RULEBOOKS: Final[Mapping[int, Mapping[type[Body], Rule]]] = MappingProxyType({1: RULES_1})
"""Every version of the rules that this program holds."""
