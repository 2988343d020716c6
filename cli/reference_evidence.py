"""The page of the reference about what travels to verifiers: the trust file, the bundle, its verification, its text."""

from __future__ import annotations

from typing import Final

from adapters.evidence_bundle import (
    CONSISTENCY,
    DOCUMENTS,
    ENROLMENTS,
    EVENTS,
    ISSUER,
    PAE,
    RECORD,
    RECORD_PROOF,
    SIGNATURE,
    SIGNER,
    VERDICT,
    VERDICT_PROOF,
    VERIFY,
)
from adapters.evidence_commands import STEPS
from adapters.evidence_report import Step, VerdictCode
from adapters.trust_files import TRUST_PAYLOAD_TYPE
from cli.labels import label
from cli.languages import Language
from cli.reference_commands import markdown_table
from cli.verify import EXIT_CODES

_ENGLISH: Final = Language.ENGLISH
_FILES: Final = (
    (RECORD, "the record as appended: the only source, all else is derived from it or checked against it"),
    (RECORD_PROOF, "that it is a leaf of the record log, with the checkpoint (C2SP tlog-proof, without extra data)"),
    (VERDICT, "the data of its leaf in the verdict log"),
    (VERDICT_PROOF, "that this is a leaf of the verdict log, with that log's checkpoint"),
    (PAE, "what was signed: the pre-authentication encoding; must equal what the record gives"),
    (SIGNATURE, "the first signature; must equal the record's"),
    (SIGNER, "the first signer's certificate; must equal what its enrolment gives"),
    (ISSUER, "the authority's certificate that issued it; must be one of the trust file"),
    (VERIFY, "the commands for a person with openssl, sha256sum and a shell; must equal what follows from the records"),
    (
        f"{ENROLMENTS}<position>/",
        "the enrolment of each key that signed, the grant of each mandate, what these rest on, the genesis",
    ),
    (f"{EVENTS}<position>/", "of a letter's bundle: the files of each event, in place of those at the top"),
    (f"{DOCUMENTS}<sha256>", "covers, letters, scans, attachments"),
    (" ".join(CONSISTENCY), "if the bundle was made for a holder of an older checkpoint: `old <size>`, then a hash a line"),
)
_TRUST: Final = (
    ("format", "`ortoo-trust`"),
    ("version", "grows by one with each file that the roots sign; an older one than was relied upon before is refused"),
    ("ledger, name", "identity and name of the ledger"),
    ("valid_until", "until when it may be relied upon, UTC"),
    ("threshold, roots", "how many roots must have signed it; each root's key (SubjectPublicKeyInfo, base64) and its SHA-256"),
    ("quorum, witnesses", "how many witnesses must have cosigned both notes of a checkpoint; verifier keys (C2SP signed-note)"),
    ("checkpoint_keys", "the operator's keys in force when it was written: Ed25519 (SubjectPublicKeyInfo) and ML-DSA-44"),
    ("anchors", "every authority that the ledger ever named, with its certificate and when it was withdrawn"),
    ("signatures", "the roots' signatures, in the order of the roots"),
)
_STEPS: Final = {
    Step.TRUST: "enough of its roots have signed it, its time has not passed, none newer was relied upon before",
    Step.PARSING: "a plain zip of the files above and no others, each in its one canonical form, all about one event or letter",
    Step.SIGNATURES: "every signature verifies over what the record gives, by keys vouched for back to the genesis",
    Step.LOGS: "record and verdict are leaves of both logs; both notes bear the operator's two lines and k cosignatures",
    Step.CERTIFICATES: "an authority of the trust file issued each certificate, good at the ledger time of its enrolment",
    Step.ACCEPTANCE: "the verdict says accepted: of the event, and of each enrolment; its mandate, if it names one, covers it",
    Step.DOCUMENTS: "each document is the one that the event names, or is not there, and then it is said",
    Step.HISTORY: "an older checkpoint that the verifier holds is of this history; a ledger at hand tells what happened since",
}


_ABOUT_TRUST: Final = (
    "JSON in UTF-8, two spaces to a level, fields in this order, a line feed at the end: no other layout is read. Each root "
    "signs the file without `signatures`, in the pre-authentication encoding of DSSE under the payload type "
    f"`{TRUST_PAYLOAD_TYPE}`."
)
_ABOUT_BUNDLE: Final = (
    "A zip of stored entries and nothing else: no compression, comments, extra fields, zip64, encryption, duplicates or bytes "
    "between the entries; at most 65,534 entries and 1 GiB. All proofs rest on one pair of checkpoints."
)
_TAKES: Final = """\
What the bundle of a letter takes with `--recipient` or `--all`, and what it cannot show:

- **A letter**: its dispatch, the parts of groups that show who was addressed, the approvals that it names with everything said
  on them before, what its sender and its recipients did, how it was passed on, and the letters of the exchange that answer it.
- **A letter from outside**: its entry with cover and scans, its closing, and the letters that answer it. The only signature is
  that of the clerk who entered it; nothing shows that its correspondent wrote it (`signature_outside`).
- **A delivery outside** stands in the bundle of the letter: what its sender said, and no more (`recipient_outside`).
- **A decision by a delegate** comes with the delegation, and is told as one in the place of whoever delegated it. In the place of
  a named officer it cannot be verified without. That somebody spoke for an organisation of the route by his own right is what the
  verdict says. A bundle of the decision alone has no route, and tells nothing of delegations.
- Corrected and voided numbers, and letters from outside that refer to a letter, are exported by themselves (`at:812`)."""
_ABOUT_VERDICTS: Final = (
    "Of a bundle of several events the gravest counts. Exit code 3 says that something is wrong, 4 that it could not be verified."
)


def evidence_page() -> str:
    """Return the page: layouts, steps, verdicts, and the text that is the same in every bundle."""
    verdicts = [
        (f"`{code.value}`", label(f"evidence_verdict.{code.value}", _ENGLISH, detail="…"), int(EXIT_CODES[code]))
        for code in VerdictCode
    ]
    steps = [(int(step), label(f"evidence_step.{step.name.lower()}", _ENGLISH), _STEPS[step]) for step in Step]
    files = [(f"`{name}`", about) for name, about in _FILES]
    parts = (
        "# Evidence",
        "How evidence travels and is verified where no exchange is at hand; [the guide](../guides/auditing.md) goes through it.",
        "## The trust file",
        _ABOUT_TRUST,
        markdown_table(("Field", "Meaning"), _TRUST),
        "## The bundle",
        _ABOUT_BUNDLE,
        markdown_table(("File", "What it is"), files),
        _TAKES,
        "## The eight steps",
        markdown_table(("Step", "", "What must hold"), steps),
        "## Verdicts",
        _ABOUT_VERDICTS,
        markdown_table(("Code", "In words", "Exit code"), verdicts),
        "## The text",
        f"What stands in `{VERIFY}` of every bundle, before the lines of its own records.",
        f"```text\n{STEPS}```",
    )
    return "\n\n".join(parts)
