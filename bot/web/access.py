"""Who may reach which route. A route that stands in no table fails a test."""

from enum import StrEnum


class Who(StrEnum):
    """Who may reach a route of the team's that is for no role in particular."""

    NOBODY_SIGNED_IN = "nobody signed in"
    """Whoever comes to the door: nothing behind it tells of anybody."""
    ANYBODY_SIGNED_IN = "anybody signed in"


class About(StrEnum):
    """What a route of the team's shows or changes. Whose it is decides further who may reach it."""

    NOTHING = "nothing"
    ENQUIRY = "enquiry"
    CONVERSATION = "conversation"
    TEAM = "team"
    ACCOUNT = "account"
    GUIDANCE = "guidance"
    LINK = "link"
    TOKEN = "token"


class Reach(StrEnum):
    """Who gets something of a conversation from a route of the person's side."""

    ANYONE = "anyone"
    """It shows nothing of any conversation."""
    VISITOR = "whoever holds the visit"
    """It shows one conversation, to the browser that holds its visit."""


REACH = {
    ("welcome", "GET /"): Reach.ANYONE,
    ("begin", "POST /"): Reach.ANYONE,
    ("welcome_of_another", "GET /welcome/{speaker}"): Reach.ANYONE,
    ("begin_as_another", "POST /welcome/{speaker}"): Reach.ANYONE,
    ("invited", "GET /invited"): Reach.ANYONE,
    ("begin_invited", "POST /invited"): Reach.ANYONE,
    ("easier", "GET /easier"): Reach.ANYONE,
    ("make_easier", "POST /easier"): Reach.ANYONE,
    ("shared_device", "GET /private"): Reach.ANYONE,
    ("conversation", "GET /conversation"): Reach.VISITOR,
    ("go_on", "POST /conversation"): Reach.VISITOR,
    ("statement", "GET /conversation/words"): Reach.VISITOR,
    ("statement_text", "GET /conversation/words.txt"): Reach.VISITOR,
    ("statement_document", "GET /conversation/words.docx"): Reach.VISITOR,
    ("coming_back", "GET /come-back"): Reach.ANYONE,
    ("come_back", "POST /come-back"): Reach.ANYONE,
    ("leave", "GET /leave"): Reach.ANYONE,
    ("left", "POST /left"): Reach.ANYONE,
    ("papers", "GET /paper"): Reach.ANYONE,
    ("paper", "GET /paper/{stage}/{speaker}"): Reach.ANYONE,
    ("licences", "GET /licences"): Reach.ANYONE,
    ("alive", "GET /healthz"): Reach.ANYONE,
    ("ready", "GET /readyz"): Reach.ANYONE,
    ("backed_up", "GET /backupz"): Reach.ANYONE,
    ("icon", "GET /favicon.ico"): Reach.ANYONE,
    ("file", "GET /static/{path:path}"): Reach.ANYONE,
}
"""Each route of the person's side, by its name and its address."""
