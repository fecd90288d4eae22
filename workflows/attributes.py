"""Search attributes of a case in Temporal; codes and dates only, never personal data (they are not sealed)."""

from __future__ import annotations

from temporalio.common import SearchAttributeKey

PROCEDURE = SearchAttributeKey.for_keyword("DingbianProcedure")
UNIT = SearchAttributeKey.for_keyword("DingbianUnit")
STATE = SearchAttributeKey.for_keyword("DingbianState")
WAITING_ON = SearchAttributeKey.for_keyword_list("DingbianWaitingOn")
DUE = SearchAttributeKey.for_datetime("DingbianDue")
OVERDUE = SearchAttributeKey.for_bool("DingbianOverdue")

TYPES: dict[str, str] = {
    PROCEDURE.name: "Keyword",
    UNIT.name: "Keyword",
    STATE.name: "Keyword",
    WAITING_ON.name: "KeywordList",
    DUE.name: "Datetime",
    OVERDUE.name: "Bool",
}
"""Name → type, as the server registers them."""
