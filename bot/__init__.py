"""Own Words: a guided conversation that keeps what a person says, in their own words."""
