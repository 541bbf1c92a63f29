"""Checkpoints as a habit: made every ten minutes while the site is served, and put where they can be copied from."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta

from anyio import to_thread

from bot.logbook import place_of
from bot.settings import Settings
from bot.store import KeyProblem, Store, StoreError, checkpoints
from bot.store.checkpoints import Checkpoint, CheckpointKey

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=10)
"""Between two checkpoints: what was cut off within it shows in none."""

LOOKED_EVERY = 60
"""Seconds between two questions whether it is time for one."""


def signing_key(settings: Settings, store: Store) -> CheckpointKey | None:
    """The key that signs checkpoints, made where nothing was signed yet. None where it is missing. Raises `KeyProblem`.

    One that is made in the place of another would look like somebody else's.
    """
    found = CheckpointKey.read(settings.checkpoint_key, outside=settings.data)
    if found is not None:
        return found
    with store.reading_rows() as rows:
        if checkpoints.last(rows) is not None:
            return None
    return CheckpointKey.create(settings.checkpoint_key)


def is_time(store: Store, now: datetime) -> bool:
    """Whether the last one is old enough, or of a time that has not come. Another program may have made it."""
    with store.reading_rows() as rows:
        last = checkpoints.last(rows)
    return last is None or not timedelta() <= now - checkpoints.made_at(last) < EVERY


def keep_signing(store: Store, settings: Settings, now: datetime) -> Checkpoint | None:
    """Make a checkpoint if it is time for one, and bring the file up to date all the same. Raises `KeyProblem`."""
    if not is_time(store, now):
        checkpoints.bring_up_to_date(store, settings.checkpoints)
        return None
    key = signing_key(settings, store)
    if key is None:
        raise KeyProblem(
            f"There is no checkpoint key at {settings.checkpoint_key}, and checkpoints were signed.",
            "Put it back; or make another one with `python -m bot keys checkpoint`, and write down its public half.",
        )
    return checkpoints.make(store, key, now, settings.checkpoints)


async def go_on(store: Store, settings: Settings) -> None:
    """Sign whenever it is time, while the site is served. What keeps it from doing so keeps nobody from talking."""
    told = ""
    while True:
        problem = ""
        try:
            await to_thread.run_sync(keep_signing, store, settings, datetime.now(UTC))
        except (StoreError, KeyProblem) as error:
            problem = str(error)
        except OSError as error:
            problem = f"{error.filename or settings.checkpoints} could not be written ({error.strerror})."
        except Exception as error:  # noqa: BLE001 - its message may hold anything
            problem = f"{type(error).__name__} at {place_of(error)}."
        if problem and problem != told:
            log.warning("No checkpoint was made. %s", problem)
        told = problem
        await asyncio.sleep(LOOKED_EVERY)
