"""Looking for letters by words, in whichever script they were written and are asked for."""

from __future__ import annotations

from pathlib import Path

from tests.homes import Home
from tests.offices import offices


def test_boxes_are_searched_over_scripts_and_page_on(tmp_path: Path) -> None:
    with offices(tmp_path, 2) as day:
        subjects = ("Йиллик ҳисобот тўғрисида", "Yillik reja", "2026 yil hisoboti toʻgʻrisida", "Жилийн төлөвлөгєє")
        for place, subject in enumerate(subjects):
            day.ministry.done("letter", "send", day.file(f"{place}.txt"), "--subject", subject, "--to", "mfy-001", "--yes")

        def found(box: str, *words: str) -> list[str]:
            home = day.first if box == "inbox" else day.ministry
            return [line["subject"] for line in home.done(box, *words, "--json").data["lines"]]

        for box in ("inbox", "outbox"):
            assert found(box, "--words", "hisobot to'g'risida") == [subjects[2], subjects[0]]
            assert found(box, "--words", "ЙИЛЛИК") == [subjects[1], subjects[0]]
            assert found(box, "--words", "толовлогоо") == [subjects[3]]
            assert found(box, "--words", "reja hisobot") == []
        first = day.first.done("inbox", "--words", "ҳисобот", "--limit", "1", "--json").data
        assert [line["subject"] for line in first["lines"]] == [subjects[2]]
        assert found("inbox", "--words", "ҳисобот", "--limit", "1", "--after", first["after"]) == [subjects[0]]

        name = _name(day.first, "ministry")
        assert len(found("inbox", "--words", name)) == len(subjects)
        assert found("inbox", "--words", f"{name} reja") == [subjects[1]]
        assert found("outbox", "--words", name) == []


def test_a_circular_is_found_by_any_recipient_and_its_recipients_by_their_own_names(tmp_path: Path) -> None:
    with offices(tmp_path, 3) as day:
        letters = (("Йиллик режа", "all-mfy"), ("Yillik reja", "mfy-002"), ("Hisobot", "all-mfy"))
        for place, (subject, to) in enumerate(letters):
            day.ministry.done("letter", "send", day.file(f"{place}.txt"), "--subject", subject, "--to", to, "--yes")
        second = _name(day.ministry, "mfy-002")
        third = _name(day.ministry, "mfy-003")

        def found(*words: str, home: Home = day.ministry, field: str = "subject") -> list[str]:
            return [line[field] for line in home.done(*words, "--json").data["lines"]]

        assert found("outbox", "--words", second) == ["Hisobot", "Yillik reja", "Йиллик режа"]
        assert found("outbox", "--words", third) == ["Hisobot", "Йиллик режа"]
        assert found("outbox", "--words", f"reja {third}") == ["Йиллик режа"]
        assert found("letter", "list", "--words", f"reja {third}") == ["Йиллик режа"]
        assert found("letter", "list", "--words", _name(day.ministry, "ministry"), home=day.second) == [
            "Hisobot",
            "Yillik reja",
            "Йиллик режа",
        ]
        # Two words of two recipients' names are in the name of neither.
        assert found("outbox", "--words", f"{second} {third}") == []

        assert found("outbox", "--letter", "out:1", "--words", third, field="recipient") == ["mfy-003"]
        assert found("outbox", "--letter", "out:1", "--words", "reja", field="recipient") == []


def test_a_register_is_searched_by_subjects_and_correspondents(tmp_path: Path) -> None:
    with offices(tmp_path, 2) as day:
        for place, (subject, to) in enumerate((("Йиллик ҳисобот", "mfy-001"), ("Yillik reja", "all-mfy"), ("Taklif", "mfy-001"))):
            day.ministry.done("letter", "send", day.file(f"{place}.txt"), "--subject", subject, "--to", to, "--yes")
        for line in day.first.done("inbox", "--json").data["lines"]:
            day.first.done("letter", "acknowledge", line["letter"], "--yes")

        def found(direction: str, *words: str, home: Home = day.ministry) -> list[str]:
            return [entry["subject"] for entry in home.done("register", "show", direction, *words, "--json").data["entries"]]

        assert found("outgoing", "--words", "yillik") == ["Йиллик ҳисобот", "Yillik reja"]
        assert found("outgoing", "--words", f"reja {_name(day.ministry, 'mfy-002')}") == ["Yillik reja"]
        assert found("outgoing", "--words", f"taklif {_name(day.ministry, 'mfy-002')}") == []
        assert found("outgoing", "--words", "yillik", "--limit", "1") == ["Йиллик ҳисобот"]
        assert found("outgoing", "--words", "yillik", "--limit", "1", "--after", "1") == ["Yillik reja"]
        assert len(found("incoming", "--words", _name(day.ministry, "ministry"), home=day.first)) == len(
            ("all", "three", "letters")
        )
        assert found("incoming", "--words", "ҳисобот", home=day.first) == ["Йиллик ҳисобот"]
        assert found("incoming", "--words", _name(day.first, "mfy-001"), home=day.first) == []


def _name(home: Home, organisation: str) -> str:
    names = home.done("org", "show", organisation, "--json").data["names"]
    return str(next(iter(names.values())))
