"""Whatever stands for a placeholder stands in the draft exactly so, and nowhere else."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.draft_placeholders import PlaceholderError, pattern_of, why_not_a_value
from adapters.draft_templates import Template, filled, load_template
from adapters.draft_writing import write_draft
from adapters.drafts import Draft, load_draft

LETTER = """\
kind = "request"
language = "mn-Cyrl"
subject = "{нэг} – {{}} – {хоёр}"
to = ["soum-1"]
copy_groups = ["agencies"]
reply_by = "+3d"
case = "01-07"
document = { file = "letter.txt", name = "{хоёр}.txt" }
attachments = ["form.pdf"]
[attention]
soum-1 = "bat"
[texts]
remark = "{хоёр}{нэг}"
"""
TEXT = "Эхлэл {нэг},\n{{хоёр}} = {хоёр}\n"
PIECES = ['"', "'", "\\", "{", "}", "{нэг}", "{{", "#", "= ", "]", '"""', "\\n", "\\u0041", "a", "ў", "төр", "😀", "/", "../"]
VALUES = st.one_of(
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join),
    st.text(min_size=1, max_size=40).filter(lambda text: why_not_a_value(text) is None),
).filter(str.strip)


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    folder = tmp_path_factory.mktemp("templates")
    (folder / "t").mkdir()
    for name, content in (("letter.toml", LETTER), ("letter.txt", TEXT), ("form.pdf", "%PDF-1.4 {")):
        (folder / "t" / name).write_text(content, encoding="utf-8")
    return load_template(folder, "t", limit_bytes=1000)


def draft_with(template: Template, values: dict[str, str], folder: Path) -> tuple[Draft, str]:
    with contextlib.ExitStack() as opened:
        outline, files = filled(template, values, opened=opened)
        draft = load_draft(write_draft(folder / "new", outline, files).parent)
    return draft, draft.main.path.read_bytes().decode()


@settings(max_examples=60, deadline=None)
@given(one=VALUES, two=VALUES)
def test_values_come_out_exactly_and_change_nothing_else(template: Template, one: str, two: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        draft, text = draft_with(template, {"нэг": one, "хоёр": two}, Path(folder))
    assert draft.subject == f"{one} – {{}} – {two}"
    assert text == f"Эхлэл {one},\n{{хоёр}} = {two}\n"
    assert [(said.about, said.text) for said in draft.texts] == [("remark", two + one)]
    assert draft.main.name == f"{two}.txt"
    before = template.draft
    for name in ("kind", "language", "urgency", "access", "to", "copy", "groups", "copy_groups", "attention", "reply_by"):
        assert getattr(draft, name) == getattr(before, name)
    for name in ("acknowledge_by", "case_index", "answers", "follows", "replaces", "relates", "approvals", "access_basis"):
        assert getattr(draft, name) == getattr(before, name)
    assert [file.name for file in draft.attachments] == ["form.pdf"]


@given(text=st.text(max_size=60), value=VALUES)
def test_a_text_with_its_braces_doubled_says_itself_around_a_placeholder(text: str, value: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")
    assert pattern_of(doubled).filled({}) == text
    assert pattern_of(f"{doubled}{{x}}{doubled}").filled({"x": value}) == f"{text}{value}{text}"


@given(text=st.text(alphabet="{}ab1 ", max_size=30))
def test_any_text_is_taken_apart_or_refused_and_nothing_is_lost(text: str) -> None:
    try:
        pattern = pattern_of(text)
    except PlaceholderError:
        return
    again = "".join(
        part.replace("{", "{{").replace("}", "}}") + (f"{{{name}}}" if name else "")
        for part, name in zip(pattern.literals, (*pattern.names, ""), strict=True)
    )
    assert again == text
