"""Make the words of fingerprints: `python -m tests.vectors.words.generate` (see README.md beside this)."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Final

CONSONANTS: Final = "bdfghjklmnprstvz"
VOWELS: Final = "aiou"
COUNT: Final = 2048
AVOIDED: Final = frozenset(
    (
        *("ass", "bit", "dik", "fag", "fuk", "gom", "hit", "hui", "huj", "jop", "kak", "kal", "kot", "kum", "kun"),
        *("nazi", "nig", "pid", "pis", "pup", "pus", "rab", "rap", "sik", "sis", "sos", "tit", "tup", "zad", "zis"),
    )
)
"""Beginnings of what nobody wants to read to a minister, in the languages of our users."""
TARGET: Final = Path(__file__).parents[3] / "adapters" / "words.txt"


def words() -> Iterator[str]:
    """Return all words of the form in order; the last letter changes whenever one of the others does."""
    for (i, first), (j, second), (k, third), (m, fourth) in product(*map(enumerate, (CONSONANTS, VOWELS, CONSONANTS, VOWELS))):
        yield first + second + third + fourth + CONSONANTS[(3 * i + 5 * j + 7 * k + 3 * m + 11) % len(CONSONANTS)]


def chosen() -> list[str]:
    """Return the words that are used: those without anything to avoid, thinned out evenly."""
    decent = [word for word in words() if not any(part in word for part in AVOIDED)]
    return [decent[number * len(decent) // COUNT] for number in range(COUNT)]


def content() -> str:
    """Return what stands in the file."""
    return "".join(f"{word}\n" for word in chosen())


if __name__ == "__main__":
    TARGET.write_text(content(), "ascii")
    print(TARGET.name)
