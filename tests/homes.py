"""Homes on the disk for tests of the command line: settings, key files, and `ortoo` run in this process.

The keys are those of a `tests.exchanges.TestExchange`, written as a machine's keys (a long passphrase, no stretching), so that
a command opens one in a millisecond.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from click.testing import CliRunner

from adapters.key_encryption import Stretching
from adapters.key_files import write_key
from adapters.signers import KeySigner
from cli.main import ortoo
from cli.settings import write_settings
from cli.wiring import KEYS_FOLDER
from tests.exchanges import TestExchange

PASSPHRASE: Final = "a passphrase for machines, of more than 32 characters"


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a command said, and the exit code with which it ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The answer of a command that was run with `--json`."""
        return json.loads(self.out)


@dataclass(frozen=True, kw_only=True, slots=True)
class Home:
    """A home folder: one station as its users have it."""

    folder: Path

    def run(self, *words: str, **environment: str) -> Answer:
        """Run `ortoo` in this home and return its answer; nobody is at a terminal."""
        variables = {"ORTOO_HOME": str(self.folder), "ORTOO_PASSPHRASE": PASSPHRASE, "ORTOO_DEBUG": "", **environment}
        result = CliRunner().invoke(ortoo, words, env=variables, prog_name="ortoo")
        return Answer(code=result.exit_code, out=result.stdout, err=result.stderr)

    def done(self, *words: str, **environment: str) -> Answer:
        """Run a command that must end with exit code 0."""
        answer = self.run(*words, **environment)
        assert answer.code == 0, f"{' '.join(words)} ended with {answer.code}\n{answer.err}\n{answer.out}"
        return answer


def home_of(exchange: TestExchange, name: str, *officers: str, station: str | None = None) -> Home:
    """Make the home of a name in the exchange's folder: joined to its ledger, with the keys of these officers.

    The first officer acts unless `--as` names another. `station` is the id of the station that the home belongs to; it needs
    a key too, so name it among the officers.
    """
    folder = exchange.folder / name
    for officer in officers:
        give_key(exchange, folder, officer)
    settings = {"location": exchange.location, "ledger": exchange.identity.hex(), "station": station}
    write_settings(folder, settings | {"officer": officers[0] if officers else None})
    return Home(folder=folder)


def give_key(exchange: TestExchange, folder: Path, officer: str) -> None:
    """Write the key file of an officer of the exchange into a home."""
    signer = exchange.signer(officer).signer
    assert isinstance(signer, KeySigner)
    write_key(folder / KEYS_FOLDER / f"{officer}.pem", signer.key, PASSPHRASE.encode(), Stretching.MACHINE)
