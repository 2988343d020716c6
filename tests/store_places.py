"""Where the tests keep a store: a fresh SQLite file, SQLite in memory, and any database whose URL is given."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Final
from unittest import TestCase

from sqlalchemy import create_engine

from adapters.store.tables import METADATA

STORE_VARIABLE: Final = "ORTOO_TEST_STORE_URL"
"""Names a database of its own for these tests, as postgresql+psycopg://…; its tables are dropped before each."""


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


class UrlPlace(TestCase):
    """The database of `ORTOO_TEST_STORE_URL`, emptied for each test."""

    def store_url(self) -> str:
        url = os.environ[STORE_VARIABLE]
        engine = create_engine(url)
        METADATA.drop_all(engine)
        engine.dispose()
        return url
