"""The root packages have everyday names, so each import must be proven to come from this project and nowhere else."""

from __future__ import annotations

import importlib
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PACKAGES: list[str] = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]


@pytest.mark.parametrize("name", [*PACKAGES, "tests"])
def test_each_root_name_is_imported_from_this_project(name: str) -> None:
    module = importlib.import_module(name)
    assert module.__file__, f"{name} is no regular package"
    assert Path(module.__file__).resolve() == ROOT / name / "__init__.py"


@pytest.mark.parametrize("name", PACKAGES)
def test_no_other_distribution_owns_a_root_name(name: str) -> None:
    owners = {metadata.metadata(d)["Name"] for d in metadata.packages_distributions().get(name, [])}
    files = {
        distribution.metadata["Name"]
        for distribution in metadata.distributions()
        for file in distribution.files or ()
        if file.parts[0] in {name, f"{name}.py"}
    }
    assert owners | files <= {"ortoo"}


def test_every_package_at_the_root_is_named_in_the_build() -> None:
    assert {path.parent.name for path in ROOT.glob("*/__init__.py")} == {*PACKAGES, "tests", "benchmarks"}


def test_every_folder_with_modules_is_a_regular_package() -> None:
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_project_can_never_be_uploaded() -> None:
    assert "Private :: Do Not Upload" in PROJECT["project"]["classifiers"]


def test_the_command_is_where_the_project_says() -> None:
    module, _, function = PROJECT["project"]["scripts"]["ortoo"].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_every_data_file_lies_inside_a_package_of_the_build() -> None:
    """Hatchling takes a listed package whole, so a data file is delivered if its folder is in one."""
    strays = [p for p in ROOT.glob("*") if p.is_file() and p.suffix in {".avsc", ".csv"}]
    assert strays == []
    assert all(any((ROOT / "schemas").glob(f"*{suffix}")) for suffix in (".avsc", ".txt"))
