"""The custom actions as the box calls them: over HTTP, by name, with a secret, and with receipts for what truly ran."""

import json
import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
import yaml
from rasa_sdk.interfaces import ActionExecutionRejection

from actions.executor import Executor
from actions.record import ACTION_NAMES, READING_BACK, SECTIONS, every_action
from bot.conversation import Skip, Stage, Turn, reference
from bot.dialogue import SECRET_HEADER, ActionRefused, Receipts
from bot.enquiry import outcome_id
from bot.keeping import FILLED_WITH, LEADING, RECORDS
from bot.project import text
from bot.store import Store
from bot.web.webhook import LARGEST_CALL, create_webhook
from tests.recording import INTERVIEW, Recorded
from tests.telling import NOON

SECRET = "a secret of forty characters or about that"
CANARY = "my sister Oyelaran keeps my money"
OUTCOME_SLOTS = ("outcome", "outcome_sign", "outcome_weight", "more_outcomes")
THREE = ("I want my own key", "I want to see my sister", "I want a cat")


class Caller:
    """The box, as the webhook sees it."""

    def __init__(self, actions: Any) -> None:
        self.receipts = Receipts()
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(create_webhook(actions, SECRET, self.receipts)),
            base_url="http://127.0.0.1",
        )

    async def posts(self, content: bytes, **headers: str) -> httpx.Response:
        return await self.client.post("/webhook", content=content, headers={SECRET_HEADER: SECRET, **headers})

    async def calls(self, name: str, conversation_id: str, slots: Mapping[str, object]) -> httpx.Response:
        """Call an action as the box does: without the domain, and with no more than it needs."""
        call = {
            "next_action": name,
            "sender_id": conversation_id,
            "tracker": {
                "sender_id": conversation_id,
                "slots": {"stage": "first", "speaker": "person", **slots},
                "latest_message": {"text": "turn:17", "intent": {"name": "words"}, "entities": []},
                "events": [],
                "paused": False,
                "followup_action": None,
                "active_loop": {},
                "latest_action_name": None,
            },
            "version": "3.6.21",
        }
        return await self.posts(json.dumps(call).encode())


class Failing:
    """Actions that go wrong in one way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    async def run(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        raise self.error


@pytest.fixture
def told(store: Store) -> Recorded:
    return Recorded(store)


@pytest.fixture
def caller(store: Store) -> Caller:
    return Caller(Executor(store))


async def run(caller: Caller, told: Recorded, name: str, **slots: Turn | str | list[str] | None) -> dict[str, Any]:
    """Run an action with these slots; gives what it sets, and what it says under "says"."""
    held = {slot: reference(one.number) if isinstance(one, Turn) else one for slot, one in slots.items()}
    answer = await caller.calls(name, told.conversation_id, held)
    assert answer.status_code == 200
    told_back = answer.json()
    assert set(told_back) == {"events", "responses"}
    assert all(event["event"] == "slot" and event["timestamp"] is None for event in told_back["events"])
    found = {event["name"]: event["value"] for event in told_back["events"]}
    assert len(found) == len(told_back["events"])
    if told_back["responses"]:
        found["says"] = [response["response"] for response in told_back["responses"]]
    return found


def rules() -> list[dict[str, Any]]:
    """Every step of every rule."""
    return [step for rule in yaml.safe_load(text("data/rules.yml"))["rules"] for step in rule["steps"]]


# --- names -----------------------------------------------------------------------------------------------------------


def test_the_rules_name_the_actions_that_there_are_and_no_others(store: Store) -> None:
    named = {step["action"] for step in rules() if step.get("action", "").startswith("action_")}
    there = [action.name() for action in every_action(store)]
    assert named == set(there) == ACTION_NAMES
    assert len(there) == len(set(there))


def test_the_domain_names_the_same_actions() -> None:
    domain = yaml.safe_load(text("domain.yml"))
    assert {name for name in map(str, domain["actions"]) if name.startswith("action_")} == ACTION_NAMES


def test_each_slot_that_holds_an_id_is_filled_with_what_was_chosen() -> None:
    slots = yaml.safe_load(text("domain.yml"))["slots"]
    for name in LEADING:
        assert slots[name]["mappings"][0]["type"] == "from_entity", name


def test_each_slot_that_a_skip_fills_along_with_another_is_one_that_the_domain_fills_so() -> None:
    slots = yaml.safe_load(text("domain.yml"))["slots"]
    for name, before in FILLED_WITH.items():
        filled = [mapping for mapping in slots[name]["mappings"] if mapping.get("intent") == "skip"]
        assert [condition["requested_slot"] for one in filled for condition in one["conditions"]] == [before], name


def test_each_slot_that_is_read_as_a_reference_is_filled_with_whatever_was_said() -> None:
    slots = yaml.safe_load(text("domain.yml"))["slots"]
    read_back = {slot for slots, _ in READING_BACK.values() for slot in slots}
    sections = {slot for section in SECTIONS.values() for slot in section}
    for name in {*RECORDS, *sections, *read_back, "cards", "matters_most"} - LEADING:
        assert {mapping["type"] for mapping in slots[name]["mappings"]} == {"from_text"}, name


# --- the door --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", "another secret", SECRET[:-1], f"{SECRET}x", "ë" * 42])
async def test_who_does_not_know_the_secret_is_not_let_in(caller: Caller, given: str) -> None:
    for headers in ({SECRET_HEADER: given.encode()}, {}):
        answer = await caller.client.post("/webhook", content=b"{}", headers=headers)
        assert (answer.status_code, answer.content) == (401, b"")


async def test_an_action_that_there_is_not_is_unknown(caller: Caller, told: Recorded) -> None:
    answer = await caller.calls("action_keep_secrets", told.conversation_id, {})
    assert answer.status_code == 404
    assert answer.json() == {"error": "unknown", "action_name": "action_keep_secrets"}
    assert caller.receipts.collect(told.conversation_id) == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"[]",
        b"17",
        b'"action_keep_feelings"',
        b"null",
        b"{}",
        b'{"next_action": "action_keep_feelings"}',
        b'{"sender_id": "0123456789abcdef0123456789abcdef"}',
    ],
)
async def test_what_is_no_call_is_refused(caller: Caller, content: bytes) -> None:
    assert (await caller.posts(content)).status_code == 400


async def test_a_call_that_is_too_large_is_not_read(caller: Caller) -> None:
    answer = await caller.posts(b"x", **{"Content-Length": str(LARGEST_CALL + 1)})
    assert answer.status_code == 413


async def test_a_call_that_does_not_say_how_large_it_is_is_not_read(caller: Caller) -> None:
    async def pieces() -> Any:
        yield b"{}"

    answer = await caller.client.post("/webhook", content=pieces(), headers={SECRET_HEADER: SECRET})
    assert answer.status_code == 413


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_there_is_one_way_in(caller: Caller, method: str) -> None:
    headers = {SECRET_HEADER: SECRET}
    assert (await caller.client.request(method, "/webhook", headers=headers)).status_code == 405
    assert (await caller.client.get("/actions", headers=headers)).status_code == 404


# --- what goes wrong -------------------------------------------------------------------------------------------------


async def test_an_action_that_fails_says_nothing_of_why_and_leaves_no_receipt(
    told: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    caller = Caller(Failing(RuntimeError(CANARY)))
    with caplog.at_level(logging.DEBUG):
        answer = await caller.calls("action_keep_feelings", told.conversation_id, {})
    assert answer.status_code == 500
    assert answer.json() == {"error": "failed", "action_name": "action_keep_feelings"}
    assert caller.receipts.collect(told.conversation_id) == {}
    assert "RuntimeError" in caplog.text
    assert CANARY not in caplog.text


async def test_an_action_that_declines_is_refused_and_leaves_no_receipt(told: Recorded) -> None:
    caller = Caller(Failing(ActionRefused("action_keep_feelings")))
    answer = await caller.calls("action_keep_feelings", told.conversation_id, {})
    assert answer.status_code == 400
    assert answer.json() == {"error": "refused", "action_name": "action_keep_feelings"}
    assert caller.receipts.collect(told.conversation_id) == {}


async def test_an_action_of_rasa_s_own_kind_that_declines_is_refused_too(store: Store) -> None:
    executor = Executor(store)

    class Declines:
        async def run(self, call: Mapping[str, Any]) -> None:
            raise ActionExecutionRejection("action_keep_feelings")

    executor._executor = Declines()  # type: ignore[assignment]
    with pytest.raises(ActionRefused):
        await executor.run({"next_action": "action_keep_feelings"})


async def test_words_in_a_slot_fail_and_are_named_nowhere(
    caller: Caller, told: Recorded, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await caller.calls("action_keep_feelings", told.conversation_id, {"feelings": CANARY})
    assert answer.status_code == 500
    assert CANARY not in answer.text
    assert CANARY not in caplog.text
    assert told.quotes == []
    assert caller.receipts.collect(told.conversation_id) == {}


async def test_a_reference_to_a_turn_that_there_is_not_fails(caller: Caller, told: Recorded) -> None:
    answer = await caller.calls("action_keep_feelings", told.conversation_id, {"feelings": "turn:99"})
    assert answer.status_code == 500
    assert told.quotes == []


async def test_a_receipt_is_given_for_each_time_an_action_ran_to_its_end(caller: Caller, told: Recorded) -> None:
    said = told.is_asked("feelings", says="I feel tired")
    caller.receipts.expect(told.conversation_id)
    for _ in range(2):
        await run(caller, told, "action_keep_feelings", feelings=said)
    await run(caller, told, "action_keep_matters")
    assert caller.receipts.collect(told.conversation_id) == {"action_keep_feelings": 2, "action_keep_matters": 1}


# --- what each action sets -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SECTIONS)
async def test_a_section_is_kept_and_the_dialogue_goes_on_as_it_was(caller: Caller, store: Store, name: str) -> None:
    asks = f"utter_ask_{SECTIONS[name][-1]}"
    speaker, stage = next((speaker, stage) for asked, speaker, stage in INTERVIEW.responses if asked == asks)
    told = Recorded(store, speaker=speaker, stage=stage)
    said = {slot: told.is_asked(slot, "yes", says=f"About {slot}" * (slot not in LEADING)) for slot in SECTIONS[name]}
    slots = {slot: turn if slot not in LEADING else "yes" for slot, turn in said.items()}
    assert await run(caller, told, name, **slots) == {}
    assert [number for _, number in told.quotes] == [turn.number for slot, turn in said.items() if slot in RECORDS]


@pytest.mark.parametrize("topic", ["what_abuse_is", "why_worried", "who_everyone_is", "what_happens_next"])
async def test_whoever_wants_to_know_more_is_told_and_asked_again(caller: Caller, told: Recorded, topic: str) -> None:
    found = await run(caller, told, "action_tell_more", know_more=topic)
    assert found == {"know_more": None, "says": [f"utter_about_{topic}"]}
    assert f"utter_about_{topic}" in yaml.safe_load(text("domain.yml"))["responses"]


@pytest.mark.parametrize(("more", "another"), [("yes", "yes"), ("no", "no"), ("later", "no"), (None, "no")])
async def test_an_outcome_is_kept_and_makes_room_for_the_next(
    caller: Caller, told: Recorded, more: str | None, another: str
) -> None:
    _, slots = told.wants("I want my own key", sign="I can lock my door", weight="a_lot")
    found = await run(caller, told, "action_keep_outcome", **slots, more_outcomes=more)
    assert found == {
        **dict.fromkeys(OUTCOME_SLOTS),
        "another_outcome": another,
        "outcome_count": "none_or_one",
    }
    assert [outcome.answer.current.words for outcome in told.outcomes] == ["I want my own key"]


async def test_outcomes_are_counted_as_none_or_one_two_and_many(caller: Caller, told: Recorded) -> None:
    told.asks_as_worded("outcome")
    skipped = told.skips(Skip.DO_NOT_KNOW)
    every = {"outcome": skipped, "outcome_sign": skipped, "outcome_weight": skipped}
    counts = [(await run(caller, told, "action_keep_outcome", **every, more_outcomes="do_not_know"))["outcome_count"]]
    for words in (*THREE, "I want to sleep"):
        _, slots = told.wants(words)
        counts.append((await run(caller, told, "action_keep_outcome", **slots, more_outcomes="no"))["outcome_count"])
    assert counts == ["none_or_one", "none_or_one", "two", "many", "many"]


async def test_the_cards_are_talked_about_one_after_the_other(caller: Caller, told: Recorded) -> None:
    cards = told.is_asked("cards", "feel_safer", "own_choice")
    found = await run(caller, told, "action_keep_cards", cards=cards)
    assert found == {"next_card": "card:feel_safer", "card_waiting": "yes", "outcome_count": "none_or_one"}
    _, slots = told.wants("I would sleep at night")
    found = await run(caller, told, "action_keep_card_outcome", **slots, cards=cards, next_card="card:feel_safer")
    assert found == {
        **dict.fromkeys(OUTCOME_SLOTS),
        "next_card": "card:own_choice",
        "card_waiting": "yes",
        "outcome_count": "none_or_one",
    }
    _, slots = told.wants("I would choose my own food")
    found = await run(caller, told, "action_keep_card_outcome", **slots, cards=cards, next_card="card:own_choice")
    assert found == {
        **dict.fromkeys(OUTCOME_SLOTS),
        "next_card": None,
        "card_waiting": "no",
        "outcome_count": "two",
    }


async def test_without_a_card_nothing_waits(caller: Caller, told: Recorded) -> None:
    cards = told.is_asked("cards", "none_of_these")
    found = await run(caller, told, "action_keep_cards", cards=cards)
    assert found == {"next_card": None, "card_waiting": "no", "outcome_count": "none_or_one"}


async def wanting(caller: Caller, told: Recorded, *wishes: str) -> list[Turn]:
    said = []
    for words in wishes:
        turn, slots = told.wants(words)
        await run(caller, told, "action_keep_outcome", **slots, more_outcomes="yes")
        said.append(turn)
    return said


async def test_of_two_one_answer_makes_the_order_and_the_rest_of_the_plan_is_plain(
    caller: Caller, told: Recorded
) -> None:
    _, sister = await wanting(caller, told, *THREE[:2])
    chosen = told.is_asked("matters_most", reference(sister.number))
    found = await run(caller, told, "action_keep_rank", matters_most=chosen, ranked=None, outcome_count="two")
    assert found == {
        "matters_most": None,
        "ranked": [reference(chosen.number)],
        "rank_again": "no",
        "apart": "implied",
        "plan_b": "implied",
    }
    assert [outcome.rank for outcome in told.outcomes] == ["2", "1"]


async def test_of_three_which_matters_most_is_asked_until_the_order_is_clear(caller: Caller, told: Recorded) -> None:
    key, _, cat = await wanting(caller, told, *THREE)
    first = told.is_asked("matters_most", reference(cat.number))
    found = await run(caller, told, "action_keep_rank", matters_most=first, ranked=None, outcome_count="many")
    assert found == {
        "matters_most": None,
        "ranked": [reference(first.number)],
        "rank_again": "yes",
        "apart": None,
        "plan_b": None,
    }
    second = told.is_asked("matters_most", reference(key.number))
    found = await run(
        caller,
        told,
        "action_keep_rank",
        matters_most=second,
        ranked=[reference(first.number)],
        outcome_count="many",
    )
    assert found["ranked"] == [reference(first.number), reference(second.number)]
    assert found["rank_again"] == "no"
    assert [outcome.rank for outcome in told.outcomes] == ["2", "3", "1"]


async def test_a_plan_is_kept_and_the_dialogue_goes_on_as_it_was(caller: Caller, told: Recorded) -> None:
    key, _ = await wanting(caller, told, *THREE[:2])
    told.is_asked("together", "no")
    plan_a = told.is_asked("plan_a", reference(key.number))
    words = told.is_asked("plan_words", says="First the key")
    slots = {"together": "no", "apart": "implied", "plan_a": plan_a, "plan_b": "implied", "plan_words": words}
    assert await run(caller, told, "action_keep_plan", **slots) == {}
    assert [outcome.plan for outcome in told.outcomes] == ["a", "b"]
    assert told.quotes == [("plan", words.number)]


@pytest.fixture
def earlier(store: Store) -> Recorded:
    """A first conversation of an enquiry, in which something was wanted and how to talk was said."""
    with store.begin() as kept:
        enquiry_id = kept.enquiries.open(NOON, reference="SA/2026/17")
    return Recorded(store, enquiry_id=enquiry_id)


def following(earlier: Recorded, stage: Stage) -> Recorded:
    """A later conversation of the same enquiry."""
    with earlier.store.reading() as seen:
        enquiry_id = seen.conversations.get(earlier.conversation_id).enquiry_id
    begun_at = NOON + timedelta(days=30)
    return Recorded(earlier.store, stage=stage, enquiry_id=enquiry_id, begun_at=begun_at)


async def test_a_stage_opens_with_what_is_known(caller: Caller, earlier: Recorded) -> None:
    alone = following(earlier, Stage.CHECK_IN)
    nothing = {"communication_known": "no", "next_outcome": None, "outcome_waiting": "no"}
    assert await run(caller, alone, "action_open_stage", stage="check-in") == nothing
    earlier.is_asked("communication", "pictures")
    key, _ = await wanting(caller, earlier, *THREE[:2])
    assert await run(caller, alone, "action_open_stage", stage="check-in") == {
        "communication_known": "yes",
        "next_outcome": f"outcome:{outcome_id(earlier.conversation_id, key.number)}",
        "outcome_waiting": "yes",
    }


@pytest.mark.parametrize(
    ("name", "stage", "question", "choice"),
    [
        ("action_keep_review", Stage.CHECK_IN, "outcome_now", "still_want"),
        ("action_keep_verdict", Stage.CLOSING, "happened", "some_of_it"),
    ],
)
async def test_one_outcome_after_the_other_is_read_back(
    caller: Caller, earlier: Recorded, name: str, stage: Stage, question: str, choice: str
) -> None:
    told = following(earlier, stage)
    waiting = [
        f"outcome:{outcome_id(earlier.conversation_id, turn.number)}" for turn in await wanting(caller, earlier, *THREE)
    ]
    emptied = dict.fromkeys(READING_BACK[name][0])
    for outcome, after in zip(waiting, [*waiting[1:], None], strict=True):
        said = told.is_asked(question, choice, wording=f"You said: {outcome}\nAnd now?")
        held: Any = {question: choice if question in LEADING else said, "next_outcome": outcome}
        found = await run(caller, told, name, stage=stage.value, **held)
        assert found == {**emptied, "next_outcome": after, "outcome_waiting": "yes" if after else "no"}
    with earlier.store.reading() as seen:
        assert [f"outcome:{one.outcome_id}" for one in seen.reviews.of(told.conversation_id)] == waiting


async def test_a_closing_asks_first_what_was_wanted_and_then_reads_it_back(caller: Caller, store: Store) -> None:
    told = Recorded(store, stage=Stage.CLOSING)
    first = await run(caller, told, "action_open_stage", stage="closing", another_outcome=None)
    assert (first["outcome_waiting"], first["next_outcome"]) == ("no", None)
    said = told.is_asked("earlier_form_outcome", says="I wanted my own key")
    found = await run(caller, told, "action_keep_outcome", stage="closing", outcome=said, more_outcomes="no")
    second = await run(caller, told, "action_open_stage", stage="closing", another_outcome=found["another_outcome"])
    assert second["outcome_waiting"] == "yes"
    assert second["next_outcome"] == f"outcome:{outcome_id(told.conversation_id, said.number)}"


async def test_every_slot_that_an_action_sets_is_a_slot_of_the_domain(caller: Caller, told: Recorded) -> None:
    slots = set(yaml.safe_load(text("domain.yml"))["slots"])
    cards = told.is_asked("cards", "feel_safer")
    _, wanted = told.wants("I want my own key")
    chosen = told.is_asked("matters_most", "the_same")
    found = {
        **await run(caller, told, "action_keep_outcome", **wanted),
        **await run(caller, told, "action_keep_cards", cards=cards),
        **await run(caller, told, "action_keep_card_outcome", **wanted, cards=cards, next_card="card:feel_safer"),
        **await run(caller, told, "action_keep_rank", matters_most=chosen),
        **await run(caller, told, "action_open_stage"),
        **await run(caller, told, "action_keep_review"),
        **await run(caller, told, "action_keep_verdict"),
    }
    assert set(found) <= slots
