"""The ledger: the only SQL that moves numbers. It never opens or commits a transaction (ledger.md rule 12)."""
