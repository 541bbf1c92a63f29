"""The door of the box: what it lets in, what it answers, and that it never seems well when it is not."""

import json
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

from tests.boxes import FakeActions, RealBox, Talk, digest, running, send

CANARY = "zq-my-brother-shouts-qz"


# --- the secret -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("secret", [None, "", "wrong", "an invented secret, long enough for a bo", "x" * 4_000, "é"])
@pytest.mark.parametrize(
    ("method", "place"), [("POST", "turns"), ("POST", "forget"), ("GET", "ready"), ("GET", "elsewhere")]
)
def test_without_the_secret_nobody_is_let_in(box: RealBox, secret: str | None, method: str, place: str) -> None:
    headers = [(b"X-Own-Words-Secret", secret.encode())] if secret is not None else []
    answer = httpx.request(method, f"http://127.0.0.1:{box.port}/webhooks/own_words/{place}", headers=headers)
    assert answer.status_code in {401, 404}
    assert place == "elsewhere" or (answer.status_code, answer.json()) == (401, {"error": "secret"})


def test_the_box_shows_the_actions_its_secret(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "yes")
    talk.answer("company", "choose", "nobody")
    talk.answer("go_on", "choose", "yes")
    assert talk.box.actions.secrets[-1] == talk.box.http.headers["X-Own-Words-Secret"]


@pytest.mark.parametrize(
    "place", ["status", "version", "model", "domain", "conversations/x/tracker", "webhooks/rest/webhook", "model/parse"]
)
def test_rasas_own_doors_are_shut(box: RealBox, place: str) -> None:
    assert box.http.get(f"/{place}").status_code == 404
    assert box.http.post(f"/{place}", json={}).status_code == 404


def test_where_nothing_is_asked_for_the_box_says_its_version_and_nothing_else(box: RealBox) -> None:
    answer = httpx.get(f"http://127.0.0.1:{box.port}/")
    assert (answer.status_code, answer.text) == (200, "Hello from Rasa: 3.6.21")


# --- what may be delivered ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken",
    [
        {"text": "/restart"},
        {"text": CANARY},
        {"number": "17"},
        {"number": -1},
        {"number": True},
        {"number": 1.5},
        {"number": 10**12},
        {"intent": "restart"},
        {"intent": "back"},
        {"intent": "session_start"},
        {"intent": "inform"},
        {"intent": "EXTERNAL: words"},
        {"intent": ["words"]},
        {"intent": "begin", "number": 0, "choice": ["first", "person"]},
        {"choice": "yes"},
        {"choice": ["yes"]},
        {"intent": "choose", "choice": []},
        {"intent": "choose", "choice": [CANARY]},
        {"intent": "choose", "choice": ["/restart"]},
        {"intent": "choose", "choice": ['/words{"speaker":"x"}']},
        {"intent": "choose", "choice": ["{{7*7}}"]},
        {"intent": "choose", "choice": ["turn:"]},
        {"intent": "choose", "choice": ["outcome:"]},
        {"intent": "choose", "choice": ["outcome:My home"]},
        {"intent": "choose", "choice": [f"outcome:{'a' * 41}"]},
        {"intent": "choose", "choice": ["turn:17\n"]},
        {"intent": "choose", "choice": ["turn:17 and more"]},
        {"intent": "choose", "choice": ["yes"] * 51},
        {"intent": "choose", "choice": [None]},
        {"intent": "skip", "choice": []},
        {"intent": "skip", "choice": ["yes"]},
        {"intent": "skip", "choice": ["later", "later"]},
        {"intent": "skip", "choice": [["later"]]},
    ],
    ids=str,
)
def test_only_references_and_ids_fit_through(talk: Talk, broken: dict[str, Any]) -> None:
    talk.begin()
    request = talk.request("words")
    request["turns"][0].update(broken)
    answer = talk.box.turns(request)
    assert answer.status_code == 422
    assert answer.json()["error"] == "malformed"
    assert CANARY not in answer.text
    assert talk.answer("private", "choose", "yes")["question"] == "company"


@pytest.mark.parametrize(
    "broken",
    [
        {"conversation_id": "someone"},
        {"conversation_id": "A" * 32},
        {"conversation_id": None},
        {"after": {"count": 0, "digest": "0" * 64}},
        {"after": {"count": "0", "digest": digest("ab" * 16, [])}},
        {"after": {"count": 0}},
        {"after": None},
        {"turns": []},
        {"turns": None},
        {"turns": [{"number": 0, "intent": "begin", "choice": ["first", "person"]}] * 2},
        {"turns": [{"number": 0, "intent": "begin", "choice": ["first", "bot"]}]},
        {"turns": [{"number": 0, "intent": "begin", "choice": ["later", "person"]}]},
        {"turns": [{"number": 0, "intent": "begin", "choice": [["first"], "person"]}]},
        {"turns": [{"number": 1, "intent": "begin", "choice": ["first", "person"]}]},
        {"turns": [{"number": 1, "intent": "words", "choice": []}]},
        {"turns": ["turn:1"]},
        {"sender": "somebody"},
    ],
    ids=str,
)
def test_a_request_of_another_shape_is_refused(box: RealBox, broken: dict[str, Any]) -> None:
    request = Talk(box, "ab" * 16).request("begin", "first", "person")
    request.update(broken)
    answer = box.turns(request)
    assert (answer.status_code, answer.json()["error"]) == (422, "malformed")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"turn:17"', b"\xff\xfe", b"[" * 60_000, b'{"a": NaN}'])
def test_a_body_that_is_no_request_is_refused(box: RealBox, body: bytes) -> None:
    for place in ("turns", "forget"):
        answer = box.http.post(f"/webhooks/own_words/{place}", content=body)
        assert (answer.status_code, answer.json()) == (422, {"error": "malformed", "part": "body"})


def test_a_flood_is_turned_away_at_the_door(box: RealBox) -> None:
    answer = box.http.post("/webhooks/own_words/turns", content=b"x" * 1_000_000)
    assert answer.status_code == 413


def test_more_than_twenty_at_once_are_refused(talk: Talk) -> None:
    talk.begin()
    request = talk.request("words")
    request["turns"] *= 21
    assert talk.box.turns(request).status_code == 422


# --- heard once, and in order ---------------------------------------------------------------------------------------


def test_the_reply_says_what_was_asked_and_how(talk: Talk) -> None:
    reply = talk.begin()
    assert reply["heard"] == talk.place
    assert (reply["form"], reply["question"], reply["actions"]) == ("safety_form", "private", [])
    asked = reply["utterances"][0]
    assert asked["response"] == "utter_ask_private"
    assert asked["wording"] == "Are you somewhere private now?"
    assert [choice["id"] for choice in asked["choices"]] == ["yes", "no", "not_sure"]
    assert asked["custom"]["kind"] == "choice"
    assert asked["custom"]["why"]
    assert asked["custom"]["another_way"]
    assert "choices" not in asked["custom"]


def test_a_repeat_brings_the_same_reply_and_is_not_heard_twice(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "yes")
    talk.answer("company", "choose", "nobody")
    request = talk.request("choose", "yes")
    first = talk.box.turns(request)
    again = [talk.box.turns(request) for _ in range(3)]
    assert first.status_code == 200
    assert all(answer.json() == first.json() for answer in again)
    assert talk.box.actions.names(talk.conversation_id) == ["action_keep_safety"]


def test_the_same_request_many_times_at_once_is_heard_once(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "yes")
    talk.answer("company", "choose", "nobody")
    request = talk.request("choose", "yes")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(talk.box.turns, [request] * 8))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert talk.box.actions.names(talk.conversation_id) == ["action_keep_safety"]


def test_a_box_that_is_behind_says_how_far_it_has_heard(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "yes")
    ahead = Talk(talk.box, talk.conversation_id, [*talk.path, *talk.request("choose", "chosen")["turns"]])
    answer = talk.box.turns(ahead.request("choose", "yes"))
    assert (answer.status_code, answer.json()) == (409, {"error": "behind", "count": 2})


def test_another_path_of_the_same_length_is_not_mistaken_for_this_one(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "yes")
    other = Talk(talk.box, talk.conversation_id, [talk.path[0], {**talk.path[1], "choice": ["no"]}])
    assert talk.box.turns(other.request("choose", "nobody")).status_code == 409


def test_a_forgotten_conversation_has_to_be_told_again(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "yes")
    assert talk.box.forget(talk.conversation_id).status_code == 204
    answer = talk.box.turns(talk.request("choose", "nobody"))
    assert (answer.status_code, answer.json()) == (409, {"error": "behind", "count": 0})
    assert talk.box.forget(secrets.token_hex(16)).status_code == 204
    assert talk.box.forget("someone").status_code == 422


def test_told_again_in_batches_it_stands_where_it_stood(talk: Talk) -> None:
    talk.begin()
    while talk.reply["question"] not in {"see_cards", None}:
        kind = talk.reply["utterances"][-1]["custom"]["kind"]
        choices = talk.reply["utterances"][-1]["choices"]
        talk.say("words") if kind == "words" else talk.say(
            "choose", choices[-1 if talk.reply["question"] == "know_more" else 0]["id"]
        )
        if len(talk.path) > 45:
            break
    before = talk.reply
    talk.box.forget(talk.conversation_id)
    for start in range(0, len(talk.path), 20):
        told = Talk(talk.box, talk.conversation_id, talk.path[:start])
        request = {"conversation_id": talk.conversation_id, "after": told.place, "turns": talk.path[start : start + 20]}
        answer = talk.box.turns(request)
        assert answer.status_code == 200
    assert answer.json()["heard"] == talk.place
    assert answer.json()["utterances"] == before["utterances"]


def test_beginning_afresh_forgets_what_was_heard(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "yes")
    again = Talk(talk.box, talk.conversation_id)
    assert again.begin()["question"] == "private"


def test_conversations_do_not_touch_one_another(box: RealBox) -> None:
    talks = [Talk(box, secrets.token_hex(16)) for _ in range(10)]
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(Talk.begin, talks))
        list(pool.map(lambda talk: talk.answer("private", "choose", "yes"), talks))
    assert {talk.reply["question"] for talk in talks} == {"company"}


# --- when something goes wrong ----------------------------------------------------------------------------------------


def with_500(handler: BaseHTTPRequestHandler, call: dict[str, Any]) -> bytes | None:
    send(handler, 500, json.dumps({"error": CANARY}).encode())
    return None


def with_a_rejection(handler: BaseHTTPRequestHandler, call: dict[str, Any]) -> bytes | None:
    send(handler, 400, json.dumps({"error": CANARY, "action_name": call["next_action"]}).encode())
    return None


def with_nothing(handler: BaseHTTPRequestHandler, call: dict[str, Any]) -> bytes | None:
    handler.close_connection = True
    return None


FAILURES: dict[str, Callable[[BaseHTTPRequestHandler, dict[str, Any]], bytes | None]] = {
    "answers 500": with_500,
    "rejects": with_a_rejection,
    "hangs up": with_nothing,
    "answers garbage": lambda handler, call: b"\x00 no JSON at all",
    "answers a list": lambda handler, call: b"[]",
    "answers nothing": lambda handler, call: b"",
    "forgets its events": lambda handler, call: b'{"responses": []}',
    "sets a slot that there is not": lambda handler, call: json.dumps(
        {"events": [{"event": "slot", "name": "mood", "value": "x"}], "responses": []}
    ).encode(),
    "sets a slot to words in pieces": lambda handler, call: json.dumps(
        {"events": [{"event": "slot", "name": "private", "value": {"a": 1}}], "responses": []}
    ).encode(),
    "does more than set slots": lambda handler, call: json.dumps(
        {"events": [{"event": "restart"}], "responses": []}
    ).encode(),
    "says what has no wording": lambda handler, call: json.dumps(
        {"events": [], "responses": [{"response": "utter_who_knows_what"}]}
    ).encode(),
    "says words of its own": lambda handler, call: json.dumps({"events": [], "responses": [{"text": CANARY}]}).encode(),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_an_action_that_fails_is_an_error_and_nothing_moves_on(talk: Talk, failure: str) -> None:
    talk.begin()
    talk.answer("private", "choose", "yes")
    talk.answer("company", "choose", "nobody")
    talk.box.actions.answer = FAILURES[failure]
    request = talk.request("choose", "yes")
    for _ in range(2):
        answer = talk.box.turns(request)
        assert (answer.status_code, answer.json()) == (502, {"error": "action_failed"})
    talk.box.actions.answer = None
    assert talk.answer("go_on", "choose", "yes")["actions"] == ["action_keep_safety"]
    assert talk.reply["question"] == "communication"


def test_an_action_that_is_too_slow_is_an_error_and_nothing_moves_on(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "yes")
    talk.answer("company", "choose", "nobody")
    released = Event()

    def slowly(handler: BaseHTTPRequestHandler, call: dict[str, Any]) -> bytes | None:
        released.wait(20)
        return b'{"events": [], "responses": []}'

    talk.box.actions.answer = slowly
    answer = talk.box.turns(talk.request("choose", "yes"))
    released.set()
    assert (answer.status_code, answer.json()) == (504, {"error": "too_slow"})
    talk.box.actions.answer = None
    assert talk.answer("go_on", "choose", "yes")["question"] == "communication"


def test_an_action_that_does_not_say_where_to_go_on_is_an_error(talk: Talk) -> None:
    talk.begin()
    for turn in (("choose", "yes"), ("choose", "nobody"), ("choose", "yes"), ("choose", "nothing"), ("words",)):
        talk.say(*turn)
    talk.box.actions.answer = lambda handler, call: b'{"events": [], "responses": []}'
    answer = talk.box.turns(talk.request("choose", "what_abuse_is"))
    assert (answer.status_code, answer.json()) == (500, {"error": "no_next_step"})
    talk.box.actions.answer = None
    assert talk.answer("know_more", "choose", "what_abuse_is")["question"] == "know_more"


def test_a_failure_in_a_batch_takes_back_the_whole_batch(talk: Talk) -> None:
    talk.begin()
    batch = [
        {"number": 2, "intent": "choose", "choice": ["yes"]},
        {"number": 4, "intent": "choose", "choice": ["nobody"]},
        {"number": 6, "intent": "choose", "choice": ["yes"]},
    ]
    request = {"conversation_id": talk.conversation_id, "after": talk.place, "turns": batch}
    talk.box.actions.answer = with_500
    assert talk.box.turns(request).status_code == 502
    talk.box.actions.answer = None
    assert talk.box.turns(request).json()["question"] == "communication"


def test_words_where_a_choice_is_needed_are_refused_and_the_question_stays(talk: Talk) -> None:
    talk.begin()
    talk.answer("private", "choose", "yes")
    talk.answer("company", "choose", "nobody")
    for _ in range(2):
        answer = talk.box.turns(talk.request("words"))
        assert (answer.status_code, answer.json()) == (422, {"error": "not_an_answer"})
    assert talk.answer("go_on", "choose", "yes")["question"] == "communication"


def test_a_stage_that_does_not_open_is_an_error_and_not_silence(talk: Talk) -> None:
    talk.begin("closing")
    talk.take("private=yes company=nobody")
    talk.box.actions.answer = lambda handler, call: b'{"events": [], "responses": []}'
    answer = talk.box.turns(talk.request("choose", "yes"))
    assert (answer.status_code, answer.json()) == (500, {"error": "no_next_step"})


def test_a_box_without_a_model_says_that_it_is_not_ready(tmp_path: Path) -> None:
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(b"\x1f\x8b no model")
    with running(tmp_path, FakeActions(), broken, ready=False) as box:
        talk = Talk(box, secrets.token_hex(16))
        assert not box.is_ready()
        answer = box.turns(talk.request("begin", "first", "person"))
        assert (answer.status_code, answer.json()) == (503, {"error": "not_ready"})


def test_nothing_that_was_sent_is_in_the_log(talk: Talk) -> None:
    talk.begin()
    request = talk.request("words")
    request["turns"][0]["text"] = CANARY
    talk.box.turns(request)
    talk.box.turns({"conversation_id": CANARY})
    talk.box.http.post("/webhooks/own_words/turns", content=CANARY.encode())
    talk.box.http.get(f"/webhooks/own_words/{CANARY}")
    talk.box.actions.answer = with_500
    talk.say("choose", "yes")
    talk.say("choose", "nobody")
    talk.box.turns(talk.request("choose", "yes"))
    log = talk.box.log.read_text(errors="replace")
    assert "action_keep_safety: answered 500" in log
    assert CANARY not in log
    assert "Are you somewhere private" not in log
