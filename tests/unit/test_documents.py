"""What the documents say exists: links, commands, targets of make, modules and tests; and every decision is whole."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import pytest

from cli.main import ortoo
from tests.source_tree import PACKAGES, ROOT, python_files, syntax, tracked_files

PAGES: Final = [path for path in tracked_files() if path.suffix == ".md"]
DECISIONS: Final = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
SECTIONS: Final = ["Context", "Decision", "Consequences", "Rejected", "What enforces it"]
PAGE_LIMIT_LINES: Final = 60
LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE: Final = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
INDENTED: Final = re.compile(r"^(?: {4}|\t).*$", re.MULTILINE)
SPAN: Final = re.compile(r"`([^`\n]+)`")
COMMAND: Final = re.compile(r"(?:^|[\s(])ortoo((?: [^\s|;>&`]+)*)", re.MULTILINE)
EXAMPLE: Final = re.compile(r" +ortoo [a-z-]")
TARGET: Final = re.compile(r"(?:^|\s)make ([a-z][a-z-]*)")
PATH: Final = re.compile(r"(?:domain|schemas|adapters|projections|cli|tests|docs|requirements)/[\w./-]*\w")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code_of(text: str) -> str:
    """Return what stands as code in a page: blocks and spans, one a line."""
    return "\n".join([*FENCE.findall(text), *INDENTED.findall(text), *SPAN.findall(FENCE.sub("", text))])


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as hosts of repositories make them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> Iterator[str]:
    """Yield the links of a page that lead nowhere; addresses in the world are not asked."""
    for link in LINK.findall(FENCE.sub("", page.read_text("utf-8"))):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not link.startswith("https://") and (not target.exists() or (anchor and anchor not in anchors_of(target))):
            yield link


def unknown_word(words: list[str]) -> str | None:
    """Return the first word of a command line that the program does not have, None if it has them all."""
    command: click.Command = ortoo
    context = click.Context(ortoo, info_name="ortoo")
    options: set[str] = set()
    for word in words:
        options |= {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
        if word.startswith("-"):
            if word.partition("=")[0] not in options:
                return word
        elif isinstance(command, click.Group) and re.fullmatch(r"[a-z][a-z-]*", word):
            found = command.get_command(context, word)
            if found is None and not is_value(words, word):
                return word
            command = found or command
    return None


def is_value(words: list[str], word: str) -> bool:
    """Tell whether a word stands after an option that takes a value."""
    before = words[words.index(word) - 1] if words.index(word) else ""
    return any(before in one.opts and not getattr(one, "is_flag", True) for one in ortoo.params)


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_link_leads_somewhere(page: Path) -> None:
    assert list(broken_links(page)) == []


def test_every_document_is_reached_from_the_readme_by_links() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        linked = {(page.parent / link.partition("#")[0]).resolve() for link in LINK.findall(page.read_text("utf-8"))}
        waiting += [one for one in linked if one.suffix == ".md" and one.is_file() and one not in reached]
    assert sorted(relative(page) for page in {*(ROOT / "docs").rglob("*.md")} - reached) == []


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_command_and_target_that_a_page_names_exists(page: Path) -> None:
    code = code_of(page.read_text("utf-8"))
    unknown = {f"ortoo{line}: {word}" for line in COMMAND.findall(code) if (word := unknown_word(line.split()))}
    assert unknown == set()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert set(TARGET.findall(code)) - targets == set()


@pytest.mark.parametrize("line", ["letter sned", "lettre", "letter send --tu x", "--home x --frobnicate inbox", "inbox --overdu"])
def test_a_command_that_does_not_exist_would_be_noticed(line: str) -> None:
    assert unknown_word(line.split()) is not None


def sayings(path: Path) -> Iterator[str]:
    """Yield what a source file of the program says in texts of its own: messages, help, labels."""
    if path.suffix == ".toml":
        yield path.read_text("utf-8")
        return
    for node in ast.walk(syntax(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "VALUE" for part in node.values)


def commands_in(path: Path) -> set[str]:
    """Return the command lines that a source file tells people to type, in backticks or as an example."""
    texts = list(sayings(path))
    quoted = {span for text in texts for span in SPAN.findall(text) if span.startswith("ortoo ")}
    examples = {line.strip().removesuffix("\\") for text in texts for line in text.splitlines() if EXAMPLE.match(line)}
    return quoted | examples


@pytest.mark.parametrize("path", [*python_files(*PACKAGES), *sorted((ROOT / "cli" / "words").glob("*.toml"))], ids=relative)
def test_every_command_that_the_program_tells_people_to_type_exists(path: Path) -> None:
    assert {line: word for line in commands_in(path) if (word := unknown_word(line.split()[1:]))} == {}


@pytest.mark.parametrize("page", [page for page in PAGES if "reference" not in page.parts], ids=relative)
def test_every_file_of_the_project_that_a_page_names_exists(page: Path) -> None:
    named = {word for span in SPAN.findall(page.read_text("utf-8")) for word in [span.strip()] if PATH.fullmatch(word)}
    assert {name for name in named if not (ROOT / name).exists()} == set()


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_every_test_that_a_page_names_exists(page: Path) -> None:
    tests = "\n".join(path.read_text("utf-8") for path in python_files("tests"))
    named = re.findall(r"`(test_\w+)`", page.read_text("utf-8"))
    assert [name for name in named if f"def {name}(" not in tests] == []


@pytest.mark.parametrize("page", DECISIONS, ids=relative)
def test_a_decision_is_one_page_with_all_its_sections_and_decides_in_one_sentence(page: Path) -> None:
    text = page.read_text("utf-8")
    assert re.fullmatch(rf"# {page.stem[:4]} .+", text.splitlines()[0])
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS
    assert len(text.splitlines()) <= PAGE_LIMIT_LINES
    decision = text.partition("## Decision\n")[2].partition("\n## ")[0].strip()
    assert decision.endswith(".")
    assert "\n" not in decision
    assert not re.search(r"[.!?] [A-Z]", decision)


@pytest.mark.parametrize("page", DECISIONS, ids=relative)
def test_what_enforces_a_decision_is_a_test(page: Path) -> None:
    enforced = page.read_text("utf-8").partition("## What enforces it\n")[2]
    assert re.search(r"`tests/[\w/]+\.py`", enforced)


def test_decisions_are_numbered_without_gaps_and_all_stand_in_the_index() -> None:
    assert [page.stem[:4] for page in DECISIONS] == [f"{number:04}" for number in range(1, len(DECISIONS) + 1)]
    index = (DECISIONS[0].parent / "README.md").read_text("utf-8")
    assert LINK.findall(index) == [page.name for page in DECISIONS]
