"""Custom actions: what the answers of a section become in the record."""
