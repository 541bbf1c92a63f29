"""Data keys at rest: wrapped by a root key, opened once and then remembered for a while."""

import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime

from sqlalchemy import exists, or_, select

from bot.store import tables
from bot.store.errors import Damaged, Missing
from bot.store.rows import Row, Rows, stamp
from bot.store.sealing import ALGORITHM, KEY_BYTES, DataKey, KeyProblem, RootKey

FOR_WORDS = "words"
FOR_LASTING = "lasting"
"""The store's own secret. Proofs, code peppers and the like are derived from it, so that they outlive a root key."""

FOR_ACCOUNTS = "accounts"
"""Names, addresses and secrets of the team and its accounts, and what the council set. One key, made on first use."""

REMEMBERED = 256
"""Data keys that lie open in memory at most."""

LOOKED_AGAIN = 1.0
"""Seconds after which a root key that was not there is looked for again: a damaged row may name any."""


class RootKeys:
    """The root keys in use by their id: one, or two while one is being replaced by the other. Shared by all threads.

    `look` gives those that are kept now. It is asked when a data key lies under one that was not there before: so a
    program that runs learns of a new root key by itself.
    """

    def __init__(
        self, root: RootKey, also: Iterable[RootKey] = (), look: Callable[[], Iterable[RootKey]] | None = None
    ) -> None:
        self._all = {key.key_id: key for key in (*also, root)}
        self._look = look
        self._looking = threading.Lock()
        self._not_found: dict[str, float] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._all))

    def add(self, root: RootKey) -> None:
        """From now on this one is in use too."""
        self._all[root.key_id] = root

    def find(self, root_key_id: str) -> RootKey | None:
        """The root key of this id, if it is in use."""
        return self._all.get(root_key_id) or self._looked_for(root_key_id)

    def named(self, root_key_id: str) -> RootKey:
        """The root key of this id. Raises `Damaged` where it is not in use."""
        root = self.find(root_key_id)
        if root is None:
            raise Damaged(f"A data key lies under root key {root_key_id}, which is not in use here.")
        return root

    def unwrap(self, wrapped: bytes, root_key_id: str) -> bytes:
        """A data key. Raises `Damaged` when it does not unwrap under the root key that it names."""
        return self.named(root_key_id).unwrap(wrapped)

    def _looked_for(self, root_key_id: str) -> RootKey | None:
        if self._look is None:
            return None
        with self._looking:
            now = time.monotonic()
            if root_key_id not in self._all and now - self._not_found.get(root_key_id, -LOOKED_AGAIN) >= LOOKED_AGAIN:
                # What cannot be read now is said by whoever has to have it.
                with suppress(KeyProblem):
                    for root in self._look():
                        self.add(root)
                if len(self._not_found) >= REMEMBERED:
                    self._not_found.clear()
                # Since it ended: looking may take long, and those who waited for it are not to look one by one.
                self._not_found[root_key_id] = time.monotonic()
            return self._all.get(root_key_id)


class OpenedKeys:
    """Data keys that were unwrapped lately. Shared by all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._keys: OrderedDict[str, DataKey] = OrderedDict()

    def get(self, key_id: str) -> DataKey | None:
        """The key, if it is remembered."""
        with self._lock:
            key = self._keys.get(key_id)
            if key is not None:
                self._keys.move_to_end(key_id)
            return key

    def remember(self, key: DataKey) -> None:
        """Remember this key and let go of the one that was not used for longest."""
        with self._lock:
            self._keys[key.key_id] = key
            if len(self._keys) > REMEMBERED:
                self._keys.popitem(last=False)

    def clear(self) -> None:
        """Let go of all."""
        with self._lock:
            self._keys.clear()

    def forget(self, key_id: str) -> None:
        """Let go of a key."""
        with self._lock:
            self._keys.pop(key_id, None)


class Keys:
    """The data keys of one transaction."""

    def __init__(self, rows: Rows, roots: RootKeys, opened: OpenedKeys, under: RootKey | None = None) -> None:
        self._rows = rows
        self._roots = roots
        self._opened = opened
        self._under = under

    def root(self) -> RootKey:
        """The root key that new data keys lie under: the one that the store's own key lies under. Raises `Damaged`.

        Whoever writes is alone, so another takes its place only after this transaction: no data key is ever left behind
        under the earlier one. Nor does a row that another hand changed bring back one that was replaced.
        """
        if self._under is not None:
            return self._under
        own = self._rows.first(tables.keys, tables.keys.c.purpose == FOR_LASTING)
        if own is None:
            raise Damaged("The store's own key is not in the table of keys. Restore the database from a backup.")
        return self._roots.named(own["root_key_id"])

    def make(self, now: datetime) -> DataKey:
        """A new data key."""
        secret = secrets.token_bytes(KEY_BYTES)
        return DataKey(add_key(self._rows, FOR_WORDS, secret, self.root(), now), secret)

    def open_all(self, key_ids: Collection[str]) -> Mapping[str, DataKey]:
        """Many data keys at once, none of which is remembered. Raises `Missing`, `Damaged`."""
        keys = tables.keys
        asked = sorted(key_ids)
        wrapped = select(keys.c.key_id, keys.c.wrapped, keys.c.root_key_id)
        # A key that was changed does not unwrap, and another one opens no seal.
        rows = self._rows.found(wrapped.where(keys.c.key_id.in_(asked)).order_by(keys.c.key_id))
        found = {key_id: DataKey(key_id, self._roots.unwrap(key, root)) for key_id, key, root in rows}
        if len(found) < len(asked):
            raise Missing("There is no such data key.")
        return found

    def for_accounts(self, now: datetime) -> DataKey:
        """The data key of all that concerns accounts. What is sealed under it names it, so another does no harm."""
        keys = tables.keys
        row = self._rows.first(keys, keys.c.purpose == FOR_ACCOUNTS, order_by=[keys.c.made_at, keys.c.key_id])
        if row is not None:
            return self.open(row["key_id"])
        secret = secrets.token_bytes(KEY_BYTES)
        return DataKey(add_key(self._rows, FOR_ACCOUNTS, secret, self.root(), now), secret)

    def destroy(self, key_ids: Iterable[str]) -> None:
        """Delete those of these keys that nothing lies under any more. What was sealed under them opens never again."""
        keys = tables.keys
        for key_id in key_ids:
            under = [
                exists(select(table.c.key_id).where(table.c.key_id == keys.c.key_id))
                for table in tables.metadata.sorted_tables
                if table is not keys and "key_id" in table.c
            ]
            self._rows.erase(keys, keys.c.key_id == key_id, keys.c.purpose == FOR_WORDS, ~or_(*under))
            self._opened.forget(key_id)

    def unwraps(self, row: Row) -> bool:
        """Whether a row of the table holds a key."""
        try:
            return len(self._roots.unwrap(row["wrapped"], row["root_key_id"])) == KEY_BYTES
        except Damaged:
            return False

    def open(self, key_id: str) -> DataKey:
        """A data key that was made before. Raises `Missing`, `Damaged`."""
        key = self._opened.get(key_id)
        if key is None:
            row = self._rows.one(tables.keys, key_id)
            if row is None:
                raise Missing(f"There is no data key {key_id}.")
            key = DataKey(key_id, self._roots.unwrap(row["wrapped"], row["root_key_id"]))
            self._opened.remember(key)
        return key


def add_key(rows: Rows, purpose: str, secret: bytes, root: RootKey, now: datetime) -> str:
    """Keep a key, wrapped, and return its id."""
    key_id = secrets.token_bytes(16).hex()
    rows.add(
        tables.keys,
        {
            "key_id": key_id,
            "purpose": purpose,
            "wrapped": root.wrap(secret),
            "root_key_id": root.key_id,
            "algorithm": ALGORITHM,
            "version": 1,
            "made_at": stamp(now),
        },
    )
    return key_id
