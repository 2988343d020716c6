"""`ortoo witness run`: answer the operators of ledgers until told to stop, and log what was cosigned and what was refused."""

from __future__ import annotations

import threading
from collections.abc import MutableMapping
from enum import StrEnum
from typing import Any, Final

import click

from adapters.station_log import event_lines
from adapters.witness import Cosigned, Event, Forked, Refused
from adapters.witness_memory import WitnessMemory
from adapters.witness_server import answering
from cli.errors import outcome_of, redacted
from cli.labels import label
from cli.options import command_options, log_option
from cli.render import show_time
from cli.session import Session
from cli.signals import told_to_stop
from cli.witness_place import build_witness, open_memory, open_witness

ADDRESS: Final = "9474"
"""Where it listens unless told otherwise: this machine only, as TLS is the business of a proxy on it."""
FOR_EVER_S: Final = 3600.0


class Doing(StrEnum):
    """What a witness tells of."""

    SERVING = "serving"
    COSIGNED = "cosigned"
    REFUSED = "refused"
    FORKED = "forked"
    FAILED = "failed"


@click.command("run")
@click.option(
    "--listen", metavar="HOST:PORT", default=ADDRESS, show_default=True, help="Where to answer; without HOST: this machine only."
)
@log_option
@command_options
def run_command(session: Session, *, listen: str, as_json: bool) -> None:
    """Answer operators who ask for cosignatures, until interrupted (C2SP tlog-witness, POST /add-checkpoint).

    Only heads are cosigned that continue the last one that was cosigned; it is remembered on the disk before anything is
    answered. It speaks plain HTTP: what travels is public and signed. Let a proxy in front of it speak TLS to the world.

    Example:
      ortoo witness run
      ortoo witness run --listen 127.0.0.1:9474 --log json
    """
    opened, memory = open_witness(session), session.keep(open_memory)
    telling = _Telling(session, as_json=as_json)
    answers = build_witness(session, opened, telling.event)
    with told_to_stop() as waits, answering(answers, listen, telling.failed) as address:
        telling.serving(address, opened.logs.key.encoded(), memory)
        while not waits(FOR_EVER_S):
            pass
    session.show({"cosigned": telling.cosigned}, [label("note.witness_stopped", session.language, count=telling.cosigned)])


class _Telling:
    """Writes what a witness does, one event a line; its threads take turns."""

    def __init__(self, session: Session, *, as_json: bool) -> None:
        self._session = session
        self._turn = threading.Lock()
        self._log = event_lines(lambda line: click.echo(line, err=True), redacted, None if as_json else self._words)
        self.cosigned = 0

    def serving(self, address: str, key: str, memory: WitnessMemory) -> None:
        """Tell that it answers now."""
        with self._turn:
            self._log.info(Doing.SERVING.value, address=address, verifier_key=key, complete=memory.is_complete)

    def event(self, event: Event) -> None:
        """Tell what came of a request."""
        with self._turn:
            if isinstance(event, Cosigned):
                self.cosigned += 1
                self._log.info(Doing.COSIGNED.value, origin=event.origin, tree_size=event.size)
            elif isinstance(event, Forked):
                self._log.error(Doing.FORKED.value, origin=event.origin, tree_size=event.size)
            else:
                self._refused(event)

    def _refused(self, event: Refused) -> None:
        # A conflict is how an operator finds out where the witness stands.
        write = self._log.info if event.status.value == 409 else self._log.warning  # noqa: PLR2004 - as C2SP tlog-witness has it
        write(Doing.REFUSED.value, origin=event.origin or "", status=event.status.value, message=event.why)

    def failed(self, error: Exception) -> None:
        """Tell what keeps the witness from cosigning anything."""
        with self._turn:
            self._log.error(Doing.FAILED.value, code=outcome_of(error).code, message=str(error))

    def _words(self, _logger: Any, _level: str, fields: MutableMapping[str, Any]) -> str:
        told = {"origin": "", "tree_size": "", "address": "", "message": "", "status": "", **fields}
        words = label(f"witness.{fields['event']}", self._session.language, **told)
        return f"{show_time(self._session.now_ms(), 0)}  {words}"
