"""Several boxes as one: which one a conversation goes to, and what happens when one is gone, slow, or back."""

import asyncio
import secrets
import socket
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from bot.boxes import Boxes, in_order
from bot.dialogue import DialogueUnavailable, beginning, free_port
from tests.test_dialogue import CONVERSATION, PATH, SECRET, SmallBox, box

__all__ = ["box"]

APP = "http://10.1.1.3:8001"
ADDRESSES = [f"http://10.1.1.{number}:5005" for number in (5, 6, 7)]
CONVERSATIONS = [secrets.token_hex(16) for _ in range(3_000)]


@pytest.fixture
async def boxes(box: SmallBox) -> AsyncIterator[Boxes]:
    """Two boxes: one that is there, and one that is gone, though nobody has noticed yet."""
    made = Boxes([box.address, f"http://127.0.0.1:{free_port()}"], SECRET, APP)
    for client in made.clients.values():
        client.trust_again()
    yield made
    await made.stop()


def one_that_goes_to(address: str, addresses: list[str]) -> str:
    """A conversation whose first box is this one."""
    return next(one for one in CONVERSATIONS if in_order(one, addresses)[0] == address)


def test_each_box_has_its_share_of_the_conversations() -> None:
    shares = Counter(in_order(one, ADDRESSES)[0] for one in CONVERSATIONS)
    assert all(800 < shares[address] < 1_200 for address in ADDRESSES)


def test_every_app_sends_a_conversation_to_the_same_box_however_it_lists_them() -> None:
    backwards = ADDRESSES[::-1]
    assert all(in_order(one, ADDRESSES) == in_order(one, backwards) for one in CONVERSATIONS)


def test_when_a_box_goes_no_conversation_moves_but_its_own() -> None:
    left = ADDRESSES[:2]
    for one in CONVERSATIONS:
        before = in_order(one, ADDRESSES)[0]
        assert before not in left or in_order(one, left)[0] == before


async def test_a_box_that_is_gone_is_passed_over_at_once_and_not_asked_again(boxes: Boxes, box: SmallBox) -> None:
    gone = next(address for address in boxes.clients if address != box.address)
    conversation_id = one_that_goes_to(gone, list(boxes.clients))

    heard = await boxes.ask(conversation_id, [beginning("first", "person")])

    assert heard.question == "matters"
    assert not boxes.clients[gone].is_ready
    assert boxes.is_ready


async def test_a_box_that_stops_in_the_middle_is_passed_over_too(box: SmallBox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:
        address = f"http://127.0.0.1:{rude.getsockname()[1]}"
        boxes = Boxes([box.address, address], SECRET, APP)
        for client in boxes.clients.values():
            client.trust_again()
        asking = asyncio.create_task(boxes.ask(one_that_goes_to(address, list(boxes.clients)), PATH[:1]))
        await asyncio.to_thread(_listen_and_leave, rude)
        assert (await asking).question == "matters"
        await boxes.stop()


def _listen_and_leave(rude: socket.socket) -> None:
    taken, _ = rude.accept()
    taken.recv(65536)
    taken.close()


async def test_a_box_that_says_no_is_not_gone_and_no_other_is_asked(boxes: Boxes, box: SmallBox) -> None:
    box.answers(503)
    conversation_id = one_that_goes_to(box.address, list(boxes.clients))

    with pytest.raises(DialogueUnavailable):
        await boxes.ask(conversation_id, PATH[:1])

    assert boxes.clients[box.address].is_ready
    assert len(box.turns) == 1


async def test_without_a_box_the_dialogue_is_away(boxes: Boxes) -> None:
    for client in boxes.clients.values():
        client.is_ready = False

    assert not boxes.is_ready
    with pytest.raises(DialogueUnavailable):
        await boxes.ask(CONVERSATION, PATH[:1])


async def test_every_box_is_told_to_forget(boxes: Boxes, box: SmallBox) -> None:
    await boxes.forget(CONVERSATION)
    assert box.forgotten == [CONVERSATION]


async def test_each_box_is_watched_and_ready_once_it_answered_a_canned_turn(box: SmallBox) -> None:
    boxes = Boxes([box.address], SECRET, APP)
    assert not boxes.is_ready
    await boxes.start()

    await asyncio.wait_for(boxes.ready.wait(), 30)

    assert boxes.is_ready
    assert await boxes.answers_a_canned_turn()
    assert box.heard.turns[0].choice == ("first", "person")
    await boxes.stop()


async def test_boxes_are_told_which_app_asks(boxes: Boxes, box: SmallBox) -> None:
    await boxes.clients[box.address].ask(CONVERSATION, PATH[:1])
    assert box.apps == [APP]
