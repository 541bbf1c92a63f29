"""My words: exactly what was said, nothing that was taken back, and never how or when someone can be reached."""

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.conversation import Control, Skip, Standing
from bot.keeping import keep_outcome, keep_plan, keep_rank
from bot.statement import Entry, Quote, Statement, Wanted, as_text, in_words, label, said_so_far, statement
from bot.store import Store
from tests.faults.nasty import NASTY
from tests.recording import INTERVIEW, Recorded
from tests.telling import NOON, Told

BEGUN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LAST = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)
CONVERSATION = "0123456789abcdef0123456789abcdef"
TEXTS = {"team": "the Northtown team", "phone": "01632 960 001", "read_within": "two days"}
CONTACT = ("contact_ways", "contact_times", "contact_answered", "contact_code_word")


@pytest.fixture
def told(store: Store) -> Recorded:
    return Recorded(store)


def made(told: Recorded) -> Statement:
    """The statement as it stands."""
    return statement(
        told.standing,
        told.outcomes,
        INTERVIEW,
        TEXTS,
        begun_at=BEGUN,
        last_said_at=LAST,
        conversation_id=CONVERSATION,
        head=bytes(range(32)),
    )


def entries(told: Recorded, *, for_copy: bool = True) -> dict[str, Entry]:
    """What stands there, by question."""
    sections = said_so_far(told.standing, INTERVIEW, TEXTS, for_copy=for_copy)
    return {entry.name: entry for section in sections for entry in section.entries}


def words(entry: Entry) -> list[str | None]:
    return [quote.words for quote in entry.quotes]


# --- what stands on it -----------------------------------------------------------------------------------------------


def test_words_stand_under_their_question_and_their_part(told: Recorded) -> None:
    feelings = told.is_asked("feelings", says="I feel tired")
    told.is_asked("matters", says="My cat")
    first, second = made(told).sections
    assert first.heading == "How things are"
    assert first.entries == (
        Entry("feelings", INTERVIEW.question("feelings").wording, (Quote("I feel tired", number=feelings.number),)),
    )
    assert second.heading == "What matters to you"
    assert words(second.entries[0]) == ["My cat"]


def test_a_choice_stands_there_as_it_was_worded(told: Recorded) -> None:
    told.is_asked("safe_now", "a_bit_safe")
    assert entries(told)["safe_now"].quotes[0].chosen == ("A bit safe",)


def test_a_wording_that_was_changed_stands_there_alone(told: Recorded) -> None:
    said = told.is_asked("feelings", says="I feel tired")
    told.says_instead(said, "I feel worn out")
    assert words(entries(told)["feelings"]) == ["I feel worn out"]
    assert "tired" not in as_text(made(told))


def test_what_was_added_stands_below_and_is_not_merged(told: Recorded) -> None:
    said = told.is_asked("feelings", says="I feel tired")
    told.adds(said, "and sad")
    first, second = entries(told)["feelings"].quotes
    assert (first.words, first.is_addition) == ("I feel tired", False)
    assert (second.words, second.is_addition) == ("and sad", True)


def test_what_was_taken_back_is_not_on_it(told: Recorded) -> None:
    said = told.is_asked("feelings", says="I feel tired")
    told.is_asked("matters", says="My cat")
    told.takes_back(said)
    assert set(entries(told)) == {"matters"}
    assert "tired" not in as_text(made(told))


def test_what_was_added_and_taken_back_leaves_the_answer(told: Recorded) -> None:
    said = told.is_asked("feelings", says="I feel tired")
    added = told.adds(said, "and sad")
    told.takes_back(added)
    assert words(entries(told)["feelings"]) == ["I feel tired"]


def test_what_was_said_again_after_it_was_taken_back_is_on_it(told: Recorded) -> None:
    said = told.is_asked("feelings", says="I feel tired")
    told.takes_back(said)
    told.says_instead(said, "I feel worn out")
    assert words(entries(told)["feelings"]) == ["I feel worn out"]


def test_everything_taken_back_leaves_nothing(told: Recorded) -> None:
    _, slots = told.wants("I want my own key")
    keep_outcome(told.store, told.heard(**slots), NOON)
    told.presses(Control.STOP_AND_TAKE_BACK)
    found = made(told)
    assert (found.sections, found.own_order, found.plan_a, found.plan_b) == ((), (), None, None)
    assert "key" not in as_text(found)


def test_not_answering_is_read_back_at_the_end_and_is_not_on_the_copy(told: Recorded) -> None:
    told.asks_as_worded("feelings")
    told.skips(Skip.DO_NOT_WANT_TO_SAY)
    assert entries(told, for_copy=False)["feelings"].quotes[0].skipped == Skip.DO_NOT_WANT_TO_SAY
    assert entries(told) == {}


def test_words_of_a_road_no_longer_taken_are_still_there_and_choices_are_not(told: Recorded) -> None:
    feelings = told.is_asked("feelings", says="I feel tired")
    told.is_asked("safe_now", "safe")
    told.is_asked("matters", says="My cat")
    told.asks("keep", path=[feelings.number])
    assert list(entries(told)) == ["feelings", "matters"]


def test_what_leads_the_way_is_neither_read_back_nor_on_the_copy(told: Recorded) -> None:
    for name, choice in (("go_on", "yes"), ("more_outcomes", "no"), ("see_cards", "no"), ("copy_safe", "yes")):
        told.is_asked(name, choice)
    assert entries(told, for_copy=False) == {}


def test_who_was_in_the_room_is_not_on_the_copy(told: Recorded) -> None:
    told.is_asked("private", "yes")
    told.is_asked("company", "not_chosen")
    assert entries(told) == {}


def test_how_and_when_someone_can_be_reached_is_read_back_and_never_on_the_copy(told: Recorded) -> None:
    told.is_asked("contact_ways", "phone", "letter")
    told.is_asked("contact_times", says="Mondays, when he is at work")
    told.is_asked("contact_answered", says="My sister")
    told.is_asked("contact_code_word", says="Bluebell")
    told.is_asked("who_knows", says="Only my sister")
    assert set(entries(told, for_copy=False)) == {*CONTACT, "who_knows"}
    assert set(entries(told)) == {"who_knows"}
    text = as_text(made(told))
    for hidden in ("Mondays", "Bluebell", "phone", "letter"):
        assert hidden not in text


@pytest.mark.parametrize("name", [*CONTACT, "private", "company"])
def test_the_interview_itself_keeps_safe_contact_off_the_copy(name: str) -> None:
    assert not INTERVIEW.question(name).on_copy


# --- wording ---------------------------------------------------------------------------------------------------------


def test_a_reference_in_a_question_is_shown_as_the_words_it_stands_for(told: Recorded) -> None:
    told.wants("I want my own key", sign="I can lock my door")
    assert "“I want my own key”" in entries(told)["outcome_sign"].question
    assert "turn:" not in as_text(made(told))


def test_a_reference_follows_a_later_wording_and_shows_nothing_that_was_taken_back(told: Recorded) -> None:
    said, _ = told.wants("I want my own key", sign="I can lock my door")
    told.says_instead(said, "I want a key to my room")
    assert "“I want a key to my room”" in entries(told)["outcome_sign"].question
    told.takes_back(told.turns[-1])
    question = entries(told)["outcome_sign"].question
    assert "key" not in question
    assert "…" in question


def test_a_card_in_a_question_is_shown_by_its_label(told: Recorded) -> None:
    told.asks_as_worded("card_form_outcome", wording="You chose: card:feel_safer\nWhat would be different?")
    told.says("I would sleep at night")
    shown = next(card.label for card in INTERVIEW.question("cards").choices if card.id == "feel_safer")
    assert entries(told)["card_form_outcome"].question.startswith(f"You chose: {shown}\n")


def test_a_choice_of_something_said_before_is_shown_in_its_words(told: Recorded) -> None:
    said, _ = told.wants("I want my own key")
    told.is_asked("plan_a", f"turn:{said.number}", offers=[said])
    assert entries(told)["plan_a"].quotes[0].chosen == ("“I want my own key”",)


def test_settings_are_filled_into_a_wording() -> None:
    stands = Told().standing
    assert in_words("[[team]] reads it within [[read_within]].", stands, INTERVIEW, TEXTS) == (
        "the Northtown team reads it within two days."
    )


def test_a_setting_that_a_person_types_stays_as_it_was_typed(told: Recorded) -> None:
    told.wants("Call [[phone]] or turn:1, card:feel_safer", sign="[[team]] listens")
    found = entries(told)
    assert words(found["outcome"]) == ["Call [[phone]] or turn:1, card:feel_safer"]
    assert words(found["outcome_sign"]) == ["[[team]] listens"]
    assert "“Call [[phone]] or turn:1, card:feel_safer”" in found["outcome_sign"].question


def test_references_that_lead_nowhere_show_nothing() -> None:
    stands = Told().standing
    assert in_words("You said: turn:99", stands, INTERVIEW, {}) == "You said: …"
    assert in_words("You chose: card:unheard_of", stands, INTERVIEW, {}) == "You chose: unheard_of"
    assert label("turn:99", INTERVIEW.question("feelings"), stands, INTERVIEW) == "…"
    assert label("unheard_of", INTERVIEW.question("safe_now"), stands, INTERVIEW) == "unheard_of"


# --- own order and plans ---------------------------------------------------------------------------------------------


def wanting(told: Recorded, *wishes: str) -> list[int]:
    numbers = []
    for wish in wishes:
        said, slots = told.wants(wish)
        keep_outcome(told.store, told.heard(**slots), NOON)
        numbers.append(said.number)
    return numbers


def test_the_person_s_own_order_and_plans_stand_there_in_their_words(told: Recorded) -> None:
    key, sister = wanting(told, "I want my own key", "I want to see my sister")
    chosen = told.is_asked("matters_most", f"turn:{sister}")
    keep_rank(told.store, told.heard(), [f"turn:{chosen.number}"], NOON)
    told.is_asked("together", "no")
    plan_a = told.is_asked("plan_a", f"turn:{key}")
    keep_plan(told.store, told.heard(together="no", apart="implied", plan_a=plan_a, plan_b="implied"), NOON)
    found = made(told)
    assert found.own_order == (Wanted(1, "I want to see my sister"), Wanted(2, "I want my own key"))
    assert (found.plan_a, found.plan_b) == ("I want my own key", "I want to see my sister")
    text = as_text(found)
    assert "What matters most, first to last\n\n1. I want to see my sister\n2. I want my own key\n" in text
    assert "To try first\n\nI want my own key\n" in text
    assert "If that cannot happen\n\nI want to see my sister\n" in text


def test_what_matters_the_same_has_the_same_place(told: Recorded) -> None:
    _, sister, _ = wanting(told, "I want my own key", "I want to see my sister", "I want a cat")
    ranked = [f"turn:{told.is_asked('matters_most', choice).number}" for choice in (f"turn:{sister}", "the_same")]
    keep_rank(told.store, told.heard(), ranked, NOON)
    assert [(one.place, one.words) for one in made(told).own_order] == [
        (1, "I want to see my sister"),
        (2, "I want my own key"),
        (2, "I want a cat"),
    ]


def test_where_all_matter_the_same_there_is_no_order(told: Recorded) -> None:
    wanting(told, "I want my own key", "I want to see my sister")
    chosen = told.is_asked("matters_most", "the_same")
    keep_rank(told.store, told.heard(), [f"turn:{chosen.number}"], NOON)
    assert made(told).own_order == ()
    assert "What matters most, first" not in as_text(made(told))


def test_a_wish_that_was_taken_back_is_in_no_order_and_no_plan(told: Recorded) -> None:
    key, sister = wanting(told, "I want my own key", "I want to see my sister")
    chosen = told.is_asked("matters_most", f"turn:{sister}")
    keep_rank(told.store, told.heard(), [f"turn:{chosen.number}"], NOON)
    told.is_asked("together", "no")
    plan_a = told.is_asked("plan_a", f"turn:{sister}")
    keep_plan(told.store, told.heard(together="no", apart="implied", plan_a=plan_a, plan_b="implied"), NOON)
    taken = told.standing.answer(sister)
    assert taken is not None
    told.takes_back(taken.said.first)
    found = made(told)
    assert found.own_order == (Wanted(1, "I want my own key"),)
    assert (found.plan_a, found.plan_b) == (None, "I want my own key")
    assert "sister" not in as_text(found)
    assert key < sister


# --- as plain text ---------------------------------------------------------------------------------------------------


def test_the_text_is_dated_numbered_and_says_where_the_copy_is(told: Recorded) -> None:
    told.is_asked("feelings", says="I feel tired")
    text = as_text(made(told))
    assert text.startswith("My words\n\nWritten down from 2 March 2026 to 14 March 2026.\nNumber 0123-4567-2\n")
    assert "This copy stays on the device it was saved on." in text
    assert text.endswith(f"Check number: {bytes(range(32)).hex()}\n")


def test_an_empty_statement_is_a_statement_all_the_same(told: Recorded) -> None:
    assert as_text(made(told)).startswith("My words\n")


@pytest.mark.parametrize("said", NASTY.values(), ids=NASTY.keys())
def test_the_text_holds_every_word_exactly_as_it_was_said(told: Recorded, said: str) -> None:
    told.is_asked("feelings", says=said)
    added = told.adds(told.turns[-1], said)
    assert words(entries(told)["feelings"]) == [said, said]
    assert f"\n\n{said}\n\n{said}\n" in as_text(made(told))
    assert added.words == said


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(said=st.text(st.characters(exclude_categories=()), min_size=1))
def test_the_text_holds_whatever_words_there_are(said: str) -> None:
    told = Told()
    told.asks("feelings")
    told.says(said)
    stands: Standing = told.standing
    (section,) = said_so_far(stands, INTERVIEW, {}, for_copy=True)
    assert section.entries[0].quotes[0].words == said
    found = statement(
        stands, (), INTERVIEW, {}, begun_at=BEGUN, last_said_at=LAST, conversation_id=CONVERSATION, head=b""
    )
    assert f"\n{said}\n" in as_text(found)
