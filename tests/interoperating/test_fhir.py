"""An enquiry as FHIR: every word as it was said, nothing that never leaves, and read by software that is not ours."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle as Validated
from fhirclient.models.bundle import Bundle as Read

from bot.conversation import Control, Skip, Speaker, Stage, State, Whose
from bot.enquiry import outcome_id
from bot.interoperating import fhir
from bot.interoperating.choosing import chosen_in
from bot.interoperating.fhir import NotValid
from bot.interoperating.lines import lines
from bot.interoperating.taking import Written, take_out_here
from bot.keeping import keep_outcome
from bot.roles import Role
from bot.store import AuditAct, EntryKind, Store
from tests.faults.nasty import NASTY
from tests.recording import Recorded
from tests.telling import NOON
from tests.voices import says

LATER = NOON + timedelta(days=9)
EVERY = tuple(Stage)
SECRET = "Ring my sister Oyelaran after nine"


@pytest.fixture
def enquiry_id(store: Store) -> str:
    with store.begin() as kept:
        return kept.enquiries.open(NOON, reference="ASC 17/2026")


def done(told: Recorded) -> Recorded:
    """Have a conversation done."""
    told.ends()
    with told.store.begin() as kept:
        kept.conversations.settle(told.conversation_id, State.FINISHED, LATER)
    return told


def written(store: Store, enquiry_id: str, stages: tuple[Stage, ...] = EVERY) -> dict[str, Any]:
    """The bundle as it is taken out, and as two libraries that are not ours read it."""
    taken = take_out_here(store, enquiry_id, Written.FHIR, {}, LATER, stages)
    found: dict[str, Any] = json.loads(taken.content)
    Validated.model_validate(json.loads(taken.content))
    Read(json.loads(taken.content))
    return found


def listed(store: Store, enquiry_id: str) -> list[dict[str, Any]]:
    """The same as JSON Lines."""
    taken = take_out_here(store, enquiry_id, Written.JSON_LINES, {}, LATER, EVERY)
    return [json.loads(line) for line in taken.content.splitlines()]


def of_type(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [one["resource"] for one in found["entry"] if one["resource"]["resourceType"] == name]


def items(within: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every item, those under headings too."""
    for one in within.get("item", ()):
        yield one
        yield from items(one)


def own(element: dict[str, Any]) -> dict[str, Any]:
    """What stands in our own extensions, by their names."""
    return {
        one["url"].removeprefix(fhir.OURS): next((value for name, value in one.items() if name != "url"), None)
        for one in element.get("extension", ())
    }


@pytest.mark.parametrize("words", [*NASTY.values(), "a\u00a0b", "\u202e right to left", "  spaces  "])
def test_words_come_out_as_they_went_in(store: Store, enquiry_id: str, words: str) -> None:
    told = Recorded(store, enquiry_id=enquiry_id)
    told.is_asked("feelings", says=words)
    done(told)
    (response,) = of_type(written(store, enquiry_id), "QuestionnaireResponse")
    (answer,) = [one["answer"][0] for one in items(response) if "answer" in one]
    if re.search(r"[ \r\n\t\S]", words):
        assert answer["valueString"] == words
    else:
        assert answer["_valueString"]["extension"][0]["valueCode"] == "unsupported"
    (line,) = [one for one in listed(store, enquiry_id) if one["what"] == "exchange"]
    assert line["said"][0]["now"]["words"] == words


def test_half_a_sign_is_said_not_to_fit_and_never_changed(store: Store, enquiry_id: str) -> None:
    told = Recorded(store, enquiry_id=enquiry_id)
    told.is_asked("feelings", says="\ud800 alone")
    done(told)
    (response,) = of_type(written(store, enquiry_id), "QuestionnaireResponse")
    (answer,) = [one["answer"][0] for one in items(response) if "answer" in one]
    assert "valueString" not in answer
    assert answer["_valueString"]["extension"][0]["valueCode"] == "unsupported"
    (line,) = [one for one in listed(store, enquiry_id) if one["what"] == "exchange"]
    assert line["said"][0]["now"]["words"] == "\ud800 alone"


def test_what_never_leaves_is_in_neither_file(store: Store, enquiry_id: str) -> None:
    told = Recorded(store, enquiry_id=enquiry_id, speaker=Speaker.PRACTITIONER)
    asked = told.asks_as_worded("feelings")
    told.says("I feel tired")
    told.notes(f"{SECRET}, she said", asked)
    times = told.is_asked("contact_times", says=SECRET)
    with store.begin() as kept:
        colleague = kept.accounts.add(
            role=Role.PRACTITIONER, name="Priya Natarajan", email="priya@council.example", team_ids=(), now=NOON
        )
        kept.entries.add(
            kind=EntryKind.NOTE,
            what="note",
            account_id=colleague,
            now=NOON,
            conversation_id=told.conversation_id,
            enquiry_id=enquiry_id,
            turn=times.number,
            words={"words": SECRET},
        )
    told.is_asked("contact_code_word", says=f"{SECRET} too")
    told.is_asked("private_note", says=SECRET)
    taken_back = told.is_asked("worries", says=SECRET)
    told.takes_back(taken_back)
    done(told)
    found = written(store, enquiry_id)
    for text in (json.dumps(found), json.dumps(listed(store, enquiry_id))):
        assert SECRET not in text
        assert "I feel tired" in text
    (response,) = of_type(found, "QuestionnaireResponse")
    gone = [own(one) for one in items(response) if "taken-back" in own(one)]
    assert len(gone) == 1
    assert {one["code"] for one in found["meta"]["tag"]} >= {"safe-contact", "private-notes", "taken-back"}


def test_whoever_took_everything_back_has_no_word_in_it(store: Store, enquiry_id: str) -> None:
    told = Recorded(store, enquiry_id=enquiry_id)
    told.is_asked("feelings", says=SECRET)
    told.presses(Control.STOP_AND_TAKE_BACK)
    with store.begin() as kept:
        kept.conversations.settle(told.conversation_id, State.STOPPED, LATER)
    found = written(store, enquiry_id)
    assert SECRET not in json.dumps(found)
    assert SECRET not in json.dumps(listed(store, enquiry_id))
    (response,) = of_type(found, "QuestionnaireResponse")
    assert own(response)["taken-back"] is True
    assert not list(items(response))


def test_an_unfinished_conversation_stays_where_it_is(store: Store, enquiry_id: str) -> None:
    Recorded(store, enquiry_id=enquiry_id).is_asked("feelings", says=SECRET)
    assert SECRET not in json.dumps(written(store, enquiry_id))
    (first, *_) = listed(store, enquiry_id)
    assert (first["what"], first["conversations_left_out"]) == ("enquiry", 1)


@pytest.mark.parametrize("skip", list(Skip))
def test_each_way_not_to_answer_stays_a_fact_of_its_own(store: Store, enquiry_id: str, skip: Skip) -> None:
    told = Recorded(store, enquiry_id=enquiry_id)
    told.asks_as_worded("feelings")
    told.skips(skip)
    done(told)
    (response,) = of_type(written(store, enquiry_id), "QuestionnaireResponse")
    (item,) = [one for one in items(response) if "extension" in one]
    assert "answer" not in item
    assert own(item)["not-answered"] == skip.value


def test_what_was_added_and_what_was_said_before_stand_apart(store: Store, enquiry_id: str) -> None:
    told = Recorded(store, enquiry_id=enquiry_id)
    said = told.is_asked("feelings", says="Tired")
    told.says_instead(said, "Tired and cross")
    told.adds(said, "And sad")
    done(told)
    found = written(store, enquiry_id)
    (response,) = of_type(found, "QuestionnaireResponse")
    (answers,) = [one["answer"] for one in items(response) if "answer" in one]
    assert [one["valueString"] for one in answers] == ["Tired and cross", "And sad"]
    assert own(answers[1])["added"] is True
    assert own(answers[0])["said-before"][0]["valueString"] == "Tired"
    (questionnaire,) = of_type(found, "Questionnaire")
    asked = [one for one in items(questionnaire) if one["type"] == "text"]
    assert asked[0]["repeats"] is True
    assert {one["linkId"] for one in items(questionnaire)} == {one["linkId"] for one in items(response)}


@pytest.mark.parametrize(
    ("verdict", "lifecycle", "code"),
    [("all_of_it", "completed", "achieved"), ("no", "active", "not-achieved"), ("some_of_it", "active", None)],
)
def test_an_outcome_is_a_goal_in_the_words_it_was_said_in(
    store: Store, enquiry_id: str, verdict: str, lifecycle: str, code: str | None
) -> None:
    first = Recorded(store, enquiry_id=enquiry_id)
    said, slots = first.wants("  My own key.\n", sign="It would hang by my door")
    keep_outcome(store, first.heard(**slots), NOON)
    done(first)
    closing = Recorded(
        store,
        enquiry_id=enquiry_id,
        stage=Stage.CLOSING,
        speaker=Speaker.PRACTITIONER,
        begun_at=NOON + timedelta(days=2),
    )
    named = outcome_id(first.conversation_id, said.number)
    happened = closing.is_asked("happened", verdict)
    own_view = closing.is_asked("practitioner_verdict", "no")
    with store.begin() as kept:
        kept.reviews.keep(closing.conversation_id, named, NOON, said_turn=happened.number, own_turn=own_view.number)
    done(closing)
    found = written(store, enquiry_id)
    (goal,) = of_type(found, "Goal")
    assert goal["description"]["text"] == "  My own key.\n"
    assert goal["target"][0]["detailString"] == "It would hang by my door"
    codes = {one["system"]: one["code"] for one in goal["achievementStatus"]["coding"]}
    assert codes[f"{fhir.OURS}verdict"] == verdict
    assert codes.get("http://terminology.hl7.org/CodeSystem/goal-achievement") == code
    assert goal["lifecycleStatus"] == lifecycle
    views = [
        (one["extension"][0]["valueCode"], one["extension"][2]["valueCode"])
        for one in goal["extension"]
        if one["url"] == f"{fhir.OURS}verdict"
    ]
    assert views == [("person", verdict), ("practitioner", "no")]
    whose = [one for one in of_type(found, "Provenance") if one.get("entity")]
    assert whose[0]["entity"][0]["role"] == "quotation"
    assert whose[0]["target"][0]["reference"].endswith(goal["id"])


def test_whose_words_they_are_stands_beside_each_answer(store: Store, enquiry_id: str) -> None:
    told = Recorded(store, enquiry_id=enquiry_id, speaker=Speaker.ADVOCATE)
    name = told.is_asked("advocate_name", says="Femi")
    passed_on = told.is_asked("feelings", says="I am tired", whose=Whose.OWN_WORDS)
    view = told.is_asked("worries", says="She seems afraid", whose=Whose.OWN_VIEW)
    done(told)
    found = written(store, enquiry_id)
    (person,), (advocate,) = of_type(found, "Patient"), of_type(found, "RelatedPerson")
    agents = {
        element["valueUri"]: [(one["type"]["coding"][0]["code"], one["who"]["reference"][9:]) for one in whose["agent"]]
        for whose in of_type(found, "Provenance")
        for element in whose["target"][0]["extension"]
    }
    assert agents[f"turn-{passed_on.number}"] == [("author", person["id"]), ("informant", advocate["id"])]
    assert agents[f"turn-{view.number}"] == [("author", advocate["id"])]
    assert agents[f"turn-{name.number}"] == [("author", advocate["id"])]


@pytest.mark.parametrize(("answer", "kind"), [("yes", "permit"), ("no", "deny")])
def test_a_yes_and_a_no_to_being_quoted_are_consents(store: Store, enquiry_id: str, answer: str, kind: str) -> None:
    told = says(store, enquiry_id, "Ring when you say that you will ring.", may_quote=answer)
    (consent,) = of_type(written(store, enquiry_id), "Consent")
    assert (consent["status"], consent["provision"]["type"]) == ("active", kind)
    about = consent["provision"]["data"][0]["reference"]
    assert about["extension"][0]["valueUri"] == f"turn-{told.said.number}"


def test_a_yes_is_good_for_the_words_it_was_given_to_and_for_no_others(store: Store, enquiry_id: str) -> None:
    told = says(store, enquiry_id, "Ring when you say that you will ring.")
    told.adds(told.said, "And ask for me.")
    told.is_done()
    (consent,) = of_type(written(store, enquiry_id), "Consent")
    about = [one["reference"]["extension"][0]["valueUri"] for one in consent["provision"]["data"]]
    assert (consent["status"], about) == ("active", [f"turn-{told.said.number}"])
    told.says_instead(told.said, "Ann never rang.")
    told.is_done()
    (consent,) = of_type(written(store, enquiry_id), "Consent")
    assert (consent["status"], consent["provision"]) == ("inactive", {"type": "permit"})


def test_how_it_was_for_people_is_in_only_where_it_is_asked_for(store: Store, enquiry_id: str) -> None:
    says(store, enquiry_id, SECRET)
    without = tuple(stage for stage in Stage if stage is not Stage.EXPERIENCE)
    assert SECRET not in json.dumps(written(store, enquiry_id, without))
    assert SECRET in json.dumps(written(store, enquiry_id))


def test_every_reference_leads_to_something_in_the_bundle(store: Store, enquiry_id: str) -> None:
    says(store, enquiry_id, "Ring me.")
    told = Recorded(store, enquiry_id=enquiry_id, speaker=Speaker.PRACTITIONER)
    told.is_asked("feelings", says="Tired")
    done(told)
    found = written(store, enquiry_id)
    there = [one["fullUrl"] for one in found["entry"]]
    assert len(set(there)) == len(there)

    def references(within: Any) -> Iterator[str]:
        if isinstance(within, dict):
            if isinstance(within.get("reference"), str):
                yield within["reference"]
            within = list(within.values())
        for one in within if isinstance(within, list) else ():
            yield from references(one)

    assert set(references(found)) <= set(there)
    assert written(store, enquiry_id) == found


def test_what_is_not_fhir_does_not_leave_and_the_error_quotes_nobody(store: Store, enquiry_id: str) -> None:
    told = Recorded(store, enquiry_id=enquiry_id)
    told.is_asked("feelings", says=SECRET)
    done(told)
    with store.reading() as seen:
        made = fhir.bundle(chosen_in(seen, enquiry_id, {}, EVERY), LATER)
    made["entry"][1]["resource"]["status"] = {"words": SECRET}
    with pytest.raises(NotValid) as raised:
        fhir._validate(made)
    assert SECRET not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__context__ is None


def test_taking_it_out_is_recorded(store: Store, enquiry_id: str) -> None:
    written(store, enquiry_id)
    with store.reading() as seen:
        (row,) = seen.audit.search(acts=(AuditAct.EXPORTED,), at_most=5)
    assert (row.enquiry_id, row.about, row.account_id) == (enquiry_id, "fhir.here", None)


def test_json_lines_are_one_thing_a_line(store: Store, enquiry_id: str) -> None:
    told = Recorded(store, enquiry_id=enquiry_id)
    told.is_asked("feelings", says="One\nTwo")
    _, slots = told.wants("My own key")
    keep_outcome(store, told.heard(**slots), NOON)
    done(told)
    assert [one["what"] for one in listed(store, enquiry_id)] == [
        "enquiry",
        "conversation",
        "exchange",
        "exchange",
        "outcome",
    ]
    with store.reading() as seen:
        made = list(lines(chosen_in(seen, enquiry_id, {}, EVERY), LATER))
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in made)


def test_no_start_pays_for_it() -> None:
    code = "import sys, bot.cli, bot.web.app; sys.exit(any(name.startswith('fhir') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
