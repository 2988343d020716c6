"""`ortoo demo`: a ministry writes to 100 committees, on a real ledger, with real keys, by the code of the commands."""

from __future__ import annotations

import math
import secrets
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import click

from adapters.authority_files import load_authority
from adapters.certificate_authority import Authority
from adapters.due_times import show_offset
from adapters.ledger_locations import KafkaLocation, SqliteLocation, parse_location
from adapters.store.dialect import holds_password, make_schema
from cli.approval_naming import short
from cli.demo_approval import (
    BODIES_STATION,
    LABOUR,
    ApprovalStory,
    head,
    run_approval,
    story_ministry_officers,
    story_organisations,
    story_other_officers,
)
from cli.demo_directory import (
    committee_officers,
    first_organisation,
    members_of,
    ministry_officers,
    organisations,
)
from cli.demo_evidence import commands, make_witness, prove
from cli.demo_mongolia import REGISTRAR as MONGOLIAN_REGISTRAR
from cli.demo_mongolia import first_organisation as first_mongolian_organisation
from cli.demo_mongolia import run_mongolia
from cli.demo_outside import deal_with_outside
from cli.demo_report import REPORT_FOLDER, print_fate, print_figures, print_outbox, views_of, write_reports
from cli.demo_scenes import (
    BODIES,
    CLERK,
    COMMITTEES,
    COMMITTEES_STATION,
    FIRST,
    MINISTRY,
    MINISTRY_STATION,
    PILOT,
    REGISTRAR,
    SILENT,
    UNDP,
    DemoStory,
    answer_circular,
    attack,
    make_mistakes,
    reply,
    secretary,
    send_circular,
    stay_silent,
)
from cli.demo_screen import DemoScreen
from cli.demo_station import PASSPHRASE_FILE, DemoStation, define_group, enrol_all, register_all
from cli.errors import UsageError
from cli.founding import (
    AUTHORITY_FOLDER,
    ROOTS_FOLDER,
    FirstOfficer,
    FoundingPlan,
    found_ledger,
    make_station_topic,
    store_settings,
)
from cli.options import command_options
from cli.passphrases import given_as_passphrase
from cli.session import Session
from cli.settings import read_settings, write_atomically, write_settings
from domain.events import OrganisationEntry
from domain.header import LocalName
from domain.ids import LetterId, OfficerId

FOLDER: Final = "build/demo"
TERM_S: Final = 15
TERM_ON_KAFKA_S: Final = 20
"""A broker that somebody else uses too may take longer for 200 events than a file."""
UZBEKISTAN_OFFSET_MINUTES: Final = 5 * 60
MONGOLIA_OFFSET_MINUTES: Final = 8 * 60
ROOTS: Final = 3
THRESHOLD: Final = 2
STORIES: Final = ("pilot", "approval")


@click.command("demo")
@click.option("--at", "location", metavar="LOCATION", help="Where the ledger is made, such as kafka://HOST:PORT/TOPIC.")
@click.option(
    "--dir", "folder", default=FOLDER, metavar="FOLDER", show_default=True, help="Where homes and report lie; must not exist."
)
@click.option("--store-url", metavar="URL", help="A database of PostgreSQL in which each home gets a schema of its own.")
@click.option("--story", type=click.Choice(STORIES), default=STORIES[0], show_default=True, help="What is played.")
@command_options
def demo(session: Session, location: str | None, folder: str, store_url: str | None, story: str) -> None:
    """Watch a ministry write to 100 committees, on a real ledger with real keys, by the same code as the commands.

    With --story approval: a letter that three bodies, a lawyer and the deputy minister approve before it leaves.

    Two stations share nothing but the ledger's location. Their homes stay in the folder, so that one can go on from there.
    That 100 committees' keys lie in one home is for the demo only.

    Example:
      ortoo demo --dir build/demo
      ortoo demo --story approval --dir build/demo-approval
      ortoo demo --at kafka://localhost:9092/demo --dir build/demo-kafka
      ortoo demo --store-url postgresql://ortoo@localhost/demo
    """
    del session
    if store_url is not None and holds_password(store_url):
        raise UsageError("Nothing was done: --store-url holds a password, which would stand in every home. Keep it in ~/.pgpass.")
    root = Path(folder)
    if root.exists():
        raise UsageError(f"{root} exists, and the demo changes nothing that is there. Remove it, or name another with --dir.")
    place = location or f"sqlite:{(root / 'ledger.sqlite').absolute()}"
    second = _second_place(place)
    root.mkdir(parents=True)
    run = run_demo if story == STORIES[0] else run_approval_demo
    with ExitStack() as stack:
        run(DemoPlaces(root=root, ledger=place, second=second, store_url=store_url), stack)


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoPlaces:
    """Where everything of a demo lies: its folder, both ledgers, and a database for the stores (None: files in the homes)."""

    root: Path
    ledger: str
    second: str
    store_url: str | None

    def store_of(self, home: Path) -> str | None:
        """Make room for the store of a home, and return its URL; None for a file in the home."""
        return None if self.store_url is None else make_schema(self.store_url, home.name)


def run_demo(places: DemoPlaces, stack: ExitStack) -> None:
    """Run every part of the demo on two ledgers and print it; stations are closed with the stack."""
    root, place = places.root, places.ledger
    screen = DemoScreen()
    screen.say(
        f"{'Örtöö demo · TRAINING · real keys, real clock, the same code as the commands':<90}"
        f"(UTC{show_offset(UZBEKISTAN_OFFSET_MINUTES)})"
    )
    screen.say(f"A ministry and {len(COMMITTEES)} committees, two stations that share only the ledger  {_short_place(place)}")
    screen.say()
    story = _enrol(places, screen, stack)
    for scene in (send_circular, answer_circular, reply, make_mistakes, deal_with_outside, attack, stay_silent):
        scene(story)
    _mongolia(places, screen, stack)
    prove(story, root)
    screen.say()
    with views_of(story.ministry) as connection:
        print_outbox(story, connection, UZBEKISTAN_OFFSET_MINUTES)
        print_fate(screen, connection, story.letters["L01"], UZBEKISTAN_OFFSET_MINUTES)
        story.committees.station.catch_up()
        print_figures(story, connection)
    write_reports(root / REPORT_FOLDER, reports(root, story.letters["L02"]))
    _your_turn(root, story)


def run_approval_demo(places: DemoPlaces, stack: ExitStack) -> None:
    """Run the story of an approval on one ledger and print it; stations are closed with the stack."""
    root, place, screen = places.root, places.ledger, DemoScreen()
    screen.say("Örtöö demo · TRAINING · an approval: three stages, a quorum, a delegation, a return, a second round")
    screen.say(f"A ministry and those who approve, two stations that share only the ledger  {_short_place(place)}")
    screen.say()
    ministry_home, bodies_home = root / "ministry", root / "bodies"
    plan = _plan(ministry_home, place, first_organisation(), REGISTRAR, MINISTRY_STATION)
    authority = _found(replace(plan, utc_offset_minutes=UZBEKISTAN_OFFSET_MINUTES, store_url=places.store_of(ministry_home)))
    _join(ministry_home, bodies_home, place, BODIES_STATION, places.store_of(bodies_home))
    write_settings(bodies_home, {"officer": head(LABOUR)})
    ministry, bodies = _opened(ministry_home, stack), _opened(bodies_home, stack)
    entries, own, others = tuple(story_organisations()), tuple(story_ministry_officers()), tuple(story_other_officers())
    register_all(ministry, REGISTRAR, MINISTRY, entries)
    enrol_all(ministry, REGISTRAR, MINISTRY, authority, ministry, own)
    enrol_all(ministry, REGISTRAR, MINISTRY, authority, bodies, others)
    officers = len(own) + len(others) + 1
    screen.part(1, "Enrol", f"{len(entries) + 1} organisations, {officers} officers and stations", screen.seconds())
    told = ApprovalStory(screen=screen, ministry=ministry, bodies=bodies)
    run_approval(told)
    screen.say()
    screen.say("Your turn:")
    for line in approval_turns(root, told):
        screen.say(f"  {line}")


def approval_turns(root: Path, story: ApprovalStory) -> tuple[str, ...]:
    """Return command lines that go on from the story of an approval; they work when pasted."""
    ministry, bodies = f"{_program()} --home {root / 'ministry'}", f"{_program()} --home {root / 'bodies'}"
    return (
        f"{ministry} --as {CLERK} approval list",
        f"{ministry} approval show {short(story.requests[0])}",
        f"{ministry} letter show out:1",
        f"{bodies} approval show {short(story.request)} --lang uz",
    )


def _enrol(places: DemoPlaces, screen: DemoScreen, stack: ExitStack) -> DemoStory:
    began_s = time.monotonic()
    ministry_home, committees_home, place = places.root / "ministry", places.root / "committees", places.ledger
    plan = _plan(ministry_home, place, first_organisation(), REGISTRAR, MINISTRY_STATION)
    authority = _found(replace(plan, utc_offset_minutes=UZBEKISTAN_OFFSET_MINUTES, store_url=places.store_of(ministry_home)))
    believed = make_witness(places.root)
    write_settings(ministry_home, believed)
    _join(ministry_home, committees_home, place, COMMITTEES_STATION, places.store_of(committees_home))
    ministry, committees = _opened(ministry_home, stack), _opened(committees_home, stack)
    entries = tuple(organisations())
    register_all(ministry, REGISTRAR, MINISTRY, entries)
    own, others = tuple(ministry_officers()), tuple(committee_officers())
    enrol_all(ministry, REGISTRAR, MINISTRY, authority, ministry, own)
    enrol_all(ministry, REGISTRAR, MINISTRY, authority, committees, others)
    for group in (PILOT, BODIES):
        define_group(ministry, CLERK, MINISTRY, group, members_of(group))
    people = {one.officer for one in (*own, *others)}
    screen.part(
        1,
        "Enrol",
        f"{len(entries) + 1} organisations, {len(people) + 1} officers and stations, each with a key of his own",
        screen.seconds(),
    )
    screen.more("(that 100 committees' keys lie in one home is for the demo only)")
    usual_s = TERM_ON_KAFKA_S if isinstance(parse_location(place), KafkaLocation) else TERM_S
    # Enrolling them is twice the work of their answers, so that a machine that is slow today still answers in time.
    term_s = max(usual_s, math.ceil(time.monotonic() - began_s))
    return DemoStory(screen=screen, ministry=ministry, committees=committees, term_s=term_s)


def _mongolia(places: DemoPlaces, screen: DemoScreen, stack: ExitStack) -> None:
    home = places.root / "mongolia"
    plan = _plan(home, places.second, first_mongolian_organisation(), MONGOLIAN_REGISTRAR, "st.mongolia")
    authority = _found(replace(plan, utc_offset_minutes=MONGOLIA_OFFSET_MINUTES, store_url=places.store_of(home)))
    letters, receipts = run_mongolia(_opened(home, stack), authority)
    zone = show_offset(MONGOLIA_OFFSET_MINUTES)
    text = f"{letters} letters, {receipts} receipts on a second ledger (UTC{zone}): Secretariat, ministry, aimag"
    screen.part(9, "Mongolia", text, screen.seconds())


def _plan(home: Path, place: str, organisation: OrganisationEntry, registrar: OfficerId, station: str) -> FoundingPlan:
    """Return the plan of a training ledger, with a passphrase drawn for its home."""
    # A passphrase beside its keys protects nothing: it is for the demo, so that its commands can be tried without typing.
    write_atomically(home / PASSPHRASE_FILE, secrets.token_hex(32) + "\n")
    secret = (home / PASSPHRASE_FILE).read_bytes().strip()
    name = LocalName(language=organisation.names[0].language, text="Registrar")
    return FoundingPlan(
        home=home,
        location=place,
        name=f"demo-{organisation.organisation}",
        purpose="training",
        utc_offset_minutes=0,
        organisation=organisation,
        registrar=FirstOfficer(officer=registrar, names=(name,), posts=(name,)),
        passphrase=given_as_passphrase(secret),
        root_passphrases=(given_as_passphrase(secret),) * ROOTS,
        root_threshold=THRESHOLD,
        roots_folder=home / ROOTS_FOLDER,
        station=station,
    )


def _found(plan: FoundingPlan) -> Authority:
    """Found a training ledger as `ortoo ledger create` does, and return its small authority."""
    found_ledger(plan)
    write_settings(plan.home, {"passphrase_file": str((plan.home / PASSPHRASE_FILE).absolute())})
    return load_authority(plan.home / AUTHORITY_FOLDER, lambda: plan.passphrase.secret)


def _join(founder: Path, home: Path, place: str, station: str, store_url: str | None) -> None:
    """Let a second station join, as `ortoo ledger join` does: all that it is told is where the ledger lies, and which it is."""
    make_station_topic(place, station)
    write_atomically(home / PASSPHRASE_FILE, secrets.token_hex(32) + "\n")
    pinned = read_settings(founder, {})
    write_settings(
        home,
        {
            "location": pinned.location,
            "ledger": pinned.ledger,
            "station": station,
            **store_settings(store_url),
            # Who acts there afterwards, as `ortoo identity use` says it: one who was silent to the end.
            "officer": secretary(SILENT[1]),
            "passphrase_file": str((home / PASSPHRASE_FILE).absolute()),
            "witness_keys": pinned.witness_keys,
            "witness_quorum": pinned.witness_quorum,
        },
    )


def _opened(home: Path, stack: ExitStack) -> DemoStation:
    there = DemoStation(home)
    stack.callback(there.close)
    there.station.catch_up()
    return there


def _second_place(place: str) -> str:
    match parse_location(place):
        case KafkaLocation(bootstrap=bootstrap, topic=topic):
            return str(KafkaLocation(bootstrap=bootstrap, topic=f"{topic}-mongolia"))
        case SqliteLocation(path=path):
            return str(SqliteLocation(path=path.with_name(f"mongolia-{path.name}")))
    raise UsageError(f"The demo needs a ledger that two stations can share, and {place} is none. Name a file or a topic.")


def reports(root: Path, copied: LetterId) -> dict[str, tuple[str, ...]]:
    """Return the files of the report, each with the command that fills it; a copy of the letter `copied` went outside."""
    ministry, committees = ("--home", str(root / "ministry")), ("--home", str(root / "committees"))
    return {
        "outbox.txt": (*ministry, "outbox"),
        "circular.txt": (*ministry, "letter", "show", "out:1"),
        "copy-delivered-outside.txt": (*ministry, "letter", "show", copied.hex()[:8], "--recipient", UNDP),
        "inbox-of-the-ministry.txt": (*ministry, "--as", CLERK, "inbox"),
        "inbox-of-a-committee.txt": (*committees, "--as", secretary(FIRST), "inbox"),
        "register-outgoing.txt": (*ministry, "--as", CLERK, "register", "show", "outgoing"),
        "register-incoming.txt": (*ministry, "--as", CLERK, "register", "show", "incoming"),
        "organisations.txt": (*ministry, "org", "list"),
        "officers.txt": (*ministry, "officer", "list", "--limit", "1000"),
        "history.txt": (*ministry, "history", "--limit", "1000"),
        "rejected.txt": (*ministry, "history", "--rejected"),
        "mongolia.txt": ("--home", str(root / "mongolia"), "letter", "list", "--all"),
    }


def your_turn(root: Path, letters: Mapping[str, LetterId]) -> tuple[str, ...]:
    """Return command lines that go on from the demo's letters; they work when pasted."""
    ortoo = _program()
    ministry, committees = f"{ortoo} --home {root / 'ministry'}", f"{ortoo} --home {root / 'committees'}"
    return (
        f"{ministry} letter show out:1",
        f"{committees} inbox",
        f"{committees} letter acknowledge {letters['L01'].hex()[:8]} --yes",
        f"{ministry} letter show {letters['L02'].hex()[:8]} --recipient {UNDP}",
        f"{ministry} history --rejected",
    )


def _your_turn(root: Path, story: DemoStory) -> None:
    screen = story.screen
    screen.say()
    screen.say(f"Your turn (full tables: {root / REPORT_FOLDER}):")
    for line in your_turn(root, story.letters):
        screen.say(f"  {line}")
    screen.say("Or check the evidence, with this program, and without it (openssl, by the bundle's VERIFY.txt):")
    for line in commands(root, _program()):
        screen.say(f"  {line}")


def _program() -> str:
    """Return how the reader calls this program."""
    program = Path(sys.argv[0])
    return str(program if program.name == "ortoo" and not program.is_absolute() else "ortoo")


def _short_place(place: str) -> str:
    """Return a location as short as it can be told from this folder."""
    where = parse_location(place)
    if isinstance(where, SqliteLocation) and where.path.is_relative_to(Path.cwd()):
        return str(where.path.relative_to(Path.cwd()))
    return place
