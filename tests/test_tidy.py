"""The house rules that no linter knows, read from the tree itself."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.source_tree import PACKAGES, ROOT, imported_modules, module_name, python_files, syntax, tracked_files

FILE_LIMIT_LINES = 600
FILE_USUAL_LINES = 400
FILE_USUAL_SHARE = 0.9
IMPURE_CALLS = {
    *("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.time_ns", "time.monotonic"),
    *("uuid.uuid4", "uuid.uuid1", "uuid4", "uuid1", "os.environ", "os.getenv", "os.urandom", "environ", "getenv", "urandom"),
}
IMPURE_MODULES = {"random", "secrets", "socket", "time"}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "data", "common", "misc"}
ERROR_ROOTS = {
    "domain": "DomainError",
    "schemas": "SchemaError",
    "adapters": "AdapterError",
    "projections": "ProjectionError",
    "cli": "CliError",
}
CHANGE_KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
# Put together here, so that this file does not hold what it looks for.
REGISTRY_HOSTS = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("maven", "org"), ("npmjs", "org"))]
MACHINE_PATHS = ["/".join(parts) for parts in (("", "work", ""), ("", "root", ""), ("", "tmp", "w", ""), ("..", "shared", ""))]

SOURCES = python_files(*PACKAGES)
EVERYTHING = python_files(*PACKAGES, "tests")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def dotted(node: ast.AST) -> str:
    """Return the dotted name that an expression spells, empty if it spells none."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}".lstrip(".")
    return ""


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    lines = {relative(path): len(path.read_text("utf-8").splitlines()) for path in EVERYTHING}
    assert {name: count for name, count in lines.items() if count > FILE_LIMIT_LINES} == {}
    usual = [name for name, count in lines.items() if count <= FILE_USUAL_LINES]
    longer = {name: count for name, count in lines.items() if count > FILE_USUAL_LINES}
    assert len(usual) >= FILE_USUAL_SHARE * len(lines), f"more than a tenth of the files is longer than usual: {longer}"


def impurities(tree: ast.AST) -> Iterator[str]:
    """Return where a tree reads a clock, randomness or its environment."""
    for node in ast.walk(tree):
        name = dotted(node) if isinstance(node, ast.Name | ast.Attribute) else ""
        if name in IMPURE_CALLS or any(name.endswith(f".{call}") for call in IMPURE_CALLS if "." in call):
            yield name
    yield from (module for module in imported_modules(tree) if module.partition(".")[0] in IMPURE_MODULES)


@pytest.mark.parametrize("path", python_files("domain", "projections"), ids=relative)
def test_the_domain_and_the_projections_read_no_clock_randomness_or_environment(path: Path) -> None:
    assert sorted(set(impurities(syntax(path)))) == []


@pytest.mark.parametrize(
    "line",
    [
        "import datetime\nx = datetime.datetime.now()",
        "from datetime import datetime\nx = datetime.now(tz)",
        "from uuid import uuid4\nx = uuid4()",
        "import os\nx = os.environ['A']",
        "import random",
        "def f():\n    from secrets import token_bytes",
        "import time\nx = time.time()",
    ],
)
def test_an_impure_line_would_be_noticed(line: str) -> None:
    assert list(impurities(ast.parse(line)))


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [relative(p) for p in EVERYTHING if VAGUE_NAMES & {p.stem, *p.stem.split("_")}] == []


def test_no_module_imports_itself_through_others() -> None:
    modules = {module_name(path): syntax(path) for path in EVERYTHING}
    imports = {name: {m for m in imported_modules(tree) if m in modules} - {name} for name, tree in modules.items()}
    assert list(cycles(imports)) == []


def test_a_cycle_would_be_noticed() -> None:
    assert list(cycles({"a": {"b"}, "b": {"c"}, "c": {"b"}})) == ["b -> c -> b"]


def cycles(imports: dict[str, set[str]]) -> Iterator[str]:
    """Return one cycle of each knot in a graph of imports."""
    done: set[str] = set()

    def walk(name: str, path: list[str]) -> Iterator[str]:
        if name in path:
            yield " -> ".join([*path[path.index(name) :], name])
        elif name not in done:
            for other in sorted(imports[name]):
                yield from walk(other, [*path, name])
            done.add(name)

    for name in sorted(imports):
        yield from walk(name, [])


def test_nothing_is_caught_without_a_name() -> None:
    bare = [
        f"{relative(path)}:{node.lineno}"
        for path in EVERYTHING
        for node in ast.walk(syntax(path))
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert bare == []


@pytest.mark.parametrize("path", SOURCES, ids=relative)
def test_everything_public_is_explained(path: Path) -> None:
    assert list(unexplained(syntax(path))) == []


def unexplained(tree: ast.Module) -> Iterator[str]:
    """Return the public things of a module that have no docstring."""
    if not ast.get_docstring(tree):
        yield "the module itself"
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            if not ast.get_docstring(node):
                yield node.name
            methods = (n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
            yield from (f"{node.name}.{n.name}" for n in methods if n.name[0] != "_" and needs_docstring(n))
    functions = (n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef))
    yield from (n.name for n in functions if n.name[0] != "_" and needs_docstring(n))


def needs_docstring(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a function lacks a docstring that nothing else gives it (an overload or override has another's)."""
    given = {dotted(d).rpartition(".")[2] for d in node.decorator_list}
    return not ast.get_docstring(node) and not given & {"override", "overload", "setter"}


@pytest.mark.parametrize("package", PACKAGES)
def test_errors_of_a_package_have_one_root_and_names_that_end_in_error(package: str) -> None:
    errors = {error for error in exceptions_of(package) if not error.__name__.startswith("_")}
    assert [error.__name__ for error in errors if not error.__name__.endswith("Error")] == []
    # A package may make an error of another package's tree more precise.
    roots = set(ERROR_ROOTS.values())
    assert [error.__name__ for error in errors if not roots & {base.__name__ for base in error.__mro__}] == []


def exceptions_of(package: str) -> Iterator[type[BaseException]]:
    """Return the exceptions that the modules of a package define."""
    for path in python_files(package):
        for value in vars(importlib.import_module(module_name(path))).values():
            if inspect.isclass(value) and issubclass(value, BaseException) and value.__module__ == module_name(path):
                yield value


@pytest.mark.parametrize("package", PACKAGES)
def test_every_error_stands_in_the_tree_of_its_package(package: str) -> None:
    names = {error.__name__ for error in exceptions_of(package) if not error.__name__.startswith("_")}
    if names:
        drawn = importlib.import_module(f"{package}.errors").__doc__ or ""
        assert sorted(name for name in names if name not in drawn) == []


def test_the_changelog_is_laid_out_for_its_reader() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    versions = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert text.startswith("# Changelog\n")
    assert versions[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\]( - \d{4}-\d{2}-\d{2})?", version) for version in versions[1:])
    assert set(re.findall(r"^### (.+)$", text, re.MULTILINE)) <= CHANGE_KINDS


def test_no_tracked_file_names_a_registry_or_a_path_of_one_machine() -> None:
    forbidden = re.compile("|".join(map(re.escape, [*REGISTRY_HOSTS, *MACHINE_PATHS])).encode())
    found = {
        f"{relative(path)}: {match.group().decode()}"
        for path in tracked_files()
        for match in forbidden.finditer(path.read_bytes())
    }
    assert found == set()


def test_lock_files_pin_every_package_by_hash_and_name_no_address() -> None:
    for path in (ROOT / "requirements").glob("*.txt"):
        text = path.read_text("utf-8")
        assert "://" not in text
        requirements = [line for line in text.splitlines() if "==" in line]
        assert requirements
        assert all(line.endswith("\\") for line in requirements), f"{path.name}: a package without a hash"
