"""The register's tables as Core objects, for statements that are built once (performance.md, Ledger)."""

from __future__ import annotations

from sqlmodel import SQLModel

from models import archives, log, register

_tables = SQLModel.metadata.tables

META = _tables[str(register.Meta.__tablename__)]
HOLDER = _tables[str(register.Holder.__tablename__)]
UNIT = _tables[str(register.Unit.__tablename__)]
ACCOUNT = _tables[str(register.Account.__tablename__)]
JOURNAL = _tables[str(register.Journal.__tablename__)]
PERSON = _tables[str(register.Person.__tablename__)]
OCCUPANCY = _tables[str(register.Occupancy.__tablename__)]
SLIP = _tables[str(register.Slip.__tablename__)]
SLOT = _tables[str(register.SlotRow.__tablename__)]
SUSPENSION = _tables[str(register.Suspension.__tablename__)]
EXCEPTION = _tables[str(register.ExceptionalAcceptance.__tablename__)]
DEPARTURE = _tables[str(register.Departure.__tablename__)]
SERIES = _tables[str(register.Series.__tablename__)]
RECORD = _tables[str(register.Record.__tablename__)]
RECORD_ACT = _tables[str(archives.RecordAct.__tablename__)]
LOG_LEAF = _tables[str(log.LogLeaf.__tablename__)]
LOG_NODE = _tables[str(log.LogNode.__tablename__)]
LOG_HEAD = _tables[str(log.LogHeadRow.__tablename__)]
