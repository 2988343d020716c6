"""The stations of the demo: a home each, and what registrars and clerks do there, by the code of the commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.certificate_authority import CERTIFICATE_DAYS, Authority, issue_certificate, new_serial
from adapters.correspondence import dispatched
from adapters.draft_writing import DraftOutline, NewFile, write_draft
from adapters.drafts import load_draft
from adapters.key_encryption import Stretching
from adapters.key_files import create_key
from adapters.key_requests import make_request, read_request, require_words, write_request
from adapters.keyring import OfficerSigner
from adapters.registration import appointed, enrolled, group_defined, registered
from adapters.signers import signer_of
from adapters.station import Station, Utterance
from adapters.submitting import Deposited, Outcome
from adapters.travelling_drafts import store_travelling
from cli.demo_letters import DemoLetter
from cli.dispatching import freeze_into
from cli.errors import CliError
from cli.session import Session
from cli.wiring import open_station
from domain.events import OrganisationEntry
from domain.header import LocalName
from domain.ids import LetterId, OfficerId, OrgId
from domain.signatures import ECDSA_P256

PASSPHRASE_FILE: Final = "passphrase"  # noqa: S105 - the name of a file, not what it holds
REQUESTS_FOLDER: Final = "requests"
DRAFTS_FOLDER: Final = "drafts"


class DemoFailedError(CliError):
    """The demo met a verdict that it did not expect, so it stops instead of showing something that is not so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoOfficer:
    """An officer or station of the demo: who, where, with which roles, and what the directory says of him."""

    officer: OfficerId
    organisation: OrgId
    roles: tuple[str, ...]
    names: tuple[LocalName, ...]
    posts: tuple[LocalName, ...]


class DemoStation:
    """A station of the demo, opened in its home as a command opens it."""

    def __init__(self, home: Path) -> None:
        """Open the station of a home that has joined its ledger."""
        self.home = home
        self.session = Session({"ORTOO_HOME": str(home)})
        self.station: Station = self.session.keep(open_station)

    def signer(self, officer: str) -> OfficerSigner:
        """Return the key of an officer who works here."""
        return self.station.signer(OfficerId(officer))

    def tell(self, said: Iterable[Utterance]) -> tuple[Deposited, ...]:
        """Sign and submit, and return the outcomes; raise `DemoFailedError` if one is not accepted."""
        return tuple(accepted(outcome) for outcome in self.station.submit(tuple(said)))

    def close(self) -> None:
        """Let go of the station."""
        self.session.close()


def accepted(outcome: Outcome) -> Deposited:
    """Return an outcome that must be an accepted event; raise `DemoFailedError` if it is not."""
    if isinstance(outcome, Deposited) and outcome.verdict.is_accepted:
        return outcome
    why = f"{outcome.verdict.reason.name}: {outcome.detail}" if isinstance(outcome, Deposited) else outcome.why
    raise DemoFailedError(f"The demo stopped: an event that should have been accepted was not ({why}). Run it again.")


def register_all(registrar: DemoStation, who: str, speaker: OrgId, entries: Sequence[OrganisationEntry]) -> None:
    """Register organisations, as `ortoo org import` does."""
    signer = registrar.signer(who)
    registrar.tell([registered(registrar.station, signer, speaker, entry) for entry in entries])


def enrol_all(
    registrar: DemoStation, who: str, speaker: OrgId, authority: Authority, there: DemoStation, officers: Sequence[DemoOfficer]
) -> None:
    """Appoint officers and enrol a key of each, made at their own station, as `key create` and `key enrol` do.

    One who is appointed in several organisations has one key, enrolled with the first.
    """
    signer = registrar.signer(who)
    said = [
        appointed(
            registrar.station,
            signer,
            speaker,
            organisation=one.organisation,
            officer=one.officer,
            names=one.names,
            posts=one.posts,
            roles=one.roles,
        )
        for one in officers
    ]
    homes: dict[OfficerId, OrgId] = {}
    for one in officers:
        homes.setdefault(one.officer, one.organisation)
    for officer, home in homes.items():
        said.append(_enrolment(registrar, signer, speaker, authority, _request(there, officer), home))
    registrar.tell(said)
    there.station.catch_up()


def _request(there: DemoStation, officer: OfficerId) -> tuple[bytes, str]:
    """Make an officer's key at his station; return the request file for the registrar, and the six words he is told."""
    passphrase = (there.home / PASSPHRASE_FILE).read_bytes().strip()
    key = create_key(there.station.parts.keyring.folder / f"{officer}.pem", ECDSA_P256, passphrase, Stretching.MACHINE)
    station = there.station
    request = make_request(
        station.parts.codec, signer_of(key), ledger=station.exchange.identity, officer=officer, made_at=station.parts.now_ms()
    )
    content = write_request(request)
    folder = there.home / REQUESTS_FOLDER
    folder.mkdir(exist_ok=True)
    (folder / f"{officer}.json").write_bytes(content)
    return content, request.words


def _enrolment(
    registrar: DemoStation,
    signer: OfficerSigner,
    speaker: OrgId,
    authority: Authority,
    told: tuple[bytes, str],
    home: OrgId,
) -> Utterance:
    """Return what the registrar says after he has compared the words."""
    content, words = told
    request = read_request(registrar.station.parts.codec, content)
    require_words(request, words)
    certificate = issue_certificate(
        authority,
        spki=request.request.public_key,
        officer=request.request.officer,
        organisation=home,
        at_ms=registrar.station.rehearsal_time,
        days=CERTIFICATE_DAYS,
        serial=new_serial(),
    )
    return enrolled(registrar.station, signer, speaker, request=request, certificate=certificate, assurance="file")


def define_group(owner: DemoStation, clerk: str, organisation: OrgId, group: OrgId, members: Sequence[OrgId]) -> None:
    """Define the first version of a group."""
    owner.tell(group_defined(owner.station, owner.signer(clerk), organisation, group=group, version=1, members=members))


def outline_of(letter: DemoLetter, **more: object) -> DraftOutline:
    """Return the outline of one of the demo's letters; `more` as for `DraftOutline`."""
    return DraftOutline(subject=letter.subject, language=letter.language, kind=letter.kind, **more)  # type: ignore[arg-type] # read back and checked by `load_draft`


def drafted(there: DemoStation, name: str, letter: DemoLetter, outline: DraftOutline) -> Path:
    """Write the draft of a letter, as a clerk does with `ortoo letter draft`, and return its folder."""
    folder = there.home / DRAFTS_FOLDER / name
    files = [NewFile(name=one.name, content=one.content) for one in (letter.main, *letter.attachments)]
    write_draft(folder, outline, files)
    return folder


def signed(there: DemoStation, folder: Path, signatory: str, sender: OrgId) -> Utterance:
    """Return a draft as its signatory signs it, its documents in the station's own store, as `ortoo letter send` does."""
    signer, station = there.signer(signatory), there.station
    header = station.header(sender, (signer,))
    travelling = freeze_into(folder, load_draft(folder), station, header=header, resolve=_by_identity)
    store_travelling(station.parts.documents.own, travelling)
    return dispatched(travelling, (signer,))


def _by_identity(text: str) -> LetterId:
    return LetterId(bytes.fromhex(text))
