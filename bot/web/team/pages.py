"""What each page of the team's side is given, and how it is made of its template."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from bot.web.pages import as_utf8_can, environment
from bot.web.team import called


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the navigation."""

    text: str
    href: str
    is_here: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to put right before it can be kept."""

    text: str
    href: str = ""
    """The field it is about: `#note`."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What surrounds a page: who is signed in, where they may go, and what its forms carry."""

    name: str = ""
    """Of whoever is signed in; empty where nobody is."""
    role: str = ""
    navigation: tuple[Item, ...] = ()
    told: str = ""
    """What the page before it has done, in a sentence."""
    form: str = field(default="", repr=False)
    """The mark that a form of this page carries in its field `form`."""
    once: str = ""
    """Unique to this page, in the field `once`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPage:
    """What every page of the team's side needs. Each page is a class of its own and names its template."""

    template: ClassVar[str]
    frame: Frame
    title: str
    """The heading; the title in the browser's tab begins with it."""
    problems: tuple[Problem, ...] = ()

    def problem(self, href: str) -> str:
        """What is wrong with one field, in a sentence; empty when nothing is."""
        return next((problem.text for problem in self.problems if problem.href == href), "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling(TeamPage):
    """A page that only tells something, and where to go from there."""

    template: ClassVar[str] = "team/telling.html"
    information: tuple[str, ...] = ()
    ways: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """One field of a form that was sent and could not be taken."""

    name: str
    label: str
    words: str
    """To the character."""
    is_box: bool
    """Whether somebody typed it; the rest comes along unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again(TeamPage):
    """What was sent and not taken, ready to be sent again."""

    template: ClassVar[str] = "team/again.html"
    information: tuple[str, ...]
    action: str
    fields: tuple[Typed, ...]
    button: str
    rather: Item


@dataclass(frozen=True, slots=True, kw_only=True)
class SignIn(TeamPage):
    """The e-mail address and the password, or a passkey."""

    template: ClassVar[str] = "team/sign_in.html"
    email: str = ""
    next: str = ""
    """Where to go afterwards."""
    kept: str = ""
    """What was sent after the session had ended, signed."""
    fields: tuple[Typed, ...] = ()
    """The same, to be seen."""
    passkey: str = ""
    """What the browser needs to ask for a passkey, as JSON; empty when passkeys are not to be had."""
    council: str = ""
    """What people call their council accounts; empty where nobody signs in with those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prove(TeamPage):
    """Prove again who you are, before something that matters."""

    template: ClassVar[str] = "team/prove.html"
    next: str = ""
    kept: str = ""
    passkey: str = ""
    has_password: bool = True
    """Whether this account has a password, or passkeys alone."""
    council: str = ""


class TeamPages:
    """Makes pages of the team's side."""

    def __init__(self, address_of: Callable[[str], str], *, is_made_up: bool = False) -> None:
        self._environment = environment(address_of)
        self._environment.filters.update(moment=as_moment, day=as_day, clock=as_clock, age=called.as_age)
        self._environment.globals["called"] = called
        self._environment.globals["is_made_up"] = is_made_up

    def make(self, page: TeamPage) -> str:
        """Make the page that shows this context. HTML cannot hold a NUL: the sign for it stands in its place."""
        made = self._environment.get_template(page.template).render(page=page)
        return as_utf8_can(made).replace("\x00", "\ufffd")


MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def in_britain(moment: datetime) -> datetime:
    """Give a moment as clocks in Britain show it: an hour ahead from the last Sunday of March to that of October."""
    utc = moment.astimezone(UTC)
    begins, ends = (_last_sunday(utc.year, month) for month in (3, 10))
    return utc + timedelta(hours=1) if begins <= utc < ends else utc


def as_day(moment: datetime) -> str:
    """Write a day: 2 March 2026."""
    at = in_britain(moment)
    return f"{at.day} {MONTHS[at.month - 1]} {at.year}"


def as_clock(moment: datetime) -> str:
    """Write a time of day: 14:05."""
    return in_britain(moment).strftime("%H:%M")


def as_moment(moment: datetime) -> str:
    """Write a moment: 2 March 2026 at 14:05."""
    return f"{as_day(moment)} at {as_clock(moment)}"


def _last_sunday(year: int, month: int) -> datetime:
    last = datetime(year, month, 31, 1, tzinfo=UTC)
    return last - timedelta(days=(last.weekday() + 1) % 7)
