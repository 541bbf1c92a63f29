"""A conversation that is forgotten while somebody has it open: nothing fails, and nothing of it is shown."""

from bot.store import Rule
from bot.store.verifying import verify
from tests.web.conftest import Site
from tests.web.visiting import Person


async def test_whoever_has_it_open_finds_the_page_closed(person: Person, site: Site) -> None:
    await person.begins()
    page = await person.says("I feel tired of Quillfeather")
    assert page.heading != "This page is closed"
    with site.room.store.begin() as kept:
        (one,) = kept.conversations.listed()
        kept.forgetting.conversation(one.conversation_id, Rule.ASKED, site.now)
    assert site.room.store.scrub()
    page = await person.says("And of the stairs")
    assert page.heading == "This page is closed"
    assert "Quillfeather" not in page.source
    assert (await person.opens("/conversation/words")).heading == "This page is closed"
    assert verify(site.room.store) == []
    with site.room.store.reading() as seen:
        assert seen.conversations.listed() == ()


async def test_the_first_page_says_when_what_nobody_finishes_may_be_deleted(person: Person) -> None:
    page = await person.opens("/")
    assert "do not come back within 30 days, your words may be deleted" in page.says
