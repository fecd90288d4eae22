"""`python -m tests.ledger.released.dump`: what a register holds that this release's own code wrote, as
`REVISION.json` beside this file. Run once for each release, before the next migration is written; the files are never
made anew, because they stand for offices that have such a register.

One case of staffing up to its end and one that waits, with `tests.support.office`. Shape: {table: [{column: value}]};
moments, days and bytes as {"at": …}, {"on": …}, {"b64": …}.
"""

from __future__ import annotations

import base64
import json
import sys
import tempfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import MetaData, create_engine

from ledger import log
from tests.support.office import Office, application

HERE = Path(__file__).parent


def written(value: Any) -> Any:
    match value:
        case bytes():
            return {"b64": base64.b64encode(value).decode()}
        case datetime():
            return {"at": value.isoformat()}
        case date():
            return {"on": value.isoformat()}
    return value


def read(value: Any) -> Any:
    """What `written` wrote."""
    match value:
        case {"b64": str(coded)}:
            return base64.b64decode(coded)
        case {"at": str(moment)}:
            return datetime.fromisoformat(moment)
        case {"on": str(day)}:
            return date.fromisoformat(day)
    return value


def register(revision: str) -> dict[str, list[dict[str, Any]]]:
    """The rows of a released register."""
    kept = json.loads((HERE / f"{revision}.json").read_text())
    return {table: [{name: read(value) for name, value in row.items()} for row in rows] for table, rows in kept.items()}


def walked(folder: Path) -> str:
    """An office in which something happened; the address of its register."""
    office = Office(folder)
    case_id = office.opened()
    (slot,) = office.issued(case_id)
    office.entered(case_id, slot, 300)
    office.acknowledged(case_id, slot)
    office.opened(application(meeting="第二次"))
    with office.database.write() as s:
        log.append(s, office.now)
    office.database.close()
    return str(office.database.engine.url)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        engine = create_engine(walked(Path(folder)))
        tables = MetaData()
        tables.reflect(engine)
        with engine.connect() as connection:
            rows = {
                table.name: [dict(row._mapping) for row in connection.execute(table.select())]
                for table in tables.sorted_tables
            }
        engine.dispose()
    revision = rows["alembic_version"][0]["version_num"]
    lines = ",\n".join(f"{json.dumps(name)}: [\n{_lines(found)}]" for name, found in rows.items())
    (HERE / f"{revision}.json").write_text("{\n" + lines + "\n}\n")
    sys.stdout.write(f"{revision}: {sum(map(len, rows.values()))} rows\n")


def _lines(rows: list[dict[str, Any]]) -> str:
    kept = ({name: written(value) for name, value in row.items()} for row in rows)
    return ",\n".join(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in kept)


if __name__ == "__main__":
    main()
