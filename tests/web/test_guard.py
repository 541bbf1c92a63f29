"""What stands at the door."""

from collections.abc import AsyncIterator

import httpx
import pytest

from bot.web.guard import LARGEST_BODY, LET_PASS
from tests.web.conftest import Site
from tests.web.visiting import Page, Person, check_answer, check_page

ADDRESSES = ["/", "/private", "/conversation", "/conversation/words", "/conversation/words.txt", "/come-back", "/leave"]
ADDRESSES += ["/welcome/advocate", "/invited", "/easier", "/paper", "/paper/first/person"]
ADDRESSES += ["/licences", "/healthz", "/readyz", "/favicon.ico", "/nowhere", "/static/nowhere", "/left"]


@pytest.mark.parametrize("address", ADDRESSES)
async def test_every_answer_has_the_headers(person: Person, address: str) -> None:
    check_answer(await person.client.get(address))


async def test_a_file_that_pages_are_made_of_is_kept_for_good_and_sent_compressed(person: Person) -> None:
    page = await person.opens("/")
    links = [
        element.get("href") or element.get("src") for element in page.root.iter() if element.tag in {"link", "script"}
    ]
    addresses = [address for address in links if address]
    assert len(addresses) == 3
    for address in addresses:
        response = await person.client.get(address, headers={"accept-encoding": "gzip"})
        check_answer(response)
        assert response.headers["content-encoding"] == "gzip"


async def test_pages_are_never_compressed(person: Person) -> None:
    response = await person.client.get("/", headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in response.headers


async def test_a_page_with_all_it_asks_for_is_small(person: Person) -> None:
    page = await person.begins()
    files = [
        element.get("href") or element.get("src")
        for element in page.root.iter()
        if element.tag in {"link", "script", "img"}
    ]
    files += [
        page.root.get("data-frontend"),
        *[f"{page.root.find('.//script').get('src')}/../{n}.js" for n in ("leave", "smooth")],
    ]
    sizes = []
    for address in files:
        response = await person.client.send(
            person.client.build_request("GET", address or "", headers={"accept-encoding": "gzip"}), stream=True
        )
        assert response.status_code == 200
        sizes.append(sum([len(chunk) async for chunk in response.aiter_raw()]))
    two_weights_of_the_font = 2 * 17_600
    assert len(page.source.encode()) + sum(sizes) + two_weights_of_the_font < 120_000


async def test_a_body_that_is_too_large_is_not_read_to_its_end(site: Site) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 100_000
            yield b"words=" + b"x" * 100_000

    transport = httpx.ASGITransport(app=site.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://site.example") as client:
        headers = {"content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin"}
        response = await client.post("/conversation", content=endless(), headers=headers)
        check_answer(response)
        check_page(Page(response))
        assert response.status_code == 413
        assert sent <= LARGEST_BODY + LET_PASS + 200_000
        headers["content-length"] = str(LARGEST_BODY + 1)
        sent = 0
        response = await client.post("/conversation", content=endless(), headers=headers)
        assert response.status_code == 413
        assert sent <= LET_PASS + 200_000
        assert response.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "same-origin"}, 303),
        ({"sec-fetch-site": "none"}, 303),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"sec-fetch-site": "cross-site", "origin": "http://site.example"}, 403),
        ({"origin": "http://site.example"}, 303),
        ({"origin": "null"}, 303),
        ({"origin": "https://other.example"}, 403),
        ({"origin": "http://site.example.other.example"}, 403),
        ({}, 303),
    ],
)
async def test_a_form_of_somebody_elses_page_is_turned_away(
    person: Person, headers: dict[str, str], status: int
) -> None:
    headers["content-type"] = "application/x-www-form-urlencoded"
    response = await person.client.post("/", content=b"minutes=30", headers=headers)
    check_answer(response)
    assert response.status_code == status
    if status == 403:
        check_page(Page(response))
        assert "set-cookie" not in response.headers


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b'{"words": "hello"}', "application/json"),
        (b"words=hello", "text/plain"),
        (
            b'--x\r\nContent-Disposition: form-data; name="words"\r\n\r\nhello\r\n--x--',
            "multipart/form-data; boundary=x",
        ),
        (b"words=%ff", "application/x-www-form-urlencoded"),
        (b"words=%ed%a0%80", "application/x-www-form-urlencoded"),
        (b"x=1&" * 201, "application/x-www-form-urlencoded"),
    ],
)
async def test_what_no_browser_makes_of_our_pages_is_refused(person: Person, body: bytes, content_type: str) -> None:
    response = await person.post("/conversation", body, **{"content-type": content_type})
    check_answer(response)
    check_page(Page(response))
    assert response.status_code == 400
