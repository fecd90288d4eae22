"""What a step is about, in words: a post, a person, a problem, a rung of the ladder, a time."""

from __future__ import annotations

import re

from models.desks import DeskRow
from models.enums import Procedure, Resource, Step, WarningLevel
from rules.rectification import problem_of

from .words import _, label


def subject_words(row: DeskRow) -> str:
    """Of a row of a list; see `named`."""
    return named(row.procedure, row.step, row.subject, row.resource)


def named(procedure: Procedure, step: str | None, subject: str, resource: Resource | None = None) -> str:
    """`resource` is that of a post's slot. Empty where the step is about the whole case."""
    if not subject:
        return ""
    if resource is not None:
        return f"{subject} {label(resource)}"
    if re.fullmatch("P[0-9]+", subject):
        return _("第%(n)s人") % {"n": subject[1:]}
    if re.fullmatch("A[0-9]+", subject):
        return _("第%(n)s个岗位") % {"n": subject[1:]}
    if subject in {level.value for level in WarningLevel}:
        return label(WarningLevel(subject))
    if procedure is Procedure.RECTIFICATION and step in (Step.REPORT, Step.SITE_CHECK, Step.EXTEND):
        return _("问题%(no)s") % {"no": problem_of(subject)}
    return _("第%(n)s次") % {"n": subject} if subject.isdigit() else subject
