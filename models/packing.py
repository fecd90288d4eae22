"""What a damaged or forged zip raises in whoever reads it: Word files, workbooks and packages are zips."""

from __future__ import annotations

import zipfile
import zlib

DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""In the list of members, in a packed member, at its end, in a method of packing or a version that `zipfile` lacks
(NotImplementedError), in the flag of a password (RuntimeError), in a name or a date."""
