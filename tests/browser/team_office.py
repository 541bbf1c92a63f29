"""A council's office at the team's side: the product running for it, and colleagues at browsers of their own."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser

from bot import signing_in
from bot.dialogue import free_port
from bot.roles import Role
from bot.store import Store
from tests.browser.team_colleague import Colleague
from tests.browser.visitor import Purpose, Script
from tests.browser.way import Brisk
from tests.house import House

HOST = "localhost"
"""Browsers make passkeys for a name, and not for a number."""

COUNCILS_OWN = {"oidc_issuer": "https://127.0.0.1:9", "oidc_client_id": "own-words"}
"""The council has accounts of its own, at a place where nobody answers just now."""


class Office:
    """Where a team works: one running product, whose pages are reached by a name."""

    def __init__(self, browser: Browser, folder: Path, elsewhere: str) -> None:
        port = free_port()
        self.address = f"http://{HOST}:{port}"
        self.house = House(folder, port=str(port), address=self.address, leave_to=elsewhere, **COUNCILS_OWN)
        self.house.take_the_trained_model()
        self.browser = browser
        self.came: list[Brisk] = []

    @property
    def link(self) -> str:
        """The link for the first administrator, as the start showed it."""
        found = [line for line in self.house.said if "/team/link/" in line]
        assert len(found) == 1, self.house.said
        return found[0].split()[-1].removeprefix(self.address)

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open the store beside the running product."""
        with self.house.store() as opened:
            yield opened

    # --- who comes ---------------------------------------------------------------------------------------------------

    def arrives(self, script: Script, purpose: Purpose = Purpose.JOURNEY, width: int = 1280) -> Colleague:
        """Let somebody of the team come, with a browser in which nobody is signed in."""
        colleague = Colleague(self.browser, self.address, script, purpose, width)
        self.came.append(colleague)
        return colleague

    def person(self, script: Script) -> Brisk:
        """Let somebody come who is invited to a conversation."""
        self.came.append(Brisk(self.browser, self.address, script))
        return self.came[-1]

    def signed_in(
        self,
        account_id: str,
        script: Script,
        purpose: Purpose = Purpose.JOURNEY,
        *,
        ago: timedelta = timedelta(0),
    ) -> Colleague:
        """Let somebody come who signed in some time ago."""
        colleague = self.arrives(script, purpose)
        colleague.session = secrets.token_urlsafe(32)
        with self.store() as store, store.begin() as kept:
            kept.sessions.open(signing_in.hash_of(colleague.session), account_id, datetime.now(UTC) - ago)
        colleague.context.add_cookies(
            [{"name": "team", "value": colleague.session, "domain": HOST, "path": "/team", "httpOnly": True}]
        )
        return colleague

    def see_out(self) -> None:
        """Close every browser, and see that none complained, nor spoke to anybody else."""
        came, self.came = self.came, []
        for visitor in came:
            visitor.close()
        for visitor in came:
            assert visitor.hosts <= {self.address.split("/")[2]}
            assert visitor.purpose is Purpose.CHECKING or visitor.trouble == []

    # --- what is there already ---------------------------------------------------------------------------------------

    def team(self, name: str = "North team") -> str:
        """Make a team."""
        with self.store() as store, store.begin() as kept:
            return kept.teams.add(name, datetime.now(UTC))

    def account(self, role: Role, *team_ids: str, name: str, email: str = "") -> str:
        """Make an account."""
        address = email or f"{role}.{secrets.token_hex(4)}@council.example"
        with self.store() as store, store.begin() as kept:
            return kept.accounts.add(role=role, name=name, email=address, team_ids=team_ids, now=datetime.now(UTC))

    def enquiry(self, team_id: str, reference: str = "", *, allocated: tuple[str, ...] = ()) -> str:
        """Open an enquiry of a team."""
        now = datetime.now(UTC)
        with self.store() as store, store.begin() as kept:
            enquiry_id = kept.enquiries.open(now, reference=reference or f"ASC-{secrets.token_hex(3)}")
            kept.allocations.give_team(enquiry_id, team_id, None, now)
            for account_id in allocated:
                kept.allocations.allocate(enquiry_id, account_id, None, now)
        return enquiry_id

    def was_there_just_now(self, colleague: Colleague) -> None:
        """Have somebody press something at this moment."""
        with self.store() as store, store.begin() as kept:
            kept.sessions.seen(signing_in.hash_of(colleague.session), datetime.now(UTC))
