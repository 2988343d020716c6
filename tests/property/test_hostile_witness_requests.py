"""Whatever is changed in a request to a witness, it cosigns the honest head or nothing; its own file likewise."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Final

from adapters.witness_errors import CheckpointRefusedError, HeadMovedError, WitnessFileError
from adapters.witness_logs import key_line, log_lines, read_witness_logs
from domain.cosignatures import cosignatures
from domain.notes import Note, parse_signature_lines
from tests.checkpoint_keys import SeededWitness
from tests.hunt.mutations import Mutator
from tests.witnessed_logs import OPERATOR, ORIGIN, GrownLog, TestWitness

HUNTING: Final = bool(os.environ.get("HUNT"))
REQUESTS: Final = 200_000 if HUNTING else 1_500
FILES: Final = 50_000 if HUNTING else 400
LOG: Final = GrownLog(20)
FORK: Final = GrownLog(20, story="other ", parts_at=3)


def test_a_changed_request_gets_the_honest_head_cosigned_or_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    honest, others = LOG.request(4, 9), [LOG.request(4, 12), FORK.request(4, 9), LOG.request(0, 4)]
    mutator, outcomes = Mutator(11), Counter[str]()
    made = TestWitness(tmp_path)
    made.witness.add_checkpoint(LOG.request(0, 4))
    for _ in range(REQUESTS):
        try:
            lines = parse_signature_lines(made.witness.add_checkpoint(mutator.changed(honest, others)))
        except CheckpointRefusedError as error:
            outcomes[str(error.status.value)] += 1
            continue
        except HeadMovedError:
            outcomes[str(HTTPStatus.CONFLICT.value)] += 1
            continue
        (head,) = made.memory.heads()
        assert (head.size, head.root) == (9, LOG.root(9))
        assert cosignatures(Note(text=LOG.note(9).text, lines=lines), [made.key.key])
        outcomes["cosigned"] += 1
        # Back to where the request begins, as if nothing had been asked.
        made.memory._connection.execute("UPDATE heads SET size = 4, root = ?", (LOG.root(4),))
    made.memory.close()
    assert set(outcomes) >= {"400", "403"}
    record_property("changed requests to a witness", dict(outcomes))


def test_a_changed_file_of_a_witness_is_refused_or_says_the_same(tmp_path: Path) -> None:
    file = tmp_path / "witness.toml"
    text = "\n".join([key_line(SeededWitness(7).key), *log_lines(ORIGIN, [OPERATOR.public])]).encode()
    mutator = Mutator(12)
    for _ in range(FILES):
        file.write_bytes(mutator.changed(text, [text]))
        try:
            found = read_witness_logs(file)
        except WitnessFileError:
            continue
        # A key, and whose it is, cannot be changed without its id telling.
        assert found.key == SeededWitness(7).key
        assert all(keys == (OPERATOR.public,) for keys in found.watched.values())
        assert set(found.watched) <= {ORIGIN}
