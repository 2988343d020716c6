"""URIs of keys on tokens: what RFC 7512 allows is read, what this program does not understand or must not see is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.token_errors import TokenUriError
from adapters.token_uris import TokenUri, parse_token_uri
from domain.ids import sha256

DRIVER = "module-path=/usr/lib/driver.so"
KEY = sha256(b"a public key")

URIS: dict[str, tuple[str, TokenUri]] = {
    "a token and its driver": (
        f"pkcs11:token=Ministry?{DRIVER}",
        TokenUri(module=Path("/usr/lib/driver.so"), token={"token": "Ministry"}),
    ),
    "as p11tool prints it": (
        f"pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=05ee;token=%D0%9A%D0%B0%D0%BB%D0%B8%D1%82?{DRIVER}",
        TokenUri(
            module=Path("/usr/lib/driver.so"),
            token={"token": "Калит", "manufacturer": "SoftHSM project", "model": "SoftHSM v2", "serial": "05ee"},
        ),
    ),
    "a key with label, identifier and the digest of its public half": (
        f"pkcs11:token=a%3Bb;object=c%3Fd;id=%00%ff;type=private?{DRIVER}&ortoo-key={KEY.hex()}",
        TokenUri(module=Path("/usr/lib/driver.so"), token={"token": "a;b"}, object="c?d", id=b"\x00\xff", key=KEY),
    ),
}
NO_URIS: dict[str, tuple[str, str]] = {
    "another scheme": (f"file:/key?{DRIVER}", "begin with pkcs11"),
    "too long": (f"pkcs11:token={'a' * 2048}?{DRIVER}", "longer"),
    "no token": (f"pkcs11:object=a?{DRIVER}", "names no token"),
    "no driver": ("pkcs11:token=a", "names no driver"),
    "a driver that is looked for in many places": ("pkcs11:token=a?module-path=driver.so", "names no driver"),
    "a slot": (f"pkcs11:slot-id=1;token=a?{DRIVER}", "NAME one of token"),
    "a part twice": (f"pkcs11:token=a;token=b?{DRIVER}", "once"),
    "a part without value": (f"pkcs11:token=a;object?{DRIVER}", "NAME=VALUE"),
    "a public key": (f"pkcs11:token=a;type=public?{DRIVER}", "only a private key"),
    "no text": (f"pkcs11:token=%ff?{DRIVER}", "no text"),
    "a digest that is none": (f"pkcs11:token=a?{DRIVER}&ortoo-key=12", "no SHA-256"),
}


@pytest.mark.parametrize("case", URIS)
def test_a_uri_is_read(case: str) -> None:
    text, uri = URIS[case]
    assert parse_token_uri(text) == uri


@pytest.mark.parametrize("case", URIS)
def test_what_is_written_is_read_again(case: str) -> None:
    _, uri = URIS[case]
    assert parse_token_uri(str(uri)) == uri


@pytest.mark.parametrize("case", NO_URIS)
def test_what_names_no_key_is_refused(case: str) -> None:
    text, why = NO_URIS[case]
    with pytest.raises(TokenUriError, match=why):
        parse_token_uri(text)


@pytest.mark.parametrize("part", ["pkcs11:token=a?module-path=/d.so&pin-value=602214", "pkcs11:token=a;pin-value=602214"])
def test_a_pin_in_a_uri_is_refused_and_not_repeated(part: str) -> None:
    with pytest.raises(TokenUriError, match="change it") as error:
        parse_token_uri(part)
    assert "602214" not in str(error.value)
