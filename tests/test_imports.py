"""Imports point downwards only, the domain imports almost nothing, and the check would notice if they did not."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source_tree import PACKAGES, ROOT, imported_modules, python_files

ALLOWED = {
    "domain": ("domain", "eventsourcing.domain", "cryptography"),
    "schemas": ("schemas", "domain", "fastavro"),
}
"""What a package may import beside the standard library."""


def lint(tree: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the packages in `tree`, as `make check` does."""
    code = "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command; lint_imports_command()"
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    command = [sys.executable, "-c", code, "--no-cache"]
    return subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_imports_point_downwards_only(copy: Path) -> None:
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("domain/verdicts.py", "import adapters", "Imports point downwards only"),
        ("domain/verdicts.py", "import sqlalchemy", "The domain does no I/O"),
        ("schemas/codec.py", "def later() -> None:\n    import projections", "Imports point downwards only"),
        ("adapters/errors.py", "import cli", "Imports point downwards only"),
        ("projections/__init__.py", "import kafka", "The projections are SQL views"),
    ],
)
def test_a_violation_on_purpose_is_caught(copy: Path, file: str, line: str, broken: str) -> None:
    with (copy / file).open("a", encoding="utf-8") as source:
        source.write(f"\n\n{line}\n")
    result = lint(copy)
    assert result.returncode == 1, result.stdout
    assert any(broken in said and "BROKEN" in said for said in result.stdout.splitlines()), result.stdout


@pytest.mark.parametrize("package", ALLOWED)
def test_a_package_imports_only_what_it_is_allowed(package: str) -> None:
    strays = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in python_files(package)
        for module in imported_modules(ast.parse(path.read_text("utf-8")))
        if module.partition(".")[0] not in sys.stdlib_module_names
        and not any(module == allowed or module.startswith(f"{allowed}.") for allowed in ALLOWED[package])
    }
    assert strays == set()
