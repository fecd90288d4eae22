"""Official records: numbering, rendering, store, register, verification (documents.md)."""
