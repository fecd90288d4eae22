"""Other forms of a record: their media types, how they are told apart, and what is said of them."""

from __future__ import annotations

from datetime import datetime

from .enums import RenditionKind
from .shape import Shape

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = "application/pdf"
OFD = "application/ofd"
"""GB/T 33190: the national fixed layout."""

ENDINGS = {DOCX: ".docx", PDF: ".pdf", OFD: ".ofd"}


class RenditionView(Shape):
    """A rendition as it stands in the register. `provider`: what made it, such as `LibreOffice 7.4.7.2`."""

    record_id: str
    kind: RenditionKind
    media_type: str
    digest: str
    size: int
    made_at: datetime
    made_by: str
    provider: str

    @property
    def ending(self) -> str:
        """Of its file in the store, with the dot."""
        return ENDINGS[self.media_type]
