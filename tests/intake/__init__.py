"""Import of workbooks: ledger/intake."""
