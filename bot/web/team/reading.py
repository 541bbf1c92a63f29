"""Pages of reading: opening, a conversation as it was said, two side by side, and what is written beside it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import ClassVar
from urllib.parse import urlencode

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bot.flags import FlagKind
from bot.reviewing import answering, leading, reading, seeing
from bot.reviewing.answering import SomebodyWasFirst
from bot.reviewing.reading import Cover, FlagSeen, Reading, SideBySide
from bot.reviewing.seeing import NotDone, Unopened
from bot.reviewing.states import NEEDS_WORDS, ReviewState, Step
from bot.reviewing.transcript import Exchange, Line
from bot.roles import RULES, Act, Role
from bot.store import Entry, Missing
from bot.web.access import About
from bot.web.team.called import FLAGS, STAGES
from bot.web.team.pages import Problem, TeamPage, as_day
from bot.web.team.shell import Signed, TeamRoute

CONVERSATION = "/team/conversations/{conversation_id}"


@dataclass(frozen=True, slots=True)
class PartShown:
    """A part of the conversation under its heading."""

    name: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class FlagShown:
    """A flag that nobody has answered, and where on the page it stands."""

    seen: FlagSeen
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPage(TeamPage):
    """A conversation as it was said."""

    template: ClassVar[str] = "team/conversation.html"
    reading: Reading
    parts: tuple[PartShown, ...]
    unanswered: tuple[FlagShown, ...]
    reader: str
    """Who is reading it, or did."""
    take: str
    """What the button says that takes it to be read."""
    said_on: str
    days: Mapping[str, str]
    """When each of the other conversations began."""
    digest: str
    enquiry_href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverPage(TeamPage):
    """What is about to be opened."""

    template: ClassVar[str] = "team/cover.html"
    cover: Cover
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WritePage(TeamPage):
    """Something is written beside the words: a note, what was done about a flag, a step of the review."""

    template: ClassVar[str] = "team/write.html"
    reading: Reading
    action: str
    back: str
    button: str
    fields: tuple[tuple[str, str], ...]
    line: Line | None = None
    """What it is about."""
    flag: FlagKind | None = None
    information: tuple[str, ...] = ()
    has_box: bool = True
    label: str = ""
    hint: str = ""
    words: str = ""
    """What was typed, to the character."""
    first: tuple[Entry, ...] = ()
    """What somebody else wrote since this page was made."""
    steps: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class BesidePage(TeamPage):
    """Two conversations side by side."""

    template: ClassVar[str] = "team/beside.html"
    both: SideBySide
    back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPage(TeamPage):
    """Which enquiry a conversation belongs to."""

    template: ClassVar[str] = "team/join.html"
    action: str
    back: str
    reference: str = ""


# --- opening and reading ---------------------------------------------------------------------------------------------


async def show_conversation(request: Request, signed: Signed) -> Response:
    """A conversation as it was said, or the button to open it."""
    conversation_id = request.path_params["conversation_id"]
    try:
        found = await _read(request, signed)
    except Unopened:
        return await _cover(signed, conversation_id, _here(conversation_id) + "/open")
    return signed.shown(_conversation_page(signed, found))


async def open_conversation(request: Request, signed: Signed) -> Response:
    """Record who reads, and lead to what is read: where a flag led here, to what it was raised at."""
    conversation_id = request.path_params["conversation_id"]
    await to_thread.run_sync(seeing.open_conversation, signed.desk.store, signed.actor, conversation_id, signed.now)
    turn = _number(signed, "turn")
    return signed.leads_to(_here(conversation_id) + (_anchor(await _read(request, signed), turn) if turn else ""))


async def open_beside(request: Request, signed: Signed) -> Response:
    """Record that two conversations are read, and lead to both."""
    conversation_id, other = request.path_params["conversation_id"], signed.form.one("other")

    def open_both() -> None:
        for one in (conversation_id, other):
            seeing.open_conversation(signed.desk.store, signed.actor, one, signed.now)

    await to_thread.run_sync(open_both)
    return signed.leads_to(f"{_here(conversation_id)}/beside/{other}")


async def show_beside(request: Request, signed: Signed) -> Response:
    """Two conversations, question by question."""
    conversation_id, other_id = request.path_params["conversation_id"], request.path_params["other_id"]
    read = partial(reading.compare, texts=request.app.state.desk.frame.texts)
    try:
        both = await to_thread.run_sync(read, signed.desk.store, signed.actor, conversation_id, other_id)
    except (Unopened, NotDone):
        return signed.leads_to(_here(conversation_id))
    page = BesidePage(frame=signed.frame(), title="Side by side", both=both, back=_here(conversation_id))
    return signed.shown(page)


# --- reviewing -------------------------------------------------------------------------------------------------------

STEPS: Mapping[str, str] = {
    ReviewState.WAITING: "left it for somebody else",
    ReviewState.BEING_READ: "is reading it",
    ReviewState.SENT_BACK: "sent it back with a question",
    ReviewState.ANSWERED: "answered the question",
    ReviewState.REVIEWED: "has reviewed it",
}
"""What each step of a review is called after somebody's name."""

TITLES = {
    Step.SEND_BACK: ("Send it back with a question", "Your question", "Send it back"),
    Step.ANSWER: ("Answer the question", "Your answer", "Keep this answer"),
    Step.TAKE: ("Read this conversation", "", "I am reading it now"),
    Step.FINISH: ("Reviewed", "", "I have reviewed it"),
    Step.LET_GO: ("Leave it for somebody else", "", "Leave it for somebody else"),
}

DONE = {
    Step.TAKE: "It says now that you are reading it.",
    Step.FINISH: "It is reviewed.",
    Step.SEND_BACK: "It is sent back with your question.",
    Step.ANSWER: "Your answer is kept. It is waiting to be read again.",
    Step.LET_GO: "It is waiting for somebody else.",
}


async def show_step(request: Request, signed: Signed) -> Response:
    """Where a step of the review takes words: a question, or its answer."""
    conversation_id = request.path_params["conversation_id"]
    step = _step(request.query_params.get("step", ""))
    try:
        found = await _read(request, signed)
    except Unopened:
        return signed.leads_to(_here(conversation_id))
    if step is None or found.review is None or step not in found.review.steps or Act.REVIEW not in found.may:
        return signed.leads_to(_here(conversation_id))
    return signed.shown(_step_page(signed, found, step))


async def take_step(request: Request, signed: Signed) -> Response:
    """Go a step on in the review. Whoever comes second sees what the first did, and chooses."""
    conversation_id = request.path_params["conversation_id"]
    step = _step(signed.form.one("step"))
    if step is None:
        raise Missing("There is no such step.")
    words = signed.form.typed("words")
    go = partial(answering.step, latest=_number(signed, "latest"), token=signed.once)
    store, actor = signed.desk.store, signed.actor
    try:
        await _opening(signed, conversation_id, partial(go, store, actor, conversation_id, step, words, signed.now))
    except Unopened:
        return signed.leads_to(_here(conversation_id))
    except SomebodyWasFirst as error:
        found = await _read(request, signed)
        return signed.shown(_step_page(signed, found, step, words, first=error.entries), 409)
    except NotDone as error:
        found = await _read(request, signed)
        problem = Problem(str(error), "#words" if step in NEEDS_WORDS else "")
        return signed.shown(_step_page(signed, found, step, words, problems=(problem,)))
    return signed.leads_to(_here(conversation_id), DONE[step])


async def show_note(request: Request, signed: Signed) -> Response:
    """Where a note is written beside a turn."""
    conversation_id = request.path_params["conversation_id"]
    try:
        found = await _read(request, signed)
    except Unopened:
        return signed.leads_to(_here(conversation_id))
    turn = _as_number(request.query_params.get("turn", ""))
    return signed.shown(_note_page(signed, found, turn))


async def write_note(request: Request, signed: Signed) -> Response:
    """Keep a note beside a turn."""
    conversation_id, turn = request.path_params["conversation_id"], _number(signed, "turn")
    words = signed.form.typed("words")
    keep = partial(answering.note, token=signed.once)
    store, actor = signed.desk.store, signed.actor
    try:
        await _opening(signed, conversation_id, partial(keep, store, actor, conversation_id, turn, words, signed.now))
    except Unopened:
        return signed.leads_to(_here(conversation_id))
    except NotDone as error:
        found = await _read(request, signed)
        return signed.shown(_note_page(signed, found, turn, words, Problem(str(error), "#words")))
    found = await _read(request, signed)
    return signed.leads_to(_here(conversation_id) + _anchor(found, turn), "Your note is kept.")


async def show_flag(request: Request, signed: Signed) -> Response:
    """A flag, the turn that it was raised at, and where it is said what was done."""
    conversation_id = request.path_params["conversation_id"]
    kind, turn = _flag(request.query_params.get("kind", "")), _as_number(request.query_params.get("turn", ""))
    try:
        found = await _read(request, signed)
    except Unopened:
        again = urlencode({"turn": turn})
        return signed.leads_to(f"{_here(conversation_id)}?{again}")
    return signed.shown(_flag_page(signed, found, kind, turn))


async def answer_flag(request: Request, signed: Signed) -> Response:
    """Keep what was done about a flag."""
    conversation_id = request.path_params["conversation_id"]
    kind, turn, words = _flag(signed.form.one("kind")), _number(signed, "turn"), signed.form.typed("words")
    keep = partial(answering.answer_flag, latest=_number(signed, "latest"), token=signed.once)
    store, actor = signed.desk.store, signed.actor
    answer = partial(keep, store, actor, conversation_id, kind, turn, words, signed.now)
    try:
        await _opening(signed, conversation_id, answer)
    except Unopened:
        return signed.leads_to(_here(conversation_id))
    except SomebodyWasFirst as error:
        found = await _read(request, signed)
        return signed.shown(_flag_page(signed, found, kind, turn, words, first=error.entries), 409)
    except NotDone as error:
        found = await _read(request, signed)
        return signed.shown(_flag_page(signed, found, kind, turn, words, Problem(str(error), "#words")))
    found = await _read(request, signed)
    return signed.leads_to(_here(conversation_id) + _anchor(found, turn), "What was done is kept beside the flag.")


async def show_join(request: Request, signed: Signed) -> Response:
    """Where a conversation that nobody invited is joined to an enquiry."""
    conversation_id = request.path_params["conversation_id"]
    cover = await to_thread.run_sync(reading.cover_of_conversation, signed.desk.store, signed.actor, conversation_id)
    if cover.enquiry_id is not None:
        return signed.leads_to(_here(conversation_id))
    return signed.shown(_join_page(signed, conversation_id))


async def join(request: Request, signed: Signed) -> Response:
    """Join a conversation to an enquiry."""
    conversation_id, reference = request.path_params["conversation_id"], signed.form.typed("reference")
    store, actor = signed.desk.store, signed.actor
    try:
        enquiry_id = await to_thread.run_sync(leading.join, store, actor, conversation_id, reference, signed.now)
    except NotDone as error:
        return signed.shown(_join_page(signed, conversation_id, reference, Problem(str(error), "#reference")))
    return signed.leads_to(f"/team/enquiries/{enquiry_id}", "It belongs to this enquiry now.")


async def _opening(signed: Signed, conversation_id: str, verb: Callable[[], Entry]) -> Entry:
    """Do it. Who signed in again since the page was made opens the conversation by this press: that is recorded too."""
    try:
        return await to_thread.run_sync(verb)
    except Unopened:
        await to_thread.run_sync(seeing.open_conversation, signed.desk.store, signed.actor, conversation_id, signed.now)
        return await to_thread.run_sync(verb)


# --- pages -----------------------------------------------------------------------------------------------------------


async def _read(request: Request, signed: Signed) -> Reading:
    conversation_id = request.path_params["conversation_id"]
    texts = request.app.state.desk.frame.texts
    store, actor = signed.desk.store, signed.actor
    return await to_thread.run_sync(reading.read_conversation, store, actor, conversation_id, texts)


async def _cover(signed: Signed, conversation_id: str, action: str) -> Response:
    cover = await to_thread.run_sync(reading.cover_of_conversation, signed.desk.store, signed.actor, conversation_id)
    assert cover.conversation is not None
    page = CoverPage(frame=signed.frame(), title=STAGES[cover.conversation.stage], cover=cover, action=action)
    return signed.shown(page)


def _conversation_page(signed: Signed, found: Reading) -> ConversationPage:
    conversation, review = found.conversation, found.review
    latest = review.entries[-1] if review is not None and review.entries else None
    is_reader_named = latest is not None and latest.what in {ReviewState.BEING_READ, ReviewState.REVIEWED}
    is_others = latest is not None and latest.what == ReviewState.BEING_READ
    enquiry_id = conversation.enquiry_id
    said_on = conversation.said_on
    return ConversationPage(
        frame=signed.frame(),
        title=STAGES[conversation.stage],
        reading=found,
        parts=tuple(_parts(found.lines)),
        unanswered=tuple(
            FlagShown(flag, _anchor(found, flag.flag.turn)) for flag in found.flags if not flag.is_answered
        ),
        reader=found.names.account(latest.account_id) if latest is not None and is_reader_named else "",
        take="Read it instead of them"
        if is_others
        else "Read it again"
        if latest is not None
        else "I am reading it now",
        said_on=f"{said_on.day} {said_on:%B %Y}" if said_on is not None else "",
        days={one.conversation_id: as_day(one.begun_at) for one in found.others},
        digest=conversation.head.hex(),
        enquiry_href=f"/team/enquiries/{enquiry_id}" if enquiry_id is not None else "",
    )


def _parts(lines: Sequence[Line]) -> Iterator[PartShown]:
    """Put lines under the headings that the conversation had. What happened between questions stays where it was."""
    name, together = "", list[Line]()
    for line in lines:
        part = line.part if isinstance(line, Exchange) and line.part else name
        if part != name and together:
            yield PartShown(name, tuple(together))
            together = []
        name = part
        together.append(line)
    if together:
        yield PartShown(name, tuple(together))


def _step_page(
    signed: Signed,
    found: Reading,
    step: Step,
    words: str = "",
    *,
    first: tuple[Entry, ...] = (),
    problems: tuple[Problem, ...] = (),
) -> WritePage:
    title, label, button = TITLES[step]
    latest = found.review.latest if found.review is not None else 0
    here = _here(found.conversation.conversation_id)
    return WritePage(
        frame=signed.frame(),
        title=title,
        problems=problems,
        reading=found,
        action=here + "/review",
        back=here,
        button=button,
        fields=(("step", step.value), ("latest", str(latest))),
        information=_told_before(step),
        has_box=step in NEEDS_WORDS,
        label=label,
        words=words,
        first=first,
        steps=STEPS,
    )


def _told_before(step: Step) -> tuple[str, ...]:
    if step is Step.SEND_BACK:
        return ("Your question goes to whoever works on this with the person. It is kept beside the conversation.",)
    return ()


def _note_page(signed: Signed, found: Reading, turn: int, words: str = "", *problems: Problem) -> WritePage:
    here = _here(found.conversation.conversation_id)
    line = _line_of(found, turn)
    if line is None or Act.NOTE not in found.may or found.seen.is_flags_alone:
        raise Missing("There is nothing to write beside.")
    return WritePage(
        frame=signed.frame(),
        title="Write a note",
        problems=problems,
        reading=found,
        action=here + "/note",
        back=here + _anchor(found, turn),
        button="Keep this note",
        fields=(("turn", str(turn)),),
        line=line,
        information=("A note stands beside what was said, with your name. It is never part of the person's words.",),
        label="Your note",
        words=words,
    )


def _flag_page(
    signed: Signed,
    found: Reading,
    kind: FlagKind,
    turn: int,
    words: str = "",
    *problems: Problem,
    first: tuple[Entry, ...] = (),
) -> WritePage:
    here = _here(found.conversation.conversation_id)
    flag = next((one for one in found.flags if (one.flag.kind, one.flag.turn) == (kind, turn)), None)
    if flag is None or Act.ANSWER_FLAG not in found.may:
        raise Missing("There is no such flag.")
    latest = flag.answers[-1].number if flag.answers else 0
    return WritePage(
        frame=signed.frame(),
        title=FLAGS[kind],
        problems=problems,
        reading=found,
        action=here + "/flag",
        back=here + _anchor(found, turn),
        button="Keep what was done",
        fields=(("kind", kind.value), ("turn", str(turn)), ("latest", str(latest))),
        line=_line_of(found, turn),
        flag=kind,
        label="What was done",
        hint="Who spoke with whom, when, and what comes next. If nothing needed to be done, say why.",
        words=words,
        first=first,
    )


def _join_page(signed: Signed, conversation_id: str, reference: str = "", *problems: Problem) -> JoinPage:
    here = _here(conversation_id)
    return JoinPage(
        frame=signed.frame(),
        title="Join it to an enquiry",
        problems=problems,
        action=here + "/join",
        back=here,
        reference=reference,
    )


def _line_of(found: Reading, turn: int) -> Line | None:
    """Find the line in which a turn stands."""
    for line in found.lines:
        if turn == line.number or (isinstance(line, Exchange) and turn in line.turns):
            return line
    return None


def _anchor(found: Reading, turn: int) -> str:
    line = _line_of(found, turn)
    return f"#turn-{line.number}" if line is not None else ""


def _here(conversation_id: str) -> str:
    return f"/team/conversations/{conversation_id}"


def _step(name: str) -> Step | None:
    return next((one for one in Step if one.value == name), None)


def _flag(name: str) -> FlagKind:
    """Read which flag is meant. Raises Missing."""
    found = next((one for one in FlagKind if one.value == name), None)
    if found is None:
        raise Missing("There is no such flag.")
    return found


def _number(signed: Signed, name: str) -> int:
    return _as_number(signed.form.one(name))


def _as_number(written: str) -> int:
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 9 else 0


READERS = frozenset(RULES[Act.READ_CONVERSATION])
WRITERS = frozenset({Role.PRACTITIONER, Role.MANAGER})

routes: tuple[TeamRoute, ...] = (
    TeamRoute(CONVERSATION, "conversation", show_conversation, "GET", READERS, About.CONVERSATION, navigation="Work"),
    TeamRoute(
        CONVERSATION + "/open",
        "open_conversation",
        open_conversation,
        "POST",
        READERS,
        About.CONVERSATION,
        navigation="Work",
    ),
    TeamRoute(
        CONVERSATION + "/beside", "open_beside", open_beside, "POST", READERS, About.CONVERSATION, navigation="Work"
    ),
    TeamRoute(
        CONVERSATION + "/beside/{other_id}",
        "beside",
        show_beside,
        "GET",
        READERS,
        About.CONVERSATION,
        navigation="Work",
    ),
    TeamRoute(CONVERSATION + "/review", "review", show_step, "GET", WRITERS, About.CONVERSATION, navigation="Work"),
    TeamRoute(CONVERSATION + "/review", "take_step", take_step, "POST", WRITERS, About.CONVERSATION, navigation="Work"),
    TeamRoute(CONVERSATION + "/note", "note", show_note, "GET", WRITERS, About.CONVERSATION, navigation="Work"),
    TeamRoute(CONVERSATION + "/note", "write_note", write_note, "POST", WRITERS, About.CONVERSATION, navigation="Work"),
    TeamRoute(CONVERSATION + "/flag", "flag", show_flag, "GET", WRITERS, About.CONVERSATION, navigation="Work"),
    TeamRoute(
        CONVERSATION + "/flag", "answer_flag", answer_flag, "POST", WRITERS, About.CONVERSATION, navigation="Work"
    ),
    TeamRoute(CONVERSATION + "/join", "join_page", show_join, "GET", WRITERS, About.CONVERSATION, navigation="Work"),
    TeamRoute(CONVERSATION + "/join", "join", join, "POST", WRITERS, About.CONVERSATION, navigation="Work"),
)
