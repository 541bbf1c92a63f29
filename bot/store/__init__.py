"""Words at rest: sealed, chained, and only ever added to. The only place that speaks SQL."""

from bot.store.accounts import Account, Accounts, Team, Teams
from bot.store.allocations import Access, AccessChange, AccessMove, Allocations
from bot.store.attempts import Attempts
from bot.store.audit import Audit, AuditAct, Audited
from bot.store.codes import Code, Codes, Disguise
from bot.store.conversations import AlreadyKept, Conversation, Conversations, Origin
from bot.store.council import Changed, Confirmed, Council
from bot.store.deeds import Deed
from bot.store.drafts import Draft, Drafts
from bot.store.enquiries import Enquiries, Enquiry, EnquiryMove, Move
from bot.store.entries import Entries, Entry, EntryKind
from bot.store.errors import (
    Cause,
    Damaged,
    Missing,
    NotBackedUp,
    NotKept,
    NotRead,
    NotReady,
    NotRestored,
    StoreError,
    Taken,
)
from bot.store.flags import Flags
from bot.store.forgetting import Forgotten, Rule
from bot.store.gathering import Gathered
from bot.store.invitations import Invitation, Invitations
from bot.store.outcomes import Outcomes
from bot.store.passkeys import Passkey, Passkeys
from bot.store.preferences import KeptPreferences
from bot.store.quotes import Quote, Quotes
from bot.store.reviews import Reviews
from bot.store.sealing import KeyProblem, Purpose, RootKey
from bot.store.sessions import Link, LinkPurpose, Links, Session, Sessions
from bot.store.store import Store, Transaction
from bot.store.tokens import Token, Tokens
from bot.store.visits import Visit, Visits
from bot.store.work import Counts, EnquiryRow, Page, Scope, Waiting, Work, WorkFilter

__all__ = [
    "Access",
    "AccessChange",
    "AccessMove",
    "Account",
    "Accounts",
    "Allocations",
    "AlreadyKept",
    "Attempts",
    "Audit",
    "AuditAct",
    "Audited",
    "Cause",
    "Changed",
    "Code",
    "Codes",
    "Confirmed",
    "Conversation",
    "Conversations",
    "Council",
    "Counts",
    "Damaged",
    "Deed",
    "Disguise",
    "Draft",
    "Drafts",
    "Enquiries",
    "Enquiry",
    "EnquiryMove",
    "EnquiryRow",
    "Entries",
    "Entry",
    "EntryKind",
    "Flags",
    "Forgotten",
    "Gathered",
    "Invitation",
    "Invitations",
    "KeptPreferences",
    "KeyProblem",
    "Link",
    "LinkPurpose",
    "Links",
    "Missing",
    "Move",
    "NotBackedUp",
    "NotKept",
    "NotRead",
    "NotReady",
    "NotRestored",
    "Origin",
    "Outcomes",
    "Page",
    "Passkey",
    "Passkeys",
    "Purpose",
    "Quote",
    "Quotes",
    "Reviews",
    "RootKey",
    "Rule",
    "Scope",
    "Session",
    "Sessions",
    "Store",
    "StoreError",
    "Taken",
    "Team",
    "Teams",
    "Token",
    "Tokens",
    "Transaction",
    "Visit",
    "Visits",
    "Waiting",
    "Work",
    "WorkFilter",
]
