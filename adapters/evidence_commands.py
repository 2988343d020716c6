"""`VERIFY.txt` of a bundle: how to check it with openssl, sha256sum and a shell, without this program.

The text follows from the events and enrolments alone, so a verifier writes it again and compares: whoever types what stands
there types nothing else. Its words and commands are version 1 for ever; another text is another version.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from adapters.evidence_bundle import ISSUER, PAE, RECORD, RECORD_PROOF, SIGNATURE, SIGNER, VERDICT, VERDICT_PROOF, Proven
from adapters.evidence_keys import certificate_in, enrolments_by_certificate
from domain.documents import named_documents
from domain.signatures import ED25519

STEPS: Final = rf"""How to check this bundle with openssl and sha256sum (text version 1)

Unpack the bundle into an empty folder, and type the indented lines there, one after the other, in one shell (sh, bash).
They stand in this program's documentation too (reference, Evidence), where you can compare them before you type them.
A line that prints DIFFERENT, an error, or nothing where the text says otherwise, has found something.

1. Your trust file. It must have come to you another way than this bundle.

    TRUST="${{TRUST:-../trust.json}}"

2. What the further lines use: how hashes are joined to the root of a tree (RFC 6962), and how two things are compared.

    same() {{ if [ -n "$1" ] && [ "$1" = "$2" ]; then echo "same: $3"; else echo "DIFFERENT: $3"; return 1; fi; }}
    hex() {{ od -An -v -tx1 | tr -d ' \n'; }}
    sum() {{ sha256sum | cut -c 1-64; }}
    bytes() {{ head -c "$2" "$1" | tail -c "$3" | hex; }}
    holds() {{ if hex < "$1" | grep -q -F -f "$2"; then echo "same: $3"; else echo "DIFFERENT: $3"; return 1; fi; }}
    note() {{ sed '1,/^$/d' "$1"; }}
    joined() {{ {{ printf '\001'; echo "$1" | openssl base64 -d; echo "$2" | openssl base64 -d; }} |
      openssl dgst -sha256 -binary | openssl base64; }}
    root() {{
      i=$(sed -n 's/^index //p' "$2"); n=$(($(note "$2" | sed -n 2p) - 1))
      h=$({{ printf '\000'; cat "$1"; }} | openssl dgst -sha256 -binary | openssl base64)
      for p in $(sed '1,2d;/^$/,$d' "$2"); do
        if [ $((i % 2)) = 1 ] || [ "$i" = "$n" ]; then
          h=$(joined "$p" "$h")
          while [ $((i % 2)) = 0 ] && [ "$i" != 0 ]; do i=$((i / 2)); n=$((n / 2)); done
        else
          h=$(joined "$h" "$p")
        fi
        i=$((i / 2)); n=$((n / 2))
      done
      echo "$h"
    }}
    contained() {{ same "$(root "$1" "$2")" "$(note "$2" | sed -n 3p)" "$1 is in the log"; }}

3. How a checkpoint is checked: it is of the log that is meant (/verdicts: that of verdicts) of the trust file's ledger, and an
operator's key in the trust file signed it.

    signed() {{
      note "$1" | sed '/^$/,$d' > note.text
      note "$1" | sed '1,/^$/d' | grep -x '.* .\{{92\}}' | head -n 1 | sed 's/.* //' > note.line
      openssl base64 -d -A < note.line | tail -c 64 > note.sig
      log=$(head -n 1 note.text | sed 's|.*/\([0-9a-f]\{{64\}}\)|\1|')
      same "$log" "$(sed -n 's/^  "ledger": "\(.*\)",$/\1/p' "$TRUST")$2" "$1 is of this ledger's log" || return 1
      for key in $(sed -n 's/^ *"ed25519": "\(.*\)",$/\1/p' "$TRUST"); do
        echo "$key" | openssl base64 -d -A > note.key
        if openssl pkeyutl -verify -pubin -keyform DER -inkey note.key -rawin -in note.text -sigfile note.sig > /dev/null 2>&1
        then
          echo "same: $1 is signed by the operator"; return 0
        fi
      done
      echo "DIFFERENT: $1 is not signed by an operator of the trust file"; return 1
    }}

4. How a record is checked: it is in the log of records, its verdict in the log of verdicts, the verdict is of this record
and says that it was accepted.

    logged() {{
      signed "$1/{RECORD_PROOF}" "" && signed "$1/{VERDICT_PROOF}" /verdicts &&
        contained "$1/{RECORD}" "$1/{RECORD_PROOF}" && contained "$1/{VERDICT}" "$1/{VERDICT_PROOF}" &&
        same "$(bytes "$1/{VERDICT}" 49 32)" "$(sum < "$1/{RECORD}")" "$1/{VERDICT} is of this record" &&
        same "$(bytes "$1/{VERDICT}" 83 2)" 0000 "$1 was accepted"
    }}

5. How an enrolment is checked: it is such a record, it holds the certificate, and an authority of the trust file issued that.

    enrolled() {{
      logged "$1" && hex < "$1/{SIGNER}" > hex.text && holds "$1/{RECORD}" hex.text "$1/{SIGNER} is what was enrolled" &&
        same "$(grep -c "$(sum < "$1/{ISSUER}")" "$TRUST")" 1 "$1/{ISSUER} is in the trust file" &&
        openssl x509 -inform DER -in "$1/{SIGNER}" -out signer.pem &&
        openssl x509 -inform DER -in "$1/{ISSUER}" -out issuer.pem &&
        openssl verify -partial_chain -trusted issuer.pem -attime "$((0x$(bytes "$1/{VERDICT}" 17 8) / 1000))" signer.pem
    }}

6. How an event is checked: it is such a record, the record holds what was signed and its first signature, and the signature is
by the enrolled key (by the fourth word: a P-256 key, or Ed25519).

    spoken() {{
      logged "$1" && same "$(bytes "$1/{VERDICT}" 81 32)" "$(sum < "$1/{PAE}")" "$1/{PAE} is what was judged" &&
        tail -c "$3" "$1/{PAE}" | hex > hex.text && holds "$1/{RECORD}" hex.text "$1/{RECORD} holds what was signed" &&
        hex < "$1/{SIGNATURE}" > hex.text && holds "$1/{RECORD}" hex.text "$1/{RECORD} holds the signature" &&
        openssl x509 -inform DER -in "$2/{SIGNER}" -pubkey -noout > signer.key &&
        case "$4" in
          p256) openssl dgst -sha256 -verify signer.key -signature "$1/{SIGNATURE}" "$1/{PAE}" ;;
          *) openssl pkeyutl -verify -pubin -inkey signer.key -rawin -in "$1/{PAE}" -sigfile "$1/{SIGNATURE}" ;;
        esac
    }}

7. How a document is checked: it has its digest, and that digest stands in what was signed.

    named() {{
      echo "$2" > hex.text && holds "$1/{PAE}" hex.text "$1/{PAE} names documents/$2" &&
        echo "$2  documents/$2" | sha256sum -c -
    }}

8. This bundle.
"""
"""How everything is checked: the same in every bundle."""
_END: Final = """
A document that was destroyed, or that nobody put into this bundle, cannot be checked: then there is no such file.

Not checked so, but by `ortoo verify`: the signatures of the registrars and roots who enrolled these keys, further signatures
under an event, the operator's second signature (ML-DSA-44), the witnesses' cosignatures, and what happened since.
"""


def verify_text(events: Iterable[Proven], enrolments: Iterable[Proven]) -> bytes:
    """Return the text for a bundle of these events and enrolments."""
    held = tuple(enrolments)
    lines = [*_enrolment_lines(held), *_event_lines(tuple(events), held)]
    return (STEPS + "\n" + "".join(f"    {line}\n" for line in lines) + _END).encode("utf-8")


def _enrolment_lines(enrolments: tuple[Proven, ...]) -> Iterator[str]:
    for one in enrolments:
        folder = one.folder.rstrip("/")
        yield f"logged {folder}" if certificate_in(one) is None else f"enrolled {folder}"


def _event_lines(events: tuple[Proven, ...], enrolments: tuple[Proven, ...]) -> Iterator[str]:
    enrolled = enrolments_by_certificate((*enrolments, *events))
    for one in events:
        folder = one.folder.rstrip("/") or "."
        enrolment = enrolled.get(one.opened.body.header.signers[0])
        if enrolment is None:
            # Root keys have no certificate; whose they are is shown by other records.
            yield f"logged {folder}"
        else:
            key = "ed25519" if one.opened.event.signatures[0].algorithm == ED25519 else "p256"
            where = enrolment.folder.rstrip("/") or "."
            yield f"spoken {folder} {where} {len(one.opened.event.payload)} {key}"
    for one in events:
        folder = one.folder.rstrip("/") or "."
        for document in named_documents(one.opened.body):
            yield f"named {folder} {document.sha256.hex()}"
