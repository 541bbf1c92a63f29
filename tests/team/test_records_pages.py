"""Pages of records: what is asked stands under plain headings, and whatever goes wrong, nothing typed is lost."""

from collections.abc import Callable
from typing import Any

import pytest

from bot.conversation import Stage
from bot.records import RecordKind
from bot.reviewing.seeing import open_enquiry_to_read
from bot.roles import Actor, Role
from tests.talking import NOW
from tests.team.colleague import Colleague
from tests.team.conftest import WISH, TeamSite

SignIn = Callable[..., Colleague]

DAY = {"day": "2", "month": "3", "year": "2026"}
WORDS = "\n\n  He said: <b>not</b> tonight.\u202e\n{{7*7}} "


def day(name: str, **parts: str) -> dict[str, str]:
    return {f"{name}-{part}": value for part, value in {**DAY, **parts}.items()}


ASKED = {"state": "declined", "whom": "person", **day("asked_on"), "asked_by": "Ruth, social worker"}
NOT_FOLLOWED = {
    "nature": "acted_against",
    "decided_by": "Mary, manager",
    **day("decided_on"),
    "reasons": WORDS,
    "alternatives": "A night with her sister.",
    "consulted": "The police.",
    "ground": ["life_or_limb", "crime"],
    "consent": "sought",
    "told": "not_yet",
    "not_told_why": "He reads her phone.",
    **day("look_again_on", day="30"),
}


class Work:
    """An enquiry of a team, opened by one who works there."""

    def __init__(self, site: TeamSite, sign_in: SignIn) -> None:
        self.site, self.sign_in = site, sign_in
        self.team_id = site.team()
        self.enquiry_id = site.enquiry(self.team_id, "SA/17")
        self.path = f"/team/enquiries/{self.enquiry_id}"

    def colleague(self, role: Role = Role.PRACTITIONER, name: str = "Asha Rahman", *, opens: bool = True) -> Colleague:
        colleague = self.sign_in(role, self.team_id, name=name)
        if opens:
            self.opens(colleague)
        return colleague

    def opens(self, colleague: Colleague) -> None:
        """Open the enquiry to read, as its own page has them do."""
        from bot import signing_in

        assert colleague.role is not None
        hashed = signing_in.hash_of(colleague.client.cookies["team"])
        actor = Actor(colleague.account_id, colleague.role, frozenset([self.team_id]), hashed)
        open_enquiry_to_read(self.site.store, actor, self.enquiry_id, NOW)

    def at(self, kind: RecordKind | str) -> str:
        return f"{self.path}/records/{kind}"

    async def talks(self, **more: Any) -> str:
        """Have the person say what they want."""
        conversation_id = await self.site.conversation(self.enquiry_id, **more)
        with self.site.store.begin() as kept:
            number = next(turn.number for turn in kept.conversations.turns(conversation_id) if turn.words == WISH)
            kept.outcomes.desire(conversation_id, number, NOW)
        return conversation_id


@pytest.fixture
def work(team_site: TeamSite, signed_in: SignIn) -> Work:
    return Work(team_site, signed_in)


async def test_who_helps_them_take_part_sums_the_record_of_advocacy_up(work: Work) -> None:
    colleague = work.colleague()
    await colleague.opens(work.at(RecordKind.ADVOCACY))
    await colleague.sends(work.at(RecordKind.ADVOCACY), **EVERY[RecordKind.ADVOCACY])
    page = await colleague.opens(work.path)

    assert "An independent advocate is needed" in page.main
    assert "Yes, they would have substantial difficulty" not in page.main


@pytest.mark.parametrize("kind", RecordKind)
async def test_each_record_has_a_page_that_says_why_it_is_asked(work: Work, kind: RecordKind) -> None:
    await work.talks()
    colleague = work.colleague()
    page = await colleague.opens(work.at(kind))

    assert page.status == 200
    assert "Keep this record" in page.main


async def test_a_record_is_made_and_read(work: Work) -> None:
    colleague = work.colleague()
    await colleague.opens(work.at(RecordKind.ASKED))
    page = await colleague.sends(work.at(RecordKind.ASKED), **ASKED)

    assert page.told == "The record is kept."
    assert "They were asked and chose not to say" in page.main
    assert "In the national figures: Yes they were asked but no outcomes were expressed" in page.main
    assert "2 March 2026" in page.main
    assert "Recorded by Asha Rahman" in page.main


async def test_a_page_with_something_to_put_right_gives_back_all_that_was_typed(work: Work) -> None:
    await work.talks()
    colleague = work.colleague()
    where = work.at(RecordKind.WISH_NOT_FOLLOWED)
    await colleague.opens(where)
    page = await colleague.sends(where, **{**NOT_FOLLOWED, **day("decided_on", month="13")})

    assert page.status == 422
    assert page.problems == [
        "Choose what was said: “Which wish was not followed?”",
        "Give a day, a month and a year, such as 27 3 2026: “When was it decided?”",
    ]
    sent = page.forms()[where]
    assert page.boxes["reasons"] == WORDS
    assert page.boxes["decided_on-month"] == "13"
    assert sent["ground"] == ["life_or_limb", "crime"]
    assert sent["told"] == ["not_yet"]


async def test_what_the_person_wanted_is_quoted_exactly_and_the_reasons_stand_as_they_were_typed(work: Work) -> None:
    await work.talks()
    colleague = work.colleague()
    where = work.at(RecordKind.WISH_NOT_FOLLOWED)
    page = await colleague.opens(where)
    assert WISH in page.quotations

    wish = next(element.get("value") for element in page.root.iter("input") if element.get("name") == "wish")
    page = await colleague.sends(where, **NOT_FOLLOWED, wish=wish)

    assert WISH in page.quotations
    assert WORDS in ["".join(one.itertext()) for one in page.root.iter("p") if "team-written" in one.get("class", "")]
    assert "There is a high risk to the person, to life or limb" in page.main


EVERY: dict[RecordKind, dict[str, Any]] = {
    RecordKind.ABOUT: {"kind": "section_42", "age_band": "75-84", **day("concern_on")},
    RecordKind.ASKED: ASKED,
    RecordKind.ADVOCACY: {
        **dict.fromkeys(("understanding", "retaining", "weighing", "communicating"), "difficulty"),
        **day("considered_on"),
        "way": "advocate",
        **day("needed_on"),
        **day("arrived_on"),
        "advocate_kind": "care_act",
        "instructed": "non_instructed",
    },
    RecordKind.CAPACITY: {
        "decision": "Where to live for now",
        "result": "lacked",
        **day("concluded_on"),
        "concluded_by": "Dr Shah, GP",
        "tried": "Pictures, twice, in the morning.",
        "supported_by": ["advocate", "family"],
    },
    RecordKind.NEGOTIATION: {
        **day("talked_on"),
        "talked_with": "Ruth, and her sister",
        "options": "To stay with the lock changed; a night away.",
        "result": "agreed",
        "person_said": "Then change the lock.",
        "agreed_to": "A new lock, and her own key.",
    },
    RecordKind.WISH_NOT_FOLLOWED: NOT_FOLLOWED,
    RecordKind.RISK: {
        "assessment": "identified_action",
        **day("assessed_on"),
        "assessed_by": "Ruth",
        "taken": "A new lock.",
        "outcome": "reduced",
    },
    RecordKind.VERDICT: {"happened": "some_of_it"},
}


@pytest.mark.parametrize("kind", RecordKind)
async def test_every_kind_can_be_recorded_and_changed_without_a_script(work: Work, kind: RecordKind) -> None:
    await work.talks()
    colleague = work.colleague()
    page = await colleague.opens(work.at(kind))
    wish = next((one.get("value") for one in page.root.iter("input") if one.get("name") == "wish"), None)
    page = await colleague.sends(work.at(kind), **EVERY[kind], **({"wish": wish} if wish else {}))
    assert page.told == "The record is kept."

    change = next(link for link in page.links if f"/records/{kind}/" in link)
    await colleague.opens(change)
    page = await colleague.sends(change, because="To show that it can be.")
    assert page.told == "The record is kept."
    assert "To show that it can be." in page.main

    page = await colleague.opens(work.path)
    assert "changed 1 time" in page.main
    if kind is RecordKind.CAPACITY:
        assert "To show that it can be." not in page.main
        assert "Where to live for now" in page.main


async def test_a_change_takes_its_place_and_the_earlier_record_stays_readable(work: Work) -> None:
    colleague = work.colleague()
    await colleague.opens(work.at(RecordKind.ASKED))
    page = await colleague.sends(work.at(RecordKind.ASKED), **ASKED)
    change = next(link for link in page.links if "/records/asked/" in link)
    page = await colleague.opens(change)
    assert page.boxes["asked_by"] == "Ruth, social worker"
    assert page.boxes["asked_on-year"] == "2026"

    page = await colleague.sends(change, asked_by="Ruth and an interpreter")
    assert page.problems == ["Please write something: “What has changed, or what was not right before?”"]
    page = await colleague.sends(change, because="The interpreter was left out.")

    assert "Ruth and an interpreter" in page.main
    assert "Earlier versions" in page.main
    assert "The interpreter was left out." in page.main


async def test_whoever_comes_second_sees_the_first_and_chooses(work: Work) -> None:
    asha, ben = work.colleague(), work.colleague(name="Ben Okafor")
    where = work.at(RecordKind.ASKED)
    for one in (asha, ben):
        await one.opens(where)
    await asha.sends(where, **ASKED)
    page = await ben.sends(where, **{**ASKED, "asked_by": "Ben himself", "state": "asked_none_yet"})

    assert page.status == 409
    assert "Somebody recorded this while your page was open" in page.main
    assert "Asha Rahman" in page.main
    assert "Ruth, social worker" in page.main
    assert page.boxes["asked_by"] == "Ben himself"
    assert page.forms()[where]["state"] == ["asked_none_yet"]

    page = await ben.sends(where)
    assert "Recorded by Ben Okafor" in page.main
    assert "Earlier versions" in page.main


async def test_somebody_who_signed_in_again_loses_nothing_they_typed(work: Work) -> None:
    colleague = work.colleague()
    where = work.at(RecordKind.ASKED)
    await colleague.opens(where)
    again = work.site.signs_in(colleague.account_id)
    again.page = colleague.page
    page = await again.sends(where, **ASKED)
    assert page.boxes["asked_by"] == "Ruth, social worker"

    page = await again.sends(where)
    assert page.told == "The record is kept."


async def test_a_double_press_keeps_one_record(work: Work) -> None:
    colleague = work.colleague()
    where = work.at(RecordKind.ASKED)
    await colleague.opens(where)
    answers = [await colleague.posts(where, **ASKED) for _ in range(3)]

    assert {one.status_code for one in answers} == {303}
    assert len({one.headers["location"] for one in answers}) == 1


async def test_what_was_not_opened_leads_to_where_it_is(work: Work) -> None:
    colleague = work.colleague(opens=False)
    for path in (work.at(RecordKind.RISK), f"{work.path}/checklist", f"{work.path}/record/1"):
        response = await colleague.client.get(path)
        assert (response.status_code, response.headers["location"]) == (303, work.path)


async def test_a_kind_or_a_number_that_there_is_not_looks_like_any_missing_page(work: Work) -> None:
    colleague = work.colleague()
    missing = await colleague.client.get("/team/nothing-here")
    for path in (work.at("summary"), f"{work.path}/record/99", f"{work.at(RecordKind.RISK)}/99"):
        response = await colleague.client.get(path)
        assert (response.status_code, response.content) == (404, missing.content)


@pytest.mark.parametrize("role", [Role.ADVOCATE, Role.BOARD_MEMBER, Role.ADMINISTRATOR])
async def test_records_look_as_if_they_were_not_there_to_whom_they_are_not_for(work: Work, role: Role) -> None:
    colleague = work.colleague(role, opens=False)
    missing = await colleague.client.get("/team/nothing-here")
    for path in (work.at(RecordKind.RISK), f"{work.path}/checklist", f"{work.path}/record/1"):
        response = await colleague.client.get(path)
        assert (response.status_code, response.content) == (404, missing.content)


async def test_an_auditor_reads_a_record_and_is_offered_no_change(work: Work) -> None:
    practitioner = work.colleague()
    await practitioner.opens(work.at(RecordKind.ASKED))
    page = await practitioner.sends(work.at(RecordKind.ASKED), **ASKED)
    auditor = work.colleague(Role.AUDITOR, "Omar Aziz")
    read = await auditor.opens(page.address)

    assert "Ruth, social worker" in read.main
    assert "Change this record" not in read.main


async def test_the_checklist_says_what_is_missing_and_in_whose_words_the_rest_is(work: Work) -> None:
    await work.talks()
    page = await work.colleague().opens(f"{work.path}/checklist")

    assert "In the person's own words" in page.main
    assert "In the national figures: Yes they were asked and outcomes were expressed" in page.main
    assert "No conclusion is recorded" in page.main
    assert WISH in page.quotations
    assert "Close the enquiry" not in page.main


async def test_a_manager_closes_from_the_checklist_whatever_is_missing(work: Work) -> None:
    manager = work.colleague(Role.MANAGER)
    page = await manager.opens(f"{work.path}/checklist")

    assert "Missing" in page.main
    await manager.sends(f"{work.path}/close")
    page = await manager.opens(f"{work.path}/checklist")
    assert "This enquiry is closed." in page.main
    assert f"{work.path}/close" not in page.forms()


async def test_the_checklist_names_flags_and_conversations_that_still_wait(work: Work) -> None:
    conversation_id = await work.talks(is_safe="not_safe")
    page = await work.colleague().opens(f"{work.path}/checklist")

    assert "Nobody has said what was done about it." in page.main
    assert "Nobody has reviewed it." in page.main
    assert page.links.count(f"/team/conversations/{conversation_id}") == 2


async def test_the_checklist_leads_to_a_record_about_the_very_wish(work: Work) -> None:
    await work.talks()
    colleague = work.colleague()
    page = await colleague.opens(f"{work.path}/checklist")
    way = next(link for link in page.links if "/records/verdict?wish=" in link)
    page = await colleague.opens(way)

    assert page.forms()[work.at(RecordKind.VERDICT)]["wish"] == [way.partition("wish=")[2]]


async def test_words_of_how_it_was_for_them_are_never_quoted(work: Work) -> None:
    await work.talks(stage=Stage.FIRST, finished=False)
    page = await work.colleague().opens(work.at(RecordKind.VERDICT))

    assert WISH not in page.quotations
    assert "Nothing that they want to be different has been said in a finished conversation." in page.main
    assert work.at(RecordKind.VERDICT) not in page.forms()


async def test_looking_writes_nothing(work: Work) -> None:
    await work.talks()
    colleague = work.colleague()

    def kept() -> tuple[int, int]:
        with work.site.store.reading() as seen:
            return len(seen.audit.search(at_most=500)), len(seen.entries.of_enquiry(work.enquiry_id))

    before = kept()
    for kind in RecordKind:
        await colleague.opens(work.at(kind))
    await colleague.opens(f"{work.path}/checklist")
    assert kept() == before
