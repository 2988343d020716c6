"""Looking for letters by words, in whichever script they were written and are asked for."""

from __future__ import annotations

from pathlib import Path

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

        data = day.first.done("org", "show", "ministry", "--json").data
        names = data["names"]
        name = next(iter(names.values())) if isinstance(names, dict) else names[0]["text"]
        assert len(found("inbox", "--words", name)) == len(subjects)
        assert found("inbox", "--words", f"{name} reja") == [subjects[1]]
        assert found("outbox", "--words", name) == []
