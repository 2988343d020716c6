"""A small real exchange for tests: a ledger that was founded, stations that follow it, officers whose keys are in memory.

Everything is signed, appended, judged and stored as in the program; only the key files on the disk are left out, because
stretching their passphrases would cost more than all the rest.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from adapters.certificate_authority import Authority, create_authority, issue_certificate, new_serial
from adapters.checkpoints import NO_WITNESSES, WitnessPolicy
from adapters.clock import system_clock_ms
from adapters.correspondence import acknowledged, dispatched
from adapters.draft_writing import DraftOutline, NewFile, write_draft
from adapters.drafts import load_draft
from adapters.founding import Founding, found
from adapters.key_requests import make_request
from adapters.keyring import OfficerSigner
from adapters.ledger import Ledger
from adapters.ledger_locations import create_ledger, open_ledger
from adapters.registration import appointed, enrolled, registered
from adapters.signers import KeySigner, signer_of
from adapters.station import Station, Utterance
from adapters.submitting import Deposited, Outcome
from adapters.travelling_drafts import store_travelling
from cli.dispatching import freeze_into
from cli.wiring import StationPlan, build_station
from domain.directory import CONNECTED
from domain.events import CheckpointKey, FirstRegistrar, OrganisationEntry
from domain.header import LocalName
from domain.ids import Digest, LetterId, OfficerId, OrgId, sha256
from schemas.codec import LedgerCodec

MINISTRY: Final = OrgId("ministry")
REGISTRAR: Final = OfficerId("registrar")
CERTIFICATE_DAYS: Final = 365
ROOTS: Final = 3
THRESHOLD: Final = 2


def new_signer() -> KeySigner:
    """Return a new P-256 key that signs."""
    return signer_of(ec.generate_private_key(ec.SECP256R1()))


def entry_of(organisation: str, *, parent: str | None = MINISTRY, kind: str = "committee", region: str = "") -> OrganisationEntry:
    """Return what the directory is to say of an organisation."""
    return OrganisationEntry(
        organisation=OrgId(organisation),
        names=(LocalName(language="en", text=organisation),),
        kind=kind,
        parent=OrgId(parent) if parent else None,
        identifiers=(),
        regions=(region,) if region else (),
        postal_address="",
        electronic_address="",
        connection=CONNECTED,
        acknowledge_days=0,
    )


class TestExchange:
    """A founded ledger at a location, with the keys of its roots, its small authority and its officers."""

    __test__ = False

    def __init__(
        self,
        folder: Path,
        location: str,
        *,
        now_ms: Callable[[], int] = system_clock_ms,
        replication: int = 1,
        checkpoint_keys: tuple[CheckpointKey, ...] = (),
    ) -> None:
        """Found a training ledger (UTC+05) of the organisation `ministry`, whose first registrar is `registrar`."""
        self.folder = folder
        self.location = location
        self.replication = replication
        self.checkpoint_keys = checkpoint_keys
        self.codec = LedgerCodec()
        self.now_ms = now_ms
        self.roots = [new_signer() for _ in range(ROOTS)]
        self.authority: Authority = create_authority(
            ec.generate_private_key(ec.SECP256R1()), name="test authority", at_ms=now_ms(), serial=new_serial()
        )
        self.officers: dict[str, OfficerSigner] = {}
        self._stack = contextlib.ExitStack()
        self.identity = self._found()

    def station(
        self,
        name: str,
        *,
        station_id: str | None = None,
        ledger: Ledger | None = None,
        policy: WitnessPolicy = NO_WITNESSES,
    ) -> Station:
        """Open (again) the station with a home of this name; closing it again when the exchange is closed does no harm."""
        plan = StationPlan(
            home=self.folder / name,
            location=self.location,
            identity=self.identity,
            station=station_id,
            store_url=f"sqlite:///{self.folder / name / 'store.sqlite'}",
            passphrase=lambda _: b"",
            witness_policy=policy,
            now_ms=self.now_ms,
        )
        station = build_station(plan, ledger=ledger)
        self._stack.callback(station.close)
        station.catch_up()
        return station

    def signer(self, officer: str) -> OfficerSigner:
        """Return an officer's key and certificate, as enrolled last."""
        return self.officers[officer]

    def add_organisations(self, station: Station, organisations: Iterable[str]) -> None:
        """Register committees below the ministry."""
        registrar = self.officers[REGISTRAR]
        tell(station, [registered(station, registrar, MINISTRY, entry_of(one)) for one in organisations])

    def add_officer(self, station: Station, officer: str, organisation: str, *roles: str) -> OfficerSigner:
        """Appoint an officer and enrol a new key of his."""
        name = LocalName(language="en", text=officer)
        appointment = appointed(
            station,
            self.officers[REGISTRAR],
            MINISTRY,
            organisation=OrgId(organisation),
            officer=OfficerId(officer),
            names=(name,),
            posts=(name,),
            roles=tuple(sorted(roles)),
        )
        enrolment, signer = self.enrolment(station, officer, organisation)
        tell(station, [appointment, enrolment])
        self.officers[officer] = signer
        return signer

    def enrolment(
        self, station: Station, officer: str, organisation: str, *, key: KeySigner | None = None
    ) -> tuple[Utterance, OfficerSigner]:
        """Return the enrolment of a (new) key of an officer, and the signer that it makes; nothing is submitted."""
        signer, now_ms = key or new_signer(), self.now_ms()
        request = make_request(self.codec, signer, ledger=self.identity, officer=OfficerId(officer), made_at=now_ms)
        certificate = self.certificate(signer, officer, organisation)
        enrolment = enrolled(
            station, self.officers[REGISTRAR], MINISTRY, request=request, certificate=certificate, assurance="file"
        )
        return enrolment, OfficerSigner(officer=OfficerId(officer), certificate=sha256(certificate), signer=signer)

    def certificate(self, signer: KeySigner, officer: str, organisation: str) -> bytes:
        """Return a certificate of the exchange's small authority."""
        return issue_certificate(
            self.authority,
            spki=signer.spki,
            officer=OfficerId(officer),
            organisation=OrgId(organisation),
            at_ms=self.now_ms(),
            days=CERTIFICATE_DAYS,
            serial=new_serial(),
        )

    def letter(
        self,
        station: Station,
        signatory: str,
        *to: str,
        sender: str = MINISTRY,
        subject: str = "A letter",
        text: bytes = b"The letter's text.\n",
        **outline: object,
    ) -> Utterance:
        """Return a letter ready to be submitted, its documents in the station's own store; `outline` as for `DraftOutline`."""
        folder = self.folder / "drafts" / os.urandom(8).hex()
        drafted = DraftOutline(subject=subject, language="en", to=to, **outline)  # type: ignore[arg-type] # checked when read
        write_draft(folder, drafted, [NewFile(name="letter.txt", content=text)])
        signer = self.officers[signatory]
        header = station.header(OrgId(sender), (signer,))
        travelling = freeze_into(folder, load_draft(folder), station, header=header, resolve=_identity)
        store_travelling(station.parts.documents.own, travelling)
        return dispatched(travelling, (signer,))

    def send(self, station: Station, signatory: str, *to: str, **said: object) -> LetterId:
        """Send a letter and return its identity."""
        (outcome,) = tell(station, [self.letter(station, signatory, *to, **said)])  # type: ignore[arg-type] # as above
        return LetterId(outcome.identity)

    def acknowledge(self, station: Station, officer: str, letter: LetterId, recipient: str) -> Deposited:
        """Acknowledge a letter for a recipient, and return the receipt's outcome."""
        organisation = OrgId(recipient)
        (outcome,) = tell(station, [acknowledged(station, self.officers[officer], organisation, letter, organisation)])
        return outcome

    def close(self) -> None:
        """Close every station."""
        self._stack.close()

    def _found(self) -> Digest:
        key = new_signer()
        certificate = self.certificate(key, REGISTRAR, MINISTRY)
        self.officers[REGISTRAR] = OfficerSigner(officer=REGISTRAR, certificate=sha256(certificate), signer=key)
        name = LocalName(language="en", text="The registrar")
        founding = Founding(
            name="test",
            purpose="training",
            utc_offset_minutes=300,
            roots=tuple(root.spki for root in self.roots),
            root_threshold=THRESHOLD,
            trust_anchors=(self.authority.certificate,),
            organisation=entry_of(MINISTRY, parent=None, kind="ministry"),
            registrar=FirstRegistrar(officer=REGISTRAR, names=(name,), posts=(name,), certificate=certificate),
            checkpoint_keys=self.checkpoint_keys,
        )
        genesis = found(self.codec, founding, registrar=key, roots=self.roots, now_ms=self.now_ms())
        create_ledger(self.location, replication=self.replication)
        with contextlib.closing(open_ledger(self.location, clock_ms=self.now_ms)) as ledger:
            ledger.append(genesis.record)
        return genesis.identity


def tell(station: Station, said: Iterable[Utterance]) -> tuple[Deposited, ...]:
    """Submit utterances and return their outcomes; fail unless every one is accepted."""
    outcomes = station.submit(tuple(said))
    return tuple(accepted(outcome) for outcome in outcomes)


def accepted(outcome: Outcome) -> Deposited:
    """Return an outcome that must be an accepted event."""
    assert isinstance(outcome, Deposited), outcome
    assert outcome.verdict.is_accepted, (outcome.verdict.reason, outcome.detail)
    return outcome


def _identity(text: str) -> LetterId:
    return LetterId(bytes.fromhex(text))
