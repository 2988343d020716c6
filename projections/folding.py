"""Folding of words for a search: one spelling for Uzbek and Mongolian in all scripts, and for keyboards that lack letters.

Texts are folded when they are looked for and never stored folded: a better table needs no rebuilt projection. Whoever looks
through many folds each word once (`projections.word_search`).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

Word = tuple[str, str]
"""A word folded strictly, and loosely: ё as е and ts as s, between which writers waver, and which are different letters too."""

_APOSTROPHES: Final = "’‘'‛ʻʼʽʾʿˈˊ`´ʹ′＇"
_CYRILLIC: Final = {
    "а": "a", "б": "b", "в": "v", "г": "g", "ғ": "g", "д": "d", "е": "e", "є": "o", "ё": "yo", "ж": "j", "з": "z",
    "и": "i", "й": "y", "і": "i", "ї": "u", "к": "k", "қ": "q", "л": "l", "м": "m", "н": "n", "о": "o", "ө": "o", "ѳ": "o",
    "ɵ": "o", "п": "p", "р": "r", "с": "s", "т": "t", "у": "u", "ў": "o", "ү": "u", "ұ": "u", "ф": "f", "х": "x", "ҳ": "h",
    "ц": "ts", "ч": "ch", "ш": "sh", "щ": "sh", "ъ": "", "ы": "i", "ь": "", "э": "e", "ю": "yu", "я": "ya",
    "ѕ": "s", "ј": "j", "һ": "h",
}  # fmt: skip
_LATIN: Final = {"ş": "sh", "ç": "ch", "ı": "i"}
_LOOKS_LATIN: Final = {"в": "b", "н": "h", "р": "p", "с": "c", "у": "y"}
"""What a Cyrillic letter stands for in a Latin word, where it looks like another letter than it is."""
_LOOKS_CYRILLIC: Final = {"b": "v", "h": "n", "p": "r", "c": "s", "y": "u", "v": "u"}
"""And a Latin one in a Cyrillic word, or in place of a missing ү."""
_CYRILLIC_LETTERS: Final = frozenset(_CYRILLIC)
_CYRILLIC_ONLY: Final = _CYRILLIC_LETTERS - frozenset("авекмнорстухіѕјһɵ")
_LATIN_ONLY: Final = frozenset("dfgjlnqrsuwzşçıöóğǵñ")
_LETTERS: Final = str.maketrans(_CYRILLIC | _LATIN)
_AS_LATIN: Final = str.maketrans(_LOOKS_LATIN)
_AS_CYRILLIC: Final = str.maketrans(_LOOKS_CYRILLIC)
_DASHES: Final = dict.fromkeys(map(chr, (*range(0x2010, 0x2016), 0x2212)), "-")
_UNSEEN: Final = dict.fromkeys(
    map(chr, (0xAD, *range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x2060, 0x2065), 0xFEFF)), ""
)
"""Soft hyphens, marks of direction, and what joins or parts letters without a width."""
_CLEAN: Final = str.maketrans(dict.fromkeys(_APOSTROPHES, "") | _UNSEEN | _DASHES)
_LETTER_RUN: Final = re.compile(r"[^\W\d_]+")


def sought(text: str) -> tuple[Word, ...]:
    """Return the words of a search, each once, in the spelling in which words are compared; folding it again changes nothing."""
    return tuple(dict.fromkeys(word for one in text.split() if (word := _spellings(one))[0]))


def said(text: str) -> str:
    """Return everything that can be found of a text: its words, folded strictly, and loosely where that is another spelling."""
    words = [_spellings(word) for word in text.split()]
    return " " + " ".join([strict for strict, _ in words] + [loose for strict, loose in words if loose != strict])


def occurs(word: Word, found: str) -> bool:
    """Tell whether a word that is sought occurs in what is said, whole or as a part of a word."""
    return word[0] in found or word[1] in found


def _spellings(word: str) -> Word:
    if word.isascii() and word.isdigit():
        return word, word
    plain = _plain(word)
    strict = _spelled(plain)
    loose = strict if "ё" not in plain else _spelled(plain.replace("ё", "е"))
    if "ts" in loose:
        loose = re.sub("t+s", "s", loose)
    # Only a whole word may begin with the е of a ё: or whoever looks for ёш (young) would find беш (five).
    return strict, f" {loose}" if plain.startswith("ё") else loose


def _plain(word: str) -> str:
    """Return a word without case, apostrophes, and forms that are the same letters."""
    clean = word.translate(_CLEAN)
    if clean.isascii():
        return clean.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", clean).casefold()).translate(_CLEAN)


def _spelled(plain: str) -> str:
    bare = plain if plain.isascii() else _in_latin(plain)
    return " ".join(re.sub("y+e", "e", bare).replace("y", "i").split())


def _in_latin(plain: str) -> str:
    letters = unicodedata.normalize("NFKD", _LETTER_RUN.sub(_transliterated, plain))
    return "".join(one for one in letters if not unicodedata.combining(one)).translate(_LETTERS)


def _transliterated(run: re.Match[str]) -> str:
    """Return letters that stand together in Latin script; what looks like a letter of the other script is read as that."""
    letters = frozenset(run.group())
    if letters.isdisjoint(_CYRILLIC_LETTERS):
        return run.group().translate(_LETTERS)
    cyrillic, latin = not letters.isdisjoint(_CYRILLIC_ONLY), not letters.isdisjoint(_LATIN_ONLY)
    if cyrillic and latin:
        return run.group().translate(_LETTERS)
    return run.group().translate(_AS_LATIN if latin else _AS_CYRILLIC).translate(_LETTERS)
