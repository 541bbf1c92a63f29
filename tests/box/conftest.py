"""One real box for all the tests of this folder, and a new conversation for each test."""

import secrets
from collections.abc import Iterator

import pytest

from tests.boxes import FakeActions, RealBox, Talk, running, trained_model


@pytest.fixture(scope="session")
def shared_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealBox]:
    """The box; slow to start, so that all share it."""
    with running(tmp_path_factory.mktemp("box"), FakeActions(), trained_model()) as box:
        yield box


@pytest.fixture
def box(shared_box: RealBox) -> RealBox:
    """The box, with actions that work as usual."""
    shared_box.actions.answer = None
    shared_box.actions.cards = ()
    shared_box.actions.wanted = ()
    shared_box.actions.is_communication_known = False
    return shared_box


@pytest.fixture
def talk(box: RealBox) -> Talk:
    """A conversation that has not begun."""
    return Talk(box, secrets.token_hex(16))
