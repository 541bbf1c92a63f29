"""What a program that serves does by itself, unasked: counting, letting go, telling of flags."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from anyio import to_thread

from bot import council, retaining, throttles
from bot.logbook import outlived
from bot.reviewing import noticing
from bot.settings import Settings
from bot.store import NotKept, Store, StoreError
from bot.web.team.shell import team_address

log = logging.getLogger(__name__)

COUNTED_EVERY = 60
"""Seconds between two looks for enquiries that have changed."""

LOOKED_EVERY = 15 * 60
"""Seconds between two questions whether it is time to look for what has been kept long enough. It is once a day."""

VISITS_STAY = timedelta(days=1)
"""How long a visit that is over stays, so that a page which is still open somewhere can say so."""


def tidy(store: Store, now: datetime) -> None:
    """Let go of visits that were over a day ago, and of what was counted a day ago: they say only who came when.

    At a start alone, when no visit goes by this program's own clock yet: one that was set would end visits that go on.
    """
    with contextlib.suppress(NotKept):  # a busy database is tidied at the next start
        with store.begin() as kept:
            kept.visits.drop_over(now - VISITS_STAY)
            kept.attempts.drop(now - throttles.KEPT_FOR)
        # What was forgotten just before the program was killed lies in the database's log still.
        store.scrub()


async def keep_counting(store: Store, every: float = COUNTED_EVERY) -> None:
    """Keep up to date what enquiries count as, so that figures are quick. No figure waits for it to be right."""
    while True:
        await asyncio.sleep(every)
        with outlived(log, StoreError):  # a busy database is counted at the next turn
            await to_thread.run_sync(store.let_go_of_the_forgotten)
            await to_thread.run_sync(on_duty, store, store.work_out_facts)


def on_duty(store: Store, work: Callable[[], object]) -> None:
    """Do what one process does for all of them, if it is this one."""
    if store.duty.is_ours():
        work()


async def look_daily(store: Store, settings: Settings) -> None:
    """Once a day, forget what has been kept for as long as it is to be and goes by itself."""
    while True:
        await asyncio.sleep(LOOKED_EVERY)
        with outlived(log, StoreError):  # a busy database is looked through at the next turn
            await to_thread.run_sync(on_duty, store, lambda: keep_no_longer(store, settings, datetime.now(UTC)))


def keep_no_longer(store: Store, settings: Settings, now: datetime) -> None:
    """Have a look if it is time for one, and write to the log what came of it: numbers, and nothing else."""
    if not retaining.is_time(store, now):
        return
    looked = retaining.look(store, council.values_now(store, settings).keeps, now)
    if looked.refusal is not None:
        why = retaining.REFUSED[looked.refusal]
        what = (
            "Nothing of the audit was let go of"
            if looked.refusal in retaining.OF_THE_AUDIT
            else "Nothing was forgotten"
        )
        log.warning("%s. %s Look at it with: python -m bot keep --dry-run", what, why)
    if looked.forgotten:
        log.info("Unfinished conversations forgotten, as their time had passed: %s", looked.forgotten)
    if looked.audit or looked.facts:
        log.info("Rows let go of, as their years had passed: audit %s, facts %s", looked.audit, looked.facts)
    if not looked.is_scrubbed:
        log.warning("What was forgotten lies in the database's log until whoever reads it for long is done.")


def look_for_flags(store: Store, settings: Settings) -> "asyncio.Task[None] | None":
    """Have the team told by e-mail to sign in when there are new flags, where there is a mail server for it."""
    if not settings.smtp:
        return None
    address = team_address(settings)
    send = noticing.sends_by(settings.smtp, settings.notice_from, f"{address}/team" if address else "")
    return asyncio.create_task(noticing.keep_looking(noticing.Notices(store, send, datetime.now(UTC))))
