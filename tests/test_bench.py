"""The measurements themselves: a short form of each works, loses nothing, and a loss or a missed target is seen."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench import beside, load, saving
from bench.people import PROXY
from bench.rows import Row, at_least, at_most, percent, show, within
from tests.faults.telling import unkept
from tests.house import House


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    house = House(tmp_path_factory.mktemp("bench"), **PROXY)
    house.take_the_trained_model()
    house.open().wait_until_ready()
    yield house
    house.close()


def ledgers(rows: list[Row]) -> list[Row]:
    """Times are noise on a machine that does something else; what is kept is not."""
    return [row for row in rows if row.what.endswith("the ledger")]


def test_nothing_is_lost_while_many_talk_at_once_and_enemies_do_too(house: House) -> None:
    async def talk() -> list[Row]:
        people = load.people_at(house, 10, "busy")
        for one in people:
            await one.begin()
        rows = await load.busy(house, people, seconds=3)
        rows += await load.burst(house, people)
        rows += await load.beside_enemies(house, people, load.Size(hostile_seconds=2, slow=20))
        planted = people[0].acknowledged[-1]
        people[0].acknowledged[-1] = replace(planted, words="What was never sent.", do="answer")
        assert unkept(house, people), "a loss that was planted was not found"
        return rows

    found = ledgers(asyncio.run(talk()))
    assert len(found) == 3
    assert all(row.is_met for row in found), found


def test_visits_left_open_take_little(house: House) -> None:
    rows = asyncio.run(load.idle(house, 5))
    assert [row.what.partition(":")[0] for row in rows] == ["5 visits left open"] * 2


def test_answers_are_kept_and_counted_while_the_dialogue_engine_is_away(tmp_path: Path) -> None:
    found = ledgers(load.keeping_alone(tmp_path, load.Size(writes=20)))
    assert [row.is_met for row in found] == [True]
    assert found[0].measured.startswith("24 acknowledged, 0 lost")


def test_turns_kept_by_several_processes_are_all_there_in_a_file_and_on_a_server(tmp_path: Path) -> None:
    rows = [row for row in saving.measured(tmp_path, 1.0) if row.what.endswith("not there")]
    assert [row.is_met for row in rows] == [True, True]
    assert all(row.measured.startswith("0 of ") for row in rows)


def test_stock_rasa_is_measured_beside_the_product(tmp_path: Path) -> None:
    rows = beside.measured(tmp_path, beside.Size(rounds=1, conversations=1, turns=3, long=17))
    assert rows[0].what == "turns a second for each core, beside stock Rasa, median round"
    assert float(rows[0].measured.split()[0]) > 0


def test_a_missed_target_ends_with_1(capsys: pytest.CaptureFixture[str]) -> None:
    met = [at_most("a", 1, 2, "s"), at_least("b", 2, 1, "times"), within("c", [0.001, 0.002], p95=2), Row("d", "1")]
    assert show("All is well", met) == 0
    missed = [at_most("a", 2.1, 2, "s"), at_least("b", 0.9, 1, "times"), within("c", [0.001] * 9 + [0.003], p95=2)]
    assert [row.is_met for row in missed] == [False, False, False]
    assert show("One is not", [*met, missed[0]]) == 1
    assert "Missed: a" in capsys.readouterr().out


def test_what_is_quick_99_times_of_100_is_told_apart_from_what_always_is() -> None:
    times = [0.001] * 98 + [0.2, 0.3]
    assert (percent(times, 95), percent(times, 99), percent(times, 100)) == (0.001, 0.2, 0.3)
