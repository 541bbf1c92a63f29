"""A small dialogue engine for tests: it follows a short interview, remembers what it heard, and can be away."""

from collections.abc import Callable, Sequence

from bot.dialogue import Delivery, DialogueBehind, DialogueUnavailable, Heard, Utterance

YES_OR_NO = [{"id": "yes", "label": "Yes"}, {"id": "no", "label": "No"}]


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
    """Asks feelings, matters, more (yes: an outcome and its sign, and more again), safe_now, checked, and is done."""

    def __init__(self) -> None:
        self.is_ready = True
        self.is_away = False
        self.asks_about_a_copy = False
        self.asked: list[tuple[Delivery, ...]] = []
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
        said = self._next(path[1:])
        question = said.response.removeprefix("utter_ask_") if said.response.startswith("utter_ask_") else None
        return Heard((said,), None if question is None else "a_form", question)

    async def forget(self, conversation_id: str) -> None:
        """Drop what was heard."""
        self._heard.pop(conversation_id, None)

    def _next(self, answers: Sequence[Delivery]) -> Utterance:
        given = list(answers)
        for name in ("feelings", "matters"):
            if not given:
                return ask(name)
            given.pop(0)
        while True:
            if not given:
                return ask("more", kind="choice", choices=YES_OR_NO, on_check=False)
            if given.pop(0).choice != ("yes",):
                break
            if not given:
                return ask("outcome")
            outcome = given.pop(0)
            if not given:
                return ask("outcome_sign", f"You said: turn:{outcome.number}\nHow would you know?")
            given.pop(0)
        if not given:
            faces = [
                {"id": "safe", "label": "Safe"},
                {"id": "not_safe", "label": "Not safe", "flag": "in_danger_now"},
                {"id": "not_sure", "label": "I am not sure", "fixed": True},
            ]
            return ask("safe_now", kind="faces", choices=faces, rotate=True)
        given.pop(0)
        if not given:
            done = [{"id": "done", "label": "That is everything"}]
            return ask("checked", kind="check", choices=done, skippable=False, on_check=False)
        given.pop(0)
        if self.asks_about_a_copy and not given:
            return ask("copy_safe", kind="choice", choices=YES_OR_NO, on_check=False, on_copy=False)
        return Utterance("utter_done", "Thank you.", {"kind": "ending", "choices": []})
