"""What answers become in the record: each row quotes a turn by number, and calling again changes nothing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from actions.record import SECTIONS
from bot.conversation import How, Kind, Skip, Speaker, Stage
from bot.keeping import (
    RECORDS,
    Heard,
    WordsInTheDialogue,
    chosen_cards,
    count_outcomes,
    keep_outcome,
    keep_plan,
    keep_rank,
    keep_section,
)
from bot.store import Origin, Store
from bot.store.verifying import verify
from tests.recording import Recorded
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


@pytest.mark.parametrize("action", SECTIONS)
def test_each_answer_of_a_section_is_quoted_as_what_it_is(told: Recorded, action: str) -> None:
    said = {slot: told.is_asked(slot, says=f"About {slot}: it is fine") for slot in SECTIONS[action]}
    keep_section(told.store, told.heard(**said), NOON)
    assert told.quotes == [(RECORDS[slot], turn.number) for slot, turn in said.items() if slot in RECORDS]


def test_what_only_leads_the_way_becomes_no_record(told: Recorded) -> None:
    leading = {slot for slots in SECTIONS.values() for slot in slots} - set(RECORDS)
    assert leading == {"private", "company", "copy_safe"}


def test_every_record_is_made_of_a_question_that_the_interview_asks(told: Recorded) -> None:
    for slot in RECORDS:
        told.asks_as_worded(slot)


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


# --- words where only references belong ------------------------------------------------------------------------------

READING: list[tuple[str, Callable[[Store, Heard], object]]] = [
    *((slot, lambda store, heard: keep_section(store, heard, NOON)) for slots in SECTIONS.values() for slot in slots),
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
