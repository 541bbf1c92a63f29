"""Words at rest: sealed, chained, and only ever added to. The only place that speaks SQL."""

from bot.store.attempts import Attempts
from bot.store.codes import Code, Codes, Disguise
from bot.store.conversations import AlreadyKept, Conversation, Conversations, Origin
from bot.store.drafts import Draft, Drafts
from bot.store.enquiries import Enquiries, Enquiry, EnquiryMove, Move
from bot.store.errors import Cause, Damaged, Missing, NotKept, NotRead, NotReady, StoreError, Taken
from bot.store.flags import Flags
from bot.store.invitations import Invitation, Invitations
from bot.store.outcomes import Outcomes
from bot.store.preferences import KeptPreferences
from bot.store.quotes import Quote, Quotes
from bot.store.reviews import Reviews
from bot.store.sealing import KeyProblem, Purpose, RootKey
from bot.store.store import Store, Transaction
from bot.store.visits import Visit, Visits

__all__ = [
    "AlreadyKept",
    "Attempts",
    "Cause",
    "Code",
    "Codes",
    "Conversation",
    "Conversations",
    "Damaged",
    "Disguise",
    "Draft",
    "Drafts",
    "Enquiries",
    "Enquiry",
    "EnquiryMove",
    "Flags",
    "Invitation",
    "Invitations",
    "KeptPreferences",
    "KeyProblem",
    "Missing",
    "Move",
    "NotKept",
    "NotRead",
    "NotReady",
    "Origin",
    "Outcomes",
    "Purpose",
    "Quote",
    "Quotes",
    "Reviews",
    "RootKey",
    "Store",
    "StoreError",
    "Taken",
    "Transaction",
    "Visit",
    "Visits",
]
