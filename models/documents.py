"""One context model per template: its fields are exactly the template's variables (the lint compares them).

All values are finished text: dates as 2026年3月1日, counts as digits, identity numbers masked. A context is
frozen with the decision that causes the document, and the document is rendered only from it (documents.md 4).
"""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

from pydantic import model_validator

from .booklet import CertificateBookletContext as CertificateBookletContext
from .booklet import CertificateContext as CertificateContext
from .booklet import CertifiedChange as CertifiedChange
from .casefile import CaseFileContext as CaseFileContext
from .disposal_paper import DisposalListContext as DisposalListContext
from .enums import DocumentKind, RenditionKind
from .paper import TRIAL as TRIAL
from .paper import AccountLine as AccountLine
from .paper import BalanceLine as BalanceLine
from .paper import CertificateRow as CertificateRow
from .paper import DocumentContext as DocumentContext
from .paper import EventRow as EventRow
from .paper import Seal as Seal
from .phrasing import Paragraphs, Phrase, Sentence, Title, numeral
from .shape import Shape


class SlotLine(Shape):
    code: str
    label: str
    way: str
    internal_body: str
    department: str


class VerificationSlipContext(DocumentContext):
    """《人员编制和领导职数核定单》, B §五.1; fields domain.md §4.3."""

    unit_code: str
    unit_rank: str
    unit_kind: str
    unit_parent: str
    certificate_no: str
    valid_until: str
    headcount: list[AccountLine]
    posts: list[AccountLine]
    slots: list[SlotLine]
    basis_meeting: str
    basis_date: str
    purpose: str
    handled_by: str
    examined_by: str
    issued_by: str
    clause: str


class EntryNoticeContext(DocumentContext):
    """《入编通知单》, fields domain.md §4.4. `person_birth` is year and month only; `handled_by` registered the
    entry, `examined_by` and `issued_by` are those of the slip (`issued_by` empty when there was none)."""

    unit_code: str
    certificate_no: str
    person_name: str
    person_sex: str
    person_birth: str
    identity_masked: str
    headcount_label: str
    post_label: str
    internal_body: str
    position: str
    way: str
    slip_number: str
    slot_code: str
    approved_by: str
    approval_no: str
    approved_on: str
    entered_on: str
    balances: list[BalanceLine]
    handled_by: str
    examined_by: str
    issued_by: str
    funds_note: str


class ExitNoticeContext(DocumentContext):
    """《出编通知单》, fields domain.md §4.4; person and officers as on the entry notice. `proof` is the paper that the
    departure rests on, `uses` what the notice is the ground for; `examined_by` empty when nobody but the approving
    department has examined it."""

    unit_code: str
    certificate_no: str
    person_name: str
    person_sex: str
    person_birth: str
    identity_masked: str
    reason: str
    freed: str
    destination: str
    proof: str = ""
    uses: str = "停发工资、核减经费、办理社会保险"
    approved_by: str
    approval_no: str
    approved_on: str
    left_on: str
    balances: list[BalanceLine]
    handled_by: str
    examined_by: str
    issued_by: str


class LetterContext(DocumentContext):
    """Common to the letters (函). `copies_to` is the text after 抄送：, empty when nobody gets a copy."""

    handled_by: str
    contact: str
    copies_to: str = ""


class RequestLine(Shape):
    """One thing that was applied for, as a finished phrase without a full stop."""

    text: Phrase


class MatterContext(LetterContext):
    """A letter about an application; `matter` is what it is called, e.g. 用编申请, 出编申请, 机构编制调整申请."""

    matter: str
    application_title: str
    submitted_on: str


class AcceptanceNoticeContext(MatterContext):
    """受理通知 (letter form). `reminder` is what the unit may not do before the end, a finished sentence."""

    lines: list[RequestLine]
    accepted_on: str
    due_on: str
    reminder: Sentence


class FaultLine(Shape):
    label: str
    detail: str
    clause: str


class CorrectionNoticeContext(MatterContext):
    """补正通知: every fault at once (一次性告知). `standing` says what the application holds meanwhile."""

    faults: list[FaultLine]
    reply_by: str
    standing: Sentence


class RefusalNoticeContext(MatterContext):
    """不予受理 / 不予批准告知书: `act` is one of the two, `acted_by` the body that refused.

    Each of the `faults` cites its clause; `basis` is the clause that an `opinion` without faults rests on.
    `part` is what of the application is refused when the rest goes on, else empty.
    """

    act: str
    acted_by: str
    part: str = ""
    faults: list[FaultLine]
    opinion: str
    basis: str = ""
    way_forward: str


class RevocationNoticeContext(LetterContext):
    """核定单作废通知: revocation, expiry, or a new round.

    `slots` are void; `remaining` lists the codes that were used and stay in force, empty when the whole slip is void.
    """

    slip_number: str
    slip_issued_on: str
    reason: str
    slots: list[SlotLine]
    remaining: str = ""
    revoked_on: str


class ReplyArticle(Shape):
    """One numbered article of a reply: `heading` like 一、机构设置, then paragraphs."""

    heading: str
    paragraphs: Paragraphs


class QuotaChange(Shape):
    """One row of the before/after table of headcount and leader posts; `delta` carries its sign."""

    unit: str
    label: str
    before: str
    after: str
    delta: str


class BodyChange(Shape):
    """One row of the before/after table of internal bodies; an empty side says 无."""

    unit: str
    before: str
    after: str


class ChangeReplyContext(DocumentContext):
    """批复 (GB/T 9704 document form, red head): answers a 请示; `issuer` is the deciding body or its office.

    `signer` is who signs for it (签发人); `closing` is 此复.; `absorption` a sentence on the term, or empty.
    The headings after the articles go on with their numbers and are filled in here; `printed_by` is 印发机关,
    the issuer when it is empty.
    """

    title: Title
    addressee: str
    request_title: str
    request_no: str
    decided_by: str
    minutes_no: str
    decided_on: str
    articles: list[ReplyArticle]
    quotas: list[QuotaChange]
    bodies: list[BodyChange]
    absorption: Sentence
    obligations: list[Phrase]
    clause: str
    signer: str
    handled_by: str
    copies_to: Phrase
    printed_by: str = ""
    quotas_heading: str = ""
    bodies_heading: str = ""
    obligations_heading: str = ""

    @model_validator(mode="before")
    @classmethod
    def _go_on_numbering(cls, data: Any) -> Any:
        if not isinstance(data, dict) or any(f"{name}_heading" in data for name in ("quotas", "bodies", "obligations")):
            return data
        number = len(data.get("articles") or ())
        headings = {}
        terms = bool(data.get("quotas") or data.get("absorption"))
        for name, text, present in (
            ("quotas", "编制和领导职数", terms),
            ("bodies", "内设机构", bool(data.get("bodies"))),
            ("obligations", "组织实施", bool(data.get("obligations"))),
        ):
            if present:
                number += 1
                headings[f"{name}_heading"] = f"{numeral(number)}、{text}"
        return {**data, **headings}


class UseRow(Shape):
    """核定、实有 and use in percent of all headcount at one day."""

    as_of: str
    authorised: str
    occupied: str
    percent: str


class PastChange(Shape):
    date: str
    number: str
    summary: str


class ComparableRow(Shape):
    unit: str
    rank: str
    authorised: str
    occupied: str
    percent: str


class PointRow(Shape):
    """One of the five points and the unit's answer to it."""

    question: str
    answer: str


class EvaluationSheetContext(DocumentContext):
    """机构编制评估表: computed from the ledger at examination (procedures.md §3.3)."""

    unit_code: str
    unit_rank: str
    unit_kind: str
    request_title: str
    request_no: str
    requested: list[RequestLine]
    balances: list[BalanceLine]
    use: list[UseRow]
    past_changes: list[PastChange]
    open_problems: list[Phrase]
    comparable: list[ComparableRow]
    points: list[PointRow]
    opinion: str
    period: str
    handled_by: str
    examined_by: str


class ProblemLine(Shape):
    """One problem as letters print it; `overdue` is 已逾期N个工作日, or empty."""

    no: str
    kind: str
    facts: Phrase
    source: str
    clause: Phrase
    measure: Phrase
    due: str
    overdue: str = ""


class RectificationNoticeContext(LetterContext):
    """整改通知书 (letter): facts, what to do by when, and what follows if not (domain.md §13.2).

    `found_by` stands after 经, e.g. 专项核查, 巡视反馈.
    """

    found_by: str
    problems: list[ProblemLine]
    report_by: str
    consequence: Sentence


class FindingLine(Shape):
    """One finding of a warning letter, a finished sentence without a full stop."""

    text: Phrase
    clause: str = ""


class WarningLetterContext(LetterContext):
    """书面警示函 (letter; domain.md §4.7, §13.5). `reply_by` empty when no written answer is asked for.

    `occasion` stands before ，你单位存在下列情形, e.g. 经机构编制监测, 《整改通知书》（示编改〔2026〕1号）所定期限届满.
    """

    occasion: str
    findings: list[FindingLine]
    risk: Sentence
    request: Sentence
    reply_by: str
    consequence: Sentence


class SuspensionNoticeContext(LetterContext):
    """暂停受理通知书 (letter; domain.md §13.3).

    `basis` stands after 根据, `decided_by` after 经; `covered` is whose applications, e.g. 你单位及所属单位.
    """

    decided_by: str
    basis: str
    problems: list[ProblemLine]
    from_on: str
    covered: str
    suspended: list[Phrase]
    unaffected: Sentence
    lifted_when: Sentence
    review_by: str


class ClosedProblem(Shape):
    no: str
    kind: str
    closed_on: str


class ResumptionNoticeContext(LetterContext):
    """恢复受理通知书 (letter; domain.md §13.4). `still_standing` names other suspensions of the unit, or is empty.

    `resumed` stands after 恢复受理, e.g. 你单位及所属单位的用编申请和机构编制调整申请.
    """

    decided_by: str
    suspension_number: str
    problems: list[ClosedProblem]
    from_on: str
    resumed: Phrase
    still_standing: str
    follow_up: Sentence


class SiteCheckRow(Shape):
    """One problem as both inspectors found it; `result` 合格 or 不合格, `new_due` empty when passed."""

    no: str
    kind: str
    measure: str
    first_inspector: str
    first_finding: str
    second_inspector: str
    second_finding: str
    result: str
    new_due: str


class SiteCheckRecordContext(DocumentContext):
    """《整改情况实地检查验收确认书》 (sheet; domain.md §4.6)."""

    notice_number: str
    checked_on: str
    checks: list[SiteCheckRow]
    conclusion: str
    inspectors: str
    handled_by: str


class ExceptionalAcceptanceContext(DocumentContext):
    """例外受理审批表 (sheet)."""

    suspension: str
    matter: str
    scope: str
    reason: str
    risk: str
    requested_by: str
    requested_on: str
    office_opinion: str
    approved_by: str
    approver: str
    opinion: str
    valid_from: str
    valid_until: str
    clause: str


class PhoneRecordContext(DocumentContext):
    """电话提醒记录单 (sheet, internal; domain.md §4.7)."""

    indicator: str
    value: str
    threshold: str
    facts: str
    callee: str
    callee_position: str
    phone: str
    called_at: str
    answer: str
    promised_by: str
    handled_by: str


class InspectionNoticeContext(LetterContext):
    """实地督查通知 (letter). `occasion` stands before ，我办定于…, e.g. 因你单位减员逾期未报且未按期回复警示函."""

    occasion: str
    visit_on: str
    content: list[Phrase]
    team: Phrase
    materials: Sentence
    issued_by: str


class InspectionReportContext(DocumentContext):
    """督查报告 (document form, kind 报告): ends 特此报告。 and asks for no decision (domain.md §13.9).

    `occasion` is a finished phrase before the visit, e.g. 因警示函到期未回复. As a report goes upward, `signer`
    (签发人) stands beside the number.
    """

    title: Title
    addressee: str
    occasion: str
    visited_on: str
    team: str
    situation: list[Sentence]
    problems: list[ProblemLine]
    next_step: Sentence
    handled_by: str
    signer: str = ""
    copies_to: Phrase = ""
    printed_by: str = ""


class PrintedMark(Shape):
    """What a file prints of its unit's chain (the row at `place`) or of the transparency log (its head at that size).

    `agrees` tells whether the register holds it: False when it does not, as after a rewriting or a restored older copy;
    None when the file does not say whose chain it is.
    """

    of: Literal["chain", "log"]
    place: int
    hash: str
    agrees: bool | None = None


class RecordCheck(Shape):
    """What the public page tells about a code or an uploaded file: no personal data, no case, no unit. Its title is
    what the paper prints as one, without the unit and matter that the register adds.

    `superseded_by` is the number that took its place, `latest` the last of a longer row of successors with what became
    of that one. `extract`: a certificate as of a day, which has no number; only what it prints was compared.
    """

    status: Literal["valid", "void", "superseded", "altered", "unknown", "extract"]
    number: str | None = None
    kind: DocumentKind | None = None
    title: str | None = None
    issued_on: date | None = None
    issuer: str | None = None
    rendition: RenditionKind | None = None
    """The file is this other form of the record, kept beside its original; None for the original."""
    superseded_by: str | None = None
    latest: str | None = None
    destroyed_on: date | None = None
    """Day on which it was destroyed when its retention period had ended: the register of numbers keeps it, and a copy
    that somebody holds is told by its digest as before."""
    destroyed_by: str | None = None
    """Number of the list by which it was."""
    latest_status: Literal["valid", "void", "unknown"] | None = None
    printed: list[PrintedMark] = []
    content: bool | None = None
    """Of an extract: whether the register says the same for its day; None where only what it prints was compared."""

    @property
    def own_title(self) -> str | None:
        """The title where it says more than the kind of the document does: a page shows the same words once."""
        return None if self.kind is not None and self.title == self.kind.label else self.title

    @property
    def contradicted(self) -> bool:
        """Whether the register does not hold what the file prints."""
        return any(mark.agrees is False for mark in self.printed)

    @property
    def holds(self) -> bool:
        """In force and not contradicted; of an extract, that all it says was compared and agrees."""
        agreed = self.status == "extract" and bool(self.content) and all(mark.agrees for mark in self.printed)
        return agreed or (self.status == "valid" and not self.contradicted)


CONTEXT_OF: dict[DocumentKind, type[DocumentContext]] = {
    DocumentKind.VERIFICATION_SLIP: VerificationSlipContext,
    DocumentKind.ENTRY_NOTICE: EntryNoticeContext,
    DocumentKind.EXIT_NOTICE: ExitNoticeContext,
    DocumentKind.ACCEPTANCE_NOTICE: AcceptanceNoticeContext,
    DocumentKind.CORRECTION_NOTICE: CorrectionNoticeContext,
    DocumentKind.REFUSAL_NOTICE: RefusalNoticeContext,
    DocumentKind.REVOCATION_NOTICE: RevocationNoticeContext,
    DocumentKind.CERTIFICATE: CertificateContext,
    DocumentKind.CERTIFICATE_BOOKLET: CertificateBookletContext,
    DocumentKind.CHANGE_REPLY: ChangeReplyContext,
    DocumentKind.EVALUATION_SHEET: EvaluationSheetContext,
    DocumentKind.RECTIFICATION_NOTICE: RectificationNoticeContext,
    DocumentKind.WARNING_LETTER: WarningLetterContext,
    DocumentKind.SUSPENSION_NOTICE: SuspensionNoticeContext,
    DocumentKind.RESUMPTION_NOTICE: ResumptionNoticeContext,
    DocumentKind.SITE_CHECK_RECORD: SiteCheckRecordContext,
    DocumentKind.EXCEPTIONAL_ACCEPTANCE: ExceptionalAcceptanceContext,
    DocumentKind.PHONE_RECORD: PhoneRecordContext,
    DocumentKind.INSPECTION_NOTICE: InspectionNoticeContext,
    DocumentKind.INSPECTION_REPORT: InspectionReportContext,
    DocumentKind.CASE_FILE: CaseFileContext,
    DocumentKind.DISPOSAL_LIST: DisposalListContext,
}
