"""Drafts: what `letter.toml` says, every problem with its line, and the freezing before the first signature."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from adapters.covers import decode_cover
from adapters.documents import read_document
from adapters.documents_folder import FolderDocuments
from adapters.draft_writing import DraftOutline, NewFile, write_draft
from adapters.drafts import LETTER_FILE, Draft, DraftError, load_draft
from adapters.frozen_letters import freeze, store_frozen
from cli.demo_letters import load_letters

SALT = bytes(16)
MINIMAL = 'subject = "Sinov"\nlanguage = "uz-Latn"\nto = ["mfy-001"]\ndocument = "xat.txt"\n'


def draft_of(folder: Path, text: str, **files: bytes) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / LETTER_FILE).write_text(text, encoding="utf-8")
    (folder / "xat.txt").write_bytes("Хурматли ҳамкасблар!".encode())
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_bytes(content)
    return folder


def problems_of(folder: Path) -> list[str]:
    with pytest.raises(DraftError) as caught:
        load_draft(folder)
    return [str(problem) for problem in caught.value.problems]


def test_the_least_that_a_letter_needs(tmp_path: Path) -> None:
    draft = load_draft(draft_of(tmp_path, MINIMAL))
    assert (draft.kind, draft.urgency, draft.access, draft.to) == ("letter", "ordinary", "open", ("mfy-001",))
    assert (draft.main.file, draft.main.name, draft.main.media_type) == ("xat.txt", "xat.txt", "text/plain")
    assert (draft.acknowledge_by, draft.reply_by, draft.case_index, draft.attachments) == (None, None, None, ())


def test_all_that_a_letter_can_say(tmp_path: Path) -> None:
    text = """
kind = "instruction"
language = "mn-Cyrl"
urgency = "urgent"
access = "restricted"
access_basis = "official-use"
subject = "Төлөвлөгөө хүргүүлэх тухай"
to = ["soum-1", "soum-2"]
copy = "cabinet"
groups = ["departments"]
copy_groups = ["agencies"]
acknowledge_by = 2026-12-01
reply_by = "+3d"
answers = ["out:165@2025"]
follows = ["a1b2c3"]
replaces = ["#3"]
relates = ["in:17"]
case = "01-07"
document = { file = "xat.txt", name = "Албан бичиг.txt" }

[[attachments]]
file = "plan.pdf"
name = "Төлөвлөгөө.pdf"

[[attachments]]
file = "data.bin"
media_type = "application/x-sav"

[attention]
soum-1 = "bat"

[texts]
remark = "Яаралтай"
"""
    draft = load_draft(draft_of(tmp_path, text, plan_pdf=b"%PDF-1.7", data_bin=b"\0\1"))
    assert (draft.kind, draft.urgency, draft.access, draft.access_basis) == (
        "instruction",
        "urgent",
        "restricted",
        "official-use",
    )
    assert (draft.to, draft.copy, draft.groups, draft.copy_groups) == (
        ("soum-1", "soum-2"), ("cabinet",), ("departments",), ("agencies",),
    )  # fmt: skip
    assert (draft.acknowledge_by, draft.reply_by, draft.case_index) == ("2026-12-01", "+3d", "01-07")
    assert (draft.answers, draft.follows, draft.replaces, draft.relates) == (("out:165@2025",), ("a1b2c3",), ("#3",), ("in:17",))
    assert draft.attention == (("soum-1", "bat"),)
    assert [(file.name, file.media_type) for file in (draft.main, *draft.attachments)] == [
        ("Албан бичиг.txt", "text/plain"),
        ("Төлөвлөгөө.pdf", "application/pdf"),
        ("data.bin", "application/x-sav"),
    ]
    assert [(text.about, text.text) for text in draft.texts] == [("remark", "Яаралтай")]


def test_a_byte_order_mark_and_windows_line_ends_are_no_problem(tmp_path: Path) -> None:
    folder = draft_of(tmp_path, MINIMAL)
    (folder / LETTER_FILE).write_bytes(b"\xef\xbb\xbf" + MINIMAL.replace("\n", "\r\n").encode())
    assert load_draft(folder).subject == "Sinov"


def test_every_problem_is_listed_with_its_line(tmp_path: Path) -> None:
    text = """kind = "novel"
languag = "uz"
urgency = "now"
subject = "one\\ntwo"
to = ["MFY 001", "mfy-001"]
acknowledge_by = 3
case = "a b"
document = "../secret.txt"
[[attachments]]
file = "absent.pdf"
[[attachments]]
file = "xat.txt"
media_type = "text"
"""
    found = problems_of(draft_of(tmp_path, text))
    for start in (
        "kind (line 1)", "languag (line 2)", "language: is missing", "urgency (line 3)", "subject (line 4)", "to (line 5)",
        "acknowledge_by (line 6)", "case (line 7)", "document (line 8)", "attachments[0] (line 9)", "attachments[1] (line 11)",
    ):  # fmt: skip
        assert [problem for problem in found if problem.startswith(start)], start
    assert len(found) == 11


BAD_DRAFTS = {
    "nobody addressed": (MINIMAL.replace('["mfy-001"]', "[]"), "nobody is addressed"),
    "no subject": (MINIMAL.replace('subject = "Sinov"\n', ""), "subject: is missing"),
    "an empty subject": (MINIMAL.replace("Sinov", " "), "not empty"),
    "a subject over its limit": (MINIMAL.replace("Sinov", "ў" * 1001), "2,002 bytes"),
    "a subject that is shown backwards": (MINIMAL.replace("Sinov", "\u202etxt.exe"), "U+202E"),
    "no document": (MINIMAL.replace('document = "xat.txt"\n', ""), "document: is missing"),
    "the draft itself as its document": (MINIMAL.replace("xat.txt", LETTER_FILE), "no file of the draft"),
    "a folder as a document": (MINIMAL.replace("xat.txt", "."), "no file of the draft"),
    "an absolute path": (MINIMAL.replace("xat.txt", "/etc/passwd"), "no file of the draft"),
    "a document that is a number": (MINIMAL.replace('"xat.txt"', "7"), "must be a file name"),
    "an unknown key of a file": (MINIMAL.replace('"xat.txt"', '{ file = "xat.txt", title = "x" }'), "must be a file name"),
    "attachments that are no list": (MINIMAL + 'attachments = "xat.txt"\n', "must be a list"),
    "more attachments than an event takes": (MINIMAL + f"attachments = {['xat.txt'] * 100}\n", "fewer than 100"),
    "an organisation twice": (MINIMAL.replace('["mfy-001"]', '["a", "a"]'), "twice"),
    "attention that is no table": ('attention = "x"\n' + MINIMAL, "must be a table"),
    "attention to the roots": (MINIMAL + '[attention]\nmfy-001 = "root"\n', "not an id of an officer"),
    "a text about no code": (MINIMAL + '[texts]\n"two words" = "x"\n', "no code"),
    "too many references": (MINIMAL + f"relates = {[str(i) for i in range(17)]}\n", "at most 16"),
    "what is no TOML": ("subject = Sinov", "not TOML"),
    "a key given twice": (MINIMAL + 'subject = "again"\n', "not TOML"),
    "far too long": (MINIMAL + "# " + "x" * 1_100_000, "more than 1,048,576 bytes"),
}


@pytest.mark.parametrize(("text", "why"), BAD_DRAFTS.values(), ids=BAD_DRAFTS.keys())
def test_a_draft_that_cannot_become_a_letter_says_why(text: str, why: str, tmp_path: Path) -> None:
    assert any(why in problem for problem in problems_of(draft_of(tmp_path, text)))


def test_a_folder_without_a_draft_and_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    assert "letter draft" in problems_of(tmp_path)[0]
    (tmp_path / LETTER_FILE).write_bytes(b"subject = \xff")
    assert "UTF-8" in problems_of(tmp_path)[0]


def test_a_link_is_not_sent_by_mistake(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    folder = draft_of(tmp_path / "draft", MINIMAL.replace("xat.txt", "link.txt"))
    (folder / "link.txt").symlink_to(tmp_path / "secret")
    assert "is a link" in problems_of(folder)[0]


def test_a_written_draft_loads_as_it_was_meant_whatever_the_texts_hold(tmp_path: Path) -> None:
    outline = DraftOutline(
        subject='"Qo‘shtirnoq" \\ va # belgi {0}',
        language="uz-Latn",
        kind="request",
        to=("a", "b"),
        copy=("c",),
        groups=("g",),
        acknowledge_by="+20s",
        answers=("out:1",),
        case_index="01-07",
        attention=(("a", "karim"),),
        texts=(("remark", 'say "ha" = ok'),),
    )
    attached = tmp_path / "scan.pdf"
    attached.write_bytes(b"%PDF-1.4")
    files = (
        NewFile(name="Хат.txt", content="Матн".encode()),
        NewFile(name="a/b.pdf", content=attached),
        NewFile(name="Хат.txt", content=b"another", media_type="text/x-other"),
    )
    draft = load_draft(write_draft(tmp_path / "new", outline, files).parent)
    assert (draft.subject, draft.kind, draft.to, draft.copy, draft.groups) == (
        outline.subject,
        "request",
        ("a", "b"),
        ("c",),
        ("g",),
    )
    assert (draft.acknowledge_by, draft.reply_by, draft.answers, draft.case_index) == ("+20s", None, ("out:1",), "01-07")
    assert draft.attention == (("a", "karim"),)
    assert draft.texts[0].text == 'say "ha" = ok'
    assert [(file.file, file.name, file.media_type) for file in (draft.main, *draft.attachments)] == [
        ("Хат.txt", "Хат.txt", "text/plain"),
        ("a_b.pdf", "a/b.pdf", "application/pdf"),
        ("Хат (2).txt", "Хат.txt", "text/x-other"),
    ]


def test_a_draft_is_never_written_over_another(tmp_path: Path) -> None:
    outline = DraftOutline(subject="x", language="uz")
    file = NewFile(name="a.txt", content=b"a")
    write_draft(tmp_path, outline, (file,))
    with pytest.raises(DraftError, match="already"):
        write_draft(tmp_path, outline, (file,))
    with pytest.raises(DraftError, match="main document"):
        write_draft(tmp_path / "other", outline, ())
    with pytest.raises(DraftError, match="copied"):
        write_draft(tmp_path / "third", outline, (NewFile(name="a", content=tmp_path / "absent"),))


def test_a_draft_that_cannot_be_finished_leaves_nothing_behind(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "a.txt").write_text("mine")
    files = (NewFile(name="a.txt", content=b"a"), NewFile(name="b", content=tmp_path / "absent"))
    for folder in (tmp_path / "new", mine):
        with pytest.raises(DraftError, match="copied"):
            write_draft(folder, DraftOutline(subject="x", language="uz"), files)
    assert sorted(tmp_path.rglob("*")) == [mine, mine / "a.txt"]


def test_a_draft_says_what_it_was_begun_from_and_copies_what_is_read(tmp_path: Path) -> None:
    reader = BytesIO(b"abc")
    path = write_draft(tmp_path / "new", DraftOutline(subject="x", language="uz"), (NewFile(name="a", content=reader),), "x-1")
    assert "\n# Begun from x-1.\n" in path.read_text(encoding="utf-8")
    assert (tmp_path / "new" / "a").read_bytes() == b"abc"


def frozen_draft(folder: Path, letters: int = 0) -> Draft:
    letter = load_letters()[letters]
    files = [NewFile(name=d.name, content=d.content) for d in (letter.main, *letter.attachments)]
    outline = DraftOutline(subject=letter.subject, language=letter.language, kind=letter.kind, to=("a",))
    return load_draft(write_draft(folder, outline, files).parent)


@pytest.mark.parametrize("index", range(10))
def test_a_frozen_letter_names_every_document_and_stores_them_with_the_cover(index: int, tmp_path: Path) -> None:
    draft = frozen_draft(tmp_path / "draft", index)
    letter, store = freeze(draft, salt=SALT), FolderDocuments(tmp_path / "store")
    store_frozen(store, letter)
    assert [document.entry.role for document in letter.everything][:2] == ["cover", "main"]
    for document in letter.everything:
        content = read_document(store, document.entry.sha256, document.entry.size_bytes)
        with document.open() as reader:
            assert reader.read() == content
    cover = decode_cover(read_document(store, letter.cover.entry.sha256))
    assert cover.subject == draft.subject
    assert [cover.name_of(document.entry.sha256) for document in letter.documents] == [d.name for d in letter.documents]


def test_freezing_is_the_same_for_the_same_salt_only(tmp_path: Path) -> None:
    draft = frozen_draft(tmp_path)
    assert freeze(draft, salt=SALT) == freeze(draft, salt=SALT)
    assert freeze(draft, salt=SALT).cover.entry != freeze(draft, salt=b"\1" * 16).cover.entry


def test_one_document_attached_twice_is_refused(tmp_path: Path) -> None:
    text = MINIMAL + 'attachments = ["copy.txt"]\n'
    folder = draft_of(tmp_path, text, copy_txt="Хурматли ҳамкасблар!".encode())
    with pytest.raises(DraftError, match="same content as xat"):
        freeze(load_draft(folder), salt=SALT)


def test_a_file_that_changes_after_freezing_is_not_sent(tmp_path: Path) -> None:
    draft = load_draft(draft_of(tmp_path / "draft", MINIMAL))
    letter = freeze(draft, salt=SALT)
    (tmp_path / "draft" / "xat.txt").write_text("something else")
    with pytest.raises(DraftError, match="changed after"):
        store_frozen(FolderDocuments(tmp_path / "store"), letter)


def test_a_file_that_vanishes_before_freezing_is_named(tmp_path: Path) -> None:
    draft = load_draft(draft_of(tmp_path, MINIMAL))
    (tmp_path / "xat.txt").unlink()
    with pytest.raises(DraftError, match=r"xat\.txt: cannot be read"):
        freeze(draft, salt=SALT)
