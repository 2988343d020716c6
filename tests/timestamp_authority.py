"""A time-stamping authority for tests: the system's own `openssl ts`, with a root of its own, answering over HTTP."""

from __future__ import annotations

import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from domain.der import GENERALIZED_TIME, SEQUENCE, Element, read_der

OPENSSL: Final = shutil.which("openssl") or "openssl"
TIME_STAMPING: Final = ExtendedKeyUsageOID.TIME_STAMPING
VALID_FROM: Final = datetime(2020, 1, 1, tzinfo=UTC)
VALID_UNTIL: Final = datetime(2039, 1, 1, tzinfo=UTC)
_CONFIGURATION: Final = """
[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class TimestampAuthority:
    """An authority in a folder: its root, and what makes tokens."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "root.pem"

    def answer(self, query: bytes) -> bytes:
        """Return the answer to a query, as bytes."""
        (self.folder / "query.tsq").write_bytes(query)
        self.openssl("ts", "-reply", "-config", "tsa.cnf", "-section", "authority", "-queryfile", "query.tsq", *self._signer())
        return (self.folder / "answer.tsr").read_bytes()

    def stamp(self, message: bytes) -> bytes:
        """Return a token over a message."""
        (self.folder / "message").write_bytes(message)
        self.openssl("ts", "-query", "-data", "message", "-sha256", "-cert", "-out", "own.tsq")
        return self.answer((self.folder / "own.tsq").read_bytes())

    def redated(self, answer: bytes, at: datetime) -> bytes:
        """Return an answer with another time, signed again by this authority: what one does that dates back."""
        info = next(one for one in _signed_data(answer) if one.tag == SEQUENCE).members[1].members[0].content
        (moment,) = (one.raw for one in read_der(info).members if one.tag == GENERALIZED_TIME)
        (self.folder / "info.der").write_bytes(info.replace(moment, b"\x18\x0f" + at.strftime("%Y%m%d%H%M%SZ").encode()))
        self.openssl(
            *("cms", "-sign", "-binary", "-nodetach", "-econtent_type", "1.2.840.113549.1.9.16.1.4", "-md", "sha256"),
            *("-in", "info.der", "-signer", "signer.pem", "-inkey", "signer.key", "-outform", "DER", "-out", "token.der"),
        )
        content = b"\x30\x03\x02\x01\x00" + (self.folder / "token.der").read_bytes()
        return b"\x30\x82" + len(content).to_bytes(2) + content

    def openssl(self, *words: str) -> None:
        """Run openssl in the authority's folder."""
        subprocess.run([OPENSSL, *words], cwd=self.folder, check=True, capture_output=True, timeout=60)

    @staticmethod
    def _signer() -> tuple[str, ...]:
        return ("-signer", "signer.pem", "-inkey", "signer.key", "-chain", "root.pem", "-out", "answer.tsr")


def make_authority(folder: Path, *, purpose: x509.ObjectIdentifier = TIME_STAMPING) -> TimestampAuthority:
    """Make an authority with a root and a certificate of its own; `purpose` is the extended usage of the certificate."""
    folder.mkdir(parents=True)
    (folder / "tsa.cnf").write_text(_CONFIGURATION.format(folder=folder))
    (folder / "serial").write_text("01\n")
    root_key, signer_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root_name, signer_name = _name(f"root of {folder.name}"), _name(f"authority {folder.name}")
    root = _certificate(root_name, root_name, root_key.public_key()).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    signer = _certificate(signer_name, root_name, signer_key.public_key()).add_extension(
        x509.ExtendedKeyUsage([purpose]), critical=True
    )
    (folder / "root.pem").write_bytes(root.sign(root_key, SHA256()).public_bytes(Encoding.PEM))
    (folder / "signer.pem").write_bytes(signer.sign(root_key, SHA256()).public_bytes(Encoding.PEM))
    (folder / "signer.key").write_bytes(signer_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return TimestampAuthority(folder=folder)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
    return builder.not_valid_before(VALID_FROM).not_valid_after(VALID_UNTIL)


def _signed_data(answer: bytes) -> tuple[Element, ...]:
    """Return what an answer's signed data is made of (RFC 5652, section 5.1)."""
    _, token = read_der(answer).members
    return token.members[1].members[0].members


@contextmanager
def serving_timestamps(authority: TimestampAuthority, *, at: datetime | None = None) -> Iterator[str]:
    """Answer queries over HTTP for the time of the block, and give the address; `at`: whenever it is asked, it was then."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            answer = answer if at is None else authority.redated(answer, at)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/tsa"
    finally:
        server.shutdown()
        server.server_close()
