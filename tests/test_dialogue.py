"""The client of the box: what it sends, and what becomes of everything that can come back."""

import asyncio
import hashlib
import json
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from bot import dialogue
from bot.dialogue import (
    APP_HEADER,
    FAILURES_BEFORE_PAUSE,
    SECRET_HEADER,
    Box,
    BoxClient,
    Delivery,
    DialogueBehind,
    DialogueBroken,
    DialogueMissing,
    DialogueUnavailable,
    Receipts,
    Utterance,
    beginning,
    box_environment,
    digest,
    free_port,
    model_path,
    project_digest,
    train,
)
from bot.lines import Lines
from box.deliveries import Deliveries, Intent, Place, read_conversation_id, read_deliveries

SECRET = "a secret of forty characters or about that"
CONVERSATION = "0123456789abcdef0123456789abcdef"
BEGIN = beginning("first", "person")
PATH = [BEGIN, Delivery(2, "choose", ("yes",)), Delivery(4, "words"), Delivery(6, "skip", ("later",))]


def asks_matters(**more: Any) -> dict[str, Any]:
    """What the box says when it asks what matters."""
    return {
        "heard": {"count": 1, "digest": "0" * 64},
        "utterances": [
            {
                "response": "utter_ask_matters",
                "wording": "What matters to you?",
                "choices": [],
                "custom": {"kind": "words", "why": "It is your life."},
            }
        ],
        "form": "matters_form",
        "question": "matters",
        "actions": [],
    } | more


@dataclass
class SmallBox:
    """A real server on a loopback port that says what it is told to say, and remembers what it heard."""

    says: Callable[["SmallBox"], tuple[int, bytes]] = lambda _: (200, json.dumps(asks_matters()).encode())
    turns: list[bytes] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    apps: list[str | None] = field(default_factory=list)
    address: str = ""
    goes_on: threading.Event = field(default_factory=threading.Event)

    def answers(self, status: int = 200, **more: Any) -> None:
        """From now on say this."""
        content = json.dumps(asks_matters(**more) if status == 200 else {"error": "x"}).encode()
        self.says = lambda _: (status, content)

    @property
    def heard(self) -> Deliveries:
        """The last request for a turn, as the real box reads it: it reads nothing that breaks the rules."""
        return read_deliveries(self.turns[-1])


class _Handler(BaseHTTPRequestHandler):
    box: SmallBox

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.box.secrets.append(self.headers[SECRET_HEADER])
        if self.path == "/webhooks/own_words/forget":
            self.box.forgotten.append(read_conversation_id(body))
            self._send(204, b"")
        elif self.path == "/webhooks/own_words/turns":
            self.box.turns.append(body)
            self.box.apps.append(self.headers[APP_HEADER])
            self._send(*self.box.says(self.box))
        else:
            self._send(404, b"")

    def do_GET(self) -> None:
        self.box.secrets.append(self.headers[SECRET_HEADER])
        self._send(200 if self.path == "/webhooks/own_words/ready" else 404, b"{}")

    def _send(self, status: int, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def box() -> Iterator[SmallBox]:
    made = SmallBox()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"box": made}))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    made.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield made
    made.goes_on.set()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def receipts() -> Receipts:
    return Receipts()


@pytest.fixture
async def client(box: SmallBox, receipts: Receipts) -> AsyncIterator[BoxClient]:
    made = BoxClient(box.address, SECRET, receipts)
    made.trust_again()
    yield made
    await made.close()


# --- what the box is told --------------------------------------------------------------------------------------------


async def test_only_the_last_of_a_path_is_told_and_where_it_belongs(client: BoxClient, box: SmallBox) -> None:
    await client.ask(CONVERSATION, PATH)
    heard = box.heard
    assert heard.conversation_id == CONVERSATION
    assert [(one.number, one.intent, one.choice) for one in heard.turns] == [(6, Intent.SKIP, ("later",))]
    assert heard.after == Place(3, digest(CONVERSATION, PATH[:3]))


async def test_a_path_of_one_begins_afresh(client: BoxClient, box: SmallBox) -> None:
    await client.ask(CONVERSATION, [BEGIN])
    heard = box.heard
    assert heard.after == Place.beginning(CONVERSATION)
    assert heard.turns[0].choice == ("first", "person")


def test_app_and_box_work_out_the_same_digest_for_every_beginning_of_a_path() -> None:
    place = Place.beginning(CONVERSATION)
    for count in range(len(PATH)):
        assert Place(count, digest(CONVERSATION, PATH[:count])) == place
        told = json.dumps(
            {
                "conversation_id": CONVERSATION,
                "after": {"count": count, "digest": place.digest},
                "turns": [PATH[count].as_json()],
            }
        )
        place = place.after(*read_deliveries(told.encode()).turns)


def test_the_digest_is_the_one_that_the_protocol_says() -> None:
    value = hashlib.sha256(CONVERSATION.encode()).hexdigest()
    assert digest(CONVERSATION, []) == value
    value = hashlib.sha256(f"{value}|0|begin|first,person".encode()).hexdigest()
    assert digest(CONVERSATION, PATH[:1]) == value
    value = hashlib.sha256(f"{value}|2|choose|yes".encode()).hexdigest()
    assert digest(CONVERSATION, PATH[:2]) == value


def test_two_paths_that_differ_in_anything_have_two_digests() -> None:
    others = [
        PATH[:3],
        [*PATH[:3], Delivery(7, "skip", ("later",))],
        [*PATH[:3], Delivery(6, "choose", ("later",))],
        [*PATH[:3], Delivery(6, "skip", ("do_not_know",))],
        [PATH[0], PATH[2], PATH[1], PATH[3]],
    ]
    digests = {digest(CONVERSATION, path) for path in (PATH, *others)}
    assert len(digests) == 6
    assert digest("f" * 32, PATH) not in digests


async def test_each_request_shows_the_secret(client: BoxClient, box: SmallBox) -> None:
    await client.ask(CONVERSATION, [BEGIN])
    await client.forget(CONVERSATION)
    await client.is_alive()
    assert box.secrets == [SECRET] * 3


# --- what the box says -----------------------------------------------------------------------------------------------


async def test_what_the_box_says_comes_with_all_that_rides_along(client: BoxClient, box: SmallBox) -> None:
    box.answers(
        utterances=[
            {"response": "utter_about_what_abuse_is", "wording": "It is …", "choices": [], "custom": {}},
            {
                "response": "utter_ask_know_more",
                "wording": "Anything else?",
                "choices": [{"id": "no_thank_you", "label": "No, thank you"}],
                "custom": {"kind": "choice"},
            },
        ],
        form="knowing_form",
        question="know_more",
    )
    heard = await client.ask(CONVERSATION, PATH)
    assert heard.form == "knowing_form"
    assert heard.question == "know_more"
    assert heard.utterances == (
        Utterance("utter_about_what_abuse_is", "It is …", {"choices": []}),
        Utterance(
            "utter_ask_know_more",
            "Anything else?",
            {"kind": "choice", "choices": [{"id": "no_thank_you", "label": "No, thank you"}]},
        ),
    )


async def test_a_box_that_heard_something_else_is_behind_and_is_trusted_all_the_same(
    client: BoxClient, box: SmallBox
) -> None:
    box.answers(409)
    for _ in range(FAILURES_BEFORE_PAUSE + 1):
        with pytest.raises(DialogueBehind):
            await client.ask(CONVERSATION, PATH)
    assert client.is_ready
    assert len(box.turns) == FAILURES_BEFORE_PAUSE + 1


@pytest.mark.parametrize("status", [201, 204, 400, 401, 404, 413, 422, 500, 502, 503, 504])
async def test_any_other_status_means_that_the_dialogue_is_away(client: BoxClient, box: SmallBox, status: int) -> None:
    box.answers(status)
    with pytest.raises(DialogueUnavailable):
        await client.ask(CONVERSATION, PATH)


GARBAGE: list[bytes] = [
    b"",
    b"hello",
    b"\xff\xfe",
    b"[]",
    b"null",
    b"17",
    b'"utterances"',
    b"{}",
    *(
        json.dumps(asks_matters(**broken)).encode()
        for broken in (
            {"actions": None},
            {"actions": [[]]},
            {"utterances": None},
            {"utterances": "utter_ask_matters"},
            {"utterances": [{"response": "utter_ask_matters"}]},
            {"utterances": [{"response": 17, "wording": "?", "choices": [], "custom": {}}]},
            {"utterances": [{"response": "utter_ask_matters", "wording": 17, "choices": [], "custom": {}}]},
            {"utterances": [{"response": "utter_ask_matters", "wording": "?", "choices": [], "custom": None}]},
        )
    ),
    json.dumps(asks_matters()).encode()[:-1],
]


@pytest.mark.parametrize("content", GARBAGE)
async def test_an_answer_that_cannot_be_read_means_that_the_dialogue_is_away(
    client: BoxClient, box: SmallBox, content: bytes
) -> None:
    box.says = lambda _: (200, content)
    with pytest.raises(DialogueUnavailable):
        await client.ask(CONVERSATION, PATH)
    assert isinstance(await client.answers_a_canned_turn(), bool)


async def test_a_box_that_thinks_for_too_long_is_away(
    box: SmallBox, receipts: Receipts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.dialogue.TURN_LIMIT", 0.1)
    client = BoxClient(box.address, SECRET, receipts)
    client.trust_again()

    def after_a_while(box: SmallBox) -> tuple[int, bytes]:
        box.goes_on.wait(20)
        return 200, json.dumps(asks_matters()).encode()

    box.says = after_a_while
    with pytest.raises(DialogueUnavailable):
        await client.ask(CONVERSATION, PATH)
    await client.close()


async def test_a_box_that_is_not_there_is_away_and_forgetting_there_is_no_trouble(receipts: Receipts) -> None:
    client = BoxClient(f"http://127.0.0.1:{free_port()}", SECRET, receipts)
    client.trust_again()
    with pytest.raises(DialogueUnavailable):
        await client.ask(CONVERSATION, PATH)
    await client.forget(CONVERSATION)
    assert not await client.is_alive()
    assert not await client.answers_a_canned_turn()
    await client.close()


async def test_a_box_that_hangs_up_in_the_middle_is_away(receipts: Receipts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as rude:

        def hang_up() -> None:
            rude.accept()[0].close()

        threading.Thread(target=hang_up).start()
        client = BoxClient(f"http://127.0.0.1:{rude.getsockname()[1]}", SECRET, receipts)
        client.trust_again()
        with pytest.raises(DialogueUnavailable):
            await client.ask(CONVERSATION, PATH)
        await client.close()


# --- actions that ran, and actions that did not ----------------------------------------------------------------------


async def test_an_action_that_the_box_names_and_that_ran_here_is_well(
    client: BoxClient, box: SmallBox, receipts: Receipts
) -> None:
    def runs_it(_: SmallBox) -> tuple[int, bytes]:
        receipts.note(CONVERSATION, "action_keep_feelings")
        return 200, json.dumps(asks_matters(actions=["action_keep_feelings"])).encode()

    box.says = runs_it
    assert (await client.ask(CONVERSATION, PATH)).question == "matters"
    assert box.forgotten == []


async def test_an_action_that_the_box_names_and_that_did_not_run_here_makes_it_begin_afresh(
    client: BoxClient, box: SmallBox
) -> None:
    box.answers(actions=["action_keep_feelings"])
    with pytest.raises(DialogueBehind):
        await client.ask(CONVERSATION, PATH)
    assert box.forgotten == [CONVERSATION]
    assert client.is_ready


async def test_an_action_that_was_needed_twice_has_to_run_twice(
    client: BoxClient, box: SmallBox, receipts: Receipts
) -> None:
    def runs_it_once(_: SmallBox) -> tuple[int, bytes]:
        receipts.note(CONVERSATION, "action_keep_outcome")
        return 200, json.dumps(asks_matters(actions=["action_keep_outcome", "action_keep_outcome"])).encode()

    box.says = runs_it_once
    with pytest.raises(DialogueBehind):
        await client.ask(CONVERSATION, PATH)


async def test_what_ran_for_another_conversation_or_for_an_earlier_question_does_not_count(
    client: BoxClient, box: SmallBox, receipts: Receipts
) -> None:
    receipts.note(CONVERSATION, "action_keep_feelings")

    def runs_it_for_another(_: SmallBox) -> tuple[int, bytes]:
        receipts.note("f" * 32, "action_keep_feelings")
        return 200, json.dumps(asks_matters(actions=["action_keep_feelings"])).encode()

    box.says = runs_it_for_another
    with pytest.raises(DialogueBehind):
        await client.ask(CONVERSATION, PATH)
    assert receipts.collect("f" * 32) == {"action_keep_feelings": 1}


async def test_a_failure_leaves_no_receipts_behind(client: BoxClient, box: SmallBox, receipts: Receipts) -> None:
    box.answers(502)
    with pytest.raises(DialogueUnavailable):
        await client.ask(CONVERSATION, PATH)
    assert receipts.collect(CONVERSATION) == {}


# --- failing again and again -----------------------------------------------------------------------------------------


async def test_a_box_that_was_never_ready_is_not_asked(box: SmallBox, receipts: Receipts) -> None:
    client = BoxClient(box.address, SECRET, receipts)
    with pytest.raises(DialogueUnavailable):
        await client.ask(CONVERSATION, [BEGIN])
    assert box.turns == []
    await client.close()


async def test_after_five_failures_it_is_left_alone_until_it_can_be_trusted_again(
    client: BoxClient, box: SmallBox
) -> None:
    box.answers(500)
    for _ in range(FAILURES_BEFORE_PAUSE + 3):
        with pytest.raises(DialogueUnavailable):
            await client.ask(CONVERSATION, PATH)
    assert len(box.turns) == FAILURES_BEFORE_PAUSE
    assert not client.is_ready
    box.answers()
    assert await client.answers_a_canned_turn()
    client.trust_again()
    assert (await client.ask(CONVERSATION, PATH)).question == "matters"


async def test_failures_with_an_answer_between_them_are_not_counted_together(client: BoxClient, box: SmallBox) -> None:
    for _ in range(FAILURES_BEFORE_PAUSE):
        box.answers(500)
        with pytest.raises(DialogueUnavailable):
            await client.ask(CONVERSATION, PATH)
        box.answers()
        await client.ask(CONVERSATION, PATH)
    assert client.is_ready


async def test_a_canned_turn_is_an_invented_conversation_that_is_forgotten_at_once(
    client: BoxClient, box: SmallBox
) -> None:
    assert await client.answers_a_canned_turn()
    canned = box.heard
    assert canned.after.count == 0
    assert box.forgotten == [canned.conversation_id]
    assert await client.answers_a_canned_turn()
    assert box.heard.conversation_id != canned.conversation_id


@pytest.mark.parametrize("status", [409, 500, 503])
async def test_a_canned_turn_without_a_question_is_no_sign_of_life(
    client: BoxClient, box: SmallBox, status: int
) -> None:
    box.answers(status)
    assert not await client.answers_a_canned_turn()
    box.answers(utterances=[])
    assert not await client.answers_a_canned_turn()


# --- training --------------------------------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The files of a small Rasa project."""
    folder = tmp_path / "project"
    (folder / "data").mkdir(parents=True)
    for name in ("config.yml", "domain.yml", "data/nlu.yml", "data/rules.yml"):
        (folder / name).write_text(f"# {name}\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("name", ["config.yml", "domain.yml", "data/nlu.yml", "data/rules.yml"])
def test_a_change_in_what_is_trained_asks_for_a_new_model(project: Path, name: str) -> None:
    before = project_digest(project)
    with (project / name).open("a", encoding="utf-8") as file:
        file.write(" ")
    assert project_digest(project) != before


def test_a_rules_file_that_is_added_or_renamed_asks_for_a_new_model(project: Path) -> None:
    before = project_digest(project)
    (project / "data" / "more.yml").write_text("", encoding="utf-8")
    added = project_digest(project)
    (project / "data" / "more.yml").rename(project / "data" / "other.yml")
    renamed = project_digest(project)
    (project / "data" / "later").mkdir()
    (project / "data" / "other.yml").rename(project / "data" / "later" / "other.yaml")
    assert len({before, added, renamed, project_digest(project)}) == 4


def test_nothing_else_asks_for_a_new_model(project: Path, tmp_path: Path) -> None:
    before = project_digest(project)
    for name in ("endpoints.yml", "credentials.yml", "README.md", "data/notes.txt", ".env"):
        (project / name).write_text("new", encoding="utf-8")
    (project / "domain.yml").touch()
    moved = tmp_path / "elsewhere"
    project.rename(moved)
    assert project_digest(moved) == before


def a_python(folder: Path, script: str) -> Path:
    """A program in the place of the box's Python; it is called as `python -W ignore -m rasa ...`."""
    program = folder / "python"
    program.write_text(f"#!{sys.executable}\nimport os, sys\narguments = sys.argv[5:]\n{script}", encoding="utf-8")
    program.chmod(0o755)
    return program


TRAINS = """
with open("calls.txt", "a") as calls:
    print(*arguments, file=calls)
if arguments[0] == "train":
    out, name = arguments[arguments.index("--out") + 1], arguments[arguments.index("--fixed-model-name") + 1]
    open(os.path.join(out, name + ".tar.gz"), "w").write("a model")
"""


def test_a_model_is_checked_and_trained_once_and_then_used_again(project: Path, tmp_path: Path) -> None:
    said: list[str] = []
    python = a_python(tmp_path, TRAINS)
    model = train(project, tmp_path / "data", python, said.append)
    assert model == model_path(project, tmp_path / "data")
    assert model.read_text(encoding="utf-8") == "a model"
    calls = (project / "calls.txt").read_text(encoding="utf-8").splitlines()
    assert [call.split()[0] for call in calls] == ["data", "train"]
    assert len(said) == 2
    assert train(project, tmp_path / "data", python, said.append) == model
    assert (project / "calls.txt").read_text(encoding="utf-8").splitlines() == calls
    assert len(said) == 2


def test_a_changed_interview_is_trained_anew_and_the_old_model_goes(project: Path, tmp_path: Path) -> None:
    python = a_python(tmp_path, TRAINS)
    old = train(project, tmp_path / "data", python, lambda _: None)
    (project / "domain.yml").write_text("another wording", encoding="utf-8")
    new = train(project, tmp_path / "data", python, lambda _: None)
    assert new != old
    assert list(new.parent.iterdir()) == [new]


def test_an_interview_that_rasa_refuses_is_refused_with_what_rasa_said(project: Path, tmp_path: Path) -> None:
    python = a_python(tmp_path, "print('The slot feelings is not in the domain.')\nsys.exit('Validation failed.')")
    with pytest.raises(DialogueBroken) as broken:
        train(project, tmp_path / "data", python, lambda _: None)
    assert "The slot feelings is not in the domain." in str(broken.value)
    assert "Validation failed." in str(broken.value)
    assert not model_path(project, tmp_path / "data").exists()


def test_a_training_that_fails_half_way_leaves_no_model(project: Path, tmp_path: Path) -> None:
    python = a_python(tmp_path, TRAINS + "    sys.exit('No space left.')")
    with pytest.raises(DialogueBroken, match=r"No space left\."):
        train(project, tmp_path / "data", python, lambda _: None)
    assert not model_path(project, tmp_path / "data").exists()
    mended = a_python(tmp_path, TRAINS)
    model = train(project, tmp_path / "data", mended, lambda _: None)
    assert list(model.parent.iterdir()) == [model]


def test_only_the_end_of_what_rasa_says_is_shown(project: Path, tmp_path: Path) -> None:
    python = a_python(tmp_path, "for line in range(500):\n    print('line', line)\n    print()\nsys.exit(2)")
    with pytest.raises(DialogueBroken) as broken:
        train(project, tmp_path / "data", python, lambda _: None)
    assert str(broken.value).splitlines() == [f"line {number}" for number in range(485, 500)]


@pytest.mark.parametrize("makes", ["nothing", "a folder", "a file that is no program"])
def test_without_the_box_s_python_it_is_said_how_to_get_it(project: Path, tmp_path: Path, makes: str) -> None:
    python = tmp_path / "python"
    if makes == "a folder":
        python.mkdir()
    elif makes == "a file that is no program":
        python.write_text("hello", encoding="utf-8")
    with pytest.raises(DialogueMissing, match="not installed"):
        train(project, tmp_path / "data", python, lambda _: None)
    model = model_path(project, tmp_path / "data")
    model.parent.mkdir(parents=True)
    model.touch()
    with pytest.raises(DialogueMissing, match="not installed"):
        train(project, tmp_path / "data", python, lambda _: None)


def test_the_box_gets_little_of_our_environment_and_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWNWORDS_ROOT_KEY", "/srv/keys/root.key")
    monkeypatch.setenv("OWNWORDS_DATABASE", "sqlite:////srv/words.sqlite3")
    monkeypatch.setenv("SOME_TOKEN", "hunter2")
    given = box_environment(tmp_path, {"OWNWORDS_BOX_SECRET": SECRET})
    assert given["OWNWORDS_BOX_SECRET"] == SECRET
    assert given["RASA_TELEMETRY_ENABLED"] == "false"
    assert {name for name in given if name.startswith("OWNWORDS_")} == {"OWNWORDS_BOX_SECRET", "OWNWORDS_ACTIONS_URL"}
    assert "hunter2" not in given.values()
    assert Path(given["HOME"]).is_relative_to(tmp_path)


# --- a box that is slow ----------------------------------------------------------------------------------------------

SLOW_BOX = f"""
import json, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        content = {json.dumps(json.dumps(asks_matters()))}.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

time.sleep(3)
HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("-p") + 1])), Handler).serve_forever()
"""


async def test_a_box_that_takes_longer_than_its_limit_is_given_longer_the_next_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dialogue, "READY_LIMIT", 1.0)
    monkeypatch.setattr(dialogue, "BACK_OFF", (0.0,))
    (tmp_path / "box").mkdir()
    (tmp_path / "box" / "leash.py").write_text(SLOW_BOX)
    for name in ("config.yml", "domain.yml"):
        (tmp_path / name).touch()
    slow = Box(
        project=tmp_path,
        data=tmp_path,
        python=Path(sys.executable),
        model=tmp_path / "model.tar.gz",
        port=free_port(),
        secret=SECRET,
        apps=["http://127.0.0.1:1"],
    )
    await slow.start()
    try:
        await asyncio.wait_for(slow.ready.wait(), 60)
        assert slow.starts > 1
    finally:
        await slow.stop()


async def test_a_box_that_waited_for_others_and_then_hangs_does_not_wait_for_them_any_more(
    box: SmallBox, client: BoxClient
) -> None:
    box.says = lambda _: (503, b'{"error": "locked"}')
    assert not await client.answers_a_canned_turn()
    assert client.is_locked_out

    client._lines = Lines(f"http://127.0.0.1:{free_port()}", {})
    assert not await client.answers_a_canned_turn()
    assert not client.is_locked_out
