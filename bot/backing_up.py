"""Backups as a habit: how often one is made, how many stay, and whether all is well with them."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from anyio import to_thread

from bot.settings import Settings
from bot.store import NotBackedUp, Store, StoreError
from bot.store.backups import BackedUp, Kept, What, back_up, listed, store_id_of

log = logging.getLogger(__name__)

LONGEST = timedelta(days=30)
"""No key stays in a backup for longer, so that what was forgotten is then gone from every one of them."""

ASKED_AGAIN = 30.0
"""Seconds after which a process that makes no backups asks whether it is to make them now."""

MISSED_AT_MOST = 2
"""Backups that may be late before it is said that all is not well."""


@dataclass(frozen=True, slots=True)
class Habit:
    """Where backups go, how often one is made, and how many of the newest stay."""

    folder: Path
    every: timedelta
    kept: int

    @classmethod
    def of(cls, settings: Settings) -> Self | None:
        """As it is set; None where no backups are wanted. Raises `NotBackedUp` where the root key would lie in one."""
        if settings.backups is None:
            return None
        check_apart(settings, settings.backups)
        return cls(settings.backups, timedelta(minutes=settings.backup_every), settings.backups_kept)


def check_apart(settings: Settings, folder: Path) -> None:
    """Whoever takes the backups must not have the root key with them. Raises `NotBackedUp`."""
    if settings.root_key.resolve().is_relative_to(folder.resolve()):
        raise NotBackedUp(
            f"No backup was made: the root key lies in {folder} too. Keep them apart: who has both reads everything."
        )


def keep(store: Store, habit: Habit, now: datetime) -> BackedUp:
    """Make a backup and let go of those whose time has passed. Raises `NotBackedUp`."""
    made = back_up(store, habit.folder, now)
    mine = [one for one in listed(habit.folder) if one.store_id == store_id_of(store)]
    for one in passed(mine, habit.kept, now):
        one.path.unlink(missing_ok=True)
    return made


def passed(there: Sequence[Kept], kept: int, now: datetime) -> list[Kept]:
    """Those that need not stay: neither among the newest nor the last of their day; and whatever keys are too old.

    The newest files of words and of keys always stay, however old they are.
    """
    gone: list[Kept] = []
    for what in What:
        of_it = sorted((one for one in there if one.what is what), key=lambda one: one.made_at, reverse=True)
        last_of_its_day = {one.made_at.date(): one for one in reversed(of_it)}.values()
        for place, one in enumerate(of_it):
            is_old = now - one.made_at > LONGEST
            is_wanted = place < kept or (one in last_of_its_day and not is_old)
            if place and (not is_wanted or (is_old and what is What.KEYS)):
                gone.append(one)
    return gone


class Upkeep:
    """Makes backups while the site is served, and knows whether all is well with them. For those who run it."""

    def __init__(self, store: Store, habit: Habit, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._habit = habit
        # A clock that is put right or wrong makes no backup late: time goes by here as it passes.
        self._clock = clock
        self._tried: float | None = None
        self._made: float | None = None
        self._is_failing = False

    def due_in(self, now: datetime) -> timedelta:
        """How long until the next one."""
        if self._tried is not None:
            since = timedelta(seconds=self._clock() - self._tried)
        else:
            since = self._since_the_newest(now) or self._habit.every
        return max(self._habit.every - since, timedelta())

    def age(self, now: datetime) -> timedelta | None:
        """How old the newest backup is; None where there is none."""
        return self._since_the_newest(now) if self._made is None else timedelta(seconds=self._clock() - self._made)

    def is_well(self, now: datetime) -> bool:
        """Whether the last attempt went well, and there is a backup that is not late.

        Where another process makes them, it alone knows: here all is well.
        """
        if not self._store.duty.is_ours():
            return True
        since = self.age(now)
        return not self._is_failing and since is not None and since <= MISSED_AT_MOST * self._habit.every

    def make(self, now: datetime) -> None:
        """Make one, and say in the log what became of it."""
        try:
            made = keep(self._store, self._habit, now)
        except StoreError as error:
            log.error("%s Backups made before are as they were.", error)
            self._is_failing = True
        except OSError as error:
            log.error("a backup was made, but old ones could not be removed: %s", error.strerror)
            self._is_failing = True
        except Exception:
            log.exception("no backup was made, for a reason that nobody thought of")
            self._is_failing = True
        else:
            log.info("a backup was made: %s", made.words.name)
            self._is_failing, self._made = False, self._clock()
        self._tried = self._clock()

    async def go_on(self) -> None:
        """Make one whenever it is due and this process is the one that does, for as long as the site is served."""
        while True:
            if not await to_thread.run_sync(self._store.duty.is_ours):
                await asyncio.sleep(ASKED_AGAIN)
                continue
            now = datetime.now(UTC)
            due_in = await to_thread.run_sync(self.due_in, now)
            if not due_in:
                await to_thread.run_sync(self.make, now)
            else:
                await asyncio.sleep(due_in.total_seconds())

    def _since_the_newest(self, now: datetime) -> timedelta | None:
        """How old the newest file of words is. None where there is none, or its time has not come yet."""
        try:
            store_id = store_id_of(self._store)
            made = [
                one.made_at for one in listed(self._habit.folder) if one.store_id == store_id and one.what is What.WORDS
            ]
        except OSError:
            return None
        return now - made[-1] if made and made[-1] <= now else None
