"""Just enough of edwards25519 to make keys and signatures that no honest library makes (RFC 8032, section 5.1)."""

from __future__ import annotations

import hashlib
from typing import Final

P: Final = 2**255 - 19
L: Final = 2**252 + 27742317777372353535851937790883648493
D: Final = -121665 * pow(121666, -1, P) % P
ROOT_OF_MINUS_ONE: Final = pow(2, (P - 1) // 4, P)

Point = tuple[int, int]
ZERO: Final[Point] = (0, 1)


def add(one: Point, other: Point) -> Point:
    """Return the sum of two points; the formula is complete, so it holds for all of them."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2 % P
    x3 = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    return x3, (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P


def times(number: int, point: Point) -> Point:
    """Return a multiple of a point."""
    result = ZERO
    while number:
        result = add(result, point) if number & 1 else result
        point, number = add(point, point), number >> 1
    return result


def encode(point: Point) -> bytes:
    """Return a point's canonical 32 bytes."""
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def with_y(y: int) -> Point | None:
    """Return a point with this y, None if the curve has none."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * ROOT_OF_MINUS_ONE % P
    return (x, y) if x * x % P == square else None


BASE: Final[Point] = (
    15112221349535400772501151409588531511454012693041857206046113283949847762202,
    46316835694926478169428394003475163141307993866256225615783033603165251855960,
)


def secret_number(seed: bytes) -> int:
    """Return the number that a private key multiplies the base point with."""
    raw = bytearray(hashlib.sha512(seed).digest()[:32])
    raw[0] &= 248
    raw[31] = raw[31] & 127 | 64
    return int.from_bytes(raw, "little")


def challenge(commitment: bytes, key: bytes, message: bytes) -> int:
    """Return h of a signature: SHA-512 of R, A and the message, modulo L."""
    return int.from_bytes(hashlib.sha512(commitment + key + message).digest(), "little") % L


def torsion() -> list[Point]:
    """Return the eight points whose order divides eight."""
    for y in range(2, 100):
        point = with_y(y)
        small = times(L, point) if point else ZERO
        if times(4, small) != ZERO:
            return [times(number, small) for number in range(8)]
    message = "some point among the first hundred has full order"
    raise AssertionError(message)
