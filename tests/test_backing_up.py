"""How often a backup is made, which of them stay, and when it is said that not all is well."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import backing_up
from bot.backing_up import LONGEST, Habit, Upkeep, check_apart, keep, passed
from bot.settings import load
from bot.store import NotBackedUp, Store
from bot.store.backups import Kept, What, listed

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds

    def goes_on(self, by: timedelta) -> None:
        self.seconds += by.total_seconds()


@pytest.fixture
def habit(tmp_path: Path) -> Habit:
    return Habit(tmp_path / "backups", QUARTER, 3)


def pair(made_at: datetime) -> list[Kept]:
    return [Kept(Path(f"{made_at:%j%H%M}-{what}"), "0" * 16, made_at, what) for what in What]


def stay(there: list[Kept], kept: int, now: datetime) -> dict[What, list[datetime]]:
    gone = passed(there, kept, now)
    return {what: [one.made_at for one in there if one.what is what and one not in gone] for what in What}


def test_the_newest_stay_and_the_last_of_each_day_for_thirty_days() -> None:
    times = [NOON - number * QUARTER for number in range(4 * 24 * 40)]
    there = [one for made_at in reversed(times) for one in pair(made_at)]

    left = stay(there, 24, NOON)

    for what in What:
        assert left[what][-24:] == sorted(times[:24])
        days = left[what][:-24]
        assert [one.date() for one in days] == sorted({one.date() for one in days})
        assert all((one.hour, one.minute) == (23, 45) for one in days)
        assert NOON - LONGEST <= days[0] <= NOON - LONGEST + timedelta(days=1)


def test_no_key_stays_for_more_than_thirty_days_but_the_newest() -> None:
    there = [one for days in (90, 60, 31, 29) for one in pair(NOON - timedelta(days=days))]

    left = stay(there, 10, NOON)
    assert left[What.WORDS] == [NOON - timedelta(days=days) for days in (90, 60, 31, 29)]
    assert left[What.KEYS] == [NOON - timedelta(days=29)]

    later = stay(there, 1, NOON + timedelta(days=365))
    assert later == {what: [NOON - timedelta(days=29)] for what in What}


def test_only_files_of_this_database_are_removed(store: Store, habit: Habit) -> None:
    habit.folder.mkdir()
    others = [habit.folder / f"ownwords-{'f' * 16}-20200101T000000.000000Z-{what}.backup" for what in ("words", "keys")]
    for path in (*others, habit.folder / "letter.txt"):
        path.write_text("somebody else's")
    for number in range(5):
        keep(store, habit, NOON + number * QUARTER)

    mine = [one for one in listed(habit.folder) if one.path not in others]
    assert [one.made_at for one in mine if one.what is What.WORDS] == [NOON + number * QUARTER for number in (2, 3, 4)]
    assert len(mine) == 6
    assert all(path.read_text() == "somebody else's" for path in (*others, habit.folder / "letter.txt"))


def test_one_is_due_at_once_and_then_each_quarter_of_an_hour(store: Store, habit: Habit) -> None:
    clock = Clock()
    upkeep = Upkeep(store, habit, clock)
    assert upkeep.due_in(NOON) == timedelta()
    assert not upkeep.is_well(NOON)

    upkeep.make(NOON)

    assert upkeep.is_well(NOON)
    clock.goes_on(QUARTER / 3)
    assert upkeep.due_in(NOON) == 2 * QUARTER / 3
    clock.goes_on(QUARTER)
    assert upkeep.due_in(NOON) == timedelta()
    assert upkeep.is_well(NOON)
    clock.goes_on(QUARTER)
    assert not upkeep.is_well(NOON)


def test_after_a_restart_the_last_backup_counts(store: Store, habit: Habit) -> None:
    Upkeep(store, habit, Clock()).make(NOON)
    again = Upkeep(store, habit, Clock())

    assert again.is_well(NOON + QUARTER)
    assert again.due_in(NOON + QUARTER / 3) == 2 * QUARTER / 3
    assert not again.is_well(NOON + 3 * QUARTER)


@pytest.mark.parametrize("jump", [timedelta(days=400), timedelta(days=-400)])
def test_a_clock_that_jumps_makes_no_backup_late_and_takes_none_away(
    store: Store, habit: Habit, jump: timedelta
) -> None:
    clock = Clock()
    upkeep = Upkeep(store, habit, clock)
    upkeep.make(NOON)
    clock.goes_on(QUARTER)

    assert upkeep.due_in(NOON + jump) == timedelta()
    assert upkeep.is_well(NOON + jump)
    upkeep.make(NOON + jump)
    words = [one for one in listed(habit.folder) if one.what is What.WORDS]
    assert len(words) == 2
    assert words[-1].made_at > NOON


def test_one_that_fails_is_logged_clearly_and_said_until_one_is_made(
    store: Store, habit: Habit, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    upkeep = Upkeep(store, habit, clock)
    upkeep.make(NOON)
    in_the_way = Upkeep(store, replace(habit, folder=next(habit.folder.iterdir()) / "backups"), clock)

    in_the_way.make(NOON)

    assert "No backup was made" in caplog.text
    assert "Not a directory" in caplog.text
    assert not in_the_way.is_well(NOON)
    assert in_the_way.due_in(NOON) == QUARTER
    assert upkeep.is_well(NOON)


def test_one_that_fails_as_nobody_thought_of_is_said_too(
    store: Store, habit: Habit, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def goes_wrong(*_: object) -> None:
        raise RuntimeError("Oyelaran keeps my money")

    upkeep = Upkeep(store, habit, Clock())
    upkeep.make(NOON)
    monkeypatch.setattr(backing_up, "keep", goes_wrong)

    upkeep.make(NOON)

    assert "no backup was made" in caplog.text
    assert not upkeep.is_well(NOON)
    assert upkeep.due_in(NOON) == QUARTER


def test_the_root_key_never_lies_among_the_backups(tmp_path: Path) -> None:
    settings = load({"OWNWORDS_BACKUPS": str(tmp_path), "OWNWORDS_ROOT_KEY": str(tmp_path / "keys" / "root.key")})

    with pytest.raises(NotBackedUp, match="root key lies in"):
        Habit.of(settings)
    check_apart(settings, tmp_path / "backups")


def test_without_a_folder_there_is_no_habit() -> None:
    assert Habit.of(load({})) is None
