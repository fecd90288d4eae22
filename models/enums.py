"""Closed vocabularies. Every member has one Chinese label and one English gloss (`label`, `gloss`)."""

from __future__ import annotations

from enum import StrEnum


class Labelled(StrEnum):
    """A code with its Chinese label and English gloss; the code alone is stored and sent."""

    label: str
    gloss: str

    def __new__(cls, code: str, label: str = "", gloss: str = "") -> Labelled:
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label
        member.gloss = gloss
        return member

    @classmethod
    def _missing_(cls, value: object) -> Labelled | None:
        """What officials write is read too: the Chinese label stands for its code."""
        return next((member for member in cls if member.label == value), None)


class Department(Labelled):
    """Who may take part; procedures.md, Parties."""

    UNIT = "unit", "用编单位", "unit"
    ESTABLISHMENT = "establishment", "编办", "establishment office"
    COMMISSION = "commission", "编委", "establishment commission"
    PARTY_COMMITTEE = "party-committee", "党委", "Party committee"
    UPPER = "upper", "上级机构编制部门", "upper establishment office"
    ORGANISATION = "organisation", "组织部", "organisation department"
    PERSONNEL = "personnel", "人社局", "personnel department"
    FINANCE = "finance", "财政局", "finance department"
    SOCIAL_INSURANCE = "social-insurance", "社保经办机构", "social insurance agency"
    DISCIPLINE = "discipline", "纪检监察", "discipline inspection"
    SUPERVISION = "supervision", "监督", "supervision"
    ADMINISTRATION = "administration", "系统管理", "administration"


class Role(Labelled):
    APPLICANT = "applicant", "申请", "applicant"
    EXAMINER = "examiner", "审核", "examiner"
    ISSUER = "issuer", "签发", "issuer"
    REGISTRAR = "registrar", "实名制", "registrar"
    INSPECTOR = "inspector", "监督检查", "inspector"
    APPROVER = "approver", "审批", "approver"
    HEAD = "head", "主任", "head"
    SUPERVISOR = "supervisor", "监督", "supervisor"
    AUDITOR = "auditor", "审计", "auditor"
    SYSTEM_ADMIN = "system-admin", "系统管理员", "system administrator"
    SECURITY_ADMIN = "security-admin", "安全管理员", "security administrator"
    AUDIT_ADMIN = "audit-admin", "审计管理员", "audit administrator"


class Procedure(Labelled):
    STAFFING_UP = "staffing-up", "用编落编", "staffing up"
    REMOVING_STAFF = "removing-staff", "出编", "removing staff"
    ESTABLISHMENT_CHANGE = "establishment-change", "机构编制调整", "establishment change"
    RECTIFICATION = "rectification", "整改", "rectification"
    EARLY_WARNING = "early-warning", "监测预警", "early warning"


class Step(Labelled):
    """Steps that a person decides, in the order of the procedures; interface.md, Names in bodies."""

    EXAMINE = "examine", "审核", "examine"
    ISSUE = "issue", "签发核定单", "issue slip"
    APPROVE_PERSONS = "approve-persons", "人员审批", "approve persons"
    APPROVE_EXIT = "approve-exit", "出编核批", "approve exit"
    ENTER = "enter", "落编", "post to the register"
    EXIT = "exit", "出编", "remove from the register"
    FINANCE = "finance", "财政办理经费", "finance acknowledges"
    SOCIAL_INSURANCE = "social-insurance", "社保办理", "social insurance acknowledges"
    PAY = "pay", "核定工资", "pay acknowledges"
    CONSULT_ORGANISATION = "consult-organisation", "组织部会签", "organisation countersigns"
    CONSULT_PERSONNEL = "consult-personnel", "人社局会签", "personnel countersigns"
    CONSULT_FINANCE = "consult-finance", "财政局会签", "finance countersigns"
    DECIDE = "decide", "审议决定", "the competent body decides"
    SIGN = "sign", "签发批复", "sign the reply"
    OBLIGATION_FILING = "obligation-filing", "报上级备案", "file with the upper office"
    OBLIGATION_CONGRESS = "obligation-congress", "报人大常委会备案", "file with the people's congress"
    OBLIGATION_CERTIFICATE = "obligation-certificate", "换发管理证", "change the certificate"
    OBLIGATION_REGISTRATION = "obligation-registration", "法人登记", "legal-person registration"
    OBLIGATION_DISCLOSURE = "obligation-disclosure", "公开", "disclose"
    OPEN = "open", "立账", "open the problems"
    REPORT = "report", "报告整改情况", "report on rectification"
    EXTEND = "extend", "延期审批", "decide on more time"
    WARN = "warn", "签发书面警示函", "sign the warning letter"
    PROPOSE_SUSPENSION = "propose-suspension", "提出暂停受理意见", "propose suspension"
    SUSPEND = "suspend", "决定暂停受理", "decide on suspension"
    EXCEPTIONAL_ACCEPTANCE = "exceptional-acceptance", "例外受理审批", "approve exceptional acceptance"
    SITE_CHECK = "site-check", "实地检查验收", "verify on site"
    PROPOSE_LIFTING = "propose-lifting", "提出恢复受理意见", "propose lifting"
    LIFT = "lift", "决定恢复受理", "decide on lifting"
    REMIND = "remind", "电话提醒", "remind by phone"
    INSPECT = "inspect", "实地督查", "inspect on site"
    INSPECTION_REPORT = "inspection-report", "督查报告", "report on the inspection"
    REVIEW = "review", "研判", "review the answer"


class Verdict(Labelled):
    APPROVE = "approve", "同意", "approve"
    REJECT = "reject", "不同意", "reject"
    RETURN = "return", "退回补正", "return for correction"
    ACKNOWLEDGE = "acknowledge", "办理回执", "acknowledge"
    DEFER = "defer", "缓议", "defer"


class State(Labelled):
    SUBMITTED = "submitted", "已提交", "submitted"
    RETURNED = "returned", "退回补正", "returned for correction"
    NOT_ACCEPTED = "not-accepted", "不予受理", "not accepted"
    ACCEPTED = "accepted", "已受理", "accepted"
    HELD = "held", "暂缓办理", "held"
    IN_PROGRESS = "in-progress", "办理中", "in progress"
    SLIP_ISSUED = "slip-issued", "已核发核定单", "slip issued"
    ENTERED = "entered", "已落编", "entered"
    ACKNOWLEDGING = "acknowledging", "待回执", "acknowledging"
    CLOSED = "closed", "已办结", "closed"
    REJECTED = "rejected", "不予批准", "rejected"
    WITHDRAWN = "withdrawn", "已撤回", "withdrawn"
    EXPIRED = "expired", "已逾期失效", "expired"
    REVOKED = "revoked", "已作废", "revoked"
    SUSPENDED = "suspended", "暂停受理", "suspended"
    LIFTED = "lifted", "恢复受理", "lifted"

    @property
    def final(self) -> bool:
        return self in FINAL_STATES


FINAL_STATES = frozenset(
    {State.NOT_ACCEPTED, State.CLOSED, State.REJECTED, State.WITHDRAWN, State.EXPIRED, State.REVOKED, State.LIFTED}
)


class Resource(Labelled):
    """What is counted: headcount by establishment category, leader posts by kind (ledger.md rule 3)."""

    ADMINISTRATIVE = "headcount:administrative", "行政编制", "administrative headcount"
    POLITICAL_LEGAL = "headcount:political-legal", "政法专项编制", "political-legal headcount"
    WORKER = "headcount:worker", "机关工勤编制", "worker headcount"
    CIVIL_SERVICE_LIKE = "headcount:civil-service-like", "参公事业编制", "civil-service-like headcount"
    INSTITUTION_FULL = "headcount:institution-full", "全额拨款事业编制", "institution headcount, fully funded"
    INSTITUTION_PARTIAL = "headcount:institution-partial", "差额补贴事业编制", "institution headcount, partly funded"
    INSTITUTION_SELF = "headcount:institution-self", "自收自支事业编制", "institution headcount, self-funded"
    UNIT_CHIEF = "post:unit-chief", "单位领导正职", "unit chief"
    UNIT_DEPUTY = "post:unit-deputy", "单位领导副职", "unit deputy"
    UNIT_OTHER = "post:unit-other", "其他单位领导职数", "other unit leader post"
    INTERNAL_CHIEF = "post:internal-chief", "内设机构正职", "internal chief"
    INTERNAL_DEPUTY = "post:internal-deputy", "内设机构副职", "internal deputy"
    INTERNAL_UNSPLIT = "post:internal-unsplit", "内设机构领导职数（未分正副）", "internal leader posts, unsplit"
    UNIT_UNSPLIT = "post:unit-unsplit", "单位领导职数（未分正副）", "unit leader posts, unsplit"
    DISPATCHED_CHIEF = "post:dispatched-chief", "派出（直属）机构正职", "dispatched body chief"
    DISPATCHED_DEPUTY = "post:dispatched-deputy", "派出（直属）机构副职", "dispatched body deputy"

    @property
    def is_headcount(self) -> bool:
        return self.value.startswith("headcount:")

    @property
    def is_post(self) -> bool:
        return self.value.startswith("post:")


class UnitKind(Labelled):
    ORGAN = "organ", "机关", "organ"
    CIVIL_SERVICE_LIKE = "civil-service-like", "参公事业单位", "institution run like the civil service"
    INSTITUTION = "institution", "事业单位", "public institution"
    MIXED = "mixed", "机关（含所属事业编制）", "organ that also holds institution headcount"


class Way(Labelled):
    """Way of entry 进入方式 (domain.md §5.5)."""

    EXAMINATION = "examination", "公务员考录", "civil-service examination"
    SELECTED_GRADUATE = "selected-graduate", "选调生", "selected graduate"
    OPEN_SELECTION = "open-selection", "公开遴选", "open selection"
    OFFICIAL_TRANSFER = "official-transfer", "转任", "transfer between civil-service posts"
    INTAKE = "intake", "调任", "intake from outside the civil service"
    TRANSFER_IN = "transfer-in", "调入", "transfer into an institution"
    MILITARY = "military", "军转安置", "demobilised officer"
    VETERAN = "veteran", "退役士兵安置", "veteran"
    PUBLIC_HIRING = "public-hiring", "公开招聘", "public hiring"
    TALENT = "talent", "人才引进", "talent programme"
    POLICY = "policy", "政策性安置", "policy placement"
    LEADER_APPOINTMENT = "leader-appointment", "领导任职", "appointment to a leader post"
    REFORM = "reform", "机构改革划转", "reform transfer"
    APPOINTED_ABOVE = "appointed-above", "上级任命", "appointed by a higher body"
    OTHER = "other", "其他", "other"


class EntryKind(Labelled):
    """Kinds of journal rows, a closed list (ledger.md rule 1)."""

    OPENING = "OPENING", "期初", "opening"
    AUTHORISE = "AUTHORISE", "核定", "authorise"
    SET_ASIDE = "SET_ASIDE", "预留", "set aside"
    RESERVE = "RESERVE", "核发待落编", "reserve"
    RELEASE = "RELEASE", "释放", "release"
    POST = "POST", "落编", "post"
    APPOINT = "APPOINT", "上级任命", "appoint"
    LEAVE = "LEAVE", "出编", "leave"
    TRANSFER_OUT = "TRANSFER_OUT", "调出", "transfer out"
    TRANSFER_IN = "TRANSFER_IN", "调入", "transfer in"
    COUNTER = "COUNTER", "冲正", "counter"


class ExitReason(Labelled):
    TRANSFER = "transfer", "调出", "transfer"
    POST_REMOVED = "post-removed", "免去领导职务", "removed from a leader post"
    RETIREMENT = "retirement", "退休", "retirement"
    DEATH = "death", "死亡", "death"
    RESIGNATION = "resignation", "辞职", "resignation"
    DISMISSAL = "dismissal", "辞退", "dismissal"
    EXPULSION = "expulsion", "开除", "expulsion"
    OTHER = "other", "其他", "other"


class SlotState(Labelled):
    OPEN = "open", "未使用", "open"
    USED = "used", "已使用", "used"
    RELEASED = "released", "已释放", "released"


class SlipState(Labelled):
    VALID = "valid", "有效", "valid"
    EXHAUSTED = "exhausted", "已用完", "exhausted"
    VOID = "void", "作废", "void"
    EXPIRED = "expired", "逾期失效", "expired"
    REVOKED = "revoked", "已撤销", "revoked"


class DocumentKind(Labelled):
    """Templates of doc_templates/, by name (documents.md)."""

    VERIFICATION_SLIP = "verification_slip", "人员编制和领导职数核定单", "verification slip"
    ENTRY_NOTICE = "entry_notice", "入编通知单", "entry notice"
    EXIT_NOTICE = "exit_notice", "出编通知单", "exit notice"
    ACCEPTANCE_NOTICE = "acceptance_notice", "受理通知", "acceptance notice"
    CORRECTION_NOTICE = "correction_notice", "补正通知", "correction notice"
    REFUSAL_NOTICE = "refusal_notice", "不予受理（批准）告知书", "refusal notice"
    REVOCATION_NOTICE = "revocation_notice", "核定单作废通知", "revocation notice"
    CERTIFICATE = "certificate", "机构编制管理证登记页", "certificate extract"
    CERTIFICATE_BOOKLET = "certificate_booklet", "机构编制管理证（摘录）", "certificate booklet"
    CHANGE_REPLY = "change_reply", "批复", "reply on a change"
    EVALUATION_SHEET = "evaluation_sheet", "机构编制评估表", "evaluation sheet"
    RECTIFICATION_NOTICE = "rectification_notice", "整改通知书", "rectification notice"
    WARNING_LETTER = "warning_letter", "书面警示函", "warning letter"
    SUSPENSION_NOTICE = "suspension_notice", "暂停受理通知书", "suspension notice"
    RESUMPTION_NOTICE = "resumption_notice", "恢复受理通知书", "resumption notice"
    SITE_CHECK_RECORD = "site_check_record", "整改情况实地检查验收确认书", "site check record"
    EXCEPTIONAL_ACCEPTANCE = "exceptional_acceptance", "例外受理审批表", "exceptional acceptance"
    PHONE_RECORD = "phone_record", "电话提醒记录单", "phone record"
    INSPECTION_NOTICE = "inspection_notice", "实地督查通知", "inspection notice"
    INSPECTION_REPORT = "inspection_report", "督查报告", "inspection report"
    CASE_FILE = "case_file", "卷内文件目录", "case file list"
    DISPOSAL_LIST = "disposal_list", "文件销毁清册", "list of destroyed records"


class RecordState(Labelled):
    NUMBERED = "numbered", "已编号待归档", "numbered, not yet filed"
    VALID = "valid", "有效", "valid"
    VOID = "void", "作废", "void"
    SUPERSEDED = "superseded", "已被替代", "superseded"


class Retention(Labelled):
    PERMANENT = "permanent", "永久", "permanent"
    YEARS_30 = "30-years", "30年", "30 years"
    YEARS_10 = "10-years", "10年", "10 years"


class RetentionBar(Labelled):
    """Why a record cannot be put on a list of records to be destroyed."""

    PERMANENT = "permanent", "永久保管", "kept permanently"
    OPEN_CASE = "open-case", "事项未办结", "its case is open"
    NOT_DUE = "not-due", "保管期限未满", "its period has not ended"
    HELD = "held", "停止销毁", "under hold"
    LISTED = "listed", "已列入销毁清册", "on a list already"


class DisposalState(Labelled):
    PROPOSED = "proposed", "待审批", "waiting for approval"
    REFUSED = "refused", "未获批准", "refused"
    APPROVED = "approved", "待执行", "waiting to be carried out"
    EXECUTING = "executing", "待监销", "waiting for the witness"
    DESTROYED = "destroyed", "已销毁", "destroyed"
    DROPPED = "dropped", "已撤销", "dropped"

    @property
    def open(self) -> bool:
        """Whether something is still to be done, so that its records are on no other list."""
        return self in (DisposalState.PROPOSED, DisposalState.APPROVED, DisposalState.EXECUTING)


class RenditionKind(Labelled):
    """Other forms of a record that are kept beside its original bytes."""

    PDF = "pdf", "PDF 版式件", "PDF rendition"
    SIGNED = "signed", "签章件", "signed copy"


class CommandKind(Labelled):
    """What an outbox row asks for; all but `start` are the signal's name."""

    START = "start", "申请", "application"
    DECIDE = "decide", "决定", "decision"
    RESUBMIT = "resubmit", "补正重报", "resubmission"
    WITHDRAW = "withdraw", "撤回", "withdrawal"
    REVOKE = "revoke", "作废核定单", "revocation"
    EXTEND = "extend", "延期", "extension"
    REPORT = "report", "报告", "report"
    HOLD = "hold", "暂缓", "hold"
    RELEASE = "release", "恢复办理", "release"
    REMIND = "remind", "催办", "reminder"
    EXCEPT = "except", "例外受理申请", "request for exceptional acceptance"
    COMMENT = "comment", "批注", "comment"
    COPY = "copy", "抄送", "copy for information"
    WAKE = "wake", "系统唤醒", "look again"


class ChangeKind(Labelled):
    """Kinds of establishment change (procedures.md §3; domain.md §2.3)."""

    ESTABLISH = "establish", "设立", "establish a unit"
    ABOLISH = "abolish", "撤销", "abolish a unit"
    MERGE = "merge", "合并", "merge units"
    RENAME = "rename", "更名", "rename"
    RERANK = "rerank", "变更规格", "change of rank"
    RESUBORDINATE = "resubordinate", "变更隶属", "change of subordination"
    EXTRA_NAME = "extra-name", "挂牌", "second name"
    INTERNAL_BODIES = "internal-bodies", "内设机构调整", "internal bodies"
    HEADCOUNT = "headcount", "编制增减", "headcount up or down"
    REALLOCATE = "reallocate", "编制调剂", "reallocation between units"
    POSTS = "posts", "职数增减", "leader posts up or down"


class Level(Labelled):
    """Administrative level 层级; a unit without one is of the office's own level."""

    CENTRE = "centre", "中央", "centre"
    PROVINCE = "province", "省", "province"
    CITY = "city", "市", "city"
    COUNTY = "county", "县", "county"
    TOWNSHIP = "township", "乡镇（街道）", "township"


class ProblemSource(Labelled):
    """Where a problem was found (procedures.md §4)."""

    TOUR = "tour", "巡视", "inspection tour"
    AUDIT = "audit", "审计", "audit"
    SUPERVISION = "supervision", "督查", "supervision"
    VERIFICATION = "verification", "核查", "verification"
    HOTLINE = "12310", "12310举报", "12310 hotline"
    WARNING = "warning", "预警", "early warning"
    SELF = "self", "自查", "self-check"
    OTHER = "other", "其他", "other"


class ProblemState(Labelled):
    OPEN = "open", "整改中", "open"
    REPORTED = "reported", "待验收", "reported, to be verified"
    CLOSED = "closed", "已销号", "closed"


class Indicator(Labelled):
    """What a monitor watches (procedures.md §5)."""

    OVER_QUOTA = "over-quota", "超编", "over quota"
    OVER_POSTS = "over-posts", "超职数", "over leader posts"
    HIGH_USE = "high-use", "编制使用率偏高", "high use of quota"
    FREQUENT_CHANGES = "frequent-changes", "机构编制事项变化频繁", "frequent changes"
    REMOVAL_OVERDUE = "removal-overdue", "减员逾期未报", "removal overdue"
    LONG_VACANCY = "long-vacancy", "长期空编", "long vacancy"
    STALE_DATA = "stale-data", "数据长期未更新", "stale data"
    PUBLIC_EVENT = "public-event", "机构编制领域公共事件", "public event"


class WarningLevel(Labelled):
    """Rungs of the ladder; each code is the step that a person decides there."""

    REMIND = "remind", "电话提醒", "phone reminder"
    WARN = "warn", "书面警示", "written warning"
    INSPECT = "inspect", "实地督查", "on-site inspection"


class Sex(Labelled):
    MALE = "male", "男", "male"
    FEMALE = "female", "女", "female"


class StepState(Labelled):
    CURRENT = "current", "办理中", "current"
    DONE = "done", "已办", "done"
    VOID = "void", "已失效", "void"
    EXPECTED = "expected", "预计", "expected"
