"""Enquiries drawn at random, put into a store, and counted slowly: from what was put in, and with nothing of the app's.

What the slow count says is what the definitions of the measures say, enquiry by enquiry.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from bot.conversation import Control, Kind, Speaker, Stage
from bot.enquiry import outcome_id
from bot.figures import ALL, EXPERIENCES, GROUPS, MEASURES, By, Spoken, Table
from bot.records import RecordKind
from bot.store import EntryKind, Transaction

BEGUN = datetime(2025, 1, 6, 9, tzinfo=UTC)
"""When somebody first says something."""
CHECKED_IN = BEGUN + timedelta(days=5)
CLOSED = BEGUN + timedelta(days=9)
RECORDED = BEGUN + timedelta(days=10)
RECORDED_BEFORE = BEGUN - timedelta(days=2)
VOICES = (Speaker.PERSON, Speaker.ADVOCATE)

OUTCOMES = {"all_of_it": "fully", "some_of_it": "partly", "no": "not"}
STATES = ("asked_expressed", "asked_none_yet", "declined", "could_not_today", "not_asked", "not_known")
CELL_OF = {
    "asked_expressed": "asked_expressed",
    "asked_none_yet": "asked_no_outcomes",
    "declined": "asked_no_outcomes",
    "could_not_today": "no",
    "not_asked": "no",
    "not_known": "not_known",
    "": "not_recorded",
}
SKIPPED = {
    "do_not_know": "asked_none_yet",
    "later": "asked_none_yet",
    "not_for_me": "asked_none_yet",
    "do_not_want_to_say": "declined",
    "asked_none_yet": "asked_none_yet",
    "declined": "declined",
    "could_not_today": "could_not_today",
    "not_asked": "not_asked",
}
"""What not answering the question what they want comes to."""
SKIP = "no_answer"
ANSWERS = {
    "involvement": ("as_much_as_possible", "some_of_it", "just_tell_me", "someone_to_speak_for_me", "not_sure", SKIP),
    "safer_than_before": ("safer", "the_same", "less_safe", "not_sure", SKIP),
    **dict.fromkeys(EXPERIENCES, ("yes_a_lot", "a_bit", "no", "not_sure", SKIP)),
}
QUESTION_OF = {
    "part_wanted": "involvement",
    "safer_at_closing": "safer_than_before",
    "involved": "as_involved",
    "safer": "feel_safer",
    "experience_understood_worries": "understood_worries",
    "experience_understood_information": "understood_information",
    "experience_listened_to": "listened_to",
    "experience_worked_together": "worked_together",
    "experience_happy_with_end": "happy_with_end",
}
STAGE_OF = {"involvement": (Stage.FIRST, BEGUN), "safer_than_before": (Stage.CLOSING, CLOSED)}
AFTERWARDS = (Stage.EXPERIENCE, BEGUN + timedelta(days=20))
AGAIN = timedelta(days=3)
"""How much later somebody answers the same again."""


@dataclass
class Put:
    """What was put into the store of one enquiry."""

    team: int
    closed_on: date | None
    about: dict[str, str] = field(default_factory=dict)
    concern: int | None = None
    """Days from the day of the concern to that of the first words."""
    by_practitioner: bool = False
    """Whether a practitioner wrote down what the person said."""
    wanted: dict[Speaker, list[str]] = field(default_factory=dict)
    """By who spoke: for each thing wanted, what was said of it at the closing review; empty for nothing."""
    later: dict[Speaker, list[str]] = field(default_factory=dict)
    """By who spoke: for each thing wanted, what was said of it at a check-in; empty for nothing."""
    new: dict[Speaker, int] = field(default_factory=dict)
    """By who spoke: how many things were wanted for the first time at the check-in."""
    own: dict[Speaker, list[str]] = field(default_factory=dict)
    """For each thing wanted, what a practitioner said at the closing review of whether it happened."""
    recorded_own: list[tuple[Speaker, int, str, datetime]] = field(default_factory=list)
    """What a practitioner recorded of it: of whose, of the which, and when."""
    talked_through: list[tuple[Speaker, int, str]] = field(default_factory=list)
    """What came of talking something wanted through."""
    overall: dict[Speaker, str] = field(default_factory=dict)
    skipped: dict[Speaker, str] = field(default_factory=dict)
    """How the question what they want was left unanswered, by those who wanted nothing."""
    taken_back: bool = False
    """Whether the person said something else before all of it, and took the whole conversation back."""
    state: str = ""
    state_at: datetime = RECORDED
    whom: str = "person"
    reason: str = ""
    capacity: list[tuple[str, str]] = field(default_factory=list)
    put_right: bool = False
    """Whether a conclusion about capacity was recorded first that another took the place of."""
    risk: tuple[str, str] = ("", "")
    way: str = ""
    days: frozenset[str] = frozenset()
    """Of an advocate: offered, referred, arrived."""
    natures: list[tuple[str, str, str]] = field(default_factory=list)
    """Of each wish that was not followed: why, on which ground, and whether the person was told."""
    answers: dict[tuple[Speaker, str], list[str]] = field(default_factory=dict)
    """By who spoke and question: what was answered, each time."""
    themes: list[tuple[Speaker, int, tuple[str, ...]]] = field(default_factory=list)
    """Each time that themes were put to something wanted, in order; `own` is one of the team's own."""
    enquiry_id: str = ""
    spoke: dict[Speaker, list[date]] = field(default_factory=dict)
    """By who spoke: the days on which they said something. Found while it is put in."""


def drawn(draw: random.Random) -> Put:
    """Draw an enquiry."""
    day = date(2025, 2, 1) + timedelta(days=draw.randrange(450))
    put = Put(team=draw.randrange(4), closed_on=draw.choice((day, day, day, None)))
    if draw.random() < 0.85:
        put.about["kind"] = draw.choice(("section_42", "section_42", "section_42", "other"))
        for by in (By.AGE_BAND, By.SEX, By.ETHNICITY, By.SUPPORT_REASON):
            if draw.random() < 0.8:
                put.about[by.value] = draw.choice(GROUPS[by][:-1]).id
        put.concern = draw.choice((None, -1, 0, 1, 2, 7, 8, 14, 15, 28, 29, 90))
    put.by_practitioner = draw.random() < 0.3
    put.taken_back = draw.random() < 0.1
    for speaker in VOICES:
        _draw_wanted(draw, put, speaker)
        for question, answers in ANSWERS.items():
            if draw.random() < 0.4:
                put.answers[speaker, question] = [draw.choice(answers) for _ in range(draw.choice((1, 1, 2)))]
    put.state = draw.choice(("", *STATES, "asked_expressed"))
    put.state_at = draw.choice((RECORDED, RECORDED_BEFORE))
    put.whom = draw.choice(("person", "representative", "both"))
    put.reason = draw.choice(("", "died", "not_safe"))
    put.capacity = [
        (draw.choice(("lacked", "did_not_lack", "not_known")), draw.choice(("advocate", "friend", "nobody", "")))
        for _ in range(draw.choice((0, 1, 1, 2)))
    ]
    put.put_right = draw.random() < 0.2
    put.risk = draw.choice(
        (("", ""), ("identified_action", "reduced"), ("identified_no_action", ""), ("ceased", ""), ("none_action", ""))
    )
    put.way = draw.choice(("", "advocate", "advocate", "appropriate", "nobody_needed", "undecided"))
    put.days = frozenset(one for one in ("offered", "referred", "arrived") if draw.random() < 0.6)
    put.natures = [
        (*draw.choice((("acted_against", "crime"), ("acted_against", "marac"), ("cannot_be_done", ""))), told)
        for told in draw.choices(("told", "told", "not_yet"), k=draw.choice((0, 0, 1, 2)))
    ]
    return put


def _draw_wanted(draw: random.Random, put: Put, speaker: Speaker) -> None:
    if draw.random() < 0.5:
        number = draw.randint(1, 3)
        checked = ("", "", "still_want", "say_differently", "no_longer_want", "has_happened")
        put.later[speaker] = [draw.choice(checked) for _ in range(number)]
        put.wanted[speaker] = [
            "" if later == "no_longer_want" else draw.choice(("", *OUTCOMES, "not_sure", SKIP))
            for later in put.later[speaker]
        ]
        put.own[speaker] = [draw.choice(("", *OUTCOMES, "not_sure")) if said else "" for said in put.wanted[speaker]]
        put.new[speaker] = draw.choice((0, 0, 1, 2))
    elif draw.random() < 0.3:
        put.skipped[speaker] = draw.choice(list(SKIPPED))
    if draw.random() < 0.3:
        put.overall[speaker] = draw.choice((*OUTCOMES, "not_sure"))
    for place in range(len(put.wanted.get(speaker, ()))):
        if draw.random() < 0.3:
            at = draw.choice((CLOSED - timedelta(days=1), RECORDED))
            put.recorded_own.append((speaker, place, draw.choice((*OUTCOMES, "not_sure")), at))
        if draw.random() < 0.2:
            put.talked_through.append((speaker, place, draw.choice(("agreed", "as_said", "not_agreed"))))
        for _ in range(draw.choice((0, 0, 1, 2))):
            put.themes.append(
                (speaker, place, draw.choice((("safer",), ("justice", "own"), ("own",), ("none_of_these",))))
            )


class Filling:
    """Puts enquiries into a store."""

    def __init__(self, kept: Transaction, account_id: str, teams: Sequence[str]) -> None:
        self.kept = kept
        self.account_id = account_id
        self.teams = teams

    def puts(self, put: Put) -> None:
        """Put one in."""
        put.enquiry_id = self.kept.enquiries.open(BEGUN - timedelta(days=7))
        if put.team < len(self.teams):
            self.kept.allocations.give_team(put.enquiry_id, self.teams[put.team], None, BEGUN)
        if put.taken_back:
            self.takes_back(put)
        outcomes = {speaker: self.wants(put, speaker, len(said)) for speaker, said in put.wanted.items()}
        for speaker, skip in put.skipped.items():
            at = BEGUN + VOICES.index(speaker) * timedelta(hours=1)
            self.says(put, self.begins(put, Stage.FIRST, speaker, at), speaker, "outcome", skip, at)
        for speaker, found in outcomes.items():
            self.checks_in(put, speaker, found)
        for speaker in VOICES:
            if speaker in put.wanted or speaker in put.overall:
                self.closes(put, speaker, outcomes.get(speaker, []))
        for (speaker, question), said in put.answers.items():
            stage, at = STAGE_OF.get(question, AFTERWARDS)
            for times, answer in enumerate(said):
                conversation_id = self.begins(put, stage, speaker, at + times * AGAIN)
                self.says(put, conversation_id, speaker, question, answer, at + times * AGAIN)
        self.records(put, outcomes)
        if put.closed_on is not None:
            self.kept.enquiries.close(put.enquiry_id, datetime.combine(put.closed_on, datetime.min.time(), UTC))

    def begins(self, put: Put, stage: Stage, speaker: Speaker, at: datetime) -> str:
        """Begin a conversation."""
        return self.kept.conversations.begin(
            stage=stage, speaker=_who(put, speaker), begun_at=at, interview_version="1", enquiry_id=put.enquiry_id
        )

    def says(self, put: Put, conversation_id: str, speaker: Speaker, asked: str, said: str, at: datetime) -> int:
        """Ask, and answer. Returns the number of the answer."""
        put.spoke.setdefault(speaker, []).append(at.date())
        kept = self.kept.conversations
        question = kept.add(conversation_id, speaker=Speaker.BOT, kind=Kind.QUESTION, said_at=at, asked=asked)
        kind, words, choice = Kind.CHOICE, "", (said,)
        if not said:
            kind, words, choice = Kind.WORDS, "I want my key back", ()
        elif said == SKIP or (asked == "outcome" and said in SKIPPED):
            kind, choice = Kind.SKIP, ("do_not_know" if said == SKIP else said,)
        turn = kept.add(
            conversation_id,
            speaker=_who(put, speaker),
            kind=kind,
            said_at=at,
            asked=asked,
            answers=question.number,
            words=words,
            choice=choice,
        )
        return turn.number

    def wants(self, put: Put, speaker: Speaker, number: int) -> list[str]:
        """Say for the first time what is wanted."""
        conversation_id = self.begins(put, Stage.FIRST, speaker, BEGUN)
        return [self.wants_one(put, conversation_id, speaker, BEGUN) for _ in range(number)]

    def wants_one(self, put: Put, conversation_id: str, speaker: Speaker, at: datetime) -> str:
        """Say one thing that is wanted."""
        turn = self.says(put, conversation_id, speaker, "outcome", "", at)
        self.kept.outcomes.desire(conversation_id, turn, at)
        return outcome_id(conversation_id, turn)

    def takes_back(self, put: Put) -> None:
        """Say something before anything else, and take all of it back: then none of it was said."""
        at = BEGUN - timedelta(days=6)
        conversation_id = self.begins(put, Stage.FIRST, Speaker.PERSON, at)
        self.wants_one(put, conversation_id, Speaker.PERSON, at)
        self.says(put, conversation_id, Speaker.PERSON, "involvement", "just_tell_me", at)
        put.spoke.clear()
        self.kept.conversations.add(
            conversation_id,
            speaker=_who(put, Speaker.PERSON),
            kind=Kind.CONTROL,
            said_at=at,
            choice=(Control.STOP_AND_TAKE_BACK,),
        )

    def checks_in(self, put: Put, speaker: Speaker, outcomes: Sequence[str]) -> None:
        """Say how it is now with what was wanted, and what is wanted beside it."""
        later = put.later.get(speaker, [])
        new = put.new.get(speaker, 0)
        if not any(later) and not new:
            return
        conversation_id = self.begins(put, Stage.CHECK_IN, speaker, CHECKED_IN)
        for named, answer in zip(outcomes, later, strict=True):
            if answer:
                said = self.says(put, conversation_id, speaker, "still_want", answer, CHECKED_IN)
                is_other = answer == "say_differently"
                again = self.says(put, conversation_id, speaker, "outcome_again", "", CHECKED_IN) if is_other else None
                self.kept.reviews.keep(conversation_id, named, CHECKED_IN, said_turn=said, again_turn=again)
        for _ in range(new):
            self.wants_one(put, conversation_id, speaker, CHECKED_IN)

    def closes(self, put: Put, speaker: Speaker, outcomes: Sequence[str]) -> None:
        """Say in the end whether it happened."""
        conversation_id = self.begins(put, Stage.CLOSING, speaker, CLOSED)
        verdicts = put.wanted.get(speaker, [])
        for named, verdict, own in zip(outcomes, verdicts, put.own.get(speaker) or [""] * len(verdicts), strict=True):
            if verdict:
                said = self.says(put, conversation_id, speaker, "happened", verdict, CLOSED)
                seen = self.says(put, conversation_id, speaker, "own_verdict", own, CLOSED) if own else None
                self.kept.reviews.keep(conversation_id, named, CLOSED, said_turn=said, own_turn=seen)
        if speaker in put.overall:
            self.says(put, conversation_id, speaker, "overall", put.overall[speaker], CLOSED)

    def records(self, put: Put, outcomes: dict[Speaker, list[str]]) -> None:
        """Record what the team records."""
        if put.about:
            concern = {} if put.concern is None else {"concern_on": str(BEGUN.date() - timedelta(days=put.concern))}
            self.record(put, RecordKind.ABOUT, RECORDED, put.about | concern)
        if put.state:
            why = {"reason": put.reason} if put.reason and put.state in {"could_not_today", "not_asked"} else {}
            whom = {"whom": put.whom} if _was_asked(put.state) else {}
            self.record(put, RecordKind.ASKED, put.state_at, {"state": put.state, **why, **whom})
        earlier = self.record(put, RecordKind.CAPACITY, RECORDED, {"result": "lacked"}) if put.put_right else None
        if put.put_right and not put.capacity:
            self.record(put, RecordKind.CAPACITY, RECORDED, {}, replaces=earlier)
        for place, (result, support) in enumerate(put.capacity):
            given = {"supported_by": support} if support and result == "lacked" else {}
            chosen = {"result": result, **given}
            self.record(put, RecordKind.CAPACITY, RECORDED, chosen, replaces=None if place else earlier)
        if put.risk[0]:
            outcome = {"outcome": put.risk[1]} if put.risk[1] else {}
            self.record(put, RecordKind.RISK, RECORDED, {"assessment": put.risk[0], **outcome})
        if put.way:
            days = {f"{one}_on": "2025-01-10" for one in put.days} if put.way == "advocate" else {}
            self.record(put, RecordKind.ADVOCACY, RECORDED, {"way": put.way, **days})
        for nature, ground, told in put.natures:
            given = {"ground": ground} if ground else {}
            self.record(put, RecordKind.WISH_NOT_FOLLOWED, RECORDED, {"nature": nature, "told": told, **given})
        for speaker, place, result in put.talked_through:
            self.record(put, RecordKind.NEGOTIATION, RECORDED, {"result": result}, about=outcomes[speaker][place])
        for speaker, place, happened, at in put.recorded_own:
            self.record(put, RecordKind.VERDICT, at, {"happened": happened}, about=outcomes[speaker][place])
        for speaker, place, themes in put.themes:
            self.kept.entries.add(
                kind=EntryKind.THEME,
                what="themes",
                account_id=self.account_id,
                now=RECORDED,
                enquiry_id=put.enquiry_id,
                outcome_id=outcomes[speaker][place],
                choices={"themes": tuple(one for one in themes if one != "own")},
                words={"own": "To have the garden gate mended"} if "own" in themes else {},
            )

    def record(
        self,
        put: Put,
        kind: RecordKind,
        at: datetime,
        chosen: dict[str, str],
        *,
        about: str | None = None,
        replaces: int | None = None,
    ) -> int:
        """Make one record. Returns its number."""
        entry = self.kept.entries.add(
            kind=EntryKind.RECORD,
            what=kind.value,
            account_id=self.account_id,
            now=at,
            enquiry_id=put.enquiry_id,
            outcome_id=about,
            choices={name: (value,) for name, value in chosen.items()},
            replaces=replaces,
        )
        return entry.number


def _who(put: Put, speaker: Speaker) -> Speaker:
    return Speaker.PRACTITIONER if speaker is Speaker.PERSON and put.by_practitioner else speaker


# --- the slow count --------------------------------------------------------------------------------------------------


def _was_asked(state: str) -> bool:
    return CELL_OF[state] in {"asked_expressed", "asked_no_outcomes"}


def rolled_up(said: Sequence[str]) -> str:
    """What answers for each thing wanted come to, by the rule as it is told to people; empty for nothing."""
    if not set(OUTCOMES) & set(said):
        return ""
    if set(said) == {"all_of_it"}:
        return "fully"
    return "partly" if {"all_of_it", "some_of_it"} & set(said) else "not"


def in_the_end(put: Put, speaker: Speaker) -> list[str]:
    """What one of them said at the closing review of each thing that they still wanted."""
    said = put.wanted.get(speaker, [])
    later = put.later.get(speaker) or [""] * len(said)
    still = [one for one, at_check_in in zip(said, later, strict=True) if at_check_in != "no_longer_want"]
    return still + [""] * put.new.get(speaker, 0)


def all_said(put: Put, speaker: Speaker) -> str:
    """What it comes to as one of them says it."""
    overall = put.overall.get(speaker, "")
    return OUTCOMES[overall] if overall in OUTCOMES else rolled_up(in_the_end(put, speaker))


def happened(put: Put, speaker: Speaker) -> list[str]:
    """Of each thing still wanted, whether they said that it happened: in the end, or at a check-in."""
    said = put.wanted.get(speaker, [])
    later = put.later.get(speaker) or [""] * len(said)
    found = ["not_said"] * put.new.get(speaker, 0)
    for in_end, at_check_in in zip(said, later, strict=True):
        if at_check_in != "no_longer_want":
            is_there = at_check_in == "has_happened" and not in_end
            found.append("all_of_it" if is_there else "not_said" if in_end in {"", SKIP} else in_end)
    return found


def still_wanted(put: Put, speaker: Speaker) -> tuple[date, ...]:
    """On which days one of them first said what they want, and what has not happened as they say."""
    said = put.wanted.get(speaker, [])
    later = put.later.get(speaker) or [""] * len(said)
    found = []
    for in_end, at_check_in in zip(said, later, strict=True):
        is_over = at_check_in == "has_happened" and in_end not in {"some_of_it", "no"}
        if at_check_in != "no_longer_want" and in_end != "all_of_it" and not is_over:
            found.append(BEGUN.date())
    return (*found, *[CHECKED_IN.date()] * put.new.get(speaker, 0))


def practitioners_views(put: Put) -> list[str]:
    """Of each thing still wanted, by whoever, what a practitioner said last; empty for nothing."""
    found = []
    for speaker in VOICES:
        said = put.wanted.get(speaker, [])
        for place in range(len(said)):
            if put.later.get(speaker) and put.later[speaker][place] == "no_longer_want":
                continue
            view = put.own[speaker][place] if put.own.get(speaker) else ""
            recorded = [one for one in put.recorded_own if one[:2] == (speaker, place)]
            if recorded and (not view or recorded[-1][3] >= CLOSED):
                view = recorded[-1][2]
            found.append(view)
        found += [""] * put.new.get(speaker, 0)
    return found


def stood_last(put: Put) -> tuple[str, bool]:
    """Whether somebody was asked, as it was said or recorded last, and whether a record says so."""
    said = ""
    if put.wanted:
        said = "asked_expressed"
    elif put.skipped:
        # Whoever speaks for the person is asked later that day.
        said = SKIPPED[put.skipped.get(Speaker.ADVOCATE) or put.skipped[Speaker.PERSON]]
    if put.state and (not said or put.state_at == RECORDED):
        return put.state, True
    return said, False


def slow(put: Put, measure: str, spoken: Spoken) -> list[str] | None:  # noqa: PLR0912 a measure each
    """Name the cells of an enquiry; None where it is not in the base."""
    speaker = Speaker.PERSON if spoken is Spoken.PERSON else Speaker.ADVOCATE
    is_42 = put.about.get("kind") == "section_42"
    state, is_recorded = stood_last(put)
    results = [result for result, _ in put.capacity]
    capacity = next((one for one in ("lacked", "did_not_lack", "not_known") if one in results), "not_recorded")
    persons, others = all_said(put, Speaker.PERSON), all_said(put, Speaker.ADVOCATE)
    wants = speaker in put.wanted
    match measure:
        case "asked":
            return [CELL_OF[state]] if is_42 else None
        case "state":
            return [state or "not_recorded"] if is_42 else None
        case "achieved":
            found = persons or others
            return [found] if is_42 and state == "asked_expressed" and found else None
        case "decided_by":
            if not (is_42 and state == "asked_expressed" and (persons or others)):
                return None
            if not persons:
                return ["representative"]
            return ["person_overall" if put.overall.get(Speaker.PERSON) in OUTCOMES else "person_each"]
        case "achieved_said":
            found = all_said(put, speaker)
            return [found] if found else None
        case "own_overall":
            found = rolled_up(practitioners_views(put))
            return [found] if found else None
        case "capacity":
            return [capacity] if is_42 else None
        case "supported":
            yes = any(result == "lacked" and by in {"advocate", "friend"} for result, by in put.capacity)
            return (["supported"] if yes else []) if is_42 and capacity == "lacked" else None
        case "risk_assessment":
            return [put.risk[0]] if is_42 and put.risk[0] else None
        case "risk":
            return [put.risk[1]] if is_42 and put.risk[1] else None
        case "whom":
            asked = {Speaker.PERSON: "person", Speaker.ADVOCATE: "representative"}
            whom = {asked[one] for one in (*put.wanted, *put.skipped)}
            if put.state and _was_asked(put.state):
                whom |= {"person", "representative"} if put.whom == "both" else {put.whom}
            if not _was_asked(state) or not whom:
                return None
            return ["both"] if len(whom) == 2 else sorted(whom)
        case "why_not_asked":
            if CELL_OF[state] != "no":
                return None
            return [(put.reason if is_recorded else "") or "not_recorded"]
        case "outcomes":
            return happened(put, speaker) or None if wants else None
        case "changed":
            if not wants:
                return None
            said = {"say_differently": "said_differently", "no_longer_want": "no_longer"}
            changes = {said[one] for one in put.later.get(speaker, []) if one in said}
            changes |= {"something_new"} if put.new.get(speaker) else set()
            agreed = any(who is speaker and result == "agreed" for who, _, result in put.talked_through)
            return sorted(changes | ({"negotiated"} if agreed else set()))
        case "themes":
            latest = {place: themes for who, place, themes in put.themes if who is speaker}
            return sorted({one for themes in latest.values() for one in themes}) if latest else None
        case "not_followed":
            return sorted({nature for nature, *_ in put.natures})
        case "not_followed_grounds":
            against = [ground for nature, ground, _ in put.natures if nature == "acted_against"]
            return sorted(set(against)) if against else None
        case "not_followed_told":
            told = [one for *_, one in put.natures]
            return (["told"] if set(told) == {"told"} else ["not_yet"]) if told else None
        case "advocacy":
            return [put.way or "not_recorded"]
        case "advocates":
            return sorted(put.days) if put.way == "advocate" else None
        case "wait":
            if put.concern is None or not put.about or speaker not in put.spoke:
                return None
            days = (min(put.spoke[speaker]) - BEGUN.date()).days + put.concern
            within = {1: "same_day", 7: "week", 14: "fortnight", 28: "four_weeks"}
            return None if days < 0 else [next((cell for most, cell in within.items() if days <= most), "longer")]
        case _:
            answers = put.answers.get((speaker, QUESTION_OF[measure]), [])
            return answers[-1:] or None


def group_of(put: Put, by: By, teams: Sequence[str]) -> str:
    """Name the column of an enquiry."""
    assert put.closed_on is not None
    match by:
        case By.NOTHING:
            return ALL
        case By.QUARTER:
            first = 3 * ((put.closed_on.month - 1) // 3) + 1
            return f"{put.closed_on.year}-{first:02}"
        case By.TEAM:
            return teams[put.team] if put.team < len(teams) else teams[0]
        case _:
            return put.about.get(by.value, "not_recorded")


def agrees(table: Table, among: Sequence[Put], by: By, teams: Sequence[str]) -> None:
    """See that a table says what the slow count says of these enquiries, cell by cell."""
    for column in table.columns:
        here = [put for put in among if column.id == ALL or group_of(put, by, teams) == column.id]
        cells = [found for put in here if (found := slow(put, table.measure.id, table.spoken)) is not None]
        known = {cell.id for cell in MEASURES[table.measure.id].cells}
        assert known.issuperset(one for found in cells for one in found), table.measure.id
        for cell in table.measure.cells:
            expected = sum(found.count(cell.id) for found in cells)
            assert table.counts[cell.id, column.id] == expected, (table.measure.id, table.spoken, cell.id, column.id)
        expected = sum(map(len, cells)) if table.measure.is_exclusive else len(cells)
        assert table.base[column.id] == expected, (table.measure.id, table.spoken, column.id)
