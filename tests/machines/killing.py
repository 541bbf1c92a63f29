"""Each machine killed in turn while people talk: what is done to a site, and what came of it."""

import time
from dataclasses import dataclass, field

from bot.conversation import Kind
from tests.faults.houses import turns_of, until
from tests.machines.patience import Persistent, everybody_goes_on, talking
from tests.machines.site import Site


@dataclass(frozen=True, slots=True)
class Fault:
    """One machine that was gone."""

    what: str
    acknowledged: int
    """Forms that were acknowledged from then until everybody had gone on."""
    back_after: float
    """Seconds until everybody had had an answer; from its end, where somebody had to end it."""


@dataclass
class Told:
    """What came of it."""

    site: Site
    people: list[Persistent]
    more: int
    """Forms that each is answered before, and again after, anything is killed."""
    faults: list[Fault] = field(default_factory=list)
    asked_without_redis: int = 0
    """Questions that were asked while there was no lock to be had."""
    kept_without_redis: int = 0
    """Forms that were acknowledged meanwhile."""

    @property
    def acknowledged(self) -> int:
        """All that was, so far."""
        return sum(len(person.acknowledged) for person in self.people)

    def kill_each_in_turn(self) -> None:
        """Take away one app, Redis, the database and one box, and go on after each."""
        site = self.site
        with talking(self.people):
            self._go_on("nothing")
            site.apps[1].kill()
            self._go_on("one app")
            site.apps[1].open()
            site.redis.kill()
            self._watch_without_redis()
            site.redis.start()
            self._go_on("Redis")
            site.server.stop("immediate")
            time.sleep(1)
            site.server.start()
            self._go_on("PostgreSQL")
            site.boxes[0].kill()
            self._go_on("one box")

    def _go_on(self, what: str) -> None:
        began, before = time.monotonic(), self.acknowledged
        goes_on, goes_on_for_long = (everybody_goes_on(self.people, by) for by in (1, self.more))
        until(goes_on, f"everybody goes on after {what}")
        took = time.monotonic() - began
        until(goes_on_for_long, f"everybody goes on for long after {what}")
        self.faults.append(Fault(what, self.acknowledged - before, took))

    def _watch_without_redis(self) -> None:
        """Let turns under way end, then see what is asked and what is kept while nothing is locked."""
        time.sleep(1)
        before = self._questions(), self.acknowledged
        time.sleep(2)
        self.asked_without_redis += self._questions() - before[0]
        self.kept_without_redis += self.acknowledged - before[1]

    def _questions(self) -> int:
        every = {one for person in self.people for one in person.conversations}
        return sum(turn.kind is Kind.QUESTION for one in every for turn in turns_of(self.site.apps[0], one))
