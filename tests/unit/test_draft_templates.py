"""Templates of letters: placeholders, every check before one is used, and what hostile templates try."""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

from adapters.draft_placeholders import PlaceholderError, pattern_of, why_not_a_value
from adapters.draft_templates import Template, TemplateError, TemplateValuesError, filled, load_template, template_names
from adapters.draft_writing import write_draft
from adapters.drafts import Draft, load_draft
from cli.demo_letters import load_letters
from tests.source_tree import ROOT

LIMIT_BYTES = 10_000
LETTER = """\
kind = "request"
language = "uz-Latn"
subject = "{soni} ta {nima} to’g’risida"
to = ["mfy-001"]
acknowledge_by = "+3d"
document = { file = "xat.txt", name = "{nima}.txt" }
"""
VALUES = {"soni": "100", "nima": "noutbuk"}


def template_of(folder: Path, letter: str = LETTER, **files: bytes) -> Path:
    """Make a template `t` and return the folder of templates."""
    place = folder / "templates" / "t"
    place.mkdir(parents=True)
    (place / "letter.toml").write_text(letter, encoding="utf-8")
    for name, content in {"xat_txt": "Бизга {soni} та {nima} керак.\n".encode(), **files}.items():
        (place / name.replace("_", ".")).write_bytes(content)
    return place.parent


def loaded(folder: Path) -> Template:
    return load_template(folder, "t", limit_bytes=LIMIT_BYTES)


def made(folder: Path, values: Mapping[str, str], target: Path) -> Draft:
    with contextlib.ExitStack() as opened:
        outline, files = filled(loaded(folder), values, opened=opened)
        return load_draft(write_draft(target, outline, files).parent)


def problems_of(folder: Path) -> str:
    with pytest.raises(TemplateError) as caught:
        loaded(folder)
    return "\n".join(str(problem) for problem in caught.value.problems)


GOOD_PATTERNS = {
    "nothing": ("", ""),
    "no placeholder": ("Reja", "Reja"),
    "one between words": ("a {x} b", "a 1 b"),
    "side by side, and twice": ("{x}{y}{x}", "121"),
    "doubled braces": ("{{x}} {{{x}}} }}{{", "{x} {1} }{"),
    "a name in Cyrillic letters": ("{тоо_2-б}", "3"),
}


@pytest.mark.parametrize(("text", "expected"), GOOD_PATTERNS.values(), ids=GOOD_PATTERNS.keys())
def test_placeholders_are_filled_and_doubled_braces_are_meant(text: str, expected: str) -> None:
    pattern, values = pattern_of(text), {"x": "1", "y": "2", "тоо_2-б": "3"}
    assert pattern.filled(values) == expected
    assert pattern.size_bytes(values) == len(expected.encode())


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "}",
        "{x",
        "x}",
        "{x}}",
        "{{x}",
        "{}",
        "{ x}",
        "{1}",
        "{x.y}",
        "{x[0]}",
        "{x!r}",
        "{x:>9}",
        "{a{b}}",
        f"{{{'x' * 41}}}",
    ],
)
def test_a_brace_that_is_neither_doubled_nor_a_placeholder_is_refused(text: str) -> None:
    with pytest.raises(PlaceholderError, match="double a brace"):
        pattern_of(text)


def test_a_value_is_put_in_once_and_never_read_again() -> None:
    values = {"a": "{b}", "b": "{a}"}
    assert pattern_of("{a}{b}").filled(values) == "{b}{a}"


@pytest.mark.parametrize(
    "value", ["a\nb", "a\tb", "\0", "\x1b[2J", "\x7f", "\x85", "\u2028", "\u202etxt.exe", "\ud800", "x" * 8001]
)
def test_a_value_of_several_lines_or_with_what_controls_or_of_any_length_is_refused(value: str) -> None:
    assert why_not_a_value(value) is not None


def test_a_template_makes_a_draft_with_its_values_and_copies_other_files_as_they_are(tmp_path: Path) -> None:
    letter = LETTER + 'case = "01-07"\nattachments = ["shakl.pdf"]\n[texts]\nremark = "{nima} {{haqida}}"\n'
    folder = template_of(tmp_path, letter, shakl_pdf=b"%PDF-1.4 {not} one {")
    assert (template_names(folder), loaded(folder).placeholders) == (("t",), ("soni", "nima"))
    draft = made(folder, VALUES, tmp_path / "new")
    assert (draft.subject, draft.kind, draft.case_index, draft.to) == (
        "100 ta noutbuk to’g’risida",
        "request",
        "01-07",
        ("mfy-001",),
    )
    assert (draft.acknowledge_by, draft.reply_by, draft.texts[0].text) == ("+3d", None, "noutbuk {haqida}")
    assert (draft.main.name, draft.main.path.read_text(encoding="utf-8")) == ("noutbuk.txt", "Бизга 100 та noutbuk керак.\n")
    assert draft.attachments[0].path.read_bytes() == b"%PDF-1.4 {not} one {"


def test_a_template_need_not_address_anybody(tmp_path: Path) -> None:
    assert loaded(template_of(tmp_path, LETTER.replace('to = ["mfy-001"]\n', ""))).draft.to == ()


TOML_ATTACKS = ['"\nto = ["evil"]\n#', 'x", to = ["evil"], y = "', "\\u0022", '"""', "]\n[texts]", "{soni}", "{{", "}"]


@pytest.mark.parametrize("value", TOML_ATTACKS)
def test_a_value_cannot_smuggle_toml_into_the_draft(value: str, tmp_path: Path) -> None:
    folder = template_of(tmp_path)
    if "\n" in value:
        with pytest.raises(TemplateValuesError, match=r"U\+000A"):
            made(folder, {**VALUES, "nima": value}, tmp_path / "new")
        assert not (tmp_path / "new").exists()
        return
    draft = made(folder, {**VALUES, "nima": value}, tmp_path / "new")
    keys = tomllib.loads((tmp_path / "new" / "letter.toml").read_text(encoding="utf-8")).keys()
    assert (draft.subject, draft.to, draft.texts) == (f"100 ta {value} to’g’risida", ("mfy-001",), ())
    assert keys == tomllib.loads((write_draft_of(folder, tmp_path)).read_text(encoding="utf-8")).keys()


def write_draft_of(folder: Path, place: Path) -> Path:
    made(folder, VALUES, place / "plain")
    return place / "plain" / "letter.toml"


VALUES_THAT_DO_NOT_FIT = {
    "one that is missing": ({"soni": "1"}, "nima: is not set; say --set nima=VALUE"),
    "one that nothing asks for": ({**VALUES, "sana": "1"}, "'sana': is no placeholder of this template; there are: soni, nima"),
    "one with a line break": ({**VALUES, "soni": "1\n2"}, "soni: its value holds the invisible character"),
    "a subject that gets too long": ({**VALUES, "nima": "ў" * 1000}, "subject: has "),
    "a name of a document that gets too long": ({**VALUES, "nima": "x" * 300}, "the name of xat.txt: has 304 bytes"),
}


@pytest.mark.parametrize(("values", "why"), VALUES_THAT_DO_NOT_FIT.values(), ids=VALUES_THAT_DO_NOT_FIT.keys())
def test_values_that_do_not_fit_are_told_and_no_draft_is_made(values: dict[str, str], why: str, tmp_path: Path) -> None:
    with pytest.raises(TemplateValuesError) as caught:
        made(template_of(tmp_path), values, tmp_path / "new")
    assert why in str(caught.value)
    assert not (tmp_path / "new").exists()


def test_few_values_cannot_make_a_document_of_gigabytes(tmp_path: Path) -> None:
    folder = template_of(tmp_path, LETTER.replace("{soni} ta ", ""), xat_txt=b"{soni}" * 1000)
    with pytest.raises(TemplateValuesError, match=r"would have more than 1,048,576 bytes"):
        made(folder, {"soni": "x" * 8000, "nima": "y"}, tmp_path / "new")


NAME = 'name = "{nima}.txt"'
BAD_TEMPLATES = {
    "an unknown key": (LETTER + 'sender = "x"\n', "sender (line 7): is no key of a letter"),
    "a wrong kind": (LETTER.replace("request", "novel"), "kind (line 1): 'novel' is none of"),
    "a placeholder as a key": (LETTER + '"{nima}" = "x"\n', "is no key of a letter"),
    "a placeholder as what a text is about": (LETTER + '[texts]\n"{nima}" = "x"\n', "'{nima}' is no code"),
    "a placeholder as an addressee": (LETTER.replace("mfy-001", "{nima}"), "to (line 4): "),
    "a placeholder as a term": (LETTER.replace("+3d", "+{soni}d"), "acknowledge_by (line 5): can hold no placeholder"),
    "a placeholder as a reference": (LETTER + 'answers = ["in:{soni}"]\n', "answers (line 7): can hold no placeholder"),
    "a placeholder as a file": (LETTER.replace("xat.txt", "{nima}.txt"), "is not in the draft's folder"),
    "a brace alone": (LETTER.replace("{soni} ta", "{soni ta"), "subject (line 3): "),
    "a key that draws on a terminal": (LETTER + '"a\\u001b[2J\\u009b" = "x"\n', "a\\u001b[2J\\u009b: is no key of a letter"),
    "a format": (LETTER.replace("{soni}", "{soni.__class__}"), "'{soni.__class__}' is no placeholder"),
    "a basis of restricted access": (LETTER + 'access_basis = "official-use"\n', "access_basis (line 7): "),
    "a file elsewhere": (LETTER.replace("xat.txt", "../secret.txt"), "'../secret.txt' is no file of the draft"),
    "an absolute path": (LETTER.replace("xat.txt", "/etc/passwd"), "'/etc/passwd' is no file of the draft"),
    "a file that is not there": (LETTER.replace("xat.txt", "absent.txt"), "'absent.txt' is not in the draft's folder"),
    "a text that is none": (LETTER.replace("xat.txt", "bad.txt"), "bad.txt: is not text in UTF-8"),
    "a text with a brace alone": (LETTER.replace("xat.txt", "brace.md"), "brace.md: '{' is no placeholder"),
    "a document that is too large": (LETTER.replace("xat.txt", "huge.pdf"), "huge.pdf: has more than 10,000 bytes"),
    "what is no TOML": ("subject = {nima}", "letter.toml: is not TOML"),
    "TOML nested without end": ("subject = " + "[" * 5000, "letter.toml: is not TOML"),
    "a letter.toml without end": (LETTER + "#" * 1_100_000, "more than 1,048,576 bytes"),
}


@pytest.mark.parametrize(("letter", "why"), BAD_TEMPLATES.values(), ids=BAD_TEMPLATES.keys())
def test_a_template_that_cannot_be_used_says_why(letter: str, why: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    files = {"bad_txt": b"\xff\xfe", "brace_md": b"a { b", "huge_pdf": b"%PDF-" + bytes(LIMIT_BYTES)}
    assert why in problems_of(template_of(tmp_path, letter, **files))


def test_all_that_is_wrong_is_listed_at_once(tmp_path: Path) -> None:
    folder = template_of(tmp_path, LETTER.replace("request", "novel") + 'relates = ["{x}"]\n[texts]\nremark = "a\\nb"\n')
    assert len(problems_of(folder).splitlines()) == 3


@pytest.mark.parametrize("file", ["xat.txt", "letter.toml", "."])
def test_no_link_is_followed_out_of_a_template(file: str, tmp_path: Path) -> None:
    folder = template_of(tmp_path)
    place = folder / "t" / file
    target = place.rename(tmp_path / "elsewhere")
    (folder / "t" / file if file != "." else folder / "t").symlink_to(target)
    assert "is a link" in problems_of(folder)


def test_what_is_neither_file_nor_folder_is_not_waited_for(tmp_path: Path) -> None:
    folder = template_of(tmp_path)
    (folder / "t" / "letter.toml").unlink()
    os.mkfifo(folder / "t" / "letter.toml")
    assert "letter.toml: is no file" in problems_of(folder)


def test_a_file_that_becomes_a_link_after_the_check_is_not_copied(tmp_path: Path) -> None:
    folder = template_of(tmp_path, LETTER.replace("xat.txt", "shakl.pdf"), shakl_pdf=b"%PDF-1.4")
    template = loaded(folder)
    (folder / "t" / "shakl.pdf").unlink()
    (folder / "t" / "shakl.pdf").symlink_to("/etc/passwd")
    with contextlib.ExitStack() as opened, pytest.raises(TemplateError, match=r"shakl\.pdf: cannot be read"):
        filled(template, VALUES, opened=opened)


@pytest.mark.parametrize("name", ["../t", "t/../t", "", ".", "..", "T", ".hidden", "letter.toml", "t\0"])
def test_only_names_that_are_listed_name_templates(name: str, tmp_path: Path) -> None:
    folder = template_of(tmp_path)
    (folder / ".hidden").mkdir()
    with pytest.raises(TemplateError, match="lists those that are"):
        load_template(folder, name, limit_bytes=LIMIT_BYTES)


def test_a_folder_that_is_not_there_has_no_templates_and_one_that_is_a_file_says_so(tmp_path: Path) -> None:
    assert template_names(tmp_path / "absent") == ()
    (tmp_path / "file").touch()
    with pytest.raises(TemplateError, match="cannot be read"):
        template_names(tmp_path / "file")


def test_the_templates_of_the_guides_make_the_letters_that_they_were_made_of(tmp_path: Path) -> None:
    folder, letters = ROOT / "docs" / "guides" / "templates", load_letters()
    overview = letters[8].main.content.decode().split("\n\n")[1].strip()
    cases = {
        "acceptance-records": ({"soni": "100", "qurilmalar": "noutbuk va wifi router"}, letters[1]),
        "quarterly-report": ({"он": "2019", "улирал": "I", "тойм": overview}, letters[8]),
    }
    assert template_names(folder) == tuple(cases)
    for name, (values, letter) in cases.items():
        with contextlib.ExitStack() as opened:
            outline, files = filled(load_template(folder, name, limit_bytes=LIMIT_BYTES), values, opened=opened)
        assert (outline.subject, outline.language) == (letter.subject, letter.language)
        assert isinstance(files[0].content, bytes)
        assert files[0].content.decode().strip() == letter.main.content.decode().strip(), tmp_path
