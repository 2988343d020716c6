"""A draft being signed travels as one file: whole, canonical, and refused if anything in it is not what its letter names."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from adapters.documents import read_document
from adapters.documents_folder import FolderDocuments
from adapters.draft_writing import DraftOutline, NewFile, write_draft
from adapters.drafts import load_draft
from adapters.frozen_letters import FrozenLetter, freeze
from adapters.plain_zip import write_plain_zip
from adapters.travelling_drafts import (
    CollectedSignature,
    TravellingDraft,
    TravellingDraftError,
    add_signature,
    draft_file_name,
    read_travelling_draft,
    store_travelling,
    write_travelling_draft,
)
from domain.catalogue import payload_type_of
from domain.events import Access, Addressee, LetterDispatched, LetterSuperseded, References
from domain.header import Header
from domain.ids import Digest, EventId, LetterId, OfficerId, OrgId, sha256
from schemas.codec import LedgerCodec

SIGNERS = (sha256(b"minister"), sha256(b"deputy"))
PAYLOAD_TYPE = payload_type_of(LetterDispatched)
HEADER = Header(
    ledger=Digest(bytes(32)),
    event_id=EventId(bytes(16)),
    organisation=OrgId("ministry"),
    officer=OfficerId("minister"),
    mandate=None,
    signers=SIGNERS,
    signed_at=1,
    not_after=2,
    seen=None,
)


def letter_of(folder: Path) -> FrozenLetter:
    outline = DraftOutline(subject="Төлөвлөгөө", language="mn-Cyrl", to=("a",))
    files = (NewFile(name="Хат.txt", content="Матн".encode()), NewFile(name="b.bin", content=bytes(700_000)))
    return freeze(load_draft(write_draft(folder, outline, files).parent), salt=bytes(16))


def payload_of(letter: FrozenLetter) -> bytes:
    addressee = Addressee(organisation=OrgId("a"), group=None, capacity="action", attention=None)
    body = LetterDispatched(
        header=HEADER,
        kind="letter",
        language="mn-Cyrl",
        urgency="ordinary",
        access=Access(level="open", basis=None, until=None),
        cover=letter.cover.entry,
        documents=tuple(document.entry for document in letter.documents),
        addressees=(addressee,),
        acknowledge_by=None,
        reply_by=None,
        references=References(answers=(), follows=(), replaces=(), relates=()),
        approvals=(),
        case_index=None,
    )
    return LedgerCodec().encode_body(body)


@pytest.fixture
def letter(tmp_path: Path) -> FrozenLetter:
    return letter_of(tmp_path / "draft")


@pytest.fixture
def draft(letter: FrozenLetter, tmp_path: Path) -> TravellingDraft:
    path = tmp_path / draft_file_name("t-7F3KQ2")
    return write_travelling_draft(path, payload_type=PAYLOAD_TYPE, payload=payload_of(letter), letter=letter)


def signature(signer: int, value: bytes = b"signature") -> CollectedSignature:
    return CollectedSignature(signer=SIGNERS[signer], algorithm="ecdsa-p256-sha256", signature=value)


def test_everything_that_is_signed_arrives(draft: TravellingDraft, letter: FrozenLetter, tmp_path: Path) -> None:
    read = read_travelling_draft(draft.path)
    assert draft.path.name == "letter-t-7F3KQ2.ortoo-draft"
    assert (read.payload_type, read.payload) == (PAYLOAD_TYPE, payload_of(letter))
    assert (read.signatures, read.missing_signers) == ((), SIGNERS)
    store = FolderDocuments(tmp_path / "store")
    store_travelling(store, read)
    for document in letter.everything:
        with document.open() as reader:
            assert read_document(store, document.entry.sha256, document.entry.size_bytes) == reader.read()


def test_signatures_come_one_by_one_and_stand_in_the_order_of_the_header(draft: TravellingDraft) -> None:
    add_signature(add_signature(draft, signature(1)), signature(0, b"first"))
    read = read_travelling_draft(draft.path)
    assert read.signatures == (signature(0, b"first"), signature(1))
    assert read.missing_signers == ()


def test_nobody_signs_twice_and_no_stranger_signs(draft: TravellingDraft) -> None:
    signed = add_signature(draft, signature(1))
    stranger = CollectedSignature(signer=sha256(b"stranger"), algorithm="ed25519", signature=b"x")
    for unwanted in (signature(1, b"again"), stranger):
        with pytest.raises(TravellingDraftError, match="not among the signers"):
            add_signature(signed, unwanted)
    assert read_travelling_draft(draft.path).signatures == (signature(1),)


def test_any_zip_program_opens_it(draft: TravellingDraft, letter: FrozenLetter) -> None:
    with zipfile.ZipFile(draft.path) as archive:
        assert archive.testzip() is None
        assert archive.read("payload") == payload_of(letter)
        assert len(archive.namelist()) == 2 + 3


def test_the_same_letter_gives_the_same_file(letter: FrozenLetter, draft: TravellingDraft, tmp_path: Path) -> None:
    again = write_travelling_draft(tmp_path / "again", payload_type=PAYLOAD_TYPE, payload=payload_of(letter), letter=letter)
    assert again.path.read_bytes() == draft.path.read_bytes()


def test_a_file_that_is_there_is_not_overwritten(letter: FrozenLetter, draft: TravellingDraft) -> None:
    before = draft.path.read_bytes()
    with pytest.raises(TravellingDraftError, match="not written"):
        write_travelling_draft(draft.path, payload_type=PAYLOAD_TYPE, payload=payload_of(letter), letter=letter)
    assert draft.path.read_bytes() == before


def test_a_document_larger_than_the_limit_here_is_refused(draft: TravellingDraft) -> None:
    with pytest.raises(TravellingDraftError, match="limit is 1,000"):
        read_travelling_draft(draft.path, limit_bytes=1000)


def test_a_file_exchanged_after_it_was_read_gives_no_other_document(draft: TravellingDraft) -> None:
    digest = draft.documents[-1].sha256
    content = bytearray(draft.path.read_bytes())
    entry = draft.entries[-1]
    content[entry.start] ^= 1
    draft.path.write_bytes(content)
    with pytest.raises(TravellingDraftError, match="was not used"):
        draft.open(digest)


@pytest.mark.parametrize("mark", ["", "../x", "a/b", "t 1", "t-Ў"])
def test_a_mark_that_is_no_mark_names_no_file(mark: str) -> None:
    with pytest.raises(TravellingDraftError):
        draft_file_name(mark)


def contents_of(draft: TravellingDraft) -> dict[str, bytes]:
    with zipfile.ZipFile(draft.path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path: Path, contents: dict[str, bytes]) -> None:
    with path.open("w+b") as target:
        write_plain_zip(target, [(name, io.BytesIO(content)) for name, content in contents.items()])


def other_event() -> dict[str, bytes]:
    body = LetterSuperseded(header=HEADER, letter=LetterId(bytes(32)), by=LetterId(bytes(32)), cover=None)
    return {"payload-type": payload_type_of(LetterSuperseded).encode(), "payload": LedgerCodec().encode_body(body)}


STRANGER = sha256(b"x").hex()
CHANGES: dict[str, dict[str, bytes | None]] = {
    "no payload": {"payload": None},
    "an empty payload": {"payload": b""},
    "a payload longer than any record": {"payload": bytes(70_000)},
    "a payload that is no letter": {"payload": b"\xc3\x01" + bytes(60)},
    "another payload type": {"payload-type": b"application/vnd.ortoo.letter.recalled.v1+avro"},
    "a payload type beyond ASCII": {"payload-type": "тип".encode()},
    "another event": dict(other_event()),
    "a name that is not expected": {"README.txt": b"hello"},
    "a way up": {"../../.bashrc": b"rm"},
    "a document that the letter does not name": {f"documents/{STRANGER}": b"x"},
    "a signature of a stranger": {f"signatures/{STRANGER}.ed25519": b"x"},
    "two signatures of one": {f"signatures/{SIGNERS[0].hex()}.{a}": b"x" for a in ("ed25519", "ecdsa-p256-sha256")},
    "a signature without end": {f"signatures/{SIGNERS[0].hex()}.ed25519": bytes(129)},
    "an empty signature": {f"signatures/{SIGNERS[0].hex()}.ed25519": b""},
    "an algorithm that is a path": {f"signatures/{SIGNERS[0].hex()}.ed/../25519": b"x"},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES.keys())
def test_a_file_that_holds_something_else_is_refused(changes: dict[str, bytes | None], draft: TravellingDraft) -> None:
    merged: dict[str, bytes | None] = {**contents_of(draft), **changes}
    rewrite(draft.path, {name: content for name, content in merged.items() if content is not None})
    with pytest.raises(TravellingDraftError):
        read_travelling_draft(draft.path)


@pytest.mark.parametrize("change", ["missing", "one byte swapped", "shorter", "exchanged"])
def test_a_document_that_is_not_the_one_named_is_refused(change: str, draft: TravellingDraft) -> None:
    contents = contents_of(draft)
    first, second = [name for name in contents if name.startswith("documents/")][:2]
    if change == "missing":
        del contents[first]
    elif change == "one byte swapped":
        contents[first] = bytes([contents[first][0] ^ 1]) + contents[first][1:]
    elif change == "shorter":
        contents[first] = contents[first][:-1]
    else:
        contents[first], contents[second] = contents[second], contents[first]
    rewrite(draft.path, contents)
    with pytest.raises(TravellingDraftError):
        read_travelling_draft(draft.path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(TravellingDraftError, match="cannot be read"):
        read_travelling_draft(tmp_path / "absent")
