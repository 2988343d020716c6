"""`ortoo identity`: who acts in this home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from adapters.keyring import TOKEN_SUFFIX, Keyring, read_token_file
from adapters.token_uris import TokenUri
from cli.directory_reading import name_in
from cli.keys_shown import key_state
from cli.labels import code_label, label
from cli.languages import Language
from cli.options import command_options
from cli.render import Column, table_lines
from cli.session import Session
from cli.settings import write_settings
from cli.views import banner, open_views
from cli.wiring import KEYS_FOLDER, secrets_of
from domain.ids import OfficerId, officer_id
from projections.directory_queries import AppointmentFilter, AppointmentRow, KeyRow, appointments, keys


@click.group("identity")
def identity() -> None:
    """Who acts at this station."""


@identity.command("use")
@click.argument("officer")
@command_options
def use(session: Session, officer: str) -> None:
    """Let an officer act in this home from now on, unless --as names another.

    Example:
      ortoo identity use mfy-001.secretary
    """
    who = officer_id(officer)
    write_settings(session.home, {"officer": who})
    here = who in _officers(session)
    session.show({"officer": who, "has_key": here}, [label("note.identity_used", session.language, officer=who)])
    if not here:
        session.note(label("note.no_key_here", session.language, officer=who))


@identity.command("list")
@command_options
def list_(session: Session) -> None:
    """List who can act in this home: the officers and stations whose keys are here, with their roles and their keys' states.

    Example:
      ortoo identity list
    """
    views, language, keyring = open_views(session), session.language, _keyring(session)
    with views.reading() as reading:
        found = [
            _Identity(
                officer=officer,
                held=appointments(reading, AppointmentFilter(officer=officer)),
                known=keys(reading, officer=officer),
                kept=tuple(_kept(file) for file in keyring.files_of(officer)),
            )
            for officer in keyring.officers()
        ]
    data = [
        {
            "officer": one.officer,
            "acts": one.officer == session.settings.officer,
            "appointments": [{"organisation": held.organisation, "roles": held.roles} for held in one.held],
            "keys": [{"key": known.key, "state": key_state(known, views.at)} for known in one.known],
            "kept": [{"file": file, "token": None if token is None else str(token)} for file, token in one.kept],
        }
        for one in found
    ]
    columns = tuple(Column(heading=label(f"heading.{name}", language)) for name in ("officer", "name", "roles", "key", "kept"))
    rows = [_cells(session.settings.officer, one, at_ms=views.at, language=language) for one in found]
    lines = table_lines(columns, rows) if rows else [label("note.nothing", language)]
    session.show({"identities": data}, [*banner(session, views), *lines])


@dataclass(frozen=True, kw_only=True, slots=True)
class _Identity:
    """Who can act here: what the ledger says of him, and the files of his keys with the tokens that they name."""

    officer: OfficerId
    held: Sequence[AppointmentRow]
    known: Sequence[KeyRow]
    kept: tuple[tuple[Path, TokenUri | None], ...]


def _officers(session: Session) -> tuple[OfficerId, ...]:
    return _keyring(session).officers()


def _keyring(session: Session) -> Keyring:
    return Keyring(session.home / KEYS_FOLDER, secrets_of(session))


def _kept(file: Path) -> tuple[Path, TokenUri | None]:
    return file, read_token_file(file) if file.suffix == TOKEN_SUFFIX else None


def _cells(acts: str | None, one: _Identity, *, at_ms: int, language: Language) -> tuple[str, ...]:
    roles = "; ".join(f"{held.organisation}: {_roles(held, language)}" for held in one.held)
    states = ", ".join(label(f"key_state.{key_state(known, at_ms)}", language) for known in one.known)
    name = name_in(one.held[0].names, language) if one.held else ""
    kept = ", ".join(_where(file, token, language) for file, token in one.kept)
    return (f"{'→ ' if one.officer == acts else '  '}{one.officer}", name, roles or "-", states or "-", kept)


def _where(file: Path, token: TokenUri | None, language: Language) -> str:
    return file.name if token is None else label("note.on_token", language, token=token.name)


def _roles(one: AppointmentRow, language: Language) -> str:
    return ", ".join(code_label("role", role, language) for role in one.roles)
