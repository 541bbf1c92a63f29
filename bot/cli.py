"""The command line: for those who run Own Words. Each command says what it did; an error names its cause and remedy."""

import asyncio
import json
import os
import subprocess
import sys
from contextlib import AbstractContextManager, closing, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TextIO

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from bot import settings as settings_module
from bot.conversation import Speaker, Stage
from bot.exporting import TakenBack
from bot.figures import By
from bot.settings import ROOT, BadSetting, Settings

if TYPE_CHECKING:
    from bot.enquiring import EnquiryView
    from bot.enquiry import EnquiryOutcome, Part
    from bot.retaining import Due
    from bot.store import Invitation, Store

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__)
keys = typer.Typer(no_args_is_help=True, help="The root key, under which all others lie.")
app.add_typer(keys, name="keys")
enquiry = typer.Typer(no_args_is_help=True, help="Enquiries: the conversations that belong to one piece of work.")
app.add_typer(enquiry, name="enquiry")
account = typer.Typer(no_args_is_help=True, help="Ways in for the team, for when nobody there can make one.")
app.add_typer(account, name="account")

# No markup and no emoji: ":heart:", "[bold]" or a last "\\" in somebody's words is shown as they typed it.
out = Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
err = Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)


ENOUGH_OF_AN_ID = 12
"""Characters of an id that a list shows; two conversations that share them are not to be expected."""


GIVEN_TO_OTHERS = 0.02
"""Seconds between two transactions of a change of root key, in which other programs write."""

TOLD_EVERY = 500
"""Made-up enquiries after which a line says how many there are."""
A_YEAR_FROM = 20_000
"""More made-up enquiries than this are told in brief."""


class Format(StrEnum):
    """What an export is written as."""

    JSONL = "jsonl"


class Guest(StrEnum):
    """Who can be invited to speak."""

    PERSON = "person"
    ADVOCATE = "advocate"
    PRACTITIONER = "practitioner"


Reference = Annotated[str, typer.Argument(metavar="REF", help="What the team calls the enquiry; anything at all.")]


def main() -> None:
    """Run a command. Every problem we know of is one clear line, and exit status 1."""
    from bot.enquiring import NotDone
    from bot.opening import CannotServe
    from bot.signing_in import NotDone as NotSignedIn
    from bot.store import KeyProblem, StoreError
    from bot.web.files import Unstyled

    try:
        app()
    except (BadSetting, CannotServe, KeyProblem, NotDone, NotSignedIn, StoreError, Unstyled) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"{error.filename or 'A file'}: {error.strerror}.")


def _fail(message: str) -> NoReturn:
    err.print(Text.assemble(("Own Words:", "bold red"), " ", message))
    raise SystemExit(1)


def _say(message: str) -> None:
    out.print(message)


def _plain(words: str) -> str:
    """Show what was said on a terminal: control characters are written out, so that none of them does anything."""
    return "".join(
        c if c in "\n\t" or (c.isprintable() and not 0xD800 <= ord(c) <= 0xDFFF) else f"\\u{ord(c):04x}" for c in words
    )


@app.command()
def serve() -> None:
    """Serve the pages: prepares what is missing, prints the address, and runs until Ctrl+C."""
    from bot import council, opening, serving

    settings = settings_module.load()
    serving.make_ready(settings, _say)
    with closing(opening.open_store(settings)) as store:
        serving.logs_without_words(settings.data / "log")
        _warn(settings, council.values_now(store, settings).phone)
        with opening.using(settings, opening.Use.SHARED):
            model = None if settings.boxes else serving.prepare(settings, _say)
            asyncio.run(serving.serve(settings, store, model, _say))


@app.command()
def box() -> None:
    """Run the dialogue engine by itself, for apps that name it in OWNWORDS_BOXES; it needs no database and no key."""
    from bot import serving

    settings = settings_module.load_for_a_box()
    serving.logs_without_words(settings.data / "log")
    model = serving.prepare(settings, _say)
    asyncio.run(serving.serve_box(settings, model, _say))


def _warn(settings: Settings, phone: str) -> None:
    if not settings.root_key_command and settings.root_key.is_relative_to(ROOT):
        _say("For trying out: the root key lies in the project folder. Elsewhere set OWNWORDS_ROOT_KEY.")
    if settings.backups is None:
        _say("For trying out: no backups are made. Set OWNWORDS_BACKUPS to a folder, best on another disk.")
    if not phone:
        _say("For trying out: no telephone number is set. An administrator sets one under Settings, or OWNWORDS_PHONE.")
    if not settings.secure_cookies:
        _say("For trying out: cookies also go over plain HTTP. Behind HTTPS set OWNWORDS_SECURE_COOKIES=yes.")
    elif not settings.address.startswith("https://"):
        _say("Invitations do not name the site as people reach it. Set OWNWORDS_ADDRESS to its https:// address.")


@app.command()
def train() -> None:
    """Check and train the dialogue, if it changed since the last time."""
    from bot import serving

    settings = settings_module.load()
    model = serving.prepare(settings, _say)
    _say(f"The dialogue is ready: {model.name}")


@app.command()
def migrate() -> None:
    """Make the database, or bring its tables up to date."""
    from bot import opening, serving

    settings = settings_module.load()
    serving.make_ready(settings, _say)
    opening.open_store(settings).close()
    _say("The database is ready.")


@app.command()
def conversations() -> None:
    """List the conversations, without any words. The id's first characters are enough for `show`."""
    from bot import opening
    from bot.conversation import Kind

    with closing(opening.open_store(settings_module.load())) as store, store.reading() as seen:
        listed = seen.conversations.listed()
        flagged = {one.conversation_id: len(seen.flags.of(one.conversation_id)) for one in listed}
    table = Table(Column("id", no_wrap=True), "stage", "speaker", Column("begun, UTC", no_wrap=True), "turns", "state")
    table.add_column("please read soon", justify="right")
    for one in listed:
        state = "ended" if one.last_kind is Kind.ENDING else "open"
        table.add_row(
            one.conversation_id[:ENOUGH_OF_AN_ID],
            one.stage,
            one.speaker,
            one.begun_at.strftime("%Y-%m-%d %H:%M"),
            str(one.length),
            state,
            str(flagged[one.conversation_id] or ""),
        )
    out.print(table if listed else "There are no conversations yet.")


@app.command()
def flags() -> None:
    """List what asks to be read soon, newest first. A flag is never a finding. The status is 1 when there are any."""
    from bot import opening

    with closing(opening.open_store(settings_module.load())) as store, store.reading() as seen:
        found = [(one, flag) for one in seen.conversations.listed() for flag in seen.flags.of(one.conversation_id)]
    for one, flag in sorted(found, key=lambda pair: pair[1].raised_at, reverse=True):
        when = flag.raised_at.strftime("%Y-%m-%d %H:%M UTC")
        _say(f"{when}  {one.conversation_id[:ENOUGH_OF_AN_ID]}  turn {flag.turn}  {flag.kind}")
    if found:
        raise SystemExit(1)
    _say("Nothing asks to be read soon.")


@app.command()
def show(conversation_id: Annotated[str, typer.Argument(help="As `conversations` lists it.")]) -> None:
    """Show one conversation, turn by turn."""
    from bot import exporting, opening

    with closing(opening.open_store(settings_module.load())) as store:
        found = exporting.export_one(store, _meant(store, conversation_id))
    head = f", {found['speaker']}, begun {found['begun']}, digest {found['digest']}"
    out.print(Text.assemble((found["stage"], "bold"), head))
    for turn in found["turns"]:
        _show_turn(turn)
    for flag in found["flags"]:
        out.print(Text.assemble(("Please read soon:", "bold"), f" {flag['kind']} (turn {flag['turn']})"))


def _meant(store: "Store", beginning: str) -> str:
    """Give the conversation whose id begins so. Raises Missing where that is none, or more than one."""
    from bot.store import Missing

    with store.reading() as seen:
        every = [one.conversation_id for one in seen.conversations.listed()]
    meant = [one for one in every if one.startswith(beginning)]
    if len(meant) != 1:
        raise Missing(f"{len(meant) or 'No'} conversations begin with {beginning}. `conversations` lists them.")
    return meant[0]


def _show_turn(turn: dict[str, Any]) -> None:
    said = _plain(turn["words"]) or ", ".join(turn["choice"]) or turn["asked"] or ""
    if turn["taken_back"]:
        said = "(taken back)"
    points = "".join(
        f" ({name} {turn[key]})" for key, name in (("replaces", "in place of"), ("adds_to", "added to")) if turn[key]
    )
    number, speaker = (f"{turn['number']:>4}", "dim"), (turn["speaker"], "bold")
    out.print(Text.assemble(number, " ", speaker, f" {turn['kind']}{points}: {said}"))


@app.command()
def export(
    written_as: Annotated[Format, typer.Option("--format", help="One conversation a line, as JSON.")] = Format.JSONL,
    to: Annotated[Path | None, typer.Option(help="A file to make (0600); without it, standard output.")] = None,
    taken_back: Annotated[
        TakenBack, typer.Option(help="What a person took back: left out, or where the law says so, kept in.")
    ] = TakenBack.LEFT_OUT,
) -> None:
    """Write out every conversation, words exact. What it writes is not sealed: keep it as you would the key."""
    from bot import exporting, opening

    written = 0
    with closing(opening.open_store(settings_module.load())) as store, _new_file(to) as target:
        for found in exporting.exported(store, taken_back):
            # ASCII only: a lone surrogate has no place in UTF-8, and comes through as its escape.
            target.write(json.dumps(found, ensure_ascii=True) + "\n")
            written += 1
    err.print(f"{written} conversations written.")


def _new_file(path: Path | None) -> AbstractContextManager[TextIO]:
    """Make a file that nobody else may read, or give standard output. A file that is there stays as it is."""
    if path is None:
        return nullcontext(sys.stdout)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w")


@app.command()
def verify(
    checkpoints: Annotated[
        Path | None, typer.Option(help="A file of checkpoints, best a copy that was kept on another machine.")
    ] = None,
    signed_by: Annotated[
        list[str] | None,
        typer.Option(help="The public half of the key that signed them; without it, that of the key that is here."),
    ] = None,
) -> None:
    """Check every chain, seal and row. The first problem, and each further one, is named; then the status is 1."""
    from bot import opening
    from bot.store.checkpoints import read
    from bot.store.verifying import verify as verify_store

    settings = settings_module.load()
    trusted = {one.lower() for one in signed_by or ()} or _trusted(settings)
    if checkpoints is not None and not trusted:
        _fail("Nobody can know from here who signed them. Say it with --signed-by, as `keys checkpoint` shows it.")
    with closing(opening.open_store(settings)) as store:
        signed = () if checkpoints is None else tuple(read(checkpoints))
        if checkpoints is not None and not signed:
            _fail(f"There is no checkpoint in {checkpoints}. Name a file that checkpoints were added to.")
        problems = verify_store(store, signed, trusted, datetime.now(UTC))
        for problem in problems:
            err.print(Text.assemble(("Not as it was kept:", "bold red"), f" {problem}"))
        if problems:
            raise SystemExit(1)
        with store.reading() as seen:
            listed = seen.conversations.listed()
    _say(f"All is as it was kept: {len(listed)} conversations, {sum(one.length for one in listed)} turns.")
    if signed:
        _say(f"So it was at checkpoint {signed[-1].number}, of {signed[-1].content['at']}, and at those before it.")


def _trusted(settings: Settings) -> set[str]:
    from bot.store.checkpoints import CheckpointKey

    key = CheckpointKey.read(settings.checkpoint_key, outside=settings.data)
    return set() if key is None else {key.public}


@app.command()
def checkpoint() -> None:
    """Sign how far everything has come, now. While the site is served that is done every ten minutes."""
    from bot import checking, opening
    from bot.store import checkpoints

    settings = settings_module.load()
    with closing(opening.open_store(settings)) as store:
        key = checking.signing_key(settings, store)
        if key is None:
            _fail(f"There is no checkpoint key at {settings.checkpoint_key}. Put it back, or: keys checkpoint")
        made = checkpoints.make(store, key, datetime.now(UTC), settings.checkpoints)
    if made is None:
        _fail("Another program made one at the same moment. Try again.")
    _say(f"Checkpoint {made.number}: {made.digest}")
    _say(f"Added to {settings.checkpoints}. Signed by {made.key}")


@app.command()
def backup(
    to: Annotated[
        Path | None, typer.Option(help="A folder; without it the one that OWNWORDS_BACKUPS names, which is kept tidy.")
    ] = None,
) -> None:
    """Make a backup, sealed, while the site is open: a file of words, and a file of the keys that open it."""
    from bot import backing_up, opening
    from bot.store.backups import back_up

    settings = settings_module.load()
    habit = backing_up.Habit.of(settings)
    now = datetime.now(UTC)
    with closing(opening.open_store(settings)) as store, opening.using(settings, opening.Use.SHARED):
        if to is not None:
            backing_up.check_apart(settings, to)
            made = back_up(store, to, now)
        elif habit is not None:
            made = backing_up.keep(store, habit, now)
        else:
            _fail("Nobody can know from here where backups go. Set OWNWORDS_BACKUPS, or say it with --to.")
        root_key_id = store.root.key_id
    turns = made.manifest.rows["turns"]
    _say(f"Backed up: {len(made.manifest.conversations)} conversations, {turns} turns.")
    _say(f"Words:  {made.words}")
    _say(f"Keys:   {made.keys}")
    _say(f"Digest: {made.manifest.digest}")
    _say(f"To restore it, root key {root_key_id} is needed. It is in neither file.")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of words of a backup.")],
    keys: Annotated[
        Path | None, typer.Option(help="The folder with the files of keys, or one of them; without it, where FILE is.")
    ] = None,
    *,
    verify: Annotated[
        bool,
        typer.Option("--verify", help="Check every row, seal and chain first; put nothing in place if one is bad."),
    ] = False,
) -> None:
    """Put a backup where no database is: what was forgotten since is forgotten again, and nobody is signed in."""
    from bot import opening
    from bot.store.backups import restore as restore_backup

    settings = settings_module.load()
    if not (settings.root_key_command or settings.root_key.exists()):
        _fail(f"There is no root key at {settings.root_key}. Put the key file back: a new key opens no backup.")
    root, *also = opening.custody(settings).keys()
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with opening.using(settings, opening.Use.ALONE):
        outcome = restore_backup(
            file,
            settings.database,
            root,
            datetime.now(UTC),
            keys=keys,
            verifying=verify,
            by_way_of=settings.data,
            also=also,
        )
    for path in outcome.passed_over:
        err.print(
            f"Passed over, since it is damaged or lies under another root key: {path}. "
            "What was forgotten after the keys below may be back."
        )
    _say(f"Made {outcome.made_at:%Y-%m-%d %H:%M:%S} UTC; its keys {outcome.keys_made_at:%Y-%m-%d %H:%M:%S} UTC.")
    _say(f"Digest: {outcome.manifest.digest}")
    for problem in outcome.problems:
        err.print(Text.assemble(("Not as it was kept:", "bold red"), f" {problem}"))
    if outcome.problems and verify:
        _fail("Nothing was put in place. Try the backup before it; without --verify this one is put in place as it is.")
    _say(f"Restored: {len(outcome.manifest.conversations)} conversations, {outcome.manifest.rows['turns']} turns.")
    if outcome.forgotten:
        _say(f"Forgotten again, since it was after the backup: {outcome.forgotten}.")
    if outcome.problems:
        raise SystemExit(1)


@app.command(name="person-file")
def person_file(
    reference: Reference,
    to: Annotated[Path, typer.Option(help="A file to make (0600): .json for programs, .docx for people.")],
) -> None:
    """Write out all that is kept about a person in an enquiry, for them. Nothing is left out: look through it first."""
    from bot import council, enquiring, opening
    from bot.person_file import Form, make_here
    from bot.web.showing import texts_of

    form = next((one for one in Form if to.suffix == f".{one}"), None)
    if form is None:
        _fail(f"{to.name} is to end with .json or .docx.")
    settings = settings_module.load()
    with closing(opening.open_store(settings)) as store:
        texts = texts_of(council.values_now(store, settings))
        enquiry_id = enquiring.look_at(store, reference).enquiry.enquiry_id
        # Made before anything is recorded: a file that is there stays as it is.
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as target:
            target.write(make_here(store, enquiry_id, form, texts, datetime.now(UTC)).content)
    _say("Written. Nothing was left out: look for what concerns others, or could do serious harm, before you give it.")


@app.command()
def keep(
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is due, and change nothing.")] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Forget what is due though something looks wrong: you looked, it is right.")
    ] = False,
) -> None:
    """Look for what has been kept for as long as the council says, and let go of what goes by itself."""
    from bot import council, opening, retaining

    if dry_run and anyway:
        _fail("--dry-run changes nothing, so there is nothing to do anyway. Leave one of them out.")
    settings, now = settings_module.load(), datetime.now(UTC)
    with closing(opening.open_store(settings)) as store:
        keeps = council.values_now(store, settings).keeps
        if not dry_run:
            looked = retaining.look(store, keeps, now, anyway=anyway)
            if looked.refusal is not None and looked.refusal not in retaining.OF_THE_AUDIT:
                _fail(
                    f"Nothing was forgotten. {retaining.REFUSED[looked.refusal]} Look at what is due with --dry-run. "
                    "If it is right, do: python -m bot keep --anyway"
                )
            if looked.is_first:
                _say("This is the first look, so nothing was forgotten. From now on the clock is trusted.")
            else:
                _say(f"{looked.forgotten} unfinished conversations forgotten.")
            if looked.audit or looked.facts:
                _say(
                    f"Let go of, as their years had passed: {looked.audit} rows of the audit, "
                    f"{looked.facts} facts of what was forgotten."
                )
            if not looked.is_scrubbed:
                _say("What was forgotten lies in the database's log until whoever reads it for long is done.")
            if looked.refusal is not None:
                _fail(
                    f"The audit was left as it is. {retaining.REFUSED[looked.refusal]} Look at what is due with "
                    "--dry-run. If it is right, do: python -m bot keep --anyway"
                )
            return
        with store.reading() as seen:
            found = retaining.due(seen, keeps, now)
    _show_due(found)


def _show_due(found: "Due") -> None:
    from bot import retaining

    table = Table("what", Column("id", no_wrap=True), Column("since, UTC", no_wrap=True), "what happens")
    for what, aged, happens in (
        ("unfinished", found.unfinished, "goes by itself"),
        ("waiting", found.waiting, "stays; the team is reminded"),
        ("closed", found.closed, "managers decide"),
    ):
        for one in aged:
            table.add_row(what, one.id[:ENOUGH_OF_AN_ID], one.since.strftime("%Y-%m-%d %H:%M"), happens)
    if table.row_count:
        out.print(table)
    _say(
        f"Due: {len(found.unfinished)} unfinished conversations go by themselves, {len(found.waiting)} finished ones "
        f"wait for the team, {len(found.closed)} closed enquiries wait for a decision. On hold: {found.held}."
    )
    _say(f"Of the audit {found.audit} rows go by themselves, and {found.facts} facts of what was forgotten.")
    _say(f"Of {found.size.conversations} conversations and {found.size.enquiries} enquiries. Nothing was changed.")
    if found.refusal is not None:
        what = "Nothing of the audit" if found.refusal in retaining.OF_THE_AUDIT else "Nothing"
        _say(f"{what} would go now. {retaining.REFUSED[found.refusal]}")


@app.command()
def figures(
    year: Annotated[int, typer.Option(min=1, max=9998, help="The year that begins with April of this one.")],
    by: Annotated[By, typer.Option(help="Into which columns they are broken down.")] = By.NOTHING,
    *,
    recount: Annotated[
        bool, typer.Option("--recount", help="Work out first, from all that is kept, what each enquiry counts as.")
    ] = False,
) -> None:
    """Count the national tables and our own measures for a year, exactly. What is doubtful about them follows."""
    from bot import opening, reporting
    from bot.figures import MEASURES, Period
    from bot.roles import Actor, Role

    # Whoever has the key sees everything, as with every command; there is no account to name.
    actor = Actor("", Role.AUDITOR)
    with closing(opening.open_store(settings_module.load())) as store:
        if recount:
            with store.begin() as kept:
                kept.facts.mark([one.enquiry_id for one in kept.enquiries.listed()])
        store.work_out_facts()
        asked = reporting.Asked(period=Period.of_year(year), measures=tuple(MEASURES), by=by)
        found = reporting.tables(store, actor, asked, datetime.now(UTC))
        doubtful = reporting.doubts(store, actor, asked)
    out.print(Text(f"{asked.period.label}. Exact figures: not to be published as they are.", "bold"))
    for counted in found:
        spoken = f", as the {counted.spoken} says" if counted.spoken else ""
        of = " ".join(filter(None, (counted.measure.table, f"{counted.measure.heading}{spoken}")))
        columns = (Column(one.label, justify="right") for one in counted.columns)
        table = Table(Column("", min_width=30), *columns, title=of, caption=f"Of: {counted.measure.base}")
        for cell in counted.measure.cells:
            table.add_row(cell.label, *(f"{counted.counts[cell.id, one.id]:,}" for one in counted.columns))
        table.add_row("of", *(f"{counted.base[one.id]:,}" for one in counted.columns), style="dim")
        out.print(table)
    for one in doubtful:
        _say(f"Look at this first: {one.say} ({one.number:,})")


@app.command()
def demo(
    enquiries: Annotated[
        int,
        typer.Option(
            min=1,
            help=f"How many enquiries to make up. More than {A_YEAR_FROM:,} are a year's, as --year makes them: 185270 "
            "are those of England in 2024-25, made in minutes, and take some 4 GB.",
        ),
    ] = 50,
    year: Annotated[
        bool,
        typer.Option(
            "--year",
            help="A whole year, April to March, for its figures: every enquiry was closed in it. Conversations are "
            "brief, so as to need little time and room: they ask what is counted and nothing else.",
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed on the same day makes up the same.")] = 1,
    teams: Annotated[int, typer.Option(min=1, help="How many teams work on them.")] = 2,
) -> None:
    """Fill an empty database with made-up enquiries, teams and people, marked as such. Nothing real may be in it."""
    from bot import demo as made_up
    from bot import opening, serving

    settings = settings_module.load()
    serving.make_ready(settings, _say)
    with closing(opening.open_store(settings)) as store, opening.using(settings, opening.Use.ALONE):
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        made = made_up.make_up(
            store,
            made_up.load_tools(),
            enquiries=enquiries,
            teams=teams,
            seed=seed,
            now=midnight,
            shape=made_up.Shape.YEAR if year or enquiries > A_YEAR_FROM else made_up.Shape.WORK,
            hands=os.cpu_count() or 1,
            told=lambda done: _say(f"{done} of {enquiries} enquiries") if done % TOLD_EVERY == 0 else None,
        )
    for one in made.people:
        _say(f"{one.role.replace('_', ' ')}: {one.name}, {one.team or 'in no team'}, {one.email}")
        _say(f"  {serving.link_address(settings, one.secret)}")
    _say(f"Made up: {made.enquiries} enquiries, {made.conversations} conversations, {made.turns} turns.")
    _say("The links are shown only here. Each is good once, for a week: whoever follows it chooses how to sign in.")


@app.command(name="check-interview")
def check_interview() -> None:
    """Check the wording and the rules of the interview."""
    from actions.record import ACTION_NAMES
    from bot.interview_checks import check
    from bot.project import text

    problems = check(
        domain=text("domain.yml"),
        rules=text("data/rules.yml"),
        nlu=text("data/nlu.yml"),
        stories=text("tests/test_stories.yml"),
        config=text("config.yml"),
        actions=ACTION_NAMES,
    )
    for problem in problems:
        err.print(Text(str(problem), "bold red"))
    if problems:
        raise SystemExit(1)
    _say("The interview holds to its rules.")


@app.command()
def shell() -> None:
    """Talk to the dialogue in `rasa shell`, for those who develop it. What is typed lands in the store."""
    from bot import opening, serving

    settings = settings_module.load()
    serving.make_ready(settings, _say)
    with closing(opening.open_store(settings)) as store:
        model = serving.prepare(settings, _say)
        _say("Begin with /begin. Answer in words of your own invention; at a choice that leads on, type its id.")
        asyncio.run(serving.shell(settings, store, model))


@keys.command(name="new")
def new_key() -> None:
    """Make a root key where OWNWORDS_ROOT_KEY says, if there is none."""
    from bot import opening
    from bot.store import RootKey, Store

    settings = settings_module.load()
    if settings.root_key_command:
        _fail("OWNWORDS_ROOT_KEY_COMMAND hands over the root key. Make one where that program has it from.")
    if not settings.root_key.exists() and Store.is_made(settings.database):
        opening.root_keys(settings)
    if settings.root_key.resolve().is_relative_to(settings.data.resolve()):
        _fail("OWNWORDS_ROOT_KEY lies inside OWNWORDS_DATA. Choose another place, so that no backup carries the key.")
    key = RootKey.create(settings.root_key)
    _say(f"Made root key {key.key_id} in {settings.root_key}. Keep a copy somewhere safe.")


@keys.command(name="next")
def next_key() -> None:
    """Make the next root key beside the one of now, to be put wherever else Own Words runs. Nothing uses it yet."""
    from bot import opening

    key = opening.custody(settings_module.load()).next()
    _say(f"Root key {key.key_id} is the next one. Put it beside the other on every machine; then do: keys rotate")


@keys.command()
def rotate() -> None:
    """Put a new root key in place of the old one, while the site is open. It may be run again after an interruption."""
    from bot import opening

    settings = settings_module.load()
    # Before anything is made: where the key went missing, this says so.
    opening.root_keys(settings)
    with opening.replacing_the_root_key(settings):
        kept = opening.custody(settings)
        new = kept.next()
        with closing(opening.open_store(settings)) as store:
            rotated = store.rotate(new, pause=GIVEN_TO_OTHERS)
        if rotated.damaged:
            _say(f"{rotated.damaged} keys are damaged and stay as they are: `python -m bot verify` names them.")
        _say(kept.settle(datetime.now(UTC)))
    _say(f"{rotated.wrapped} keys now lie under root key {new.key_id}. Copy it to its safe place; then make a backup.")


@keys.command(name="checkpoint")
def checkpoint_key() -> None:
    """Show the public half of the key that signs checkpoints, and make the key if there is none."""
    from bot.store.checkpoints import CheckpointKey

    settings = settings_module.load()
    key = CheckpointKey.read(settings.checkpoint_key, outside=settings.data)
    if key is None:
        key = CheckpointKey.create(settings.checkpoint_key)
        _say(f"Made a checkpoint key: {settings.checkpoint_key}. It is not the root key, and opens nothing.")
    _say(f"Checkpoints are signed by {key.public}. Write that down somewhere else.")


@account.command(name="first")
def first_administrator() -> None:
    """Print the one-time link by which the first administrator is made, in place of any before it."""
    from bot import opening, signing_in

    settings = settings_module.load()
    with closing(opening.open_store(settings)) as store:
        secret = signing_in.first_administrator_link(store, datetime.now(UTC))
    if secret is None:
        _fail("There is an administrator already. For a new way in: python -m bot account link EMAIL")
    _say_link(settings, secret)


@account.command(name="link")
def reset_link(email: Annotated[str, typer.Argument(metavar="EMAIL", help="As the account has it.")]) -> None:
    """Print a one-time link by which somebody chooses anew how to sign in. Whatever they had before then ends."""
    from bot import opening, signing_in

    settings = settings_module.load()
    with closing(opening.open_store(settings)) as store:
        secret = signing_in.reset_link(store, email, datetime.now(UTC))
    _say_link(settings, secret)


def _say_link(settings: Settings, secret: str) -> None:
    from bot import serving

    _say("Whoever opens this chooses how to sign in. It works once, within 24 hours; give it to nobody else:")
    _say(serving.link_address(settings, secret))


@enquiry.command(name="open")
def open_enquiry(reference: Reference) -> None:
    """Open an enquiry, under a reference that no other one has."""
    from bot import enquiring, opening

    with closing(opening.open_store(settings_module.load())) as store:
        enquiring.open_enquiry(store, reference, datetime.now(UTC))
    _say("The enquiry is open. Invite people to it with: python -m bot enquiry invite")


@enquiry.command(name="close")
def close_enquiry(reference: Reference) -> None:
    """Close an enquiry. Conversations under way go on, and people can still be asked how it was for them."""
    from bot import enquiring, opening

    with closing(opening.open_store(settings_module.load())) as store:
        enquiring.close(store, reference, datetime.now(UTC))
    _say("The enquiry is closed.")


@enquiry.command(name="reopen")
def reopen_enquiry(reference: Reference) -> None:
    """Open a closed enquiry again."""
    from bot import enquiring, opening

    with closing(opening.open_store(settings_module.load())) as store:
        enquiring.reopen(store, reference, datetime.now(UTC))
    _say("The enquiry is open again.")


@enquiry.command(name="list")
def list_enquiries() -> None:
    """List the enquiries, without any words of theirs."""
    from bot import opening

    with closing(opening.open_store(settings_module.load())) as store, store.reading() as seen:
        listed = seen.enquiries.listed()
        held = [len(seen.conversations.listed(enquiry_id=one.enquiry_id)) for one in listed]
    table = Table("reference", Column("opened", no_wrap=True), Column("closed", no_wrap=True))
    table.add_column("conversations", justify="right")
    for one, count in zip(listed, held, strict=True):
        reference = Text(_plain(one.reference or ""))
        table.add_row(reference, _day(one.opened_at), _day(one.closed_at) if one.closed_at else "", str(count))
    out.print(table if listed else "There are no enquiries yet.")


@enquiry.command()
def invite(
    reference: Reference,
    stage: Annotated[Stage, typer.Option(help="Which conversation it is.")],
    speaker: Annotated[Guest, typer.Option(help="Who is invited to speak.")],
    contact: Annotated[
        str, typer.Option(help='Whether it is safe to get in touch, and how: "yes, by letter to her sister", or "no".')
    ],
    days: Annotated[int, typer.Option(help="For how many days it is good.")] = 14,
    *,
    paper: Annotated[
        bool, typer.Option("--paper", help="To enter what was said on paper, with the real date.")
    ] = False,
    words: Annotated[bool, typer.Option("--words", help="A code of six words instead of two numbers.")] = False,
    qr: Annotated[
        Path | None, typer.Option(help="A file to make: the address, without the code, as a QR code.")
    ] = None,
) -> None:
    """Invite somebody to one conversation, once. The code is printed here and kept nowhere."""
    from bot import enquiring, opening
    from bot.codes import Door, shown
    from bot.project import load_code_words
    from bot.store import Disguise, Origin

    settings = settings_module.load()
    if not settings.address:
        _fail("Nobody can know from here where the site is reached. Set OWNWORDS_ADDRESS.")
    address = f"{settings.address}/invited"
    with closing(opening.open_store(settings)) as store:
        invited = asyncio.run(
            enquiring.invite(
                Door(store, load_code_words()),
                reference,
                stage,
                Speaker(speaker),
                contact,
                datetime.now(UTC),
                valid_days=days,
                origin=Origin.PAPER if paper else Origin.PAGE,
                disguise=Disguise.WORDS if words else Disguise.NUMBERS,
            )
        )
    _say(f"Address: {address}")
    _say(f"Code:    {'  '.join(shown(invited.code))}")
    _say(f"It begins one conversation ({stage}, {speaker}), once, until {invited.valid_until:%Y-%m-%d %H:%M} UTC.")
    _say("The code is shown only here. Pass it on in the safe way that you named, and in no other.")
    if qr is not None:
        with _new_file(qr) as target:
            target.write(enquiring.qr_code(address))
        _say(f"QR code of the address, without the code: {qr}")


@enquiry.command()
def withdraw(
    reference: Reference, number: Annotated[int, typer.Argument(help="As `enquiry show` numbers the invitations.")]
) -> None:
    """End an invitation that was not used yet, such as one that went astray."""
    from bot import enquiring, opening

    with closing(opening.open_store(settings_module.load())) as store:
        enquiring.withdraw(store, reference, number, datetime.now(UTC))
    _say("The invitation has ended. Its code begins nothing any more.")


@enquiry.command()
def join(
    conversation_id: Annotated[str, typer.Argument(metavar="CONVERSATION", help="As `conversations` lists it.")],
    reference: Reference,
) -> None:
    """Say that a conversation that somebody began by themselves belongs to an enquiry."""
    from bot import enquiring, opening

    with closing(opening.open_store(settings_module.load())) as store:
        enquiring.join(store, _meant(store, conversation_id), reference)
    _say("The conversation belongs to the enquiry now.")


@enquiry.command(name="show")
def show_enquiry(reference: Reference) -> None:
    """Show an enquiry: what is wanted, every wording dated, every voice apart. Not how it was for people."""
    from bot import enquiring, opening

    with closing(opening.open_store(settings_module.load())) as store:
        view = enquiring.look_at(store, reference)
    moves = ", ".join(f"{one.move} {_day(one.at)}" for one in view.moves)
    out.print(Text.assemble((_plain(view.enquiry.reference or ""), "bold"), f": {moves}"))
    _show_conversations(view)
    for number, outcome in enumerate(view.outcomes, 1):
        _show_outcome(number, outcome)
    _say("\nProposed, from what was said; it is no finding:")
    for voice, proposal in view.proposals.items():
        decided = ", because the person said so of the whole" if proposal and proposal.from_person else ""
        _say(f"  as the {voice} says: {proposal.achieved if proposal else 'nothing was said'}{decided}")
    for number, one in enumerate(view.invitations, 1):
        if number == 1:
            out.print(Text("\nInvitations", "bold"))
        _say(f"  {number}. {one.stage}, {one.speaker}: {_became(one)}; safe to contact: {_plain(one.contact)}")


def _show_conversations(view: "EnquiryView") -> None:
    from bot.conversation import Kind
    from bot.store import Origin

    out.print(Text("\nConversations", "bold"))
    for one in view.conversations:
        told = [f"{one.conversation_id[:ENOUGH_OF_AN_ID]}  {one.stage}, {one.speaker}, {_day(one.begun_at)}"]
        if one.origin is Origin.PAPER:
            told.append(f"from paper, said on {one.said_on}" if one.said_on else "from paper")
        told.append("ended" if one.last_kind is Kind.ENDING else "open")
        _say(f"  {', '.join(told)}")
    if any(one.stage is Stage.EXPERIENCE for one in view.conversations):
        _say("  How it was for people is not shown here: whoever led the enquiry does not see who said what.")


def _show_outcome(number: int, outcome: "EnquiryOutcome") -> None:
    out.print(Text(f"\nWanted {number}, as the {outcome.voice} says: {outcome.status.replace('_', ' ')}", "bold"))
    for wording in outcome.wordings:
        added = "added: " if wording.is_addition else ""
        _say(f"  {_who(wording)}: {added}{_plain(wording.words)}")
        if wording.original:
            _say(f"    in their own language: {_plain(wording.original)}")
        for why in wording.why:
            _say(f"    why: {_plain(why)}")
    for verdict in outcome.reviewed:
        _say(f"  {_who(verdict)}, {verdict.stage}: {verdict.value.replace('_', ' ')}")
        for name, said in (("why", verdict.why), ("what is different", verdict.difference)):
            for words in said:
                _say(f"    {name}: {_plain(words)}")
    for verdict in outcome.own_verdicts:
        _say(f"  {_day(verdict.said_at)} the practitioner's own view: {verdict.value.replace('_', ' ')}")


def _who(part: "Part") -> str:
    whose = f" ({part.whose.replace('_', ' ')})" if part.whose is not None else ""
    return f"{_day(part.said_at)} {part.speaker}{whose}"


def _became(one: "Invitation") -> str:
    if one.used_at is not None:
        return f"used {_day(one.used_at)}"
    if one.ended_at is not None:
        return f"ended {_day(one.ended_at)}"
    return f"until {one.valid_until:%Y-%m-%d %H:%M} UTC"


@enquiry.command(name="export")
def export_enquiry(
    reference: Reference,
    to: Annotated[Path | None, typer.Option(help="A file to make (0600); without it, standard output.")] = None,
    taken_back: Annotated[
        TakenBack, typer.Option(help="What a person took back: left out, or where the law says so, kept in.")
    ] = TakenBack.LEFT_OUT,
    *,
    fhir: Annotated[
        bool,
        typer.Option(
            "--fhir",
            help="A FHIR R4 bundle for another system: finished conversations, without safe contact and private notes.",
        ),
    ] = False,
    experience: Annotated[
        bool, typer.Option("--experience", help="With --fhir: how it was for people too. Never for whoever led it.")
    ] = False,
) -> None:
    """Write out a whole enquiry as one JSON object, how it was for people too. It is not for whoever led it."""
    from bot import enquiring, exporting, opening

    if fhir:
        _export_fhir(reference, to, taken_back, experience=experience)
        return
    if experience:
        _fail("--experience goes with --fhir. Without it, how it was for people is always in.")
    with closing(opening.open_store(settings_module.load())) as store:
        enquiry_id = enquiring.look_at(store, reference).enquiry.enquiry_id
        found = exporting.take_out_here(store, enquiry_id, taken_back, datetime.now(UTC))
    with _new_file(to) as target:
        # ASCII only: a lone surrogate has no place in UTF-8, and comes through as its escape.
        target.write(json.dumps(found, ensure_ascii=True) + "\n")
    err.print(f"{len(found['conversations'])} conversations written.")


def _export_fhir(reference: str, to: Path | None, taken_back: TakenBack, *, experience: bool) -> None:
    from bot import council, enquiring, opening
    from bot.interoperating.fhir import NotValid
    from bot.interoperating.taking import Written, take_out_here
    from bot.web.showing import texts_of

    if taken_back is not TakenBack.LEFT_OUT:
        _fail("What was taken back is never in a FHIR bundle. Leave --fhir out, or --taken-back.")
    stages = tuple(stage for stage in Stage if experience or stage is not Stage.EXPERIENCE)
    now = datetime.now(UTC)
    with closing(opening.open_store(settings_module.load())) as store:
        enquiry_id = enquiring.look_at(store, reference).enquiry.enquiry_id
        texts = texts_of(council.values_now(store, settings_module.load()))
        try:
            taken = take_out_here(store, enquiry_id, Written.FHIR, texts, now, stages)
        except NotValid as error:
            _fail(str(error))
    with _new_file(to) as target:
        target.write(taken.content.decode("ascii"))
    err.print(f"{taken.conversations} conversations written as FHIR.")


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def run_rasa(*arguments: str) -> int:
    """Run a Rasa command in the box's environment, from the project folder."""
    from bot.dialogue import box_environment

    settings = settings_module.load()
    command = [str(settings.box_python), "-m", "rasa", *arguments]
    return subprocess.run(command, cwd=ROOT, env=box_environment(settings.data, {}), check=False).returncode


@app.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True, "help_option_names": []},
)
def rasa(context: typer.Context) -> None:
    """Run any Rasa command with the box's environment, for example: python -m bot rasa data validate."""
    raise SystemExit(run_rasa(*context.args))
