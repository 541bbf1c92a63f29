"""Guidance on pages: what is new, reading, confirming, and who has and has not; and Markdown that can do nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bot.guiding import id_of
from bot.roles import Role
from bot.settings import ROOT, Settings
from bot.web.team.markdown import as_html
from tests.team.colleague import Colleague
from tests.team.conftest import TeamSite

SAFE = "# Getting in touch safely\n\nLook first at what the person said.\n"
DOCUMENT = f"/team/guidance/{id_of('safe.md')}"

SignIn = Callable[..., Colleague]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "guidance"
    folder.mkdir()
    (folder / "safe.md").write_text(SAFE, encoding="utf-8")
    return folder


@pytest.fixture
def settings(settings: Settings, folder: Path) -> Settings:
    return replace(settings, guidance=folder)


async def test_somebody_reads_a_document_and_confirms_it(team_site: TeamSite, signed_in: SignIn) -> None:
    jo = signed_in(Role.PRACTITIONER, team_site.team())

    page = await jo.opens("/team/guidance")
    assert "Please read" in page.main
    assert "New" in page.main
    page = await jo.opens(DOCUMENT)
    assert page.heading == "Getting in touch safely"
    assert "Look first at what the person said." in page.main

    page = await jo.sends(DOCUMENT)

    assert page.address == "/team/guidance"
    assert page.told == "It is kept that you have read this."
    assert "You have read everything." in page.main
    page = await jo.opens(DOCUMENT)
    assert "You confirmed on" in page.main
    assert DOCUMENT not in page.forms()


async def test_the_first_page_tells_what_is_new_to_read(team_site: TeamSite, signed_in: SignIn) -> None:
    jo = signed_in(Role.PRACTITIONER, team_site.team())
    page = await jo.opens("/team/work")
    assert "New to read" in page.main
    assert DOCUMENT in page.links

    await jo.opens(DOCUMENT)
    await jo.sends(DOCUMENT)

    assert "New to read" not in (await jo.opens("/team/work")).main


async def test_an_administrator_is_told_too(signed_in: SignIn) -> None:
    administrator = signed_in(Role.ADMINISTRATOR)

    assert "New to read" in (await administrator.opens("/team")).main


async def test_a_board_member_finds_the_guidance_beside_the_board_pack(signed_in: SignIn) -> None:
    board = signed_in(Role.BOARD_MEMBER)

    page = await board.opens("/team")
    assert page.heading == "What difference did we make?"
    assert "/team/guidance" in page.links
    assert (await board.opens("/team/guidance")).heading == "Guidance to read"


async def test_looking_at_a_document_confirms_nothing(team_site: TeamSite, signed_in: SignIn) -> None:
    jo = signed_in(Role.PRACTITIONER, team_site.team())
    for address in ("/team/guidance", DOCUMENT):
        await jo.opens(address)

    with team_site.store.reading() as seen:
        assert seen.council.confirmed() == ()


async def test_a_document_that_changed_meanwhile_is_shown_and_not_confirmed(
    team_site: TeamSite, signed_in: SignIn, folder: Path
) -> None:
    jo = signed_in(Role.PRACTITIONER, team_site.team())
    await jo.opens(DOCUMENT)
    (folder / "safe.md").write_text(SAFE + "\nNever leave a message.\n", encoding="utf-8")

    page = await jo.sends(DOCUMENT)

    assert page.status == 422
    assert "has changed since you opened it" in page.problems[0]
    assert "Never leave a message." in page.main
    with team_site.store.reading() as seen:
        assert seen.council.confirmed() == ()
    assert (await jo.sends(DOCUMENT)).told == "It is kept that you have read this."


async def test_a_changed_document_is_marked_and_comes_first(
    team_site: TeamSite, signed_in: SignIn, folder: Path
) -> None:
    (folder / "a.md").write_text("# Another one\n\nText.\n", encoding="utf-8")
    jo = signed_in(Role.PRACTITIONER, team_site.team())
    for name in ("safe.md", "a.md"):
        await jo.opens(f"/team/guidance/{id_of(name)}")
        await jo.sends(f"/team/guidance/{id_of(name)}")
    (folder / "safe.md").write_text(SAFE + "\nMore.\n", encoding="utf-8")

    page = await jo.opens("/team/guidance")

    assert page.main.index("Getting in touch safely") < page.main.index("Another one")
    assert "Changed since you read it on" in page.main


async def test_a_manager_sees_who_has_not_read_it_yet(team_site: TeamSite, signed_in: SignIn) -> None:
    team = team_site.team()
    jo = signed_in(Role.PRACTITIONER, team, name="Jo Bell")
    signed_in(Role.PRACTITIONER, team, name="Kim <b>Ali</b>")
    signed_in(Role.PRACTITIONER, team_site.team("South team"), name="Sam South")
    manager = signed_in(Role.MANAGER, team, name="Mo Khan")
    await jo.opens(DOCUMENT)
    await jo.sends(DOCUMENT)

    assert "1 of 3" in (await manager.opens("/team/guidance")).main
    page = await manager.opens(f"{DOCUMENT}/readers")

    assert "1 of 3 people of your teams" in page.main
    assert "Kim <b>Ali</b>" in page.main
    assert page.main.index("Not yet") < page.main.index("Kim") < page.main.index("Jo Bell")
    assert "Sam South" not in page.main


async def test_an_auditor_reads_sees_everybody_and_is_asked_for_nothing(team_site: TeamSite, signed_in: SignIn) -> None:
    signed_in(Role.PRACTITIONER, team_site.team(), name="Jo Bell")
    auditor = signed_in(Role.AUDITOR)

    page = await auditor.opens(DOCUMENT)
    assert DOCUMENT not in page.forms()
    page = await auditor.opens(f"{DOCUMENT}/readers")
    assert "0 of 1 people have confirmed" in page.main


async def test_an_administrator_is_told_which_files_nobody_is_shown(
    team_site: TeamSite, signed_in: SignIn, folder: Path
) -> None:
    (folder / "bytes.md").write_bytes(b"\xff\xfe")
    administrator = signed_in(Role.ADMINISTRATOR)
    jo = signed_in(Role.PRACTITIONER, team_site.team())

    page = await administrator.opens("/team/guidance")

    assert "bytes.md: It is not text in UTF-8." in page.main
    assert "OWNWORDS_GUIDANCE" in page.main
    assert "bytes.md" not in (await jo.opens("/team/guidance")).main


async def test_without_any_document_the_page_says_so(team_site: TeamSite, signed_in: SignIn, folder: Path) -> None:
    (folder / "safe.md").unlink()
    jo = signed_in(Role.PRACTITIONER, team_site.team())

    assert "There is no guidance here yet." in (await jo.opens("/team/guidance")).main


@pytest.mark.parametrize("path", [f"/team/guidance/{'0' * 32}", f"/team/guidance/{'0' * 32}/readers"])
async def test_a_document_that_is_not_there_looks_like_any_page_that_is_not(
    team_site: TeamSite, signed_in: SignIn, path: str
) -> None:
    manager = signed_in(Role.MANAGER, team_site.team())

    missing = await manager.client.get(path)
    nowhere = await manager.client.get("/team/nowhere")

    assert missing.status_code == nowhere.status_code == 404
    assert missing.content == nowhere.content


async def test_the_documents_that_come_along_are_shown_whole(team_site: TeamSite, signed_in: SignIn) -> None:
    for path in sorted((ROOT / "docs" / "guidance").glob("*.md")):
        made = as_html(path.read_text(encoding="utf-8"))
        assert "<h2" in made
        assert "<img" not in made


# --- Markdown that can do nothing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written",
    [
        "<script>alert(1)</script>",
        "text <img src=x onerror=alert(1)>",
        "<style>body{display:none}</style>",
        '<a href="javascript:alert(1)">x</a>',
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "![x](https://elsewhere.example/seen.png)",
        "![x](/team/sign-out)",
        "[x](/team/sign-out)",
        "[x](//elsewhere.example/a)",
        "[x]( javascript&colon;alert(1))",
        "<javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
        "| a |\n|:-:|\n| <b onclick=x>y</b> |",
        "```<script>\nx\n```",
        "<iframe src=https://elsewhere.example></iframe>",
        "<form action=/team/sign-out method=post><button>x</button></form>",
    ],
)
def test_nothing_in_a_document_runs_loads_or_leads_where_it_should_not(written: str) -> None:
    made = as_html(written)

    tags = {part.split(">")[0].split()[0].strip("/") for part in made.split("<")[1:]}
    assert tags <= {"p", "pre", "code", "div", "table", "thead", "tbody", "tr", "th", "td"}, made


def test_a_link_says_which_site_it_opens() -> None:
    made = as_html("See [the council](https://www.council.example/a?b=c).")

    assert '<a href="https://www.council.example/a?b=c"' in made
    assert 'rel="noopener noreferrer nofollow"' in made
    assert "the council</a> (opens www.council.example)." in made


def test_documents_lead_to_each_other_and_to_nothing_else_here() -> None:
    made = as_html("[one](safe.md) [two](./safe.md#part) [no](other.md)", (("safe.md", "/team/guidance/1"),))

    assert made.count('href="/team/guidance/1"') == 2
    assert made.count("<a ") == 2
    assert "no" in made


def test_a_picture_is_told_in_its_words() -> None:
    assert "[Picture: two people]" in as_html("![two people](people.png)")


@pytest.mark.parametrize(
    ("written", "levels"),
    [
        ("## One\n### Two\n## Three", ["h2", "h3", "h2"]),
        ("# One\n# Two", ["h2", "h2"]),
        ("# One\n#### Deep\n###### Deeper", ["h2", "h3", "h4"]),
        ("### One\n# Two", ["h2", "h2"]),
        ("One\n===\n\nTwo\n---", ["h2", "h3"]),
    ],
)
def test_headings_begin_below_that_of_the_page_and_leave_no_level_out(written: str, levels: list[str]) -> None:
    made = as_html(written)

    assert [part[:2] for part in made.split("<")[1:] if part[0] == "h"] == levels
    assert made.count("</h") == len(levels)
