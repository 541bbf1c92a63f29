"""Bytes that nobody would think of, for everything that reads what comes from outside (atheris, libFuzzer).

A reader may say no in the one way that it has. Anything else that it raises is a finding. Run as a program it tries one
reader: `python -m tests.abuse.readers NAME FOLDER SECONDS`.
"""

import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from bot.settings import ROOT
from tests.abuse.measuring import Length, Row, proven

SECONDS = 60
"""For each reader, in the long form: ten minutes and more in all."""
TIMES = 1_500
"""For each reader, in the short form, in which bytes are only altered by chance."""

Read = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader: how it is called, what it may raise, and bytes that it takes, to begin from."""

    read: Read
    refusals: tuple[type[Exception], ...]
    examples: tuple[bytes, ...]


def readers() -> Mapping[str, Reader]:
    """Give every reader by its name. Called where they are tried, so that what they import can be watched."""
    from starlette.datastructures import Headers
    from starlette.exceptions import HTTPException

    from bot.codes import canonical
    from bot.project import load_code_words
    from bot.publishing.comparing import BenchmarkNotRead, read_benchmark
    from bot.settings import BadSetting, load
    from bot.steps import StepRefused, Steps
    from bot.store.errors import NotRestored
    from bot.store.frames import opened, read_head
    from bot.web.forms import parse
    from bot.web.guard import came_from_our_own_page
    from bot.web.team.marks import Marks
    from box.deliveries import Malformed, read_conversation_id, read_deliveries

    key, words = b"k" * 32, load_code_words()
    steps, marks = Steps(key), Marks(key)
    token, beginning = steps.make("a" * 32, 3), steps.make_walking_in()

    def text(body: bytes) -> str:
        return body.decode("utf-8", "surrogateescape")

    def backup(body: bytes) -> object:
        source = io.BytesIO(body)
        head = read_head(source)
        return list(opened(source, key, head))

    def setting(body: bytes) -> object:
        name, _, value = text(body).partition("=")
        return load({f"OWNWORDS_{name}": value}, ROOT / "no-settings")

    figures = b"PLACE,YEAR,SOURCE,MEASURE,CELL,PERCENT\r\nEngland,2024-25,A table,achieved,fully,66\r\n"
    delivery = (
        b'{"conversation_id": "%b", "after": {"count": 0, "digest": "%b"}, '
        b'"turns": [{"number": 0, "intent": "begin", "choice": ["first", "person"]}]}' % (b"a" * 32, b"b" * 64)
    )
    return {
        "forms": Reader(parse, (HTTPException,), (b"step=a&do=answer&words=I+want%0D%0A%F0%9F%98%80",)),
        "step tokens": Reader(lambda body: steps.read(text(body)), (StepRefused,), (token.encode(),)),
        "welcome tokens": Reader(lambda body: steps.read_walking_in(text(body)), (StepRefused,), (beginning.encode(),)),
        "marks of kept forms": Reader(lambda body: marks.read_kept(text(body)), (), (b"WzEsMl0.aaaa",)),
        "codes": Reader(lambda body: canonical(text(body), words), (), (b"01234 567 890 01234 567 890", b"apple tree")),
        "origins": Reader(
            lambda body: came_from_our_own_page(Headers({"origin": body.decode("latin-1"), "host": "words.example"})),
            (),
            (b"https://words.example", b"http://[::1]:80"),
        ),
        "deliveries to the box": Reader(read_deliveries, (Malformed,), (delivery,)),
        "what the box forgets": Reader(read_conversation_id, (Malformed,), (b'{"conversation_id": "a"}',)),
        "figures of elsewhere": Reader(read_benchmark, (BenchmarkNotRead,), (figures,)),
        "frames of a backup": Reader(backup, (NotRestored,), (_a_backup(key),)),
        "settings": Reader(setting, (BadSetting,), (b"PORT=8000", b"PROXIES=10.0.0.0/8", b"SMTP=smtp://a:b@c:25")),
        PLANTED: Reader(_planted, (), (b"hale",)),
    }


PLANTED = "planted"


def _planted(body: bytes) -> None:
    if body[:1] == b"h" and body[1:2] == b"o" and body[2:3] == b"l" and body[3:4] == b"e":
        raise OverflowError


def _a_backup(key: bytes) -> bytes:
    from bot.store.frames import SealedWriter, write_head

    written = io.BytesIO()
    head = write_head(written, {"what": "words", "form": 1})
    writer = SealedWriter(written, key, head)
    writer.write(b"words " * 50)
    writer.finish()
    return written.getvalue()


def try_one(name: str, folder: Path, seconds: int) -> None:
    """Try one reader for so long. Ends the process: 0, or 77 where the reader raised something of another kind."""
    import atheris

    with atheris.instrument_imports(include=["bot", "box", "tests.abuse.readers"], enable_loader_override=False):
        reader = readers()[name]
    read = atheris.instrument_func(reader.read) if name == PLANTED else reader.read

    def once(body: bytes) -> None:
        try:
            read(body)
        except reader.refusals:
            return

    for number, example in enumerate(reader.examples):
        (folder / f"example-{number}").write_bytes(example)
    options = (f"-max_total_time={seconds}", "-max_len=4096", "-print_final_stats=1", f"-artifact_prefix={folder}/")
    atheris.Setup([sys.argv[0], *options, str(folder)], once)
    atheris.Fuzz()


def tried(name: str, seconds: int) -> tuple[bool, int, str]:
    """Try one reader in a process of its own. Whether it held, how many times it was tried, and what it raised."""
    with tempfile.TemporaryDirectory(prefix="own-words-readers-") as folder:
        told = subprocess.run(
            [sys.executable, "-m", "tests.abuse.readers", name, folder, str(seconds)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    lines = (told.stdout + told.stderr).splitlines()
    runs = next((int(line.split()[-1]) for line in lines if "number_of_executed_units" in line), 0)
    raised = next((line.split(":")[0] for line in lines[::-1] if "Error" in line or "Exception" in line), "")
    return told.returncode == 0, runs, raised


def altered(reader: Reader) -> tuple[bool, int, str]:
    """Try one reader here with what is left of its examples once bytes were changed, cut out and put in."""
    chance = Random(17)
    for number in range(TIMES):
        body = bytearray(chance.choice(reader.examples))
        for _ in range(chance.randint(1, 8)):
            place = chance.randrange(len(body) + 1)
            body[place : place + chance.choice((0, 1, 1, 9))] = chance.choice((b"", ODD[number % len(ODD)], b"%", b"["))
        try:
            reader.read(bytes(body))
        except reader.refusals:
            continue
        except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
            return False, number, type(error).__name__
    return True, TIMES, ""


ODD = (
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    b"%ED%A0%80",
    b"&" * 300,
    b"=",
    b"[[[[",
    b"9" * 5000,
    b"\xf0\x9f",
    b".",
    b"\r\n",
    b"e9999",
)


def measured(length: Length, folder: Path) -> Iterator[Row]:
    """Try every reader, and first the one that has a hole."""
    held, _, raised = tried(PLANTED, 20)
    yield proven("a reader that fails on four letters", is_found=not held and "OverflowError" in raised)
    names = [name for name in readers() if name != PLANTED]
    for name in names:
        held, runs, raised = tried(name, SECONDS) if length is Length.LONG else altered(readers()[name])
        is_met = held and runs > 0
        yield Row(f"readers, {name}: raised another thing than its refusal", raised or f"0 in {runs:,}", "0", is_met)


if __name__ == "__main__":
    try_one(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
