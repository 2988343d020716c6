"""A leaf of the verdict log comes out again as it went in, and nothing else is one."""

from __future__ import annotations

import pytest

from domain.ids import OrgId, sha256
from domain.reasons import Reason
from domain.verdicts import LeafInvalidError, Number, RegisterKind, Verdict, parse_leaf

VERDICT = Verdict(
    position=7,
    at=1_795_521_600_000,
    record_hash=sha256(b"record"),
    record_size_bytes=6,
    identity=sha256(b"identity"),
    reason=Reason.ACCEPTED,
    number=Number(organisation=OrgId("ministry"), register=RegisterKind.OUTGOING, year=2026, serial=165),
)


def test_a_leaf_says_what_the_verdict_said() -> None:
    leaf = parse_leaf(VERDICT.leaf())
    assert (leaf.position, leaf.at, leaf.reason) == (7, VERDICT.at, Reason.ACCEPTED)
    assert (leaf.record_hash, leaf.identity) == (VERDICT.record_hash, VERDICT.identity)
    assert (leaf.register, leaf.year, leaf.serial, leaf.original) == (RegisterKind.OUTGOING, 2026, 165, 0)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        VERDICT.leaf()[:-1],
        VERDICT.leaf() + b"\0",
        b"\2" + VERDICT.leaf()[1:],
        VERDICT.leaf()[:81] + b"\xff\xff" + VERDICT.leaf()[83:],
        VERDICT.leaf()[:91] + b"\7" + VERDICT.leaf()[92:],
    ],
    ids=["nothing", "cut", "extended", "another version", "an unknown reason", "an unknown register"],
)
def test_anything_else_is_no_leaf(raw: bytes) -> None:
    with pytest.raises(LeafInvalidError):
        parse_leaf(raw)
