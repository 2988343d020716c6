"""Writes `frozen-1.txt`: the form of everything that the store holds."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from fastavro.schema import fingerprint, to_parsing_canonical_form

from adapters.store.topics import change_mapper

FOLDER: Final = Path(__file__).parent


def fingerprints() -> str:
    """Return one line for each literal name: SHA-256 of its schema, and the name."""
    schemas = change_mapper().schemas()
    return "".join(f"{fingerprint(to_parsing_canonical_form(schemas[name]), 'SHA-256')}  {name}\n" for name in sorted(schemas))


if __name__ == "__main__":
    (FOLDER / "frozen-1.txt").write_text(fingerprints(), "utf-8")
    print(f"wrote {FOLDER / 'frozen-1.txt'}")
