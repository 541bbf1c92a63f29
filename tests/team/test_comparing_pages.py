"""Figures of elsewhere on pages: given as a file, looked at, put in place, shown in the pack, and taken away again."""

import csv
import io
import json
from collections.abc import Callable
from urllib.parse import urlencode

import httpx
import pytest
from starlette.formparsers import MultiPartParser

from bot.figures import MEASURES
from bot.publishing.comparing import LARGEST
from bot.roles import Role
from bot.store import AuditAct
from bot.web.guard import LARGEST_BODY
from tests.team.colleague import Colleague, TeamPage, check_answer, check_page
from tests.team.conftest import TeamSite
from tests.team.test_figures_pages import YEAR, closed

SignIn = Callable[..., Colleague]

PAGE = "/team/figures-of-elsewhere"
HEAD = b"PLACE,YEAR,SOURCE,MEASURE,CELL,PERCENT\r\n"
MADE_UP = HEAD + b"".join(
    b"England,2024-25,A made-up table,%b\r\n" % row
    for row in (b"achieved,fully,66", b"achieved,partly,27", b"achieved,not,7", b"safer,yes_a_lot,41")
)
TOLD = "England, 2024-25: 66% Fully Achieved, 27% Partially Achieved, 7% Not Achieved (A made-up table)"
BOUNDARY = "----WebKitFormBoundaryQ3v7"


def in_parts(fields: dict[str, str], file: bytes | None, name: str = "figures.csv") -> bytes:
    """Write a form as a browser does where a file can be chosen; None: none was."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'.encode()
        for field, value in fields.items()
    ]
    name = "" if file is None else name
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    parts += [head.encode(), b"Content-Type: text/csv\r\n\r\n", file or b"", b"\r\n", f"--{BOUNDARY}--\r\n".encode()]
    return b"".join(parts)


async def sends(colleague: Colleague, file: bytes | None, /, content_type: str = "", **fields: str) -> httpx.Response:
    """Choose a file on the page, and send it."""
    await colleague.opens(PAGE)
    given = {name: values[0] for name, values in colleague.page.forms()[PAGE].items() if name != "file"}
    kind = content_type or f"multipart/form-data; boundary={BOUNDARY}"
    return await colleague.post(PAGE, in_parts({**given, **fields}, file), **{"content-type": kind})


async def chooses(colleague: Colleague, file: bytes | None) -> TeamPage:
    response = await sends(colleague, file)
    check_answer(response)
    colleague.page = TeamPage(response)
    check_page(colleague.page)
    return colleague.page


async def gives(colleague: Colleague, file: bytes = MADE_UP) -> TeamPage:
    """Give figures, look at them, and put them in place."""
    await chooses(colleague, file)
    return await colleague.sends(f"{PAGE}/put")


def mark(page: TeamPage) -> str:
    """What every form of a page carries."""
    return next(iter(page.forms().values()))["form"][0]


def kept(site: TeamSite) -> dict[str, str]:
    with site.store.reading() as seen:
        return {name: value for name, value in seen.council.now().items() if name.startswith("elsewhere.")}


# --- giving them ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", [Role.MANAGER, Role.AUDITOR])
async def test_figures_are_looked_at_first_and_then_put_in_place(
    team_site: TeamSite, signed_in: SignIn, role: Role
) -> None:
    colleague = signed_in(role, team_site.team())
    page = await colleague.opens("/team/figures")
    assert PAGE in page.links
    assert "There are none in place" in (await colleague.opens(PAGE)).main
    page = await chooses(colleague, MADE_UP)
    assert page.heading == "Is this what you meant?"
    assert "4 figures of 2 measures. Nothing is in place yet." in page.main
    for told in ("England, 2024-25", "A made-up table", "Fully Achieved", "66%", "41%"):
        assert told in page.main
    assert kept(team_site) == {}
    page = await colleague.sends(f"{PAGE}/put")
    assert "It is in place." in page.main
    assert "4 figures of 2 measures" in page.main
    assert ", by Asha Rahman" in page.main
    assert list(kept(team_site)) == ["elsewhere.2024-25"]


async def test_others_of_the_same_year_take_their_place_and_those_of_another_year_stand_beside(
    team_site: TeamSite, signed_in: SignIn
) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    await gives(morgan)
    await gives(morgan, MADE_UP.replace(b"2024-25", b"2023-24"))
    page = await chooses(morgan, MADE_UP.replace(b"England", b"The South West"))
    assert "It takes the place of England, 2024-25, 4 figures of 2 measures, given by Asha Rahman" in page.main
    page = await morgan.sends(f"{PAGE}/put")
    assert "The South West, 2024-25" in page.main
    assert "England, 2024-25" not in page.main
    assert page.main.index("The South West, 2024-25") < page.main.index("England, 2023-24")
    with team_site.store.reading() as seen:
        history = seen.council.history("elsewhere.2024-25")
    assert ["England" in one.value for one in history] == [True, False]


async def test_they_are_taken_away_again_and_all_of_it_is_in_the_audit(team_site: TeamSite, signed_in: SignIn) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    await gives(morgan)
    page = await morgan.sends(f"{PAGE}/take-away")
    assert "They are taken away." in page.main
    assert "There are none in place" in page.main
    response = await morgan.post(f"{PAGE}/take-away", urlencode({"form": mark(page)}).encode())
    assert response.status_code == 303
    with team_site.store.reading() as seen:
        changed = seen.audit.search(acts={AuditAct.CHANGED})
    assert [(one.account_id, one.about) for one in changed] == [
        (morgan.account_id, "elsewhere.taken_away.2024-25"),
        (morgan.account_id, "elsewhere.given.2024-25"),
    ]
    page = await signed_in(Role.AUDITOR).opens("/team/audit")
    assert "Gave figures of elsewhere to compare with" in page.main
    assert "Took figures of elsewhere away" in page.main
    assert "2024-25" in page.main


async def test_the_file_to_fill_in_is_filled_in_and_given(team_site: TeamSite, signed_in: SignIn) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    response = await morgan.client.get(f"{PAGE}/empty.csv")
    assert response.headers["content-disposition"] == 'attachment; filename="figures-of-elsewhere.csv"'
    rows = list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"), newline="")))
    for row in rows:
        row |= {"PLACE": "England", "YEAR": "2024-25", "SOURCE": "A made-up table"}
    next(row for row in rows if row["MEASURE"] == MEASURES["supported"].heading)["PERCENT"] = "88.5"
    filled = io.StringIO(newline="")
    writer = csv.DictWriter(filled, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    page = await chooses(morgan, filled.getvalue().encode("utf-8-sig"))
    assert "1 figure of 1 measure." in page.main
    assert "88.5%" in page.main


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (b"", "There is nothing in this file."),
        (MADE_UP.decode().encode("utf-16"), "Line 1: the file is in UTF-16. Save it as “CSV UTF-8"),
        (
            MADE_UP.replace(b"A made", "Ä made".encode("latin-1")),
            "Line 2, column SOURCE: a letter here is not in UTF-8",
        ),
        (MADE_UP.replace(b"partly,27", b"partly"), "Line 3: there are 5 columns here"),
        (MADE_UP.replace(b"not,7", b"not,77"), "Line 4, column PERCENT: the percentages of this measure come to 170"),
        (b"PK\x03\x04" + b"\0" * 90, "This is a workbook, or another file that is no CSV."),
        (MADE_UP + b" " * LARGEST, "The file is too large for a table of percentages: it may have 500 kB."),
        (None, "Choose the file first."),
    ],
)
async def test_a_file_that_is_wrong_is_said_kindly_and_nothing_is_put_in_place(
    team_site: TeamSite, signed_in: SignIn, file: bytes | None, said: str
) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    await gives(morgan)
    before = kept(team_site)
    response = await sends(morgan, file)
    check_answer(response)
    assert response.status_code == 422
    page = TeamPage(response)
    check_page(page)
    assert said in page.main
    assert "#file" in page.links
    assert kept(team_site) == before


async def test_a_file_that_is_far_too_large_is_never_read(team_site: TeamSite, signed_in: SignIn) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    response = await sends(morgan, b"x" * (LARGEST_BODY + 1))
    check_answer(response)
    assert response.status_code == 413
    page = TeamPage(response)
    assert page.heading == "This file is too large"
    assert "Nothing was done with it." in page.main
    assert kept(team_site) == {}


async def test_what_was_put_in_place_is_read_once_more(team_site: TeamSite, signed_in: SignIn) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    await chooses(morgan, MADE_UP)
    page = await morgan.sends(f"{PAGE}/put", figures=MADE_UP.decode().replace("66", "666"))
    assert "Line 2, column PERCENT" in page.main
    assert kept(team_site) == {}


# --- a form in parts --------------------------------------------------------------------------------------------------


async def test_a_file_is_never_put_on_the_disk_before_it_is_looked_at() -> None:
    assert MultiPartParser.spool_max_size > LARGEST_BODY


async def test_a_file_from_another_page_another_site_or_an_old_session_does_nothing(
    team_site: TeamSite, signed_in: SignIn
) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    other = signed_in(Role.MANAGER, team_site.team("South team"))
    await other.opens(PAGE)
    for form in ("", mark(other.page)):
        response = await sends(morgan, MADE_UP, form=form)
        assert response.status_code == 403
        assert "Please send this again" in response.text
    await morgan.opens(PAGE)
    body = in_parts({"form": mark(morgan.page)}, MADE_UP)
    headers = {"content-type": f"multipart/form-data; boundary={BOUNDARY}", "sec-fetch-site": "cross-site"}
    assert (await morgan.client.post(PAGE, content=body, headers=headers)).status_code == 403
    assert kept(team_site) == {}


async def test_whoever_was_signed_out_meanwhile_chooses_the_file_again(team_site: TeamSite, signed_in: SignIn) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    await morgan.opens(PAGE)
    form = mark(morgan.page)
    team_site.passes(minutes=31)
    body = in_parts({"form": form, "once": "once"}, MADE_UP)
    response = await morgan.post(PAGE, body, **{"content-type": f"multipart/form-data; boundary={BOUNDARY}"})
    assert response.status_code == 422
    assert "You were signed out" in response.text
    assert "made-up table" not in response.text
    again = team_site.signs_in(morgan.account_id)
    await again.opens(PAGE)
    page = await again.sends(PAGE)
    assert "Choose the file first." in page.main


@pytest.mark.parametrize("role", [Role.BOARD_MEMBER, Role.PRACTITIONER, Role.ADVOCATE, Role.ADMINISTRATOR])
async def test_to_others_there_is_no_such_page(team_site: TeamSite, signed_in: SignIn, role: Role) -> None:
    colleague = signed_in(role, team_site.team())
    nothing = await colleague.client.get("/team/no/such/page")
    await colleague.opens("/team/account")
    body = in_parts({"form": mark(colleague.page)}, MADE_UP)
    kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    for response in (await colleague.client.get(PAGE), await colleague.post(PAGE, body, **kind)):
        assert (response.status_code, response.content) == (404, nothing.content)
    assert kept(team_site) == {}


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'x' * 71}",
        f"multipart/form-data; charset=utf-16; boundary={BOUNDARY}",
        f"multipart/form-data; boundary={BOUNDARY}; charset=undefined",
        f"multipart/mixed; boundary={BOUNDARY}",
        "text/csv",
        "",
    ],
)
async def test_what_no_browser_sends_is_refused(team_site: TeamSite, signed_in: SignIn, content_type: str) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    response = await sends(morgan, MADE_UP, content_type or "application/json")
    check_answer(response)
    assert response.status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--",
        b"\0" * 1000,
        f"--{BOUNDARY}\r\n".encode(),
        f"--{BOUNDARY}\r\nContent-Disposition: form-data\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nPLACE'.encode(),
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx--{BOUNDARY}--'.encode(),
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="form"\r\n\r\n'.encode() + b"\xff\xfe\r\n",
        b"".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{one}"\r\n\r\nx\r\n'.encode() for one in range(50)
        )
        + f"--{BOUNDARY}--\r\n".encode(),
        b"".join(
            f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n'.encode()
            for _ in range(3)
        )
        + f"--{BOUNDARY}--\r\n".encode(),
    ],
)
async def test_a_form_in_parts_that_is_damaged_is_refused_and_does_nothing(
    team_site: TeamSite, signed_in: SignIn, body: bytes
) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    response = await morgan.post(PAGE, body, **{"content-type": f"multipart/form-data; boundary={BOUNDARY}"})
    check_answer(response)
    assert response.status_code in {400, 403}
    assert kept(team_site) == {}


async def test_no_other_page_takes_a_form_in_parts(team_site: TeamSite, signed_in: SignIn) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    await gives(morgan)
    body = in_parts({"form": mark(morgan.page), "year": "2024-25"}, None)
    response = await morgan.post(
        f"{PAGE}/take-away", body, **{"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
    )
    assert response.status_code == 400
    assert list(kept(team_site).values()) != [""]


# --- in the pack ------------------------------------------------------------------------------------------------------


async def test_the_pack_shows_them_with_year_and_source(team_site: TeamSite, signed_in: SignIn) -> None:
    north = team_site.team("North team")
    closed(team_site, north, ("achieved", "fully", 61), ("achieved", "partly", 32), ("achieved", "not", 13))
    await gives(signed_in(Role.MANAGER, north))
    bo = signed_in(Role.BOARD_MEMBER)
    page = await bo.opens(f"/team/pack?period={YEAR}")
    assert TOLD in page.main
    assert TOLD in (await bo.opens(f"/team/pack/achieved?period={YEAR}")).main
    page = await bo.opens(f"/team/pack/safer?period={YEAR}")
    assert page.main.count("England, 2024-25: 41% Yes, a lot (A made-up table)") == 1
    assert "England" not in (await bo.opens(f"/team/pack/asked?period={YEAR}")).main


async def test_beside_a_year_stand_its_own_figures_or_the_last_before_it_and_none_that_came_later(
    team_site: TeamSite, signed_in: SignIn
) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    await gives(morgan)
    await gives(morgan, MADE_UP.replace(b"2024-25", b"2022-23"))
    for year, stands in (
        (2026, "England, 2024-25"),
        (2024, "England, 2024-25"),
        (2023, "England, 2022-23"),
        (2021, ""),
    ):
        page = await morgan.opens(f"/team/pack/achieved?period={year}")
        assert (stands in page.main) if stands else ("England" not in page.main), year


async def test_without_any_the_pack_says_nothing_of_elsewhere(team_site: TeamSite, signed_in: SignIn) -> None:
    morgan = signed_in(Role.MANAGER, team_site.team())
    await gives(morgan)
    await morgan.sends(f"{PAGE}/take-away")
    assert "England" not in (await morgan.opens(f"/team/pack/achieved?period={YEAR}")).main


@pytest.mark.parametrize("written", ["csv", "xlsx", "json"])
async def test_they_go_out_with_the_pack(team_site: TeamSite, signed_in: SignIn, written: str) -> None:
    north = team_site.team("North team")
    closed(team_site, north, ("achieved", "fully", 61), ("achieved", "not", 13))
    await gives(signed_in(Role.MANAGER, north))
    bo = signed_in(Role.BOARD_MEMBER)
    await bo.opens(f"/team/pack?period={YEAR}")
    content = (await bo.posts("/team/pack/take", period=str(YEAR), file=written)).content
    if written == "json":
        assert [one["percent"] for one in json.loads(content)["elsewhere"]] == [66, 27, 7, 41]
    elif written == "csv":
        assert content.decode("utf-8-sig").count("Source: A made-up table") == 4
    else:
        from python_calamine import CalamineWorkbook

        rows = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name("Of elsewhere").to_python()
        assert [row[-1] for row in rows[1:]] == [66, 27, 7, 41]
