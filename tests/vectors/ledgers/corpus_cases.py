"""What stands on each ledger of the corpus. A ledger that was released never changes: new cases make new ledgers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from adapters.follower import held_schema_digests
from domain.events import KeyResumed, KeyRevoked, KeySuspended, RulesAdopted
from domain.ids import OfficerId, sha256
from domain.reasons import Reason
from tests.court import Court
from tests.faults import provoked_authority, provoked_directory, provoked_keys, provoked_letters, provoked_proof, provoked_records
from tests.faults.provocation import Provocation
from tests.faults.provoked_authority import key_of, seen, stopping
from tests.faults.provoked_directory import closing, group
from tests.faults.provoked_letters import to_group
from tests.faults.provoked_proof import committing, compromised, reaffirming, renewed, repudiating, stamping
from tests.fixed_exchange import HOUR_MS, REGISTRAR, Said
from tests.vectors.ledgers.corpus_evidence import NAME, evidencing
from tests.vectors.ledgers.corpus_evidence_3 import NAME_3, evidencing_3
from tests.vectors.ledgers.corpus_office import REFUSALS, officing


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """A ledger: under which rules it is opened, and what is told on it after its population."""

    rules: int
    tell: Callable[[Court], None]


def provoking(*cases: Provocation) -> Callable[[Court], None]:
    """Return what provokes the reasons of several cases, one after the other on one ledger."""

    def tell(court: Court) -> None:
        for case in cases:
            provoked = case.provoke(court)
            record = court.exchange.record(provoked) if isinstance(provoked, Said) else provoked
            assert court.judge(record).reason is case.reason, case.id

    return tell


def adopting(court: Court) -> None:
    """Adopt rules 2 on a ledger of rules 1: what they add is unknown before, and known from then on, whatever the clock does."""
    unknown = [committing(court), stamping(court), reaffirming(court, court.sent(), "deputy")]
    for said in unknown:
        require(court, said, Reason.TYPE_UNKNOWN)
    digest = held_schema_digests()[2]
    adopted = court.exchange.say_as_roots(RulesAdopted, version=2, schema_digest=digest, effective_at=court.clock() + HOUR_MS)
    court.accept(adopted)
    require(court, committing(court), Reason.TYPE_UNKNOWN)
    travelling = court.exchange.letter("deputy", to=("mfy-002",))
    court.clock.at_ms += HOUR_MS
    court.accept(travelling)
    court.clock.at_ms -= HOUR_MS
    court.accept(committing(court))
    require(court, unknown[0], Reason.SIZE_NOT_NEXT)
    court.clock.at_ms += HOUR_MS
    court.accept(stamping(court))


def proving(court: Court) -> None:
    """Commit to inboxes of every kind, stamp checkpoints, and settle what a compromise contests."""
    exchange = court.exchange
    court.accept(exchange.registration("paper-office", connection="outside"))
    court.accept(committing(court), group(court, "mfy-001"))
    letters = [court.sent(**to_group()), court.sent("mfy-001", "paper-office", header=seen(court))]
    court.sent("ministry", by="chair")
    court.accept(closing(court, "mfy-004", "mfy-003"), exchange.letter("deputy", "head", to=("mfy-003",)))
    said, stamped = committing(court), stamping(court)
    court.sent("mfy-002")
    court.accept(said, stamped, stamping(court, authority=sha256(b"a second authority")), committing(court))
    court.accept(stopping(court, KeySuspended, "deputy", reason="COMPROMISED", since=court.ledger.end() - 4))
    officer, key = OfficerId("deputy"), key_of(court, "deputy")
    court.accept(exchange.say(KeyResumed, REGISTRAR, officer=officer, key=key, reason="CLEARED"))
    compromised(court, "deputy")
    new = renewed(court, "deputy")
    court.accept(reaffirming(court, letters[0], new), repudiating(court, letters[1], new))
    require(court, reaffirming(court, letters[1], new), Reason.ALREADY_SETTLED)
    court.accept(stopping(court, KeyRevoked, "deputy", key=key_of(court, new), reason="COMPROMISED"))
    court.accept(exchange.enrolled("deputy", "ministry", name="third key"))
    court.accept(reaffirming(court, letters[1], "third key"))
    court.accept(committing(court))


def require(court: Court, said: Said, reason: Reason) -> None:
    """Have something said, and require its reason."""
    assert court.judge(court.exchange.record(said)).reason is reason


LEDGERS: Final[dict[str, Plan]] = {
    "refusals-1": Plan(
        rules=1,
        tell=provoking(
            provoked_records.an_empty_slot,
            provoked_records.garbage,
            provoked_records.one_byte_over_the_limit,
            provoked_records.a_type_of_the_future,
            provoked_records.a_receipt_under_the_name_of_another_event,
            provoked_records.the_first_record_repeated,
            provoked_records.a_letter_of_another_ledger,
            provoked_records.the_same_signatory_twice,
            provoked_records.two_signatories_and_one_signature,
            provoked_records.a_receipt_signed_by_two,
            provoked_records.a_key_that_nobody_enrolled,
            provoked_records.two_keys_of_one_signatory,
            provoked_records.in_the_person_of_somebody_else,
            provoked_records.an_officer_who_speaks_as_root,
            provoked_records.signed_by_another_key,
            provoked_records.the_other_algorithm,
            provoked_records.the_same_record_again,
            provoked_records.an_event_id_used_for_another_letter,
            provoked_authority.a_suspended_key,
            provoked_authority.a_revoked_key,
            provoked_authority.a_certificate_past_its_last_second,
            provoked_authority.a_certificate_after_the_ledgers_clock_was_put_back,
            provoked_authority.for_an_organisation_that_is_closed,
            provoked_authority.a_clerk_who_signs_a_letter,
            provoked_authority.a_registrar_of_another_branch_registers,
            provoked_authority.a_registrar_appoints_himself,
            provoked_authority.the_roots_appoint_a_clerk,
            provoked_authority.a_root_key_that_was_replaced,
            provoked_directory.an_officer_called_root,
            provoked_directory.a_role_that_nobody_knows,
            provoked_directory.an_organisation_registered_twice,
            provoked_directory.a_change_of_an_organisation_that_is_not_there,
            provoked_directory.an_organisation_closed_twice,
            provoked_directory.an_organisation_without_a_parent,
            provoked_directory.a_parent_that_stands_below,
            provoked_directory.a_committee_that_becomes_a_unit,
            provoked_directory.the_first_organisation_closed,
            provoked_directory.an_officer_relieved_who_is_not_appointed_there,
            provoked_directory.the_second_version_of_a_group_first,
            provoked_directory.the_second_part_of_a_group_first,
            provoked_directory.a_member_that_nobody_registered,
            provoked_directory.members_out_of_order,
            provoked_directory.a_total_that_is_not_the_members,
            provoked_directory.a_register_of_last_year,
            provoked_directory.a_number_without_a_serial,
            provoked_directory.a_register_of_a_unit,
            provoked_letters.a_receipt_of_a_letter_that_nobody_sent,
            provoked_keys.a_certificate_and_one_byte_more,
            provoked_keys.a_certificate_of_a_foreign_authority,
            provoked_keys.a_certificate_signed_by_another_key_than_the_anchors,
            provoked_keys.a_certificate_of_last_year,
            provoked_keys.a_certificate_of_an_authority,
            provoked_keys.a_certificate_for_another_use,
            provoked_keys.a_certificate_with_something_critical_that_is_not_judged,
            provoked_keys.a_certificate_for_a_key_of_another_curve,
            provoked_keys.a_temporary_certificate_for_91_days,
            provoked_keys.a_request_that_is_none,
            provoked_keys.a_request_of_another_officer,
            provoked_keys.a_request_that_the_key_did_not_sign,
            provoked_keys.the_key_of_another_officer,
            provoked_keys.a_revoked_key_enrolled_again,
            provoked_keys.a_key_of_somebody_else_suspended,
            provoked_keys.an_active_key_resumed,
            provoked_keys.a_position_for_a_lost_key,
            provoked_keys.a_threshold_above_the_number_of_roots,
            provoked_keys.a_trust_anchor_added_twice,
            provoked_keys.an_officers_certificate_as_a_trust_anchor,
            provoked_keys.a_checkpoint_key_added_twice,
            provoked_keys.rules_that_leave_out_a_version,
            provoked_keys.rules_from_before_their_adoption,
        ),
    ),
    "refusals-2": Plan(
        rules=1,
        tell=provoking(
            provoked_authority.a_letter_that_was_under_way_for_too_long,
            provoked_authority.a_checkpoint_with_another_root,
            provoked_authority.for_an_organisation_that_nobody_registered,
            provoked_authority.for_an_organisation_that_is_not_his,
            provoked_authority.two_officers_change_the_roots,
            provoked_directory.closed_with_an_open_letter_and_without_a_successor,
            provoked_directory.its_own_successor,
            provoked_directory.a_register_that_has_given_a_number,
            provoked_letters.a_letter_that_is_not_open,
            provoked_letters.a_letter_with_two_main_documents,
            provoked_letters.to_nobody,
            provoked_letters.to_a_closed_organisation,
            provoked_letters.to_a_unit,
            provoked_letters.to_one_committee_twice,
            provoked_letters.to_501_committees_by_name,
            provoked_letters.to_a_group_that_nobody_defined,
            provoked_letters.to_oneself,
            provoked_letters.due_at_the_moment_of_its_dispatch,
            provoked_letters.about_a_letter_that_nobody_sent,
            provoked_letters.follows_a_letter_of_somebody_else,
            provoked_letters.answers_a_letter_that_went_to_others,
            provoked_letters.a_recall_by_a_recipient,
            provoked_letters.a_receipt_of_a_letter_to_others,
            provoked_letters.acknowledged_twice,
            provoked_letters.acknowledged_after_it_was_recalled,
            provoked_letters.a_recall_accepted_that_nobody_asked_for,
            provoked_letters.a_letter_recalled_twice,
            provoked_letters.opened_twice,
            provoked_letters.missed_a_term_that_was_never_set,
            provoked_letters.missed_a_term_at_its_last_moment,
            provoked_letters.missed_twice,
            provoked_letters.missed_though_everybody_acknowledged,
            provoked_letters.superseded_twice,
            provoked_letters.superseded_after_it_was_recalled,
            provoked_letters.superseded_by_a_letter_that_does_not_say_so,
            provoked_letters.a_duplicate_of_nothing,
            provoked_letters.refused_for_another_reason_without_a_text,
            provoked_keys.a_certificate_of_an_anchor_of_last_year,
            provoked_keys.a_certificate_enrolled_twice,
            provoked_keys.a_key_suspended_twice,
            provoked_keys.a_trust_anchor_withdrawn_that_nobody_added,
            provoked_keys.a_checkpoint_key_retired_that_nobody_added,
        ),
    ),
    "proof": Plan(
        rules=2,
        tell=provoking(
            provoked_proof.a_committees_station_commits_to_all_inboxes,
            provoked_proof.a_committees_station_records_a_time_stamp,
            provoked_proof.a_signatory_commits_to_the_inboxes,
            provoked_proof.inboxes_of_the_future,
            provoked_proof.inboxes_committed_to_twice,
            provoked_proof.a_checkpoint_stamped_that_a_later_one_has_overtaken,
            provoked_proof.a_checkpoint_of_the_future_stamped,
            provoked_proof.a_letter_left_out,
            provoked_proof.a_letter_put_into_another_inbox,
            provoked_proof.an_organisation_left_out,
            provoked_proof.a_time_stamp_over_another_history,
            provoked_proof.a_time_stamp_over_other_verdicts,
            provoked_proof.an_authority_that_dates_back,
            provoked_proof.a_second_authority_that_dates_back,
            provoked_proof.an_authority_whose_clock_runs_ahead,
            provoked_proof.a_token_that_calls_itself_a_letter,
            provoked_proof.an_encrypted_token,
            provoked_proof.an_event_reaffirmed_that_nobody_said,
            provoked_proof.no_event_reaffirmed,
            provoked_proof.a_rejected_letter_repudiated,
            provoked_proof.somebody_elses_letter_reaffirmed,
            provoked_proof.a_letter_that_nobody_contests_reaffirmed,
            provoked_proof.a_letter_from_before_the_compromise_repudiated,
            provoked_proof.a_letter_of_a_lost_key_repudiated,
            provoked_proof.a_letter_reaffirmed_and_then_repudiated,
            provoked_proof.a_letter_repudiated_twice,
            provoked_proof.a_key_that_was_enrolled_before_the_revocation,
            provoked_proof.a_suspended_key_that_was_resumed,
            provoked_proof.an_old_key_under_a_new_certificate,
        ),
    ),
    "adoption": Plan(rules=1, tell=adopting),
    "settlements": Plan(rules=2, tell=proving),
    NAME: Plan(rules=2, tell=evidencing),
    "refusals-3": Plan(rules=3, tell=provoking(*REFUSALS)),
    "office": Plan(rules=3, tell=officing),
    NAME_3: Plan(rules=3, tell=evidencing_3),
}
"""The ledgers of the corpus by the names of their folders."""
