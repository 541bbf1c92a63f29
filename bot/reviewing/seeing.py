"""Whose an enquiry or a conversation is, worked out before anything of it is shown, and what a session has opened."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.conversation import State
from bot.roles import Act, Actor, NotAllowed, Place, Role, may, require, require_proven
from bot.store import Access, AuditAct, Conversation, Enquiry, Entry, Store, Transaction


class NotDone(Exception):
    """What was asked for was not done. The message is a kind sentence for the page: the cause and the remedy."""


class Unopened(Exception):
    """They may read it, and have not opened it in this session yet: reading is recorded before anything is shown."""


ENQUIRY = "enquiry"
CONVERSATION = "conversation"
FLAGS = "flags"
"""What of a conversation that is not finished can be opened: the turns that flags are raised at."""


@dataclass(frozen=True, slots=True)
class Names:
    """What accounts and teams are called."""

    accounts: Mapping[str, str]
    teams: Mapping[str, str]
    duty_team_id: str | None
    programs: Mapping[str, str] = field(default_factory=dict)
    """What other programs of the council's are called, by the token that they have."""

    def program(self, token_id: str) -> str:
        """Name another program of the council's."""
        return self.programs.get(token_id, "a program that is not here any more")

    def account(self, account_id: str | None) -> str:
        """Name an account."""
        return self.accounts.get(account_id or "", "an account that is not here any more")

    def team(self, team_id: str | None) -> str:
        """Name a team. What no team was given belongs to the duty team."""
        return self.teams.get(team_id or self.duty_team_id or "", "no team yet")


def names(seen: Transaction) -> Names:
    """Read what accounts and teams are called."""
    teams = seen.teams.listed(closed=True)
    return Names(
        accounts={one.account_id: one.name for one in seen.accounts.listed()},
        teams={one.team_id: one.name for one in teams},
        duty_team_id=duty_team_id(seen),
        programs=seen.tokens.names(),
    )


def duty_team_id(seen: Transaction) -> str | None:
    """Name the team that whatever belongs to no other comes to."""
    return next((one.team_id for one in seen.teams.listed() if one.duty), None)


def place_of(seen: Transaction, access: Access) -> Place:
    """Say whose an enquiry is."""
    return Place(
        team_id=access.team_id or duty_team_id(seen),
        is_restricted=access.is_restricted,
        allocated=access.allocated,
        ever_allocated=access.ever_allocated,
        lift_asked_by=access.lift_asked_by,
    )


def place_of_enquiry(seen: Transaction, enquiry_id: str) -> Place:
    """Say whose an enquiry is. Raises Missing."""
    return place_of(seen, seen.allocations.access(enquiry_id))


def place_of_conversation(seen: Transaction, conversation: Conversation, actor: Actor) -> Place:
    """Say whose a conversation is, and how far it has come."""
    enquiry_id = conversation.enquiry_id
    whose = Place(team_id=duty_team_id(seen)) if enquiry_id is None else place_of_enquiry(seen, enquiry_id)
    is_shared = actor.role is Role.ADVOCATE and seen.told(conversation.conversation_id).standing.shared is True
    return Place(
        team_id=whose.team_id,
        is_restricted=whose.is_restricted,
        allocated=whose.allocated,
        ever_allocated=whose.ever_allocated,
        lift_asked_by=whose.lift_asked_by,
        stage=conversation.stage,
        speaker=conversation.speaker,
        is_finished=is_finished(conversation),
        is_shared=is_shared,
    )


def is_finished(conversation: Conversation) -> bool:
    """Say whether a conversation is done or was stopped."""
    return conversation.state is not State.OPEN


@dataclass(frozen=True, slots=True)
class SeenEnquiry:
    """An enquiry that may be seen, and whose it is."""

    enquiry: Enquiry
    place: Place


@dataclass(frozen=True, slots=True)
class SeenConversation:
    """A conversation that may be read, or of which flags may, and whose it is."""

    conversation: Conversation
    place: Place
    reference: str | None
    """Of its enquiry."""

    @property
    def is_flags_alone(self) -> bool:
        """Whether only the turns that flags are raised at may be read."""
        return not self.place.is_finished


def see_enquiry(seen: Transaction, actor: Actor, enquiry_id: str, act: Act = Act.SEE_ENQUIRY) -> SeenEnquiry:
    """Find an enquiry for something to be done with it. Raises NotAllowed, Missing."""
    enquiry = seen.enquiries.get(enquiry_id)
    place = place_of_enquiry(seen, enquiry_id)
    require(actor, Act.SEE_ENQUIRY, place)
    require(actor, act, place)
    return SeenEnquiry(enquiry, place)


def see_conversation(seen: Transaction, actor: Actor, conversation_id: str, act: Act | None = None) -> SeenConversation:
    """Find a conversation for something to be done with it. Raises NotAllowed, Missing.

    Of one that is not finished, only what flags are raised at can be seen, and only where there are flags.
    """
    conversation = seen.conversations.get(conversation_id)
    place = place_of_conversation(seen, conversation, actor)
    if place.is_finished:
        require(actor, Act.READ_CONVERSATION, place)
    else:
        require(actor, Act.READ_FLAG, place)
        if not seen.flags.of(conversation_id):
            raise NotAllowed(Act.READ_FLAG)
    if act is not None:
        require(actor, act, place)
    enquiry_id = conversation.enquiry_id
    reference = seen.enquiries.get(enquiry_id).reference if enquiry_id is not None else None
    return SeenConversation(conversation, place, reference)


def open_enquiry_to_read(store: Store, actor: Actor, enquiry_id: str, now: datetime) -> None:
    """Open an enquiry for this session: it is recorded who reads. Raises NotAllowed, ProofNeeded, Missing."""
    with store.begin() as kept:
        found = see_enquiry(kept, actor, enquiry_id)
        require_proven(actor, Act.SEE_ENQUIRY, now, found.place)
        kept.audit.add(
            AuditAct.READ_ENQUIRY,
            now,
            account_id=actor.account_id,
            team_id=found.place.team_id,
            enquiry_id=enquiry_id,
        )
        kept.sessions.opened(actor.session_hash, ENQUIRY, enquiry_id, now)


def open_conversation(store: Store, actor: Actor, conversation_id: str, now: datetime) -> None:
    """Open a conversation, or what flags are raised at in it. Raises NotAllowed, ProofNeeded, Missing."""
    with store.begin() as kept:
        found = see_conversation(kept, actor, conversation_id)
        act = Act.READ_FLAG if found.is_flags_alone else Act.READ_CONVERSATION
        require_proven(actor, act, now, found.place)
        kept.audit.add(
            AuditAct.READ_FLAG if found.is_flags_alone else AuditAct.READ_CONVERSATION,
            now,
            account_id=actor.account_id,
            team_id=found.place.team_id,
            enquiry_id=found.conversation.enquiry_id,
            conversation_id=conversation_id,
        )
        kept.sessions.opened(actor.session_hash, kind_of(found), conversation_id, now)


def require_opened(seen: Transaction, actor: Actor, kind: str, of: str) -> None:
    """See that this session has opened it. Raises Unopened."""
    if not seen.sessions.has_opened(actor.session_hash, kind, of):
        raise Unopened


def kind_of(found: SeenConversation) -> str:
    """Name what of a conversation is opened."""
    return FLAGS if found.is_flags_alone else CONVERSATION


def changed(
    kept: Transaction,
    actor: Actor,
    about: str,
    now: datetime,
    place: Place,
    *,
    enquiry_id: str | None = None,
    conversation_id: str | None = None,
) -> None:
    """Have the audit say that something was done. `about` is a fixed word, and never anybody's."""
    kept.audit.add(
        AuditAct.CHANGED,
        now,
        account_id=actor.account_id,
        team_id=place.team_id,
        enquiry_id=enquiry_id,
        conversation_id=conversation_id,
        about=about,
    )


def sees_beside(actor: Actor, place: Place) -> bool:
    """Say whether what stands beside the words is for this reader: notes, flags, reviews. Never for an advocate."""
    return may(actor, Act.SEE_RECORDS, place) or may(actor, Act.READ_FLAG, place)


def latest_review(seen: Transaction, conversation_id: str, reviews: Sequence[Entry]) -> Entry | None:
    """Find the step of a review that stands: one from before somebody went on with the conversation does not."""
    if not reviews or seen.conversations.get(conversation_id).review is None:
        return None
    return reviews[-1]
