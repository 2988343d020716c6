"""DER is read strictly: each rule of X.690 that BER leaves open, and each tag that a certificate never holds."""

from __future__ import annotations

import pytest

from domain.der import DEPTH_LIMIT, DerError, dotted, expect, members_of, read_der, time_ms, whole_bytes
from tests.certificate_forge import tlv

RIGHT = [
    *("010100", "0101ff", "020100", "02017f", "0201ff", "02020080", "0202ff7f", "030100", "03020780", "0400", "0500"),
    *("06032a0304", "0603550403", "060455818103", "0c00", "1303414243", "1e020041", "3000", "3100", "3003020105"),
    *("3106020101020102", "8100", "a000", "a003020102", "0a0101", "0481" + "80" + "00" * 128),
]
WRONG = {
    "nothing": "",
    "a tag alone": "30",
    "two values": "05000500",
    "a boolean of two bytes": "01020000",
    "a boolean that BER calls true": "010101",
    "a boolean of nothing": "0100",
    "a number of nothing": "0200",
    "a number with a zero too many": "0202007f",
    "a negative number with a byte too many": "0202ff80",
    "bits without a count": "0300",
    "more than seven spare bits": "03020800",
    "spare bits of nothing": "030107",
    "a spare bit that is set": "03020781",
    "bits in parts": "2304030200ff",
    "bytes in parts": "24020400",
    "a text in parts": "2c020c00",
    "a null of something": "050100",
    "an identifier of nothing": "0600",
    "an identifier without an end": "06022a83",
    "an identifier that begins with zero": "06032a8003",
    "an identifier whose first number begins with zero": "0602802a",
    "a primitive sequence": "1000",
    "a primitive set": "1100",
    "a set out of order": "3106020102020101",
    "the end of something indefinite": "0000",
    "a real number": "0900",
    "something external": "2800",
    "a tag above 30": "1f1f00",
    "a tag above 30 in a context": "bf2000",
    "an indefinite length": "30800000",
    "the reserved length": "30ff",
    "a length in a long form that is short": "04810100",
    "a length with a zero too many": "04820080" + "00" * 128,
    "a length cut short": "0482",
    "a length of five bytes": "04850000000001" + "00",
    "a length beyond the end": "040200",
    "a member beyond its sequence": "3002040100",
    "a byte over in a sequence": "300100",
}


@pytest.mark.parametrize("text", RIGHT)
def test_what_is_distinguished_is_read(text: str) -> None:
    raw = bytes.fromhex(text)
    assert read_der(raw).raw == raw


@pytest.mark.parametrize("name", WRONG)
def test_what_is_not_distinguished_is_refused(name: str) -> None:
    with pytest.raises(DerError):
        read_der(bytes.fromhex(WRONG[name]))


@pytest.mark.parametrize("name", sorted(WRONG.keys() - {"nothing", "two values"}))
def test_what_is_not_distinguished_is_refused_inside_a_sequence_too(name: str) -> None:
    with pytest.raises(DerError):
        read_der(tlv(0x30, bytes.fromhex(WRONG[name])))


def test_nesting_ends_somewhere() -> None:
    raw = b""
    for _ in range(DEPTH_LIMIT + 1):
        raw = tlv(0x30, raw)
    assert read_der(raw).raw == raw
    with pytest.raises(DerError, match="deep"):
        read_der(tlv(0x30, raw))


def test_a_long_value_nests_no_deeper_than_its_limit_says() -> None:
    with pytest.raises(DerError):
        read_der(b"\x30\x83\x00\xff\xff" * 5000)


@pytest.mark.parametrize(
    ("content", "text"),
    [("2b06010505070324", "1.3.6.1.5.5.7.3.36"), ("551d13", "2.5.29.19"), ("8837", "2.999"), ("00", "0.0"), ("27", "0.39")],
)
def test_identifiers_are_written_with_dots(content: str, text: str) -> None:
    assert dotted(bytes.fromhex(content)) == text


@pytest.mark.parametrize(
    ("tag", "text", "at_ms"),
    [
        (0x17, "700101000000Z", 0),
        (0x17, "691231235959Z", -1000),
        (0x17, "240229120000Z", 1_709_208_000_000),
        (0x18, "19700101000001Z", 1000),
        (0x18, "00010101000000Z", -62_135_596_800_000),
        (0x18, "99991231235959Z", 253_402_300_799_000),
    ],
)
def test_times_are_moments(tag: int, text: str, at_ms: int) -> None:
    assert time_ms(read_der(tlv(tag, text.encode()))) == at_ms


def test_a_day_that_is_none_is_refused_in_the_same_words_by_every_python() -> None:
    with pytest.raises(DerError, match=r"^a time names no moment$"):
        time_ms(read_der(tlv(0x18, b"20260231000000Z")))


def test_what_is_expected_is_named_when_it_is_not_there() -> None:
    number = read_der(bytes.fromhex("020105"))
    assert expect(number, 0x02, "the version") is number
    for ask in (lambda: members_of(number, 0x30, "the version"), lambda: whole_bytes(number, "the version")):
        with pytest.raises(DerError, match="the version"):
            ask()
    with pytest.raises(DerError, match="whole bytes"):
        whole_bytes(read_der(bytes.fromhex("03020780")), "the key")
