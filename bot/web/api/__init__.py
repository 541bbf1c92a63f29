"""What other programs of the council's ask for: addresses under /api/v1, all of which only read."""
