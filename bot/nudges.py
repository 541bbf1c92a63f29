"""A nudge: do these words say what the person wants to be different, or a service that somebody wants for them?

Rules alone, for a practitioner alone. A nudge asks once and changes nothing: a service may be what the person wants.
"""

from collections.abc import Mapping, Sequence

from bot.phrasing import pattern, plain

OUTCOME_QUESTIONS = frozenset({"outcome", "card_form_outcome", "earlier_form_outcome", "outcome_again"})
"""Questions that ask what the person wants to be different, by the name their answers are kept under."""


class Nudges:
    """The reviewed phrases of `phrases.yml` that are about services, or about the person as somebody else."""

    def __init__(self, listed: Mapping[str, Sequence[str]] | None = None) -> None:
        found = listed or {}
        self._service = pattern(found.get("service", ()))
        self._third_person = pattern(found.get("third_person", ()))

    def wants_another_look(self, words: str) -> bool:
        """Whether the words read like a service, or speak of the person instead of in their voice."""
        read = plain(words)
        return bool(self._service.search(read) or self._third_person.search(read))
