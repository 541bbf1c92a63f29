"""Data keys at rest: wrapped by a root key, opened once and then remembered for a while."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from sqlalchemy import exists, or_, select

from bot.store import tables
from bot.store.errors import Damaged, Missing
from bot.store.rows import Row, Rows, stamp
from bot.store.sealing import ALGORITHM, KEY_BYTES, DataKey, RootKey

FOR_WORDS = "words"
FOR_LASTING = "lasting"
"""The store's own secret. Proofs, code peppers and the like are derived from it, so that they outlive a root key."""

FOR_ACCOUNTS = "accounts"
"""Names, addresses and secrets of the team and its accounts, and what the council set. One key, made on first use."""

REMEMBERED = 256
"""Data keys that lie open in memory at most."""


class RootKeys:
    """The root keys in use by their id: one, or two while one is being replaced by the other."""

    def __init__(self, root: RootKey, also: Iterable[RootKey] = ()) -> None:
        self.newest = root
        self._all = {key.key_id: key for key in (*also, root)}

    def __contains__(self, root_key_id: str) -> bool:
        return root_key_id in self._all

    def __iter__(self) -> Iterator[str]:
        return iter(self._all)

    def replace_by(self, root: RootKey) -> None:
        """From now on wrap under this one; the others still unwrap."""
        self._all[root.key_id] = root
        self.newest = root

    def unwrap(self, wrapped: bytes, root_key_id: str) -> bytes:
        """A data key. Raises `Damaged` when it does not unwrap under the root key that it names."""
        if root_key_id not in self._all:
            raise Damaged(f"A data key lies under root key {root_key_id}, which is not in use.")
        return self._all[root_key_id].unwrap(wrapped)


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

    def forget(self, key_id: str) -> None:
        """Let go of a key."""
        with self._lock:
            self._keys.pop(key_id, None)


class Keys:
    """The data keys of one transaction."""

    def __init__(self, rows: Rows, roots: RootKeys, opened: OpenedKeys) -> None:
        self._rows = rows
        self._roots = roots
        self._opened = opened

    def make(self, now: datetime) -> DataKey:
        """A new data key."""
        secret = secrets.token_bytes(KEY_BYTES)
        return DataKey(add_key(self._rows, FOR_WORDS, secret, self._roots.newest, now), secret)

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
        return DataKey(add_key(self._rows, FOR_ACCOUNTS, secret, self._roots.newest, now), secret)

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
