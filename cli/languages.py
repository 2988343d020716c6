"""The languages in which the program speaks to people."""

from __future__ import annotations

from enum import StrEnum


class Language(StrEnum):
    """A language of labels and prompts, by the code that `--lang` takes."""

    ENGLISH = "en"
    UZBEK_LATIN = "uz"
    UZBEK_CYRILLIC = "uz-cyrl"
    MONGOLIAN = "mn"
    RUSSIAN = "ru"
