"""What answers become in the record: each row quotes a turn by number, and calling again changes nothing."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from actions.record import SECTIONS
from bot.conversation import Control, How, Kind, Skip, Speaker, Stage, Turn
from bot.enquiry import EnquiryOutcome, Status, Told, enquiry_outcomes, outcome_id
from bot.keeping import (
    LEADING,
    RECORDS,
    Heard,
    Opened,
    WordsInTheDialogue,
    chosen_cards,
    count_outcomes,
    keep_outcome,
    keep_plan,
    keep_rank,
    keep_review,
    keep_section,
    keep_verdict,
    open_stage,
)
from bot.store import Origin, Store
from bot.store.verifying import verify
from tests.recording import INTERVIEW, Recorded
from tests.store.filling import rows_below
from tests.telling import NOON

SHELL = "invented-conversation"
THREE = ("I want my own key", "I want to see my sister", "I want him to stop")


@pytest.fixture
def told(store: Store) -> Recorded:
    return Recorded(store)


def want(told: Recorded, *wishes: str) -> list[int]:
    """The person says these things, one after the other, and each is kept."""
    numbers = []
    for words in wishes:
        said, slots = told.wants(words)
        keep_outcome(told.store, told.heard(**slots), NOON)
        numbers.append(said.number)
    return numbers


def rank(told: Recorded, *choices: int | str) -> list[str]:
    """The person says what matters most, then next; gives the slots' references, and keeps the order after each."""
    ranked: list[str] = []
    for choice in choices:
        chosen = f"turn:{choice}" if isinstance(choice, int) else choice
        ranked.append(f"turn:{told.is_asked('matters_most', chosen).number}")
        keep_rank(told.store, told.heard(), ranked, NOON)
    return ranked


def ranks(told: Recorded) -> list[str | None]:
    """The place of each thing wanted, in the order they were said."""
    return [outcome.rank for outcome in told.outcomes]


def plans(told: Recorded) -> list[str | None]:
    return [outcome.plan for outcome in told.outcomes]


def apart(told: Recorded) -> list[tuple[int, ...]]:
    return [outcome.apart_from for outcome in told.outcomes]


def everything_kept(store: Store) -> dict[str, list[tuple[object, ...]]]:
    database = store.engine.url.database
    assert database is not None
    return rows_below(Path(database))


# --- sections --------------------------------------------------------------------------------------------------------


def asked_of(slot: str) -> tuple[Speaker, Stage]:
    """Say who is asked this question, and at which stage."""
    return next((speaker, stage) for name, speaker, stage in INTERVIEW.responses if name == f"utter_ask_{slot}")


@pytest.mark.parametrize("action", SECTIONS)
def test_each_answer_of_a_section_is_quoted_as_what_it_is(store: Store, action: str) -> None:
    speaker, stage = asked_of(SECTIONS[action][-1])
    told = Recorded(store, speaker=speaker, stage=stage)
    said, slots = {}, dict[str, Turn | str | None]()
    for slot in SECTIONS[action]:
        if slot in LEADING:
            said[slot], slots[slot] = told.is_asked(slot, "yes"), "yes"
        else:
            said[slot] = slots[slot] = told.is_asked(slot, says=f"About {slot}: it is fine")
    keep_section(told.store, told.heard(**slots), NOON)
    assert told.quotes == [(RECORDS[slot], turn.number) for slot, turn in said.items() if slot in RECORDS]


@pytest.mark.parametrize("skip", [Skip.DO_NOT_KNOW, Skip.LATER])
def test_that_it_was_not_said_whether_there_is_an_interpreter_is_quoted_too(store: Store, skip: Skip) -> None:
    told = Recorded(store, speaker=Speaker.PRACTITIONER)
    told.asks_as_worded("interpreter")
    skipped = told.skips(skip)
    keep_section(told.store, told.heard(interpreter=skip.value, interpreter_name=None), NOON)
    assert told.quotes == [("interpreter", skipped.number)]


def test_whoever_would_not_tell_those_in_charge_anything_was_never_asked_whether_that_may_be_quoted(
    store: Store,
) -> None:
    told = Recorded(store, stage=Stage.EXPERIENCE)
    told.asks_as_worded("tell_in_charge")
    skipped = told.skips(Skip.DO_NOT_WANT_TO_SAY)
    keep_section(told.store, told.heard(tell_in_charge=skipped, may_quote=skipped), NOON)
    assert told.quotes == [("tell_in_charge", skipped.number)]


def test_what_only_leads_the_way_becomes_no_record(told: Recorded) -> None:
    leading = {slot for slots in SECTIONS.values() for slot in slots} - set(RECORDS)
    assert leading == {"private", "company", "copy_safe"}


def test_every_record_is_made_of_a_question_that_the_interview_asks() -> None:
    for slot in RECORDS:
        assert asked_of(slot)


def test_a_choice_and_a_skip_are_quoted_like_words(told: Recorded) -> None:
    told.asks_as_worded("feelings")
    skipped = told.skips(Skip.DO_NOT_WANT_TO_SAY)
    chosen = told.is_asked("safe_now", "a_bit_safe")
    keep_section(told.store, told.heard(feelings=skipped, safe_now=chosen), NOON)
    assert told.quotes == [("feeling", skipped.number), ("safe_now", chosen.number)]


def test_a_question_that_was_not_asked_is_quoted_nowhere(told: Recorded) -> None:
    said = told.is_asked("feelings", says="I feel tired")
    keep_section(told.store, told.heard(feelings=said, safe_now=None), NOON)
    assert told.quotes == [("feeling", said.number)]


def test_a_later_wording_is_found_through_the_same_quote(told: Recorded) -> None:
    said = told.is_asked("feelings", says="I feel tired")
    keep_section(told.store, told.heard(feelings=said), NOON)
    told.says_instead(said, "I feel worn out")
    keep_section(told.store, told.heard(feelings=said), NOON)
    assert told.quotes == [("feeling", said.number)]
    answer = told.standing.answer(said.number)
    assert answer is not None
    assert answer.words == ("I feel worn out",)


# --- what is to be different -----------------------------------------------------------------------------------------


def test_an_outcome_is_kept_with_its_sign_and_its_weight(told: Recorded) -> None:
    said, slots = told.wants("I want my own key", sign="I can lock my door", weight="a_lot")
    assert keep_outcome(told.store, told.heard(**slots, more_outcomes="no"), NOON) == 1
    (outcome,) = told.outcomes
    assert outcome.answer.current.words == "I want my own key"
    assert outcome.number == said.number
    assert outcome.sign is not None
    assert outcome.sign.words == ("I can lock my door",)
    assert outcome.weight == "a_lot"
    assert outcome.how is How.FREE_WORDS
    assert (outcome.rank, outcome.plan, outcome.apart_from) == (None, None, ())


def test_an_outcome_without_a_sign_or_a_weight_is_an_outcome_all_the_same(told: Recorded) -> None:
    _, slots = told.wants("I want my own key")
    told.asks_as_worded("outcome_sign")
    slots["outcome_sign"] = told.skips(Skip.DO_NOT_KNOW)
    told.asks_as_worded("outcome_weight")
    slots["outcome_weight"] = told.skips(Skip.NOT_FOR_ME)
    assert keep_outcome(told.store, told.heard(**slots), NOON) == 1
    (outcome,) = told.outcomes
    assert (outcome.sign, outcome.weight) == (None, None)


def test_not_answering_is_no_outcome(told: Recorded) -> None:
    told.asks_as_worded("outcome")
    skipped = told.skips(Skip.DO_NOT_KNOW)
    heard = told.heard(outcome=skipped, outcome_sign=skipped, outcome_weight=skipped, more_outcomes="do_not_know")
    assert keep_outcome(told.store, heard, NOON) == 0
    assert told.outcomes == ()


def test_outcomes_are_counted_as_they_are_said(told: Recorded) -> None:
    assert count_outcomes(told.store, told.conversation_id) == 0
    for count, words in enumerate(THREE, 1):
        want(told, words)
        assert count_outcomes(told.store, told.conversation_id) == count


def test_an_outcome_that_is_worded_otherwise_stays_the_same_outcome(told: Recorded) -> None:
    said, slots = told.wants("I want my own key", sign="I can lock my door")
    keep_outcome(told.store, told.heard(**slots), NOON)
    told.says_instead(said, "I want a key to the front door")
    assert keep_outcome(told.store, told.heard(**slots), NOON) == 1
    (outcome,) = told.outcomes
    assert outcome.number == said.number
    assert outcome.answer.current.words == "I want a key to the front door"
    assert outcome.answer.said.first.words == "I want my own key"
    assert outcome.sign is not None


def test_an_outcome_that_is_taken_back_is_none_until_it_is_said_again(told: Recorded) -> None:
    said, slots = told.wants("I want my own key")
    keep_outcome(told.store, told.heard(**slots), NOON)
    told.takes_back(said)
    assert told.outcomes == ()
    assert keep_outcome(told.store, told.heard(**slots), NOON) == 0
    told.says_instead(said, "I want a key of my own")
    assert keep_outcome(told.store, told.heard(**slots), NOON) == 1
    assert [outcome.answer.current.words for outcome in told.outcomes] == ["I want a key of my own"]


def test_an_outcome_that_became_a_skip_is_none_any_more(told: Recorded) -> None:
    said, slots = told.wants("I want my own key")
    keep_outcome(told.store, told.heard(**slots), NOON)
    told.skips_instead(said, Skip.DO_NOT_KNOW)
    assert keep_outcome(told.store, told.heard(**slots), NOON) == 0


def test_a_sign_that_is_taken_back_leaves_the_outcome(told: Recorded) -> None:
    said, slots = told.wants("I want my own key", sign="I can lock my door", weight="a_lot")
    keep_outcome(told.store, told.heard(**slots), NOON)
    told.takes_back(slots["outcome_sign"])
    (outcome,) = told.outcomes
    assert (outcome.number, outcome.sign, outcome.weight) == (said.number, None, "a_lot")


# --- cards -----------------------------------------------------------------------------------------------------------


def test_cards_are_taken_in_the_order_they_were_chosen(told: Recorded) -> None:
    chosen = told.is_asked("cards", "feel_safer", "keep_someone", "own_choice")
    assert chosen_cards(told.store, told.heard(cards=chosen), NOON) == ("feel_safer", "keep_someone", "own_choice")


def test_none_of_the_cards_is_no_card(told: Recorded) -> None:
    assert chosen_cards(told.store, told.heard(cards=None), NOON) == ()
    chosen = told.is_asked("cards", "none_of_these")
    assert chosen_cards(told.store, told.heard(cards=chosen), NOON) == ()
    told.asks_as_worded("cards")
    assert chosen_cards(told.store, told.heard(cards=told.skips(Skip.NOT_FOR_ME)), NOON) == ()


def test_cards_that_were_taken_back_are_no_cards(told: Recorded) -> None:
    chosen = told.is_asked("cards", "feel_safer")
    told.takes_back(chosen)
    assert chosen_cards(told.store, told.heard(cards=chosen), NOON) == ()


def test_what_is_said_after_a_card_says_so(told: Recorded) -> None:
    told.asks_as_worded("card_form_outcome", wording="You chose: card:feel_safer\nWhat would be different?")
    said = told.says("I would sleep at night", how=How.CHOSEN_FROM_CARDS)
    keep_outcome(told.store, told.heard(outcome=said), NOON)
    assert [outcome.how for outcome in told.outcomes] == [How.CHOSEN_FROM_CARDS]


# --- the person's own order ------------------------------------------------------------------------------------------


def test_of_two_the_second_follows_from_the_first(told: Recorded) -> None:
    key, sister = want(told, *THREE[:2])
    rank(told, sister)
    assert ranks(told) == ["2", "1"]
    assert key < sister


@pytest.mark.parametrize(
    ("order", "places"),
    [((0, 1), ["1", "2", "3"]), ((2, 0), ["2", "3", "1"]), ((1, 2), ["3", "1", "2"]), ((2, 1), ["3", "2", "1"])],
)
def test_of_three_the_last_follows_from_two_answers(told: Recorded, order: tuple[int, int], places: list[str]) -> None:
    wanted = want(told, *THREE)
    rank(told, *(wanted[place] for place in order))
    assert ranks(told) == places


def test_of_four_each_answer_gives_one_place(told: Recorded) -> None:
    first, second, third, fourth = want(told, *THREE, "I want a cat")
    left = []
    ranked: list[str] = []
    for number in (third, first, fourth):
        ranked.append(f"turn:{told.is_asked('matters_most', f'turn:{number}').number}")
        left.append(keep_rank(told.store, told.heard(), ranked, NOON))
    assert left == [3, 2, 0]
    assert ranks(told) == ["2", "4", "1", "3"]
    assert second < fourth


def test_an_order_that_is_not_finished_says_as_much_as_was_said(told: Recorded) -> None:
    first, *_ = want(told, *THREE)
    rank(told, first)
    assert ranks(told) == ["1", None, None]


@pytest.mark.parametrize("count", [2, 3])
def test_where_all_matter_the_same_none_comes_first(told: Recorded, count: int) -> None:
    want(told, *THREE[:count])
    rank(told, "the_same")
    assert ranks(told) == ["same"] * count


def test_where_the_rest_matter_the_same_they_share_a_place(told: Recorded) -> None:
    _, sister, *_ = want(told, *THREE, "I want a cat")
    rank(told, sister, "the_same")
    assert ranks(told) == ["2", "1", "2", "2"]


@pytest.mark.parametrize("choice", ["not_sure"])
def test_whoever_is_not_sure_has_no_order(told: Recorded, choice: str) -> None:
    want(told, *THREE)
    rank(told, choice)
    assert ranks(told) == [None, None, None]


def test_whoever_is_not_sure_of_the_rest_keeps_the_places_given(told: Recorded) -> None:
    _, sister, _ = want(told, *THREE)
    rank(told, sister, "not_sure")
    assert ranks(told) == [None, "1", None]


def test_not_answering_which_matters_most_is_no_order(told: Recorded) -> None:
    want(told, *THREE[:2])
    told.asks_as_worded("matters_most")
    skipped = told.skips(Skip.DO_NOT_WANT_TO_SAY)
    assert keep_rank(told.store, told.heard(), [f"turn:{skipped.number}"], NOON) == 0
    assert ranks(told) == [None, None]


def test_an_order_that_is_changed_is_the_new_one(told: Recorded) -> None:
    key, sister = want(told, *THREE[:2])
    ranked = rank(told, key)
    told.chooses_instead(told.turns[-1], f"turn:{sister}")
    keep_rank(told.store, told.heard(), ranked, NOON)
    assert ranks(told) == ["2", "1"]


def test_an_order_that_became_all_the_same_is_none_any_more(told: Recorded) -> None:
    key, _ = want(told, *THREE[:2])
    ranked = rank(told, key)
    told.chooses_instead(told.turns[-1], "the_same")
    keep_rank(told.store, told.heard(), ranked, NOON)
    assert ranks(told) == ["same", "same"]


def test_a_place_in_the_order_that_is_taken_back_is_no_place(told: Recorded) -> None:
    key, _ = want(told, *THREE[:2])
    rank(told, key)
    told.takes_back(told.turns[-1])
    assert ranks(told) == [None, None]


def test_what_is_said_later_is_put_in_order_too_and_what_only_followed_before_gives_way(told: Recorded) -> None:
    """With two, the second place followed from the first; with a third it has to be said."""
    (
        key,
        _,
    ) = want(told, *THREE[:2])
    ranked = rank(told, key)
    assert ranks(told) == ["1", "2"]
    (stop,) = want(told, THREE[2])
    assert keep_rank(told.store, told.heard(), ranked, NOON) == 2
    assert ranks(told) == ["1", None, None]
    ranked.append(f"turn:{told.is_asked('matters_most', f'turn:{stop}').number}")
    assert keep_rank(told.store, told.heard(), ranked, NOON) == 0
    assert ranks(told) == ["1", "3", "2"]


def test_an_outcome_that_is_taken_back_leaves_the_others_in_their_order(told: Recorded) -> None:
    key, sister, stop = want(told, *THREE)
    rank(told, stop, key)
    taken = told.standing.answer(stop)
    assert taken is not None
    told.takes_back(taken.said.first)
    assert [(outcome.number, outcome.rank) for outcome in told.outcomes] == [(key, "1"), (sister, "2")]


# --- plans -----------------------------------------------------------------------------------------------------------


def test_of_two_that_cannot_happen_together_one_is_plan_a_and_the_other_plan_b(told: Recorded) -> None:
    key, sister = want(told, *THREE[:2])
    told.is_asked("together", "no")
    plan_a = told.is_asked("plan_a", f"turn:{sister}")
    keep_plan(told.store, told.heard(together="no", apart="implied", plan_a=plan_a, plan_b="implied"), NOON)
    assert plans(told) == ["b", "a"]
    assert apart(told) == [(sister,), (key,)]


def test_of_more_the_person_says_which_cannot_happen_together_and_both_plans(told: Recorded) -> None:
    key, sister, stop = want(told, *THREE)
    told.is_asked("together", "no")
    slots = {
        "apart": told.is_asked("apart", f"turn:{key}", f"turn:{stop}"),
        "plan_a": told.is_asked("plan_a", f"turn:{stop}"),
        "plan_b": told.is_asked("plan_b", f"turn:{sister}"),
    }
    keep_plan(told.store, told.heard(together="no", **slots), NOON)
    assert plans(told) == [None, "b", "a"]
    assert apart(told) == [(stop,), (), (key,)]


def test_words_about_the_plan_are_quoted(told: Recorded) -> None:
    want(told, *THREE[:2])
    told.is_asked("together", "no")
    words = told.is_asked("plan_words", says="First the key, then we see")
    keep_plan(told.store, told.heard(together="no", apart="implied", plan_b="implied", plan_words=words), NOON)
    assert told.quotes == [("plan", words.number)]
    assert plans(told) == [None, None]


@pytest.mark.parametrize("together", ["yes", "not_sure"])
def test_what_can_happen_together_needs_no_plan(told: Recorded, together: str) -> None:
    want(told, *THREE[:2])
    told.is_asked("together", together)
    keep_plan(told.store, told.heard(together=together), NOON)
    assert plans(told) == [None, None]
    assert apart(told) == [(), ()]


def test_not_choosing_a_plan_is_no_plan(told: Recorded) -> None:
    want(told, *THREE[:2])
    told.is_asked("together", "no")
    told.asks_as_worded("plan_a")
    skipped = told.skips(Skip.DO_NOT_KNOW)
    keep_plan(told.store, told.heard(together="no", apart="implied", plan_a=skipped, plan_b="implied"), NOON)
    assert plans(told) == [None, None]


def test_plans_that_are_changed_are_the_new_ones(told: Recorded) -> None:
    key, sister = want(told, *THREE[:2])
    told.is_asked("together", "no")
    plan_a = told.is_asked("plan_a", f"turn:{sister}")
    heard = told.heard(together="no", apart="implied", plan_a=plan_a, plan_b="implied")
    keep_plan(told.store, heard, NOON)
    told.chooses_instead(plan_a, f"turn:{key}")
    assert plans(told) == [None, None]
    keep_plan(told.store, heard, NOON)
    assert plans(told) == ["a", "b"]


def test_a_third_wish_said_later_is_not_apart_from_anything_by_itself(told: Recorded) -> None:
    """With two, "no" says which cannot happen together; with a third the person says it themselves."""
    key, sister = want(told, *THREE[:2])
    told.is_asked("together", "no")
    plan_a = told.is_asked("plan_a", f"turn:{key}")
    keep_plan(told.store, told.heard(together="no", apart="implied", plan_a=plan_a, plan_b="implied"), NOON)
    (stop,) = want(told, THREE[2])
    chosen = told.is_asked("apart", f"turn:{key}", f"turn:{stop}")
    plan_b = told.is_asked("plan_b", f"turn:{stop}")
    keep_plan(told.store, told.heard(together="no", apart=chosen, plan_a=plan_a, plan_b=plan_b), NOON)
    assert apart(told) == [(stop,), (), (key,)]
    assert plans(told) == ["a", None, "b"]
    assert sister < stop


def test_a_plan_whose_wish_was_taken_back_makes_nothing_else_plan_b(told: Recorded) -> None:
    key, _, _ = want(told, *THREE)
    told.is_asked("together", "no")
    plan_a = told.is_asked("plan_a", f"turn:{key}")
    taken = told.standing.answer(key)
    assert taken is not None
    told.takes_back(taken.said.first)
    keep_plan(told.store, told.heard(together="no", apart="implied", plan_a=plan_a, plan_b="implied"), NOON)
    assert plans(told) == [None, None]


# --- calling again ---------------------------------------------------------------------------------------------------


def test_calling_every_verb_again_changes_not_one_row(told: Recorded) -> None:
    feelings = told.heard(
        feelings=told.is_asked("feelings", says="I feel tired"), safe_now=told.is_asked("safe_now", "safe")
    )
    wanted, slots = [], []
    for words in THREE:
        said, held = told.wants(words, sign="I would know", weight="a_lot")
        wanted.append(said.number)
        slots.append(told.heard(**held))
    cards = told.heard(cards=told.is_asked("cards", "feel_safer"))
    ranked = [f"turn:{told.is_asked('matters_most', f'turn:{number}').number}" for number in wanted[:2]]
    told.is_asked("together", "no")
    plan = told.heard(
        together="no",
        apart=told.is_asked("apart", *(f"turn:{number}" for number in wanted)),
        plan_a=told.is_asked("plan_a", f"turn:{wanted[0]}"),
        plan_b=told.is_asked("plan_b", f"turn:{wanted[1]}"),
        plan_words=told.is_asked("plan_words", says="Slowly"),
    )

    def verbs() -> list[object]:
        return [
            keep_section(told.store, feelings, NOON),
            *(keep_outcome(told.store, one, NOON) for one in slots),
            chosen_cards(told.store, cards, NOON),
            keep_rank(told.store, told.heard(), ranked, NOON),
            keep_plan(told.store, plan, NOON),
            count_outcomes(told.store, told.conversation_id),
        ]

    verbs()
    before, outcomes = everything_kept(told.store), told.outcomes
    said = verbs()
    assert everything_kept(told.store) == before
    assert told.outcomes == outcomes
    assert said == [None, 3, 3, 3, ("feel_safer",), 0, None, 3]
    assert verify(told.store) == []


# --- what was wanted, read back --------------------------------------------------------------------------------------


def belonging(store: Store) -> str:
    """Open an enquiry."""
    with store.begin() as kept:
        return kept.enquiries.open(NOON, reference="SA/2026/17")


class Enquiry:
    """One enquiry, and the conversations that are held in it, each a day after the one before."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.enquiry_id = belonging(store)
        self.held: list[Recorded] = []

    def holds(self, stage: Stage = Stage.FIRST, speaker: Speaker = Speaker.PERSON, *wishes: str) -> Recorded:
        """Hold a conversation in it, in which these things are wanted."""
        begun_at = NOON + timedelta(days=len(self.held))
        told = Recorded(self.store, stage=stage, speaker=speaker, enquiry_id=self.enquiry_id, begun_at=begun_at)
        self.held.append(told)
        want(told, *wishes)
        return told

    def told(self) -> list[Told]:
        """Tell all of it as `bot.enquiry` wants it."""
        with self.store.reading() as seen:
            return [
                Told(
                    seen.conversations.get(one.conversation_id),
                    one.standing,
                    one.outcomes,
                    seen.reviews.of(one.conversation_id),
                )
                for one in self.held
            ]

    @property
    def outcomes(self) -> tuple[EnquiryOutcome, ...]:
        """Everything that was ever wanted in it."""
        return enquiry_outcomes(self.told())


@pytest.fixture
def enquiry(store: Store) -> Enquiry:
    return Enquiry(store)


def named(told: Recorded, number: int) -> str:
    """Name the outcome of this number as the dialogue engine hears it."""
    return f"outcome:{outcome_id(told.conversation_id, [one.number for one in told.outcomes][number])}"


def reviews(told: Recorded) -> list[tuple[str, int, int | None, int | None, int | None, int | None]]:
    """What the record of a conversation says of outcomes of others."""
    with told.store.reading() as seen:
        return [
            (one.outcome_id, one.said_turn, one.again_turn, one.why_turn, one.difference_turn, one.own_turn)
            for one in seen.reviews.of(told.conversation_id)
        ]


def is_asked_about(told: Recorded, outcome: str, question: str, *answer: str, says: str = "") -> Turn:
    """Ask a question about an outcome; an answer with `!` before it is a skip."""
    asking = INTERVIEW.question(question, told.speaker, told.stage)
    told.asks_as_worded(question, wording=asking.wording.replace("{next_outcome}", outcome))
    if answer[:1] and answer[0].startswith("!"):
        return told.skips(Skip(answer[0][1:]))
    return told.says(says, how=How.FREE_WORDS) if says else told.chooses(*answer)


def says_now(told: Recorded, outcome: str, now: str, **more: Turn | str | None) -> tuple[Heard, Turn]:
    """Say how it is now with an outcome; gives what the action is called with, and the turn that said it."""
    said = is_asked_about(told, outcome, "outcome_now", now)
    return told.heard(next_outcome=outcome, outcome_now=now.removeprefix("!"), **more), said


def goes_through(told: Recorded) -> list[str]:
    """Read back everything at a check-in, all of it still wanted; gives what was read back, in order."""
    found, waiting = [], open_stage(told.store, told.heard(), NOON).first_outcome
    while waiting is not None:
        found.append(waiting)
        heard, _ = says_now(told, waiting, "still_want")
        waiting = keep_review(told.store, heard, NOON)
    return found


@pytest.mark.parametrize("stage", [Stage.CHECK_IN, Stage.CLOSING])
def test_without_an_enquiry_nothing_is_known_and_nothing_is_read_back(store: Store, stage: Stage) -> None:
    told = Recorded(store, stage=stage)
    told.is_asked("feelings" if stage is Stage.CHECK_IN else "overall", says="I feel tired")
    assert open_stage(store, told.heard(), NOON) == Opened(is_communication_known=False, first_outcome=None)


def test_what_was_wanted_before_is_read_back_one_by_one_in_the_order_it_was_said(enquiry: Enquiry) -> None:
    first = enquiry.holds(Stage.FIRST, Speaker.PERSON, *THREE)
    later = enquiry.holds(Stage.CHECK_IN, Speaker.PERSON, "I want a cat")
    told = enquiry.holds(Stage.CHECK_IN)
    assert goes_through(told) == [*(named(first, number) for number in range(3)), named(later, 0)]


def test_what_is_wanted_anew_at_a_check_in_is_not_read_back_in_it(enquiry: Enquiry) -> None:
    first = enquiry.holds(Stage.FIRST, Speaker.PERSON, THREE[0])
    told = enquiry.holds(Stage.CHECK_IN)
    assert goes_through(told) == [named(first, 0)]
    want(told, "I want a cat")
    assert goes_through(told) == [named(first, 0)]
    heard = told.heard(another_outcome="no")
    assert open_stage(told.store, heard, NOON).first_outcome == named(first, 0)


@pytest.mark.parametrize("question", ["communication", "communication_words"])
def test_how_somebody_likes_to_talk_is_known_once_it_was_said_in_another_conversation(
    enquiry: Enquiry, question: str
) -> None:
    first, told = enquiry.holds(), enquiry.holds(Stage.CHECK_IN)
    told.is_asked("communication", "pictures")
    assert not open_stage(told.store, told.heard(), NOON).is_communication_known
    if question == "communication":
        said = first.is_asked("communication", "pictures")
    else:
        said = first.is_asked("communication_words", says="Slowly, please")
    assert open_stage(told.store, told.heard(), NOON).is_communication_known
    first.takes_back(said)
    assert not open_stage(told.store, told.heard(), NOON).is_communication_known


def test_not_saying_how_one_likes_to_talk_makes_nothing_known(enquiry: Enquiry) -> None:
    first, told = enquiry.holds(), enquiry.holds(Stage.CHECK_IN)
    first.asks_as_worded("communication")
    first.skips(Skip.DO_NOT_KNOW)
    assert not open_stage(told.store, told.heard(), NOON).is_communication_known


def test_what_is_said_differently_is_a_new_wording_with_its_reason_beside_the_first(enquiry: Enquiry) -> None:
    first, told = enquiry.holds(Stage.FIRST, Speaker.PERSON, THREE[0]), enquiry.holds(Stage.CHECK_IN)
    key = named(first, 0)
    said = is_asked_about(told, key, "outcome_now", "say_differently")
    again = is_asked_about(told, key, "outcome_again", says="I want a key to the front door")
    why = is_asked_about(told, key, "outcome_why", says="My room is safe now")
    heard = told.heard(next_outcome=key, outcome_now="say_differently", outcome_again=again, outcome_why=why)
    assert keep_review(told.store, heard, NOON) is None
    assert reviews(told) == [(key[8:], said.number, again.number, why.number, None, None)]
    (outcome,) = enquiry.outcomes
    assert [wording.words for wording in outcome.wordings] == ["I want my own key", "I want a key to the front door"]
    assert [wording.why for wording in outcome.wordings] == [(), ("My room is safe now",)]
    assert outcome.status is Status.SAID


def test_who_would_not_say_it_again_was_not_asked_why_and_the_first_words_stand(enquiry: Enquiry) -> None:
    first, told = enquiry.holds(Stage.FIRST, Speaker.PERSON, THREE[0]), enquiry.holds(Stage.CHECK_IN)
    key = named(first, 0)
    said = is_asked_about(told, key, "outcome_now", "say_differently")
    again = is_asked_about(told, key, "outcome_again", "!do_not_know")
    heard = told.heard(next_outcome=key, outcome_now="say_differently", outcome_again=again, outcome_why=again)
    keep_review(told.store, heard, NOON)
    assert reviews(told) == [(key[8:], said.number, None, None, None, None)]
    assert [wording.words for wording in enquiry.outcomes[0].wordings] == [THREE[0]]


def test_what_is_wanted_no_longer_keeps_its_words_and_is_not_read_back_again(enquiry: Enquiry) -> None:
    first, told = enquiry.holds(Stage.FIRST, Speaker.PERSON, *THREE[:2]), enquiry.holds(Stage.CHECK_IN)
    key, sister = named(first, 0), named(first, 1)
    said = is_asked_about(told, key, "outcome_now", "no_longer_want")
    why = is_asked_about(told, key, "outcome_why", says="I have moved")
    heard = told.heard(next_outcome=key, outcome_now="no_longer_want", outcome_why=why)
    assert keep_review(told.store, heard, NOON) == sister
    assert reviews(told) == [(key[8:], said.number, None, why.number, None, None)]
    assert [(one.words, one.status) for one in enquiry.outcomes] == [
        ((THREE[0],), Status.NO_LONGER),
        ((THREE[1],), Status.SAID),
    ]
    assert goes_through(enquiry.holds(Stage.CHECK_IN)) == [sister]


def test_what_has_happened_is_kept_with_the_difference_it_made(enquiry: Enquiry) -> None:
    first, told = enquiry.holds(Stage.FIRST, Speaker.PERSON, THREE[0]), enquiry.holds(Stage.CHECK_IN)
    key = named(first, 0)
    said = is_asked_about(told, key, "outcome_now", "has_happened")
    difference = is_asked_about(told, key, "outcome_difference", says="I sleep")
    heard = told.heard(next_outcome=key, outcome_now="has_happened", outcome_difference=difference)
    keep_review(told.store, heard, NOON)
    assert reviews(told) == [(key[8:], said.number, None, None, difference.number, None)]
    assert enquiry.outcomes[0].status is Status.HAPPENED


def test_not_saying_how_it_is_now_is_kept_as_that_and_the_next_one_follows(enquiry: Enquiry) -> None:
    first, told = enquiry.holds(Stage.FIRST, Speaker.PERSON, *THREE[:2]), enquiry.holds(Stage.CHECK_IN)
    heard, said = says_now(told, named(first, 0), "!later")
    assert keep_review(told.store, heard, NOON) == named(first, 1)
    assert reviews(told) == [(named(first, 0)[8:], said.number, None, None, None, None)]
    assert [one.status for one in enquiry.outcomes] == [Status.SAID, Status.SAID]


def test_a_path_that_is_told_afresh_reads_back_the_same_and_adds_not_one_row(enquiry: Enquiry) -> None:
    """What was said of an outcome here must not take it out of the list: its answers would hang in the air."""
    first, told = enquiry.holds(Stage.FIRST, Speaker.PERSON, *THREE), enquiry.holds(Stage.CHECK_IN)
    every = [named(first, number) for number in range(3)]
    told.is_asked("communication", "pictures")
    calls = [says_now(told, one, now)[0] for one, now in zip(every, THREE_WAYS, strict=True)]

    def all_of_it() -> list[object]:
        return [open_stage(told.store, told.heard(), NOON), *(keep_review(told.store, one, NOON) for one in calls)]

    once = all_of_it()
    before = everything_kept(told.store)
    assert all_of_it() == once == [Opened(is_communication_known=False, first_outcome=every[0]), *every[1:], None]
    assert everything_kept(told.store) == before
    assert verify(told.store) == []


THREE_WAYS = ("no_longer_want", "has_happened", "still_want")


def test_an_answer_that_was_changed_says_what_it_says_now(enquiry: Enquiry) -> None:
    first, told = enquiry.holds(Stage.FIRST, Speaker.PERSON, THREE[0]), enquiry.holds(Stage.CHECK_IN)
    key = named(first, 0)
    said = is_asked_about(told, key, "outcome_now", "say_differently")
    again = is_asked_about(told, key, "outcome_again", says="I want a key to the front door")
    keep_review(told.store, told.heard(next_outcome=key, outcome_now="say_differently", outcome_again=again), NOON)
    told.chooses_instead(said, "still_want")
    keep_review(told.store, told.heard(next_outcome=key, outcome_now="still_want"), NOON)
    assert reviews(told) == [(key[8:], said.number, None, None, None, None)]
    assert [wording.words for wording in enquiry.outcomes[0].wordings] == [THREE[0]]


def test_what_was_taken_back_elsewhere_meanwhile_is_passed_over_and_nothing_is_read_twice(enquiry: Enquiry) -> None:
    first, told = enquiry.holds(Stage.FIRST, Speaker.PERSON, *THREE), enquiry.holds(Stage.CHECK_IN)
    every = [named(first, number) for number in range(3)]
    heard, _ = says_now(told, every[1], "still_want")
    sister = first.outcomes[1].answer.said.first
    first.takes_back(sister)
    assert keep_review(told.store, heard, NOON) == every[2]
    assert open_stage(told.store, told.heard(), NOON).first_outcome == every[0]
    first.says_instead(sister, "I want to see my sister on Sundays")
    assert goes_through(told) == every


def test_what_another_practitioner_adds_meanwhile_is_read_back_last(enquiry: Enquiry) -> None:
    first, told = enquiry.holds(Stage.FIRST, Speaker.PERSON, THREE[0]), enquiry.holds(Stage.CHECK_IN)
    heard, _ = says_now(told, named(first, 0), "still_want")
    assert keep_review(told.store, heard, NOON) is None
    other = enquiry.holds(Stage.CHECK_IN, Speaker.PRACTITIONER, "I want a cat")
    assert keep_review(told.store, heard, NOON) == named(other, 0)


def test_an_advocate_hears_what_advocates_said_and_of_the_person_only_what_was_shared(enquiry: Enquiry) -> None:
    person = enquiry.holds(Stage.FIRST, Speaker.PERSON, THREE[0])
    person.is_asked("communication", "pictures")
    before = enquiry.holds(Stage.FIRST, Speaker.ADVOCATE, "She wants to go home")
    told = enquiry.holds(Stage.CHECK_IN, Speaker.ADVOCATE)
    assert goes_through(told) == [named(before, 0)]
    assert not open_stage(told.store, told.heard(), NOON).is_communication_known
    person.presses(Control.SHARE)
    assert goes_through(told) == [named(person, 0), named(before, 0)]
    assert open_stage(told.store, told.heard(), NOON).is_communication_known
    person.presses(Control.KEEP_PRIVATE)
    assert goes_through(told) == [named(before, 0)]
    assert not open_stage(told.store, told.heard(), NOON).is_communication_known


@pytest.mark.parametrize("speaker", [Speaker.PERSON, Speaker.PRACTITIONER])
def test_the_person_hears_back_what_was_said_in_their_own_voice_alone(enquiry: Enquiry, speaker: Speaker) -> None:
    person = enquiry.holds(Stage.FIRST, Speaker.PERSON, THREE[0])
    enquiry.holds(Stage.FIRST, Speaker.ADVOCATE, "She wants to go home")
    written_down = enquiry.holds(Stage.FIRST, Speaker.PRACTITIONER, "I want a cat")
    assert goes_through(enquiry.holds(Stage.CHECK_IN, speaker)) == [named(person, 0), named(written_down, 0)]


# --- what was wanted, held against what happened ---------------------------------------------------------------------


def test_a_verdict_is_kept_with_the_difference_it_made(enquiry: Enquiry) -> None:
    first, told = enquiry.holds(Stage.FIRST, Speaker.PERSON, *THREE[:2]), enquiry.holds(Stage.CLOSING)
    key, sister = named(first, 0), named(first, 1)
    assert open_stage(told.store, told.heard(), NOON).first_outcome == key
    happened = is_asked_about(told, key, "happened", "some_of_it")
    difference = is_asked_about(told, key, "difference", says="I can lock my door")
    heard = told.heard(next_outcome=key, happened=happened, difference=difference)
    assert keep_verdict(told.store, heard, NOON) == sister
    skipped = is_asked_about(told, sister, "happened", "!do_not_want_to_say")
    heard = told.heard(next_outcome=sister, happened=skipped, difference=skipped)
    assert keep_verdict(told.store, heard, NOON) is None
    assert reviews(told) == [
        (key[8:], happened.number, None, None, difference.number, None),
        (sister[8:], skipped.number, None, None, None, None),
    ]
    assert [[verdict.value for verdict in one.verdicts] for one in enquiry.outcomes] == [
        ["some_of_it"],
        ["do_not_want_to_say"],
    ]


def test_the_person_s_verdict_and_the_practitioner_s_own_are_two_facts(enquiry: Enquiry) -> None:
    first = enquiry.holds(Stage.FIRST, Speaker.PERSON, THREE[0])
    told = enquiry.holds(Stage.CLOSING, Speaker.PRACTITIONER)
    key = named(first, 0)
    happened = is_asked_about(told, key, "happened", "no")
    own = is_asked_about(told, key, "practitioner_verdict", "all_of_it")
    keep_verdict(told.store, told.heard(next_outcome=key, happened=happened, practitioner_verdict=own), NOON)
    assert reviews(told) == [(key[8:], happened.number, None, None, None, own.number)]
    (outcome,) = enquiry.outcomes
    assert [verdict.value for verdict in outcome.verdicts] == ["no"]
    assert [verdict.value for verdict in outcome.own_verdicts] == ["all_of_it"]


@pytest.mark.parametrize("in_an_enquiry", [True, False])
def test_a_closing_before_anything_was_wanted_reads_back_what_is_said_first_and_does_so_whenever_it_is_told_afresh(
    enquiry: Enquiry, *, in_an_enquiry: bool
) -> None:
    told = enquiry.holds(Stage.CLOSING) if in_an_enquiry else Recorded(enquiry.store, stage=Stage.CLOSING)
    assert open_stage(told.store, told.heard(), NOON).first_outcome is None
    for words in THREE[:2]:
        said = told.is_asked("earlier_form_outcome", says=words)
        keep_outcome(told.store, told.heard(outcome=said), NOON)
    key, sister = named(told, 0), named(told, 1)
    for _ in range(2):
        assert open_stage(told.store, told.heard(), NOON).first_outcome is None
        assert open_stage(told.store, told.heard(another_outcome="no"), NOON).first_outcome == key
        for outcome, following in ((key, sister), (sister, None)):
            happened = is_asked_about(told, outcome, "happened", "no")
            heard = told.heard(next_outcome=outcome, another_outcome="no", happened=happened)
            assert keep_verdict(told.store, heard, NOON) == following
    if in_an_enquiry:
        assert [[verdict.value for verdict in one.verdicts] for one in enquiry.outcomes] == [["no"], ["no"]]


def test_where_others_wanted_something_meanwhile_a_closing_reads_back_theirs_and_its_own(enquiry: Enquiry) -> None:
    told = enquiry.holds(Stage.CLOSING, Speaker.PERSON, THREE[0])
    assert open_stage(told.store, told.heard(), NOON).first_outcome is None
    other = enquiry.holds(Stage.CHECK_IN, Speaker.PRACTITIONER, THREE[1])
    assert open_stage(told.store, told.heard(), NOON).first_outcome == named(told, 0)
    happened = is_asked_about(told, named(told, 0), "happened", "no")
    heard = told.heard(next_outcome=named(told, 0), happened=happened)
    assert keep_verdict(told.store, heard, NOON) == named(other, 0)


def test_nothing_is_kept_of_an_outcome_that_was_not_read_back(enquiry: Enquiry) -> None:
    enquiry.holds(Stage.FIRST, Speaker.PERSON, THREE[0])
    told = enquiry.holds(Stage.CHECK_IN)
    keep_review(told.store, told.heard(next_outcome=None, outcome_now="still_want"), NOON)
    keep_review(told.store, told.heard(next_outcome="I want my own key", outcome_now="still_want"), NOON)
    assert reviews(told) == []


# --- words where only references belong ------------------------------------------------------------------------------

IN_SECTIONS = sorted({slot for slots in SECTIONS.values() for slot in slots} - LEADING)
READING: list[tuple[str, Callable[[Store, Heard], object]]] = [
    *((slot, lambda store, heard: keep_section(store, heard, NOON)) for slot in IN_SECTIONS),
    ("cards", lambda store, heard: chosen_cards(store, heard, NOON)),
    ("outcome", lambda store, heard: keep_outcome(store, heard, NOON)),
    ("plan_words", lambda store, heard: keep_plan(store, heard, NOON)),
]


@pytest.mark.parametrize(("slot", "verb"), READING, ids=[slot for slot, _ in READING])
def test_words_in_the_dialogue_are_refused_and_not_repeated(
    told: Recorded, slot: str, verb: Callable[[Store, Heard], object]
) -> None:
    before = everything_kept(told.store)
    for words in ("He hit me", "turn:", "turn:-1", "turn:٣", "17", "/begin"):
        with pytest.raises(WordsInTheDialogue) as refused:
            verb(told.store, told.heard(**{slot: words}))
        assert words not in str(refused.value)
    assert everything_kept(told.store) == before


@pytest.mark.parametrize("slot", ["outcome_sign", "outcome_weight"])
def test_words_beside_an_outcome_are_refused_and_the_outcome_is_not_kept_without_them(
    told: Recorded, slot: str
) -> None:
    _, slots = told.wants("I want my own key")
    with pytest.raises(WordsInTheDialogue):
        keep_outcome(told.store, told.heard(**slots, **{slot: "I can lock my door"}), NOON)
    assert told.outcomes == ()


@pytest.mark.parametrize("slot", ["outcome_again", "outcome_why", "outcome_difference", "happened", "difference"])
def test_words_about_what_was_read_back_are_refused(enquiry: Enquiry, slot: str) -> None:
    first = enquiry.holds(Stage.FIRST, Speaker.PERSON, THREE[0])
    is_closing = slot in {"happened", "difference"}
    told = enquiry.holds(Stage.CLOSING if is_closing else Stage.CHECK_IN)
    key = named(first, 0)
    leading = {"happened": is_asked_about(told, key, "happened", "no")} if is_closing else {"outcome_now": "still_want"}
    if not is_closing:
        is_asked_about(told, key, "outcome_now", "still_want")
    heard = told.heard(**{"next_outcome": key, **leading, slot: "He hit me"})
    with pytest.raises(WordsInTheDialogue, match=f"^{slot}$"):
        (keep_verdict if is_closing else keep_review)(told.store, heard, NOON)
    assert reviews(told) == []


# --- rasa shell ------------------------------------------------------------------------------------------------------


def from_shell(**slots: str | None) -> Heard:
    return Heard(SHELL, slots, Stage.CHECK_IN, Speaker.PRACTITIONER)


def test_a_conversation_from_rasa_shell_is_kept_as_turns_words_exact(store: Store) -> None:
    keep_section(store, from_shell(feelings="  I feel <b>tired</b> \n", safe_now="safe"), NOON)
    with store.reading() as seen:
        kept = seen.conversations.get(SHELL)
        turns = seen.conversations.turns(SHELL)
        quotes = [(quote.record, quote.turn) for quote in seen.quotes.of(SHELL)]
    assert (kept.origin, kept.stage, kept.speaker) == (Origin.SHELL, Stage.CHECK_IN, Speaker.PRACTITIONER)
    assert [(turn.speaker, turn.kind, turn.asked, turn.answers, turn.words) for turn in turns] == [
        (Speaker.BOT, Kind.QUESTION, "feelings", None, ""),
        (Speaker.PRACTITIONER, Kind.WORDS, "feelings", 1, "  I feel <b>tired</b> \n"),
        (Speaker.BOT, Kind.QUESTION, "safe_now", None, ""),
        (Speaker.PRACTITIONER, Kind.WORDS, "safe_now", 3, "safe"),
    ]
    assert quotes == [("feeling", 2), ("safe_now", 4)]


def test_what_looks_like_a_reference_is_words_in_rasa_shell(store: Store) -> None:
    keep_section(store, from_shell(feelings="turn:2"), NOON)
    with store.reading() as seen:
        assert seen.conversations.turns(SHELL)[1].words == "turn:2"


def test_what_rasa_shell_hands_over_again_is_there_once(store: Store) -> None:
    heard = from_shell(outcome="I want my own key", outcome_sign="I can lock my door", outcome_weight="a_lot")
    assert keep_outcome(store, heard, NOON) == 1
    assert keep_outcome(store, heard, NOON) == 1
    assert keep_outcome(store, from_shell(outcome="I want to see my sister"), NOON) == 2
    keep_section(store, from_shell(private=None, company=""), NOON)
    with store.reading() as seen:
        said = [turn.words for turn in seen.conversations.turns(SHELL) if turn.kind is Kind.WORDS]
    assert said == ["I want my own key", "I can lock my door", "a_lot", "I want to see my sister"]


def test_what_is_chosen_in_rasa_shell_ranks_nothing_and_breaks_nothing(store: Store) -> None:
    keep_outcome(store, from_shell(outcome="I want my own key"), NOON)
    assert chosen_cards(store, from_shell(cards="feel_safer"), NOON) == ()
    assert keep_rank(store, from_shell(), ["the first"], NOON) == 0
    keep_plan(store, from_shell(together="no", apart="both", plan_a="the first", plan_words="Slowly"), NOON)
    assert verify(store) == []


def test_what_is_typed_as_a_choice_or_a_skip_in_rasa_shell_is_one(store: Store) -> None:
    heard = from_shell(feelings='/skip{"choice": "do_not_know"}', safe_now='/choose{"choice":"a_bit_safe"}')
    keep_section(store, heard, NOON)
    skip = '/skip{"choice": "later"}'
    assert keep_outcome(store, from_shell(outcome=skip, outcome_sign=skip, outcome_weight=skip), NOON) == 0
    with store.reading() as seen:
        said = [turn for turn in seen.conversations.turns(SHELL) if turn.kind is not Kind.QUESTION]
    assert [(turn.asked, turn.kind, turn.choice) for turn in said] == [
        ("feelings", Kind.SKIP, ("do_not_know",)),
        ("safe_now", Kind.CHOICE, ("a_bit_safe",)),
        ("outcome", Kind.SKIP, ("later",)),
    ]


def test_a_review_in_rasa_shell_is_kept_with_choices_as_choices(store: Store) -> None:
    key = "outcome:00000000_2"
    heard = Heard(
        SHELL,
        {"next_outcome": key, "outcome_now": "say_differently", "outcome_again": "A key for the front door"},
        Stage.CHECK_IN,
        Speaker.PERSON,
    )
    for _ in range(2):
        assert open_stage(store, heard, NOON) == Opened(is_communication_known=False, first_outcome=None)
        assert keep_review(store, heard, NOON) is None
    with store.reading() as seen:
        turns = seen.conversations.turns(SHELL)
        (review,) = seen.reviews.of(SHELL)
    assert [(turn.kind, turn.asked, turn.words, turn.choice) for turn in turns] == [
        (Kind.QUESTION, "outcome_now", key, ()),
        (Kind.CHOICE, "outcome_now", "", ("say_differently",)),
        (Kind.QUESTION, "outcome_again", key, ()),
        (Kind.WORDS, "outcome_again", "A key for the front door", ()),
    ]
    assert (review.outcome_id, review.said_turn, review.again_turn) == ("00000000_2", 2, 4)


def test_a_closing_in_rasa_shell_reads_back_what_was_said_in_it(store: Store) -> None:
    def heard(**slots: str | None) -> Heard:
        return Heard(SHELL, slots, Stage.CLOSING, Speaker.PRACTITIONER)

    assert open_stage(store, heard(), NOON).first_outcome is None
    keep_outcome(store, heard(outcome="I want my own key"), NOON)
    key = open_stage(store, heard(another_outcome="no"), NOON).first_outcome
    assert key is not None
    skip = '/skip{"choice": "do_not_know"}'
    held = {"next_outcome": key, "another_outcome": "no", "happened": "some_of_it", "difference": "I can lock it"}
    assert keep_verdict(store, heard(**held, practitioner_verdict="do_not_know"), NOON) is None
    assert keep_verdict(store, heard(**{**held, "happened": skip, "difference": skip}), NOON) is None
    with store.reading() as seen:
        (review,) = seen.reviews.of(SHELL)
        said = [
            (turn.kind, turn.asked, turn.words, turn.choice)
            for turn in seen.conversations.turns(SHELL)
            if turn.kind is not Kind.QUESTION
        ]
    assert said == [
        (Kind.WORDS, "outcome", "I want my own key", ()),
        (Kind.CHOICE, "happened", "", ("some_of_it",)),
        (Kind.WORDS, "difference", "I can lock it", ()),
        (Kind.SKIP, "practitioner_verdict", "", ("do_not_know",)),
        (Kind.SKIP, "happened", "", ("do_not_know",)),
    ]
    assert review.difference_turn is None
    assert verify(store) == []
