"""An outside auditor checks a whole ledger with nothing but its location, a trust file and what he kept himself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.audited_exchange import Audited, audited_exchange, codes


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    with audited_exchange(tmp_path_factory.mktemp("audited")) as made:
        yield made


def test_a_ledger_without_fault_passes(audited: Audited) -> None:
    kept = audited.kept(audited.pair())
    answer = audited.audit(None, "--checkpoint", kept, "--store", f"sqlite:///{audited.store}")
    print(answer.out, answer.err)
    assert answer.code == 0
