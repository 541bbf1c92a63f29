"""Made-up people: what they say and choose, drawn from `words.yml`. The same draws give the same words."""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

from bot.conversation import ANYBODYS_SKIPS, PRACTITIONERS_SKIPS, How, Kind, Skip, Speaker, Whose
from bot.flags import FlagKind
from bot.interview import Asking, AskingKind, read_yaml

HOWS = (How.FREE_WORDS, How.FREE_WORDS, How.AFTER_AN_EXAMPLE, How.THROUGH_A_SUPPORTER, How.POINTED_SIGNED_OR_EYE_GAZE)
OUTCOME_SLOTS = frozenset({"outcome", "outcome_again"})
NEVER_PUT_OFF = frozenset({Skip.LATER})
"""What is put off comes round again; that is left to real conversations."""

Pools = Mapping[str, Any]


class Answered(NamedTuple):
    """What is said to one question."""

    kind: Kind
    words: str = ""
    choice: tuple[str, ...] = ()
    how: How | None = None
    whose: Whose | None = None
    note: str = ""


class Words:
    """All that may be said, as `words.yml` has it."""

    def __init__(self, text: str) -> None:
        self.pools: Pools = read_yaml(text)


class Voice:
    """The people of one enquiry: one story, told by whoever speaks."""

    def __init__(self, words: Words, draw: Random) -> None:
        self._pools = words.pools
        self._draw = draw
        self._story: Pools = draw.choice(list(words.pools["stories"].values()))
        name, other = draw.sample(words.pools["names"], 2)
        self._fixed = {"{who}": draw.choice(self._story["who"]), "{name}": name, "{other}": other}
        self._unsaid = draw.sample(self._story["outcomes"], len(self._story["outcomes"]))
        self._outcomes: dict[str, Mapping[str, str]] = {}
        self._talks = draw.uniform(0.2, 0.8)
        self._skips = draw.choice((0.02, 0.05, 0.08, 0.2))
        self.trouble = draw.random()
        """Below some small number, something is said that the team is to read soon."""

    def somebody(self) -> str:
        """Make up a name for whoever works there."""
        return f"{self._draw.choice(self._pools['names'])} {self._draw.choice(self._pools['surnames'])}"

    def of_the_team(self, what: str) -> str:
        """Say what somebody of the team writes."""
        return self._fill(self._draw.choice(self._pools["team"][what]))

    def added(self) -> str:
        """Say what is added to an answer."""
        return self._fill(self._draw.choice(self._pools["added"]))

    def told(self) -> str:
        """Say something that is to be read soon."""
        kinds = [FlagKind.TOLD_WHAT_HAPPENED] * 8 + [FlagKind.THOUGHTS_OF_ENDING_LIFE, FlagKind.IN_DANGER_NOW]
        return self._fill(self._draw.choice(self._pools["told"][self._draw.choice(kinds)]))

    def otherwise(self, slot: str) -> str:
        """Say an answer in other words."""
        return self._one(slot, Speaker.PERSON)

    def answer(self, slot: str, asking: Asking, speaker: Speaker, about: str = "") -> Answered:
        """Answer a question. `about`: the words of the outcome that it reads back."""
        whose = self._whose() if speaker is Speaker.ADVOCATE and not asking.about_self else None
        if asking.skippable and not asking.about_self and slot != "interpreter" and self._draw.random() < self._skips:
            return Answered(Kind.SKIP, choice=(self._skip(asking, speaker),), note=self._note(asking, speaker))
        if asking.takes_words:
            words = self._words(slot, speaker, whose, about)
            how = self._draw.choice(HOWS) if speaker is Speaker.PRACTITIONER and asking.tips else How.FREE_WORDS
            how = How(asking.how) if asking.how else how
            return Answered(Kind.WORDS, words, how=how, whose=whose, note=self._note(asking, speaker))
        chosen = self.choice(slot, asking)
        return Answered(Kind.CHOICE, choice=chosen, whose=whose, note=self._note(asking, speaker))

    def choice(self, slot: str, asking: Asking) -> tuple[str, ...]:
        """Choose of what is on offer."""
        offered = sorted(choice.id for choice in asking.choices)
        if asking.kind is AskingKind.CHECK:
            return (offered[0],)
        if asking.takes_many:
            alone = {"nothing", "none_of_these", "do_not_contact", "not_sure"}
            several = [one for one in offered if one not in alone]
            least = 2 if slot == "apart" else 1
            most = min(len(several), 3)
            return tuple(sorted(self._draw.sample(several, self._draw.randint(min(least, most), most))))
        weights = self._pools["weights"].get(slot, {})
        return tuple(self._draw.choices(offered, [weights.get(one, 10) for one in offered]))

    def _skip(self, asking: Asking, speaker: Speaker) -> Skip:
        read_out = speaker is Speaker.PRACTITIONER and asking.tips
        skips = PRACTITIONERS_SKIPS if read_out and self._draw.random() < 0.6 else ANYBODYS_SKIPS
        return self._draw.choice([skip for skip in skips if skip not in NEVER_PUT_OFF])

    def _whose(self) -> Whose:
        return self._draw.choice((Whose.OWN_WORDS, Whose.UNDERSTOOD, Whose.UNDERSTOOD, Whose.OWN_VIEW))

    def _note(self, asking: Asking, speaker: Speaker) -> str:
        if speaker is not Speaker.PRACTITIONER or not asking.tips or self._draw.random() > 0.08:
            return ""
        return self._fill(self._draw.choice(self._pools["practitioner"]["notes"]))

    def _words(self, slot: str, speaker: Speaker, whose: Whose | None, about: str) -> str:
        match slot:
            case "advocate_name" | "practitioner_name" | "interpreter_name":
                return self.somebody()
            case "practitioner_role" | "interpreter_language":
                pool = {"practitioner_role": "roles", "interpreter_language": "languages"}[slot]
                return str(self._draw.choice(self._pools["practitioner"][pool]))
            case "private_note":
                return self._fill(self._draw.choice(self._pools["practitioner"]["private_note"]))
            case "contact_code_word":
                return self._one(slot, Speaker.PERSON)
        if speaker is Speaker.ADVOCATE and slot not in OUTCOME_SLOTS and whose is not Whose.OWN_WORDS:
            return self._one(slot, speaker)
        if slot == "outcome":
            return self._outcome(speaker)
        if (known := self._of_outcome(slot, about)) is not None:
            return known
        said = self._one(slot, Speaker.PERSON)
        if slot not in OUTCOME_SLOTS and self._draw.random() < self._talks:
            said += self._draw.choice((" ", " ", "\n\n")) + self._more(slot, said)
        return f"“{said}”" if whose is Whose.OWN_WORDS else said

    def _more(self, slot: str, said: str) -> str:
        if self._draw.random() < 0.4:
            return self._fill(self._draw.choice(self._pools["more"]))
        another = self._one(slot, Speaker.PERSON)
        return another if another not in said else self._fill(self._draw.choice(self._pools["more"]))

    def _outcome(self, speaker: Speaker) -> str:
        if speaker is Speaker.ADVOCATE or not self._unsaid:
            return self._fill(self._draw.choice(self._pools["advocate"]["outcome"]))
        outcome = self._unsaid.pop()
        said = self._fill(outcome["said"])
        self._outcomes[said] = outcome
        return said

    def _of_outcome(self, slot: str, about: str) -> str | None:
        outcome = self._outcomes.get(about)
        if outcome is None:
            return f"{about}, and soon" if slot == "outcome_again" else None
        match slot:
            case "outcome_sign":
                return self._fill(outcome["sign"])
            case "outcome_again":
                again = self._fill(outcome["again"])
                self._outcomes[again] = outcome
                return again
            case "outcome_why":
                return self._fill(outcome["gone"]) if self._draw.random() < 0.5 else None
            case "outcome_difference" | "difference":
                return self._fill(outcome["difference"]) if self._draw.random() < 0.7 else None
        return None

    def _one(self, slot: str, speaker: Speaker) -> str:
        if speaker is Speaker.ADVOCATE:
            pools = self._pools["advocate"]
            return self._fill(self._draw.choice(pools.get(slot, pools["*"])))
        pool: Sequence[str] = [*self._story.get(slot, ()), *self._pools["common"].get(slot, ())]
        return self._fill(self._draw.choice(pool))

    def _fill(self, told: str) -> str:
        if "{" not in told:
            return told
        filled = told
        for name, words in self._fixed.items():
            filled = filled.replace(name, words)
        filled = filled.replace("{day}", self._draw.choice(self._pools["days"]))
        filled = filled.replace("{place}", self._draw.choice(self._pools["places"]))
        return filled[0].upper() + filled[1:]
