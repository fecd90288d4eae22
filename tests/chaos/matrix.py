"""Faults × invariants: which test asserts what stays true under which fault (reliability.md §3).

`MATRIX` is data: `test_matrix` checks that every cell names tests that exist, or says why there is none, and the page
of promises is printed from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Invariant(StrEnum):
    """A column."""

    label: str

    def __new__(cls, value: str, label: str) -> Invariant:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    QUOTA = "quota", "不超编 · quota ≤ cap"
    POSTING = "posting", "一决定一入账 · one posting"
    ACK = "ack", "已受理不丢 · ack kept"
    NUMBERS = "numbers", "文号不断 · numbers gapless"
    CHAIN = "chain", "链完好 · chain ok"
    WEDGE = "wedge", "不卡死 · no wedge"
    AUTHZ = "authz", "不越权 · authz"
    PII = "pii", "个人信息不外露 · PII closed"
    FINISH = "finish", "能办结 · finishes"


class Mark(StrEnum):
    HOLDS = "●"
    """Must hold throughout, and is asserted."""
    LATER = "○"
    """May be delayed, and must hold after the fault is over."""
    DETECTED = "◎"
    """Cannot be prevented, and is found and located."""
    OPEN = "–"
    """No test shows it; the cell says why."""


@dataclass(frozen=True, slots=True)
class Cell:
    """`tests`: node ids (`file::test`), each of which fails when the invariant breaks under the fault; without any,
    `why` there is none."""

    mark: Mark
    tests: tuple[str, ...]
    why: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A fault and what holds under it; an invariant that it cannot touch has no cell."""

    fault: str
    cells: Mapping[Invariant, Cell]


_MARKS = {each.value: each for each in Mark}

DRILL = "tests/chaos/test_drill.py::test_nothing_is_lost_whatever_fails_while_the_office_is_at_work"
HASTE = "tests/e2e/test_faults.py::test_200_applications_for_5_vacancies_give_exactly_5_slips"
LOST_ANSWERS = "tests/e2e/test_faults.py::test_answers_lost_twice_are_one_posting_each"
KILLED_WORKER = "tests/e2e/test_faults.py::test_a_worker_killed_between_commit_and_completion_posts_exactly_once"
PLACES = "tests/chaos/test_places.py::test_a_worker_that_dies_there_books_numbers_and_files_once"
DEAD_API = "tests/docket/test_relay.py::test_the_row_of_an_api_that_died_is_delivered"
NO_TEMPORAL = "tests/chaos/test_single_faults.py::test_temporal_away_for_ten_seconds_delays_nobody_and_loses_nothing"
NO_DATABASE = "tests/chaos/test_single_faults.py::test_a_database_that_crashes_is_said_and_found_again"
FULL_DISK = "tests/chaos/test_storage.py::test_a_full_disk_is_said_and_forgotten"
FULL_RECORDS = "tests/chaos/test_storage.py::test_a_full_disk_of_records_parks_the_document_with_its_number"
SHUFFLED = "tests/workflows/test_order_of_signals.py::test_signals_in_any_order_lead_to_the_same_end"
BACKWARDS = "tests/workflows/test_order_of_signals.py::test_the_worst_order_loses_nothing_and_wedges_nothing"
TWICE = "tests/workflows/test_forgery.py::test_a_signal_sent_twice_is_one_decision"
MALFORMED = "tests/workflows/test_no_wedge.py::test_the_next_decision_counts_whatever_came_before"
FOREIGN = "tests/workflows/test_forgery.py::test_a_committed_row_of_another_department_is_refused_with_a_receipt"
FORGED = "tests/workflows/test_forgery.py::test_a_decision_without_a_committed_row_counts_for_nothing"
ALTERED = "tests/workflows/test_forgery.py::test_an_altered_decision_does_not_use_up_the_genuine_one"
PLAIN = "tests/workflows/test_forgery.py::test_a_plaintext_signal_of_a_stranger_is_quarantined"
COPIED = "tests/runtime/test_runtime_codec.py::test_forged_and_copied_signals_are_refused_and_the_case_goes_on"
SEALED = "tests/runtime/test_runtime_codec.py::test_the_server_keeps_nothing_in_clear"
OPERATOR = (
    "tests/e2e/test_reconciliation.py::"
    "test_terminated_deleted_and_foreign_workflows_are_named_and_what_is_safe_is_repaired"
)
RESET = (
    "tests/e2e/test_reconciliation.py::test_a_workflow_that_was_reset_goes_on_from_the_register_and_is_no_difference"
)
REPLAY = "tests/replay/test_replay.py::test_the_recorded_history_replays"
PATCH = "tests/replay/test_replay.py::test_an_incompatible_change_is_told_with_its_place_and_the_missing_patch"
BAD_CODE = (
    "tests/workflows/test_long_life.py::"
    "test_incompatible_code_does_nothing_and_with_the_former_back_the_end_is_the_same"
)
HANDED_BACK = "tests/e2e/test_upgrades.py::test_a_version_waits_for_its_turn_takes_over_open_cases_and_hands_back"
CLOCKS = "tests/chaos/test_clocks.py::test_clocks_that_are_wrong_change_no_outcome"
EXPIRED = "tests/api/test_officers.py::test_an_expired_revoked_or_dismissed_token_holds_no_longer"
OLD_TEMPORAL = "tests/chaos/test_single_faults.py::test_an_older_copy_of_temporals_store_changes_no_number"
OLD_TEMPORAL_SEEN = (
    "tests/e2e/test_reconciliation.py::test_an_older_copy_of_temporal_lacks_precisely_the_later_case_which_begins_anew"
)
OLD_REGISTER = "tests/docket/test_reconciling.py::test_an_older_copy_of_the_register_shows_every_case_it_has_lost"
OLD_HEAD = "tests/ledger/test_tampering.py::test_an_older_copy_put_back_is_found_by_what_was_kept_elsewhere"
OLD_PAPERS = "tests/ledger/test_tampering.py::test_an_older_copy_under_the_newer_store_shows_at_the_papers"
SPOILT = "tests/records/test_parked.py::test_a_spoilt_template_parks_the_document_with_its_number_and_mended_goes_on"
SPOILT_BEFORE = "tests/records/test_parked.py::test_a_template_spoilt_before_the_decision_hinders_no_decision"
ODD_BODIES = "tests/api/test_bodies.py::test_an_odd_body_is_answered_with_a_problem_that_does_not_repeat_it"
ODD_TEXT = "tests/records/test_render.py::test_any_text_comes_out_as_typed_or_is_refused_with_the_field_named"
HOSTILE_FILES = "tests/intake/test_hostile.py::test_nothing_of_a_refused_file_reaches_the_accounts"
HOSTILE_UPLOADS = "tests/records/test_verify.py::test_hostile_uploads_are_refused_cheaply"
EDITED_JOURNAL = "tests/ledger/test_tampering.py::test_every_column_of_a_journal_row"
EDITED_BALANCE = "tests/ledger/test_tampering.py::test_a_balance_that_was_moved"
EDITED_RECORD = "tests/ledger/test_tampering.py::test_every_column_of_a_record"
CUT = "tests/ledger/test_tampering.py::test_what_was_cut_off_put_in_or_moved"
MOVED_SEAL = "tests/runtime/test_keys.py::test_a_value_opens_in_its_own_row_column_and_table_and_nowhere_else"
LOST_KEY = "tests/runtime/test_keys.py::test_a_decision_whose_key_is_lost_is_parked_and_judged_when_the_key_is_back"
LOST_KEY_STEP = (
    "tests/runtime/test_keys.py::test_a_step_that_needs_what_is_lost_is_parked_with_its_number_and_posting_untouched"
)
ROTATED = "tests/runtime/test_keys.py::test_cases_go_on_over_a_rotation_and_reseal_frees_the_old_key"
UNREAD = "tests/workflows/test_unread.py::test_what_a_malformed_signal_held_is_kept_nowhere"
COPY_ON_DISK = "tests/runtime/test_backup.py::test_an_older_copy_holds_no_identity_number_in_clear"
TYPED = "tests/console/test_case_page.py::test_what_somebody_typed_is_no_markup"
TOKEN_DAY = "tests/api/test_identity.py::test_a_token_ends_with_its_day_by_the_clock_of_the_register"
TAKEN_AS_TYPED = "tests/api/test_bodies.py::test_text_that_a_document_can_hold_is_taken_as_typed"
UNSEALABLE = "tests/api/test_bodies.py::test_what_cannot_be_unsealed_is_a_clear_503_that_names_nothing_sealed"
FIFTY = "tests/ledger/test_concurrency.py::test_fifty_vacancies_are_never_oversold_at_any_committed_moment"
EIGHT = "tests/ledger/test_concurrency.py::test_eight_processes_spend_five_vacancies_five_times"


def _row(fault: str, marks: str, always: tuple[str, ...], **own: tuple[str, ...] | str) -> Row:
    """`marks`: one for each invariant in order, `-` for none. `always`: tests that assert every invariant of the row
    that is not named in `own`; there stand the tests that assert this one, or why nothing does."""
    cells = {}
    for invariant, mark in zip(Invariant, marks.split(), strict=True):
        if mark == "-":
            continue
        said = own.get(invariant.value, always)
        cells[invariant] = Cell(Mark.OPEN, (), said) if isinstance(said, str) else Cell(_MARKS[mark], said)
    return Row(fault, MappingProxyType(cells))


MATRIX: tuple[Row, ...] = (
    _row(
        "许多单位同时申请 · N concurrent applicants", "● ● ● ● ● ● - - ●", (HASTE, DRILL), quota=(EIGHT, FIFTY, HASTE)
    ),
    _row("kill -9 工作进程 · kill -9 worker mid-activity", "● ● ● ● ● ● - ● ○", (DRILL, KILLED_WORKER), pii=(DRILL,)),
    _row(
        "提交后崩溃 · crash after commit",
        "● ● ● ● ● ● - - ○",
        (DRILL,),
        posting=(LOST_ANSWERS, PLACES),
        numbers=(LOST_ANSWERS, PLACES),
        chain=(LOST_ANSWERS, PLACES),
        quota=(LOST_ANSWERS, DRILL),
    ),
    _row("kill -9 接口 · kill -9 API between commit and signal", "● ● ● ● ● ● - - ○", (DRILL,), ack=(DEAD_API, DRILL)),
    _row("Temporal 停 10 秒 · Temporal killed, down 10 s", "● ● ● ● ● ● - - ○", (NO_TEMPORAL, DRILL)),
    _row(
        "数据库停、磁盘满 · database down, disk full",
        "● ● ● ● ● ● - - ○",
        (NO_DATABASE, DRILL),
        ack=(NO_DATABASE, FULL_DISK, DRILL),
        numbers=(NO_DATABASE, FULL_RECORDS, DRILL),
        finish=(NO_DATABASE, FULL_DISK, FULL_RECORDS, DRILL),
    ),
    _row(
        "信号重复、迟到、乱序、外来 · duplicate, late, reordered, foreign signals",
        "● ● ● ● ● ● ● - ●",
        (SHUFFLED, BACKWARDS),
        posting=(TWICE, SHUFFLED, BACKWARDS),
        authz=(FOREIGN,),
    ),
    _row(
        "畸形的信号或更新 · malformed signal or update",
        "● ● ● ● ● ● ● ● ●",
        (MALFORMED,),
        pii=(UNREAD,),
    ),
    _row(
        "直接伪造 Temporal 调用 · forged call straight to Temporal",
        "● ● ● ● ● ● ● ● ●",
        (MALFORMED,),
        ack=(ALTERED,),
        authz=(FORGED, ALTERED, PLAIN, COPIED),
        pii=(SEALED, UNREAD),
    ),
    _row(
        "终止、重置、删除流程 · terminate, reset, delete by operator",
        "● ● ● ● ● - ● - ○",
        (OPERATOR, RESET),
        authz=(OPERATOR,),
    ),
    _row(
        "升级：不兼容的代码 · worker upgrade, incompatible code",
        "● ● ● ● ● ○ - - ○",
        (BAD_CODE,),
        wedge=(BAD_CODE, PATCH, REPLAY),
        finish=(BAD_CODE, HANDED_BACK),
    ),
    _row("时钟 ±400 天、×60 · clock ±400 d, ×60", "● ● ● ● ● ● ● - ●", (CLOCKS, DRILL), authz=(TOKEN_DAY, EXPIRED)),
    _row(
        "恢复旧副本 · older copy of Temporal or of the register",
        "◎ ● ● ◎ ◎ ● - ● ○",
        (OLD_TEMPORAL, DRILL),
        quota=(OLD_REGISTER, OLD_HEAD),
        ack=(OLD_TEMPORAL_SEEN, OLD_TEMPORAL, DRILL),
        numbers=(OLD_PAPERS, OLD_HEAD),
        chain=(OLD_HEAD,),
        pii=(COPY_ON_DISK,),
    ),
    _row(
        "模板缺失或被改 · template missing or altered",
        "● ● ● ● ● ● - - ○",
        (SPOILT,),
        ack=(SPOILT_BEFORE,),
        wedge=(SPOILT_BEFORE, SPOILT),
    ),
    _row(
        "恶意文字或文件 · hostile text or upload",
        "● ● ● ● ● ● ● ● ●",
        (HOSTILE_FILES,),
        ack=(TAKEN_AS_TYPED,),
        wedge=(ODD_BODIES, HOSTILE_UPLOADS),
        authz=(TYPED,),
        pii=(ODD_BODIES,),
        finish=(ODD_TEXT, TAKEN_AS_TYPED),
    ),
    _row(
        "数据库管理员改行 · database administrator edits rows",
        "◎ ◎ ◎ ◎ ◎ - - ● -",
        (EDITED_JOURNAL,),
        quota=(EDITED_BALANCE,),
        ack="发件箱不成链：尚未处理的决定被删，登记簿里不留痕迹 · "
        "the outbox is not chained: a decision deleted before it was judged leaves no mark in the register",
        numbers=(EDITED_RECORD, CUT),
        chain=(CUT, EDITED_JOURNAL),
        pii=(MOVED_SEAL,),
    ),
    _row(
        "密钥丢失或轮换 · key lost or rotated",
        "● ● ● ● ● ● - ● ○",
        (LOST_KEY_STEP,),
        ack=(LOST_KEY,),
        numbers=(LOST_KEY_STEP, ROTATED),
        wedge=(LOST_KEY,),
        pii=(UNSEALABLE,),
        finish=(LOST_KEY, ROTATED),
    ),
)


def uncovered() -> list[tuple[str, Invariant, str]]:
    """Cells that no test shows, and why."""
    return [
        (row.fault, invariant, cell.why) for row in MATRIX for invariant, cell in row.cells.items() if not cell.tests
    ]


def table() -> list[list[str]]:
    """The table with a heading, cells as marks, for a page."""
    heading = ["故障 · fault", *(each.label for each in Invariant)]
    return [heading, *([row.fault, *(_shown(row, each) for each in Invariant)] for row in MATRIX)]


def _shown(row: Row, invariant: Invariant) -> str:
    cell = row.cells.get(invariant)
    return cell.mark.value if cell else ""


def named() -> set[str]:
    """Every node id that a cell names."""
    return {test for row in MATRIX for cell in row.cells.values() for test in cell.tests}
