"""What there is to do: flags first, then by age; lists, searching, whose an enquiry is, and the audit."""

from collections.abc import Callable
from datetime import timedelta

from bot import signing_in
from bot.flags import FlagKind
from bot.roles import Role
from bot.store import AuditAct
from bot.throttles import SEARCHES
from tests.recording import Recorded
from tests.team import held
from tests.team.colleague import Colleague, TeamPage
from tests.team.conftest import WISH, TeamSite

SignsIn = Callable[..., Colleague]


def order(page: TeamPage, *told: str) -> list[str]:
    """Give what stands on a page in the order in which it stands there."""
    return sorted(told, key=page.main.index)


async def opens(colleague: Colleague, enquiry: str) -> None:
    """Open an enquiry from its cover."""
    await colleague.opens(enquiry)
    await colleague.sends(enquiry + "/open")


async def test_a_newcomer_is_told_what_to_do_first(team_site: TeamSite, signed_in: SignsIn) -> None:
    colleague = signed_in(Role.PRACTITIONER, team_site.team())
    page = await colleague.opens("/team")
    assert page.heading == "Work"
    assert "Nothing is waiting for you." in page.main
    assert "To begin: open an enquiry" in page.main
    await colleague.opens("/team/enquiries/new")
    await colleague.sends("/team/enquiries/new", reference=" ")
    assert colleague.page.problems == ["Give the reference that your team knows it by."]
    await colleague.sends("/team/enquiries/new", reference="SA/2026/4")
    assert "Nobody has said anything here yet." in colleague.page.main
    assert colleague.page.told == "The enquiry is open."
    await colleague.opens("/team/work")
    assert "Enquiries you work on" in colleague.page.main, "whoever opens one works on it"
    await colleague.opens("/team/enquiries/new")
    await colleague.sends("/team/enquiries/new", reference="sa/2026/4 ")
    assert "already" in colleague.page.problems[0]


async def test_flags_come_first_the_oldest_before_the_others(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id, reference="SA/2026/17")
    await team_site.conversation(enquiry_id)
    team_site.passes(hours=3)
    await team_site.conversation(enquiry_id, is_safe="not_safe")
    team_site.passes(days=2)
    unfinished = Recorded(team_site.store, enquiry_id=enquiry_id, begun_at=team_site.now)
    said = unfinished.is_asked("worries", says="hit me")
    with team_site.store.begin() as kept:
        kept.flags.raise_flag(unfinished.conversation_id, FlagKind.TOLD_WHAT_HAPPENED, said.number, team_site.now)
    colleague = signed_in(Role.PRACTITIONER, team_id)
    page = await colleague.opens("/team/work")
    told = (
        "They may be in danger now",
        "They told something of what happened to them",
        "Waiting to be read",
        "Not finished",
    )
    assert order(page, *told) == list(told)
    assert "Raised 2 days ago · said by the person" in page.main
    assert "Enquiry SA/2026/17 · allocated to nobody yet" in page.main
    assert "hit me" not in page.source
    assert WISH not in page.source
    answer = await colleague.posts(f"/team/conversations/{unfinished.conversation_id}/open", turn=str(said.number))
    anchor = answer.headers["location"].partition("#")[2]
    page = await colleague.opens(answer.headers["location"].partition("#")[0])
    assert anchor in {one.get("id") for one in page.root.iter()}, "whoever comes from a flag stands at what it is about"


async def test_danger_comes_before_flags_that_have_waited_longer(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    for number in range(60):
        said = Recorded(team_site.store, enquiry_id=enquiry_id, begun_at=team_site.now)
        asked = said.is_asked("worries", says="hit me")
        kind = FlagKind.IN_DANGER_NOW if number == 59 else FlagKind.ADVOCATE_WANTED
        with team_site.store.begin() as kept:
            kept.flags.raise_flag(said.conversation_id, kind, asked.number, team_site.now)
        team_site.passes(hours=1)
    page = await signed_in(Role.PRACTITIONER, team_id).opens("/team/work")
    told = ("They may be in danger now", "They want someone to speak for them")
    assert order(page, *told) == list(told)


async def test_what_somebody_reads_is_under_their_own_name(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    conversation_id = await team_site.conversation(team_site.enquiry(team_id))
    one = signed_in(Role.PRACTITIONER, team_id, name="Asha", email="asha@c.example")
    two = signed_in(Role.PRACTITIONER, team_id, name="Ben", email="ben@c.example")
    await one.opens("/team/work")
    await one.sends(f"/team/conversations/{conversation_id}/open")
    await one.sends(f"/team/conversations/{conversation_id}/review")
    assert "You are reading" in (await one.opens("/team/work")).main
    assert "You are reading" not in (await two.opens("/team/work")).main
    page = await two.opens("/team/work/conversations?review=being_read")
    assert "being read by Asha" in page.main
    assert "There are none." in (await two.opens("/team/work/conversations?review=reviewed")).main


async def test_a_list_is_filtered_and_paged_by_key(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    for number in range(27):
        held.ends(
            team_site.store,
            Recorded(team_site.store, enquiry_id=enquiry_id, begun_at=team_site.now + number * held.DAY),
        )
    team_site.passes(days=60)
    colleague = signed_in(Role.MANAGER, team_id)
    page = await colleague.opens("/team/work/conversations?review=waiting")
    assert page.main.count("Finished") == 25
    older = next(link for link in page.links if "after=" in link)
    assert "offset" not in older
    page = await colleague.opens(older)
    assert page.main.count("Finished") == 2
    assert "review=waiting" in older
    assert (await colleague.opens("/team/work/conversations?stage=closing")).main.count("Finished") == 0
    strange = await colleague.opens("/team/work/conversations?review=x&stage=%27&speaker=bot&after=zz&flagged=maybe")
    assert strange.status == 200


async def test_nothing_of_another_team_is_in_a_list_nor_found(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_site.team("Duty")
    north, south = team_site.team("North"), team_site.team("South")
    mine = team_site.enquiry(north, reference="MINE-1")
    other = team_site.enquiry(south, reference="OTHER-1")
    kept_to_few = team_site.enquiry(north, reference="FEW-1", restricted=True)
    for enquiry_id in (mine, other, kept_to_few):
        await team_site.conversation(enquiry_id)
    await team_site.conversation()
    colleague = signed_in(Role.PRACTITIONER, north)
    for address in ("/team/work", "/team/work/conversations", "/team/enquiries?which=all"):
        page = await colleague.opens(address)
        assert "MINE-1" in page.source, address
        assert "OTHER-1" not in page.source, address
        assert "FEW-1" not in page.source, address
        assert "In no enquiry yet" not in page.main.replace("In no enquiry yet Stage", ""), address
    await colleague.opens("/team/search")
    page = await colleague.sends("/team/search", typed="SISTER front")
    assert "Said in 1 conversation" in page.main
    for reference in ("OTHER-1", "FEW-1"):
        await colleague.opens("/team/search")
        page = await colleague.sends("/team/search", typed=reference)
        assert "The enquiry with this reference" not in page.main
    for enquiry_id in (other, kept_to_few):
        there = await colleague.client.get(f"/team/enquiries/{enquiry_id}")
        nowhere = await colleague.client.get(f"/team/enquiries/{'0' * 32}")
        assert (there.status_code, there.content) == (404, nowhere.content)


async def test_words_are_found_whatever_the_case_and_the_accents(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id, reference="SA/2026/17")
    told = held.holds(team_site.store, enquiry_id)
    await team_site.conversation(enquiry_id, says="I go to the CAFÉ with Zoë. On Sundays! Never alone.")
    colleague = signed_in(Role.MANAGER, team_id)
    await colleague.opens("/team/search")
    page = await colleague.sends("/team/search", typed="zoe cafe")
    assert page.quotations == ["I go to the CAFÉ with Zoë.…"]
    assert page.boxes["typed"] == "zoe cafe"
    page = await colleague.sends("/team/search", typed="left alone")
    assert page.quotations == [], "what was taken back is not found"
    page = await colleague.sends("/team/search", typed="sa/2026/17")
    assert "The enquiry with this reference" in page.main
    page = await colleague.sends("/team/search", typed="x")
    assert page.problems == ["Type at least two letters."]
    page = await colleague.sends("/team/search", typed="MONEY")
    assert page.quotations == [held.TOOK]
    assert told.first.conversation_id in page.source
    with team_site.store.reading() as seen:
        searched = seen.audit.search(acts=[AuditAct.SEARCHED])
    assert sum(one.conversation_id is None for one in searched) == 5
    assert {one.about for one in searched} == {""}


async def test_a_restricted_enquiry_takes_a_proof_and_two_managers_to_lift(
    team_site: TeamSite, signed_in: SignsIn
) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    here = f"/team/enquiries/{enquiry_id}"
    one = signed_in(Role.MANAGER, team_id, name="Mina", email="mina@c.example")
    two = signed_in(Role.MANAGER, team_id, name="Noor", email="noor@c.example")
    await opens(one, here)
    await one.opens(here + "/people")
    await one.sends(here + "/people", do="restrict")
    assert "Restricted" in one.page.main
    team_site.passes(minutes=10)
    await two.opens(here)
    assert "Restricted" in two.page.main
    await two.sends(here + "/open")
    assert two.page.heading == "Prove that it is you"
    await one.opens(here + "/people")
    await one.sends(here + "/people", do="ask_to_lift")
    assert "Another manager has to agree" in one.page.main
    assert here + "/lift" not in one.page.forms()
    with team_site.store.begin() as kept:
        kept.sessions.proven(_session(two), team_site.now)
    await opens(two, here)
    team_site.passes(minutes=6)
    await two.opens(here + "/people")
    await two.sends(here + "/lift")
    assert two.page.heading == "Prove that it is you"
    with team_site.store.begin() as kept:
        kept.sessions.proven(_session(two), team_site.now)
    await two.opens(here + "/people")
    await two.sends(here + "/lift")
    assert "Everybody in the team can open it" in two.page.main


def _session(colleague: Colleague) -> str:
    secret = colleague.client.cookies.get("team")
    assert secret is not None
    return signing_in.hash_of(secret)


async def test_an_enquiry_is_allocated_and_handed_over(team_site: TeamSite, signed_in: SignsIn) -> None:
    north, south = team_site.team("North"), team_site.team("South")
    enquiry_id = team_site.enquiry(north)
    here = f"/team/enquiries/{enquiry_id}"
    practitioner = team_site.account(Role.PRACTITIONER, north, name="Piotr Nowak")
    team_site.account(Role.PRACTITIONER, south, name="Sara South")
    advocate = team_site.account(Role.ADVOCATE, name="Ada Advocate")
    team_site.account(Role.AUDITOR, name="Olu Auditor")
    colleague = signed_in(Role.MANAGER, north)
    await opens(colleague, here)
    page = await colleague.opens(here + "/people")
    assert "Piotr Nowak (practitioner)" in page.main
    assert "Ada Advocate (advocate)" in page.main
    assert "Sara South" not in page.main
    assert "Olu Auditor" not in page.main
    await colleague.sends(here + "/people", do="allocate", account=practitioner, team=None)
    await colleague.sends(here + "/people", do="allocate", account=advocate, team=None)
    with team_site.store.reading() as seen:
        assert seen.allocations.access(enquiry_id).allocated == {practitioner, advocate}
    await colleague.sends(here + "/people", do="unallocate", account=practitioner, team=None)
    with team_site.store.reading() as seen:
        access = seen.allocations.access(enquiry_id)
    assert (access.allocated, access.ever_allocated) == ({advocate}, {practitioner, advocate})
    page = await colleague.sends(here + "/people", do="team", team=south, account=None)
    assert page.heading == "Enquiries"
    assert (await colleague.client.get(here)).status_code == 404


async def test_a_walk_in_is_joined_to_an_enquiry(team_site: TeamSite, signed_in: SignsIn) -> None:
    duty, other = team_site.team("Duty"), team_site.team("Other")
    conversation_id = await team_site.conversation()
    team_site.enquiry(duty, reference="SA/2026/17")
    team_site.enquiry(other, reference="OTHER")
    colleague = signed_in(Role.PRACTITIONER, duty)
    page = await colleague.opens("/team/work")
    assert "In no enquiry yet" in page.main
    here = f"/team/conversations/{conversation_id}"
    await colleague.sends(here + "/open")
    assert "Join it to an enquiry" in colleague.page.main
    await colleague.opens(here + "/join")
    for wrong in ("nothing", "OTHER", ""):
        await colleague.sends(here + "/join", reference=wrong)
        assert colleague.page.problems == [
            "There is no enquiry with this reference that you can see. Look at how it is written."
        ]
    await colleague.sends(here + "/join", reference="sa/2026/17")
    assert colleague.page.told == "It belongs to this enquiry now."
    stranger = signed_in(Role.PRACTITIONER, other)
    assert (await stranger.client.get(here)).status_code == 404


async def test_closing_and_opening_again_is_a_managers(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id = team_site.team()
    enquiry_id = team_site.enquiry(team_id)
    here = f"/team/enquiries/{enquiry_id}"
    colleague = signed_in(Role.MANAGER, team_id)
    await colleague.opens(here)
    await colleague.sends(here + "/open")
    await colleague.sends(here + "/close")
    assert "Closed" in colleague.page.main
    await colleague.sends(here + "/reopen")
    assert colleague.page.told == "The enquiry is open again."
    practitioner = signed_in(Role.PRACTITIONER, team_id)
    await practitioner.opens(here)
    await practitioner.sends(here + "/open")
    assert here + "/close" not in practitioner.page.forms()


async def test_a_manager_sees_who_read_what_and_no_words(team_site: TeamSite, signed_in: SignsIn) -> None:
    team_id, other = team_site.team("North"), team_site.team("South")
    enquiry_id = team_site.enquiry(team_id, reference="SA/2026/17")
    conversation_id = await team_site.conversation(enquiry_id)
    reader = signed_in(Role.PRACTITIONER, team_id, name="Piotr Nowak", email="piotr@c.example")
    await reader.opens(f"/team/conversations/{conversation_id}")
    await reader.sends(f"/team/conversations/{conversation_id}/open")
    assert (await reader.client.get(f"/team/enquiries/{enquiry_id}/readers")).status_code == 404
    assert (await reader.client.get("/team/audit")).status_code == 404
    manager = signed_in(Role.MANAGER, team_id, name="Mina", email="mina@c.example")
    page = await manager.opens(f"/team/enquiries/{enquiry_id}/readers")
    assert "Piotr Nowak" in page.main
    assert "Read a conversation" in page.main
    page = await manager.opens(f"/team/audit?who={reader.account_id}&act=read_conversation")
    assert page.main.count("Piotr Nowak") == 2
    assert "SA/2026/17" in page.main
    day = (team_site.now + timedelta(days=1)).date().isoformat()
    assert "There is nothing here." in (await manager.opens(f"/team/audit?since={day}")).main
    stranger = signed_in(Role.MANAGER, other, name="Sam", email="sam@c.example")
    page = await stranger.opens("/team/audit")
    assert "Piotr Nowak" not in page.main
    assert "SA/2026/17" not in page.main
    auditor = signed_in(Role.AUDITOR, name="Olu", email="olu@c.example")
    page = await auditor.opens("/team/audit")
    assert "Piotr Nowak" in page.main
    assert "Was refused a page" in page.main


async def test_an_auditor_reads_everything_and_writes_nothing(team_site: TeamSite, signed_in: SignsIn) -> None:
    enquiry_id = team_site.enquiry(team_site.team())
    told = held.holds(team_site.store, enquiry_id)
    auditor = signed_in(Role.AUDITOR)
    await auditor.opens(f"/team/enquiries/{enquiry_id}")
    await auditor.sends(f"/team/enquiries/{enquiry_id}/open")
    assert held.KEY in auditor.page.quotations
    allowed = ("/open", "/sign-out", "/beside")
    assert all(action.endswith(allowed) for action in auditor.page.forms())
    await auditor.opens(f"/team/conversations/{told.first.conversation_id}")
    await auditor.sends(f"/team/conversations/{told.first.conversation_id}/open")
    assert all(action.endswith(allowed) for action in auditor.page.forms())
    assert not any("/note" in link or "/flag" in link for link in auditor.page.links)


async def test_who_searches_again_and_again_waits_and_nobody_else_does(team_site: TeamSite, signed_in: SignsIn) -> None:
    waits: list[float] = []

    async def no_waiting(seconds: float) -> None:
        waits.append(seconds)

    team_site.door.turnstile.sleep = no_waiting
    team = team_site.team()
    busy, another = signed_in(Role.PRACTITIONER, team), signed_in(Role.PRACTITIONER, team)
    for _ in range(SEARCHES.free.amount + 2):
        await busy.opens("/team/search")
        assert (await busy.sends("/team/search", typed="sister")).status == 200
    assert waits == [1, 2]
    await another.opens("/team/search")
    assert (await another.sends("/team/search", typed="sister")).status == 200
    assert waits == [1, 2]
