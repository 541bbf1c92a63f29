"""Made-up data: asked as the dialogue engine asks, kept as the custom actions keep, and never beside anything real."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest

from actions.executor import Executor
from bot import demo, quoting, responding
from bot.conversation import Control, How, Kind, Now, Speaker, Stage, State, Turn, Whose
from bot.demo.road import Map, Road
from bot.demo.telling import Telling, Until
from bot.demo.voice import Answered, Voice
from bot.figures import Period
from bot.flags import FlagKind
from bot.interview import Asking
from bot.nudges import OUTCOME_QUESTIONS
from bot.project import load_nudges, load_phrases
from bot.roles import Actor, Role
from bot.settings import ROOT
from bot.signing_in import hash_of
from bot.store import EntryKind, LinkPurpose, Missing, RootKey, Store
from bot.store.verifying import verify
from tests.talking import DATABASE, KEY, opened_copy
from tests.three_ways import IN_ORDER, Doing, told

TODAY = datetime(2026, 11, 22, tzinfo=UTC)
BESIDE = ("help_first", "meant_", "outcome_or_service")
ENOUGH = 80
"""Enquiries in which everything comes up once."""


@cache
def tools() -> demo.Tools:
    return demo.load_tools()


def made(
    store: Store,
    enquiries: int,
    *,
    seed: int = 1,
    teams: int = 2,
    now: datetime = TODAY,
    shape: demo.Shape = demo.Shape.WORK,
    hands: int = 1,
) -> demo.MadeUp:
    return demo.make_up(
        store,
        tools(),
        enquiries=enquiries,
        teams=teams,
        seed=seed,
        now=now,
        told=lambda done: None,
        shape=shape,
        hands=hands,
    )


# --- asked as the dialogue engine asks -------------------------------------------------------------------------------


class Steady(Random):
    """Draws nothing that may or may not be."""

    def random(self) -> float:
        return 0.999

    def getrandbits(self, k: int, /) -> int:
        """Whole numbers are drawn as ever."""
        return super().getrandbits(k)


class Scripted(Voice):
    """Says what somebody says in `tests/conversations/`, and holds it against what is asked."""

    def __init__(self, doings: Sequence[Doing]) -> None:
        super().__init__(tools().words, Steady(1))
        self.trouble = 1.0
        self.telling: Telling | None = None
        self._doings = list(_answers(doings))

    def answer(self, slot: str, asking: Asking, speaker: Speaker, about: str = "") -> Answered:
        assert self.telling is not None
        question = self.telling.turns[-1]
        doing = self._doings.pop(0)
        assert doing.asked == question.asked
        if doing.skipped:
            return Answered(Kind.SKIP, choice=(doing.skipped,))
        whose = Whose(doing.whose) if doing.whose else None
        if doing.said is not None:
            return Answered(Kind.WORDS, doing.said, how=How.FREE_WORDS, whose=whose)
        chosen = tuple(self._meant(choice) for choice in doing.chosen)
        assert set(chosen) <= set(question.shown)
        return Answered(Kind.CHOICE, choice=chosen, whose=whose)

    def _meant(self, choice: str) -> str:
        assert self.telling is not None
        said = {f"“{turn.words}”": f"turn:{turn.number}" for turn in self.telling.turns if turn.kind is Kind.WORDS}
        return said.get(choice, choice)


def _answers(doings: Sequence[Doing]) -> Iterator[Doing]:
    """Leave out what is beside the answers: changes, breaks, asides, and what was put off coming round."""
    left = list(doings)
    put_off: set[str] = set()
    while left:
        doing = left.pop(0)
        if doing.does in {"go_back", "change", "add_more"}:
            left.pop(0)
        elif doing.does.startswith("come_back"):
            del left[:3]
        elif doing.asked == "outcome_or_service":
            left.pop(0)
        elif doing.does or doing.asked.startswith(BESIDE):
            continue
        elif doing.asked in put_off:
            put_off.discard(doing.asked)
        else:
            if doing.skipped == "later" and any(one.asked == doing.asked for one in left):
                put_off.add(doing.asked)
            yield _said_at_last(doing, left)


def _said_at_last(doing: Doing, left: Sequence[Doing]) -> Doing:
    """Give an outcome as it was put after the aside that asks for other words."""
    if left and left[0].asked == "outcome_or_service" and left[0].chosen == ("reword",):
        return left[1]
    return doing


class Recorded(Telling):
    """Remembers what each custom action is called with, and the slots that it leaves."""

    def __init__(self, *rest: Any, **more: Any) -> None:
        super().__init__(*rest, **more)
        self.calls: list[tuple[str, Mapping[str, Any], Mapping[str, Any]]] = []

    def _act(self, name: str, slots: dict[str, Any]) -> Sequence[str]:
        before = dict(slots)
        said = super()._act(name, slots)
        self.calls.append((name, before, dict(slots)))
        return said


@dataclass(frozen=True)
class Record:
    """All that custom actions keep of a conversation."""

    quotes: Sequence[tuple[str, int]]
    desired: Sequence[tuple[int, int | None, int | None]]
    marks: Sequence[tuple[str, int, str, int]]
    reviews: Sequence[tuple[Any, ...]]


def record_of(store: Store, conversation_id: str) -> Record:
    with store.reading() as seen:
        reviews = seen.reviews.of(conversation_id)
        return Record(
            sorted((one.record, one.turn) for one in seen.quotes.of(conversation_id)),
            [(one.turn, one.sign_turn, one.weight_turn) for one in seen.outcomes.desired(conversation_id)],
            sorted((m.mark, m.outcome_turn, m.value, m.turn) for m in seen.outcomes.marks(conversation_id)),
            [
                (one.outcome_id, one.said_turn, one.again_turn, one.why_turn, one.difference_turn, one.own_turn)
                for one in reviews
            ],
        )


async def called(store: Store, telling: Recorded) -> Record:
    """Have the custom actions keep it, each held against what was done in its place."""
    executor = Executor(store)
    for name, before, after in telling.calls:
        slots = {"stage": telling.stage.value, "speaker": telling.speaker.value, **before}
        tracker = {
            "sender_id": telling.conversation_id,
            "slots": slots,
            "latest_message": {"text": "", "intent": {"name": "words"}, "entities": []},
            "events": [],
            "paused": False,
            "followup_action": None,
            "active_loop": {},
            "latest_action_name": None,
        }
        call = {"next_action": name, "sender_id": telling.conversation_id, "tracker": tracker, "version": "3.6.21"}
        ran = await executor.run(call)
        for event in ran["events"]:
            assert after.get(event["name"]) == event["value"], (name, event)
    return record_of(store, telling.conversation_id)


def begun(
    store: Store, voice: Voice, draw: Random, enquiry_id: str, stage: Stage, speaker: Speaker, at: datetime
) -> Recorded:
    with store.begin() as kept:
        earlier = kept.told_in(enquiry_id)
        conversation_id = kept.conversations.begin(
            stage=stage, speaker=speaker, begun_at=at, interview_version="the one of March", enquiry_id=enquiry_id
        )
    return Recorded(
        tools(),
        voice,
        draw,
        earlier,
        conversation_id=conversation_id,
        stage=stage,
        speaker=speaker,
        begun_at=at,
        until=Until.END,
    )


async def kept_both_ways(store: Store, telling: Recorded) -> None:
    """Keep a conversation by the custom actions; keeping it in its own way then adds nothing."""
    with store.begin() as kept:
        kept.conversations.add_all(telling.conversation_id, telling.turns)
    by_actions = await called(store, telling)
    assert sorted((one.record, one.turn) for one in telling._quotes) == by_actions.quotes
    with store.begin() as kept:
        for deed in telling._deeds:
            deed(kept)
        kept.conversations.settle(telling.conversation_id, telling.state, telling.now)
    assert record_of(store, telling.conversation_id) == by_actions


async def test_the_road_is_the_one_that_the_dialogue_engine_takes(store: Store) -> None:
    """`tests/conversations/` are what the engine itself asked."""
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(TODAY)
    for place, (stage, speaker) in enumerate(IN_ORDER):
        doings = told(stage, speaker)
        voice = Scripted(doings)
        at = TODAY + timedelta(days=place)
        voice.telling = telling = begun(store, voice, Steady(1), enquiry_id, stage, speaker, at)
        telling.tell()
        assert telling.turns[-1].asked == "done", (stage, speaker)
        await kept_both_ways(store, telling)
        if any(doing.does == "share" for doing in doings):
            with store.begin() as kept:
                kept.conversations.add(
                    telling.conversation_id,
                    speaker=speaker,
                    kind=Kind.CONTROL,
                    said_at=telling.now,
                    choice=(Control.SHARE,),
                )


async def test_what_is_made_up_is_kept_as_custom_actions_keep_it(store: Store) -> None:
    at = TODAY
    for number in range(2):
        draw = Random(number)
        voice = Voice(tools().words, draw)
        with store.begin() as kept:
            enquiry_id = kept.enquiries.open(at)
        for stage, speaker in IN_ORDER:
            at += timedelta(days=1)
            telling = begun(store, voice, draw, enquiry_id, stage, speaker, at)
            telling.tell()
            await kept_both_ways(store, telling)


def test_a_road_that_the_rules_do_not_tell_is_not_guessed() -> None:
    domain = "responses: {utter_ask_a: []}\nslots: {a: {mappings: []}}\nforms: {a_form: {required_slots: [a]}}"
    rules = "rules:\n- steps:\n  - intent: begin\n  - action: a_form"
    road = Road(Map.from_text(domain, "rules: []"), Stage.FIRST, Speaker.PERSON, lambda name, slots: (), {})
    with pytest.raises(LookupError):
        road.begin()
    road = Road(Map.from_text(domain, rules), Stage.FIRST, Speaker.PERSON, lambda name, slots: (), {})
    assert road.begin() == ["utter_ask_a"]


# --- what is said ----------------------------------------------------------------------------------------------------


def _every(pools: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(pools, Mapping):
        for name, one in pools.items():
            yield from _every(one, (*path, str(name)))
    elif isinstance(pools, str):
        yield path, pools
    elif isinstance(pools, Sequence):
        for one in pools:
            yield from _every(one, path)


def test_nothing_asks_to_be_read_soon_but_what_is_meant_to() -> None:
    phrases, nudges = load_phrases(), load_nudges()
    for path, words in _every(tools().words.pools):
        if path[0] == "told":
            assert FlagKind(path[1]) in phrases.flags(words)
        else:
            assert not phrases.flags(words), words
            assert phrases.meant(words) is None, words
        assert not nudges.wants_another_look(words), words
    assert OUTCOME_QUESTIONS


# --- a store full of it ----------------------------------------------------------------------------------------------


def said(store: Store) -> list[tuple[str, ...]]:
    """All that was said, with its times, whatever ids the store drew."""
    with store.reading() as seen:
        return sorted(
            (str(one.begun_at), one.stage, one.speaker, str(turn.number), str(turn.said_at), turn.kind, turn.words)
            for one in seen.conversations.listed()
            for turn in seen.conversations.turns(one.conversation_id)
            if "outcome:" not in turn.words
        )


@pytest.fixture(scope="module")
def full(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, demo.MadeUp]]:
    """A store in which everything comes up; no test writes to it."""
    with opened_copy(empty, tmp_path_factory.mktemp("full") / "store") as opened:
        yield opened, made(opened, ENOUGH)


@pytest.fixture
def other(empty: Path, tmp_path: Path) -> Iterator[Store]:
    """A second store, to compare with."""
    with opened_copy(empty, tmp_path / "other") as opened:
        yield opened


def test_a_made_up_store_is_whole_and_has_everything(full: tuple[Store, demo.MadeUp]) -> None:
    store, found = full
    assert verify(store) == []
    with store.reading() as seen:
        listed = seen.conversations.listed()
        enquiries = seen.enquiries.listed()
        turns = {one.conversation_id: seen.conversations.turns(one.conversation_id) for one in listed}
        entries = [entry for one in enquiries for entry in seen.entries.of_enquiry(one.enquiry_id)]
        accesses = seen.allocations.accesses([one.enquiry_id for one in enquiries])
        audited = seen.audit.search(at_most=1000)
        flags = [flag for one in listed for flag in seen.flags.of(one.conversation_id)]
        teams = seen.teams.listed()
    assert (found.enquiries, found.conversations, found.turns) == (ENOUGH, len(listed), sum(map(len, turns.values())))
    assert all((one.reference or "").startswith(demo.MADE_UP) for one in enquiries)
    assert all("made up" in team.name for team in teams)
    assert {one.stage for one in listed} == set(Stage)
    assert {one.speaker for one in listed} == {Speaker.PERSON, Speaker.ADVOCATE, Speaker.PRACTITIONER}
    assert {one.state for one in listed} == set(State)
    assert any(one.enquiry_id is None for one in listed)
    assert {one.closed_at is None for one in enquiries} == {True, False}
    # Nothing made up is kept for longer, or given to anybody.
    assert {entry.kind for entry in entries} == set(EntryKind) - {EntryKind.KEEPING, EntryKind.COPY}
    assert {entry.what for entry in entries if entry.kind is EntryKind.REVIEW} >= {
        "being_read",
        "sent_back",
        "reviewed",
    }
    assert {entry.what for entry in entries if entry.kind is EntryKind.RECORD} >= {
        *("about", "asked", "advocacy", "capacity", "risk", "verdict"),
    }
    assert any(access.allocated for access in accesses.values())
    assert len({access.team_id for access in accesses.values()}) == 2
    assert flags
    assert [one.at for one in audited] == sorted((one.at for one in audited), reverse=True)
    assert all(one.begun_at < TODAY for one in listed)
    assert min(map(len, turns.values())) < 30 < max(map(len, turns.values()))


def test_a_year_is_whole_and_counted(store: Store) -> None:
    found = made(store, 60, shape=demo.Shape.YEAR)
    assert verify(store) == []
    with store.reading() as seen:
        enquiries = seen.enquiries.listed()
        listed = seen.conversations.listed()
        entries = [entry for one in enquiries for entry in seen.entries.of_enquiry(one.enquiry_id)]
        turns = [turn for one in listed for turn in seen.conversations.turns(one.conversation_id)]
        facts = {one.enquiry_id: one for one in seen.facts.of([one.enquiry_id for one in enquiries])}
        assert facts == {one.enquiry_id: seen.facts_of(one.enquiry_id) for one in enquiries}
        assert seen.facts.due_count() == 0
    assert (found.enquiries, found.conversations, found.turns) == (60, len(listed), len(turns))
    closed = [one.closed_at for one in enquiries if one.closed_at is not None]
    assert len(closed) == 60
    assert all(datetime(2025, 4, 1, tzinfo=UTC) <= at < datetime(2026, 4, 1, tzinfo=UTC) for at in closed)
    assert {one.stage for one in listed} == set(Stage)
    assert {one.state for one in listed} == {State.FINISHED}
    assert {turn.asked for turn in turns}.isdisjoint({"feelings", "worries", "contact_ways"})
    assert {entry.what for entry in entries if entry.kind is EntryKind.RECORD} == {
        *("about", "asked", "advocacy", "capacity", "risk", "wish_not_followed", "verdict"),
    }


def test_a_year_has_people_who_are_quoted_and_answered(store: Store) -> None:
    made(store, 300, shape=demo.Shape.YEAR)
    year = Period.of_year(2025)
    with store.reading() as seen:
        account = next(one for one in seen.accounts.listed() if one.role is Role.BOARD_MEMBER)
    actor = Actor(account.account_id, account.role)
    quotes = quoting.quotable(store, actor, year)
    answers = responding.said_and_done(store, actor, year)
    names = set(tools().words.pools["names"])
    assert len({quote.voice for quote in quotes}) == 2
    assert any(piece.is_left_out for quote in quotes for piece in quote.pieces)
    assert not any(names & set(re.findall(r"\w+", piece.words)) for quote in quotes for piece in quote.pieces)
    assert {one.state for one in answers} == {responding.State.MADE, responding.State.PLANNED}
    assert any(one.quote for one in answers)
    assert any(one.theme for one in answers)
    made(store, 1, shape=demo.Shape.YEAR)
    assert responding.said_and_done(store, actor, year) == answers


def test_several_hands_make_what_one_makes(store: Store, other: Store, tmp_path: Path) -> None:
    one = made(store, 60)
    by_several = "import sys; from tests.test_demo import by_several_hands; by_several_hands(sys.argv[1])"
    # In a process of its own: one that has threads is not forked.
    subprocess.run([sys.executable, "-c", by_several, str(tmp_path / "other")], check=True, cwd=ROOT)
    assert said(store) == said(other)
    assert verify(other) == []
    with other.reading() as seen:
        audited = seen.audit.search(at_most=1000)
        assert len(seen.conversations.listed()) == one.conversations
        assert [deed.at for deed in audited] == sorted((deed.at for deed in audited), reverse=True)


def by_several_hands(folder: str) -> None:
    store = Store.open(Path(folder) / DATABASE, RootKey.read(Path(folder) / KEY))
    assert made(store, 60, hands=2).enquiries == 60
    store.close()


def test_each_conversation_stands_as_its_turns_say(full: tuple[Store, demo.MadeUp]) -> None:
    store, _ = full
    with store.reading() as seen:
        for one in seen.conversations.listed():
            stands = seen.conversations.standing(one.conversation_id)
            assert stands.state is one.state
            assert stands.now is not Now.WAITING
            assert stands.last == one.length


def test_whoever_led_an_enquiry_reviews_no_experience(full: tuple[Store, demo.MadeUp]) -> None:
    store, _ = full
    with store.reading() as seen:
        for one in seen.conversations.listed():
            if one.stage is Stage.EXPERIENCE and one.enquiry_id is not None:
                led = seen.allocations.access(one.enquiry_id).ever_allocated
                reviews = seen.entries.of_conversation(one.conversation_id, EntryKind.REVIEW)
                readers = {entry.account_id for entry in reviews if entry.what != "answered"}
                assert not readers & led


def test_the_same_seed_says_the_same(store: Store, other: Store) -> None:
    made(store, 8, seed=3)
    made(other, 8, seed=3)
    assert said(store) == said(other)


def test_another_seed_says_something_else(store: Store, other: Store) -> None:
    made(store, 3, seed=3)
    made(other, 3, seed=4)
    assert said(store) != said(other)


def test_made_up_data_may_be_added_to_what_was_made_up(store: Store) -> None:
    first = made(store, 2)
    again = made(store, 3)
    assert [one.email for one in first.people] == [one.email for one in again.people]
    with store.reading() as seen:
        references = Counter((one.reference or "").split()[0] for one in seen.enquiries.listed())
        assert len(seen.accounts.listed()) == len(first.people)
    assert references == {f"MADE-UP-{number:05d}": 1 for number in range(1, 6)}
    assert verify(store) == []


def test_everybody_gets_a_link_that_works_once(store: Store) -> None:
    found = made(store, 1)
    assert {one.role for one in found.people} == set(Role)
    with store.reading() as seen:
        for one in found.people:
            link = seen.links.find(hash_of(one.secret))
            assert link is not None
            assert link.purpose is LinkPurpose.WELCOME
            assert link.used_at is None
            account = seen.accounts.find(one.email)
            assert account is not None
            assert not account.has_password


@pytest.mark.parametrize("holds", ["enquiry", "conversation", "team", "account"])
def test_nothing_made_up_stands_beside_anything_else(store: Store, holds: str) -> None:
    with store.begin() as kept:
        match holds:
            case "enquiry":
                kept.enquiries.open(TODAY, reference="SA-1")
            case "conversation":
                kept.conversations.begin(
                    stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=TODAY, interview_version="the one of March"
                )
            case "team":
                kept.teams.add("North", TODAY)
            case _:
                kept.accounts.add(
                    role=Role.ADMINISTRATOR, name="Asha", email="asha@council.example", team_ids=(), now=TODAY
                )
    with pytest.raises(demo.HoldsSomethingElse, match="OWNWORDS_DATA"):
        made(store, 1)
    with store.reading() as seen:
        assert not seen.council.is_made_up()
        assert all(not (one.reference or "").startswith(demo.MADE_UP) for one in seen.enquiries.listed())


def test_an_enquiry_that_is_not_made_up_stops_more_from_being_made_up(store: Store) -> None:
    made(store, 1)
    with store.begin() as kept:
        kept.enquiries.open(TODAY, reference="SA-1")
    with pytest.raises(demo.HoldsSomethingElse):
        made(store, 1)


def test_turns_added_at_once_are_the_turns_added_one_by_one(store: Store) -> None:
    turns = [
        Turn(1, Speaker.BOT, Kind.QUESTION, TODAY, "feelings", words="How are things?", shown=("a", "b"), asking="{}"),
        Turn(2, Speaker.PERSON, Kind.WORDS, TODAY, "feelings", 1, "  Tired.\n", original="Zmęczona", token="page-1"),
    ]
    with store.begin() as kept:
        conversation_id = kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=TODAY, interview_version="the one of March"
        )
        kept.conversations.add_all(conversation_id, turns[:1])
        kept.conversations.add_all(conversation_id, turns[1:])
    with store.reading() as seen:
        assert list(seen.conversations.turns(conversation_id)) == turns
    assert verify(store) == []


def test_a_turn_that_does_not_follow_is_not_added(store: Store) -> None:
    with store.begin() as kept:
        conversation_id = kept.conversations.begin(
            stage=Stage.FIRST, speaker=Speaker.PERSON, begun_at=TODAY, interview_version="the one of March"
        )
    for turn in (
        Turn(2, Speaker.PERSON, Kind.WORDS, TODAY, words="Second, and there is no first."),
        Turn(1, Speaker.PERSON, Kind.WORDS, TODAY, answers=1, words="An answer to itself."),
    ):
        with pytest.raises(Missing), store.begin() as kept:
            kept.conversations.add_all(conversation_id, [turn])
    assert verify(store) == []


def test_entries_added_at_once_are_the_entries_added_one_by_one(store: Store) -> None:
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(TODAY)
        account_id = kept.accounts.add(
            role=Role.MANAGER, name="Asha", email="asha@council.example", team_ids=(), now=TODAY
        )
        first = kept.entries.add(
            kind=EntryKind.RECORD,
            what="asked",
            account_id=account_id,
            now=TODAY,
            enquiry_id=enquiry_id,
            choices={"state": ("asked_expressed",)},
            words={"asked_by": "Tom"},
        )
        second = replace(first, number=2, replaces=1, words={"asked_by": "Tom, and Asha"})
        kept.entries.add_all([second])
    with store.reading() as seen:
        assert seen.entries.of_enquiry(enquiry_id) == (first, second)
    for wrong in (replace(first, number=4), replace(first, number=3, replaces=4)):
        with pytest.raises(Missing), store.begin() as kept:
            kept.entries.add_all([wrong])
    assert verify(store) == []
