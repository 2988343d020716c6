"""The demo's letters: every byte of theirs, and what they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cli
from adapters.covers import Cover, encode_cover
from cli.demo_letters import LETTER_IDS, load_letter, load_letters
from domain.dispatch import KINDS

DATA = Path(cli.__file__).parent / "demo_data"


@pytest.mark.parametrize("letter_id", LETTER_IDS)
def test_a_letter_keeps_the_bytes_of_its_text(letter_id: str) -> None:
    raw = json.loads((DATA / f"{letter_id}.json").read_bytes())
    letter = load_letter(letter_id)
    assert letter.id == letter_id
    assert letter.main.content.decode() == raw["body"]
    assert letter.subject == raw["subject"]
    assert letter.kind in KINDS
    assert letter.addressees
    assert all(party.id and party.name for party in (letter.sender, *letter.addressees, *letter.copies))


def test_every_subject_fits_into_a_cover() -> None:
    for letter in load_letters():
        assert encode_cover(Cover(subject=letter.subject), salt=bytes(16))


def test_which_letters_are_whose() -> None:
    letters = load_letters()
    assert [letter.id for letter in letters if letter.is_uzbek] == ["L01", "L02", "L03", "L04", "L05", "L06"]
    assert [letter.id for letter in letters if letter.is_mongolian] == ["L07", "L08", "L09", "L10"]
    assert [letter.id for letter in letters if letter.is_from_outside] == ["L06"]
    assert [letter.id for letter in letters if letter.is_restricted] == ["L05"]
    assert [(letter.id, letter.answers) for letter in letters if letter.answers] == [("L03", "L01"), ("L09", "L07")]
    assert [letter.kind for letter in letters if letter.kind != "letter"] == ["reply", "instruction", "report"]


def test_lists_and_bodies_outside_are_told_from_organisations() -> None:
    first, second = load_letter("L01"), load_letter("L02")
    assert (first.addressees[0].is_list, first.addressees[0].members) == (True, 100)
    assert second.copies[0].is_outside
    assert not first.sender.is_list


def test_the_plan_travels_as_a_text_of_37_measures() -> None:
    (plan,) = load_letter("L08").attachments
    assert plan.name == "Төлөвлөгөө.txt"
    assert plan.media_type == "text/plain"
    assert len(plan.content.decode().splitlines()) == 37 + 2
    assert "Шинээр 7 сумыг холбох" in plan.content.decode()
    (report,) = load_letter("L09").attachments
    assert report.name == "I улирлын тайлан.txt"
    assert len(report.content.decode().splitlines()) == 37 + 2


def test_the_quarters_of_a_letter_are_its_due_days() -> None:
    assert load_letter("L07").due == ("2019-03-31", "2019-06-30", "2019-09-30", "2019-12-31")
    assert load_letter("L01").due == ()
