"""Alembic migrations of the register; run by `ledger.db.Database.migrate`."""
