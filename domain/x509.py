"""X.509 version 3 certificates as bytes say them (RFC 5280, section 4.1): read, not judged.

Every part is a slice of the bytes that were given; nothing is encoded again. Extensions that nobody here judges are not
looked into, so what they hold can neither help nor hurt.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from domain.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    TRUE,
    DerError,
    Element,
    expect,
    members_of,
    read_der,
    time_ms,
    whole_bytes,
)

BASIC_CONSTRAINTS: Final = bytes.fromhex("551d13")
"""Content of the object identifier 2.5.29.19 (RFC 5280, section 4.2.1.9)."""
KEY_USAGE: Final = bytes.fromhex("551d0f")
"""2.5.29.15 (RFC 5280, section 4.2.1.3)."""
EXTENDED_KEY_USAGE: Final = bytes.fromhex("551d25")
"""2.5.29.37 (RFC 5280, section 4.2.1.12)."""

_VERSION_3: Final = bytes.fromhex("a003020102")
_ISSUER_UNIQUE_ID: Final = 0x81
_SUBJECT_UNIQUE_ID: Final = 0x82
_EXTENSIONS: Final = 0xA3
_OPTIONAL: Final = (_ISSUER_UNIQUE_ID, _SUBJECT_UNIQUE_ID, _EXTENSIONS)
_FIXED_MEMBERS: Final = 7
"""Version, serial number, algorithm, issuer, validity, subject, public key; the optional members follow."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extension:
    """An extension: the content of its object identifier, whether it is critical, and its value, unread."""

    identifier: bytes
    critical: bool
    value: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class X509:
    """What a certificate says: the bytes that are signed and by what, names, validity, public key, extensions."""

    signed: bytes
    algorithm: bytes
    signature: bytes
    issuer: bytes
    subject: bytes
    not_before_ms: int
    not_after_ms: int
    spki: Element
    extensions: tuple[Extension, ...]
    is_authority: bool
    extended_uses: frozenset[bytes]


def read_x509(raw: bytes) -> X509:
    """Return what a certificate says; raise `DerError` unless it is an X.509 version 3 certificate in strict DER.

    Malformed are also: another algorithm inside than outside, an extension that occurs twice, and a value of
    basicConstraints, keyUsage or extKeyUsage that is not of its type. Nothing else of its content is judged.
    """
    signed, algorithm, signature = _counted(read_der(raw), 3, "the certificate")
    parts = members_of(signed, SEQUENCE, "the signed part")
    _require(len(parts) >= _FIXED_MEMBERS and parts[0].raw == _VERSION_3, "it is not of version 3")
    _, serial, inner_algorithm, issuer, validity, subject, spki = parts[:_FIXED_MEMBERS]
    expect(serial, INTEGER, "the serial number")
    for identifier in (algorithm, inner_algorithm):
        _require_algorithm(identifier)
    _require(algorithm.raw == inner_algorithm.raw, "the algorithm inside is not the one outside")
    for name in (issuer, subject):
        _require_name(name)
    not_before, not_after = _counted(validity, 2, "the validity")
    key_algorithm, key = _counted(spki, 2, "the public key")
    _require_algorithm(key_algorithm)
    expect(key, BIT_STRING, "the public key")
    extensions = _extensions(parts[_FIXED_MEMBERS:])
    values = {extension.identifier: extension.value for extension in extensions}
    if KEY_USAGE in values:
        expect(read_der(values[KEY_USAGE]), BIT_STRING, "keyUsage")
    return X509(
        signed=signed.raw,
        algorithm=algorithm.raw,
        signature=whole_bytes(signature, "the signature"),
        issuer=issuer.raw,
        subject=subject.raw,
        not_before_ms=time_ms(not_before),
        not_after_ms=time_ms(not_after),
        spki=spki,
        extensions=extensions,
        is_authority=_is_authority(values.get(BASIC_CONSTRAINTS)),
        extended_uses=_extended_uses(values.get(EXTENDED_KEY_USAGE)),
    )


def _counted(element: Element, count: int, what: str) -> tuple[Element, ...]:
    parts = members_of(element, SEQUENCE, what)
    _require(len(parts) == count, f"{what} has {len(parts)} parts, not {count}")
    return parts


def _require_algorithm(element: Element) -> None:
    parts = members_of(element, SEQUENCE, "an algorithm")
    _require(1 <= len(parts) <= 2, "an algorithm is more than a name and parameters")  # noqa: PLR2004 - these two
    expect(parts[0], OBJECT_IDENTIFIER, "an algorithm's name")


def _require_name(element: Element) -> None:
    for relative in members_of(element, SEQUENCE, "a name"):
        attributes = members_of(relative, SET, "a part of a name")
        _require(len(attributes) > 0, "a part of a name is empty")
        for attribute in attributes:
            expect(_counted(attribute, 2, "an attribute of a name")[0], OBJECT_IDENTIFIER, "an attribute's type")


def _extensions(optional: tuple[Element, ...]) -> tuple[Extension, ...]:
    tags = [element.tag for element in optional]
    _require(tags == [tag for tag in _OPTIONAL if tag in tags], "its last parts are unknown, repeated or out of order")
    if _EXTENSIONS not in tags:
        return ()
    wrapped = optional[-1].members
    _require(len(wrapped) == 1, "its extensions are not one list")
    found = tuple(map(_extension, members_of(wrapped[0], SEQUENCE, "the extensions")))
    _require(len(found) > 0, "its list of extensions is empty")
    _require(len({extension.identifier for extension in found}) == len(found), "an extension occurs twice")
    return found


def _extension(element: Element) -> Extension:
    identifier, *flag, value = _between(members_of(element, SEQUENCE, "an extension"), 2, 3, "an extension")
    # False is the default, and DER leaves defaults out (X.690, section 11.5).
    _require(all((one.tag, one.content) == (BOOLEAN, TRUE) for one in flag), "an extension's criticality is not written as DER")
    return Extension(
        identifier=expect(identifier, OBJECT_IDENTIFIER, "an extension's name").content,
        critical=bool(flag),
        value=expect(value, OCTET_STRING, "an extension's value").content,
    )


def _between(parts: tuple[Element, ...], least: int, most: int, what: str) -> tuple[Element, ...]:
    _require(least <= len(parts) <= most, f"{what} has {len(parts)} parts")
    return parts


def _is_authority(value: bytes | None) -> bool:
    """Tell whether basicConstraints, if present, says cA; a path length may follow."""
    if value is None:
        return False
    parts = members_of(read_der(value), SEQUENCE, "basicConstraints")
    authority = bool(parts) and parts[0].tag == BOOLEAN
    _require(not authority or parts[0].content == TRUE, "basicConstraints writes the default")
    rest = parts[1:] if authority else parts
    _require([part.tag for part in rest] in ([], [INTEGER]), "basicConstraints holds something else")
    return authority


def _extended_uses(value: bytes | None) -> frozenset[bytes]:
    if value is None:
        return frozenset()
    uses = members_of(read_der(value), SEQUENCE, "extKeyUsage")
    _require(len(uses) > 0, "extKeyUsage is empty")
    return frozenset(expect(use, OBJECT_IDENTIFIER, "extKeyUsage").content for use in uses)


def _require(holds: bool, otherwise: str) -> None:  # noqa: FBT001 - read as an assertion
    if not holds:
        raise DerError(otherwise)
