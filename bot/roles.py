"""Who may do what: one table, read from left to right. An enquiry is a place, and so is each conversation in it.

What is not in the table is forbidden. Whoever may not see a place must not be able to tell it from one that is not
there, so those who ask turn `NotAllowed` into what they say where nothing is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.conversation import Speaker, Stage

PROOF_LASTS = timedelta(minutes=5)
"""How long it counts that somebody proved again who they are."""


class Role(StrEnum):
    """What an account is for. Each has one."""

    PRACTITIONER = "practitioner"
    MANAGER = "manager"
    ADVOCATE = "advocate"
    AUDITOR = "auditor"
    BOARD_MEMBER = "board_member"
    ADMINISTRATOR = "administrator"


class Act(StrEnum):
    """What can be done on the team's side. Looking at one's own account is everybody's, and needs no leave."""

    SEE_WORK = "see_work"
    """What is waiting, of all that one may see."""
    SEARCH = "search"
    SEE_ENQUIRY = "see_enquiry"
    READ_CONVERSATION = "read_conversation"
    READ_FLAG = "read_flag"
    """The one turn that asks to be read soon, while the conversation may still be going on."""
    SEE_RECORDS = "see_records"
    """What the team wrote beside the words: notes, records, reviews, answers to flags."""
    SEE_CONTACT = "see_contact"
    """Whether and how it is safe to get in touch."""

    BEGIN_ENQUIRY = "begin_enquiry"
    JOIN = "join"
    """Say which enquiry a conversation belongs to that somebody began by themselves."""
    INVITE = "invite"
    END_CODE = "end_code"
    """End the code that somebody comes back to a conversation with, as another may have it."""
    REVIEW = "review"
    NOTE = "note"
    TAG = "tag"
    """Put themes to what a person wants to be different."""
    ANSWER_FLAG = "answer_flag"
    RECORD = "record"

    ALLOCATE = "allocate"
    """Say who works on an enquiry, and which team's it is."""
    RESTRICT = "restrict"
    ASK_TO_LIFT = "ask_to_lift"
    LIFT = "lift"
    """Lift a restriction that another manager asked to have lifted."""
    CLOSE = "close"
    """Close an enquiry, or open it again."""
    KEEP = "keep"
    """Say how long something is kept: put it on hold, keep it until a day, ask to have it forgotten."""
    FORGET = "forget"
    """Forget for good what another manager asked to have forgotten."""
    SEE_KEEPING = "see_keeping"
    """How much has been kept for as long as it is to be."""
    EXPORT = "export"
    SEE_READERS = "see_readers"
    SEARCH_AUDIT = "search_audit"
    SEE_CONFIRMATIONS = "see_confirmations"
    """Who has confirmed that they read the guidance, and who has not."""

    SEE_TEAM = "see_team"
    """How the work of a team stands now, counted."""
    SEE_FIGURES = "see_figures"
    """Figures as they are: of a team, and of the whole council where no team is named."""
    SEE_PACK = "see_pack"
    """Figures as they may be published."""
    EXPORT_RETURN = "export_return"
    """Take out the figures as they are, for the national return."""
    EXPORT_PACK = "export_pack"
    """Take out the figures as they may be published."""
    COMPARE = "compare"
    """Give figures of elsewhere to compare with."""
    APPROVE_QUOTE = "approve_quote"
    """Say that words which somebody let be quoted may be, as nobody can be known by them."""
    ANSWER_PEOPLE = "answer_people"
    """Say what was done about what people said."""

    CHANGE_SIGN_IN = "change_sign_in"
    """Change what one signs in with oneself."""
    CONFIRM_GUIDANCE = "confirm_guidance"
    LIST_GUIDANCE = "list_guidance"
    """Say which documents are guidance."""
    MANAGE_TEAMS = "manage_teams"
    MANAGE_PEOPLE = "manage_people"
    CHANGE_SETTINGS = "change_settings"
    MANAGE_TOKENS = "manage_tokens"
    """Let another programme of the council's in, and shut it out again."""
    USE_API = "use_api"
    """What such a programme does. No account does it."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who is doing it."""

    account_id: str
    role: Role
    team_ids: frozenset[str] = frozenset()
    session_hash: str = ""
    proven_at: datetime | None = None
    """When they last proved who they are, with everything that signing in takes."""

    def is_proven(self, now: datetime) -> bool:
        """Say whether that was just now. A clock that was set back makes no proof last longer."""
        return self.proven_at is not None and abs(now - self.proven_at) <= PROOF_LASTS


@dataclass(frozen=True, slots=True)
class Place:
    """Where it is done: an enquiry, or a conversation. What concerns neither is done `NOWHERE`."""

    team_id: str | None = None
    """Whose it is. What nobody gave to a team is the duty team's: the caller says so here."""
    is_restricted: bool = False
    allocated: frozenset[str] = frozenset()
    """The accounts that work on it."""
    ever_allocated: frozenset[str] = frozenset()
    """Those that ever did."""
    lift_asked_by: str | None = None
    stage: Stage | None = None
    speaker: Speaker | None = None
    is_finished: bool = False
    """Whether the conversation is done or was stopped. Until then it is theirs who speak."""
    is_shared: bool = False
    """Whether the person lets who speaks for them read it."""


NOWHERE = Place()


class NotAllowed(Exception):
    """This account may not do this here; to them it is not there."""

    def __init__(self, act: Act) -> None:
        super().__init__(f"Not allowed: {act}.")
        self.act = act


class ProofNeeded(Exception):
    """They may, once they have proved again who they are."""

    def __init__(self, act: Act) -> None:
        super().__init__(f"Proof is needed first: {act}.")
        self.act = act


Where = Callable[[Actor, Place], bool]


def _anywhere(actor: Actor, place: Place) -> bool:
    return True


def _in_own_team(actor: Actor, place: Place) -> bool:
    return place.team_id in actor.team_ids


def _in_own_team_or_of_all(actor: Actor, place: Place) -> bool:
    return place.team_id is None or _in_own_team(actor, place)


def _allocated(actor: Actor, place: Place) -> bool:
    return actor.account_id in place.allocated


def _at_work(actor: Actor, place: Place) -> bool:
    return _allocated(actor, place) or (_in_own_team(actor, place) and not place.is_restricted)


def _asked_by_another(actor: Actor, place: Place) -> bool:
    return _in_own_team(actor, place) and place.lift_asked_by not in {None, actor.account_id}


def _readable(where: Where) -> Where:
    """A conversation is read when it is done, and how it was for people never by whoever led the enquiry."""

    def may_read(actor: Actor, place: Place) -> bool:
        return place.is_finished and not _led(actor, place) and where(actor, place)

    return may_read


def _beside(where: Where) -> Where:
    """Beside a conversation works who may read it; beside an enquiry, who may see it."""
    may_read = _readable(where)

    def may_work(actor: Actor, place: Place) -> bool:
        return where(actor, place) if place.stage is None else may_read(actor, place)

    return may_work


def _flagged(actor: Actor, place: Place) -> bool:
    """A flag does not wait until the conversation is done."""
    return not _led(actor, place) and _at_work(actor, place)


def _led(actor: Actor, place: Place) -> bool:
    """Say whether this is how it was for people with one who led the enquiry, then or now, whatever they are today."""
    return place.stage is Stage.EXPERIENCE and actor.account_id in place.allocated | place.ever_allocated


def _not_led(where: Where) -> Where:
    """How it was for people is no business of whoever led, and that it goes on is none either."""

    def may_work(actor: Actor, place: Place) -> bool:
        return not _led(actor, place) and where(actor, place)

    return may_work


def _spoken_for(actor: Actor, place: Place) -> bool:
    """An advocate reads what advocates said, and what the person let them read."""
    if not place.is_finished or not _allocated(actor, place):
        return False
    return place.speaker is Speaker.ADVOCATE or (place.speaker is Speaker.PERSON and place.is_shared)


_EVERYBODY_WHO_WORKS: Mapping[Role, Where] = dict.fromkeys(
    (Role.PRACTITIONER, Role.MANAGER, Role.ADVOCATE, Role.BOARD_MEMBER, Role.ADMINISTRATOR), _anywhere
)
_WORKING: Mapping[Role, Where] = {Role.PRACTITIONER: _at_work, Role.MANAGER: _in_own_team}
_BESIDE: Mapping[Role, Where] = {Role.PRACTITIONER: _beside(_at_work), Role.MANAGER: _beside(_in_own_team)}
_FLAGS: Mapping[Role, Where] = {Role.PRACTITIONER: _flagged, Role.MANAGER: _in_own_team}
_CODES: Mapping[Role, Where] = {Role.PRACTITIONER: _not_led(_at_work), Role.MANAGER: _not_led(_in_own_team)}
_LEADING: Mapping[Role, Where] = {Role.MANAGER: _in_own_team}
_OVERSEEING: Mapping[Role, Where] = {Role.MANAGER: _in_own_team, Role.AUDITOR: _anywhere}
_COUNTING: Mapping[Role, Where] = {Role.MANAGER: _in_own_team_or_of_all, Role.AUDITOR: _anywhere}
_PUBLISHING: Mapping[Role, Where] = dict.fromkeys((Role.MANAGER, Role.AUDITOR, Role.BOARD_MEMBER), _anywhere)
_ADMINISTERING: Mapping[Role, Where] = {Role.ADMINISTRATOR: _anywhere}

RULES: Mapping[Act, Mapping[Role, Where]] = {
    Act.SEE_WORK: dict.fromkeys((Role.PRACTITIONER, Role.MANAGER, Role.ADVOCATE, Role.AUDITOR), _anywhere),
    Act.SEARCH: dict.fromkeys((Role.PRACTITIONER, Role.MANAGER, Role.AUDITOR), _anywhere),
    Act.SEE_ENQUIRY: {**_WORKING, Role.AUDITOR: _anywhere, Role.ADVOCATE: _allocated},
    Act.READ_CONVERSATION: {
        Role.PRACTITIONER: _readable(_at_work),
        Role.MANAGER: _readable(_in_own_team),
        Role.AUDITOR: _readable(_anywhere),
        Role.ADVOCATE: _spoken_for,
    },
    Act.READ_FLAG: {**_FLAGS, Role.AUDITOR: _anywhere},
    Act.SEE_RECORDS: {**_BESIDE, Role.AUDITOR: _beside(_anywhere)},
    Act.SEE_CONTACT: {**_WORKING, Role.AUDITOR: _anywhere},
    Act.BEGIN_ENQUIRY: dict.fromkeys((Role.PRACTITIONER, Role.MANAGER), _in_own_team),
    Act.JOIN: _WORKING,
    Act.INVITE: _WORKING,
    Act.END_CODE: _CODES,
    Act.REVIEW: _BESIDE,
    Act.NOTE: _BESIDE,
    Act.TAG: _BESIDE,
    Act.ANSWER_FLAG: _FLAGS,
    Act.RECORD: _WORKING,
    Act.ALLOCATE: _LEADING,
    Act.RESTRICT: _LEADING,
    Act.ASK_TO_LIFT: _LEADING,
    Act.LIFT: {Role.MANAGER: _asked_by_another},
    Act.CLOSE: _LEADING,
    Act.KEEP: _LEADING,
    Act.FORGET: _LEADING,
    Act.SEE_KEEPING: dict.fromkeys((Role.MANAGER, Role.AUDITOR, Role.ADMINISTRATOR), _anywhere),
    Act.EXPORT: _LEADING,
    Act.SEE_READERS: _OVERSEEING,
    Act.SEARCH_AUDIT: _OVERSEEING,
    Act.SEE_CONFIRMATIONS: _OVERSEEING,
    Act.SEE_TEAM: {Role.PRACTITIONER: _in_own_team, Role.MANAGER: _in_own_team, Role.AUDITOR: _anywhere},
    Act.SEE_FIGURES: _COUNTING,
    Act.SEE_PACK: _PUBLISHING,
    Act.EXPORT_RETURN: _COUNTING,
    Act.EXPORT_PACK: _PUBLISHING,
    Act.COMPARE: dict.fromkeys((Role.MANAGER, Role.AUDITOR), _anywhere),
    Act.APPROVE_QUOTE: {Role.MANAGER: _readable(_in_own_team)},
    Act.ANSWER_PEOPLE: {Role.MANAGER: _in_own_team_or_of_all},
    Act.CHANGE_SIGN_IN: dict.fromkeys(Role, _anywhere),
    Act.CONFIRM_GUIDANCE: _EVERYBODY_WHO_WORKS,
    Act.LIST_GUIDANCE: _ADMINISTERING,
    Act.MANAGE_TEAMS: _ADMINISTERING,
    Act.MANAGE_PEOPLE: _ADMINISTERING,
    Act.CHANGE_SETTINGS: _ADMINISTERING,
    Act.MANAGE_TOKENS: _ADMINISTERING,
    Act.USE_API: {},
}
"""Each act, who may do it, and where."""

ALWAYS_PROVEN = frozenset(
    {
        Act.FORGET,
        Act.EXPORT,
        Act.EXPORT_RETURN,
        Act.EXPORT_PACK,
        Act.LIFT,
        Act.MANAGE_PEOPLE,
        Act.MANAGE_TOKENS,
        Act.CHANGE_SETTINGS,
        Act.CHANGE_SIGN_IN,
    }
)
"""What takes a proof wherever it is done."""

PROVEN_WHERE_RESTRICTED = frozenset({Act.SEE_ENQUIRY, Act.READ_CONVERSATION, Act.READ_FLAG})
"""What takes one where an enquiry is restricted, each time it is opened."""


def may(actor: Actor, act: Act, place: Place = NOWHERE) -> bool:
    """Say whether they may do this here at all."""
    where = RULES[act].get(actor.role)
    return where is not None and where(actor, place)


def takes_proof(act: Act, place: Place = NOWHERE) -> bool:
    """Say whether this takes a proof of who they are that is not older than `PROOF_LASTS`."""
    return act in ALWAYS_PROVEN or (place.is_restricted and act in PROVEN_WHERE_RESTRICTED)


def require(actor: Actor, act: Act, place: Place = NOWHERE) -> None:
    """Go on where they may: for looking again at what was opened. Raises NotAllowed."""
    if not may(actor, act, place):
        raise NotAllowed(act)


def require_proven(actor: Actor, act: Act, now: datetime, place: Place = NOWHERE) -> None:
    """Go on where they may, and proved who they are where that is needed. Raises NotAllowed, ProofNeeded."""
    require(actor, act, place)
    if takes_proof(act, place) and not actor.is_proven(now):
        raise ProofNeeded(act)
