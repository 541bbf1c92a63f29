"""What a form sent, to the character. The plain form sends CRLF where the script sends LF; nothing else differs."""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

from starlette.exceptions import HTTPException
from starlette.requests import Request

URLENCODED = "application/x-www-form-urlencoded"
MOST_FIELDS = 200
"""More than any page of ours sends."""
IN_PARTS = re.compile(r"""multipart/form-data; ?boundary="?([0-9A-Za-z'()+_,./:=?-]{1,70})"?""", re.IGNORECASE)
"""As a browser sends a form with a file. Nothing else may stand there: a name of an encoding, for one."""
MOST_BESIDE_A_FILE = 10
"""More fields than any page of ours sends with a file."""


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of one form, in the order sent."""

    fields: tuple[tuple[str, str], ...]
    file: bytes | None = field(default=None, repr=False)
    """The file that was chosen, as it came; None where none was."""

    def has(self, name: str) -> bool:
        """Whether the page had such a field at all."""
        return any(field == name for field, _ in self.fields)

    def one(self, name: str) -> str:
        """The value of a field; empty when it was not sent."""
        return next((value for field, value in self.fields if field == name), "")

    def every(self, name: str) -> tuple[str, ...]:
        """All values of a field."""
        return tuple(value for field, value in self.fields if field == name)

    @property
    def words(self) -> str:
        """What stood in the answer box: line breaks as the box has them, everything else as it came."""
        return self.typed("words")

    @property
    def original(self) -> str:
        """What stood in the box for the person's own language, beside an interpreter's English."""
        return self.typed("original")

    @property
    def note(self) -> str:
        """What stood in the box for a practitioner's own note."""
        return self.typed("note")

    def typed(self, name: str) -> str:
        """What stood in a box."""
        return self.one(name).replace("\r\n", "\n")


async def read_form(request: Request) -> Form:
    """Read the form that was sent. Only our own pages send any, so anything else is refused as it stands.

    Raises HTTPException: 400 for what no browser makes of a page of ours, 413 for more than the guard lets through.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != URLENCODED:
        raise HTTPException(400)
    form = parse(await request.body())
    request.state.form = form
    return form


async def read_form_with_file(request: Request) -> Form:
    """Read the form of a page on which a file can be chosen. Sent again by another page of ours, it has no file.

    The file is in memory alone: the guard lets less through than Starlette would put on the disk. Its name is never
    looked at. Raises HTTPException as `read_form` does.
    """
    in_parts = IN_PARTS.fullmatch(request.headers.get("content-type", ""))
    if in_parts is None:
        return await read_form(request)
    if not (await request.body()).removesuffix(b"\r\n").endswith(f"\r\n--{in_parts[1]}--".encode()):
        # Its end is missing, and so may be a part of the file.
        raise HTTPException(400)
    fields: list[tuple[str, str]] = []
    file = None
    async with request.form(max_files=1, max_fields=MOST_BESIDE_A_FILE) as sent:
        for name, value in sent.multi_items():
            if isinstance(value, str):
                fields.append((name, value))
            elif value.filename:
                file = await value.read()
    form = Form(tuple(fields), file)
    request.state.form = form
    return form


def parse(body: bytes) -> Form:
    """Read the body of a form. Raises HTTPException 400 when it is not UTF-8, or has more fields than any page."""
    pairs = [pair for pair in body.split(b"&") if pair]
    if len(pairs) > MOST_FIELDS:
        raise HTTPException(400)
    try:
        return Form(tuple((_decoded(name), _decoded(value)) for name, _, value in (p.partition(b"=") for p in pairs)))
    except UnicodeDecodeError as error:
        raise HTTPException(400) from error


def _decoded(sent: bytes) -> str:
    return unquote_to_bytes(sent.replace(b"+", b" ")).decode("utf-8")
