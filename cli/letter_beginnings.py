"""What a draft begins with before its writer says anything: a letter or a template, over which his options win."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Final

from adapters.draft_writing import DraftOutline, NewFile

_SAYS: Final = {
    "to": ("to", "groups"),
    "copy": ("copy", "copy_groups"),
    "acknowledge_days": ("acknowledge_by",),
    "reply_days": ("reply_by",),
}
"""The fields of an outline that an option says, where they are not the one of its own name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Beginning:
    """The outline and the documents, main one first, and what they were made from: for programs, and in words for the draft.

    `not_taken` is what was not taken over, by its code, and how that is said to the person.
    """

    outline: DraftOutline
    files: tuple[NewFile, ...]
    begun_from: str
    origin: str
    not_taken: Mapping[str, str] = field(default_factory=dict)

    def missing(self, outline: DraftOutline) -> Mapping[str, str]:
        """Return what was not taken over and what the outline of the draft does not say either."""
        return {code: said for code, said in self.not_taken.items() if not getattr(outline, code, None)}


def over(begun: DraftOutline, said: DraftOutline, options: Set[str]) -> DraftOutline:
    """Return the outline with which a draft begins, but for what its writer said with these options.

    Officers to whose attention it goes are named only in organisations that are still addressed.
    """
    names = {name for option in options for name in _SAYS.get(option, (option,))}
    outline = replace(begun, **{name: getattr(said, name) for name in names})
    addressed = {*outline.to, *outline.copy}
    return replace(outline, attention=tuple(pair for pair in outline.attention if pair[0] in addressed))
