"""What can go wrong when words are kept or read. No error says any of a person's words."""

from enum import StrEnum


class Cause(StrEnum):
    """Why the database did not do what was asked, in words for the person who runs it."""

    LOCKED = "another program holds the database"
    BUSY = "too many are writing at once"
    FULL = "the disk is full"
    READ_ONLY = "the database may not be written"
    FAILING = "the disk could not be read or written"
    AWAY = "the database could not be opened"


class StoreError(Exception):
    """Whatever the store refuses or cannot do."""


class NotKept(StoreError):
    """Nothing of this promise was kept; it may be tried again as it is."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(f"Not kept: {cause}.")
        self.cause = cause


class NotRead(StoreError):
    """Nothing could be read; it may be tried again as it is."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(f"Not read: {cause}.")
        self.cause = cause


class Missing(StoreError):
    """What was named is not in the store."""


class Taken(StoreError):
    """Another row has this place already, such as the bucket of a code."""


class Damaged(StoreError):
    """A row or a seal is not as it was kept. `verify` names each of them."""


class NotReady(StoreError):
    """The database cannot be used as it is; the message names the cause and the remedy."""


class NotBackedUp(StoreError):
    """No backup was made; the message names the cause and the remedy. Those that were there are as they were."""


class NotRestored(StoreError):
    """A backup cannot be restored; the message names the cause. Nothing was put in place."""
