"""What other programs are given of enquiries. What each was given is in the audit before it is.

What a program may not have, and what is not there, is answered alike: `NotAllowed` and `Missing` mean the same here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.connecting import answers
from bot.connecting.tokens import NotLetIn, about_program
from bot.enquiry import EnquiryOutcome, Told, Verdict, Voice, Wording, enquiry_outcomes
from bot.exporting import taken_back_turns
from bot.programs import Grant, Program, is_for, may_have
from bot.review import proposed_in
from bot.reviewing import seeing
from bot.reviewing.reading import meaning_in
from bot.reviewing.transcript import Exchange, Shown, Thing, text_of, transcript
from bot.reviewing.transcript import Wording as Said
from bot.roles import Act, NotAllowed, Place
from bot.store import AuditAct, Audited, Conversation, EntryKind, Scope, Store, Transaction

MOST = 100
"""Enquiries of one page at most."""


class Being(StrEnum):
    """Whether an enquiry is being worked on."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Given:
    """What of something a program is given, for the audit."""

    what: str
    """A fixed word."""
    team_id: str | None = None
    enquiry_id: str | None = None
    conversation_id: str | None = None


WITHOUT = Shown(private=False, safe_contact=False)
"""No practitioner's own notes, and nothing of how somebody can be reached."""


# --- the token itself ------------------------------------------------------------------------------------------------


def told_of_token(store: Store, program: Program, now: datetime) -> answers.TokenTold:
    """Say what a token is for. Raises NotLetIn."""
    with store.reading() as seen:
        token = seen.tokens.get(program.token_id)
        teams = [one for one in seen.teams.listed(closed=True) if one.team_id in token.team_ids]
    give(store, program, [Given("token")], now)
    return answers.TokenTold(
        name=token.name,
        scopes=tuple(sorted(token.grants)),
        teams=tuple(answers.Team(one.team_id, one.name) for one in teams),
        valid_until=token.valid_until,
    )


# --- enquiries -------------------------------------------------------------------------------------------------------


def enquiries(
    store: Store,
    program: Program,
    now: datetime,
    *,
    being: Being | None = None,
    team_id: str | None = None,
    after: str = "",
    at_most: int = 25,
) -> answers.Enquiries:
    """Give a page of enquiries, those opened last first. Raises NotAllowed, NotLetIn."""
    if team_id is not None and team_id not in program.team_ids:
        raise NotAllowed(Act.USE_API)
    _require_at_all(program, Grant.ENQUIRIES)
    team_ids = program.team_ids if team_id is None else frozenset({team_id})
    with store.reading() as seen:
        duty = seeing.duty_team_id(seen)
        scope = Scope(team_ids, "", include_restricted=False, duty=duty in team_ids, allocated=False)
        is_open = None if being is None else being is Being.OPEN
        found = seen.work.enquiries(scope, is_open=is_open, after=after, at_most=at_most)
        shown = []
        for row in found.rows:
            place = Place(team_id=row.access.team_id or duty, is_restricted=row.access.is_restricted)
            # The database chose them; looked at again, so that one rule decides.
            if may_have(program, Grant.ENQUIRIES, place):
                told = answers.Enquiry(row.enquiry_id, row.reference, place.team_id or "", row.opened_at, row.closed_at)
                shown.append(told)
    of_teams: Sequence[str | None] = sorted({one.team_id for one in shown}) or [team_id]
    give(store, program, [Given("enquiries", team_id) for team_id in of_teams], now)
    return answers.Enquiries(tuple(shown), found.after or None)


def enquiry(store: Store, program: Program, now: datetime, enquiry_id: str) -> answers.Enquiry:
    """Give one enquiry. Raises NotAllowed, Missing, NotLetIn."""
    with store.reading() as seen:
        place = _see_enquiry(seen, program, Grant.ENQUIRIES, enquiry_id)
        found = seen.enquiries.get(enquiry_id)
    give(store, program, [Given("enquiry", place.team_id, enquiry_id)], now)
    return answers.Enquiry(enquiry_id, found.reference, place.team_id or "", found.opened_at, found.closed_at)


def conversations(store: Store, program: Program, now: datetime, enquiry_id: str) -> answers.Conversations:
    """Give the conversations of an enquiry that are done. Raises NotAllowed, Missing, NotLetIn."""
    with store.reading() as seen:
        place = _see_enquiry(seen, program, Grant.ENQUIRIES, enquiry_id)
        found = [_conversation(one) for one in _having(seen, program, Grant.ENQUIRIES, enquiry_id, place)]
    give(store, program, [Given("conversations", place.team_id, enquiry_id)], now)
    return answers.Conversations(tuple(found))


def outcomes(store: Store, program: Program, now: datetime, enquiry_id: str) -> answers.Outcomes:
    """Give what is wanted in an enquiry, without the words. Raises NotAllowed, Missing, NotLetIn."""
    with store.reading() as seen:
        place = _see_enquiry(seen, program, Grant.ENQUIRIES, enquiry_id)
        told = _told(seen, program, Grant.ENQUIRIES, enquiry_id, place)
        found = enquiry_outcomes(told)
        themes = _themes(seen, enquiry_id)
    give(store, program, [Given("outcomes", place.team_id, enquiry_id)], now)
    return answers.Outcomes(
        items=tuple(_outcome(one, themes) for one in found),
        proposed_of_person=_proposed(Voice.PERSON, found, told),
        proposed_of_advocate=_proposed(Voice.ADVOCATE, found, told),
    )


# --- words -----------------------------------------------------------------------------------------------------------


def outcomes_in_words(store: Store, program: Program, now: datetime, enquiry_id: str) -> answers.OutcomesInWords:
    """Give what is wanted in an enquiry, word for word. Raises NotAllowed, Missing, NotLetIn."""
    with store.reading() as seen:
        place = _see_enquiry(seen, program, Grant.WORDS, enquiry_id)
        told = _told(seen, program, Grant.WORDS, enquiry_id, place)
    given = [Given("words", place.team_id, enquiry_id, one.conversation.conversation_id) for one in told] or [
        Given("words", place.team_id, enquiry_id)
    ]
    give(store, program, given, now)
    return answers.OutcomesInWords(tuple(map(_outcome_in_words, enquiry_outcomes(told))))


def conversation_in_words(
    store: Store, program: Program, now: datetime, conversation_id: str, texts: Mapping[str, str]
) -> answers.ConversationInWords:
    """Give what was said in a conversation that is done. Raises NotAllowed, Missing, NotLetIn.

    `texts` are the settings that wordings name.
    """
    with store.reading() as seen:
        found = seen.conversations.get(conversation_id)
        if found.enquiry_id is None:
            # Until a colleague said which enquiry it belongs to, it is on no list that a program is given.
            raise NotAllowed(Act.USE_API)
        place = _see_enquiry(seen, program, Grant.WORDS, found.enquiry_id)
        if not may_have(program, Grant.WORDS, _place_in(place, found)):
            raise NotAllowed(Act.USE_API)
        told = seen.told(conversation_id)
        turns = seen.conversations.turns(conversation_id)
        around = _told(seen, program, Grant.WORDS, found.enquiry_id, place)
    shown = Shown(
        withheld=taken_back_turns(turns, told.standing), private=WITHOUT.private, safe_contact=WITHOUT.safe_contact
    )
    lines = transcript(turns, told.standing, (), shown=shown, texts=texts, meaning=meaning_in(around))
    give(store, program, [Given("words", place.team_id, found.enquiry_id, conversation_id)], now)
    exchanges = (_exchange(one) for one in lines if isinstance(one, Exchange) and (one.things or one.beside))
    return answers.ConversationInWords(_conversation(found), tuple(exchanges))


# --- what a program may have, and that it had it ---------------------------------------------------------------------


def give(store: Store, program: Program, given: Iterable[Given], now: datetime) -> None:
    """Write down what a program is given, while it may still have it. Raises NotAllowed, NotLetIn, NotKept."""
    told = tuple(given)
    with store.begin() as kept:
        # Asked again: a right may have gone while the answer was made.
        if not kept.tokens.get(program.token_id).is_good(now):
            raise NotLetIn
        for enquiry_id in {one.enquiry_id for one in told if one.enquiry_id is not None}:
            if not is_for(program, seeing.place_of_enquiry(kept, enquiry_id)):
                raise NotAllowed(Act.USE_API)
        kept.tokens.used(program.token_id, now)
        kept.audit.add_all(
            [
                Audited(
                    number=0,
                    at=now,
                    act=AuditAct.GIVEN,
                    account_id=None,
                    team_id=one.team_id,
                    enquiry_id=one.enquiry_id,
                    conversation_id=one.conversation_id,
                    about=about_program(program.token_id, one.what),
                )
                for one in told
            ]
        )


def refuse(store: Store, program: Program, now: datetime) -> None:
    """Write down that a program asked for something that it may not have, or that is not there. Raises NotKept."""
    with store.begin() as kept:
        kept.audit.add(AuditAct.DENIED, now, about=about_program(program.token_id))


def _require_at_all(program: Program, grant: Grant) -> None:
    if grant not in program.grants:
        raise NotAllowed(Act.USE_API)


def _see_enquiry(seen: Transaction, program: Program, grant: Grant, enquiry_id: str) -> Place:
    _require_at_all(program, grant)
    place = seeing.place_of_enquiry(seen, enquiry_id)
    if not may_have(program, grant, place):
        raise NotAllowed(Act.USE_API)
    return place


def _place_in(place: Place, conversation: Conversation) -> Place:
    is_finished = seeing.is_finished(conversation)
    return replace(place, stage=conversation.stage, speaker=conversation.speaker, is_finished=is_finished)


def _having(
    seen: Transaction, program: Program, grant: Grant, enquiry_id: str, place: Place
) -> tuple[Conversation, ...]:
    every = seen.conversations.listed(enquiry_id=enquiry_id)
    return tuple(one for one in every if may_have(program, grant, _place_in(place, one)))


def _told(seen: Transaction, program: Program, grant: Grant, enquiry_id: str, place: Place) -> tuple[Told, ...]:
    found = _having(seen, program, grant, enquiry_id, place)
    return tuple(seen.told(one.conversation_id) for one in found)


def _themes(seen: Transaction, enquiry_id: str) -> dict[str, tuple[str, ...]]:
    """Give the themes that the team put to each outcome last."""
    put = [one for one in seen.entries.of_enquiry(enquiry_id) if one.kind is EntryKind.THEME]
    return {one.outcome_id: one.choices.get("themes", ()) for one in put if one.outcome_id is not None}


# --- how it is told --------------------------------------------------------------------------------------------------


def _conversation(found: Conversation) -> answers.Conversation:
    return answers.Conversation(
        id=found.conversation_id,
        enquiry_id=found.enquiry_id or "",
        stage=found.stage,
        speaker=found.speaker,
        origin=found.origin,
        state=found.state,
        begun_at=found.begun_at,
        done_at=found.settled_at,
        said_on=found.said_on,
        interview_version=found.interview_version,
    )


def _outcome(found: EnquiryOutcome, themes: Mapping[str, tuple[str, ...]]) -> answers.Outcome:
    of = found.of
    return answers.Outcome(
        id=found.outcome_id,
        conversation_id=found.conversation_id,
        turn=found.turn,
        voice=found.voice,
        speaker=found.speaker,
        whose=found.whose,
        status=found.status,
        weight=None if of is None else of.weight,
        rank=None if of is None else of.rank,
        plan=None if of is None else of.plan,
        themes=themes.get(found.outcome_id, ()),
        wordings=tuple(map(_wording, found.wordings)),
        verdicts=tuple(map(_verdict, found.reviewed)),
        practitioners_own=tuple(map(_verdict, found.own_verdicts)),
    )


def _wording(one: Wording) -> answers.Wording:
    return answers.Wording(
        one.conversation_id, one.turn, one.said_at, one.voice, one.speaker, one.whose, one.is_addition
    )


def _verdict(one: Verdict) -> answers.Verdict:
    return answers.Verdict(
        one.conversation_id, one.turn, one.stage, one.said_at, one.voice, one.speaker, one.whose, one.value
    )


def _proposed(voice: Voice, found: Sequence[EnquiryOutcome], told: Sequence[Told]) -> answers.Proposed | None:
    proposed = proposed_in(voice, found, told)
    return None if proposed is None else answers.Proposed(proposed.achieved, proposed.from_person)


def _outcome_in_words(found: EnquiryOutcome) -> answers.OutcomeInWords:
    return answers.OutcomeInWords(
        id=found.outcome_id,
        voice=found.voice,
        words_now=found.words,
        wordings=tuple(
            answers.WordingInWords(
                one.conversation_id,
                one.turn,
                one.said_at,
                one.voice,
                one.speaker,
                one.whose,
                one.is_addition,
                one.words,
                one.original,
                one.why,
            )
            for one in found.wordings
        ),
        sign=() if found.of is None or found.of.sign is None else found.of.sign.words,
        verdicts=tuple(
            answers.VerdictInWords(one.conversation_id, one.turn, one.voice, one.why, one.difference)
            for one in found.reviewed
        ),
    )


def _exchange(line: Exchange) -> answers.Exchange:
    return answers.Exchange(
        turn=line.number,
        question=line.name,
        asked=text_of(line.asked),
        asked_at=line.asked_at,
        is_on_road=line.is_on_road,
        said=tuple(said for thing in line.things for said in _said(thing)),
        beside=tuple(
            answers.Beside(one.turn, one.said_at, one.words)
            for one in line.beside
            if not one.is_private and not one.is_withheld
        ),
    )


def _said(thing: Thing) -> Iterable[answers.Said]:
    for one in (*thing.before, thing.now):
        yield _wording_said(one, is_now=one is thing.now, is_addition=thing.is_addition)


def _wording_said(one: Said, *, is_now: bool, is_addition: bool) -> answers.Said:
    return answers.Said(
        turn=one.turn,
        said_at=one.said_at,
        speaker=one.speaker,
        whose=one.whose,
        how=one.how,
        words=one.words,
        original=one.original,
        chosen=tuple(text_of(label) for label in one.chosen),
        skipped=one.skipped,
        is_now=is_now,
        is_addition=is_addition,
        is_taken_back=one.is_taking_back or one.is_withheld,
    )
