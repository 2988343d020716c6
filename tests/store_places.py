"""Where the tests keep a store: a fresh SQLite file, SQLite in memory, a fresh database of the session's PostgreSQL."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest import TestCase

import pytest

from tests.postgres_server import PostgresServer


class FilePlace(TestCase):
    """A fresh SQLite file for each test."""

    def store_url(self) -> str:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        return f"sqlite:///{Path(folder.name) / 'store.sqlite'}"


class MemoryPlace(TestCase):
    """SQLite in memory."""

    def store_url(self) -> str:
        return "sqlite://"


class PostgresPlace(TestCase):
    """A fresh database of PostgreSQL for each test."""

    @pytest.fixture(autouse=True)
    def _server(self, postgres: PostgresServer) -> None:
        self.postgres = postgres

    def store_url(self) -> str:
        url = self.postgres.new_database()
        self.addCleanup(self.postgres.drop_database, url)
        return url
