"""A small dialogue engine for tests: it follows a short interview, remembers what it heard, and can be away."""

from collections.abc import Callable, Generator, Sequence

from bot.conversation import Kind, Speaker, Stage
from bot.dialogue import Delivery, DialogueBehind, DialogueUnavailable, Heard, Utterance

YES_OR_NO = [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}]
FACES = [
    {"id": "safe", "label": "Safe"},
    {"id": "not_safe", "label": "Not safe", "flag": "in_danger_now"},
    {"id": "not_sure", "label": "I am not sure", "fixed": True},
]
HOW_FAR = [{"id": name, "label": name} for name in ("all_of_it", "some_of_it", "no", "not_sure")]
NOW = [{"id": name, "label": name} for name in ("still_want", "say_differently", "no_longer_want")]

Told = Generator[Utterance, Delivery, None]
"""A conversation as it is told: each question, and the answer it gets."""


def ask(name: str, wording: str = "", **custom: object) -> Utterance:
    """Make a question as the box would put it."""
    shown = {
        "kind": "words",
        "part": "A part",
        "why": "We ask to know.",
        "another_way": "Put otherwise?",
        "choices": [],
    }
    return Utterance(f"utter_ask_{name}", wording or f"What about {name}?", {**shown, **custom})


class FakeDialogue:
    """Asks the person feelings, matters, more (yes: an outcome and its sign, and more again), safe_now, checked.

    An advocate is asked their name first, a practitioner for a private note last. What is read out has tips. A check-in
    and a closing begin with the outcomes of `reads_back`.
    """

    def __init__(self) -> None:
        self.is_ready = True
        self.is_away = False
        self.asks_about_a_copy = False
        self.reads_back: tuple[str, ...] = ()
        self.asked: list[tuple[Delivery, ...]] = []
        self.canned = 0
        self._heard: dict[str, tuple[Delivery, ...]] = {}
        self.before_answering: Callable[[], None] = lambda: None

    async def ask(self, conversation_id: str, path: Sequence[Delivery]) -> Heard:
        """Hear the last of a path, as the box does."""
        if self.is_away:
            raise DialogueUnavailable("away on purpose")
        self.asked.append(tuple(path))
        before = self._heard.get(conversation_id, ())
        if len(path) > 1 and before not in {tuple(path[:-1]), tuple(path)}:
            raise DialogueBehind
        self._heard[conversation_id] = tuple(path)
        self.before_answering()
        stage, speaker = path[0].choice
        said = self.next(path[1:], Stage(stage), Speaker(speaker))
        question = said.response.removeprefix("utter_ask_") if said.response.startswith("utter_ask_") else None
        return Heard((said,), None if question is None else "a_form", question)

    async def forget(self, conversation_id: str) -> None:
        """Drop what was heard."""
        self._heard.pop(conversation_id, None)

    def holds(self, conversation_id: str) -> bool:
        """Whether anything of a conversation is remembered."""
        return conversation_id in self._heard

    async def answers_a_canned_turn(self) -> bool:
        """Answer a conversation that nobody has, and count that it did."""
        self.canned += 1
        return self.is_ready and not self.is_away

    def next(
        self, answers: Sequence[Delivery], stage: Stage = Stage.FIRST, speaker: Speaker = Speaker.PERSON
    ) -> Utterance:
        """Say what comes after these answers."""
        conversation = self._conversation(stage, speaker)
        said = next(conversation)
        for answer in answers:
            said = conversation.send(answer)
        if speaker is Speaker.PRACTITIONER and not said.custom.get("private"):
            said.custom["tips"] = ["Ask it openly."]
        return said

    def _conversation(self, stage: Stage, speaker: Speaker) -> Told:
        if speaker is Speaker.ADVOCATE:
            yield ask("advocate_name", about_self=True)
        match stage:
            case Stage.FIRST:
                yield from self._first()
            case Stage.CHECK_IN:
                yield from self._check_in()
            case Stage.CLOSING:
                yield from self._closing(speaker)
            case Stage.EXPERIENCE:
                yield ask("listened_to", kind="faces", choices=HOW_FAR)
                yield ask("tell_in_charge")
        done = [{"id": "done", "label": "That is everything"}]
        yield ask("checked", kind="check", choices=done, skippable=False, on_check=False)
        if self.asks_about_a_copy:
            yield ask("copy_safe", kind="choice", choices=YES_OR_NO, on_check=False, on_copy=False)
        if speaker is Speaker.PRACTITIONER:
            yield ask("private_note", private=True, on_check=False, on_copy=False)
        while True:
            yield Utterance("utter_done", "Thank you.", {"kind": "ending", "choices": []})

    def _first(self) -> Told:
        yield ask("feelings")
        yield ask("matters")
        while (yield ask("more", kind="choice", choices=YES_OR_NO, on_check=False)).choice == ("yes",):
            outcome = yield ask("outcome")
            yield ask("outcome_sign", f"You said: turn:{outcome.number}\nHow would you know?")
        yield ask("safe_now", kind="faces", choices=FACES, rotate=True)

    def _check_in(self) -> Told:
        for outcome in self.reads_back:
            said = f"You said: outcome:{outcome}\n"
            now = yield ask("outcome_now", said + "How is it with this now?", kind="choice", choices=NOW, rotate=True)
            if now.choice == ("say_differently",):
                yield ask("outcome_again", said + "How would you say it now?")
        yield ask("feelings")

    def _closing(self, speaker: Speaker) -> Told:
        for outcome in self.reads_back:
            said = f"You said: outcome:{outcome}\n"
            happened = yield ask("happened", said + "Did this happen?", kind="faces", choices=HOW_FAR)
            if happened.intent != Kind.SKIP:
                yield ask("difference", said + "What is different for you now?")
            if speaker is Speaker.PRACTITIONER:
                yield ask("practitioner_verdict", kind="faces", choices=HOW_FAR, private=True)
        yield ask("overall", kind="faces", choices=HOW_FAR)
