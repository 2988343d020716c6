"""`ortoo ledger`: create and join; the rest stands in `cli.ledger_state` and `cli.ledger_roots`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import click

from adapters.authority_files import read_certificate_file
from adapters.certificate_authority import AUTHORITY_YEARS
from adapters.key_encryption import Stretching
from adapters.store.dialect import holds_password
from cli.confirm import Preview, confirmed
from cli.directory_entries import first_name, organisation_entry, parse_names
from cli.errors import UsageError
from cli.founding import (
    ROOTS_FOLDER,
    FirstOfficer,
    FoundedLedger,
    FoundingPlan,
    absolute_location,
    check_founding,
    found_ledger,
    make_station_topic,
)
from cli.joining import check_station_topic, join_ledger
from cli.labels import label
from cli.languages import Language
from cli.ledger_acls import show_access_commands
from cli.ledger_checkpoint_keys import add_checkpoint_key, retire_checkpoint_key
from cli.ledger_findings import finding_data, tell_findings
from cli.ledger_roots import add_anchor, adopt_rules, change_roots, make_root, withdraw_anchor
from cli.ledger_state import check, show
from cli.options import acting_options, command_options
from cli.passphrases import NewPassphrase, new_passphrase
from cli.render import pair_lines, purpose_lines, show_zone
from cli.session import Session
from cli.wiring import kafka_security
from domain.certificates import parse_anchor
from domain.directory import CONNECTED, KINDS, UNIT
from domain.events import LedgerOpened
from domain.exchange import MAX_ROOTS, PURPOSES
from domain.header import LocalName
from domain.ids import digest_from_hex, officer_id

_OFFSET: Final = re.compile(r"([+-])([0-9]{1,2}):?([0-5][0-9])?")
_OFFSET_LIMIT_MINUTES: Final = 14 * 60
_NOT_YET: Final = NewPassphrase(secret=b"", stretching=Stretching.PERSON)
_NEEDED: Final = ("location", "purpose", "org", "org_name", "registrar", "registrar_name", "registrar_post", "utc_offset")


store_option = click.option(
    "--store-url", metavar="URL", help="The database of the store and the views (default: files in the home); see settings."
)


@click.group("ledger")
def ledger() -> None:
    """Create, join, check and show a ledger."""


for command in (check, show, make_root, change_roots, add_anchor, withdraw_anchor, adopt_rules):
    ledger.add_command(command)
for command in (add_checkpoint_key, retire_checkpoint_key):
    ledger.add_command(command)


@ledger.command("create")
@click.argument("name", required=False)
@click.option("--at", "location", metavar="LOCATION", help="sqlite:FILE or kafka://HOST:PORT[,HOST:PORT]/TOPIC.")
@click.option("--purpose", type=click.Choice(sorted(PURPOSES)), help="Shown on every list unless it is production.")
@click.option("--utc-offset", metavar="+HH:MM", help="In which all days and years of this ledger are counted.")
@click.option("--org", metavar="ID", help="The first organisation.")
@click.option("--org-name", metavar="LANG=NAME", multiple=True, help="Its name in a language; once for each.")
@click.option("--org-kind", type=click.Choice(sorted(KINDS - {UNIT})), default="ministry", show_default=True)
@click.option("--registrar", metavar="ID", help="The first registrar: enrols everybody else.")
@click.option("--registrar-name", metavar="LANG=NAME", multiple=True, help="His name in a language; once for each.")
@click.option("--registrar-post", metavar="LANG=POST", multiple=True, help="His post in a language; once for each.")
@click.option("--roots", type=click.IntRange(1, MAX_ROOTS), default=3, show_default=True, help="How many root keys to make.")
@click.option("--threshold", type=click.IntRange(1, MAX_ROOTS), default=2, show_default=True, help="How many must sign.")
@click.option("--roots-folder", type=click.Path(file_okay=False), help="Where the root keys go (default: roots in the home).")
@click.option("--anchor", "anchors", type=click.Path(), multiple=True, help="Certificate of an outside CA to trust as well.")
@click.option(
    "--checkpoint-key/--no-checkpoint-key",
    "checkpoint_key",
    default=True,
    show_default=True,
    help="Make a key that signs checkpoints in this home, and name it on the ledger.",
)
@click.option("--station", metavar="ID", help="The station that this home belongs to; without NAME: make its topic, no ledger.")
@store_option
@click.option("--replication", type=click.IntRange(1, 9), help="Replicas on Kafka: 3 in earnest (default: 1; as the ledger has).")
@click.option("--acls", is_flag=True, help="Only print the commands that let --station in to Kafka, with its quota.")
@click.option("--checkpoints", is_flag=True, help="With --acls: let that station publish checkpoints.")
@click.option("--principal", metavar="TYPE:NAME", help="What Kafka calls that station, for --acls (default: User:ID).")
@acting_options
@command_options
def create(session: Session, /, name: str | None, yes: bool, dry_run: bool, **given: Any) -> None:
    r"""Make a ledger, its root keys, its own small CA and the key of its first registrar.

    Passphrases are asked for twice, for each root key its own; in scripts they come from passphrase_file or
    ORTOO_PASSPHRASE. One that a machine drew (32 or more hexadecimal digits) opens keys faster; it cannot be guessed anyway.

    With --station and without NAME it makes the topic for a further station's documents beside a ledger on Kafka; with
    --acls as well it makes nothing and prints what an operator of Kafka runs so that this station may do its work there.

    Example:
      ortoo ledger create Alashuv --at sqlite:ledger.sqlite --purpose training --utc-offset +05:00 \
        --org min --org-name "uz=Mahalla vazirligi" --registrar min.registrar --registrar-name "uz=A. Karimov" \
        --registrar-post "uz=Kotibiyat mudiri"
      ortoo ledger create --station st.andijon --at kafka://broker:9092/alashuv --replication 3
      ortoo ledger create --station st.andijon --at kafka://broker:9092/alashuv --acls
    """
    if given["acls"]:
        show_access_commands(session, given["location"], given["station"], given["principal"], checkpoints=given["checkpoints"])
        return
    if name is None:
        _create_topic(session, given)
        return
    plan = _plan(session, name, given)
    check_founding(plan, at_ms=session.now_ms())
    if not confirmed(session, _preview(session.language, plan), yes=yes, dry_run=dry_run):
        return
    passphrases = [new_passphrase(session, file.name) for file in plan.root_files]
    own = new_passphrase(session, plan.registrar.officer)
    founded = found_ledger(replace(plan, passphrase=own, root_passphrases=tuple(passphrases)), now_ms=session.now_ms)
    _tell_founded(session, plan, founded)


@ledger.command("join")
@click.argument("location")
@click.option("--identity", required=True, metavar="HEX", help="The ledger's identity, as its founders told it.")
@click.option("--station", metavar="ID", help="The station that this home belongs to (none: it only reads and signs).")
@store_option
@command_options
def join(session: Session, location: str, identity: str, station: str | None, store_url: str | None) -> None:
    """Let this home belong to a ledger; its first record must be the one with this identity.

    Example:
      ortoo ledger join kafka://broker:9092/alashuv --identity 5f3c…e1 --station st.andijon
      ortoo ledger join kafka://broker:9092/alashuv --identity 5f3c…e1 --store-url postgresql://ortoo@db/ortoo
    """
    named = None if station is None else officer_id(station)
    joined = join_ledger(
        session.home,
        location,
        digest_from_hex(identity),
        station=named,
        store_url=_store_url(session, store_url),
        security=kafka_security(session),
        now_ms=session.now_ms,
    )
    exchange, language = joined.exchange, session.language
    tell_findings(session, joined.findings)
    data = {"ledger": exchange.identity, "name": exchange.name, "purpose": exchange.purpose, "location": joined.location}
    lines = [*purpose_lines(exchange.purpose, language), label("note.joined", language, name=exchange.name)]
    session.show({**data, "station": named, "warnings": finding_data(joined.findings)}, lines)
    session.note(label("note.everybody_reads", language))


def _store_url(session: Session, given: str | None) -> str | None:
    """Return the database that a home is to have; raise `UsageError` for one that would be written with its password."""
    found = given or session.settings.store_url
    if found is not None and holds_password(found) and given is not None:
        raise UsageError(
            "Nothing was done: --store-url holds a password, and settings hold none. Keep it in the file that PostgreSQL's own "
            "programs read (~/.pgpass), and leave it out here."
        )
    return found


def parse_offset(text: str) -> int:
    """Return an offset from UTC in minutes; raise `UsageError` if the text is none."""
    found = _OFFSET.fullmatch(text)
    minutes = 0 if found is None else int(found[2]) * 60 + int(found[3] or 0)
    if found is None or minutes > _OFFSET_LIMIT_MINUTES:
        raise UsageError(f"--utc-offset {text!r} is not an offset from UTC: write +05:00, +08:00 or -03:30.")
    return -minutes if found[1] == "-" else minutes


def _plan(session: Session, name: str, given: dict[str, Any]) -> FoundingPlan:
    if missing := [one for one in _NEEDED if not given[one]]:
        options = ", ".join(f"--{'at' if one == 'location' else one.replace('_', '-')}" for one in missing)
        raise UsageError(f"No ledger was made: it needs {options} too. See `ortoo ledger create --help`.")
    anchors = tuple(read_certificate_file(Path(file)) for file in given["anchors"])
    for anchor in anchors:
        parse_anchor(anchor)
    return FoundingPlan(
        home=session.home,
        location=absolute_location(given["location"]),
        name=name,
        purpose=given["purpose"],
        utc_offset_minutes=parse_offset(given["utc_offset"]),
        organisation=organisation_entry(
            {
                "organisation": given["org"],
                "names": parse_names("--org-name", given["org_name"]),
                "kind": given["org_kind"],
                "parent": None,
                "identifiers": [],
                "regions": [],
                "postal_address": "",
                "electronic_address": "",
                "connection": CONNECTED,
                "acknowledge_days": 0,
            }
        ),
        registrar=FirstOfficer(
            officer=officer_id(given["registrar"]),
            names=_local_names("--registrar-name", given["registrar_name"]),
            posts=_local_names("--registrar-post", given["registrar_post"]),
        ),
        passphrase=_NOT_YET,
        root_passphrases=(_NOT_YET,) * given["roots"],
        root_threshold=given["threshold"],
        roots_folder=Path(given["roots_folder"] or session.home / ROOTS_FOLDER).expanduser().absolute(),
        anchors=anchors,
        makes_checkpoint_key=given["checkpoint_key"],
        station=None if given["station"] is None else officer_id(given["station"]),
        replication=given["replication"] or 1,
        security=kafka_security(session),
        store_url=_store_url(session, given["store_url"]),
    )


def _local_names(option: str, texts: Sequence[str]) -> tuple[LocalName, ...]:
    return tuple(LocalName(**raw) for raw in parse_names(option, texts))


def _preview(language: Language, plan: FoundingPlan) -> Preview:
    organisation, registrar = plan.organisation, plan.registrar
    says = (
        ("heading.ledger", plan.name),
        ("heading.purpose", label(f"purpose.{plan.purpose}", language)),
        ("heading.location", plan.location),
        ("heading.offset", show_zone(plan.utc_offset_minutes)),
        ("heading.organisation", f"{first_name(organisation.names)} ({organisation.organisation})"),
        ("heading.officer", f"{first_name(registrar.names)} ({registrar.officer}), {label('role.registrar', language)}"),
        ("heading.roots", "\n".join(map(str, plan.root_files))),
        ("heading.threshold", plan.root_threshold),
        ("heading.anchors", "\n".join([f"{plan.name} enrolment ({AUTHORITY_YEARS} y)", *(a.hex()[:16] for a in plan.anchors)])),
        ("heading.station", plan.station or "-"),
    )
    return Preview(
        act=LedgerOpened.TYPE,
        says=tuple((label(key, language), value) for key, value in says),
        lines=("", label("note.everybody_reads", language)),
        data={
            "name": plan.name,
            "purpose": plan.purpose,
            "location": plan.location,
            "utc_offset_minutes": plan.utc_offset_minutes,
            "organisation": organisation.organisation,
            "registrar": registrar.officer,
            "roots": plan.root_files,
            "threshold": plan.root_threshold,
            "station": plan.station,
        },
    )


def _tell_founded(session: Session, plan: FoundingPlan, founded: FoundedLedger) -> None:
    language = session.language
    tell_findings(session, founded.findings)
    data = {
        "ledger": founded.identity,
        "location": founded.location,
        "roots": founded.root_files,
        "warnings": finding_data(founded.findings),
    }
    pairs = [
        (label("heading.ledger", language), plan.name),
        (label("heading.location", language), founded.location),
        (label("heading.identity", language), founded.identity.hex()),
        (label("heading.roots", language), "\n".join(map(str, founded.root_files))),
    ]
    session.show(data, [*purpose_lines(plan.purpose, language), *pair_lines(pairs)])
    session.note(label("prompt.take_roots_offline", language))
    if plan.makes_checkpoint_key:
        session.note(label("note.checkpoint_key_made", language, officer=plan.registrar.officer))
    session.note(label("note.tell_identity", language))
    session.note(f"  ortoo ledger join {founded.location} --identity {founded.identity.hex()}")


def _create_topic(session: Session, given: dict[str, Any]) -> None:
    location = given["location"] or session.settings.location
    if given["station"] is None or location is None:
        raise UsageError(
            "It is not known what to make. Give the NAME of a new ledger, or --station ID (and --at LOCATION, unless this home "
            "has joined its ledger) for a further station's topic."
        )
    station, language = officer_id(given["station"]), session.language
    security = kafka_security(session)
    topic = make_station_topic(location, station, replication=given["replication"], security=security)
    done = label("note.topic_made", language, station=station, topic=topic)
    text = label("note.topic_not_needed", language) if topic is None else done
    findings = check_station_topic(location, station, security)
    tell_findings(session, findings)
    session.show({"station": station, "topic": topic, "warnings": finding_data(findings)}, [text])
