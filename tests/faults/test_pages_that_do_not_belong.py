"""Forms that no page of this conversation made, and visits that are over: nothing is lost, and nothing is shown."""

import time
from collections.abc import Callable, Iterator, Mapping

import httpx
import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from bot.conversation import Kind
from bot.steps import Steps
from bot.store import Purpose
from tests.faults.houses import TroubledHouse, conversation_of, said, step_of, turns_of
from tests.faults.roads import asked, plain, walk
from tests.house import PATIENCE
from tests.walking import Walker, read

WORDS = "My brother takes my money, and nobody is to know"


@pytest.fixture
def other(house: TroubledHouse) -> Iterator[Walker]:
    """Somebody else, who has said something."""
    with house.browser() as browser:
        walker = Walker(browser).begin()
        walk(walker, lambda name, number: f"{WORDS}: {name}", until="feelings")
        yield walker


# --- answers that were not offered ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "choice",
    [["maybe"], ["YES"], ["yes "], [""], ["turn:1"], ["yes", "no"], ["yes", "maybe"], ["utter_done"], ["x" * 100_000]],
)
def test_a_choice_that_was_not_offered_is_not_taken_and_the_question_stays(
    house: TroubledHouse, person: Walker, choice: list[str]
) -> None:
    nothing_comes_of_it(house, person, do="answer", choice=choice)
    assert person.status == 422


@pytest.mark.parametrize(
    "do",
    [
        *("choose:maybe", "choose:", "choose:stop_and_take_back", "skip:maybe", "skip:", "drop", ":", "answered"),
        *("change:999", "change:1", "change:-1", "change:٣", "change:9999999999", "change:turn:1", "change:"),
        *("add_more:0", "add_more:1", "take_back:999", "take_back:1", "take_back:", "go_back", "make_code:gold"),
        *("come_round", "stop_and_take_back", "stop_and_keep"),
    ],
)
def test_a_button_that_no_page_has_does_nothing(house: TroubledHouse, person: Walker, do: str) -> None:
    nothing_comes_of_it(house, person, do=do)


def test_words_where_a_choice_is_asked_for_are_not_taken_as_one(house: TroubledHouse, person: Walker) -> None:
    nothing_comes_of_it(house, person, do="answer", words="yes")
    assert person.status == 422


def test_a_choice_where_words_are_asked_for_is_not_taken(house: TroubledHouse, person: Walker) -> None:
    walk(person, plain, until="feelings")
    nothing_comes_of_it(house, person, do="answer", choice=["safe"])
    assert person.status == 422


def test_one_choice_that_was_not_offered_spoils_those_beside_it(house: TroubledHouse, person: Walker) -> None:
    walk(person, plain, until="communication")
    nothing_comes_of_it(house, person, do="answer", choice=["more_time", "breaks", "a_dog"])
    assert person.status == 422


def test_the_last_look_at_everything_cannot_be_skipped(house: TroubledHouse, person: Walker) -> None:
    walk(person, plain, until="checked")
    for skip in ("do_not_know", "do_not_want_to_say", "later", "not_for_me"):
        nothing_comes_of_it(house, person, do=f"skip:{skip}")
        assert person.status == 422


def test_only_what_an_aside_offers_answers_it(house: TroubledHouse, person: Walker) -> None:
    walk(person, plain, until="feelings")
    person.say("stop")
    assert "choose:carry_on" in person.page.buttons
    for do in ("choose:yes", "choose:stop_and_take_back", "skip:later", "answer"):
        nothing_comes_of_it(house, person, do=do)
        assert person.status == 422
    assert asked(person.press("choose:carry_on")) == "safe_now"


def nothing_comes_of_it(house: TroubledHouse, person: Walker, do: str, **form: list[str] | str) -> None:
    """Press a button; afterwards the conversation is as it was, and its page asks what it asked."""
    conversation_id, heading = conversation_of(person.page), person.page.heading
    before = turns_of(house, conversation_id)
    person.press(do, **form)  # type: ignore[arg-type]
    assert person.status in {200, 422}
    assert person.page.heading == heading
    assert turns_of(house, conversation_id) == before


# --- pages of another time or another conversation --------------------------------------------------------------------


def _part(token: str, number: int, change: Callable[[str], str]) -> str:
    parts = token.split(".")
    parts[number] = change(parts[number])
    return ".".join(parts)


def _another_letter(part: str, place: int) -> str:
    return part[:place] + ("A" if part[place] != "A" else "B") + part[place + 1 :]


ALTERATIONS: Mapping[str, Callable[[str], str]] = {
    "nothing": lambda token: "",
    "cut short": lambda token: token[:-1],
    "one letter longer": lambda token: token + "A",
    "about something else": lambda token: _part(token, 0, lambda part: _another_letter(part, 10)),
    "of another time": lambda token: _part(token, 1, lambda part: _another_letter(part, 1)),
    "with another signature": lambda token: _part(token, 2, lambda part: part[::-1]),
    "without a signature": lambda token: token.rpartition(".")[0],
    "signed under another key": lambda token: Steps(b"a key of somebody else's making").make(*step_of(token)[:3]),
    "made up": lambda token: "step",
    "not even letters": lambda token: "\0\u202e ../%00",
    "very long": lambda token: "A" * 100_000,
}


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_words_from_a_page_that_was_altered_are_shown_again_and_kept_nowhere(
    house: TroubledHouse, person: Walker, alteration: str
) -> None:
    walk(person, plain, until="feelings")
    conversation_id = conversation_of(person.page)
    before = turns_of(house, conversation_id)
    person.browser.headers["Connection"] = "close"
    refused = person.browser.post(
        "/conversation", data={"step": ALTERATIONS[alteration](person.page.step), "do": "answer", "words": WORDS}
    )
    assert refused.status_code == 422
    page = read(refused.text)
    assert page.heading == "We could not keep that"
    assert page.quoted == [WORDS]
    assert turns_of(house, conversation_id) == before


def test_words_from_a_page_older_than_a_day_are_shown_again_and_kept_nowhere(
    house: TroubledHouse, person: Walker
) -> None:
    class Earlier(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time()) - 2 * 24 * 60 * 60

    walk(person, plain, until="feelings")
    conversation_id = conversation_of(person.page)
    before = turns_of(house, conversation_id)
    with house.store() as store:
        key = store.derive(Purpose.STEP_TOKENS)
    old = str(URLSafeTimedSerializer(key, salt="step", signer=Earlier).dumps(list(step_of(person.page.step))))
    assert person.press("answer", words=WORDS, step=old).status == 422
    assert person.page.quoted == [WORDS]
    assert turns_of(house, conversation_id) == before


def test_words_from_an_earlier_page_never_answer_a_later_question(house: TroubledHouse, person: Walker) -> None:
    walk(person, plain, until="feelings")
    conversation_id, earlier = conversation_of(person.page), person.page.step
    walk(person, plain, until="worries")
    answered = [turn.asked for turn in said(house, conversation_id) if turn.kind is not Kind.NOTE]
    person.press("answer", words=WORDS, step=earlier)
    assert person.status == 200
    assert person.page.heading == "This question has its answer"
    assert person.page.quoted == [WORDS]
    note = said(house, conversation_id)[-1]
    assert (note.kind, note.words, note.answers) == (Kind.NOTE, WORDS, step_of(earlier)[1])
    assert [turn.asked for turn in said(house, conversation_id) if turn.kind is not Kind.NOTE] == answered
    assert asked(person) == "worries"


def test_a_choice_from_an_earlier_page_changes_nothing(house: TroubledHouse, person: Walker) -> None:
    conversation_id, earlier = conversation_of(person.page), person.page.step
    walk(person, plain, until="communication")
    before = turns_of(house, conversation_id)
    person.press("answer", choice=["no"], step=earlier)
    assert person.page.heading == "This question has its answer"
    assert turns_of(house, conversation_id) == before


def test_a_page_of_another_conversation_adds_to_that_one_and_shows_nothing_of_it(
    house: TroubledHouse, person: Walker, other: Walker
) -> None:
    walk(person, plain, until="feelings")
    theirs, mine = conversation_of(other.page), conversation_of(person.page)
    before = turns_of(house, mine)
    person.press("answer", words="I feel watched", step=other.page.step)
    assert person.status == 200
    assert person.page.heading == "What you said is kept"
    assert WORDS not in person.page.text
    assert person.page.quoted == []
    assert turns_of(house, mine) == before
    given = said(house, theirs)[-1]
    assert (given.kind, given.words, given.asked) == (Kind.WORDS, "I feel watched", "feelings")
    assert asked(person) == "feelings"
    assert asked(other) == "safe_now"


@pytest.mark.parametrize(
    "do", ["make_code:words", "confirm_code", "take_back:10", "go_on", "change:10", "go_back", "why", "stop"]
)
def test_a_page_of_another_conversation_can_do_nothing_but_add_words(
    house: TroubledHouse, person: Walker, other: Walker, do: str
) -> None:
    theirs, mine = conversation_of(other.page), conversation_of(person.page)
    before = turns_of(house, theirs), turns_of(house, mine)
    person.press(do, step=other.page.step)
    assert person.page.heading == "This page is closed"
    assert (turns_of(house, theirs), turns_of(house, mine)) == before


# --- visits -----------------------------------------------------------------------------------------------------------


def _made_up(house: TroubledHouse, other: Walker) -> str:
    return "a-visit-that-nobody-ever-opened-0123456789ab"


def _left(house: TroubledHouse, other: Walker) -> str:
    secret = other.browser.cookies["visit"]
    other.browser.get("/leave", follow_redirects=False)
    assert "visit" not in other.browser.cookies
    return secret


def _left_blank(house: TroubledHouse, other: Walker) -> str:
    secret = other.browser.cookies["visit"]
    assert other.browser.post("/left").status_code == 204
    return secret


def _idle_too_long(house: TroubledHouse, other: Walker) -> str:
    secret = other.browser.cookies["visit"]
    with house.store() as store, store.begin() as kept:
        kept.visits.let_idle(secret, 0)
    return secret


def _replaced(house: TroubledHouse, other: Walker) -> str:
    secret = other.browser.cookies["visit"]
    other.browser.post("/", data={"minutes": "30"})
    assert other.browser.cookies["visit"] != secret
    return secret


def _shortened(house: TroubledHouse, other: Walker) -> str:
    return other.browser.cookies["visit"][:-1]


def _very_long(house: TroubledHouse, other: Walker) -> str:
    return "A" * 8_000


def _empty(house: TroubledHouse, other: Walker) -> str:
    return ""


VISITS = {
    visit.__name__.removeprefix("_").replace("_", " "): visit
    for visit in (_made_up, _left, _left_blank, _idle_too_long, _replaced, _shortened, _very_long, _empty)
}


@pytest.mark.parametrize("visit", VISITS)
def test_a_visit_that_is_over_looks_like_one_that_never_was(house: TroubledHouse, other: Walker, visit: str) -> None:
    conversation_id, step = conversation_of(other.page), other.page.step
    secret = VISITS[visit](house, other)
    before = turns_of(house, conversation_id)
    with stranger(house, None) as nobody, stranger(house, secret) as somebody:
        for address in ("/conversation", "/conversation/words", "/conversation/words.txt"):
            assert seen_at(somebody.get(address)) == seen_at(nobody.get(address))
        for form in ({"do": "answer"}, {"step": "made up"}, {"step": step}, {"step": step, "do": "go_on"}):
            found, nothing = somebody.post("/conversation", data=form), nobody.post("/conversation", data=form)
            assert seen_at(found) == seen_at(nothing)
            assert "This page is closed" in found.text
            assert WORDS not in found.text
    assert turns_of(house, conversation_id) == before


def test_words_from_a_page_whose_visit_is_over_are_kept_and_nothing_is_shown(
    house: TroubledHouse, other: Walker
) -> None:
    conversation_id, step = conversation_of(other.page), other.page.step
    _left(house, other)
    other.press("answer", words="I want my own key", step=step)
    assert other.status == 200
    assert other.page.heading == "What you said is kept"
    assert WORDS not in other.page.text
    given = said(house, conversation_id)[-1]
    assert (given.kind, given.words, given.asked) == (Kind.WORDS, "I want my own key", "feelings")
    assert other.look().page.heading == "This page is closed"


def test_a_code_that_was_replaced_looks_like_one_that_never_was(house: TroubledHouse, other: Walker) -> None:
    other.press("take_a_break")
    codes = []
    for _ in range(2):
        other.press("make_code:numbers")
        codes.append("".join(letter for letter in other.page.text if letter.isdigit()))
        other.look()
    with stranger(house, None) as nobody:
        tried = "40718203945560718203"
        unknown = nobody.post("/come-back", data={"code": tried, "minutes": "30"})
        replaced = nobody.post("/come-back", data={"code": "0" * 20, "minutes": "30"})
        assert unknown.status_code == replaced.status_code == 422
        assert unknown.text.replace(tried, "code") == replaced.text.replace("0" * 20, "code")
        assert "visit" not in nobody.cookies


def stranger(house: TroubledHouse, visit: str | None) -> httpx.Client:
    """Somebody with this cookie, or none."""
    browser = httpx.Client(base_url=house.address, timeout=PATIENCE)
    if visit is not None:
        browser.headers["Cookie"] = f"visit={visit}"
    return browser


def seen_at(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """All that an answer says, but for the time of day."""
    return answer.status_code, answer.content, [pair for pair in answer.headers.multi_items() if pair[0] != "date"]
