"""Evidence of forks: proven from the notes alone, and nothing that is not one is taken for one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from domain.checkpoint_signatures import seen_of, verify_pair
from domain.checkpoints import Checkpoint, CheckpointPair, record_origin
from domain.errors import DomainError
from domain.forks import MAX_FORK_BYTES, Fork, claims_of, encode_fork, fork_between, parse_fork, verify_fork
from domain.ids import Digest, sha256
from domain.notes import Note, NoteInvalidError
from domain.proofs import ProofInvalidError
from domain.tree import Frontier, leaf_hash
from tests.checkpoint_keys import SeededOperator, signed_note, signed_pair

NAME, IDENTITY = "demo", sha256(b"identity")
OPERATOR, STRANGER = SeededOperator(1), SeededOperator(2)
KEY = OPERATOR.public.ed25519


class Log:
    """A log in memory: its roots at every size, and its subtrees."""

    def __init__(self, size: int, differs_from: int | None = None) -> None:
        leaves = [leaf_hash(b"other" if index == differs_from else b"%d" % index) for index in range(size)]
        _, completed = Frontier().extend(leaves)
        self.nodes = {(level, index): digest for level, index, digest in completed}
        self.roots = [Frontier().extend(leaves[:count])[0].root() for count in range(size + 1)]

    def node(self, level: int, index: int) -> Digest:
        return self.nodes[level, index]


HONEST, FORKED = Log(100), Log(100, differs_from=40)


def note(log: Log, size: int, operator: SeededOperator = OPERATOR, name: str = NAME) -> Note:
    return signed_note(Checkpoint(origin=record_origin(name, IDENTITY), size=size, root=log.roots[size]), operator)


def fork(claimed: int = 57, held: int = 90) -> Fork:
    return fork_between((note(FORKED, claimed), KEY), (note(HONEST, held), KEY), HONEST.node)


@pytest.mark.parametrize(("claimed", "held"), [(57, 57), (57, 58), (57, 100), (64, 100), (41, 64)])
def test_two_notes_over_different_histories_are_evidence(claimed: int, held: int) -> None:
    made = fork(claimed, held)
    found = parse_fork(encode_fork(made))
    assert found == made
    heads = verify_fork(found)
    assert [head.size for head in heads] == [claimed, held]
    assert heads[0].root == FORKED.roots[claimed]


@pytest.mark.parametrize("size", [1, 40, 57, 90])
def test_two_notes_of_one_history_are_none(size: int) -> None:
    with pytest.raises(ProofInvalidError, match="one history"):
        fork_between((note(HONEST, size), KEY), (note(HONEST, 90), KEY), HONEST.node)


FORGED: dict[str, Callable[[Fork], Fork]] = {
    "an invented root": lambda made: replace(made, root=sha256(b"x")),
    "no path": lambda made: replace(made, path=()),
    "a path too long": lambda made: replace(made, path=(*made.path, sha256(b"x"))),
    "a path in which one hash differs": lambda made: replace(made, path=(sha256(b"x"), *made.path[1:])),
    "a stranger's key": lambda made: replace(made, claimed_key=STRANGER.public.ed25519),
    "two strange keys": lambda made: replace(made, claimed_key=STRANGER.public.ed25519, held_key=STRANGER.public.ed25519),
    "a claim that a stranger signed": lambda made: replace(made, claimed=note(FORKED, 57, STRANGER)),
    "a head that a stranger signed": lambda made: replace(made, held=note(HONEST, 90, STRANGER)),
    "a claim of another ledger": lambda made: replace(made, claimed=note(FORKED, 57, name="other")),
    "a claim whose text was changed": lambda made: replace(
        made, claimed=Note(text=note(FORKED, 58).text, lines=made.claimed.lines)
    ),
    "a claim above the head that is held": lambda made: replace(made, claimed=note(FORKED, 95)),
}


@pytest.mark.parametrize("case", FORGED)
def test_forged_evidence_is_refused(case: str) -> None:
    with pytest.raises((NoteInvalidError, ProofInvalidError)):
        verify_fork(FORGED[case](fork()))


def test_a_key_that_followed_another_holds_the_operator_to_what_that_one_signed() -> None:
    held = (note(HONEST, 90, STRANGER), STRANGER.public.ed25519)
    found = parse_fork(encode_fork(fork_between((note(FORKED, 57), KEY), held, HONEST.node)))
    assert [head.size for head in verify_fork(found)] == [57, 90]


def test_an_events_seen_is_half_of_the_evidence() -> None:
    roots = (FORKED.roots[57], HONEST.roots[57])
    seen = seen_of(verify_pair(signed_pair(NAME, IDENTITY, 57, roots, OPERATOR), NAME, IDENTITY, (OPERATOR.public,)))
    claimed, verdicts = claims_of(seen, NAME, IDENTITY, KEY)
    found = fork_between((claimed, KEY), (note(HONEST, 90), KEY), HONEST.node)
    assert verify_fork(parse_fork(encode_fork(found)))[0].root == FORKED.roots[57]
    assert CheckpointPair(records=claimed, verdicts=verdicts).size == 57
    for changed in (replace(seen, root=HONEST.roots[57]), replace(seen, size=58), replace(seen, verdict_signature=bytes(64))):
        with pytest.raises(NoteInvalidError):
            claims_of(changed, NAME, IDENTITY, KEY)


def test_every_cut_and_every_flipped_byte_of_evidence_is_refused_or_proves_the_same() -> None:
    raw = encode_fork(fork())
    heads = verify_fork(parse_fork(raw))
    changed = [raw[:cut] for cut in range(0, len(raw), 7)]
    changed += [raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] for at in range(0, len(raw), 5)]
    changed += [raw + b"\n", raw + raw, b"", b"x" * (MAX_FORK_BYTES + 1)]
    accepted = 0
    for one in changed:
        try:
            assert verify_fork(parse_fork(one)) == heads
            accepted += 1
        except DomainError:
            continue
    # The lattice lines are no part of the proof; a byte of one that is still base64 changes nothing.
    assert accepted < len(changed)
