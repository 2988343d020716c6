"""The witness and its client beside another program's: the same requests, the same statuses, cosignatures that verify."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.witness import parse_request, request_body
from adapters.witness_errors import CheckpointRefusedError, HeadMovedError
from domain.cosignatures import cosignatures, parse_witness_key
from domain.notes import Note, parse_signature_lines
from tests.witnessed_logs import ORIGIN, TestWitness

RECORDED: Final[dict[str, Any]] = json.loads((Path(__file__).parent / "witness" / "litewitness.json").read_text("utf-8"))
EXCHANGES: Final[list[dict[str, Any]]] = RECORDED["exchanges"]
DIFFERENT: Final = {"another head of the same size": 409}
"""What the specification says, where the other program says something else."""


def request_of(exchange: dict[str, Any]) -> bytes:
    return base64.b64decode(exchange["request"])


def answer_of(made: TestWitness, request: bytes) -> tuple[int, str]:
    """Return the status with which this project's witness answers, and the size that it says it holds if that is a conflict."""
    try:
        made.witness.add_checkpoint(request)
    except HeadMovedError as error:
        return 409, f"{error.size}\n"
    except CheckpointRefusedError as error:
        return int(error.status), ""
    return 200, ""


def test_both_witnesses_answer_with_the_same_status(tmp_path: Path) -> None:
    made = TestWitness(tmp_path)
    assert RECORDED["origin"] == ORIGIN
    for exchange in EXCHANGES:
        status, held = answer_of(made, request_of(exchange))
        assert status == DIFFERENT.get(exchange["name"], exchange["status"]), exchange["name"]
        if exchange["status"] == 409:
            assert (exchange["content_type"], exchange["response"]) == ("text/x.tlog.size", held)
    made.memory.close()


@pytest.mark.parametrize(
    "exchange", [one for one in EXCHANGES if one["status"] == 200], ids=lambda exchange: exchange["name"].replace(" ", "_")
)
def test_what_the_other_witness_signed_verifies(exchange: dict[str, Any]) -> None:
    asked = parse_request(request_of(exchange))
    assert request_body(asked.old_size, asked.proof, asked.note) == request_of(exchange)
    answered = Note(text=asked.note.text, lines=parse_signature_lines(exchange["response"].encode()))
    (found,) = cosignatures(answered, [parse_witness_key(RECORDED["verifier_key"])])
    assert found.name == "witness.example/go"
