"""The statement: "My words", the person's own words on one page, and nothing that anybody else wrote.

To an advocate it is "What I passed on", and says of each answer whose words it is. No worker's notes are on it and no
safe-contact details: a copy may be found by someone it was not meant for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.conversation import REFERENCE, Answer, Kind, Said, Speaker, Stage, Standing, Turn, Whose
from bot.interview import Asking, Interview
from bot.outcomes import Outcome

WHOSE_WORDS = {
    Whose.OWN_WORDS: "The person's own words",
    Whose.UNDERSTOOD: "What I saw or understood",
    Whose.OWN_VIEW: "My own view",
}
"""How an advocate's copy says whose words it holds."""
IN_ENGLISH = "In English, through the interpreter:"
STAYS_HERE = "This copy stays on the device it was saved on."


@dataclass(frozen=True, slots=True)
class Voice:
    """Whose conversation it is, at which stage, and what was said before it that its questions name."""

    speaker: Speaker = Speaker.PERSON
    stage: Stage = Stage.FIRST
    meanings: Mapping[str, str] = field(default_factory=dict)
    """The latest words of each outcome that a question names (`outcome:3c_53`), by its id (`3c_53`)."""


THE_PERSON = Voice()


@dataclass(frozen=True, slots=True)
class Quote:
    """What was said, as it was said: words exactly, or the labels of what was chosen, or how it was skipped."""

    words: str | None = None
    chosen: tuple[str, ...] = ()
    skipped: str | None = None
    number: int = 0
    """The number of the turn that first said it."""
    is_addition: bool = False
    whose: Whose | None = None
    original: str = ""
    """What was said in the person's own language, where `words` is the interpreter's English."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A question and what was said to it."""

    name: str
    question: str
    quotes: tuple[Quote, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the interview."""

    heading: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One thing that is wanted, and its place in the person's own order. What matters the same has the same place."""

    place: int
    words: str


@dataclass(frozen=True, slots=True)
class Statement:
    """All of it, dated and numbered, with the digest of the record it was made from."""

    begun_at: datetime
    last_said_at: datetime
    number: str
    digest: str
    sections: tuple[Section, ...]
    own_order: tuple[Wanted, ...]
    """What the person wants, in the person's own order, most important first; empty where there is no order."""
    plan_a: str | None
    plan_b: str | None
    speaker: Speaker = Speaker.PERSON
    said_on: date | None = None
    """The day on which it was said, where it was put in from paper later."""

    @property
    def heading(self) -> str:
        """What the copy is called: what is on it decides, not who holds it."""
        return "What I passed on" if self.speaker is Speaker.ADVOCATE else "My words"

    @property
    def dated(self) -> str:
        """Say when this was said and written down."""
        first, last = (f"{at.day} {at:%B %Y}" for at in (self.begun_at, self.last_said_at))
        written = f"on {first}" if first == last else f"from {first} to {last}"
        if self.said_on is None:
            return f"Written down {written}."
        return f"Said on {self.said_on.day} {self.said_on:%B %Y}, on paper. Put in here {written}."


def said_so_far(
    standing: Standing, interview: Interview, texts: Mapping[str, str], *, for_copy: bool, voice: Voice = THE_PERSON
) -> tuple[Section, ...]:
    """Give everything in effect by parts, in the order of the conversation. Raw words; pages escape them."""
    sections: dict[str, list[Entry]] = {}
    order = {number: place for place, number in enumerate(standing.path)}
    answers = sorted(standing.answers, key=lambda answer: (order.get(answer.number, len(order)), answer.number))
    for answer in answers:
        asking = Asking.from_json(answer.question.asking)
        if not asking.on_check or (for_copy and not _may_stand_on_copy(asking, voice)):
            continue
        if answer.number not in order and answer.current.kind is not Kind.WORDS:
            continue
        entry = Entry(
            name=answer.question.asked or "",
            question=in_words(answer.question.words, standing, interview, texts, voice),
            quotes=tuple(_quotes(answer, asking, standing, skips=not for_copy, interview=interview, voice=voice)),
        )
        if entry.quotes:
            sections.setdefault(asking.part, []).append(entry)
    return tuple(Section(heading, tuple(entries)) for heading, entries in sections.items())


def statement(
    standing: Standing,
    outcomes: tuple[Outcome, ...],
    interview: Interview,
    texts: Mapping[str, str],
    *,
    begun_at: datetime,
    last_said_at: datetime,
    conversation_id: str,
    head: bytes,
    voice: Voice = THE_PERSON,
    said_on: date | None = None,
) -> Statement:
    """Make the statement as it stands now. Everything taken back leaves it empty."""
    taken_back = standing.is_everything_taken_back
    everything = () if taken_back else said_so_far(standing, interview, texts, for_copy=True, voice=voice)
    there = () if taken_back else outcomes
    ranked = sorted((outcome for outcome in there if (outcome.rank or "").isdigit()), key=lambda o: int(o.rank or 0))
    plans = {outcome.plan: outcome.answer.current.words for outcome in there if outcome.plan}
    return Statement(
        begun_at=begun_at,
        last_said_at=last_said_at,
        number=f"{conversation_id[:4]}-{conversation_id[4:8]}-{standing.last}".upper(),
        digest=head.hex(),
        sections=everything,
        own_order=tuple(Wanted(int(outcome.rank or 0), outcome.answer.current.words) for outcome in ranked),
        plan_a=plans.get("a"),
        plan_b=plans.get("b"),
        speaker=voice.speaker,
        said_on=said_on,
    )


def as_text(made: Statement) -> str:
    """Give the statement as plain text. The person's words stand between lines of their own, exactly as said."""
    lines = [made.heading, "", made.dated, f"Number {made.number}", STAYS_HERE, ""]
    for section in made.sections:
        lines += ["", section.heading, "=" * len(section.heading)]
        for entry in section.entries:
            lines += ["", entry.question, ""]
            for quote in entry.quotes:
                lines += [*_lines(quote), ""]
    if made.own_order:
        lines += ["", "What matters most, first to last", ""]
        lines += [f"{wanted.place}. {wanted.words}" for wanted in made.own_order]
    if made.plan_a is not None:
        lines += ["", "To try first", "", made.plan_a]
    if made.plan_b is not None:
        lines += ["", "If that cannot happen", "", made.plan_b]
    lines += ["", "", f"Check number: {made.digest}", ""]
    return "\n".join(lines)


def _lines(quote: Quote) -> Iterator[str]:
    if quote.whose is not None:
        yield f"{WHOSE_WORDS[quote.whose]}:"
    if quote.original:
        yield from (quote.original, "", IN_ENGLISH)
    if quote.words is not None:
        yield quote.words
    yield from (f"- {label}" for label in quote.chosen)
    if quote.skipped:
        yield f"({quote.skipped})"


def in_words(
    wording: str, standing: Standing, interview: Interview, texts: Mapping[str, str], voice: Voice = THE_PERSON
) -> str:
    """Put into a wording what its references stand for, in quotation marks, and the settings' texts."""
    for name, text in texts.items():
        wording = wording.replace(f"[[{name}]]", text)
    return REFERENCE.sub(lambda found: _meaning(found[0], standing, interview, voice), wording)


def label(choice: str, asking: Asking, standing: Standing, interview: Interview, voice: Voice = THE_PERSON) -> str:
    """Say what a choice is called; one that refers to something said is that, in quotation marks."""
    if REFERENCE.fullmatch(choice):
        return _meaning(choice, standing, interview, voice)
    return next((offered.label for offered in asking.choices if offered.id == choice), choice)


def _may_stand_on_copy(asking: Asking, voice: Voice) -> bool:
    """What a practitioner is asked about themselves is not the person's: only what was read out to the person is."""
    is_the_persons = voice.speaker is not Speaker.PRACTITIONER or bool(asking.tips)
    return asking.on_copy and is_the_persons and not asking.private


def _meaning(name: str, standing: Standing, interview: Interview, voice: Voice) -> str:
    kind, _, rest = name.partition(":")
    if kind == "card":
        cards = interview.response("utter_ask_cards", voice.speaker, voice.stage).choices
        return next((card.label for card in cards if card.id == rest), rest)
    if kind == "outcome":
        return f"“{voice.meanings[rest]}”" if rest in voice.meanings else "…"
    answer = standing.answer(int(rest))
    return f"“{answer.current.words}”" if answer is not None and answer.current.kind is Kind.WORDS else "…"


def _quotes(
    answer: Answer, asking: Asking, standing: Standing, *, skips: bool, interview: Interview, voice: Voice
) -> list[Quote]:
    found = []
    for said in (answer.said, *answer.additions):
        quote = _quote(said, asking, standing, skips=skips, interview=interview, voice=voice)
        if quote is not None:
            found.append(quote)
    return found


def _quote(
    said: Said, asking: Asking, standing: Standing, *, skips: bool, interview: Interview, voice: Voice
) -> Quote | None:
    turn: Turn = said.current
    number = said.first.number
    is_addition = said.first.adds_to is not None
    match turn.kind:
        case Kind.WORDS:
            return Quote(
                words=turn.words, number=number, is_addition=is_addition, whose=turn.whose, original=turn.original
            )
        case Kind.CHOICE:
            labels = tuple(label(choice, asking, standing, interview, voice) for choice in turn.choice)
            return Quote(chosen=labels, number=number, is_addition=is_addition, whose=turn.whose)
        case Kind.SKIP if skips:
            return Quote(skipped=turn.choice[0], number=number)
        case _:
            return None
