"""What the system promises, each with the tests that can break it; `python -m tests.promises` prints docs/promises.md.

A test stands as `file::name`, from the folder `tests`. `engines`: P when one of them runs on PostgreSQL in `make test`,
S when one runs without it; `tests.docs.test_promises` holds the column to what is collected. The tier follows from the
tests: C every run of the checks, D also the seeded drill (`make drill SEED=…`), with three seeds in every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.chaos.matrix import table, uncovered
from tests.mutations.guards import GUARDS

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "promises.md"
DRILL = "chaos/test_drill.py::test_nothing_is_lost_whatever_fails_while_the_office_is_at_work"
MUTATION = "mutations/test_guards.py::test_without_its_guard_the_promise_is_seen_to_break"


@dataclass(frozen=True, slots=True)
class Promise:
    """`chinese` and `english` say the same to a person; `tests` are those that fail when it does not hold."""

    number: int
    chinese: str
    english: str
    tests: tuple[str, ...]
    engines: str = "S P"

    @property
    def name(self) -> str:
        return f"P{self.number}"

    @property
    def tier(self) -> str:
        return "C D" if DRILL in self.tests else "C"


PROMISES = (
    Promise(
        1,
        "不管多少人同时申请，任何已提交的时刻都不超编：实有、在途、预留之和不超过核定（原已超编的只减不增）。",
        "However many apply at once, no account is oversold at any committed moment.",
        (
            "ledger/test_concurrency.py::test_eight_processes_spend_five_vacancies_five_times",
            "ledger/test_concurrency.py::test_fifty_vacancies_are_never_oversold_at_any_committed_moment",
            "e2e/test_faults.py::test_200_applications_for_5_vacancies_give_exactly_5_slips",
            DRILL,
            "properties/test_ledger_machine.py::TestLedgerMachine",
        ),
    ),
    Promise(
        2,
        "一个决定只记一次账：提交之后、答复之前进程被杀或答复丢失，重来也一样。",
        "One posting per decision, also when a process dies or an answer is lost after the commit.",
        (
            "e2e/test_faults.py::test_answers_lost_twice_are_one_posting_each",
            "e2e/test_faults.py::test_a_worker_killed_between_commit_and_completion_posts_exactly_once",
            "chaos/test_places.py::test_a_worker_that_dies_there_books_numbers_and_files_once",
            "ledger/test_concurrency.py::test_a_crash_after_commit_and_a_retry_are_one_posting",
            "staffing/test_decisions.py::test_the_same_decision_delivered_twice_is_one_decision",
            DRILL,
        ),
    ),
    Promise(
        3,
        "一个预留的编号至多办结一次：落编和收回只能有其一。",
        "A reservation is settled at most once: posted or released, never both.",
        (
            "properties/test_ledger_machine.py::TestLedgerMachine",
            "chaos/test_places.py::test_a_slot_is_posted_or_released_never_both",
        ),
    ),
    Promise(
        4,
        "一件申请用到几个编制时，要么全部预留，要么一个也不留；次序相反的申请不会互相锁死。",
        "Several accounts in one application are reserved together or not at all, in whatever order they are named.",
        (
            "ledger/test_concurrency.py::test_opposite_orders_neither_deadlock_nor_reserve_halves",
            "ledger/test_concurrency.py::test_an_exception_leaves_no_trace",
        ),
    ),
    Promise(
        5,
        "答复过的决定不会丢（202 即已提交），进程随时被杀也一样。",
        "No acknowledged decision is lost, whichever process is killed.",
        (
            DRILL,
            "chaos/test_drill.py::test_the_audit_sees_what_was_acknowledged_and_is_not_there",
            "api/test_writing.py::test_temporal_away_is_202_and_the_row_stands_in_the_outbox",
            "e2e/test_two_of_each.py::test_two_workers_and_two_apis_share_the_load_and_two_kills_lose_nothing",
        ),
    ),
    Promise(
        6,
        "重复、迟到、次序颠倒的信号没有害处：来早了的答复不予采纳，可以再办；办完的结果与按次序各来一次相同。",
        "Repeated, late and reordered signals are harmless: what comes too early is refused and may be given again, "
        "and the end is that of the right order, once.",
        (
            "workflows/test_order_of_signals.py::test_signals_in_any_order_lead_to_the_same_end",
            "workflows/test_order_of_signals.py::test_the_worst_order_loses_nothing_and_wedges_nothing",
            "workflows/test_forgery.py::test_a_signal_sent_twice_is_one_decision",
            "docket/test_relay.py::test_a_row_delivered_again_is_one_decision",
        ),
    ),
    Promise(
        7,
        "没有任何输入能使事项卡住：残缺、伪造的信号之后，真的决定照样有效。",
        "No input wedges a case: the next genuine decision counts.",
        (
            "workflows/test_no_wedge.py::test_the_next_decision_counts_whatever_came_before",
            "workflows/test_no_wedge.py::test_the_longest_officer_and_the_longest_key_fit_the_signal",
            "workflows/test_parking.py::test_a_command_over_which_the_program_fails_is_parked_and_what_comes_after_it_is_judged",
            "workflows/test_forgery.py::test_a_malformed_signal_leaves_a_trace_and_the_case_stays_decidable",
            "workflows/test_forgery.py::test_traces_of_a_flood_are_bounded",
        ),
    ),
    Promise(
        8,
        "不在该环节的部门、申请人本人、同一人两次，都不能作决定；经接口不能，直接对 Temporal 也不能。",
        "Who may not decide cannot, neither through the API nor by talking to Temporal.",
        (
            "api/test_doors.py::test_every_operation_of_the_document_stands_in_this_table",
            "api/test_doors.py::test_an_operation_is_open_to_those_who_may_and_to_nobody_else",
            "staffing/test_decisions.py::test_one_officer_never_acts_in_two_roles_of_one_case",
            "staffing/test_decisions.py::test_a_decision_of_another_department_is_refused",
            "staffing/test_decisions.py::test_a_signal_that_does_not_match_its_row_leaves_a_trace_and_uses_up_nothing",
            "workflows/test_forgery.py::test_a_decision_without_a_committed_row_counts_for_nothing",
            "runtime/test_runtime_codec.py::test_forged_and_copied_signals_are_refused_and_the_case_goes_on",
        ),
    ),
    Promise(
        9,
        "三员分立：系统、安全、审计三个管理员互不兼任，都不作决定；审计不能写；记不下审计的事就不办。",
        "Three separated administrators, none of whom decides; an auditor writes nothing; what cannot be audited does "
        "not happen.",
        (
            "ledger/test_separation.py::test_no_account_ever_mixes_what_is_to_be_apart",
            "ledger/test_separation.py::test_no_administrator_and_no_auditor_gives_a_command",
            "ledger/test_separation.py::test_what_was_audited_is_never_changed_or_deleted",
            "ledger/test_roles.py::test_what_is_only_added_to_is_denied_by_the_server_itself",
            "api/test_accounts.py::test_what_cannot_be_audited_does_not_happen",
            "api/test_accounts.py::test_an_officer_who_decides_takes_two_administrators",
        ),
    ),
    Promise(
        10,
        "暂停受理一经提交，就不再有新的预留；在办的按规则办；解除即恢复。",
        "From the instant a suspension commits nothing more is reserved; its lifting opens the gate again.",
        (
            "ledger/test_concurrency.py::test_no_reservation_commits_after_a_suspension",
            "ledger/test_suspensions.py::test_a_suspended_unit_reserves_nothing_until_it_is_lifted",
            "rectification/test_lifting.py::test_of_two_suspensions_of_a_unit_the_gate_opens_with_the_last",
        ),
    ),
    Promise(
        11,
        "文号按代字和年度连续，不重、不断、不乱，作废的号码不再用。",
        "Numbers are unique, gap-free and in order in each series and year, and never used again.",
        (
            "records/test_numbering.py::test_processes_leave_no_gap",
            "records/test_numbering.py::test_a_number_rolled_back_is_given_again",
            "records/test_year_change.py::test_the_second_before_midnight_is_the_old_year_and_midnight_the_new",
            "records/test_year_change.py::test_every_series_begins_anew_and_none_has_a_gap",
            DRILL,
        ),
    ),
    Promise(
        12,
        "同样的输入，同样的字节；改动任何一个字节都查得出。",
        "The same input is the same bytes; any changed byte is found.",
        (
            "records/test_render.py::test_three_processes_write_the_same_bytes",
            "records/test_render.py::test_the_zip_is_canonical",
            "records/test_verify.py::test_an_altered_copy_is_called_altered",
            "records/test_verify.py::test_a_lost_or_altered_file_is_found",
        ),
    ),
    Promise(
        13,
        "填什么，公文上就是什么；写不进公文的，指出是哪一项，不予受理。",
        "A document says exactly what was entered, or the entry is refused with its field named.",
        (
            "records/test_render.py::test_any_text_comes_out_as_typed_or_is_refused_with_the_field_named",
            "records/test_render.py::test_a_value_that_does_not_come_out_is_a_fault",
        ),
        engines="S",
    ),
    Promise(
        14,
        "台账、文件或存证日志被改、删、插、换序、截断、换成旧副本，都查得出，指得到。",
        "Edited, deleted, inserted, reordered, truncated or rolled back: it is found and located.",
        (
            "ledger/test_tampering.py::test_every_column_of_a_journal_row",
            "ledger/test_tampering.py::test_every_column_of_a_record",
            "ledger/test_tampering.py::test_what_was_cut_off_put_in_or_moved",
            "ledger/test_tampering.py::test_an_older_copy_put_back_is_found_by_what_was_kept_elsewhere",
            "ledger/test_merkle.py::test_no_forged_inclusion_is_accepted",
            "ledger/test_merkle.py::test_no_forged_consistency_is_accepted",
        ),
    ),
    Promise(
        15,
        "登记簿、台账、档案与流程引擎不一致的，下一次核对即指出；能安全补送的补送，其余交人处理。",
        "Where register, ledger, records and workflows disagree, the next sweep says so and delivers again what is "
        "safe.",
        (
            "e2e/test_reconciliation.py::"
            "test_terminated_deleted_and_foreign_workflows_are_named_and_what_is_safe_is_repaired",
            "e2e/test_reconciliation.py::"
            "test_an_older_copy_of_temporal_lacks_precisely_the_later_case_which_begins_anew",
            "docket/test_reconciling.py::test_delivering_again_changes_nothing_else",
            "docket/test_reconciling.py::test_an_older_copy_of_the_register_shows_every_case_it_has_lost",
            DRILL,
        ),
    ),
    Promise(
        16,
        "证件号码、出生日期不以明文存放：数据库、Temporal、日志、错误信息、指标里都没有。",
        "No identity number or birth date is in clear at rest, in Temporal, in logs or in errors.",
        (
            "e2e/test_canary.py::test_no_file_of_the_data_folder_holds_it",
            "e2e/test_canary.py::test_histories_hold_it_sealed_and_in_clear_nowhere",
            "e2e/test_canary.py::test_no_answer_that_refuses_repeats_it",
            "e2e/test_canary.py::test_nothing_that_the_processes_said_holds_it",
            "e2e/test_canary.py::test_the_search_sees_a_register_that_does_not_seal",
            "ledger/test_reading.py::test_identity_numbers_and_birth_dates_are_clear_nowhere_on_the_disk",
            "runtime/test_runtime_codec.py::test_the_server_keeps_nothing_in_clear",
        ),
    ),
    Promise(
        17,
        "密文搬到别的行、列、事项就打不开；密钥可轮换；丢了密钥，事项停下等人，不空转。",
        "A ciphertext opens only in its own place; keys rotate; a lost key parks a case for a person.",
        (
            "runtime/test_keys.py::test_a_value_opens_in_its_own_row_column_and_table_and_nowhere_else",
            "runtime/test_runtime_codec.py::test_a_sealed_payload_opens_only_in_its_own_case_and_namespace",
            "runtime/test_keys.py::test_cases_go_on_over_a_rotation_and_reseal_frees_the_old_key",
            "runtime/test_keys.py::test_a_decision_whose_key_is_lost_is_parked_and_judged_when_the_key_is_back",
        ),
    ),
    Promise(
        18,
        "Temporal 不在，接口照常启动、照常受理（202），说明流程引擎不可用，恢复后自己补上。",
        "With Temporal down the API starts, accepts, says which part is down, and catches up by itself.",
        (
            "chaos/test_single_faults.py::test_temporal_away_for_ten_seconds_delays_nobody_and_loses_nothing",
            "e2e/test_temporal_away.py::"
            "test_what_was_taken_while_temporal_was_away_arrives_in_order_and_the_case_goes_on",
            "docket/test_relay.py::test_temporal_away_for_a_while_loses_nothing",
            DRILL,
        ),
    ),
    Promise(
        19,
        "数据库不在或磁盘已满：没有办了一半的事，答复 503，恢复后不必重启。",
        "Database away or disk full: nothing half-done, a clear 503, no restart needed.",
        (
            "chaos/test_single_faults.py::test_a_database_that_crashes_is_said_and_found_again",
            "chaos/test_storage.py::test_a_full_disk_is_said_and_forgotten",
            "chaos/test_storage.py::test_a_full_disk_of_records_parks_the_document_with_its_number",
            "runtime/test_runtime_cli.py::test_who_starts_while_the_database_is_away_is_to_be_started_again",
            DRILL,
        ),
    ),
    Promise(
        20,
        "工作进程崩溃或升级，事项接着办；不兼容的改动过不了测试，并说明缺哪个补丁；收到停止信号先办完手头的。",
        "A case goes on over a crash or an upgrade; an incompatible change cannot ship and names the missing patch.",
        (
            "replay/test_replay.py::test_the_recorded_history_replays",
            "replay/test_replay.py::test_an_incompatible_change_is_told_with_its_place_and_the_missing_patch",
            "e2e/test_upgrades.py::"
            "test_on_sigterm_the_activity_in_hand_finishes_nothing_new_begins_and_the_worker_leaves",
            "e2e/test_upgrades.py::test_a_version_waits_for_its_turn_takes_over_open_cases_and_hands_back",
            DRILL,
        ),
    ),
    Promise(
        21,
        "时钟跳变不改变结果：期限只看流程的时间。",
        "Clocks that jump change no outcome.",
        (
            "chaos/test_clocks.py::test_clocks_that_are_wrong_change_no_outcome",
            "api/test_identity.py::test_a_token_ends_with_its_day_by_the_clock_of_the_register",
            DRILL,
        ),
    ),
    Promise(
        22,
        "模板缺失或被改，文件停下等人，账和文号都在；模板修好，用原号码接着办。",
        "A missing or altered template parks the document; mended, it goes on with the same number.",
        (
            "records/test_parked.py::test_a_spoilt_template_parks_the_document_with_its_number_and_mended_goes_on",
            "records/test_parked.py::test_a_template_spoilt_before_the_decision_hinders_no_decision",
            "records/test_parked.py::test_any_flipped_byte_of_a_template_is_a_template_fault_or_changes_nothing",
        ),
    ),
    Promise(
        23,
        "恶意文件在限定的时间和内存内被拒绝。",
        "A malicious upload is refused in bounded time and memory.",
        (
            "intake/test_hostile.py::test_a_hostile_archive_is_refused",
            "intake/test_hostile.py::test_nothing_of_a_refused_file_reaches_the_accounts",
            "records/test_upload_cost.py::test_a_hostile_upload_is_read_in_bounded_time_and_memory",
            "records/test_verify.py::test_hostile_uploads_are_refused_cheaply",
            "api/test_odd_bodies_everywhere.py::test_a_hundred_megabytes_are_refused_early_announced_or_not",
        ),
    ),
    Promise(
        24,
        "无论发来什么，都有说得清的答复：没有 500，不重复所发的内容。",
        "Any body gets a defined answer: never a 500, never an echo.",
        (
            "api/test_schema_fuzz.py::test_every_answer_is_one_that_the_document_foresees",
            "api/test_odd_bodies_everywhere.py::test_every_odd_body_is_answered_with_a_problem_that_repeats_nothing",
            "api/test_odd_bodies_everywhere.py::test_every_odd_upload_is_answered_with_a_problem_that_repeats_nothing",
            "api/test_odd_addresses.py::test_what_no_database_takes_is_refused_in_words",
            "console/test_every_form.py::test_no_form_breaks_whatever_is_sent_to_it",
        ),
    ),
    Promise(
        25,
        "灌水耗不尽一件事项的信号，也饿不着别人。",
        "A flood exhausts no case and starves nobody.",
        (
            "api/test_flood.py::test_a_flood_is_told_429_early_and_the_case_stays_decidable",
            "api/test_flood.py::test_a_flood_over_many_cases_is_one_flood",
            "api/test_flood.py::test_what_is_remembered_of_callers_is_bounded",
            "console/test_flood.py::test_who_has_no_session_is_counted_by_address",
        ),
    ),
    Promise(
        26,
        "一处部署一本账：接到别的数据库的工作进程拒绝启动；一个数据文件夹不能启动两次。",
        "One deployment, one ledger: a worker on another database refuses to start.",
        (
            "e2e/test_belonging.py::test_an_orphan_worker_on_the_wrong_database_does_not_start",
            "e2e/test_belonging.py::test_nothing_is_delivered_into_the_namespace_of_another_register",
            "runtime/test_runtime_embedded.py::test_a_data_folder_is_used_by_one_start_at_a_time",
            DRILL,
        ),
    ),
    Promise(
        27,
        "备份能恢复，恢复经过验证，并留下记录。",
        "A backup restores, and the restore is proved and recorded.",
        (
            "runtime/test_backup.py::test_a_backup_under_load_restores_and_is_proved",
            "runtime/test_backup.py::test_damage_of_every_part_is_found_before_anything_is_restored",
            "e2e/test_backup.py::test_an_office_is_restored_elsewhere_and_goes_on",
        ),
    ),
)

_HEAD = """\
# 承诺 · Promises

二十七条承诺，每条都有能推翻它的测试；点开就是。本页由 `python -m tests.promises` 印出，测试核对它与数据一致。
Twenty-seven promises, each linked to the tests that can break it. This page is printed from the tests and checked.

引擎：P，每次 `make test` 都有所列测试在 PostgreSQL 上运行；S，有在 SQLite 上（或不用数据库）运行的。
Engines: P, one of the tests runs on PostgreSQL in every `make test`; S, one on SQLite or without any database.
档：C 每次检查都运行；D 另有按种子重复的演练。
Tier: C in every run; D the seeded drill as well, three seeds in every run.
标 ✂ 的，另有测试把守护它的那一处去掉，看它的测试确实失败。 *✂: a test takes the guard away and sees the test fail.*

"""
_MATRIX = """
## 故障与不变量 · Faults and invariants

● 始终成立；○ 故障过后成立；◎ 不能阻止，但查得出、指得到。每一格的测试见 [matrix.py](../tests/chaos/matrix.py)。
● holds throughout; ○ holds once the fault is over; ◎ cannot be prevented and is found.
– 没有测试，原因见表后。 *– no test shows it; the reason stands below.*
“能办结”：所列测试走到最后，或走到故障之后的下一个决定生效。
*Finishes: to the end, or to the next decision that counts.*

"""
_FOOT = """
## 没有承诺的 · Not promised

断电、半写、主机之间的网络分割没有测试；也不声称通过任何认证。
Power loss, torn writes and partitions between hosts are not tested; no certification is claimed.
"""


def link(test: str) -> str:
    file, _, name = test.partition("::")
    return f"[`{name}`](../tests/{file})"


def cut(promise: Promise) -> str:
    return " ✂" if promise.name in {guard.promise for guard in GUARDS.values()} else ""


def tests_of(promise: Promise) -> tuple[str, ...]:
    """Its tests, and the one that takes its guard away."""
    return (*promise.tests, MUTATION) if cut(promise) else promise.tests


def rows(cells: list[list[str]]) -> str:
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([lines[0], "|" + "---|" * len(cells[0]), *lines[1:]]) + "\n"


def page() -> str:
    found = [["", "承诺 · promise", "测试 · tests", "引擎", "档"]]
    for each in PROMISES:
        tests = "<br>".join(link(test) for test in tests_of(each))
        found.append([f"{each.name}{cut(each)}", f"{each.chinese}<br>*{each.english}*", tests, each.engines, each.tier])
    return _HEAD + rows(found) + _MATRIX + rows(table()) + _reasons() + _FOOT


def _reasons() -> str:
    return "".join(f"\n- **{fault}** × {invariant.label}：{why}\n" for fault, invariant, why in uncovered())


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
