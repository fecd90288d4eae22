"""The HTTP room: commands are committed outbox rows, queries read the register; no number is moved here."""
