"""The demo's scene of the world outside: a body that is not connected writes on paper, and gets a copy by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from adapters.covers import CoverText
from adapters.frozen_letters import freeze_files, store_frozen
from adapters.outside import LetterFromOutside, delivered_outside, received_outside, scan
from adapters.station import Utterance
from cli.demo_letters import DemoLetter, load_letter
from cli.demo_scenes import CLERK, MINISTRY, UNDP, DemoStory, number_of
from cli.demo_station import DemoStation
from cli.dispatching import SALT_SIZE_BYTES
from domain.outside import CORRESPONDENT, ORIGINAL, THEIR_NUMBER

SCANS_FOLDER: Final = "scans"
WITHOUT_NUMBER: Final = "raqamsiz"
"""What a clerk writes of a letter that bears no number."""
SHELF: Final = "01-12-yig‘majild, 1-varaq"


def deal_with_outside(story: DemoStory) -> None:
    """Let a clerk enter what came on paper, and tell how the copy of another letter was delivered to who wrote it."""
    there, laptops = story.ministry, story.letters["L02"]
    (entered,) = there.tell([_entered(there, load_letter("L06"))])
    delivered = delivered_outside(
        there.station, there.signer(CLERK), MINISTRY, laptops, UNDP, channel="by_hand", delivered_at=there.station.last_time
    )
    there.tell([delivered])
    story.screen.part(
        6,
        "Outside",
        f"UNDP writes on paper: incoming № {number_of(story, entered)}; its signature is not in the system",
        story.screen.seconds(),
    )
    story.screen.more(f"its copy of № {story.numbers['L02']} is delivered by hand; of that nobody but the ministry tells")


def _entered(there: DemoStation, letter: DemoLetter) -> Utterance:
    """Return the entry of a letter from outside, its text for a scan, in the station's own store, as `letter receive` does."""
    station = there.station
    about = ((CORRESPONDENT, letter.sender.name), (THEIR_NUMBER, WITHOUT_NUMBER), (ORIGINAL, SHELF))
    texts = [CoverText(about=code, text=text) for code, text in about]
    frozen = freeze_files(letter.subject, [scan(_scanned(there, letter))], texts, salt=os.urandom(SALT_SIZE_BYTES))
    store_frozen(station.parts.documents.own, frozen)
    paper = LetterFromOutside(
        kind=letter.kind,
        language=letter.language,
        channel="post",
        # The text names no date.
        written_at=None,
        arrived_at=station.last_time,
        answers=None,
        case_index=None,
    )
    return received_outside(station, there.signer(CLERK), MINISTRY, paper, frozen)


def _scanned(there: DemoStation, letter: DemoLetter) -> Path:
    path = there.home / SCANS_FOLDER / letter.main.name
    path.parent.mkdir()
    path.write_bytes(letter.main.content)
    return path
