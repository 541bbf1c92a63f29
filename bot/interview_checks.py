"""Does the interview hold to its rules? Checked from the text of its files, so that a slip never reaches a person.

The rules are those of plain English for people who are frightened, tired, or find reading hard (Easy Read: 15 words a
sentence, one idea each, no contractions), and those that keep Rasa from guessing.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import product
from typing import Any

import yaml

from bot.conversation import How, Skip, Speaker, Stage
from bot.flags import FlagKind, Meant
from bot.interview import SPEAKERS, Asking, AskingKind, Choice, asked, heard_by, read_yaml
from bot.rules import branches, reached

LONGEST_SENTENCE = 15
"""Words."""
WORDS_OF_A_SETTING = 4
"""How long a setting's text such as `[[team]]` may turn out, in words."""

SAID_BY_THE_APP = frozenset(
    {
        "utter_welcome",
        "utter_leaving_quickly",
        "utter_thank_you_for_telling",
        "utter_welcome_back",
        "utter_ask_help_first",
        "utter_ask_stop",
    }
    | {f"utter_ask_meant_{meant}" for meant in Meant}
)
"""Responses that no form and no rule asks for: the app says them beside the interview."""
SAID_TO_PRACTITIONERS = frozenset({"utter_ask_outcome_or_service"})
"""And what it says beside the interview to a practitioner alone."""

SETTINGS = frozenset({"team", "read_within", "phone", "phone_hours", "out_of_hours_phone"})
FILLED_BY_THE_APP = frozenset({"answer", "part"})
OFFERED_BEFORE = frozenset({"outcomes", "outcomes_to_rank", "outcomes_but_plan_a"})
KNOWN_BEFORE = frozenset({"communication"})
"""What the team may know already and a question can show."""

JARGON = (
    "making safeguarding personal",
    "msp",
    "safeguarding",
    "safeguard",
    "outcome",
    "enquiry",
    "inquiry",
    "case",
    "referral",
    "service user",
    "client",
    "victim",
    "vulnerable",
    "perpetrator",
    "abuser",
    "allegation",
    "disclosure",
    "disclose",
    "incident",
    "assessment",
    "intervention",
    "capacity",
    "consent",
    "multi-agency",
    "stakeholder",
    "practitioner",
    "professional",
    "statutory",
    "care plan",
)
"""Words that never reach the person. "Safeguarding" may, where they ask what they are told (`utter_about_…`)."""
EXPLAINED = frozenset({"safeguarding"})

PROBING = (
    "what happened to you",
    "who did",
    "who has done",
    "who hurt",
    "when did",
    "where did",
    "how often",
    "how did it happen",
    "did they hurt",
    "did he",
    "did she",
    "did anyone",
    "has anyone",
    "tell us what happened",
)
"""Nothing asks about the event: who did what, when, how. Telling is for a person to hear."""
PROMISING = (
    "confidential",
    "we promise",
    "we will make sure",
    "nobody will ever",
    "guarantee",
    "between us",
    "secret between",
)
"""Nothing promises to keep a secret, or that a wish comes true."""
OF_THE_PERSON = re.compile(r"\b(?:you|your|yours|yourself|i|me|my|mine|myself)\b", re.IGNORECASE)
"""Where the person's own wording says this, an advocate's must say something else: nobody speaks as another's "I"."""
OF_WHOEVER_ANSWERS = frozenset({"I am not sure", "No, thank you", "Your copy"})
"""Said by whoever answers, about themselves."""

CONTRACTION = re.compile(
    r"\b\w+(?:n['’]t|['’](?:re|ve|ll|m|d))\b|\b(?:it|that|what|he|she|there|here|who|how|let|where)['’]s\b",
    re.IGNORECASE,
)
NEGATIVE = re.compile(r"\b(?:not|never|no|nobody|nothing|none|cannot|without|neither|nor)\b", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
SETTING = re.compile(r"\[\[([a-z_]*)\]\]")
SENTENCE_ENDS = re.compile(r"(?<=[.?!:])\s+|\n")
PICTURE = re.compile(r"[0-9A-F]{4,5}(?:-[0-9A-F]{4,5})*")
ID = re.compile(r"[a-z0-9_]+")
UNQUOTED = {"True", "False"}
"""What YAML makes of yes and no without quotes."""
RASAS_OWN = frozenset({"restart", "back", "session_start"})
ELSE = "__other__"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is not as it should be, and where: file, then question, rule or slot."""

    file: str
    where: str
    what: str

    def __str__(self) -> str:
        """Read like a remark in the margin."""
        return f"{self.file}: {self.where}: {self.what}"


def check(
    *, domain: str, rules: str, nlu: str, stories: str, config: str, actions: Collection[str] | None = None
) -> list[Problem]:
    """Give every problem of the interview, read from the text of its files.

    `actions` are the names of the custom actions there are; without them, what the domain lists is believed.
    """
    texts = {
        "domain.yml": domain,
        "data/rules.yml": rules,
        "data/nlu.yml": nlu,
        "tests/test_stories.yml": stories,
        "config.yml": config,
    }
    read: dict[str, Any] = {}
    for file, text in texts.items():
        try:
            read[file] = read_yaml(text)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            return [Problem(file, f"line {line}", f"cannot be read: {error.problem}")]
    told = read["domain.yml"]
    ruled = read["data/rules.yml"]["rules"]
    return [
        *_wording(told),
        *_spoken(told, ruled),
        *_belonging(told, ruled, read["data/nlu.yml"], actions),
        *_guarded(told),
        *_config(told, read["config.yml"]),
        *_named(ruled),
        *_shown(told, ruled, read["tests/test_stories.yml"]["stories"]),
    ]


# --- wording ----------------------------------------------------------------------------------------------------------


def _wording(told: Mapping[str, Any]) -> Iterator[Problem]:
    for name, variations in told["responses"].items():
        for variation in variations:
            for what in _worded(name, variation, told):
                yield Problem("domain.yml", name, what)


def _spoken(told: Mapping[str, Any], ruled: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    """Check that each speaker at each stage hears one wording, made for them, of all that is said to them."""
    beside = SAID_BY_THE_APP | _topics(told)
    heard: dict[str, dict[tuple[Speaker, Stage], list[Any]]] = {}
    for name, variations in told["responses"].items():
        heard[name] = {}
        for variation in variations:
            for place in heard_by(variation) if _for(variation) else ():
                heard[name].setdefault(place, []).append(variation)
    said: set[tuple[str, Speaker]] = set()
    for speaker, stage in product(SPEAKERS, Stage):
        come_to = reached(ruled, speaker, stage)
        to_them = beside | (SAID_TO_PRACTITIONERS if speaker is Speaker.PRACTITIONER else frozenset())
        for name in sorted({*asked(told, come_to), *(one for one in come_to if one in heard), *to_them} & set(heard)):
            said.add((name, speaker))
            wordings = heard[name].get((speaker, stage), [])
            if not wordings:
                yield Problem("domain.yml", name, f"has no wording for the {speaker} at the stage {stage}")
            elif len(wordings) > 1:
                yield Problem("domain.yml", name, f"has two wordings for the {speaker} at the stage {stage}")
    for name, places in heard.items():
        for speaker in sorted({speaker for speaker, _ in places} - {who for what, who in said if what == name}):
            yield Problem("domain.yml", name, f"is never said to the {speaker}, and yet has a wording for them")
        first = {speaker: places[speaker, stage][0] for speaker, stage in reversed(places)}
        if Speaker.PERSON in first and name not in SAID_BY_THE_APP:
            for what in _made_for(name, first):
                yield Problem("domain.yml", name, what)


def _made_for(name: str, heard: Mapping[Speaker, Mapping[str, Any]]) -> Iterator[str]:
    """Check what the others hear against what the person hears: the same question, in words made for them."""
    try:
        asking = {
            speaker: Asking.from_utterance(variation.get("text") or "", variation.get("custom") or {})
            for speaker, variation in heard.items()
        }
    except (TypeError, ValueError):
        return
    person = asking.pop(Speaker.PERSON)
    if Speaker.ADVOCATE in asking:
        for text in sorted({*_texts(asking[Speaker.ADVOCATE])} & {*_texts(person)} - OF_WHOEVER_ANSWERS):
            if OF_THE_PERSON.search(text):
                yield f"speaks to the advocate as to the person: {text}"
    if Speaker.PRACTITIONER in asking and name.startswith("utter_ask_"):
        read_out = asking[Speaker.PRACTITIONER]
        if not read_out.tips:
            yield "has no tips on how to read it out"
        if read_out.wording != person.wording:
            yield f"is read out in other words than the person's own: {read_out.wording}"
    for speaker, other in asking.items():
        same = ("kind", "choices_from", "rotate", "skippable", "on_check", "on_copy", "private", "how")
        if any(getattr(other, one) != getattr(person, one) for one in same) or not _ids(person) <= _ids(other):
            yield f"is another question for the {speaker} than for the person"


def _ids(asking: Asking) -> set[str]:
    return {choice.id for choice in asking.choices}


def _for(variation: Mapping[str, Any]) -> list[str]:
    return [one["value"] for one in variation.get("condition", ()) if one["name"] == "speaker"]


def _worded(name: str, variation: Mapping[str, Any], told: Mapping[str, Any]) -> Iterator[str]:
    if not _for(variation):
        yield "does not say for which speaker it is worded"
    custom = variation.get("custom") or {}
    unknown = set(custom) - {field.name for field in fields(Asking)} | {"wording"} & set(custom)
    if unknown:
        yield f"has hints that nothing reads: {', '.join(sorted(unknown))}"
        return
    try:
        asking = Asking.from_utterance(variation.get("text") or "", custom)
    except (TypeError, ValueError) as error:
        yield f"cannot be read: {error}"
        return
    is_asked = name.startswith("utter_ask_")
    if is_asked:
        yield from _asked(asking)
    elif not asking.wording:
        yield "says nothing"
    yield from _offered(name, asking)
    for text in _texts(asking):
        yield from _plain(name, text, told)
    if asking.private and (asking.on_check or asking.on_copy):
        yield "is for the team alone, and yet is read back or copied: on_check and on_copy must be false"
    if asking.tips and Speaker.PRACTITIONER not in _for(variation):
        yield "has tips, and yet nobody reads it out"
    if asking.picture is not None and not PICTURE.fullmatch(str(asking.picture)):
        yield f"a picture is not the name of a sign: {asking.picture}"
    if asking.shows is not None and asking.shows not in KNOWN_BEFORE:
        yield f"shows what nobody knows: {asking.shows}"
    beside = (asking.hint, asking.why, *asking.information, *asking.tips, *(one.label for one in asking.choices))
    for text in beside:
        if "?" in text:
            yield f"asks a second thing beside the question: {text}"


def _asked(asking: Asking) -> Iterator[str]:
    for what, text in (("question", asking.wording), ("other way to ask it", asking.another_way)):
        if text.count("?") != 1 or not text.rstrip().endswith("?"):
            yield f"the {what} needs one question mark, at its end: {text!r}"
    if not asking.why:
        yield "does not say why it is asked"
    if asking.another_way == asking.wording:
        yield "the other way to ask it is the same"
    if PLACEHOLDER.findall(asking.another_way) != PLACEHOLDER.findall(asking.wording):
        yield "the other way to ask it reads back something else"
    if asking.kind in {AskingKind.INFORMATION, AskingKind.ENDING}:
        yield f"is asked, and yet its kind is {asking.kind}"
    if len([sentence for sentence in _sentences(asking.hint) if sentence]) > 1:
        yield "the hint is more than one sentence"


def _offered(name: str, asking: Asking) -> Iterator[str]:
    takes_choices = asking.kind in {AskingKind.CHOICE, AskingKind.CHOICES, AskingKind.FACES, AskingKind.CHECK}
    if takes_choices != bool(asking.choices or asking.choices_from):
        yield "offers nothing to choose" if takes_choices else "offers choices where none can be made"
    if asking.choices_from is not None and asking.choices_from not in OFFERED_BEFORE:
        yield f"offers what nobody knows: {asking.choices_from}"
    if asking.how is not None and asking.how not in set(How):
        yield f"is answered in a way nobody knows: {asking.how}"
    ids = [choice.id for choice in asking.choices]
    if len(set(ids)) != len(ids):
        yield "offers one choice twice"
    for choice in asking.choices:
        yield from _choice(name, choice)
    if any(later.fixed < earlier.fixed for earlier, later in zip(asking.choices, asking.choices[1:], strict=False)):
        yield "a choice that stays last does not stand last"


def _choice(name: str, choice: Choice) -> Iterator[str]:
    if not ID.fullmatch(str(choice.id)):
        yield f"a choice has an id that cannot be delivered: {choice.id!r} (put yes and no in quotes)"
    elif choice.id in set(Skip) and name != f"utter_ask_meant_{Meant.SKIP}":
        yield f"a choice has the id of a way to skip: {choice.id}"
    if not choice.label or str(choice.label) in UNQUOTED:
        yield f"a choice has no words: {choice.id}"
    if choice.picture is not None and not PICTURE.fullmatch(str(choice.picture)):
        yield f"a picture is not the name of a sign: {choice.picture}"
    if choice.flag is not None and choice.flag not in set(FlagKind):
        yield f"a choice tells the team what nobody knows: {choice.flag}"


def _texts(asking: Asking) -> Iterator[str]:
    yield from (asking.wording, asking.part, asking.hint, *asking.information, asking.why, asking.another_way)
    yield from asking.tips
    yield from (str(choice.label) for choice in asking.choices)


def _plain(name: str, text: str, told: Mapping[str, Any]) -> Iterator[str]:
    for sentence in _sentences(text):
        length = len(SETTING.sub(" ".join(["word"] * WORDS_OF_A_SETTING), sentence).split())
        if length > LONGEST_SENTENCE:
            yield f"{length} words in one sentence: {sentence}"
        if len(NEGATIVE.findall(sentence)) > 1 and not _is_two_short_ones(sentence):
            yield f"says no twice in one sentence: {sentence}"
    if CONTRACTION.search(text):
        yield f"has a contraction: {text}"
    yield from _without(name, f" {' '.join(re.findall(r'[a-z-]+', PLACEHOLDER.sub('', text).lower()))} ")
    for setting in SETTING.findall(text):
        if setting not in SETTINGS:
            yield f"names a setting that there is not: [[{setting}]]"
    for placeholder in PLACEHOLDER.findall(text):
        if placeholder not in told["slots"] and placeholder not in FILLED_BY_THE_APP:
            yield f"reads back a slot that there is not: {{{placeholder}}}"


def _without(name: str, plain: str) -> Iterator[str]:
    for word in JARGON:
        if (f" {word} " in plain or f" {word}s " in plain) and not (
            name.startswith("utter_about_") and word in EXPLAINED
        ):
            yield f"has a word that people should not have to know: {word}"
    for phrase in PROBING:
        if f" {phrase} " in plain:
            yield f"asks about what happened: {phrase}"
    for phrase in PROMISING:
        if f" {phrase}" in plain:
            yield f"promises what nobody can: {phrase}"


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in SENTENCE_ENDS.split(text) if sentence.strip()]


def _is_two_short_ones(sentence: str) -> bool:
    """A label such as "No, nobody is with me" answers first and says it again: that is not a double negative."""
    return sentence.lower().startswith("no, ") and len(NEGATIVE.findall(sentence)) == 2


# --- nothing missing, nothing unused ----------------------------------------------------------------------------------


def _belonging(
    told: Mapping[str, Any],
    ruled: Sequence[Mapping[str, Any]],
    nlu: Mapping[str, Any],
    actions: Collection[str] | None,
) -> Iterator[Problem]:
    forms: Mapping[str, Sequence[str]] = {name: form["required_slots"] for name, form in told["forms"].items()}
    run = {step["action"] for rule in ruled for step in rule["steps"] if "action" in step}
    asked_for = {response for form, slots in forms.items() for slot in slots for response in _ask(form, slot)}

    yield from _missing("domain.yml", forms, _unworded(forms, told["responses"]), "is asked without any wording")
    beside = SAID_BY_THE_APP | SAID_TO_PRACTITIONERS | _topics(told)
    yield from _missing("domain.yml", set(told["responses"]) - (asked_for | run | beside), None, "is never said")
    yield from _missing("domain.yml", beside - set(told["responses"]), None, "has no wording")

    yield from _missing("domain.yml", set(forms) - run, None, "is a form that no rule runs")
    yield from _missing(
        "data/rules.yml", run - set(forms) - set(told["actions"]) - set(told["responses"]), None, "is not in the domain"
    )
    yield from _missing("domain.yml", set(told["actions"]) - run, None, "is an action that no rule runs")
    if actions is not None:
        yield from _missing("domain.yml", set(told["actions"]) - set(actions), None, "is an action that there is not")
        yield from _missing("domain.yml", set(actions) - set(told["actions"]), None, "is an action that is not listed")

    in_forms = {slot for slots in forms.values() for slot in slots}
    yield from _missing("domain.yml", in_forms - set(told["slots"]), None, "is asked for and is not a slot")
    filled_otherwise = {name for name, slot in told["slots"].items() if _is_filled_otherwise(slot)}
    yield from _missing(
        "domain.yml", set(told["slots"]) - in_forms - filled_otherwise, None, "is a slot that nothing fills"
    )
    branched = {name for rule in ruled for name, _ in branches([*rule.get("condition", ()), *rule["steps"]])}
    yield from _missing(
        "data/rules.yml", branched - set(told["slots"]) - {"requested_slot"}, None, "is not a slot of the domain"
    )
    for rule in ruled:
        for name, value in branches([*rule.get("condition", ()), *rule["steps"]]):
            values = told["slots"].get(name, {}).get("values")
            if value is not None and value != ELSE and values is not None and value not in values:
                yield Problem(
                    "data/rules.yml", rule["rule"], f"branches on {name}: {value}, which the domain does not list"
                )
    yield from _branches(told, forms)

    intents = {next(iter(one)) if isinstance(one, dict) else one for one in told["intents"]}
    yield from _missing(
        "domain.yml", intents & RASAS_OWN, None, "is an intent of Rasa's own and would wipe a conversation"
    )
    named = {one["intent"] for one in nlu["nlu"]}
    yield from _missing(
        "data/nlu.yml", intents ^ named, None, "is an intent in one of domain.yml and data/nlu.yml only"
    )


def _missing(file: str, names: Iterable[str], only: Iterable[str] | None, what: str) -> Iterator[Problem]:
    for name in sorted(only if only is not None else names):
        yield Problem(file, name, what)


def _ask(form: str, slot: str) -> tuple[str, str]:
    return (f"utter_ask_{form}_{slot}", f"utter_ask_{slot}")


def _unworded(forms: Mapping[str, Sequence[str]], responses: Collection[str]) -> Iterator[str]:
    for form, slots in forms.items():
        for slot in slots:
            if not set(_ask(form, slot)) & set(responses):
                yield f"utter_ask_{slot}"


def _topics(told: Mapping[str, Any]) -> set[str]:
    """What is told to those who want to know more: one response for each value of `know_more` with a branch."""
    return {f"utter_about_{topic}" for topic in told["slots"].get("know_more", {}).get("values", ())}


def _is_filled_otherwise(slot: Mapping[str, Any]) -> bool:
    """Whether an action sets it, or the beginning of the conversation."""
    return all(mapping["type"] == "custom" or mapping.get("intent") == "begin" for mapping in slot["mappings"])


def _branches(told: Mapping[str, Any], forms: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """What the dialogue branches on is on offer."""
    for form, slots in forms.items():
        for slot in slots:
            values = told["slots"].get(slot, {}).get("values")
            wordings = next((told["responses"][one] for one in _ask(form, slot) if one in told["responses"]), None)
            if not values or not wordings:
                continue
            for variation in wordings:
                offered = {choice["id"] for choice in variation.get("custom", {}).get("choices", ())}
                for value in sorted(set(values) - offered):
                    yield Problem("domain.yml", slot, f"branches on {value}, which the question does not offer")


# --- nothing guessed --------------------------------------------------------------------------------------------------


def _guarded(told: Mapping[str, Any]) -> Iterator[Problem]:
    """A slot is filled only by an answer to its own question: never by an intent, never by whatever comes along."""
    for name, slot in told["slots"].items():
        for mapping in slot["mappings"]:
            kind = mapping["type"]
            if kind in {"from_intent", "from_trigger_intent"}:
                yield Problem(
                    "domain.yml", name, f"is filled {kind.replace('_', ' ')}: a button or an answer box must say it"
                )
            elif kind in {"from_text", "from_entity"} and mapping.get("intent") != "begin":
                conditions = mapping.get("conditions", ())
                if not conditions or not all(
                    one.get("active_loop") and one.get("requested_slot") for one in conditions
                ):
                    yield Problem("domain.yml", name, "may be filled while another question is asked")
                guarded = "begin" in mapping.get("not_intent", ()) or mapping.get("intent") is not None
                if kind == "from_text" and not guarded:
                    yield Problem("domain.yml", name, "may be filled by what is no answer: not_intent must hold begin")


def _config(told: Mapping[str, Any], config: Mapping[str, Any]) -> Iterator[Problem]:
    session = told.get("session_config", {})
    if session.get("session_expiration_time") != 0:
        yield Problem(
            "domain.yml", "session_config", "session_expiration_time must be 0: a conversation never ends by itself"
        )
    if config.get("pipeline") != []:
        yield Problem("config.yml", "pipeline", "must be []: what a person writes is never classified")
    policies = [policy["name"] for policy in config.get("policies") or ()]
    if policies != ["RulePolicy"]:
        yield Problem("config.yml", "policies", "must be RulePolicy alone: every path can be read and tested")
    elif config["policies"][0].get("enable_fallback_prediction", True) is not False:
        yield Problem(
            "config.yml", "policies", "enable_fallback_prediction must be false: where no rule applies, nothing is said"
        )


# --- every rule is named, and shown in a story ------------------------------------------------------------------------


def _named(ruled: Sequence[Mapping[str, Any]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for rule in ruled:
        name = rule["rule"]
        if name in seen:
            yield Problem("data/rules.yml", name, "is the name of two rules")
        seen.add(name)
        if len(name.split()) < 3 or not name[0].isupper():
            yield Problem("data/rules.yml", name, "is not a sentence")


@dataclass(frozen=True, slots=True)
class _Run:
    """An action that runs, in a rule or a story, and what was so just after it."""

    action: str
    slots: Mapping[str, Any]
    intent: str | None
    """What the person did just before, when the action follows on that."""


def _shown(
    told: Mapping[str, Any], ruled: Sequence[Mapping[str, Any]], stories: Sequence[Mapping[str, Any]]
) -> Iterator[Problem]:
    values = {name: slot.get("values") for name, slot in told["slots"].items()}
    to_begin_with = {name: slot["initial_value"] for name, slot in told["slots"].items() if "initial_value" in slot}
    played = [list(_play(story["steps"], to_begin_with)) for story in stories]
    for rule in ruled:
        if not all(any(_shows(story, way, values) for story in played) for way in _ways(rule)):
            yield Problem("tests/test_stories.yml", rule["rule"], "has no story that shows it, or not each of its ways")


def _ways(rule: Mapping[str, Any]) -> Iterator[list[_Run]]:
    """A rule with an `or` is as many rules. What is a condition of it holds all along."""
    so = dict(branches(rule.get("condition", ())))
    steps = [step.get("or", [step]) for step in rule["steps"]]
    for way in product(*steps):
        yield [_Run(run.action, {**so, **run.slots}, run.intent) for run in _play(way, {}, keep=False)]


def _play(steps: Iterable[Mapping[str, Any]], so: Mapping[str, Any], *, keep: bool = True) -> Iterator[_Run]:
    """The actions in order, each with the slots set after it (and, in a story, everything set before and still so)."""
    slots = dict(so)
    intent: str | None = None
    waiting: tuple[str, str | None] | None = None
    for step in steps:
        if "slot_was_set" in step:
            slots.update(branches([step]))
        elif "intent" in step or "action" in step:
            if waiting is not None:
                yield _Run(waiting[0], dict(slots), waiting[1])
                waiting = None
                slots = slots if keep else {}
            if "action" in step:
                waiting = (step["action"], intent)
                intent = None
            else:
                intent = step["intent"]
    if waiting is not None:
        yield _Run(waiting[0], dict(slots), waiting[1])


def _shows(story: Sequence[_Run], way: Sequence[_Run], values: Mapping[str, Sequence[str] | None]) -> bool:
    starts = range(len(story) - len(way) + 1)
    return any(all(_is_so(story[at + n], run, values) for n, run in enumerate(way)) for at in starts)


def _is_so(told: _Run, ruled: _Run, values: Mapping[str, Sequence[str] | None]) -> bool:
    if told.action != ruled.action or (ruled.intent is not None and told.intent != ruled.intent):
        return False
    for name, value in ruled.slots.items():
        if name == "requested_slot":
            continue
        set_to = told.slots.get(name)
        is_else = set_to is not None and set_to not in (values.get(name) or ())
        if not (is_else if value == ELSE else set_to == value):
            return False
    return True
