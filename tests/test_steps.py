"""Step tokens: what a page carries so that its answer is taken once, for the question it showed, within a day."""

import time
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from bot.conversation import Speaker, Stage
from bot.steps import LASTS, Step, StepRefused, Steps

KEY = b"a key of this house only".ljust(32, b".")
CONVERSATION = "0123456789abcdef0123456789abcdef"
STEPS = Steps(KEY)


def made(ago: timedelta) -> str:
    """A token as the same house made it at another time."""

    class Clock(TimestampSigner):
        def get_timestamp(self) -> int:
            return int(time.time() - ago.total_seconds())

    return str(URLSafeTimedSerializer(KEY, salt="step", signer=Clock).dumps([CONVERSATION, 17, 0, "this page"]))


@given(
    conversation_id=st.text("0123456789abcdef", min_size=32, max_size=32),
    asked=st.integers(0, 10**6),
    revisited=st.integers(0, 10**6),
)
def test_a_token_that_comes_back_says_what_its_page_showed(conversation_id: str, asked: int, revisited: int) -> None:
    step = STEPS.read(STEPS.make(conversation_id, asked, revisited))
    assert (step.conversation_id, step.asked, step.revisited) == (conversation_id, asked, revisited)


def test_a_page_that_changes_nothing_of_old_says_so() -> None:
    assert STEPS.read(STEPS.make(CONVERSATION, 17)).revisited == 0


def test_no_two_pages_carry_the_same_token_even_for_the_same_question() -> None:
    tokens = [STEPS.make(CONVERSATION, 17) for _ in range(200)]
    assert len(set(tokens)) == 200
    assert len({STEPS.read(token).token for token in tokens}) == 200
    # Stored with the turn it brings, so it has to be hard to guess.
    assert min(len(STEPS.read(token).token) for token in tokens) >= 22


def test_reading_a_token_again_finds_the_same_page() -> None:
    token = STEPS.make(CONVERSATION, 17)
    assert STEPS.read(token) == STEPS.read(token)


def test_a_token_with_any_letter_changed_is_refused() -> None:
    token = STEPS.make(CONVERSATION, 17, 4)
    for at, letter in enumerate(token):
        # The last letter stands for fewer bits than it could: A, B, C and D are the same there.
        other = "Q" if letter in "ABCD" else "A"
        with pytest.raises(StepRefused):
            STEPS.read(token[:at] + other + token[at + 1 :])


def test_a_token_that_was_cut_off_or_added_to_is_refused() -> None:
    token = STEPS.make(CONVERSATION, 17)
    for altered in [token[:at] for at in range(len(token))] + [f"{token}A", f" {token}", f"{token}\n"]:
        with pytest.raises(StepRefused):
            STEPS.read(altered)


def test_the_token_of_a_welcome_page_begins_what_it_was_made_for_and_nothing_else() -> None:
    token = STEPS.make_beginning("an invitation", Stage.CLOSING, Speaker.ADVOCATE, is_from_paper=True)
    again = STEPS.make_beginning("an invitation", Stage.CLOSING, Speaker.ADVOCATE, is_from_paper=True)
    begun = STEPS.read_beginning(token)
    assert (begun.invitation_id, begun.stage, begun.speaker, begun.is_from_paper) == (
        "an invitation",
        Stage.CLOSING,
        Speaker.ADVOCATE,
        True,
    )
    assert begun.token != STEPS.read_beginning(again).token
    with pytest.raises(StepRefused):
        STEPS.read(token)
    with pytest.raises(StepRefused):
        STEPS.read_beginning(STEPS.make(CONVERSATION, 17))
    with pytest.raises(StepRefused):
        STEPS.read_beginning(f"{token}A")


def test_a_token_of_another_house_is_refused() -> None:
    with pytest.raises(StepRefused):
        Steps(b"another key".ljust(32, b".")).read(STEPS.make(CONVERSATION, 17))


def test_a_token_that_the_same_key_signed_for_something_else_is_refused() -> None:
    other = URLSafeTimedSerializer(KEY, salt="something else").dumps([CONVERSATION, 17, 0, "this page"])
    with pytest.raises(StepRefused):
        STEPS.read(str(other))


@given(st.text(st.characters(exclude_categories=()), max_size=60))
@example("\ud800")
@example("a.b.\0")
def test_whatever_else_is_sent_as_a_token_is_refused(sent: str) -> None:
    with pytest.raises(StepRefused):
        STEPS.read(sent)


def test_a_page_that_was_open_for_a_day_still_adds_its_answer() -> None:
    assert STEPS.read(made(timedelta(seconds=LASTS - 60))) == Step(CONVERSATION, 17, 0, "this page")


def test_a_page_that_was_open_for_longer_than_a_day_does_not() -> None:
    with pytest.raises(StepRefused):
        STEPS.read(made(timedelta(seconds=LASTS + 60)))


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=365)])
def test_a_clock_that_is_set_back_makes_no_page_too_old(back: timedelta) -> None:
    assert STEPS.read(made(-back)).asked == 17
