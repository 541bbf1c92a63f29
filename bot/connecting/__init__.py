"""Other programs of the council's: the tokens they are let in with, and what each is given. They change nothing."""
