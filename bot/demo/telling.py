"""One conversation as it is made up: asked as the pages ask, answered with `words.yml`, kept with its whole record."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Any

from bot.conversation import (
    Control,
    How,
    Kind,
    Speaker,
    Stage,
    State,
    Turn,
    reference,
    referred,
)
from bot.demo.road import Map, Road, Slots
from bot.demo.voice import Answered, Voice, Words
from bot.enquiry import Told, communication_known_to, enquiry_outcomes, outcome_id, outcomes_for, shared_by_the_person
from bot.flags import FlagKind, Phrases
from bot.interview import Asking, AskingKind, Choice, Interview, rotated
from bot.keeping import RECORDS, Heard, keep_plan_in, keep_rank_in
from bot.records import Blanks
from bot.store import Quote, Transaction
from bot.themes import Themes

FILLED = re.compile(r"\{([a-z_]+)\}")
GATE = ("private", "company", "go_on")
SIMPLE = frozenset({"matters", "keep", "worries", "wishes", "helpers", "own_power", "get_better", "stay_safe"})
"""Questions whose answers may be changed, added to or taken back, and nothing else turns on them."""
OUTCOME_SLOTS = ("outcome", "outcome_sign", "outcome_weight")
REVIEW_SLOTS = ("outcome_now", "outcome_again", "outcome_why", "outcome_difference")
VERDICT_SLOTS = ("happened", "difference", "practitioner_verdict")
BRIEFLY: Mapping[str, str] = {
    "private": "yes",
    "company": "nobody",
    "go_on": "yes",
    "know_more": "no_thank_you",
    "see_cards": "no",
    "together": "yes",
    **dict.fromkeys(
        (
            *("advocate_name", "advocate_role", "instructed", "person_there"),
            *("practitioner_name", "practitioner_role", "interpreter", "free_to_speak", "private_note"),
            *("communication", "communication_words", "support", "feelings", "safe_now", "matters"),
            *("keep", "worries", "wishes", "not_wanted", "outcome_sign", "outcome_weight", "own_power", "helpers"),
            *("feels_safe", "view_on_enquiry", "who_knows", "contact_ways", "contact_times", "contact_answered"),
            *("contact_code_word", "know_what_happens", "want_to_know", "difference", "outcome_difference"),
            *("about_finishing", "stay_safe", "get_better", "checked", "copy_safe"),
        ),
        "known",
    ),
}
"""What is not asked where a great many conversations are to be told in little time and room: what is not counted."""
DRAWN_BY = "made-up-"
"""How the tokens of made-up turns begin."""


class Until(StrEnum):
    """How far a conversation gets."""

    END = "end"
    LEFT = "left"
    """The person is away, and the next question waits."""
    BREAK = "break"
    STOP = "stop"
    """They stopped, and kept what they said."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What every made-up conversation is made with."""

    interview: Interview
    road: Map
    phrases: Phrases
    themes: Themes
    blanks: Blanks
    words: Words
    askings: dict[tuple[object, ...], str] = field(default_factory=dict, repr=False)
    """How each question was put, as it is kept: the same for most conversations."""
    filled: dict[int, tuple[str, ...]] = field(default_factory=dict, repr=False)
    """What of each question names slots to be filled in. They are those of `interview`, which stay."""


@dataclass(frozen=True, slots=True)
class _Outcome:
    turn: int
    words: str


class Telling:
    """One conversation, told to its end before it is kept."""

    def __init__(
        self,
        tools: Tools,
        voice: Voice,
        draw: Random,
        told: Sequence[Told],
        *,
        conversation_id: str,
        stage: Stage,
        speaker: Speaker,
        begun_at: datetime,
        until: Until,
        known: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.conversation_id = conversation_id
        self.stage = stage
        self.speaker = speaker
        self.turns: list[Turn] = []
        self.flags: list[tuple[FlagKind, int, datetime]] = []
        self.now = begun_at
        self.state = State.OPEN
        self._tools = tools
        self._voice = voice
        self._draw = draw
        self._told = told
        self._until = until
        self._known = known
        self._leaves_after = draw.randint(3, 16)
        self._breaks_after = draw.randint(6, 20) if draw.random() < 0.06 else 0
        self._tells_at = draw.randint(5, 12) if voice.trouble < 0.09 and stage is Stage.FIRST else 0
        self._answered = 0
        self._road = Road(tools.road, stage, speaker, self._act, known)
        self._quotes: list[Quote] = []
        self._to_quote: list[tuple[str, int]] = []
        self._deeds: list[Callable[[Transaction], None]] = []
        self._outcomes: list[_Outcome] = []
        self._latest: dict[str, Turn] = {}
        self._reading_back: list[tuple[str, str]] = []

    def tell(self) -> None:
        """Tell it, as far as it goes."""
        self._hear(self._road.begin())
        while self._road.asks is not None:
            question = self.turns[-1]
            if self._is_left_off(question):
                return
            if self._answered == self._breaks_after > 0:
                self._break()
                self._breaks_after = 0
            if self._road.slot == "checked":
                self._look_again()
            self._answer(question)
        self.state = State.FINISHED
        if self.speaker is Speaker.PERSON and self.turns[-1].asked == "done" and self._draw.random() < 0.2:
            self._wait(5, 30)
            self._control(Control.SHARE, self.turns[-1].number)

    def keep(self, kept: Transaction) -> None:
        """Keep it, with its record and its flags."""
        kept.conversations.add_all(self.conversation_id, self.turns)
        kept.quotes.quote_all(self.conversation_id, self._quotes)
        for deed in self._deeds:
            deed(kept)
        for kind, turn, raised_at in self.flags:
            kept.flags.raise_flag(self.conversation_id, kind, turn, raised_at)
        kept.conversations.settle(self.conversation_id, self.state, self.now)

    @property
    def wanted(self) -> Sequence[tuple[str, str]]:
        """Each thing that is to be different: its id and its words."""
        return [(outcome_id(self.conversation_id, one.turn), one.words) for one in self._outcomes]

    @property
    def is_asked_for(self) -> bool:
        """Whether it came as far as asking what is to be different."""
        return any(turn.asked == "outcome" for turn in self.turns)

    @property
    def answers_in_words(self) -> Sequence[int]:
        """The numbers of the turns that answer in words."""
        return [turn.number for turn in self.turns if turn.kind is Kind.WORDS]

    # --- what is asked ------------------------------------------------------------------------------------------------

    def _hear(self, responses: Sequence[str]) -> None:
        for response in responses:
            self._say(response)

    def _say(self, response: str) -> None:
        asking = self._tools.interview.response(response, self.speaker, self.stage)
        kind = Kind.NOTICE
        if asking.kind is AskingKind.ENDING:
            kind = Kind.ENDING
        elif response.startswith("utter_ask_"):
            kind = Kind.QUESTION
        name = response.removeprefix("utter_ask_").removeprefix("utter_")
        asking = self._filled(asking)
        choices = (*self._choices_from(asking.choices_from), *asking.choices)
        if asking.rotate:
            choices = rotated(choices, f"{self.conversation_id}|{name}")
        self._add(
            Speaker.BOT,
            kind,
            asked=name,
            words=asking.wording,
            shown=tuple(choice.id for choice in choices),
            asking=self._as_kept(response, asking if choices == asking.choices else replace(asking, choices=choices)),
        )

    def _as_kept(self, response: str, asking: Asking) -> str:
        key = (response, self.speaker, self.stage, tuple(choice.id for choice in asking.choices), asking.another_way)
        found = self._tools.askings.get(key)
        if found is None:
            found = json.dumps(json.loads(asking.to_json()), ensure_ascii=True)
            if not any(named in found for named in ("turn:", "outcome:", "card:")):
                self._tools.askings[key] = found
        return found

    def _filled(self, asking: Asking) -> Asking:
        """Fill in what a wording names of the slots, as the dialogue engine does."""
        names = self._tools.filled.get(id(asking))
        if names is None:
            told = [(one.name, getattr(asking, one.name)) for one in fields(asking)]
            names = tuple(name for name, value in told if isinstance(value, str) and "{" in value)
            self._tools.filled[id(asking)] = names
        if not names:
            return asking
        filled: dict[str, Any] = {name: FILLED.sub(self._in_slot, getattr(asking, name)) for name in names}
        return replace(asking, **filled)

    def _in_slot(self, found: re.Match[str]) -> str:
        return str(self._road.slots.get(found[1]) or found[0])

    def _choices_from(self, source: str | None) -> tuple[Choice, ...]:
        if source is None:
            return ()
        left = [one.turn for one in self._outcomes]
        if source == "outcomes_to_rank":
            left = self._to_rank()
        elif source == "outcomes_but_plan_a" and (plan_a := self._latest.get("plan_a")) is not None:
            left = [number for number in left if reference(number) not in plan_a.choice]
        return tuple(Choice(reference(number)) for number in left)

    def _to_rank(self) -> list[int]:
        chosen = {referred(one) for turn in self.turns if turn.asked == "matters_most" for one in turn.choice}
        return [one.turn for one in self._outcomes if one.turn not in chosen]

    # --- what is said -------------------------------------------------------------------------------------------------

    def _answer(self, question: Turn) -> None:
        slot = self._road.slot
        asking = self._asking(question)
        about = self._about(slot)
        given = self._voice.answer(slot, asking, self.speaker, about)
        if self._answered == self._tells_at > 0 and given.kind is Kind.WORDS and slot not in OUTCOME_SLOTS:
            given = given._replace(words=self._voice.told())
            self._tells_at = 0
        elif self._answered == self._tells_at > 0:
            self._tells_at += 1
        if self._draw.random() < 0.02:
            self._control(Control.WHY, question.number)
        self._wait(8, 25 + min(len(given.words), 300))
        turn = self._add_answer(question, given)
        self._answered += 1
        self._latest[slot] = turn
        if slot in RECORDS:
            self._to_quote.append((slot, turn.number))
        if given.note:
            self._add(Speaker.PRACTITIONER, Kind.PRIVATE_NOTE, answers=question.number, words=given.note)
        self._raise_flags(turn, asking)
        self._hear(self._road.hear(reference(turn.number), turn.kind, turn.choice))

    def _asking(self, question: Turn) -> Asking:
        asking = self._tools.interview.response(self._road.asks or "", self.speaker, self.stage)
        if asking.choices_from is None:
            return asking
        return replace(asking, choices=tuple(Choice(one) for one in question.shown))

    def _about(self, slot: str) -> str:
        """Give the words of the outcome that a question is about."""
        if slot in {"outcome_sign", "outcome_weight"} and "outcome" in self._latest:
            return self._latest["outcome"].words
        named = str(self._road.slots.get("next_outcome") or "").removeprefix("outcome:")
        return dict(self._reading_back).get(named, "")

    def _add_answer(self, question: Turn, given: Answered) -> Turn:
        return self._add(
            self.speaker,
            given.kind,
            asked=question.asked,
            answers=question.number,
            words=given.words,
            choice=given.choice,
            how=given.how,
            whose=given.whose,
            token=self._token(),
        )

    def _raise_flags(self, turn: Turn, asking: Asking) -> None:
        """Tell the team at once, with help or thanks before what is asked next, as the pages do."""
        found = list(self._tools.phrases.flags(turn.words)) if turn.kind is Kind.WORDS else []
        found += [FlagKind(one.flag) for one in asking.choices if one.id in turn.choice and one.flag]
        before = {kind for kind, _, _ in self.flags}
        self.flags += [(kind, turn.number, self.now) for kind in found]
        new = [kind for kind in found if kind not in before]
        if any(kind in self._tools.phrases.help_first for kind in new):
            self._aside("help_first", "carry_on")
        elif FlagKind.TOLD_WHAT_HAPPENED in new:
            self._beside("thank_you_for_telling", Kind.NOTICE)

    # --- beside the answers -------------------------------------------------------------------------------------------

    def _is_left_off(self, question: Turn) -> bool:
        if self._until is Until.END or self._answered != self._leaves_after:
            return False
        self._wait(20, 200)
        if self._until is Until.BREAK:
            self._control(Control.TAKE_A_BREAK, question.number)
        if self._until is Until.STOP:
            self._control(Control.STOP, question.number)
            self._aside("stop", Control.STOP_AND_KEEP)
            turn = self._add(self.speaker, Kind.CONTROL, choice=(Control.STOP_AND_KEEP.value,))
            self.flags.append((FlagKind.STOPPED_EARLY, turn.number, self.now))
            self.state = State.STOPPED
        return True

    def _break(self) -> None:
        """Take a break, and come back through the gate."""
        question = self.turns[-1]
        self._control(Control.TAKE_A_BREAK, question.number)
        self._wait(600, 200_000)
        for name, reply in zip(GATE, ("yes", "nobody", "yes"), strict=True):
            self._aside(name, reply)
        self._add(self.speaker, Kind.CONTROL, choice=(Control.COME_BACK.value,))
        self._beside("welcome_back", Kind.NOTICE, part=self._asking(question).part)

    def _look_again(self) -> None:
        """Change, add to or take back one answer, once everything is read back."""
        simple = [
            turn for turn in self.turns if turn.kind is Kind.WORDS and turn.asked in SIMPLE and turn.adds_to is None
        ]
        if not simple or self._draw.random() > 0.3:
            return
        turn = self._draw.choice(simple)
        self._wait(10, 90)
        more: dict[str, Any] = {"asked": turn.asked, "answers": turn.answers, "token": self._token()}
        said: dict[str, Any] = {"whose": turn.whose, "how": How.FREE_WORDS, **more}
        match self._draw.randrange(5):
            case 0:
                taken = self._add(self.speaker, Kind.TAKEN_BACK, replaces=turn.number, **more)
                self.flags.append((FlagKind.TAKEN_BACK, taken.number, self.now))
            case 1 | 2:
                self._control(Control.ADD_MORE, turn.answers, turn.number)
                said["token"] = self._token()
                self._add(self.speaker, Kind.WORDS, words=self._voice.added(), adds_to=turn.number, **said)
            case _:
                self._control(Control.CHANGE, turn.answers, turn.number)
                said["token"] = self._token()
                words = self._voice.otherwise(turn.asked or "")
                self._add(self.speaker, Kind.WORDS, words=words, replaces=turn.number, **said)

    def _control(self, control: Control, answers: int | None, about: int | None = None) -> None:
        choice = (control.value,) if about is None else (control.value, reference(about))
        self._add(self.speaker, Kind.CONTROL, answers=answers, choice=choice, token=self._token())

    def _aside(self, name: str, reply: str) -> None:
        aside = self._beside(name, Kind.ASIDE)
        self._wait(3, 30)
        answer = {"asked": name, "answers": aside.number, "choice": (str(reply),), "token": self._token()}
        self._add(self.speaker, Kind.REPLY, **answer)

    def _beside(self, name: str, kind: Kind, *, part: str = "") -> Turn:
        response = f"utter_{name}" if kind is Kind.NOTICE else f"utter_ask_{name}"
        asking = self._tools.interview.response(response, self.speaker, self.stage)
        return self._add(
            Speaker.BOT,
            kind,
            asked=name,
            words=asking.wording.replace("{part}", part),
            shown=tuple(choice.id for choice in asking.choices),
            asking=asking.to_json(),
        )

    def _wait(self, least: float, most: float) -> None:
        self.now += timedelta(seconds=round(self._draw.uniform(least, most), 3))

    def _token(self) -> str:
        return f"{DRAWN_BY}{len(self.turns) + 1}"

    def _add(self, speaker: Speaker, kind: Kind, **said: Any) -> Turn:
        turn = Turn(number=len(self.turns) + 1, speaker=speaker, kind=kind, said_at=self.now, **said)
        self.turns.append(turn)
        return turn

    # --- what becomes of it in the record, as custom actions keep it --------------------------------------------------

    def _act(self, name: str, slots: Slots) -> Sequence[str]:
        self._quotes += [Quote(RECORDS[slot], number, self.now) for slot, number in self._to_quote]
        self._to_quote.clear()
        match name:
            case "action_tell_more":
                told = f"utter_about_{slots['know_more']}"
                slots["know_more"] = None
                return (told,)
            case "action_keep_outcome":
                another = "yes" if slots.get("more_outcomes") == "yes" else "no"
                self._keep_outcome(slots)
                slots["another_outcome"] = another
            case "action_keep_cards":
                self._next_card(slots, None)
            case "action_keep_card_outcome":
                self._keep_outcome(slots)
                self._next_card(slots, slots["next_card"])
            case "action_keep_rank":
                self._keep_rank(slots)
            case "action_keep_plan":
                held = {slot: slots.get(slot) for slot in ("together", "apart", "plan_a", "plan_b", "plan_words")}
                self._keep_by(keep_plan_in, held)
            case "action_open_stage":
                self._open_stage(slots)
            case "action_keep_review":
                self._keep_review(slots, "outcome_now", REVIEW_SLOTS)
            case "action_keep_verdict":
                self._keep_review(slots, "happened", VERDICT_SLOTS)
        return ()

    def _keep_outcome(self, slots: Slots) -> None:
        said = self._latest.get("outcome")
        if said is not None and said.kind is Kind.WORDS:
            self._outcomes.append(_Outcome(said.number, said.words))
            sign, weight = (self._latest.get(slot) for slot in OUTCOME_SLOTS[1:])
            at, turn = self.now, said.number
            numbers = {
                "sign_turn": sign.number if sign is not None else None,
                "weight_turn": weight.number if weight is not None else None,
            }
            self._deeds.append(lambda kept: kept.outcomes.desire(self.conversation_id, turn, at, **numbers))
        self._let_go(slots, (*OUTCOME_SLOTS, "more_outcomes"))
        slots["outcome_count"] = self._count()

    def _count(self) -> str:
        return {0: "none_or_one", 1: "none_or_one", 2: "two"}.get(len(self._outcomes), "many")

    def _next_card(self, slots: Slots, after: str | None) -> None:
        chosen = self._latest["cards"]
        cards = [one for one in chosen.choice if one != "none_of_these"] if chosen.kind is Kind.CHOICE else []
        names = [f"card:{card}" for card in cards]
        rest = names[names.index(after) + 1 :] if after in names else names
        slots["next_card"] = rest[0] if rest else None
        slots["card_waiting"] = "yes" if rest else "no"
        slots["outcome_count"] = self._count()

    def _keep_rank(self, slots: Slots) -> None:
        chosen = self._latest["matters_most"]
        ranked = [*(slots.get("ranked") or ()), slots["matters_most"]]
        is_left = any(referred(one) is not None for one in chosen.choice) and len(self._to_rank()) > 1
        implied = "implied" if slots["outcome_count"] == "two" else None
        slots.update(matters_most=None, ranked=ranked, rank_again="yes" if is_left else "no")
        slots.update(apart=implied, plan_b=implied)
        if not is_left:
            heard, at = Heard(self.conversation_id, {}, self.stage, self.speaker), self.now
            self._deeds.append(lambda kept: _done(keep_rank_in(kept, heard, ranked, at)))

    def _keep_by(self, keep: Callable[[Transaction, Heard, datetime], None], held: Slots) -> None:
        heard, at = Heard(self.conversation_id, held, self.stage, self.speaker), self.now
        self._deeds.append(lambda kept: keep(kept, heard, at))

    def _open_stage(self, slots: Slots) -> None:
        shared = shared_by_the_person(self._told)
        known = communication_known_to(self._told, self.speaker, shared)
        found = outcomes_for(enquiry_outcomes(self._told), self.speaker, shared)
        self._reading_back = [(one.outcome_id, one.now.words) for one in found]
        if self.stage is Stage.CLOSING and slots.get("another_outcome") and not found:
            self._reading_back = list(self.wanted)
        slots["communication_known"] = "yes" if known else "no"
        self._read_back(slots, self._reading_back[0][0] if self._reading_back else None)

    def _keep_review(self, slots: Slots, leading: str, held: Sequence[str]) -> None:
        named = str(slots["next_outcome"]).removeprefix("outcome:")
        said, at = self._latest.get(leading), self.now
        numbers = {
            "again_turn": self._in_words("outcome_again"),
            "why_turn": self._in_words("outcome_why"),
            "difference_turn": self._in_words("outcome_difference") or self._in_words("difference"),
            "own_turn": own.number if (own := self._latest.get("practitioner_verdict")) is not None else None,
        }
        if said is not None:
            turn = said.number
            self._deeds.append(
                lambda kept: kept.reviews.keep(self.conversation_id, named, at, said_turn=turn, **numbers)
            )
        self._let_go(slots, held)
        ids = [one for one, _ in self._reading_back]
        rest = ids[ids.index(named) + 1 :] if named in ids else []
        self._read_back(slots, rest[0] if rest else None)

    def _in_words(self, slot: str) -> int | None:
        turn = self._latest.get(slot)
        return turn.number if turn is not None and turn.kind is Kind.WORDS else None

    def _read_back(self, slots: Slots, following: str | None) -> None:
        slots["next_outcome"] = f"outcome:{following}" if following else None
        slots["outcome_waiting"] = "yes" if following else "no"

    def _let_go(self, slots: Slots, held: Sequence[str]) -> None:
        for slot in held:
            slots[slot] = self._known.get(slot)
            self._latest.pop(slot, None)


def _done(_: object) -> None:
    """Take what a verb gives, where nobody needs it."""
