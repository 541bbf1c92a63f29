"""Signing in on the team's side: password and authenticator, passkey, one-time link; sessions; proving it again.

Nobody learns at the door whether there is an account, and nobody is locked out: wrong tries make the next one slower,
and a browser that somebody signed in with before is slowed by its own wrong tries only.
"""

import asyncio
import hashlib
import hmac
import secrets
from base64 import b32encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import pyotp
from anyio import to_thread
from itsdangerous import BadSignature, URLSafeSerializer
from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute

from bot import passkeys
from bot.codes import SITE_WINDOW, SITE_WRONG, WRONG_CODES, network_key, slowed
from bot.openid import NotVouched, OpenId
from bot.passkeys import Challenges, NewPasskey, NoPasskey, Site
from bot.passwords import Breached, Passwords, problem_with
from bot.roles import Act, Actor, Role, require_proven
from bot.store import (
    Account,
    AuditAct,
    Link,
    LinkPurpose,
    Missing,
    Passkey,
    Purpose,
    Session,
    Store,
    Taken,
    Transaction,
)
from bot.store.attempts import TEAM
from bot.throttles import Places, TooManyAtOnce, count, counted

IDLE = timedelta(minutes=30)
IN_ALL = timedelta(hours=12)
SESSIONS_KEPT = timedelta(days=2)
"""For so long an old session says whose it was, so that what somebody typed comes back to them."""
NOTED_EVERY = timedelta(minutes=1)
"""A session that goes on is noted once a minute."""

HALF_WAY_LASTS = timedelta(minutes=10)
"""Between the password and the code of the authenticator."""

DEVICE_LASTS = timedelta(days=180)

FIRST_LASTS = timedelta(hours=24)
WELCOME_LASTS = timedelta(days=7)
RESET_LASTS = timedelta(hours=24)

FREE_TRIES = 5
"""Wrong tries on one account, or from one device, in ten minutes before the next one waits."""
ON_ONE_ACCOUNT = RateLimitItemPerMinute(FREE_TRIES, 10)
FREE_CODES_A_DAY = 20
ON_ONE_DAY = RateLimitItemPerDay(FREE_CODES_A_DAY)
"""Wrong codes of an authenticator in a day, before each further one waits as long as any."""
IN_LINE = 10
"""Tries that may wait at once where tries wait."""

CODE_SECONDS = 30
CODE_STEPS = 1
"""How many codes before and after the one of this moment are good: clocks differ."""

WRONG = "The e-mail address, the password, or both are not right."
WRONG_CODE = "That code is not right, or was used already. Wait for the next one in your authenticator app."
WRONG_PASSKEY = "That passkey did not work here. Try again, or sign in with your password."
TOO_LATE = "That took too long. Please begin again."
WRONG_PROOF = "The password, the code, or both are not right."
DEAD_LINK = "This link was used, is too old, or was replaced. Ask an administrator for a new one."
NO_PASSKEYS = "Passkeys cannot be used here: the site has to be reached by https, under a name."


class NotDone(Exception):
    """What was asked for was not done; the message says why and what to do, and can be shown."""


class HasStore(Protocol):
    """Whoever holds the store."""

    @property
    def store(self) -> Store:
        """Where sessions are kept."""


@dataclass(slots=True)
class _Line:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


@dataclass(slots=True)
class Gate:
    """Where the team comes in."""

    store: Store
    site: Site | None = None
    """None where passkeys cannot be had."""
    breached: Breached | None = None
    openid: OpenId | None = None
    """The council's own accounts, where they are to be signed in with."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    waited: Callable[[str], None] = lambda name: None
    """Hears that somebody had to wait."""
    places: Places = field(default_factory=Places)
    """Where those are who wait before they showed anything that is right."""
    passwords: Passwords = field(init=False)
    challenges: Challenges = field(default_factory=Challenges)
    lines: dict[str, _Line] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.passwords = Passwords(self.store)


@dataclass(frozen=True, slots=True)
class HalfWay:
    """The password was right; the code of the authenticator is still to come."""

    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Somebody has just signed in."""

    account_id: str
    secret: str = field(repr=False)
    """What the browser holds for as long as the session lasts. Only its digest is kept."""
    device: str = field(repr=False)
    """What the browser may hold for long: it says that this account signed in there, and lets nobody in."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a one-time link leads: somebody chooses what they will sign in with."""

    purpose: LinkPurpose
    name: str
    email: str
    """Both empty for the first administrator, who says them."""
    secret: str = field(repr=False)
    """What an authenticator app is told, to be typed by hand."""
    address: str = field(repr=False)
    """The same, for a QR code."""


@dataclass(frozen=True, slots=True)
class Authenticator:
    """An authenticator app to be set up: it counts once a code of it was typed."""

    secret: str = field(repr=False)
    address: str = field(repr=False)


# --- sessions --------------------------------------------------------------------------------------------------------


def hash_of(secret: str) -> str:
    """Give what is kept of a session's secret, or of a link's: 256 random bits, so their digest tells nothing."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


async def signed_in(
    gate: HasStore, secret: str, now: datetime, looked_at: datetime | None = None
) -> tuple[Actor, Account] | None:
    """Say who is signed in; None when nobody is, or not any more.

    `looked_at`: when a page was last looked at, for looking writes nothing. It cannot make a session longer than 12
    hours, nor bring one back that was ended; and an account that is disabled is signed in nowhere.
    """

    def read() -> tuple[Actor, Account] | None:
        session_hash = hash_of(secret)
        with gate.store.reading() as seen:
            session = seen.sessions.find(session_hash)
            if session is None or not _goes_on(session, now, looked_at):
                return None
            account = seen.accounts.get(session.account_id)
        if account.disabled_at is not None:
            return None
        actor = Actor(account.account_id, account.role, account.team_ids, session_hash, session.proven_at)
        return actor, account

    return await to_thread.run_sync(read)


async def whose(gate: HasStore, secret: str) -> str | None:
    """Say whose session it is, or was: so that what somebody typed comes back to them alone."""

    def read() -> str | None:
        with gate.store.reading() as seen:
            session = seen.sessions.find(hash_of(secret))
        return None if session is None else session.account_id

    return await to_thread.run_sync(read)


async def stay(gate: HasStore, secret: str, now: datetime) -> None:
    """Say that the session goes on. Raises Missing when there is none."""

    def keep() -> None:
        session_hash = hash_of(secret)
        with gate.store.reading() as seen:
            session = seen.sessions.find(session_hash)
        if session is not None and timedelta(0) <= now - session.last_seen_at < NOTED_EVERY:
            return
        with gate.store.begin() as kept:
            kept.sessions.seen(session_hash, now)

    await to_thread.run_sync(keep)


async def sign_out(gate: HasStore, secret: str, now: datetime) -> None:
    """End a session at once."""

    def keep() -> None:
        session_hash = hash_of(secret)
        with gate.store.begin() as kept:
            session = kept.sessions.find(session_hash)
            if session is None or session.ended_at is not None:
                return
            kept.sessions.end(session_hash, now)
            kept.audit.add(AuditAct.SIGNED_OUT, now, account_id=session.account_id)

    await to_thread.run_sync(keep)


async def sign_out_elsewhere(gate: HasStore, actor: Actor, now: datetime) -> None:
    """End all other sessions of one's own account."""

    def keep() -> None:
        with gate.store.begin() as kept:
            kept.sessions.end_all(actor.account_id, now, but=actor.session_hash)
            kept.audit.add(AuditAct.SIGNED_OUT, now, account_id=actor.account_id, about="elsewhere")

    await to_thread.run_sync(keep)


def own_sessions(gate: HasStore, actor: Actor, now: datetime) -> tuple[tuple[Session, bool], ...]:
    """List where one is signed in, the latest first, and whether it is the session that asks."""
    with gate.store.reading() as seen:
        found = seen.sessions.of(actor.account_id)
    return tuple(
        (session, session_hash == actor.session_hash)
        for session_hash, session in found.items()
        if session_hash == actor.session_hash or _goes_on(session, now, None)
    )


def _goes_on(session: Session, now: datetime, looked_at: datetime | None) -> bool:
    if session.ended_at is not None or now - session.opened_at > IN_ALL:
        return False
    last = session.last_seen_at if looked_at is None else max(session.last_seen_at, looked_at)
    return now - last <= IDLE


def _open(gate: Gate, kept: Transaction, account_id: str, how: str, now: datetime, *, proven: bool = True) -> SignedIn:
    secret = secrets.token_urlsafe(32)
    kept.sessions.drop(now - SESSIONS_KEPT)
    kept.sessions.open(hash_of(secret), account_id, now, proven=proven)
    kept.audit.add(AuditAct.SIGNED_IN, now, account_id=account_id, about=how)
    return SignedIn(account_id, secret, _device(gate, account_id, now))


# --- password and authenticator --------------------------------------------------------------------------------------


async def begin_sign_in(
    gate: Gate, email: str, password: str, network: str, now: datetime, device: str = ""
) -> HalfWay:
    """Take e-mail address and password. Raises NotDone, TooManyAtOnce.

    No such account, a wrong password and a disabled account give the same answer after the same work.
    """

    def look() -> tuple[Account | None, str | None]:
        with gate.store.reading() as seen:
            account, kept_hash = seen.accounts.tried(email)
        if account is None or account.disabled_at is not None or not account.has_totp:
            return account, None
        return account, kept_hash

    account, kept_hash = await to_thread.run_sync(look)
    tries = _tries(gate, email, None if account is None else account.account_id, network, now, device)
    async with _slowed(gate, tries, now):
        fits = await gate.passwords.fits(password, kept_hash)
        if not fits or account is None or kept_hash is None:
            await to_thread.run_sync(_refused, gate, tries, now, account, "password")
            raise NotDone(WRONG)
    return HalfWay(_ticket(gate, account.account_id, kept_hash, now))


async def finish_sign_in(gate: Gate, ticket: str, code: str, network: str, now: datetime, device: str = "") -> SignedIn:
    """Take the code of the authenticator app, and sign in. Raises NotDone, TooManyAtOnce."""
    account_id, of_password = _read_ticket(gate, ticket, now)
    tries = _code_tries(gate, account_id, now, device)

    def keep() -> SignedIn | str:
        with gate.store.begin() as kept:
            account = _live(kept, account_id)
            if account is None or _digest(kept.accounts.password(account_id) or "") != of_password:
                return TOO_LATE
            if not _is_code(kept, account_id, code, now):
                _count(kept, tries, now)
                kept.audit.add(AuditAct.SIGN_IN_REFUSED, now, account_id=account_id, about="code")
                return WRONG_CODE
            return _open(gate, kept, account_id, "password", now)

    async with _slowed(gate, tries, now):
        found = await to_thread.run_sync(keep)
    if isinstance(found, str):
        raise NotDone(found)
    return found


def authenticator(gate: Gate, actor: Actor, account: Account) -> Authenticator:
    """Give the secret for another authenticator app. It stays the same for as long as this session shows it."""
    with gate.store.reading() as seen:
        before = seen.accounts.totp(actor.account_id) or ""
    return _authenticator(gate, f"{actor.session_hash}|{before}", account.email)


def _authenticator(gate: Gate, of: str, label: str) -> Authenticator:
    # Worked out, not drawn: the page that shows it can be looked at again, and looking writes nothing.
    key = gate.store.derive(Purpose.AUTHENTICATORS)
    secret = b32encode(hmac.digest(key, of.encode("utf-8", "surrogatepass"), hashlib.sha256)[:20]).decode()
    name = gate.site.name if gate.site is not None else "Own Words"
    return Authenticator(secret, pyotp.TOTP(secret).provisioning_uri(name=label, issuer_name=name))


def _counter_of(secret: str, code: str, now: datetime) -> int | None:
    """Say which step a code is of, if it is good at this moment."""
    typed = "".join(c for c in code if not c.isspace())
    if not (typed.isascii() and typed.isdigit()):
        return None
    this = int(now.timestamp()) // CODE_SECONDS
    made = pyotp.TOTP(secret)
    good = [
        counter
        for counter in range(this - CODE_STEPS, this + CODE_STEPS + 1)
        if hmac.compare_digest(made.generate_otp(counter), typed)
    ]
    return good[-1] if good else None


def _is_code(kept: Transaction, account_id: str, code: str, now: datetime) -> bool:
    secret = kept.accounts.totp(account_id)
    counter = None if secret is None else _counter_of(secret, code, now)
    return counter is not None and kept.accounts.used_totp(account_id, counter)


# --- passkeys --------------------------------------------------------------------------------------------------------

SIGN_IN = "sign in"


def ask_for_passkey(gate: Gate, now: datetime, actor: Actor | None = None) -> str:
    """Give what a browser needs to ask for a passkey, as JSON; empty where there are none to be had.

    `actor`: who proves again who they are, where somebody does.
    """
    if gate.site is None:
        return ""
    return passkeys.to_sign_in(gate.site, gate.challenges.make(_proving(actor), now))


async def sign_in_with_passkey(gate: Gate, answer: str, network: str, now: datetime) -> SignedIn:
    """Sign in with a passkey alone. Raises NotDone, TooManyAtOnce."""
    tries = _network_tries(gate, network, now)

    def keep() -> SignedIn | None:
        with gate.store.begin() as kept:
            passkey = _passkey(gate, kept, answer, SIGN_IN, now)
            if passkey is None:
                _count(kept, tries, now)
                kept.audit.add(AuditAct.SIGN_IN_REFUSED, now, about="passkey")
                return None
            return _open(gate, kept, passkey.account_id, "passkey", now)

    async with _slowed(gate, tries, now):
        found = await to_thread.run_sync(keep)
    if found is None:
        raise NotDone(WRONG_PASSKEY)
    return found


def offer_passkey(gate: Gate, actor: Actor, account: Account, now: datetime) -> str:
    """Give what a browser needs to make a passkey, as JSON; empty where there are none to be had."""
    if gate.site is None:
        return ""
    with gate.store.reading() as seen:
        has = seen.passkeys.of(actor.account_id)
    challenge = gate.challenges.make(_making(actor.session_hash), now)
    return passkeys.to_make_one(gate.site, challenge, account.account_id, account.email, account.name, has)


async def add_passkey(gate: Gate, actor: Actor, answer: str, name: str, now: datetime) -> None:
    """Keep a passkey for one's own account. Raises NotDone, ProofNeeded."""
    require_proven(actor, Act.CHANGE_SIGN_IN, now)

    def keep() -> None:
        found = _made(gate, answer, _making(actor.session_hash), now)
        with gate.store.begin() as kept:
            _add_passkey(kept, actor.account_id, found, name, now)
            kept.audit.add(AuditAct.CHANGED, now, account_id=actor.account_id, about="passkey")

    await to_thread.run_sync(keep)


def own_passkeys(gate: Gate, actor: Actor) -> tuple[Passkey, ...]:
    """List the passkeys of one's own account."""
    with gate.store.reading() as seen:
        return seen.passkeys.of(actor.account_id)


async def end_passkey(gate: Gate, actor: Actor, credential_id: bytes, now: datetime) -> None:
    """End a passkey of one's own account. Raises NotDone, ProofNeeded; Missing when it is not theirs."""
    require_proven(actor, Act.CHANGE_SIGN_IN, now)

    def keep() -> None:
        with gate.store.begin() as kept:
            theirs = kept.passkeys.of(actor.account_id)
            if credential_id not in {one.credential_id for one in theirs}:
                raise Missing("There is no such passkey.")
            if len(theirs) == 1 and not kept.accounts.get(actor.account_id).has_password:
                raise NotDone("This is the only way you have to sign in. Add another passkey or a password first.")
            kept.passkeys.end(credential_id, now)
            kept.audit.add(AuditAct.CHANGED, now, account_id=actor.account_id, about="passkey ended")

    await to_thread.run_sync(keep)


def _making(of: str) -> str:
    return f"make|{of}"


def _proving(actor: Actor | None) -> str:
    return SIGN_IN if actor is None else f"prove|{actor.session_hash}"


def _made(gate: Gate, answer: str, about: str, now: datetime) -> NewPasskey:
    if gate.site is None:
        raise NotDone(NO_PASSKEYS)
    try:
        challenge = passkeys.challenge_of(answer)
        found = passkeys.made(gate.site, answer, challenge)
    except NoPasskey as error:
        raise NotDone("No passkey was made. Please try again.") from error
    if not gate.challenges.use(challenge, about, now):
        raise NotDone(TOO_LATE)
    return found


def _add_passkey(kept: Transaction, account_id: str, found: NewPasskey, name: str, now: datetime) -> None:
    try:
        kept.passkeys.add(
            account_id, found.credential_id, found.public_key, found.sign_count, name.strip() or "Passkey", now
        )
    except Taken as error:
        raise NotDone("This passkey was used here before. Make a new one.") from error


def _passkey(gate: Gate, kept: Transaction, answer: str, about: str, now: datetime) -> Passkey | None:
    """Give the passkey that answered, and note that it did; None when it proves nothing."""
    if gate.site is None:
        return None
    try:
        challenge = passkeys.challenge_of(answer)
        found = kept.passkeys.find(passkeys.credential_of(answer))
        if found is None or not gate.challenges.use(challenge, about, now):
            return None
        count = passkeys.signed_count(gate.site, answer, challenge, found)
    except NoPasskey:
        return None
    if _live(kept, found.account_id) is None:
        return None
    kept.passkeys.used(found.credential_id, count, now)
    return found


# --- the council's own accounts ---------------------------------------------------------------------------------------

COUNCIL = "council"


@dataclass(frozen=True, slots=True)
class ToCouncil:
    """Somebody goes to the council's side to sign in."""

    address: str
    mark: str = field(repr=False)
    """What the browser holds until they come back."""


async def go_to_council(gate: Gate, now: datetime, *, again: bool = False) -> ToCouncil:
    """Begin to sign in with a council account. `again`: as a proof, so they sign in there anew. Raises NotDone."""
    if gate.openid is None:
        raise NotDone("Council accounts are not set up here. Sign in another way.")
    state = gate.challenges.make(COUNCIL, now).hex()
    try:
        going = await gate.openid.go(state, again=again)
    except NotVouched as error:
        raise NotDone(str(error)) from error
    mark = _signer(gate, COUNCIL).dumps([state, going.nonce, going.verifier, again])
    return ToCouncil(going.address, str(mark))


async def come_from_council(gate: Gate, mark: str, code: str, state: str, network: str, now: datetime) -> SignedIn:
    """Sign in whoever comes back, in the browser that went. Raises NotDone, TooManyAtOnce.

    Whoever was signed in there already has proved nothing just now: only signing in there anew is a proof.
    """
    held = _read(_signer(gate, COUNCIL), mark)
    if (
        gate.openid is None
        or held is None
        or not hmac.compare_digest(held[0].encode(), state.encode("utf-8", "replace"))
    ):
        raise NotDone(TOO_LATE)
    if not gate.challenges.use(bytes.fromhex(held[0]), COUNCIL, now):
        raise NotDone(TOO_LATE)
    openid, tries = gate.openid, _network_tries(gate, network, now)
    async with _slowed(gate, tries, now):
        try:
            email = await openid.vouched(code, held[1], held[2], now, again=held[3])
        except NotVouched as error:
            await to_thread.run_sync(_refused, gate, tries, now, None, COUNCIL)
            raise NotDone(str(error)) from error

    def keep() -> SignedIn | None:
        with gate.store.begin() as kept:
            account = kept.accounts.find(email)
            # Addresses are found by likeness, for whoever types one; here it has to be the very one.
            if account is None or account.disabled_at is not None or account.email.lower() != email.lower():
                account_id = None if account is None else account.account_id
                kept.audit.add(AuditAct.SIGN_IN_REFUSED, now, account_id=account_id, about=COUNCIL)
                return None
            return _open(gate, kept, account.account_id, COUNCIL, now, proven=held[3])

    found = await to_thread.run_sync(keep)
    if found is None:
        raise NotDone(
            "Your council vouches for you, but nobody has made an account for you here. Ask an administrator."
        )
    return found


# --- proving it again ------------------------------------------------------------------------------------------------


async def prove(gate: Gate, actor: Actor, password: str, code: str, now: datetime) -> None:
    """Prove again who one is, with password and code. Good for five minutes. Raises NotDone, TooManyAtOnce."""

    def look() -> str | None:
        with gate.store.reading() as seen:
            return seen.accounts.password(actor.account_id)

    tries = _proof_tries(gate, actor, now)
    kept_hash = await to_thread.run_sync(look)

    def keep(fits: bool) -> bool:
        with gate.store.begin() as kept:
            # A code is used up only where the password was right: which of the two was wrong is not said.
            good = fits and _is_code(kept, actor.account_id, code, now)
            if good:
                kept.sessions.proven(actor.session_hash, now)
            else:
                _count(kept, tries, now)
            act = AuditAct.PROVEN if good else AuditAct.PROOF_REFUSED
            kept.audit.add(act, now, account_id=actor.account_id, about="password")
            return good

    async with _slowed(gate, tries, now):
        fits = await gate.passwords.fits(password, kept_hash)
        good = await to_thread.run_sync(keep, fits)
    if not good:
        raise NotDone(WRONG_PROOF)


async def prove_with_passkey(gate: Gate, actor: Actor, answer: str, now: datetime) -> None:
    """Prove again who one is, with a passkey. Good for five minutes. Raises NotDone, TooManyAtOnce."""
    tries = _proof_tries(gate, actor, now)

    def keep() -> bool:
        with gate.store.begin() as kept:
            passkey = _passkey(gate, kept, answer, _proving(actor), now)
            good = passkey is not None and passkey.account_id == actor.account_id
            if good:
                kept.sessions.proven(actor.session_hash, now)
            else:
                _count(kept, tries, now)
            act = AuditAct.PROVEN if good else AuditAct.PROOF_REFUSED
            kept.audit.add(act, now, account_id=actor.account_id, about="passkey")
            return good

    async with _slowed(gate, tries, now):
        good = await to_thread.run_sync(keep)
    if not good:
        raise NotDone(WRONG_PASSKEY)


# --- what one signs in with ------------------------------------------------------------------------------------------


async def change_password(gate: Gate, actor: Actor, account: Account, password: str, now: datetime) -> None:
    """Choose another password; every other session ends. Raises NotDone, ProofNeeded, TooManyAtOnce."""
    require_proven(actor, Act.CHANGE_SIGN_IN, now)
    if not account.has_totp:
        raise NotDone("Set up an authenticator app first: a password alone lets nobody in here.")
    new_hash = await _hash(gate, password, account.email, account.name)

    def keep() -> None:
        with gate.store.begin() as kept:
            kept.accounts.set_password(actor.account_id, new_hash)
            kept.sessions.end_all(actor.account_id, now, but=actor.session_hash)
            kept.links.end_all(actor.account_id, now)
            kept.audit.add(AuditAct.CHANGED, now, account_id=actor.account_id, about="password")

    await to_thread.run_sync(keep)


async def change_authenticator(gate: Gate, actor: Actor, account: Account, code: str, now: datetime) -> None:
    """Set up the app that `authenticator` told of; every other session ends. Raises NotDone, ProofNeeded."""
    require_proven(actor, Act.CHANGE_SIGN_IN, now)

    def keep() -> None:
        shown = authenticator(gate, actor, account)
        with gate.store.begin() as kept:
            _set_authenticator(kept, actor.account_id, shown.secret, code, now)
            kept.sessions.end_all(actor.account_id, now, but=actor.session_hash)
            kept.audit.add(AuditAct.CHANGED, now, account_id=actor.account_id, about="authenticator")

    await to_thread.run_sync(keep)


async def _hash(gate: Gate, password: str, email: str, name: str) -> str:
    problem = await to_thread.run_sync(lambda: problem_with(password, email=email, name=name, breached=gate.breached))
    if problem:
        raise NotDone(problem)
    return await gate.passwords.hash(password)


def _set_authenticator(kept: Transaction, account_id: str, secret: str, code: str, now: datetime) -> None:
    kept.accounts.set_totp(account_id, secret)
    if not _is_code(kept, account_id, code, now):
        raise NotDone(WRONG_CODE)


# --- one-time links --------------------------------------------------------------------------------------------------


def make_link(kept: Transaction, account_id: str | None, purpose: LinkPurpose, now: datetime) -> str:
    """Make a one-time link in place of any before it, and give its secret, which is kept nowhere."""
    secret = secrets.token_urlsafe(32)
    lasts = {
        LinkPurpose.FIRST_ADMINISTRATOR: FIRST_LASTS,
        LinkPurpose.WELCOME: WELCOME_LASTS,
        LinkPurpose.RESET: RESET_LASTS,
    }[purpose]
    kept.links.end_all(account_id, now)
    kept.links.add(hash_of(secret), account_id, purpose, now, now + lasts)
    return secret


def first_administrator_link(store: Store, now: datetime) -> str | None:
    """Make the link for the first administrator; None where an administrator can sign in already."""
    with store.begin() as kept:
        if has_administrator(kept):
            return None
        secret = make_link(kept, None, LinkPurpose.FIRST_ADMINISTRATOR, now)
        kept.audit.add(AuditAct.CHANGED, now, about="link for the first administrator")
        return secret


def reset_link(store: Store, email: str, now: datetime) -> str:
    """Make a link to begin anew, for whoever runs the site. Raises NotDone."""
    with store.begin() as kept:
        account = kept.accounts.find(email)
        if account is None:
            raise NotDone("There is no account with this e-mail address.")
        if account.disabled_at is not None:
            raise NotDone("This account is disabled. An administrator can enable it again.")
        secret = make_link(kept, account.account_id, LinkPurpose.RESET, now)
        kept.audit.add(AuditAct.CHANGED, now, account_id=account.account_id, about="link by the operator")
        return secret


def has_administrator(kept: Transaction) -> bool:
    """Say whether there is an administrator who can sign in."""
    return any(one.role is Role.ADMINISTRATOR and can_sign_in(kept, one) for one in kept.accounts.listed())


def can_sign_in(kept: Transaction, account: Account) -> bool:
    """Say whether somebody has chosen how to sign in with this account, and may."""
    has_way = account.has_password or bool(kept.passkeys.of(account.account_id))
    return account.disabled_at is None and has_way


async def look_at_link(gate: Gate, secret: str, now: datetime) -> Arrival:
    """Say where a link leads, without using it. Raises NotDone where it leads nowhere any more."""

    def read() -> Arrival:
        with gate.store.reading() as seen:
            link = _good_link(seen, secret, now)
            account = None if link.account_id is None else seen.accounts.get(link.account_id)
        email = "" if account is None else account.email
        told = _authenticator(gate, secret, email or "administrator")
        return Arrival(link.purpose, "" if account is None else account.name, email, told.secret, told.address)

    return await to_thread.run_sync(read)


async def arrive(
    gate: Gate, secret: str, password: str, code: str, now: datetime, *, name: str = "", email: str = ""
) -> SignedIn:
    """Choose a password and an authenticator app by a link, and be signed in. Raises NotDone, TooManyAtOnce.

    Whatever was there before goes: the old password and authenticator, passkeys, sessions, other links. `name` and
    `email` are the first administrator's, who is made by this.
    """
    arrival = await look_at_link(gate, secret, now)
    if arrival.purpose is LinkPurpose.FIRST_ADMINISTRATOR:
        name, email = checked(name, email)
    else:
        name, email = arrival.name, arrival.email
    new_hash = await _hash(gate, password, email, name)

    def keep() -> SignedIn:
        with gate.store.begin() as kept:
            account_id = _use_link(kept, secret, name, email, now)
            kept.accounts.set_password(account_id, new_hash)
            _set_authenticator(kept, account_id, arrival.secret, code, now)
            return _open(gate, kept, account_id, "link", now)

    return await to_thread.run_sync(keep)


def offer_passkey_by_link(gate: Gate, secret: str, now: datetime) -> str:
    """Give what a browser needs to make a passkey by a link, as JSON; empty where there are none to be had."""
    if gate.site is None:
        return ""
    with gate.store.reading() as seen:
        link = _good_link(seen, secret, now)
        if link.account_id is None:
            return ""
        account = seen.accounts.get(link.account_id)
    challenge = gate.challenges.make(_making(hash_of(secret)), now)
    return passkeys.to_make_one(gate.site, challenge, account.account_id, account.email, account.name, ())


async def arrive_with_passkey(gate: Gate, secret: str, answer: str, name: str, now: datetime) -> SignedIn:
    """Choose a passkey, and no password, by a link, and be signed in. Raises NotDone."""

    def keep() -> SignedIn:
        found = _made(gate, answer, _making(hash_of(secret)), now)
        with gate.store.begin() as kept:
            account_id = _use_link(kept, secret, "", "", now)
            kept.accounts.set_password(account_id, None)
            kept.accounts.set_totp(account_id, None)
            _add_passkey(kept, account_id, found, name, now)
            return _open(gate, kept, account_id, "link", now)

    return await to_thread.run_sync(keep)


def _good_link(seen: Transaction, secret: str, now: datetime) -> Link:
    link = seen.links.find(hash_of(secret))
    if link is None or link.used_at is not None or link.ended_at is not None or now > link.valid_until:
        raise NotDone(DEAD_LINK)
    if link.account_id is None:
        if has_administrator(seen):
            raise NotDone(DEAD_LINK)
    elif _live(seen, link.account_id) is None:
        raise NotDone(DEAD_LINK)
    return link


def _use_link(kept: Transaction, secret: str, name: str, email: str, now: datetime) -> str:
    """Use a link up, and give the account to begin anew with."""
    link = _good_link(kept, secret, now)
    kept.links.use(hash_of(secret), now)
    account_id = link.account_id
    if account_id is None:
        if not email:
            raise NotDone("The first administrator begins with a password.")
        try:
            account_id = kept.accounts.add(role=Role.ADMINISTRATOR, name=name, email=email, team_ids=(), now=now)
        except Taken as error:
            raise NotDone("There is an account with this e-mail address already. Give another one.") from error
    kept.links.end_all(link.account_id, now)
    kept.sessions.end_all(account_id, now)
    for one in kept.passkeys.of(account_id):
        kept.passkeys.end(one.credential_id, now)
    kept.audit.add(AuditAct.CHANGED, now, account_id=account_id, about=f"link used: {link.purpose}")
    return account_id


LONGEST_NAME = 200
LONGEST_EMAIL = 254
NOT_IN_AN_ADDRESS = frozenset('",:;<>()[]\\')
"""What would make two addresses of one, or none at all, for a mail server."""


def checked(name: str, email: str) -> tuple[str, str]:
    """Give a name and an e-mail address that can be those of somebody. Raises NotDone."""
    name, email = name.strip(), email.strip()
    if not name or len(name) > LONGEST_NAME:
        raise NotDone("Give a name, as colleagues know it.")
    before, at, after = email.rpartition("@")
    is_odd = any(sign.isspace() or not sign.isprintable() or sign in NOT_IN_AN_ADDRESS for sign in email)
    if not (before and at and "." in after.strip(".")) or len(email) > LONGEST_EMAIL or is_odd:
        raise NotDone("Give an e-mail address such as name@council.example.")
    return name, email


# --- slowed, never locked --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tries:
    """How the wrong tries of whoever is trying are counted, and how long the next one waits."""

    line: str
    """Those in one line try one after another, as soon as they have to wait at all."""
    counted: tuple[tuple[str, RateLimitItem], ...]
    """What each wrong try is counted under, and how many of them slow nobody."""
    slows_everybody: bool = False
    one_by_one: bool = False
    """Whether they always try one after another: a code of six digits must not be tried a thousand times at once."""


def _named(gate: Gate, what: str, now: datetime) -> str:
    key = gate.store.derive(Purpose.ACCOUNTS)
    told = f"{now.date().isoformat()}|{what}".encode("utf-8", "surrogatepass")
    return TEAM + hmac.digest(key, told, hashlib.sha256).hex()


def _network_tries(gate: Gate, network: str, now: datetime) -> _Tries:
    name = TEAM + network_key(gate.store, network, now)
    return _Tries(name, ((name, WRONG_CODES),), slows_everybody=True)


def _tries(gate: Gate, email: str, account_id: str | None, network: str, now: datetime, device: str) -> _Tries:
    if _is_known(gate, device, account_id, now):
        name = _named(gate, f"device|{device}", now)
        return _Tries(name, ((name, ON_ONE_ACCOUNT),))
    here = _network_tries(gate, network, now)
    # By the address, not the account: an address that nobody has is slowed like any other.
    account = _named(gate, f"account|{email.strip().casefold()}", now)
    return _Tries(here.line, (*here.counted, (account, ON_ONE_ACCOUNT)), slows_everybody=True)


def _code_tries(gate: Gate, account_id: str, now: datetime, device: str) -> _Tries:
    who = f"device|{device}" if _is_known(gate, device, account_id, now) else f"account|{account_id}"
    return _short_code_tries(_named(gate, f"code|{who}", now))


def _proof_tries(gate: Gate, actor: Actor, now: datetime) -> _Tries:
    return _short_code_tries(_named(gate, f"proof|{actor.account_id}", now))


def _short_code_tries(name: str) -> _Tries:
    return _Tries(name, ((name, ON_ONE_ACCOUNT), (name, ON_ONE_DAY)), one_by_one=True)


async def refuse_program(gate: Gate, network: str, now: datetime, about: str) -> None:
    """Have another program wait that came with no good token, and write down that it came. Raises TooManyAtOnce.

    Such tries are counted apart from people's: a token that has run out slows nobody's signing in.
    """
    name = _named(gate, f"program|{network_key(gate.store, network, now)}", now)
    tries = _Tries(name, ((name, WRONG_CODES),))
    async with _slowed(gate, tries, now):
        await to_thread.run_sync(_refused, gate, tries, now, None, about)


@asynccontextmanager
async def _slowed(gate: Gate, tries: _Tries, now: datetime) -> AsyncIterator[None]:
    """Wait as long as wrong tries before this one make it wait. Raises TooManyAtOnce."""
    if not tries.one_by_one and not await to_thread.run_sync(_wait, gate, tries, now):
        yield
        return
    line = gate.lines.setdefault(tries.line, _Line())
    if line.waiting >= IN_LINE:
        raise TooManyAtOnce
    line.waiting += 1
    # Whoever tries one by one gave a right password before: those who did not cannot take their places.
    place = nullcontext() if tries.one_by_one else gate.places.take("sign_in", tries.line, IN_LINE)
    try:
        with place:
            async with line.lock:
                if wait := await to_thread.run_sync(_wait, gate, tries, now):
                    gate.waited("sign_in")
                await gate.sleep(wait)
                yield
    finally:
        line.waiting -= 1
        if not line.waiting:
            gate.lines.pop(tries.line, None)


def _wait(gate: Gate, tries: _Tries, now: datetime) -> float:
    with gate.store.reading() as seen:
        waits = [slowed(counted(seen, free, name, now), free.amount) for name, free in tries.counted]
        if tries.slows_everybody:
            everywhere = seen.attempts.wrong(now - SITE_WINDOW, network=_EVERYWHERE)
            waits.append(min(20.0, 5.0 * everywhere / SITE_WRONG) if everywhere >= SITE_WRONG else 0.0)
    return max(waits)


_EVERYWHERE = f"{TEAM}everywhere"


def _count(kept: Transaction, tries: _Tries, now: datetime) -> None:
    for name, free in sorted(dict(tries.counted).items()):
        count(kept, free, name, now)
    if tries.slows_everybody:
        kept.attempts.count_wrong(_EVERYWHERE, now)


def _refused(gate: Gate, tries: _Tries, now: datetime, account: Account | None, about: str) -> None:
    with gate.store.begin() as kept:
        _count(kept, tries, now)
        account_id = None if account is None else account.account_id
        kept.audit.add(AuditAct.SIGN_IN_REFUSED, now, account_id=account_id, about=about)


# --- what the browser holds ------------------------------------------------------------------------------------------


def _ticket(gate: Gate, account_id: str, password_hash: str, now: datetime) -> str:
    return str(_signer(gate, "half way").dumps([account_id, _digest(password_hash), int(now.timestamp())]))


def _read_ticket(gate: Gate, ticket: str, now: datetime) -> tuple[str, str]:
    found = _read(_signer(gate, "half way"), ticket)
    if found is None or abs(now.timestamp() - found[2]) > HALF_WAY_LASTS.total_seconds():
        raise NotDone(TOO_LATE)
    return str(found[0]), str(found[1])


def _device(gate: Gate, account_id: str, now: datetime) -> str:
    return str(_signer(gate, "device").dumps([account_id, secrets.token_urlsafe(8), int(now.timestamp())]))


def _is_known(gate: Gate, device: str, account_id: str | None, now: datetime) -> bool:
    """Say whether this account signed in on this device before, and not too long ago."""
    found = _read(_signer(gate, "device"), device)
    return found is not None and found[0] == account_id and now.timestamp() - found[2] <= DEVICE_LASTS.total_seconds()


def _signer(gate: Gate, salt: str) -> URLSafeSerializer:
    return URLSafeSerializer(gate.store.derive(Purpose.SIGNING_IN), salt=salt)


def _read(signer: URLSafeSerializer, mark: str) -> Any:
    try:
        return signer.loads(mark) if mark else None
    except (BadSignature, UnicodeEncodeError):
        return None


def _digest(password_hash: str) -> str:
    return hashlib.sha256(password_hash.encode()).hexdigest()[:32]


def _live(seen: Transaction, account_id: str) -> Account | None:
    try:
        account = seen.accounts.get(account_id)
    except Missing:
        return None
    return account if account.disabled_at is None else None
