"""A letter whose main document is a text that the clerk types."""

from __future__ import annotations

from pathlib import Path

from cli.errors import ExitCode
from tests.offices import offices


def test_a_typed_text_is_the_main_document_of_a_draft(tmp_path: Path) -> None:
    with offices(tmp_path, 2) as day:
        about = ("--subject", "Йиғилиш", "--to", "mfy-001")
        text = "Йиғилиш жума куни соат 10:00 да."
        typed = day.ministry.done("letter", "draft", "--text", text, day.file("plan.csv", "a;b\n"), *about, "--json").data
        assert (Path(typed["draft"]) / "letter.txt").read_text(encoding="utf-8") == f"{text}\n"
        source = day.file("order.txt", text)
        named = day.ministry.done("letter", "draft", "--text", f"@{source}", *about, "--json").data
        assert (Path(named["draft"]) / "letter.txt").read_text(encoding="utf-8") == f"{text}\n"
        assert day.ministry.done("letter", "send", typed["draft"], "--yes", "--json").data["number"]

        drafts = set(Path(named["draft"]).parent.iterdir())
        (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\xff")
        for wrong in ((), ("--text", " "), ("--text", f"@{tmp_path / 'absent'}"), ("--text", f"@{tmp_path / 'bad.txt'}")):
            assert day.ministry.run("letter", "draft", *wrong, *about).code == ExitCode.USAGE
        assert set(Path(named["draft"]).parent.iterdir()) == drafts
