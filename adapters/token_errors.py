"""Errors of keys on a token; they stand in the tree of `adapters.errors`. No message holds a PIN."""

from __future__ import annotations

from adapters.errors import StationError


class TokenError(StationError):
    """A key on a token cannot be made or used."""


class TokenUriError(TokenError):
    """A text names no key on a token in the form that RFC 7512 gives it."""

    def __init__(self, why: str) -> None:
        """Say what is wrong; the text itself is not quoted, because somebody may have put a PIN into it."""
        super().__init__(
            f"The URI names no key on a token: {why}. Write it as "
            "pkcs11:token=LABEL?module-path=/path/to/the/driver.so (`p11tool --list-tokens` prints the part before the ?)."
        )


class TokenSupportMissingError(TokenError):
    """This program was installed without what it needs to speak with tokens."""

    def __init__(self, why: str) -> None:
        """Say what is missing."""
        super().__init__(f"No token was asked: {why}. Install this program with its extra `pkcs11`.")


class TokenDriverError(TokenError):
    """The driver of a token, a library of its maker, cannot be loaded, or fails."""

    def __init__(self, module: str, said: str) -> None:
        """Name the driver's file and what came of it."""
        super().__init__(
            f"The driver {module} cannot be used ({said}). Check the module-path of the URI and that the driver is set up; "
            "`pkcs11-tool --module FILE --list-slots` tries it without this program."
        )


class TokenRemovedError(TokenError):
    """The token is not plugged in, or was pulled out in the middle."""

    def __init__(self, token: str, said: str) -> None:
        """Name the token and what the driver said."""
        super().__init__(f"{token} is not there ({said}), so nothing was signed. Plug it in and run the command again.")


class TokenAmbiguousError(TokenError):
    """Several tokens, or several keys on one, are what a URI names."""

    def __init__(self, what: str, more: str) -> None:
        """Name what was found more than once, and what to add to the URI."""
        super().__init__(f"{what} is there more than once, so nothing was signed. Say which one: add {more} to the URI.")


class PinNeededError(TokenError):
    """Nobody is there to give the PIN, or what was given cannot be one."""

    def __init__(self, whose: str, why: str) -> None:
        """Name the officer and why there is no PIN."""
        super().__init__(
            f"The token was not asked to sign for {whose}: {why}. Put the PIN into a file and name that as pin_file, or set "
            "ORTOO_PIN."
        )


class PinRefusedError(TokenError):
    """The token has another PIN."""

    def __init__(self, token: str) -> None:
        """Name the token."""
        super().__init__(
            f"{token} refuses the PIN, so nothing was signed. Each wrong one brings it nearer to being locked, so this program "
            "does not try again by itself: make sure of the PIN (typed, in pin_file or in ORTOO_PIN), then start it anew."
        )


class PinLockedError(TokenError):
    """The token takes no PIN any more: it was given wrong too often."""

    def __init__(self, token: str) -> None:
        """Name the token."""
        super().__init__(
            f"{token} is locked, because a wrong PIN was given too often; the right one does not help now, and nothing was "
            "signed. Whoever holds the PUK or is its security officer unlocks it; its keys are not lost."
        )


class TokenKeyMissingError(TokenError):
    """The token is there and does not hold the key."""

    def __init__(self, token: str, key: str) -> None:
        """Name the token and the key."""
        super().__init__(
            f"{token} holds no key {key}, so nothing was signed. Plug in the token on which the key was made; if it was removed "
            "from it, have it revoked and make another with `ortoo key create --token`."
        )


class TokenKeyExistsError(TokenError):
    """A key was to be made under a name that a key on the token has already; it was left as it is."""

    def __init__(self, token: str, label: str) -> None:
        """Name the token and the key."""
        super().__init__(
            f"{token} holds a key named {label} already; it was left as it is and no other was made. Give the new one another "
            "name: add ;object=NAME to the URI."
        )


class TokenKeyDiffersError(TokenError):
    """What the token holds under the key's name is another key, or no P-256 key that never leaves it."""

    def __init__(self, token: str, key: str, why: str) -> None:
        """Name the token, the key, and what is wrong with it."""
        super().__init__(
            f"{token} holds something else as key {key} than what this station expects ({why}), so nothing was signed. Plug in "
            "the token on which the key was made; if that is this one, ask who had it in his hands."
        )
