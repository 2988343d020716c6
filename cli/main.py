"""The program `ortoo`: nouns, and under each its verbs.

A noun lives in the file named here and is imported only when it is used, so that help and completion are quick. In a
noun's file stands its group (or command) under the noun's name; verbs from further files are put into it there with
`add_command`.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module, metadata
from types import MappingProxyType
from typing import Any, Final

import click
from click.shell_completion import CompletionItem, get_completion_class

from cli.failing import tell
from cli.options import command_options, global_options
from cli.session import Session


@dataclass(frozen=True, kw_only=True, slots=True)
class Noun:
    """Where a noun of the command line is found, and what `ortoo --help` says of it."""

    module: str
    name: str
    about: str


NOUNS: Final[Mapping[str, Noun]] = MappingProxyType(
    {
        "ledger": Noun(module="cli.ledger", name="ledger", about="Create, join, check and show a ledger."),
        "org": Noun(module="cli.organisations", name="org", about="Organisations of the directory."),
        "officer": Noun(module="cli.officers", name="officer", about="Officers and stations, and their appointments."),
        "key": Noun(module="cli.keys", name="key", about="Keys: make, enrol, suspend, revoke."),
        "identity": Noun(module="cli.identity", name="identity", about="Who acts at this station."),
        "mandate": Noun(module="cli.mandates", name="mandate", about="Mandates: who acts for whom, and until when."),
        "group": Noun(module="cli.groups", name="group", about="Groups of organisations, for circulars."),
        "registration": Noun(module="cli.registrations", name="registration", about="Correct or void a registration number."),
        "register": Noun(module="cli.registers", name="register", about="Registers and their numbers."),
        "calendar": Noun(module="cli.calendars", name="calendar", about="Working calendars, by which terms in days are counted."),
        "outage": Noun(module="cli.calendars", name="outage", about="Outages, which move due times."),
        "letter": Noun(module="cli.letters", name="letter", about="Letters: draft, sign, send, read, acknowledge, refuse."),
        "approval": Noun(module="cli.approvals", name="approval", about="Approvals: ask for them, decide, see how they stand."),
        "today": Noun(module="cli.today", name="today", about="What there is to do, the most pressing first."),
        "inbox": Noun(module="cli.boxes", name="inbox", about="Letters received, and what is still owed."),
        "outbox": Noun(module="cli.boxes", name="outbox", about="Letters sent, and the fate of each."),
        "queue": Noun(module="cli.queue", name="queue", about="What is signed but not on the ledger yet."),
        "history": Noun(module="cli.history", name="history", about="Every event, with its verdict."),
        "station": Noun(module="cli.station", name="station", about="Follow the ledger all the time."),
        "checkpoint": Noun(module="cli.checkpoint", name="checkpoint", about="Signed heads, to hold the ledger to."),
        "trust": Noun(module="cli.trust", name="trust", about="The trust file that verifiers need: make, sign, show."),
        "evidence": Noun(module="cli.evidence", name="evidence", about="Bundles that prove a letter or a receipt to anybody."),
        "verify": Noun(module="cli.verify", name="verify", about="Verify a bundle with a trust file and nothing else."),
        "witness": Noun(module="cli.witness", name="witness", about="Cosign checkpoints of ledgers that others run."),
        "projection": Noun(module="cli.projections", name="projection", about="Views of the ledger: list, status, rebuild."),
        "audit": Noun(module="cli.audit", name="audit", about="Check a whole ledger, trusting nobody who runs it."),
        "figures": Noun(module="cli.figures", name="figures", about="Figures from the ledger alone, as tables and charts."),
        "demo": Noun(module="cli.demo", name="demo", about="Watch a ministry write to 100 committees."),
    },
)
"""Every noun, in the order in which help lists them."""


class Nouns(click.Group):
    """The group of all nouns: loads one when it is used, and turns every error into a message and an exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all nouns, without loading them."""
        return [*NOUNS, *(name for name in super().list_commands(ctx) if name not in NOUNS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a noun, None if there is no such noun."""
        noun = NOUNS.get(cmd_name)
        if noun is None:
            return super().get_command(ctx, cmd_name)
        command = getattr(import_module(noun.module), noun.name)
        assert isinstance(command, click.Command)  # noqa: S101 - the table above names commands only; a test walks it
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of nouns into the help, without loading them."""
        own = {name: command.get_short_help_str(limit=80) for name, command in self.commands.items()}
        with formatter.section("Nouns"):
            formatter.write_dl([*((name, noun.about) for name, noun in NOUNS.items()), *own.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return the nouns that begin with what is typed, without loading them; options as usual."""
        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        found = [CompletionItem(name, help=noun.about) for name, noun in NOUNS.items() if name.startswith(incomplete)]
        own = (CompletionItem(name, help=one.get_short_help_str()) for name, one in self.commands.items())
        return [*found, *(item for item in own if item.value.startswith(incomplete))]

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run one command line and exit the process with its exit code (without `standalone_mode`: as click does)."""
        session = extra.setdefault("obj", Session())
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost handler
            code = tell(session, error)
        finally:
            session.close()
        sys.exit(code if isinstance(code, int) else 0)


def _version() -> str:
    try:
        return metadata.version("ortoo")
    except metadata.PackageNotFoundError:
        return "not installed"


@click.group("ortoo", cls=Nouns, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(_version(), message="ortoo %(version)s")
@global_options
def ortoo() -> None:
    """Exchange official letters that are signed events on one append-only ledger.

    Exit codes: 0 done, 1 failed, 2 usage, 3 verification failed, 4 could not verify, 5 rejected by the ledger's rules,
    6 ledger or store unreachable, 7 queued for later, 8 partly done.

    Example:
      ortoo --home ministry inbox --overdue
      ortoo inbox --overdue --home ministry
    """


@ortoo.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@command_options
def completion(session: Session, shell: str) -> None:
    """Print the lines that make a shell complete nouns, verbs and options.

    Example:
      eval "$(ortoo completion bash)"
      ortoo completion fish > ~/.config/fish/completions/ortoo.fish
    """
    make = get_completion_class(shell)
    assert make is not None  # noqa: S101 - the three shells above are those that click knows
    script = make(ortoo, {}, "ortoo", "_ORTOO_COMPLETE").source()
    session.show({"shell": shell, "script": script}, script.splitlines)


def main() -> None:
    """Run the program with the process's arguments; the console script `ortoo`."""
    ortoo.main(prog_name="ortoo")


if __name__ == "__main__":
    main()
