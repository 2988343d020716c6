"""Who takes part in the demo: organisations, officers and stations of both ledgers, under the names that the letters use."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from cli.demo_letters import load_letter
from cli.demo_scenes import (
    BODIES,
    CLERK,
    COMMITTEES,
    COMMITTEES_STATION,
    DEPUTY,
    FIRST,
    FORMER,
    MINISTRY,
    MINISTRY_STATION,
    TWO_OFFICERS,
    UNDP,
    chair,
    secretary,
)
from cli.demo_station import DemoOfficer
from domain.directory import CONNECTED, OUTSIDE, Role
from domain.events import OrganisationEntry
from domain.header import LocalName
from domain.ids import OfficerId, OrgId

REGIONS: Final = (
    "UZ-AN",
    "UZ-BU",
    "UZ-FA",
    "UZ-JI",
    "UZ-NG",
    "UZ-NW",
    "UZ-QA",
    "UZ-QR",
    "UZ-SA",
    "UZ-SI",
    "UZ-SU",
    "UZ-TO",
    "UZ-XO",
)
"""Regions of Uzbekistan (ISO 3166-2), among which the committees of the demo are spread."""
STATE_BODIES: Final = {
    OrgId("statistika"): "Davlat statistika qo‘mitasi",
    OrgId("bandlik"): "Bandlik va mehnat munosabatlari vazirligi",
    OrgId("raqamli"): "Axborot texnologiyalari va kommunikatsiyalarini rivojlantirish vazirligi",
}
"""Some of the other bodies of the state to which L04 goes."""
_CLERK: Final = (Role.CLERK.value,)
_SIGNATORY: Final = (Role.SIGNATORY.value,)
_CHAIR: Final = (Role.CLERK.value, Role.SIGNATORY.value)
_STATION: Final = (Role.STATION.value,)


def first_organisation() -> OrganisationEntry:
    """Return the ministry that founds the main ledger."""
    return entry(MINISTRY, "ministry", load_letter("L01").sender.name, language="uz-Latn", parent=None)


def organisations() -> Iterator[OrganisationEntry]:
    """Yield the other organisations of the main ledger: 100 committees, three state bodies, one body that is not connected."""
    for number, committee in enumerate(COMMITTEES, 1):
        region = REGIONS[number % len(REGIONS)]
        yield entry(committee, "committee", f"{number:03}-son mahalla fuqarolar yig‘ini", language="uz-Latn", region=region)
    for body, name in STATE_BODIES.items():
        yield entry(body, "ministry" if "vazirlik" in name else "agency", name, language="uz-Latn")
    correspondent = entry(UNDP, "other", load_letter("L06").sender.name, language="uz-Latn")
    yield replace(correspondent, connection=OUTSIDE)


def members_of(group: OrgId) -> tuple[OrgId, ...]:
    """Return the members of one of the ministry's groups."""
    return tuple(STATE_BODIES) if group == BODIES else COMMITTEES


def ministry_officers() -> Iterator[DemoOfficer]:
    """Yield the ministry's officers and its station."""
    yield _officer(CLERK, MINISTRY, _CLERK, "Ish yurituvchi")
    yield _officer(DEPUTY, MINISTRY, _SIGNATORY, "Vazir o‘rinbosari")
    yield _officer(FORMER, MINISTRY, _SIGNATORY, "Sobiq boshqarma boshlig‘i")
    yield _officer(OfficerId(MINISTRY_STATION), MINISTRY, _STATION, "Vazirlik stansiyasi")


def committee_officers() -> Iterator[DemoOfficer]:
    """Yield every committee's secretary, the chairs who act in the demo, and the station that serves all committees."""
    for committee in COMMITTEES:
        yield _officer(secretary(committee), committee, _CLERK, "Mas’ul kotib")
        yield _officer(OfficerId(COMMITTEES_STATION), committee, _STATION, "Qo‘mitalar stansiyasi")
    for committee in (FIRST, TWO_OFFICERS):
        yield _officer(chair(committee), committee, _CHAIR, "Fuqarolar yig‘ini raisi")


def entry(
    organisation: OrgId, kind: str, name: str, *, language: str, parent: OrgId | None = MINISTRY, region: str = ""
) -> OrganisationEntry:
    """Return what the directory is to say of an organisation."""
    return OrganisationEntry(
        organisation=organisation,
        names=(LocalName(language=language, text=name),),
        kind=kind,
        parent=parent,
        identifiers=(),
        regions=(region,) if region else (),
        postal_address="",
        electronic_address="",
        connection=CONNECTED,
        acknowledge_days=0,
    )


def _officer(officer: OfficerId, organisation: OrgId, roles: tuple[str, ...], post: str) -> DemoOfficer:
    # No person is named in the data, so each goes by his post.
    said = (LocalName(language="uz-Latn", text=post),)
    return DemoOfficer(officer=officer, organisation=organisation, roles=roles, names=said, posts=said)
