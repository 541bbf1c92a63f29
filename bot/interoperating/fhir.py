"""An enquiry as a FHIR R4 bundle: what was asked and said, what is wanted, whose words it is, and what may be quoted.

Every word stands in it exactly as it was said. What is said by ids (how an answer was given, in which way somebody
would rather not answer, a verdict) keeps our own ids under `urn:own-words:…`; a code of FHIR's stands beside one only
where it means the same. The bundle is validated by another's software before it leaves.
"""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

from bot.conversation import Answer, Kind, Skip, Speaker, Stage, Standing, Turn, Whose
from bot.enquiry import HAS_HAPPENED, EnquiryOutcome, Part, Status, Verdict, Wording
from bot.interoperating.choosing import NEVER, Chosen, Had
from bot.interview import Asking, AskingKind
from bot.quotation import ASKED as MAY_QUOTE
from bot.quotation import YES, agreed_by, asked_about
from bot.review import ALL, NONE, SOME
from bot.reviewing.transcript import Beside, Exchange, Thing, text_of
from bot.reviewing.transcript import Wording as Said

Resource = dict[str, Any]

OURS = "urn:own-words:"
"""Begins the name of everything that FHIR has no name for."""

_HL7 = "http://terminology.hl7.org/CodeSystem/"
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_ELEMENT = "http://hl7.org/fhir/StructureDefinition/targetElement"

_NAMES = uuid.UUID("5b0d3f0e-7a54-4f0b-9a53-2f6c0b8f7d11")
"""Drawn once: what is exported twice has the same names each time."""

_FITS = re.compile(r"[ \r\n\t\S]")
"""What a FHIR string has to have at least one of."""

_CANNOT_WRITE = re.compile("[\ud800-\udfff]")

_WHY_ABSENT: Mapping[str, str] = {
    Skip.DO_NOT_KNOW: "asked-unknown",
    Skip.DO_NOT_WANT_TO_SAY: "asked-declined",
    Skip.LATER: "temp-unknown",
    Skip.NOT_FOR_ME: "not-applicable",
    Skip.ASKED_NONE_YET: "asked-unknown",
    Skip.DECLINED: "asked-declined",
    Skip.COULD_NOT_TODAY: "temp-unknown",
    Skip.NOT_ASKED: "not-asked",
}
"""FHIR's reason beside ours. It tells fewer apart, so ours always stands there too."""

_ACHIEVED: Mapping[str, tuple[str, str] | None] = {
    ALL: ("achieved", "Achieved"),
    HAS_HAPPENED: ("achieved", "Achieved"),
    SOME: None,
    NONE: ("not-achieved", "Not Achieved"),
}
"""What says whether it happened, and FHIR's word where it means the same. It has none for "some of it"."""

_LIFECYCLE: Mapping[Status, str] = {
    Status.SAID: "active",
    Status.NO_LONGER: "cancelled",
    Status.HAPPENED: "completed",
}

_TITLES: Mapping[Stage, str] = {
    Stage.FIRST: "First conversation",
    Stage.CHECK_IN: "Check-in",
    Stage.CLOSING: "Closing review",
    Stage.EXPERIENCE: "How it was",
}
_WITH: Mapping[Speaker, str] = {
    Speaker.PERSON: "with the person",
    Speaker.ADVOCATE: "with somebody who speaks for the person",
    Speaker.PRACTITIONER: "with the person, written down by a practitioner",
}


class NotValid(Exception):
    """The bundle is not valid FHIR, so nothing leaves. Says where, never what stands there."""

    def __init__(self, places: Sequence[str]) -> None:
        super().__init__(f"Not valid FHIR at {', '.join(places)}.")
        self.places = tuple(places)


def bundle(chosen: Chosen, now: datetime) -> Resource:
    """Give an enquiry as a FHIR R4 bundle that was validated. Raises NotValid."""
    made = _Writing(chosen, now).bundle()
    _validate(made)
    return made


def _validate(made: Resource) -> None:
    """See that it is FHIR. Our own text is what leaves: nothing is read into another's objects and out again."""
    # Large, and wanted by few: 16 MB that no start pays for.
    from fhir.resources.R4B.bundle import Bundle
    from pydantic import ValidationError

    try:
        Bundle.model_validate(made)
    except ValidationError as error:
        places = [".".join(str(part) for part in one["loc"]) for one in error.errors(include_input=False)]
    else:
        return
    # Not from the error, which quotes what it could not take.
    raise NotValid(places)


class _Writing:
    """One bundle in the making."""

    def __init__(self, chosen: Chosen, now: datetime) -> None:
        self.chosen = chosen
        self.now = now
        self.person = self._name("person", chosen.enquiry.enquiry_id)

    def bundle(self) -> Resource:
        resources: list[Resource] = [{"resourceType": "Patient", "id": self.person}]
        for had in self.chosen.had:
            resources += self._speakers(had)
            if had.exchanges and not had.is_taken_back:
                resources.append(self._questionnaire(had))
            resources.append(self._response(had))
            resources += self._consents(had)
            resources += self._whose_answers(had)
        for outcome in self.chosen.outcomes:
            resources += [self._goal(outcome), self._whose_goal(outcome)]
        return {
            "resourceType": "Bundle",
            "id": self._name("enquiry", self.chosen.enquiry.enquiry_id),
            "meta": self._labels(),
            "identifier": {
                "system": f"{OURS}enquiry",
                **_text("value", self.chosen.enquiry.reference or self.chosen.enquiry.enquiry_id),
            },
            "type": "collection",
            "timestamp": _time(self.now),
            "entry": [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources],
        }

    def _labels(self) -> Resource:
        """Say how it is to be treated, and what is not in it."""
        tags = [{"system": f"{OURS}left-out", "code": one} for one in NEVER]
        if self.chosen.is_made_up:
            tags.append({"system": f"{_HL7}v3-ActReason", "code": "HTEST", "display": "test health data"})
        restricted = {"system": f"{_HL7}v3-Confidentiality", "code": "V", "display": "very restricted"}
        return {"security": [restricted], "tag": tags}

    # --- who speaks

    def _speakers(self, had: Had) -> Iterator[Resource]:
        match had.conversation.speaker:
            case Speaker.ADVOCATE:
                yield {
                    "resourceType": "RelatedPerson",
                    "id": self._name("advocate", had.conversation_id),
                    "patient": self._to(self.person),
                }
            case Speaker.PRACTITIONER:
                yield {"resourceType": "Practitioner", "id": self._name("practitioner", had.conversation_id)}

    def _speaker(self, speaker: Speaker, conversation_id: str) -> Resource:
        """Refer to whose voice it is: what a practitioner writes down is what the person said."""
        is_advocate = speaker is Speaker.ADVOCATE
        return self._to(self._name("advocate", conversation_id) if is_advocate else self.person)

    def _agents(
        self, speaker: Speaker, whose: Whose | None, conversation_id: str, *, is_own: bool = False
    ) -> list[Resource]:
        """Say whose words something is, and through whom it came. `is_own`: it says something of that one alone."""
        if is_own:
            role = "advocate" if speaker is Speaker.ADVOCATE else "practitioner"
            return [{"type": _participant("author"), "who": self._to(self._name(role, conversation_id))}]
        person = {"type": _participant("author"), "who": self._to(self.person)}
        if speaker is Speaker.PRACTITIONER:
            wrote = self._to(self._name("practitioner", conversation_id))
            return [person, {"type": _participant("enterer"), "who": wrote}]
        if speaker is not Speaker.ADVOCATE:
            return [person]
        advocate = self._to(self._name("advocate", conversation_id))
        if whose is Whose.OWN_WORDS:
            return [person, {"type": _participant("informant"), "who": advocate}]
        return [{"type": _participant("author"), "who": advocate, "onBehalfOf": self._to(self.person)}]

    # --- what was asked and said

    def _questionnaire(self, had: Had) -> Resource:
        conversation = had.conversation
        return {
            "resourceType": "Questionnaire",
            "id": self._name("questionnaire", had.conversation_id),
            "url": self._url(had),
            "version": conversation.interview_version,
            "title": f"{_TITLES[conversation.stage]}, {_WITH[conversation.speaker]}",
            "status": "active",
            "subjectType": ["Patient"],
            "date": _time(conversation.begun_at),
            "code": [
                {"system": f"{OURS}stage", "code": conversation.stage.value},
                {"system": f"{OURS}speaker", "code": conversation.speaker.value},
            ],
            "item": self._grouped(had, self._question, type="group"),
        }

    def _response(self, had: Had) -> Resource:
        conversation = had.conversation
        extensions = [
            _own("stage", valueCode=conversation.stage.value),
            _own("digest", valueString=conversation.head.hex()),
            _own("origin", valueCode=conversation.origin.value),
        ]
        if conversation.said_on is not None:
            extensions.append(_own("said-on", valueDate=conversation.said_on.isoformat()))
        made: Resource = {
            "resourceType": "QuestionnaireResponse",
            "id": self._response_id(had.conversation_id),
            "identifier": {"system": f"{OURS}conversation", "value": had.conversation_id},
            "status": "stopped" if had.told.standing.stopped is not None else "completed",
            "subject": self._to(self.person),
            "authored": _time(had.ended_at),
            "source": self._speaker(conversation.speaker, had.conversation_id),
        }
        if had.is_taken_back:
            return {**made, "extension": [*extensions, _own("taken-back", valueBoolean=True)]}
        items = self._grouped(had, self._answered)
        written = {"questionnaire": self._url(had), "item": items} if items else {}
        return {**made, "extension": extensions, **written}

    def _grouped(self, had: Had, write: Callable[[Had, Exchange], Iterator[Resource]], **group: str) -> list[Resource]:
        """Give questions under the headings that they stood under. `group` is what each heading has beside its text."""
        taken = [one for one in had.exchanges if one.is_on_road and not one.is_aside]
        made: list[Resource] = []
        for place, (part, exchanges) in enumerate(groupby(taken, key=lambda one: one.part)):
            items = [item for one in exchanges for item in write(had, one)]
            made += [{"linkId": f"part-{place}", "text": part, **group, "item": items}] if part else items
        return made

    def _question(self, had: Had, exchange: Exchange) -> Iterator[Resource]:
        asked = had.asked[exchange.number]
        has_words = any(thing.now.words is not None for thing in exchange.things)
        is_open = asked.kind is AskingKind.WORDS and not any(thing.now.chosen for thing in exchange.things)
        options = [{"valueCoding": _coding("choice", one.id, one.label)} for one in had.offered[exchange.number]]
        kind = "text" if is_open or not options else "open-choice" if has_words else "choice"
        yield {
            "linkId": str(exchange.number),
            **({"code": [{"system": f"{OURS}question", "code": exchange.name}]} if exchange.name else {}),
            **_text("text", text_of(exchange.asked)),
            "type": kind,
            "repeats": asked.takes_many or len(exchange.things) > 1,
            **({"answerOption": options} if kind != "text" else {}),
        }
        for one in exchange.beside:
            yield {"linkId": f"{exchange.number}.{one.turn}", "type": "text", "text": "Said in another window"}

    def _answered(self, had: Had, exchange: Exchange) -> Iterator[Resource]:
        answers: list[Resource] = []
        absent: list[Resource] = []
        for thing in exchange.things:
            if (why := _why_absent(thing.now)) is not None:
                absent += why
            else:
                answers += self._answers(had, exchange, thing)
        yield {
            "linkId": str(exchange.number),
            **_text("text", text_of(exchange.asked)),
            **({"extension": absent} if absent else {}),
            **({"answer": answers} if answers else {}),
        }
        for one in exchange.beside:
            yield _beside(exchange, one)

    def _answers(self, had: Had, exchange: Exchange, thing: Thing) -> Iterator[Resource]:
        now = thing.now
        extensions = list(_facts(now, is_addition=thing.is_addition))
        extensions += [_earlier(one) for one in thing.before if one.words is not None]
        element = {"id": f"turn-{now.turn}", "extension": extensions}
        if now.words is not None:
            yield {**element, **_text("valueString", now.words)}
            return
        labels = {one.id: one.label for one in had.offered[exchange.number]}
        for place, choice in enumerate(had.chosen.get(now.turn, ())):
            named = element if place == 0 else {**element, "id": f"turn-{now.turn}-{place}"}
            yield {**named, "valueCoding": _coding("choice", choice, labels.get(choice, ""))}

    def _whose_answers(self, had: Had) -> Iterator[Resource]:
        """Say for each answer whose words it is. In one conversation that may change from one answer to the next."""
        if had.is_taken_back:
            return
        whose: dict[tuple[Speaker, Whose | None, bool], list[Said]] = {}
        for exchange in had.exchanges:
            for thing in exchange.things if exchange.is_on_road and not exchange.is_aside else ():
                now = thing.now
                if _why_absent(now) is None and (now.words is not None or had.chosen.get(now.turn)):
                    is_own = _is_asked_of(now.speaker, had.asked[exchange.number])
                    whose.setdefault((now.speaker, now.whose, is_own), []).append(now)
        for (speaker, kind, is_own), said in whose.items():
            name = f"{had.conversation_id}:{speaker}:{kind or ''}:{is_own}"
            elements = [{"url": _ELEMENT, "valueUri": f"turn-{one.turn}"} for one in said]
            yield {
                "resourceType": "Provenance",
                "id": self._name("whose", name),
                "target": [{**self._to(self._response_id(had.conversation_id)), "extension": elements}],
                "occurredDateTime": _time(had.conversation.begun_at),
                "recorded": _time(had.ended_at),
                "agent": self._agents(speaker, kind, had.conversation_id, is_own=is_own),
                **({"extension": [_own("whose", valueCode=kind.value)]} if kind is not None else {}),
            }

    # --- what is wanted

    def _goal(self, outcome: EnquiryOutcome) -> Resource:
        first = next(one for one in outcome.wordings if not one.is_addition)
        said = [one for one in outcome.reviewed if one.voice is outcome.voice]
        latest = next(
            (one for one in reversed(said) if one.stage is Stage.CLOSING or one.value == "has_happened"), None
        )
        notes = [*self._wordings(outcome, first), *self._reasons(outcome)]
        extensions = [
            _own("outcome", valueString=outcome.outcome_id),
            _own("voice", valueCode=outcome.voice.value),
            *(self._verdict(one) for one in outcome.reviewed),
            *(self._verdict(one, is_practitioners_own=True) for one in outcome.own_verdicts),
            *self._ranked(outcome),
            *([_own("original", **_text("valueString", first.original))] if first.original else []),
        ]
        return {
            "resourceType": "Goal",
            "id": self._name("goal", outcome.outcome_id + outcome.conversation_id),
            "extension": extensions,
            "lifecycleStatus": _LIFECYCLE[outcome.status],
            **({"achievementStatus": _achievement(latest)} if latest is not None and latest.value in _ACHIEVED else {}),
            "description": _text("text", first.words),
            "subject": self._to(self.person),
            "startDate": _day(first.said_at),
            **({"statusDate": _day(said[-1].said_at)} if said else {}),
            "expressedBy": self._speaker(outcome.speaker, outcome.conversation_id),
            **({"target": list(_signs(outcome))} if list(_signs(outcome)) else {}),
            **({"note": notes} if notes else {}),
        }

    def _wordings(self, outcome: EnquiryOutcome, first: Wording) -> Iterator[Resource]:
        """Give every wording since the first, each with its day and whose it is."""
        for one in outcome.wordings:
            if one == first:
                continue
            yield self._note("added" if one.is_addition else "said-again", one, one.words)
            for why in one.why:
                yield self._note("why", one, why)

    def _reasons(self, outcome: EnquiryOutcome) -> Iterator[Resource]:
        """Give why it is wanted no longer, and what difference it made."""
        worded = {(one.conversation_id, why) for one in outcome.wordings for why in one.why}
        for verdict in outcome.reviewed:
            for why in verdict.why:
                if (verdict.conversation_id, why) not in worded:
                    yield self._note("why", verdict, why)
            for difference in verdict.difference:
                yield self._note("difference", verdict, difference)

    def _note(self, kind: str, part: Part, words: str) -> Resource:
        return {
            "extension": [_own("note", valueCode=kind)],
            "authorReference": self._speaker(part.speaker, part.conversation_id),
            "time": _time(part.said_at),
            **_text("text", words),
        }

    def _verdict(self, one: Verdict, *, is_practitioners_own: bool = False) -> Resource:
        """Give one verdict. The person's, an advocate's and a practitioner's own are facts of their own."""
        whose = "practitioner" if is_practitioners_own else one.voice.value
        return {
            "url": f"{OURS}verdict",
            "extension": [
                {"url": "view-of", "valueCode": whose},
                {"url": "stage", "valueCode": one.stage.value},
                {"url": "value", "valueCode": one.value or "none"},
                {"url": "at", "valueDateTime": _time(one.said_at)},
                {"url": "said-in", "valueReference": self._to(self._response_id(one.conversation_id))},
            ],
        }

    def _ranked(self, outcome: EnquiryOutcome) -> Iterator[Resource]:
        of = outcome.of
        if of is None:
            return
        for name, value in (("weight", of.weight), ("rank", of.rank), ("plan", of.plan)):
            if value is not None:
                yield _own(name, valueCode=value)

    def _whose_goal(self, outcome: EnquiryOutcome) -> Resource:
        first = next(one for one in outcome.wordings if not one.is_addition)
        element = {"url": _ELEMENT, "valueUri": f"turn-{first.turn}"}
        said_in = {**self._to(self._response_id(first.conversation_id)), "extension": [element]}
        return {
            "resourceType": "Provenance",
            "id": self._name("whose-goal", outcome.outcome_id + outcome.conversation_id),
            "target": [self._to(self._name("goal", outcome.outcome_id + outcome.conversation_id))],
            "occurredDateTime": _time(first.said_at),
            "recorded": _time(first.said_at),
            "agent": self._agents(first.speaker, first.whose, first.conversation_id),
            "entity": [{"role": "quotation", "what": said_in}],
        }

    # --- what may be quoted

    def _consents(self, had: Had) -> Iterator[Resource]:
        """Give each yes and each no to being quoted. A yes is good for what it was given to, as long as that stands."""
        stands = had.told.standing
        for answer in stands.answers:
            is_given = answer.question.asked == MAY_QUOTE and answer.number in stands.path
            if not is_given or had.is_taken_back or answer.current.kind is not Kind.CHOICE:
                continue
            is_yes = answer.current.choice == (YES,)
            about = agreed_by(stands, answer) if is_yes else _refused(stands, answer)
            asked = next((one for one in had.exchanges if one.number == answer.question.number), None)
            yield {
                "resourceType": "Consent",
                "id": self._name("consent", f"{had.conversation_id}:{answer.number}"),
                "status": "active" if about else "inactive",
                "scope": {"coding": [{"system": f"{_HL7}consentscope", "code": "patient-privacy"}]},
                "category": [
                    {"coding": [{"system": "http://loinc.org", "code": "59284-0", "display": "Consent Document"}]}
                ],
                "patient": self._to(self.person),
                "dateTime": _time(answer.current.said_at),
                "performer": [self._speaker(answer.current.speaker, had.conversation_id)],
                "sourceReference": self._to(self._response_id(had.conversation_id)),
                "policyRule": {
                    "coding": [{"system": f"{OURS}policy", "code": "quoted-without-the-name"}],
                    **(_text("text", text_of(asked.asked)) if asked is not None else {}),
                },
                "provision": {
                    "type": "permit" if is_yes else "deny",
                    **({"data": [self._said_at(had, one) for one in about]} if about else {}),
                },
            }

    def _said_at(self, had: Had, said: Turn) -> Resource:
        element = {"url": _ELEMENT, "valueUri": f"turn-{said.number}"}
        reference = {**self._to(self._response_id(had.conversation_id)), "extension": [element]}
        return {"meaning": "instance", "reference": reference}

    # --- names

    def _url(self, had: Had) -> str:
        return f"urn:uuid:{self._name('questionnaire', had.conversation_id)}"

    def _response_id(self, conversation_id: str) -> str:
        return self._name("conversation", conversation_id)

    def _name(self, what: str, of: str) -> str:
        return str(uuid.uuid5(_NAMES, f"{what}:{of}"))

    def _to(self, name: str) -> Resource:
        return {"reference": f"urn:uuid:{name}"}


def _is_asked_of(speaker: Speaker, asked: Asking) -> bool:
    """Say whether something was asked of an advocate or a practitioner themselves, such as their name."""
    if speaker is Speaker.PRACTITIONER:
        return not asked.tips
    return speaker is Speaker.ADVOCATE and asked.about_self


def _refused(stands: Standing, answer: Answer) -> Sequence[Turn]:
    """Give the wordings that somebody was asked about and would not have quoted, as they are now."""
    about = (stands.answer(number) for number in asked_about(answer))
    return [one.current for one in about if one is not None and not one.said.is_taken_back]


def _why_absent(now: Said) -> list[Resource] | None:
    """Say why there is no answer, in FHIR's word and in ours; None where there is one."""
    if now.is_taking_back or now.is_withheld:
        return [{"url": _ABSENT, "valueCode": "masked"}, _own("taken-back", valueBoolean=True)]
    if now.skipped:
        reason = _WHY_ABSENT.get(now.skipped, "unknown")
        return [{"url": _ABSENT, "valueCode": reason}, _own("not-answered", valueCode=now.skipped)]
    return None


def _facts(now: Said, *, is_addition: bool) -> Iterator[Resource]:
    yield _own("said-at", valueDateTime=_time(now.said_at))
    if now.how is not None:
        yield _own("how-given", valueCode=now.how.value)
    if now.whose is not None:
        yield _own("whose", valueCode=now.whose.value)
    if now.original:
        yield _own("original", **_text("valueString", now.original))
    if is_addition:
        yield _own("added", valueBoolean=True)


def _earlier(one: Said) -> Resource:
    """Give how something was said before. What was taken back has no words here."""
    said = [{"url": "words", **_text("valueString", one.words or "")}]
    return {
        "url": f"{OURS}said-before",
        "extension": [*said, {"url": "said-at", "valueDateTime": _time(one.said_at)}],
    }


def _beside(exchange: Exchange, one: Beside) -> Resource:
    made: Resource = {"linkId": f"{exchange.number}.{one.turn}", "text": "Said in another window"}
    if one.is_withheld:
        reason = {"url": _ABSENT, "valueCode": "masked"}
        return {**made, "extension": [reason, _own("taken-back", valueBoolean=True)]}
    said_at = _own("said-at", valueDateTime=_time(one.said_at))
    return {**made, "answer": [{"id": f"turn-{one.turn}", "extension": [said_at], **_text("valueString", one.words)}]}


def _signs(outcome: EnquiryOutcome) -> Iterator[Resource]:
    sign = outcome.of.sign if outcome.of is not None else None
    for words in sign.words if sign is not None else ():
        yield {"measure": {"text": "How they would know that it had happened"}, **_text("detailString", words)}


def _achievement(verdict: Verdict) -> Resource:
    codes = [{"system": f"{OURS}verdict", "code": verdict.value}]
    if (known := _ACHIEVED[verdict.value]) is not None:
        codes.insert(0, {"system": f"{_HL7}goal-achievement", "code": known[0], "display": known[1]})
    return {"coding": codes}


def _participant(code: str) -> Resource:
    return {"coding": [{"system": f"{_HL7}provenance-participant-type", "code": code}]}


def _coding(system: str, code: str, display: str) -> Resource:
    return {"system": f"{OURS}{system}", "code": code, **_text("display", display)}


def _own(name: str, **value: Any) -> Resource:
    return {"url": f"{OURS}{name}", **value}


def _text(name: str, words: str) -> Resource:
    """Put words where they belong, exactly. Where a FHIR string cannot hold them, that is said, and nothing is changed.

    It cannot hold half a sign (a lone surrogate), nor blanks of another kind alone. Nothing at all is left out.
    """
    if not words:
        return {}
    if _CANNOT_WRITE.search(words) or not _FITS.search(words):
        return {f"_{name}": {"extension": [{"url": _ABSENT, "valueCode": "unsupported"}]}}
    return {name: words}


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()
