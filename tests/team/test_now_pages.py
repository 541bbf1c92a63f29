"""How the work of a team stands: what waits for whom, counted for those who do it, and for nobody else."""

from collections.abc import Callable

import pytest

from bot.conversation import Kind, Speaker, Stage
from bot.enquiry import enquiry_outcomes, voice_of
from bot.flags import FlagKind
from bot.records import RecordKind
from bot.reviewing import standing
from bot.roles import Role
from bot.store import EntryKind, Store
from tests.team.colleague import Colleague
from tests.team.conftest import WISH, TeamSite

SignIn = Callable[..., Colleague]


def close(site: TeamSite, enquiry_id: str) -> None:
    with site.store.begin() as kept:
        kept.enquiries.close(enquiry_id, site.now)


def answer_flag(store: Store, site: TeamSite, conversation_id: str, account_id: str) -> None:
    with store.begin() as kept:
        (flag,) = [one for one in kept.flags.of(conversation_id) if one.kind is FlagKind.IN_DANGER_NOW]
        kept.entries.add(
            kind=EntryKind.FLAG_ANSWER,
            what=flag.kind,
            account_id=account_id,
            now=site.now,
            conversation_id=conversation_id,
            turn=flag.turn,
            words={"words": "I rang her at once."},
        )


async def test_nothing_to_count_is_said_in_words(team_site: TeamSite, signed_in: SignIn) -> None:
    asha = signed_in(Role.PRACTITIONER, team_site.team("North team"))
    page = await asha.opens("/team/now")
    assert page.heading == "How the work stands"
    assert "North team" in page.main
    for sentence in (
        "No enquiry is open.",
        "Nothing that people want is still to happen.",
        "No flag was raised.",
        "In every open enquiry somebody was asked what they want, or it is recorded why not.",
        "Wherever an enquiry was closed, somebody was asked in the end what came of it.",
    ):
        assert sentence in page.main


async def test_open_enquiries_are_told_apart_by_age(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    team_site.enquiry(north)
    team_site.passes(weeks=9)
    team_site.enquiry(north)
    team_site.passes(weeks=5)
    team_site.enquiry(north)
    page = await signed_in(Role.MANAGER, north).opens("/team/now")
    assert "3 enquiries are open, 1 for more than 12 weeks." in page.main
    told = "Bar chart. Opened in the last 4 weeks: 1; 4 to 12 weeks ago: 1; More than 12 weeks ago: 1."
    assert told in page.main


def speaks_again(site: TeamSite, enquiry_id: str, says: str, speaker: Speaker = Speaker.PERSON) -> None:
    """Have somebody say at a check-in how it is now with the first thing that they said they want in an enquiry."""
    with site.store.begin() as kept:
        told = enquiry_outcomes(kept.told_in(enquiry_id))
        outcome = next(one for one in told if one.voice is voice_of(speaker))
        add = kept.conversations.add
        conversation_id = kept.conversations.begin(
            stage=Stage.CHECK_IN, speaker=speaker, begun_at=site.now, interview_version="1", enquiry_id=enquiry_id
        )
        asked = add(conversation_id, speaker=Speaker.BOT, kind=Kind.QUESTION, said_at=site.now, asked="still_want")
        said = add(
            conversation_id,
            speaker=speaker,
            kind=Kind.CHOICE,
            said_at=site.now,
            asked="still_want",
            answers=asked.number,
            choice=(says,),
        )
        kept.reviews.keep(conversation_id, outcome.outcome_id, site.now, said_turn=said.number)


async def test_what_is_wanted_and_has_not_happened_is_told_apart_by_age(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    for answer in ("still_want", "no_longer_want", "has_happened"):
        enquiry_id = team_site.enquiry(north, f"ASC-{answer}")
        await team_site.conversation(enquiry_id)
        speaks_again(team_site, enquiry_id, answer)
    closed = team_site.enquiry(north, "ASC-CLOSED")
    await team_site.conversation(closed)
    close(team_site, closed)
    team_site.passes(weeks=9)
    await team_site.conversation(team_site.enquiry(north, "ASC-SECOND"))
    team_site.passes(weeks=5)
    await team_site.conversation(team_site.enquiry(north, "ASC-THIRD"))
    manager = signed_in(Role.MANAGER, north)
    # What has changed since it was worked out is counted as it is now.
    for _ in range(2):
        page = await manager.opens("/team/now")
        assert (
            "Of what people want, 3 things are still to happen, 1 of them first said more than 12 weeks ago."
            in page.main
        )
        told = "Bar chart. In the last 4 weeks: 1; 4 to 12 weeks ago: 1; More than 12 weeks ago: 1."
        assert told in page.main
        wanted = page.main.partition("Wanted, and still to happen")[2].partition("Nobody was asked yet")[0]
        assert [one for one in wanted.split() if one.startswith("ASC-")] == [
            "ASC-still_want",
            "ASC-SECOND",
            "ASC-THIRD",
        ]
        assert "those who speak for people" not in page.main
        team_site.store.work_out_facts()
    assert WISH not in page.says


async def test_what_representatives_want_is_counted_apart(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    enquiry_id = team_site.enquiry(north, "ASC-BOTH")
    await team_site.conversation(enquiry_id)
    team_site.passes(days=1)
    await team_site.conversation(enquiry_id, speaker=Speaker.ADVOCATE)
    # That the person does not want it any more says nothing of what is wanted for them.
    speaks_again(team_site, enquiry_id, "no_longer_want")
    page = await signed_in(Role.MANAGER, north).opens("/team/now")
    assert "Nothing that people want is still to happen." in page.main
    told = "Of what those who speak for people want, 1 thing is still to happen."
    assert told in page.main


async def test_what_is_wanted_in_a_restricted_enquiry_is_counted_for_managers_alone(
    team_site: TeamSite, signed_in: SignIn
) -> None:
    north = team_site.team("North team")
    await team_site.conversation(team_site.enquiry(north, "ASC-HELD", restricted=True))
    nothing = "Nothing that people want is still to happen."
    one = "Of what people want, 1 thing is still to happen."
    for _ in range(2):
        assert nothing in (await signed_in(Role.PRACTITIONER, north).opens("/team/now")).main
        assert one in (await signed_in(Role.MANAGER, north).opens("/team/now")).main
        team_site.store.work_out_facts()


async def test_while_much_is_to_be_worked_out_no_number_stands_that_could_be_wrong(
    team_site: TeamSite, signed_in: SignIn
) -> None:
    north = team_site.team("North team")
    for _ in range(standing.WORKED_OUT_AT_ONCE + 1):
        team_site.enquiry(north)
    manager = signed_in(Role.MANAGER, north)
    assert "Much has changed, and this is being worked out." in (await manager.opens("/team/now")).main
    team_site.store.work_out_facts()
    assert "Nothing that people want is still to happen." in (await manager.opens("/team/now")).main


async def test_whoever_was_not_asked_yet_is_named_the_longest_wait_first(
    team_site: TeamSite, signed_in: SignIn
) -> None:
    north = team_site.team("North team")
    asked = team_site.enquiry(north, "ASC-ASKED")
    await team_site.conversation(asked)
    begun = team_site.enquiry(north, "ASC-BEGUN")
    await team_site.conversation(begun, finished=False)
    team_site.passes(days=1)
    team_site.enquiry(north, "ASC-LATER")
    recorded = team_site.enquiry(north, "ASC-RECORDED")
    manager = team_site.account(Role.MANAGER, north)
    with team_site.store.begin() as kept:
        kept.entries.add(
            kind=EntryKind.RECORD,
            what=RecordKind.ASKED,
            account_id=manager,
            now=team_site.now,
            enquiry_id=recorded,
            choices={"state": ("not_asked",)},
            words={},
        )
    page = await team_site.signs_in(manager).opens("/team/now")
    assert "2 enquiries are open in which no first conversation was held" in page.main
    assert page.main.index("ASC-BEGUN") < page.main.index("ASC-LATER")
    named = page.main.partition("Nobody was asked yet")[2]
    assert "ASC-ASKED" not in named
    assert "ASC-RECORDED" not in named
    assert f"/team/enquiries/{begun}" in page.links


async def test_closing_without_asking_what_came_of_it_is_seen(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    old = team_site.enquiry(north, "ASC-OLD")
    close(team_site, old)
    team_site.passes(weeks=13)
    closed = team_site.enquiry(north, "ASC-CLOSED")
    await team_site.conversation(closed, stage=Stage.EXPERIENCE)
    close(team_site, closed)
    page = await signed_in(Role.MANAGER, north).opens("/team/now")
    assert "1 enquiry was closed without a closing conversation." in page.main
    assert "ASC-CLOSED" in page.main
    assert "ASC-OLD" not in page.main


async def test_flags_are_told_apart_by_how_soon_they_were_answered(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    manager = team_site.account(Role.MANAGER, north)
    first, second, _ = [await team_site.conversation(team_site.enquiry(north), is_safe="not_safe") for _ in range(3)]
    team_site.passes(hours=23)
    answer_flag(team_site.store, team_site, first, manager)
    team_site.passes(hours=2)
    answer_flag(team_site.store, team_site, second, manager)
    await team_site.conversation(team_site.enquiry(north), is_safe="not_safe")
    page = await team_site.signs_in(manager).opens("/team/now")
    assert "4 flags were raised, and 1 answered within a day. 1 has waited longer for an answer." in page.main
    told = (
        "A bar of several parts. Answered within a day: 1; Answered later: 1; Not answered, raised within a day: 1; "
        "Not answered for more than a day: 1."
    )
    assert told in page.main


async def test_another_teams_work_is_not_there(team_site: TeamSite, signed_in: SignIn) -> None:
    north, south = team_site.team("North team"), team_site.team("South team")
    team_site.enquiry(south, "ASC-SOUTH")
    asha = signed_in(Role.PRACTITIONER, north)
    page = await asha.opens("/team/now")
    assert "South team" not in page.main
    assert "ASC-SOUTH" not in page.main
    assert (await asha.client.get(f"/team/now?team={south}")).status_code == 404
    assert (await asha.client.get("/team/now?team=nothing")).status_code == 404
    ines = signed_in(Role.AUDITOR)
    page = await ines.opens(f"/team/now?team={south}")
    assert "ASC-SOUTH" in page.main


async def test_a_restricted_enquiry_is_counted_for_managers_alone(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    team_site.enquiry(north, "ASC-HELD", restricted=True)
    assert "No enquiry is open." in (await signed_in(Role.PRACTITIONER, north).opens("/team/now")).main
    page = await signed_in(Role.MANAGER, north).opens("/team/now")
    assert "1 enquiry is open, none of them for more than 12 weeks." in page.main
    assert "ASC-HELD" in page.main


async def test_what_belongs_to_no_team_is_the_duty_teams(team_site: TeamSite, signed_in: SignIn) -> None:
    duty, other = team_site.team("Duty team", duty=True), team_site.team("Other team")
    team_site.enquiry(None, "ASC-NOBODYS")
    assert "ASC-NOBODYS" in (await signed_in(Role.MANAGER, duty).opens("/team/now")).main
    assert "ASC-NOBODYS" not in (await signed_in(Role.MANAGER, other).opens("/team/now")).main


async def test_whoever_is_in_no_team_is_told_so(team_site: TeamSite, signed_in: SignIn) -> None:
    assert "You are in no team yet." in (await signed_in(Role.PRACTITIONER).opens("/team/now")).main


@pytest.mark.parametrize("role", [Role.BOARD_MEMBER, Role.ADVOCATE, Role.ADMINISTRATOR])
async def test_those_who_do_not_do_the_work_do_not_see_how_it_stands(signed_in: SignIn, role: Role) -> None:
    colleague = signed_in(role)
    assert (await colleague.client.get("/team/now")).status_code == 404
