"""Homes that the program's own commands made: a ledger founded, further homes joined, officers appointed and enrolled."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.homes import Answer, Home

DRAWN: Final = "5f1c" * 8
"""A passphrase as a machine draws it, so that keys open at once."""
FOUNDING: Final = (
    *("--purpose", "training", "--utc-offset", "+05:00", "--org", "min", "--org-name", "uz=Mahalla vazirligi"),
    *("--registrar", "registrar", "--registrar-name", "uz=A. Karimov", "--registrar-post", "uz=Kotibiyat mudiri"),
)
"""What `ortoo ledger create` needs beside a name and a place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Desk:
    """A home in which commands are run by somebody who is not at a terminal."""

    home: Home

    @property
    def folder(self) -> Path:
        """The home's folder."""
        return self.home.folder

    def run(self, *words: str, **environment: str) -> Answer:
        """Run a command and return its answer, whatever it is."""
        return self.home.run(*words, **{"ORTOO_PASSPHRASE": DRAWN, **environment})

    def done(self, *words: str) -> Any:
        """Run a command that must succeed, and return its data."""
        return self.home.done("--json", *words, ORTOO_PASSPHRASE=DRAWN).data

    def error(self, *words: str) -> tuple[int, str]:
        """Run a command that must fail, and return its exit code and the code or reason of its error."""
        answer = self.run("--json", *words)
        assert answer.code != 0, answer.out
        return answer.code, answer.data["error"]["reason"] or answer.data["error"]["code"]

    @property
    def roots(self) -> tuple[str, ...]:
        """Return the options that let two root keys sign."""
        return tuple(word for number in (1, 2) for word in ("--root", str(self.folder / "roots" / f"root-{number}.pem")))


@dataclass(frozen=True, kw_only=True, slots=True)
class Founded:
    """A ledger that `ortoo ledger create` made: the registrar's desk, the place and the identity."""

    registrar: Desk
    folder: Path
    location: str
    identity: str

    def desk(self, name: str, *options: str) -> Desk:
        """Join the ledger with a home of this name."""
        desk = desk_of(self.folder, name)
        desk.done("ledger", "join", self.location, "--identity", self.identity, *options)
        return desk

    def officer(self, desk: Desk, officer: str, organisation: str, *roles: str) -> None:
        """Appoint an officer and enrol a key of his that is made at a desk; he acts there from then on."""
        given = [word for role in roles for word in ("--role", role)]
        name = ("--name", f"uz={officer}", "--post", "uz=Xodim")
        self.registrar.done("officer", "appoint", officer, "--org", organisation, *given, *name, "--yes")
        desk.done("identity", "use", officer)
        made = desk.done("key", "create", officer)
        self.registrar.done("key", "enrol", made["request"], "--words", made["words"], "--assurance", "file", "--yes")


def desk_of(folder: Path, name: str) -> Desk:
    """Return a desk with a home of this name, which need not be there yet."""
    return Desk(home=Home(folder=folder / name))


def found(folder: Path, location: str | None = None, *options: str) -> Founded:
    """Found a ledger by its command, in the home `registrar` of a folder."""
    registrar = desk_of(folder, "registrar")
    place = location or f"sqlite:{folder / 'ledger.sqlite'}"
    made = registrar.done("ledger", "create", "Alashuv", "--at", place, *FOUNDING, *options, "--yes")
    return Founded(registrar=registrar, folder=folder, location=made["location"], identity=made["ledger"])
