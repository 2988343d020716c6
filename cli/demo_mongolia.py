"""The demo's second ledger: four Mongolian letters between the Cabinet Secretariat, a ministry and governors' offices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from adapters.certificate_authority import Authority
from adapters.correspondence import acknowledged
from cli.demo_directory import entry
from cli.demo_letters import load_letter
from cli.demo_station import DemoOfficer, DemoStation, define_group, drafted, enrol_all, outline_of, register_all, signed
from domain.directory import Role
from domain.events import OrganisationEntry
from domain.header import LocalName
from domain.ids import LetterId, OfficerId, OrgId

SECRETARIAT: Final = OrgId("zghheg")
MINISTRY: Final = OrgId("chhkhya")
GOVERNOR: Final = OrgId("aimag-bayan-olgii")
COMPANY: Final = OrgId("bo-mhs")
REGISTRAR: Final = OfficerId("zghheg.registrar")
GOVERNORS: Final = OrgId("governors")
AIMAG_GOVERNORS: Final = OrgId("aimag-governors")
AIMAGS: Final = {
    "arkhangai": ("MN-073", "Архангай"),
    "bayan-olgii": ("MN-071", "Баян-Өлгий"),
    "bayankhongor": ("MN-069", "Баянхонгор"),
    "bulgan": ("MN-067", "Булган"),
    "govi-altai": ("MN-065", "Говь-Алтай"),
    "govi-sumber": ("MN-064", "Говьсүмбэр"),
    "darkhan-uul": ("MN-037", "Дархан-Уул"),
    "dornogovi": ("MN-063", "Дорноговь"),
    "dornod": ("MN-061", "Дорнод"),
    "dundgovi": ("MN-059", "Дундговь"),
    "zavkhan": ("MN-057", "Завхан"),
    "orkhon": ("MN-035", "Орхон"),
    "ovorkhangai": ("MN-055", "Өвөрхангай"),
    "omnogovi": ("MN-053", "Өмнөговь"),
    "sukhbaatar": ("MN-051", "Сүхбаатар"),
    "selenge": ("MN-049", "Сэлэнгэ"),
    "tov": ("MN-047", "Төв"),
    "uvs": ("MN-046", "Увс"),
    "khovd": ("MN-043", "Ховд"),
    "khovsgol": ("MN-041", "Хөвсгөл"),
    "khentii": ("MN-039", "Хэнтий"),
}
"""The aimags (ISO 3166-2), whose governors L10 addresses; L07 addresses the capital's governor besides."""
CAPITAL: Final = OrgId("ulaanbaatar")
SOUMS: Final = {"altai": "Алтай", "bugat": "Бугат", "buyant": "Буянт", "deluun": "Дэлүүн", "sagsai": "Сагсай", "tolbo": "Толбо"}
"""Some soums of Bayan-Ölgii, to whose offices L08 goes."""
_LANGUAGE: Final = "mn-Cyrl"


def first_organisation() -> OrganisationEntry:
    """Return the Cabinet Secretariat, which founds the second ledger."""
    name = load_letter("L07").sender.name
    return entry(SECRETARIAT, "secretariat", name, language=_LANGUAGE, parent=None)


def run_mongolia(there: DemoStation, authority: Authority) -> tuple[int, int]:
    """Enrol everybody, send the four letters, and return how many letters went out and how many receipts came back."""
    register_all(there, REGISTRAR, SECRETARIAT, tuple(_organisations()))
    enrol_all(there, REGISTRAR, SECRETARIAT, authority, there, tuple(_officers()))
    governors = tuple(OrgId(f"aimag-{name}") for name in AIMAGS)
    define_group(there, _officer(SECRETARIAT, "clerk"), SECRETARIAT, GOVERNORS, (*governors, CAPITAL))
    define_group(there, _officer(MINISTRY, "clerk"), MINISTRY, AIMAG_GOVERNORS, governors)
    decision = _send(there, "L07", SECRETARIAT, to=(MINISTRY,), groups=(GOVERNORS,))
    plan = _send(there, "L08", GOVERNOR, to=(*(OrgId(f"soum-{name}") for name in SOUMS), COMPANY), copy=(SECRETARIAT,))
    report = _send(there, "L09", GOVERNOR, to=(SECRETARIAT,), answers=(decision.hex(),))
    digital = _send(there, "L10", MINISTRY, groups=(AIMAG_GOVERNORS,))
    receipts = ((decision, GOVERNOR), (decision, MINISTRY), (plan, SECRETARIAT), (report, SECRETARIAT), (digital, GOVERNOR))
    said = [acknowledged(there.station, there.signer(_officer(who, "clerk")), who, letter, who) for letter, who in receipts]
    return len({decision, plan, report, digital}), len(there.tell(said))


def _organisations() -> Iterator[OrganisationEntry]:
    yield _entry(MINISTRY, "ministry", load_letter("L10").sender.name)
    for name, (region, title) in AIMAGS.items():
        yield _entry(OrgId(f"aimag-{name}"), "governors-office", f"{title} аймгийн Засаг даргын Тамгын газар", region)
    yield _entry(CAPITAL, "governors-office", "Нийслэлийн Засаг даргын Тамгын газар", "MN-1")
    for name, title in SOUMS.items():
        yield _entry(OrgId(f"soum-{name}"), "soum-office", f"{title} сумын Засаг даргын Тамгын газар", "MN-071")
    yield _entry(COMPANY, "company", load_letter("L08").addressees[-1].name, "MN-071")


def _entry(organisation: OrgId, kind: str, name: str, region: str = "") -> OrganisationEntry:
    return entry(organisation, kind, name, language=_LANGUAGE, parent=SECRETARIAT, region=region)


def _officers() -> Iterator[DemoOfficer]:
    for organisation in (SECRETARIAT, MINISTRY, GOVERNOR):
        for role, post in ((Role.CLERK, "Бичиг хэргийн ажилтан"), (Role.SIGNATORY, "Дарга")):
            said = (LocalName(language=_LANGUAGE, text=post),)
            yield DemoOfficer(
                officer=_officer(organisation, role.value), organisation=organisation, roles=(role.value,), names=said, posts=said
            )


def _officer(organisation: OrgId, role: str) -> OfficerId:
    return OfficerId(f"{organisation}.{role}")


def _send(there: DemoStation, letter_id: str, sender: OrgId, **outline: object) -> LetterId:
    letter = load_letter(letter_id)
    folder = drafted(there, letter_id, letter, outline_of(letter, **outline))
    (outcome,) = there.tell([signed(there, folder, _officer(sender, Role.SIGNATORY.value), sender)])
    return LetterId(outcome.identity)
