"""Which steps may be decided for several cases at once.

One opinion and one verdict stand for all of them, so only steps whose decision carries nothing else (no person, no
number of a paper, no minutes, no finding: those differ from case to case) and that do not move the ledger for a named
person or sign a paper that changes the register. What is left:

- every step that is only acknowledged: the department says that it has done its part;
- examining a staffing-up as applied for (whoever grants less says so line by line, on the case), and issuing its slip;
- countersigning an establishment change.
"""

from __future__ import annotations

from models.enums import Procedure, Step, Verdict

from .steps import STEPS

MOST = 50
"""Cases in one bulk decision: as many as a page of the worklist shows, and what one person can have looked at."""

_SAID_ALIKE: dict[Procedure, frozenset[Step]] = {
    Procedure.STAFFING_UP: frozenset({Step.EXAMINE, Step.ISSUE}),
    Procedure.ESTABLISHMENT_CHANGE: frozenset(
        {Step.CONSULT_ORGANISATION, Step.CONSULT_PERSONNEL, Step.CONSULT_FINANCE}
    ),
}


def verdicts_together(procedure: Procedure, step: str) -> list[Verdict]:
    """The verdicts that may be given to several cases at once, in the order of the vocabulary; none: one by one."""
    rule = STEPS[procedure].get(step)
    if rule is None:
        return []
    if rule.verdicts == {Verdict.ACKNOWLEDGE} or rule.step in _SAID_ALIKE.get(procedure, frozenset()):
        return [verdict for verdict in Verdict if verdict in rule.verdicts]
    return []
