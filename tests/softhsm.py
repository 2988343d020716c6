"""Tokens in software for tests: SoftHSM 2, in a folder of each test's own.

    with running_softhsm(folder) as softhsm:
        uri = softhsm.new_token("Ministry")

It is a package of the distribution (`softhsm2`), which no package of Python brings. Its driver is loaded once in a process and
reads its configuration whenever it is initialised, so each test begins by letting it begin anew.
"""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

REMEDY: Final = "install it with `apt-get install softhsm2`"
DRIVERS: Final = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/softhsm/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so")
CONFIGURATION: Final = "SOFTHSM2_CONF"
PIN: Final = "602214"
PUK: Final = "50005000"
LOCK_SOURCE: Final = Path(__file__).with_name("locking_token.c")


class SoftHsmUnavailableError(Exception):
    """No token can be made here; the message says why and what helps."""


class SoftHsm:
    """Tokens in a folder."""

    def __init__(self, tokens: Path, driver: Path, program: str) -> None:
        """Know the folder of the tokens, the driver and the program that makes tokens."""
        self.driver = driver
        self._tokens = tokens
        self._pulled_out = tokens.with_name("pulled-out")
        self._program = program

    def new_token(self, label: str) -> str:
        """Make a token whose PIN is `PIN`, and return its URI."""
        command = [self._program, "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", PUK]
        subprocess.run(command, check=True, capture_output=True)
        self.restart()
        return f"pkcs11:token={label}?module-path={self.driver}"

    def pull_out(self) -> None:
        """Pull all tokens out of their readers."""
        self._pulled_out.mkdir()
        for token in self._tokens.iterdir():
            token.rename(self._pulled_out / token.name)

    def plug_in(self) -> None:
        """Plug them in again."""
        for token in self._pulled_out.iterdir():
            token.rename(self._tokens / token.name)
        self._pulled_out.rmdir()

    def lock_after_three(self) -> None:
        """Use a driver that passes everything on to SoftHSM and locks the token after three wrong PINs, as cards do.

        SoftHSM itself never locks one. Raises `SoftHsmUnavailableError` where nothing compiles it.
        """
        compiler = shutil.which("cc")
        if compiler is None:
            raise SoftHsmUnavailableError("no C compiler; install one with `apt-get install gcc libc6-dev`")
        made = self._tokens.with_name("locking_token.so")
        command = [compiler, "-shared", "-fPIC", f'-DDRIVER="{self.driver}"', "-o", str(made), str(LOCK_SOURCE), "-ldl"]
        subprocess.run(command, check=True, capture_output=True)
        self.finalize()
        self.driver = made

    def restart(self) -> None:
        """Let the driver look at its tokens anew, as in a new process."""
        self.finalize()
        library().lib(str(self.driver))

    def finalize(self) -> None:
        """Let this process begin anew with the driver when it uses it next."""
        known = library()._loaded.get(str(self.driver))
        if known is not None and known.initialized:
            known.finalize()


@contextmanager
def running_softhsm(folder: Path) -> Iterator[SoftHsm]:
    """Let this process use the tokens of a folder; raise `SoftHsmUnavailableError` if SoftHSM is not here."""
    driver = next((Path(name) for name in DRIVERS if Path(name).exists()), None)
    program = shutil.which("softhsm2-util")
    if driver is None or program is None:
        raise SoftHsmUnavailableError(f"SoftHSM 2 is not installed; {REMEDY}")
    tokens = folder / "tokens"
    tokens.mkdir(parents=True)
    configuration = folder / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\nlog.level = ERROR\n", "utf-8")
    before = os.environ.get(CONFIGURATION)
    os.environ[CONFIGURATION] = str(configuration)
    softhsm = SoftHsm(tokens, driver, program)
    try:
        yield softhsm
    finally:
        softhsm.finalize()
        if before is None:
            del os.environ[CONFIGURATION]
        else:
            os.environ[CONFIGURATION] = before


def library() -> Any:
    """Return python-pkcs11."""
    return importlib.import_module("pkcs11")
