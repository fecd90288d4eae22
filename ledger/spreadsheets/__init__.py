"""Spreadsheets as such, knowing nothing of the register: foreign ones read in a child with limits, our own written."""
