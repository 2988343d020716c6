"""Files to import: all or nothing, every bad row named, and a plan that submits nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.errors import ImportRefusedError
from cli.imports import (
    PROBLEMS_LIMIT,
    ROWS_LIMIT,
    parse_officers,
    parse_organisations,
    plan_officers,
    plan_organisations,
    read_import_file,
)
from domain.events import Identifier
from domain.header import LocalName
from domain.ids import OrgId

GOOD = (
    "organisation,kind,name_uz,name_uz-Cyrl,parent,id_stir,regions,postal_address,acknowledge_days\n"
    'mfy-001,committee,"Bog‘, ""Yangi""",Боғ,min,123,tashkent chilonzor,,3\n'
    "min,ministry,Vazirlik,,,,,Toshkent,\n"
)
OFFICERS = """officer,organisation,name_uz,post_uz,roles
a.b,min,Ali,Vazir,signatory clerk
c.d,mfy-001,Vali,,clerk
"""


def problems_of(content: str | bytes, *, officers: bool = False) -> list[str]:
    raw = content.encode() if isinstance(content, str) else content
    with pytest.raises(ImportRefusedError) as caught:
        (parse_officers if officers else parse_organisations)("x.csv", raw)
    return list(caught.value.problems)


def test_a_row_becomes_an_entry() -> None:
    first, second = parse_organisations("x.csv", GOOD.encode())
    assert first.line == 2
    assert first.entry.names == (
        LocalName(language="uz", text='Bog‘, "Yangi"'),
        LocalName(language="uz-Cyrl", text="Боғ"),
    )
    assert first.entry.identifiers == (Identifier(scheme="stir", value="123"),)
    assert (first.entry.parent, first.entry.regions, first.entry.acknowledge_days) == ("min", ("tashkent", "chilonzor"), 3)
    assert (second.entry.connection, second.entry.acknowledge_days, second.entry.parent) == ("connected", 0, None)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_byte_order_mark_newlines_and_separator_make_no_difference(mark: str, newline: str) -> None:
    commas = 'organisation,kind,name_uz\nmin,ministry,"A;B"\n'
    semicolons = 'organisation;kind;name_uz\nmin;ministry;"A;B"\n'
    plain = parse_organisations("x.csv", commas.encode())
    for text in (commas, semicolons):
        assert parse_organisations("x.csv", (mark + text.replace("\n", newline)).encode()) == plain


def test_lines_are_counted_across_quoted_newlines_and_empty_rows() -> None:
    text = 'officer,organisation,name_uz,roles\n\na.b,min,"Ali\nVali",clerk\n,,,\nc.d,min,Ali,king\n'
    assert problems_of(text, officers=True) == [
        "line 3, name_uz: a control or bidirectional character",
        "line 6, roles: 'king' is none of archivist, clerk, controller, registrar, signatory, station",
    ]


def test_every_bad_row_is_listed_with_line_column_and_reason() -> None:
    text = (
        "organisation,kind,name_uz,name_ru,parent,id_stir,connection,acknowledge_days\n"
        "MIN,ministry,A,,,,,\n"
        "a,kingdom,A,,,,,\n"
        "b,agency,,,,,,\n"
        f"c,agency,A,{'я' * 151},,,,\n"
        f"d,agency,A,,,{'1' * 61},,\n"
        "e,agency,A,,Above!,,,\n"
        "f,agency,A,,,,near,\n"
        "g,agency,A,,,,,soon\n"
        "h,agency,A,,,,,367\n"
        "i,agency,A\n"
        "j,agency,A,,,,,\n"
        "j,agency,B,,,,,\n"
    )
    found = problems_of(text)
    where = [problem.partition(":")[0] for problem in found]
    assert where == [
        "line 2, organisation",
        "line 3, kind",
        "line 4, name_LANGUAGE",
        "line 5, name_ru",
        "line 6, id_stir",
        "line 7, parent",
        "line 8, connection",
        "line 9, acknowledge_days",
        "line 10, acknowledge_days",
        "line 11",
        "line 13, organisation",
    ]
    assert found[-1] == "line 13, organisation: the same as in line 12"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1, organisation: the column is missing"),
        ("organisation,kind\nmin,ministry\n", "line 1, name_LANGUAGE: the column is missing"),
        ("organisation,kind,name_uz,colour\n", "line 1, colour: no such column"),
        ("organisation,kind,name_uz,kind\n", "line 1, kind: the column stands there twice"),
        ('organisation,kind,name_uz\nmin,"ministry"x,A\n', "line 2: not CSV"),
        ('organisation,kind,name_uz\nmin,"ministry\n', "line 2: not CSV"),
    ],
)
def test_a_file_of_the_wrong_shape_is_refused(text: str, expected: str) -> None:
    assert any(problem.startswith(expected) for problem in problems_of(text))


def test_other_encodings_are_refused_with_their_line() -> None:
    raw = "organisation,kind,name_ru\nmin,ministry,Министерство\n".encode("cp1251")
    assert problems_of(raw) == ["line 2: not UTF-8: save the file as CSV UTF-8"]


def test_a_file_with_too_many_rows_is_refused() -> None:
    rows = "".join(f"o{n},agency,A\n" for n in range(ROWS_LIMIT + 1))
    assert problems_of(f"organisation,kind,name_uz\n{rows}")[-1].endswith(f"more than {ROWS_LIMIT} rows: split it")


def test_a_list_of_problems_ends_somewhere() -> None:
    rows = "".join(f"o{n},kingdom,A\n" for n in range(PROBLEMS_LIMIT + 50))
    found = problems_of(f"organisation,kind,name_uz\n{rows}")
    assert (len(found), found[-1]) == (PROBLEMS_LIMIT + 1, "… and 50 more")


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(ImportRefusedError, match="cannot be read"):
        read_import_file(tmp_path / "none.csv")
    (tmp_path / "x.csv").write_text(GOOD, encoding="utf-8")
    assert read_import_file(tmp_path / "x.csv") == GOOD.encode()


def test_parents_are_planned_before_those_below_them() -> None:
    plan = plan_organisations("x.csv", parse_organisations("x.csv", GOOD.encode()), {})
    assert [row.entry.organisation for row in plan.add] == ["min", "mfy-001"]
    assert (plan.change, plan.same) == ((), ())


def test_an_import_run_again_does_nothing() -> None:
    rows = parse_organisations("x.csv", GOOD.encode())
    known = {row.entry.organisation: row.entry for row in rows}
    plan = plan_organisations("x.csv", rows, known)
    assert (plan.add, plan.change, len(plan.same)) == ((), (), 2)


def test_what_differs_is_planned_as_a_change() -> None:
    rows = parse_organisations("x.csv", GOOD.encode())
    changed = parse_organisations("x.csv", GOOD.replace("Vazirlik", "Boshqarma").encode())
    plan = plan_organisations("x.csv", changed, {row.entry.organisation: row.entry for row in rows})
    assert [row.entry.organisation for row in plan.change] == ["min"]


def test_a_parent_that_nobody_knows_is_refused() -> None:
    rows = parse_organisations("x.csv", b"organisation,kind,name_uz,parent\na,agency,A,nobody\n")
    with pytest.raises(ImportRefusedError, match=r"line 2, parent: 'nobody'"):
        plan_organisations("x.csv", rows, {})


def test_a_circle_of_parents_is_refused() -> None:
    rows = parse_organisations("x.csv", b"organisation,kind,name_uz,parent\na,agency,A,b\nb,agency,B,c\nc,agency,C,a\n")
    with pytest.raises(ImportRefusedError, match="circle"):
        plan_organisations("x.csv", rows, {})


def test_officers_are_planned_against_their_appointments() -> None:
    rows = parse_officers("x.csv", OFFICERS.encode())
    organisations = frozenset({OrgId("min"), OrgId("mfy-001")})
    assert len(plan_officers("x.csv", rows, {}, organisations).add) == 2
    known = {(row.entry.officer, row.entry.organisation): row.entry for row in rows}
    assert len(plan_officers("x.csv", rows, known, organisations).same) == 2
    moved = parse_officers("x.csv", OFFICERS.replace("signatory clerk", "signatory").encode())
    assert [row.entry.officer for row in plan_officers("x.csv", moved, known, organisations).change] == ["a.b"]


def test_roles_in_another_order_are_the_same() -> None:
    rows = parse_officers("x.csv", OFFICERS.encode())
    again = parse_officers("x.csv", OFFICERS.replace("signatory clerk", "clerk signatory").encode())
    assert [row.entry for row in rows] == [row.entry for row in again]


def test_an_officer_of_an_unknown_organisation_is_refused() -> None:
    rows = parse_officers("x.csv", OFFICERS.encode())
    with pytest.raises(ImportRefusedError, match=r"line 3, organisation: 'mfy-001'"):
        plan_officers("x.csv", rows, {}, frozenset({OrgId("min")}))
