"""Runs what a page of the documents tells its reader to type, and compares what the page shows with what the program says.

In a block marked `console` a line after `$ ` is typed (a backslash at its end goes on in the next line); the lines below it
must come in that order in what the program prints, whatever else it prints. In them `…` stands for anything, and `<name>` for
something that the reader sees and types again later: it is taken from the output and put into later commands. A command ends
with exit code 0 unless `$ echo $?` follows and shows another. A block marked `sh` is a script. `ortoo` runs in this process,
which is fifty times faster than starting it; all else is given to a shell.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from cli.main import ortoo

BEGINS: Final = re.compile(r"^Begins where \[[^\]]*\]\(([^)]+)\) ends\b", re.MULTILINE)
BLOCK: Final = re.compile(r"^```(console|sh)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PLACEHOLDER: Final = re.compile(r"<([a-z][a-z0-9 ]*)>")
PROGRAM: Final = re.compile(r"(?:ORTOO_[A-Z_]+=\S+ )*ortoo ")
ANYTHING: Final = {" … ": "(?: .*?)? ", " …": "(?: .*)?", "… ": "(?:.*? )?", "…": ".*?"}
"""What stands between words may be no word at all."""
EXIT_CODE: Final = "echo $?"
SHELL_LIMIT_S: Final = 180


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One command that a page lets its reader type, the line where it stands, and the output that it shows."""

    line: int
    command: str
    shown: tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class Walk:
    """A reader who follows pages in a folder: what he has exported and what he has read off the screen so far."""

    folder: Path
    replacing: Mapping[str, str] = field(default_factory=dict)
    exported: dict[str, str] = field(default_factory=dict)
    read_off: dict[str, str] = field(default_factory=dict)
    _last_code: int = 0

    def follow(self, page: Path) -> int:
        """Type everything that a page says, after the page at whose end it begins; return how many commands that were."""
        before = page_before(page)
        count = self.follow(before) if before else 0
        steps = list(steps_of(page))
        for number, step in enumerate(steps):
            follows = steps[number + 1].command if number + 1 < len(steps) else ""
            self._take(page, step, any_code=follows == EXIT_CODE)
        return count + len(steps)

    def _take(self, page: Path, step: Step, *, any_code: bool) -> None:
        command = self._filled(step.command)
        output = self._run(command)
        where = f"{page.name}, line {step.line}: $ {command}\n{output}"
        assert any_code or self._last_code == 0, f"exit code {self._last_code} in {where}"
        self._compare(step.shown, output, where)

    def _run(self, command: str) -> str:
        if command == EXIT_CODE:
            shown, self._last_code = f"{self._last_code}\n", 0
            return shown
        if PROGRAM.match(command) and not re.search(r"[|&]|\$\(", command):
            return self._run_ortoo(command)
        script = ["bash", "-e", "-c", f"{command}\nenv -0 > .exported"]
        environment = self._environment()
        done = subprocess.run(script, cwd=self.folder, env=environment, capture_output=True, check=False, timeout=SHELL_LIMIT_S)
        self._last_code = done.returncode
        self._take_over_exports()
        return (done.stdout + done.stderr).decode()

    def _run_ortoo(self, command: str) -> str:
        typed, _, file = command.partition(" > ")
        before, words = _split(typed)
        variables = {**self._environment(), **before}
        words = [_expanded(word, variables) for word in words]
        result = CliRunner().invoke(ortoo, words, env=variables, prog_name="ortoo")
        self._last_code = result.exit_code
        if file:
            (self.folder / file.strip()).write_text(result.stdout, "utf-8")
            return result.stderr
        return result.output

    def _environment(self) -> dict[str, str]:
        # A shell finds `ortoo` where this Python is, as that of a person who has installed it does.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        return {**os.environ, "PATH": path, "ORTOO_DEBUG": "", **self.exported}

    def _take_over_exports(self) -> None:
        file = self.folder / ".exported"
        if file.exists():
            found = dict(pair.split("=", 1) for pair in file.read_text("utf-8").split("\0") if pair)
            self.exported.update({name: value for name, value in found.items() if name.startswith("ORTOO_")})
            file.unlink()

    def _filled(self, text: str) -> str:
        for old, new in self.replacing.items():
            text = text.replace(old, new)
        return PLACEHOLDER.sub(lambda found: self.read_off.get(found[1], found[0]), text)

    def _compare(self, shown: tuple[str, ...], output: str, where: str) -> None:
        lines = iter([" ".join(line.split()) for line in output.splitlines()])
        for wanted in shown:
            pattern = self._pattern(wanted)
            found = next((match for line in lines if (match := pattern.fullmatch(line))), None)
            assert found is not None, f"not said (or not in this order): {wanted!r}\nin {where}"
            self.read_off.update({name.replace("_", " "): text for name, text in found.groupdict().items()})

    def _pattern(self, wanted: str) -> re.Pattern[str]:
        filled = " ".join(self._filled(wanted).split())
        parts = re.split(r"( … | …$|^… |…|<[a-z][a-z0-9 ]*>)", filled)
        return re.compile("".join(_pattern_of(part) for part in parts))


def page_before(page: Path) -> Path | None:
    """Return the page at whose end a page begins, None if it begins by itself."""
    begins = BEGINS.search(page.read_text("utf-8"))
    return (page.parent / begins[1]).resolve() if begins else None


def steps_of(page: Path) -> Iterator[Step]:
    """Yield the commands that a page lets its reader type, in order."""
    text = page.read_text("utf-8")
    for block in BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 2
        if block[1] == "sh":
            yield Step(line=line, command=block[2], shown=())
            continue
        yield from _console_steps(block[2].splitlines(), line)


def _console_steps(lines: list[str], first: int) -> Iterator[Step]:
    typed: list[str] = []
    shown: list[str] = []
    start = first
    for number, line in enumerate(lines, first):
        if typed and typed[-1].endswith("\\"):
            typed[-1] = typed[-1][:-1]
            typed.append(line.strip())
        elif line.startswith("$ "):
            if typed:
                yield Step(line=start, command="".join(typed), shown=tuple(shown))
            typed, shown, start = [line[2:]], [], number
        elif line.strip() not in {"", "…"}:
            shown.append(line)
    yield Step(line=start, command="".join(typed), shown=tuple(shown))


def _split(typed: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables that stand before `ortoo` for this one command, and the words after it."""
    words = shlex.split(typed)
    start = words.index("ortoo")
    return dict(word.split("=", 1) for word in words[:start] if "=" in word), words[start + 1 :]


def _expanded(word: str, variables: Mapping[str, str]) -> str:
    return re.sub(r"\$([A-Z_]+)", lambda found: variables.get(found[1], found[0]), word)


def _pattern_of(part: str) -> str:
    if part in ANYTHING:
        return ANYTHING[part]
    placeholder = PLACEHOLDER.fullmatch(part)
    return f"(?P<{placeholder[1].replace(' ', '_')}>.+?)" if placeholder else re.escape(part)
