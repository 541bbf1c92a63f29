"""Guidance that the team reads: documents of the council's own, and who has confirmed that they read which version.

A document is a Markdown file in one folder, and its version is the digest of its bytes: whatever changes in it, however
little, is to be read again. Nothing is passed on anywhere: whoever may know who has not read it comes and looks.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from bot.roles import RULES, Act, Actor, NotAllowed, Place, may, require
from bot.store import Account, AuditAct, Confirmed, Missing, Store

LONGEST = 100_000
"""Bytes of one document. Longer than that, nobody reads it."""

TITLE = re.compile(r"\s*# +(.+?)(?: +#+)? *(?:\r?\n|\r|$)")
"""The heading that a document begins with."""
ORDER = re.compile(r"^[0-9]+[-_. ]+")
"""What a council may put before a file's name, so that its documents stand in order."""


class NotDone(Exception):
    """What was asked for was not done; the message says why, and what to do, in a sentence for the page."""


class ChangedMeanwhile(NotDone):
    """The document is not any more what this reader was shown."""


class LeftOut(StrEnum):
    """Why a file of the folder is not a document that anybody is shown."""

    NOT_TEXT = "not_text"
    TOO_LONG = "too_long"
    EMPTY = "empty"
    CANNOT_BE_READ = "cannot_be_read"


@dataclass(frozen=True, slots=True)
class Document:
    """One document, as it is now."""

    document_id: str
    """From the name of its file, for addresses."""
    name: str
    """The name of its file: it stays the same from one version to the next."""
    title: str
    markdown: str
    """All that is below the title."""
    digest: str
    """SHA-256 of the file, in hexadecimal: the version."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """What lies in the folder, in the order of the files' names."""

    documents: tuple[Document, ...]
    left_out: tuple[tuple[str, LeftOut], ...]
    is_there: bool
    """Whether there is such a folder, and it can be read."""

    def find(self, document_id: str) -> Document:
        """Give a document by its id. Raises Missing."""
        for document in self.documents:
            if document.document_id == document_id:
                return document
        raise Missing


@dataclass(frozen=True, slots=True)
class Reading:
    """One document, and what one of the team has to do with it."""

    document: Document
    confirmed_at: datetime | None
    """When they confirmed that they read it as it is now."""
    confirmed_before: datetime | None
    """When they last confirmed another version of it."""


@dataclass(frozen=True, slots=True)
class HasRead:
    """One of the team who confirmed a version."""

    name: str
    at: datetime
    has_left: bool
    """Whether their account was closed since."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a document, and who confirmed it."""

    digest: str
    have: tuple[HasRead, ...]
    """Whoever was first comes first."""


@dataclass(frozen=True, slots=True)
class Readership:
    """Who has read a document and who has not, of those whom the one who asks may know about."""

    document: Document
    now: Version
    have_not: tuple[str, ...]
    """Names, in the order of the alphabet."""
    earlier: tuple[Version, ...]
    """Other versions that somebody confirmed, the latest first."""

    @property
    def have(self) -> int:
        """How many of those who are there now have confirmed it as it is."""
        return sum(not one.has_left for one in self.now.have)

    @property
    def of(self) -> int:
        """How many are to read it."""
        return self.have + len(self.have_not)


# --- the folder ------------------------------------------------------------------------------------------------------


def read_shelf(folder: Path) -> Shelf:
    """Read the documents as they are now. What cannot be one is left out and named, and keeps nobody from the rest."""
    documents: list[Document] = []
    left_out: list[tuple[str, LeftOut]] = []
    try:
        files = sorted(path for path in folder.iterdir() if _is_meant(path))
    except OSError:
        return Shelf((), (), is_there=False)
    for path in files:
        found = _read(path)
        if isinstance(found, Document):
            documents.append(found)
        else:
            left_out.append((path.name.encode(errors="replace").decode(), found))
    return Shelf(tuple(documents), tuple(left_out), is_there=True)


def id_of(name: str) -> str:
    """Give the id of a document by the name of its file."""
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:32]


def _is_meant(path: Path) -> bool:
    return path.suffix.lower() == ".md" and not path.name.startswith(".") and not path.is_dir()


def _read(path: Path) -> Document | LeftOut:
    try:
        with path.open("rb") as file:
            held = file.read(LONGEST + 1)
    except OSError:
        return LeftOut.CANNOT_BE_READ
    if len(held) > LONGEST:
        return LeftOut.TOO_LONG
    try:
        path.name.encode()
        told = held.decode("utf-8-sig")
    except UnicodeError:
        return LeftOut.NOT_TEXT
    if not told.strip():
        return LeftOut.EMPTY
    heading = TITLE.match(told)
    return Document(
        document_id=id_of(path.name),
        name=path.name,
        title=re.sub(r"[*`]", "", heading[1]) if heading else _title_from(path.stem),
        markdown=told[heading.end() :] if heading else told,
        digest=hashlib.sha256(held).hexdigest(),
    )


def _title_from(stem: str) -> str:
    plain = re.sub(r"[-_]+", " ", ORDER.sub("", stem)).strip() or stem
    return plain[0].upper() + plain[1:]


# --- reading and confirming ------------------------------------------------------------------------------------------


def confirms(actor: Actor) -> bool:
    """Say whether they are asked to confirm what they read. Whoever only looks on reads it all the same."""
    return may(actor, Act.CONFIRM_GUIDANCE)


def readings(store: Store, shelf: Shelf, actor: Actor) -> tuple[Reading, ...]:
    """List all documents, each with whether this one of the team has read it. What is still to be read comes first."""
    with store.reading() as seen:
        confirmed = seen.council.confirmed(actor.account_id)
    found = [_reading(document, confirmed) for document in shelf.documents]
    return tuple(sorted(found, key=lambda reading: reading.confirmed_at is not None))


def new_to(store: Store, shelf: Shelf, actor: Actor) -> tuple[Reading, ...]:
    """List what they have still to read and confirm; nothing for whoever is not asked to."""
    if not confirms(actor):
        return ()
    return tuple(one for one in readings(store, shelf, actor) if one.confirmed_at is None)


def read(store: Store, shelf: Shelf, actor: Actor, document_id: str) -> Reading:
    """Give one document to whoever reads it. Raises Missing."""
    document = shelf.find(document_id)
    return next(one for one in readings(store, shelf, actor) if one.document == document)


def confirm(store: Store, shelf: Shelf, actor: Actor, document_id: str, digest: str, now: datetime) -> None:
    """Keep that they have read a document in the version that they were shown. A second time changes nothing.

    Raises NotAllowed, Missing, and ChangedMeanwhile when the document is another one by now.
    """
    require(actor, Act.CONFIRM_GUIDANCE)
    document = shelf.find(document_id)
    if document.digest != digest:
        raise ChangedMeanwhile("This document has changed since you opened it. Please read it again as it is now.")
    with store.begin() as kept:
        before = _reading(document, kept.council.confirmed(actor.account_id))
        if before.confirmed_at is None:
            kept.council.confirm(actor.account_id, document.name, digest, now)
            kept.audit.add(AuditAct.CONFIRMED, now, account_id=actor.account_id, about=document.document_id)


def _reading(document: Document, confirmed: Sequence[Confirmed]) -> Reading:
    """`confirmed`: by one account."""
    of_it = [one for one in confirmed if one.document == document.name]
    return Reading(
        document,
        next((one.at for one in of_it if one.digest == document.digest), None),
        max((one.at for one in of_it if one.digest != document.digest), default=None),
    )


# --- who has and who has not -----------------------------------------------------------------------------------------


def sees_readers(actor: Actor) -> bool:
    """Say whether they may know who has read what, of anybody at all."""
    return any(may(actor, Act.SEE_CONFIRMATIONS, Place(team_id=one)) for one in (*actor.team_ids, None))


def readerships(store: Store, shelf: Shelf, actor: Actor) -> tuple[Readership, ...]:
    """Say of each document who has read it and who has not. Raises NotAllowed."""
    if not sees_readers(actor):
        raise NotAllowed(Act.SEE_CONFIRMATIONS)
    with store.reading() as seen:
        accounts = [one for one in seen.accounts.listed() if _is_seen(actor, one)]
        confirmed = seen.council.confirmed()
    return tuple(_readership(document, accounts, confirmed) for document in shelf.documents)


def readership(store: Store, shelf: Shelf, actor: Actor, document_id: str) -> Readership:
    """Say of one document who has read it and who has not. Raises NotAllowed, Missing."""
    document = shelf.find(document_id)
    return next(one for one in readerships(store, shelf, actor) if one.document == document)


def _is_seen(actor: Actor, account: Account) -> bool:
    teams: Iterable[str | None] = account.team_ids or (None,)
    return any(may(actor, Act.SEE_CONFIRMATIONS, Place(team_id=one)) for one in teams)


def _readership(document: Document, accounts: Sequence[Account], confirmed: Sequence[Confirmed]) -> Readership:
    known = {account.account_id: account for account in accounts}
    of_it = [one for one in confirmed if one.document == document.name and one.account_id in known]
    have = {one.account_id for one in of_it if one.digest == document.digest}
    asked = [one for one in accounts if one.disabled_at is None and one.role in RULES[Act.CONFIRM_GUIDANCE]]
    have_not = sorted((one.name for one in asked if one.account_id not in have), key=str.casefold)
    # Confirmed first, oldest version first: turned around, the version that was there last comes first.
    digests = dict.fromkeys(one.digest for one in sorted(of_it, key=lambda one: one.at))
    return Readership(
        document,
        _version(document.digest, of_it, known),
        tuple(have_not),
        tuple(_version(digest, of_it, known) for digest in reversed(digests) if digest != document.digest),
    )


def _version(digest: str, of_it: Iterable[Confirmed], known: Mapping[str, Account]) -> Version:
    have = sorted((one for one in of_it if one.digest == digest), key=lambda one: one.at)
    return Version(
        digest,
        tuple(
            HasRead(known[one.account_id].name, one.at, has_left=known[one.account_id].disabled_at is not None)
            for one in have
        ),
    )
