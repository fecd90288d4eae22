"""The context of《文件销毁清册》: what was destroyed, what was struck, and whose hands it went through."""

from __future__ import annotations

from .paper import DocumentContext
from .shape import Shape


class DisposalLine(Shape):
    """One document of a list; `digest` in full, so that whoever holds a copy can be told that it stood here."""

    number: str
    title: str
    issued_on: str
    retention: str
    until: str
    digest: str


class StruckLine(Shape):
    """One document that stood on the list and was not destroyed."""

    number: str
    title: str
    reason: str


class DisposalListContext(DocumentContext):
    """《文件销毁清册》 (sheet). `unit_name` is whose records they were (立档单位), `case_no` the number of the act; the
    seal carries size and root of the transparency log, for there is no one chain that its documents share."""

    due_before: str
    reason: str
    count: str
    lines: list[DisposalLine]
    struck: list[StruckLine]
    proposed_by: str
    proposed_on: str
    approved_by: str
    approved_on: str
    opinion: str
    reference_no: str
    executed_by: str
    executed_on: str
    witnessed_by: str
    witnessed_on: str
