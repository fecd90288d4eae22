"""What the audit keeps: acts and outcomes that it knows, and one row as its readers see it."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from .enums import Department, Labelled
from .shape import Shape


class Act(Labelled):
    """What was done, or tried."""

    SIGN_IN = "sign-in", "登录", "sign-in"
    SIGN_OUT = "sign-out", "退出", "sign-out"
    PASSWORD = "password", "设定密码", "password set"
    TOKEN_ISSUED = "token-issued", "签发令牌", "token issued"
    TOKEN_REVOKED = "token-revoked", "收回令牌", "token revoked"
    OFFICER_ENTERED = "officer-entered", "登记经办人", "officer entered"
    OFFICER_CHANGED = "officer-changed", "变更经办人", "officer changed"
    OFFICER_STOPPED = "officer-stopped", "停用经办人", "officer stopped"
    OFFICER_RESUMED = "officer-resumed", "启用经办人", "officer resumed"
    ROLES_GRANTED = "roles-granted", "授予角色", "roles granted"
    ROLES_WITHDRAWN = "roles-withdrawn", "收回角色", "roles withdrawn"
    SUBSTITUTION_GRANTED = "substitution-granted", "授予代行", "substitution granted"
    SUBSTITUTION_ENDED = "substitution-ended", "终止代行", "substitution ended"
    RECUSAL = "recusal", "回避", "recusal"
    DISCLOSURE = "disclosure", "查看证件号码", "identity number shown"
    CODEC = "codec", "解读流程数据", "payloads decoded"
    EXPORT = "export", "导出", "export"
    BACKUP = "backup", "备份", "backup"
    RESTORE = "restore", "恢复", "restore"
    SETTINGS = "settings", "变更设置", "settings changed"


class Outcome(Labelled):
    DONE = "done", "成功", "done"
    REFUSED = "refused", "不予办理", "refused"


class AuditEntry(Shape):
    """One row: who, what, on what, whether it was done, from which address. No personal data but officers' names."""

    id: int
    at: datetime
    act: Act
    act_label: str = Field(examples=["授予角色"])
    outcome: Outcome
    officer: str = Field(default="", description="经办人编号；为空的是命令行或未能识别的人 · id, empty when unknown")
    officer_name: str = ""
    department: Department | None = None
    about: str = Field(default="", description="办理对象：经办人、事项或登记簿 · what it was done to")
    detail: str = ""
    address: str = ""


class AuditPage(Shape):
    items: list[AuditEntry]
    next: int | None = Field(default=None, description="下一页的 before · `before` of the next page")
