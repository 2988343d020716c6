"""A clerk who writes the same letter every month: templates, through the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

from cli.errors import ExitCode
from tests.offices import GROUP, offices
from tests.source_tree import ROOT

SHIPPED = ROOT / "docs" / "guides" / "templates"


def test_a_template_is_listed_filled_checked_and_sent(tmp_path: Path) -> None:
    with offices(tmp_path, 2) as day:
        home = day.ministry
        assert home.done("letter", "templates", "--json").data == {"folder": str(home.folder / "templates"), "lines": []}
        shutil.copytree(SHIPPED, home.folder / "templates")
        listed = home.done("letter", "templates", "--json").data["lines"]
        assert [(one["name"], one["placeholders"], one["problems"]) for one in listed] == [
            ("acceptance-records", ["soni", "qurilmalar"], []),
            ("quarterly-report", ["он", "улирал", "тойм"], []),
        ]
        begin = ("letter", "draft", "--template", "acceptance-records")
        values = ("--set", "soni=100", "--set", "qurilmalar=noutbuk va wifi router")
        made = home.done(*begin, *values, "--to", GROUP, "--reply-by", "+9d", day.file("jadval.csv", "a;b\n"), "--json").data
        assert (made["begun_from"], made["not_taken"]) == ("acceptance-records", [])
        text = Path(made["letter"]).read_text(encoding="utf-8")
        for line in ('reply_by = "+9d"', 'acknowledge_by = "+3d"', '# Begun from template "acceptance-records".'):
            assert f"\n{line}\n" in text
        home.done("letter", "check", made["draft"])
        sent = home.done("letter", "send", made["draft"], "--yes", "--json").data
        read = day.first.done("letter", "read", sent["identity"], "--json").data
        assert read["letter"]["subject"] == "100 ta noutbuk va wifi routerlarni taqdim etish to’g’risida"
        assert "100 ta noutbuk va wifi routerlar taqdim etilishi" in read["text"]
        assert [one["name"] for one in read["documents"]] == ["Xat.txt", "jadval.csv"]

        drafts = sorted(home.folder.rglob("drafts/*"))
        for wrong in (
            (),
            values[:2],
            (*values, "--set", "sana=1"),
            (*values, "--set", "soni=2"),
            ("--set", "soni"),
            ("--set", "=1"),
        ):
            assert home.run(*begin, *wrong, "--to", GROUP).code == ExitCode.USAGE
        assert home.run(*begin, *values).code == ExitCode.USAGE
        assert home.run(*begin, *values, "--to", GROUP, "--like", "out:1").code == ExitCode.USAGE
        assert home.run("letter", "draft", day.file("a.txt"), *values, "--subject", "x", "--to", GROUP).code == ExitCode.USAGE
        assert home.run("letter", "draft", "--template", "../templates", "--to", GROUP).code == ExitCode.FAILED
        assert sorted(home.folder.rglob("drafts/*")) == drafts


def test_a_broken_template_is_listed_with_what_is_wrong_and_the_exit_code_says_so(tmp_path: Path) -> None:
    with offices(tmp_path, 2) as day:
        folder = tmp_path / "office"
        shutil.copytree(SHIPPED, folder)
        broken = folder / "quarterly-report" / "letter.toml"
        broken.write_text(broken.read_text(encoding="utf-8").replace('"report"', '"novel"'), encoding="utf-8")
        answer = day.ministry.run("letter", "templates", ORTOO_TEMPLATES=str(folder))
        assert (answer.code, "acceptance-records" in answer.out) == (ExitCode.FAILED, True)
        assert "quarterly-report cannot be used: kind:4: 'novel' is none of" in answer.err
        told = day.ministry.run("letter", "templates", "--json", ORTOO_TEMPLATES=str(folder)).data["lines"]
        assert [(one["name"], one["subject"] is None, len(one["problems"])) for one in told][1] == ("quarterly-report", True, 1)
        words = ("letter", "draft", "--template", "quarterly-report", "--to", "mfy-001", "--json")
        refused = day.ministry.run(*words, ORTOO_TEMPLATES=str(folder))
        assert (refused.code, refused.data["error"]["code"]) == (ExitCode.FAILED, "TEMPLATE")
