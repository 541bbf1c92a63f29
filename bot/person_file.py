"""A person's own file: all that is kept about them in an enquiry, for them to have. A manager looks through it first.

Nothing is chosen here: what concerns somebody else, or could do serious harm, is left out by a manager, part by part,
with a reason; the file says that it was. Words that were taken back are not in it, nor how somebody can be reached.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

from bot.conversation import Speaker, Stage, Whose
from bot.documents import MEDIA_TYPE, Style, as_paragraphs
from bot.enquiry import Told
from bot.exporting import taken_back_turns
from bot.reviewing import seeing
from bot.reviewing.auditing import READING
from bot.reviewing.reading import meaning_in, told_for
from bot.reviewing.seeing import Names, NotDone
from bot.reviewing.transcript import SAFE_CONTACT, Exchange, Shown, Wording, text_of, transcript
from bot.roles import Act, Actor, require_proven
from bot.store import AuditAct, Conversation, Enquiry, Entry, EntryKind, Store, Transaction

REVIEW = "person_file"
"""What a session has opened that looks through a file before it is made."""

ABOUT = "person_file"
"""How the audit calls it."""

LONGEST_REASON = 2_000
READERS = 10_000
"""Rows of the audit that a file holds at most."""

STAGES = {
    Stage.FIRST: "First conversation",
    Stage.CHECK_IN: "Check-in",
    Stage.CLOSING: "At the end",
    Stage.EXPERIENCE: "How it was",
}
SPEAKERS = {
    Speaker.PERSON: "the person",
    Speaker.ADVOCATE: "an advocate",
    Speaker.PRACTITIONER: "a practitioner",
    Speaker.BOT: "the page",
}
READ = {
    AuditAct.READ_ENQUIRY: "read the enquiry",
    AuditAct.READ_CONVERSATION: "read a conversation",
    AuditAct.READ_FLAG: "read what a flag was raised at",
    AuditAct.READ_QUOTE: "read words that may be quoted",
    AuditAct.SEARCHED: "found it by a search",
    AuditAct.EXPORTED: "took a copy out",
    AuditAct.GIVEN: "another program of the council's was given something of it",
}
NEVER = (
    "words that were taken back",
    "how somebody can be reached safely",
    "conversations that are not finished",
)
"""What is in no such file."""


class Look(StrEnum):
    """Why a part is to be looked at before it is given. It is no finding."""

    OTHERS = "Somebody else said it"
    PRIVATE = "A practitioner’s private note"
    TEAM = "The team wrote it"
    FLAG = "A flag was raised here"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said or written."""

    by: str
    at: datetime
    words: str | None = None
    original: str = ""
    chosen: tuple[str, ...] = ()
    note: str = ""
    """What it is beside the latest words: an earlier wording, an addition, skipped, taken back."""
    is_persons: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A question with all that was said to it, or one thing that the team wrote."""

    part_id: str
    heading: str
    said: tuple[Said, ...]
    look: tuple[Look, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """One conversation, or what the team wrote."""

    title: str
    parts: tuple[Part, ...]
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who read something of it, and when."""

    who: str
    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PersonFile:
    """All of it."""

    enquiry: Enquiry
    sections: tuple[Section, ...]
    readers: tuple[Reader, ...]
    not_in: int
    """Conversations that are not in it: not finished, or not for whoever makes it."""
    written_at: datetime
    left_out: frozenset[str] = frozenset()
    reason: str = field(default="", repr=False)


class Form(StrEnum):
    """What it is written as."""

    JSON = "json"
    DOCUMENT = "docx"


@dataclass(frozen=True, slots=True)
class Made:
    """A file for whoever asked for it. Its name says nothing."""

    name: str
    media: str
    content: bytes = field(repr=False)


# --- the verbs -------------------------------------------------------------------------------------------------------


def open_review(store: Store, actor: Actor, enquiry_id: str, now: datetime) -> None:
    """Open a file to be looked through: it is recorded who reads. Raises NotAllowed, ProofNeeded, Missing."""
    with store.begin() as kept:
        found = seeing.see_enquiry(kept, actor, enquiry_id, Act.EXPORT)
        require_proven(actor, Act.EXPORT, now, found.place)
        for one in told_for(kept, actor, enquiry_id):
            kept.audit.add(
                AuditAct.READ_CONVERSATION,
                now,
                account_id=actor.account_id,
                team_id=found.place.team_id,
                enquiry_id=enquiry_id,
                conversation_id=one.conversation.conversation_id,
                about=ABOUT,
            )
        kept.sessions.opened(actor.session_hash, REVIEW, enquiry_id, now)


def to_review(store: Store, actor: Actor, enquiry_id: str, texts: Mapping[str, str], now: datetime) -> PersonFile:
    """Give all that could be in the file. Raises NotAllowed, Missing, Unopened."""
    with store.reading() as seen:
        seeing.see_enquiry(seen, actor, enquiry_id, Act.EXPORT)
        seeing.require_opened(seen, actor, REVIEW, enquiry_id)
        return _gathered(seen, enquiry_id, told_for(seen, actor, enquiry_id), texts, now)


def make(
    store: Store,
    actor: Actor,
    enquiry_id: str,
    form: Form,
    left_out: Collection[str],
    reason: str,
    texts: Mapping[str, str],
    now: datetime,
    *,
    token: str,
) -> Made:
    """Make the file, and record who made it and what was left out. Raises NotAllowed, ProofNeeded, Missing, NotDone."""
    with store.begin() as kept:
        found = seeing.see_enquiry(kept, actor, enquiry_id, Act.EXPORT)
        require_proven(actor, Act.EXPORT, now, found.place)
        seeing.require_opened(kept, actor, REVIEW, enquiry_id)
        whole = _gathered(kept, enquiry_id, told_for(kept, actor, enquiry_id), texts, now)
        gone = frozenset(part.part_id for section in whole.sections for part in section.parts) & set(left_out)
        if gone and not reason.strip():
            raise NotDone("Say why something is left out: the file says that it was.")
        if len(reason) > LONGEST_REASON:
            raise NotDone(f"A reason has at most {LONGEST_REASON:,} characters.")
        kept.entries.add(
            kind=EntryKind.COPY,
            what=ABOUT,
            account_id=actor.account_id,
            now=now,
            enquiry_id=enquiry_id,
            choices={"left_out": sorted(gone)} if gone else {},
            words={"reason": reason} if gone else None,
            token=token,
        )
        kept.audit.add(
            AuditAct.EXPORTED,
            now,
            account_id=actor.account_id,
            team_id=found.place.team_id,
            enquiry_id=enquiry_id,
            about=f"{ABOUT}.{form}",
        )
    return _written(_without(whole, gone, reason), form)


def make_here(store: Store, enquiry_id: str, form: Form, texts: Mapping[str, str], now: datetime) -> Made:
    """Make the whole file for whoever runs Own Words. It is recorded. Raises Missing."""
    with store.begin() as kept:
        told = tuple(one for one in kept.told_in(enquiry_id) if _is_finished(one))
        whole = _gathered(kept, enquiry_id, told, texts, now)
        team_id = seeing.place_of_enquiry(kept, enquiry_id).team_id
        kept.audit.add(AuditAct.EXPORTED, now, team_id=team_id, enquiry_id=enquiry_id, about=f"{ABOUT}.{form}.here")
    return _written(whole, form)


def _is_finished(one: Told) -> bool:
    return isinstance(one.conversation, Conversation) and seeing.is_finished(one.conversation)


def _without(whole: PersonFile, gone: frozenset[str], reason: str) -> PersonFile:
    """Mark what is left out, and have no question and no answer on offer read any of its words back."""
    if not gone:
        return whole
    parts = [part for section in whole.sections for part in section.parts if part.part_id in gone]
    words = {text for part in parts for one in part.said for text in (one.words, one.original) if text}

    def unread(text: str) -> str:
        for one in sorted(words, key=len, reverse=True):
            text = text.replace(f"“{one}”", "“[left out]”")
        return text

    def unread_part(part: Part) -> Part:
        said = tuple(replace(one, chosen=tuple(map(unread, one.chosen))) for one in part.said)
        return replace(part, heading=unread(part.heading), said=said)

    sections = tuple(replace(one, parts=tuple(map(unread_part, one.parts))) for one in whole.sections)
    return replace(whole, sections=sections, left_out=gone, reason=reason)


# --- gathering -------------------------------------------------------------------------------------------------------


def _gathered(
    seen: Transaction, enquiry_id: str, told: Sequence[Told], texts: Mapping[str, str], now: datetime
) -> PersonFile:
    every = seen.conversations.listed(enquiry_id=enquiry_id)
    read = {one.conversation.conversation_id for one in told}
    names = seeing.names(seen)
    sections = [_conversation(seen, one, told, texts) for one in told]
    # A colleague's note beside how somebody can be reached would tell of it.
    beside_contact = {
        (conversation_id, turn.number)
        for conversation_id in read
        for turn in seen.conversations.turns(conversation_id)
        if turn.asked in SAFE_CONTACT
    }
    written = [
        entry
        for entry in seen.entries.of_enquiry(enquiry_id)
        if (entry.conversation_id is None or entry.conversation_id in read)
        and (entry.words or entry.choices)
        and entry.kind is not EntryKind.COPY
        and (entry.conversation_id, entry.turn) not in beside_contact
    ]
    if written:
        sections.append(Section("What the team wrote", tuple(_entry(one, names) for one in written)))
    return PersonFile(
        enquiry=seen.enquiries.get(enquiry_id),
        sections=tuple(sections),
        readers=tuple(_readers(seen, enquiry_id, names)),
        not_in=len(every) - len(read),
        written_at=now,
    )


def _conversation(seen: Transaction, told: Told, around: Sequence[Told], texts: Mapping[str, str]) -> Section:
    conversation_id = told.conversation.conversation_id
    conversation = seen.conversations.get(conversation_id)
    turns = seen.conversations.turns(conversation_id)
    shown = Shown(withheld=taken_back_turns(turns, told.standing), private=True, safe_contact=False)
    flags = seen.flags.of(conversation_id)
    lines = transcript(turns, told.standing, flags, shown=shown, texts=texts, meaning=meaning_in(around))
    exchanges = [one for one in lines if isinstance(one, Exchange) and (one.things or one.beside)]
    said_on = f", said on {_day(conversation.said_on)}" if conversation.said_on is not None else ""
    return Section(
        f"{STAGES[conversation.stage]}, {_day(conversation.begun_at)}{said_on}",
        tuple(_part(conversation_id, one) for one in exchanges),
        conversation.head.hex(),
    )


def _part(conversation_id: str, one: Exchange) -> Part:
    said: list[Said] = []
    for thing in one.things:
        addition = "added" if thing.is_addition else ""
        said += [_said(wording, "said before, in other words") for wording in thing.before]
        said.append(_said(thing.now, addition))
    for beside in one.beside:
        note = "a private note" if beside.is_private else "written in another window"
        by = SPEAKERS[Speaker.PRACTITIONER] if beside.is_private else "whoever spoke"
        said.append(Said(by, beside.said_at, "" if beside.is_withheld else beside.words, note=note))
    wordings = [wording for thing in one.things for wording in (*thing.before, thing.now)]
    is_others = any(each.speaker is not Speaker.PERSON and each.whose is not Whose.OWN_WORDS for each in wordings)
    look = (
        *((Look.OTHERS,) if is_others else ()),
        *((Look.PRIVATE,) if one.is_private or any(each.is_private for each in one.beside) else ()),
        *((Look.FLAG,) if one.flags else ()),
    )
    return Part(f"{conversation_id}.{one.number}", text_of(one.asked), tuple(said), look)


def _said(one: Wording, note: str) -> Said:
    if one.is_taking_back or one.is_withheld:
        note = "taken back"
    elif one.skipped:
        note = f"passed over ({one.skipped.replace('_', ' ')})"
    whose = " in the person’s own words" if one.whose is Whose.OWN_WORDS else ""
    return Said(
        by=f"{SPEAKERS[one.speaker]}{whose}",
        at=one.said_at,
        words=None if one.is_withheld else one.words,
        original="" if one.is_withheld else one.original,
        chosen=tuple(text_of(label) for label in one.chosen),
        note=note,
        is_persons=one.speaker is Speaker.PERSON or one.whose is Whose.OWN_WORDS,
    )


def _entry(one: Entry, names: Names) -> Part:
    who = names.account(one.account_id)
    said = [Said(who, one.at, words, note=_plain(name)) for name, words in one.words.items()]
    for name, ids in one.choices.items():
        said.append(Said(who, one.at, chosen=tuple(map(_plain, ids)), note=f"{_plain(name)}, chosen from a list"))
    heading = _plain(one.what) if one.kind.value == one.what else f"{_plain(one.kind.value)}: {_plain(one.what)}"
    return Part(f"entry.{one.number}", heading[:1].upper() + heading[1:], tuple(said), (Look.TEAM,))


def _plain(fixed: str) -> str:
    """An id of ours, as it can be read."""
    return fixed.replace("_", " ")


def _readers(seen: Transaction, enquiry_id: str, names: Names) -> Iterator[Reader]:
    found = seen.audit.search(enquiry_id=enquiry_id, acts=READING, at_most=READERS)
    for one in reversed(found):
        who = names.account(one.account_id) if one.account_id is not None else "a program, or whoever runs this"
        yield Reader(who, READ.get(one.act, one.act.value.replace("_", " ")), one.at)


# --- writing ---------------------------------------------------------------------------------------------------------


def _written(whole: PersonFile, form: Form) -> Made:
    if form is Form.DOCUMENT:
        return Made("notes.docx", MEDIA_TYPE, as_paragraphs(whole.written_at, _paragraphs(whole)))
    # ASCII only: half a sign has no place in UTF-8, and comes through as its escape.
    content = json.dumps(_as_json(whole), ensure_ascii=True, indent=1) + "\n"
    return Made("notes.json", "application/json", content.encode("ascii"))


def _as_json(whole: PersonFile) -> Mapping[str, object]:
    return {
        "what": "person's file",
        "reference": whole.enquiry.reference,
        "opened": _time(whole.enquiry.opened_at),
        "closed": None if whole.enquiry.closed_at is None else _time(whole.enquiry.closed_at),
        "written": _time(whole.written_at),
        "never_in_it": list(NEVER),
        "conversations_not_in_it": whole.not_in,
        "left_out": {"parts": len(whole.left_out), "reason": whole.reason},
        "sections": [
            {
                "title": section.title,
                "check_number": section.digest or None,
                "parts": [_part_as_json(part, is_left_out=part.part_id in whole.left_out) for part in section.parts],
            }
            for section in whole.sections
        ],
        "read_by": [{"who": one.who, "what": one.what, "at": _time(one.at)} for one in whole.readers],
    }


def _part_as_json(part: Part, *, is_left_out: bool) -> Mapping[str, object]:
    if is_left_out:
        return {"left_out": True}
    return {
        "left_out": False,
        "asked": part.heading,
        "said": [
            {
                "by": one.by,
                "at": _time(one.at),
                "words": one.words,
                "original": one.original or None,
                "chosen": list(one.chosen),
                "note": one.note or None,
            }
            for one in part.said
        ],
    }


def _paragraphs(whole: PersonFile) -> Iterator[tuple[Style, str]]:
    yield Style.TITLE, "Your file"
    yield Style.TEXT, f"Made on {_day(whole.written_at)}. It holds what was said and what was written, word for word."
    yield Style.TEXT, f"Not in it: {', '.join(NEVER)}."
    if whole.left_out:
        number = len(whole.left_out)
        yield Style.TEXT, f"{number} {'part was' if number == 1 else 'parts were'} left out, and stand marked. Why:"
        yield Style.TEXT, whole.reason
    for section in whole.sections:
        yield Style.SECTION, section.title
        for part in section.parts:
            if part.part_id in whole.left_out:
                yield Style.TEXT, "[Something was left out here.]"
                continue
            yield Style.QUESTION, part.heading
            for one in part.said:
                yield from _said_in_paragraphs(one)
        if section.digest:
            yield Style.TEXT, f"Check number: {section.digest}"
    yield Style.SECTION, "Who read it"
    for reader in whole.readers:
        yield Style.BULLET, f"{_moment(reader.at)}: {reader.who} {reader.what}"
    if not whole.readers:
        yield Style.TEXT, "Nobody yet."


def _said_in_paragraphs(one: Said) -> Iterator[tuple[Style, str]]:
    note = f", {one.note}" if one.note else ""
    yield Style.TEXT, f"{_moment(one.at)}, {one.by}{note}:"
    if one.original:
        yield Style.WORDS, one.original
    if one.words is not None:
        yield Style.WORDS, one.words
    for label in one.chosen:
        yield Style.BULLET, label


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _day(day: object) -> str:
    return f"{day:%d %B %Y}".lstrip("0")


def _moment(moment: datetime) -> str:
    return f"{_day(moment)}, {moment:%H:%M} UTC"
