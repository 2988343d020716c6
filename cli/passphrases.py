"""Passphrases for keys that are made here: from the environment, from a file, or typed twice; never an argument."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import click

from adapters.errors import KeyFileError
from adapters.key_encryption import Stretching
from adapters.key_files import PASSPHRASE_LEAST_BYTES
from cli.errors import UsageError
from cli.labels import label
from cli.session import Session
from cli.wiring import PASSPHRASE_VARIABLE, given_passphrase

_DRAWN_BY_A_MACHINE: Final = re.compile(rb"[0-9a-fA-F]{32,}")


@dataclass(frozen=True, kw_only=True, slots=True)
class NewPassphrase:
    """A passphrase for a key that is made, and how much work a guess at it is to cost."""

    secret: bytes
    stretching: Stretching


def new_passphrase(session: Session, whose: str) -> NewPassphrase:
    """Return the passphrase that a new key gets: as given to the program, else asked for twice.

    Raises `UsageError` if the two differ or are too short, `KeyFileError` if nobody can be asked.
    """
    given = given_passphrase(session)
    if given is not None:
        return _long_enough(given_as_passphrase(given), whose)
    if not session.asks:
        raise KeyFileError(
            f"No key was made for {whose}: nobody is at a terminal to choose its passphrase. Put one into a file and name that "
            f"as passphrase_file, or set {PASSPHRASE_VARIABLE}."
        )
    first = _asked(f"{label('prompt.passphrase_new', session.language)} ({whose})")
    if first != _asked(label("prompt.passphrase_again", session.language)):
        raise UsageError(f"No key was made for {whose}: the two passphrases differ. Try again.")
    return _long_enough(NewPassphrase(secret=first, stretching=Stretching.PERSON), whose)


def given_as_passphrase(given: bytes) -> NewPassphrase:
    """Return a passphrase that a program gave; only what a machine drew (32 hexadecimal digits or more) needs no stretching."""
    drawn = _DRAWN_BY_A_MACHINE.fullmatch(given) is not None
    return NewPassphrase(secret=given, stretching=Stretching.MACHINE if drawn else Stretching.PERSON)


def _long_enough(passphrase: NewPassphrase, whose: str) -> NewPassphrase:
    # Told before anything is made, not when the first key is written.
    least = PASSPHRASE_LEAST_BYTES[passphrase.stretching]
    if len(passphrase.secret) < least:
        raise UsageError(f"No key was made for {whose}: its passphrase is shorter than {least} characters. Choose a longer one.")
    return passphrase


def _asked(question: str) -> bytes:
    return str(click.prompt(question, hide_input=True, err=True)).encode()
