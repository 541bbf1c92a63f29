"""What a team does with what was said: find what waits, read it as it was said, answer it. The words stay untouched."""
