"""The Word templates of the official documents, their layout kit and their lint (documents.md 1-2)."""
