"""Taking an enquiry out for other software: who may, with a proof; and it is recorded before anything is given."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.conversation import Stage
from bot.interoperating.choosing import Chosen, chosen_for, chosen_in
from bot.interoperating.fhir import bundle
from bot.interoperating.lines import lines
from bot.reviewing import seeing
from bot.reviewing.reading import Communication, communication_in
from bot.roles import Act, Actor, require_proven
from bot.store import AuditAct, Store


class Written(StrEnum):
    """What it is written as."""

    FHIR = "fhir"
    JSON_LINES = "jsonl"


MEDIA: Mapping[Written, str] = {
    Written.FHIR: "application/fhir+json",
    Written.JSON_LINES: "application/jsonl",
}
NAMES: Mapping[Written, str] = {Written.FHIR: "notes.json", Written.JSON_LINES: "notes.jsonl"}
"""What the file is called. It says nothing of what is in it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A file to be given to whoever asked for it."""

    name: str
    media: str
    content: bytes = field(repr=False)
    conversations: int


@dataclass(frozen=True, slots=True)
class ToTake:
    """What would be in it, before anything is taken."""

    reference: str | None
    communication: Communication
    conversations: int
    left_out: int


def to_take(store: Store, actor: Actor, enquiry_id: str) -> ToTake:
    """Say what would be in it, of an enquiry that this session has opened. Raises NotAllowed, Missing, Unopened."""
    with store.reading() as seen:
        found = seeing.see_enquiry(seen, actor, enquiry_id, Act.EXPORT)
        seeing.require_opened(seen, actor, seeing.ENQUIRY, enquiry_id)
        chosen = chosen_for(seen, actor, enquiry_id, {})
        return ToTake(
            reference=found.enquiry.reference,
            communication=communication_in(seen, actor, enquiry_id),
            conversations=len(chosen.had),
            left_out=chosen.left_out,
        )


def take_out(
    store: Store, actor: Actor, enquiry_id: str, written: Written, texts: Mapping[str, str], now: datetime
) -> Taken:
    """Give all of an enquiry that this account may read, and record that it did.

    `texts` are the settings that wordings name. Raises NotAllowed, ProofNeeded, Missing, NotValid, NotKept.
    """
    with store.reading() as seen:
        found = seeing.see_enquiry(seen, actor, enquiry_id, Act.EXPORT)
        require_proven(actor, Act.EXPORT, now, found.place)
        chosen = chosen_for(seen, actor, enquiry_id, texts)
    made = _written(chosen, written, now)
    with store.begin() as kept:
        # Asked again: a right may have gone while the file was written.
        place = seeing.see_enquiry(kept, actor, enquiry_id, Act.EXPORT).place
        kept.audit.add(
            AuditAct.EXPORTED,
            now,
            account_id=actor.account_id,
            team_id=place.team_id,
            enquiry_id=enquiry_id,
            about=written.value,
        )
    return made


def take_out_here(
    store: Store, enquiry_id: str, written: Written, texts: Mapping[str, str], now: datetime, stages: tuple[Stage, ...]
) -> Taken:
    """Give an enquiry to whoever runs Own Words: finished conversations of these stages. It is recorded.

    Raises Missing, NotValid, NotKept.
    """
    with store.reading() as seen:
        chosen = chosen_in(seen, enquiry_id, texts, stages)
        team_id = seeing.place_of_enquiry(seen, enquiry_id).team_id
    made = _written(chosen, written, now)
    with store.begin() as kept:
        kept.audit.add(AuditAct.EXPORTED, now, team_id=team_id, enquiry_id=enquiry_id, about=f"{written.value}.here")
    return made


def _written(chosen: Chosen, written: Written, now: datetime) -> Taken:
    if written is Written.FHIR:
        # ASCII only, as in JSON Lines: whatever carries it on, no sign of it changes.
        content = json.dumps(bundle(chosen, now), ensure_ascii=True, indent=1) + "\n"
    else:
        content = "".join(lines(chosen, now))
    return Taken(NAMES[written], MEDIA[written], content.encode("ascii"), len(chosen.had))
