"""Settings, from the environment and `.env`. A bad value stops the start and names its variable."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import dotenv_values

ROOT = Path(__file__).resolve().parent.parent
"""The project folder: Rasa's files and the default places for data lie here."""


class BadSetting(Exception):
    """A setting that cannot be used; the message names the variable, what is wrong and what would be right."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that may differ from one place to another. Each field is `OWNWORDS_<NAME>` in `.env.example`."""

    data: Path
    """Where everything written lives: database, models, logs without words."""
    database: str
    root_key: Path
    """The key that opens all others. Never inside `data`."""
    host: str
    port: int
    box_port: int
    """Loopback port of the dialogue engine; 0 takes any free one."""
    actions_port: int
    """Loopback port on which the app serves the custom actions; 0 takes any free one."""
    box_python: Path
    address: str
    """Where the site is reached from outside, for invitations: no path, no last slash; empty where nobody can know."""
    walk_in: bool
    """Whether somebody may begin who was not invited."""
    secure_cookies: bool
    team_host: str
    """The host name that the team's side alone is reached by; empty where both sides have the same."""
    team: str
    """The team as the person reads it: "the safeguarding team" of a council has a plainer name here."""
    read_within: str
    """When a person reads what was said, in plain words."""
    phone: str
    phone_hours: str
    out_of_hours_phone: str
    leave_to: str
    """Where "Leave quickly" goes: a page without anything personal on it."""
    proxies: str
    """Addresses of the proxies in front, with commas between: only they are believed about who is calling."""
    breached_passwords: Path | None
    """A list of passwords that were stolen elsewhere; None where there is no such list."""
    oidc_issuer: str
    """Where the council's own accounts are, to sign in with (OpenID Connect); empty where that is not wanted."""
    oidc_client_id: str
    oidc_client_secret: str = field(repr=False)
    oidc_name: str
    """What people call those accounts."""
    guidance: Path
    """The folder of the documents that the team reads and confirms."""
    smtp: str = field(repr=False)
    """The mail server that takes notices of flags; empty where none are sent."""
    notice_from: str
    """The address that notices come from."""
    backups: Path | None
    """The folder that backups go to, best on another disk; None where none are made."""
    backup_every: int
    """Minutes between two backups, and so what is lost at most."""
    backups_kept: int
    """How many of the newest stay, beside the last one of each day."""


DEFAULTS: dict[str, str] = {
    "DATA": "var",
    "DATABASE": "",
    "ROOT_KEY": "keys/root.key",
    "HOST": "127.0.0.1",
    "PORT": "8000",
    "BOX_PORT": "0",
    "ACTIONS_PORT": "0",
    "BOX_PYTHON": ".venv-box/bin/python",
    "ADDRESS": "",
    "WALK_IN": "yes",
    "SECURE_COOKIES": "no",
    "TEAM_HOST": "",
    "TEAM": "the adult support team",
    "READ_WITHIN": "two working days",
    "PHONE": "",
    "PHONE_HOURS": "",
    "OUT_OF_HOURS_PHONE": "",
    "LEAVE_TO": "https://www.bbc.co.uk/weather",
    "PROXIES": "",
    "BREACHED_PASSWORDS": "",
    "OIDC_ISSUER": "",
    "OIDC_CLIENT_ID": "",
    "OIDC_CLIENT_SECRET": "",
    "OIDC_NAME": "your council account",
    "GUIDANCE": "docs/guidance",
    "SMTP": "",
    "NOTICE_FROM": "",
    "BACKUPS": "",
    "BACKUP_EVERY": "15",
    "BACKUPS_KEPT": "24",
}

BOX_OWN = frozenset({"BOX_SECRET", "ACTIONS_URL"})
"""What the app tells the dialogue engine; in the environment of whoever runs `rasa shell` by hand."""


def load(environment: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
    """Read the settings; the environment wins over `.env`. Raises BadSetting."""
    try:
        kept = dotenv_values(env_file if env_file is not None else ROOT / ".env")
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(f".env cannot be read as text in UTF-8: {error}.") from error
    found = {**kept, **(os.environ if environment is None else environment)}
    named = {name.removeprefix("OWNWORDS_") for name in found if name.startswith("OWNWORDS_")}
    unknown = sorted(named - DEFAULTS.keys() - BOX_OWN)
    if unknown:
        raise BadSetting(f"OWNWORDS_{unknown[0]} is not a setting of Own Words; .env.example names them all.")

    def value(name: str) -> str:
        return found.get(f"OWNWORDS_{name}") or DEFAULTS[name]

    data = _path(value("DATA"))
    host, port = value("HOST"), _port("PORT", value("PORT"))
    return Settings(
        data=data,
        database=_database(value("DATABASE") or f"sqlite:///{data / 'ownwords.sqlite3'}"),
        root_key=_path(value("ROOT_KEY")),
        host=host,
        port=port,
        box_port=_port("BOX_PORT", value("BOX_PORT")),
        actions_port=_port("ACTIONS_PORT", value("ACTIONS_PORT")),
        box_python=_path(value("BOX_PYTHON")),
        address=_site("ADDRESS", value("ADDRESS")) if value("ADDRESS") else _own_address(host, port),
        walk_in=_yes_or_no("WALK_IN", value("WALK_IN")),
        secure_cookies=_yes_or_no("SECURE_COOKIES", value("SECURE_COOKIES")),
        team_host=_host("TEAM_HOST", value("TEAM_HOST")),
        team=value("TEAM"),
        read_within=value("READ_WITHIN"),
        phone=value("PHONE"),
        phone_hours=value("PHONE_HOURS"),
        out_of_hours_phone=value("OUT_OF_HOURS_PHONE"),
        leave_to=_address("LEAVE_TO", value("LEAVE_TO")),
        proxies=_networks("PROXIES", value("PROXIES")),
        breached_passwords=_path(value("BREACHED_PASSWORDS")) if value("BREACHED_PASSWORDS") else None,
        oidc_issuer=_issuer(value("OIDC_ISSUER")) if value("OIDC_ISSUER") else "",
        oidc_client_id=value("OIDC_CLIENT_ID"),
        oidc_client_secret=value("OIDC_CLIENT_SECRET"),
        oidc_name=value("OIDC_NAME"),
        guidance=_path(value("GUIDANCE")),
        smtp=_mail_server(value("SMTP"), value("NOTICE_FROM")),
        notice_from=value("NOTICE_FROM"),
        backups=_path(value("BACKUPS")) if value("BACKUPS") else None,
        backup_every=_number("BACKUP_EVERY", value("BACKUP_EVERY"), most=24 * 60),
        backups_kept=_number("BACKUPS_KEPT", value("BACKUPS_KEPT"), most=10_000),
    )


def _path(written: str) -> Path:
    # Not resolved: `.venv-box/bin/python` is a link that must stay one for its environment to be found.
    return ROOT / Path(written).expanduser()


def _port(name: str, written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) <= 5 and int(written) <= 65535):
        raise BadSetting(f"OWNWORDS_{name} is {written!r}; it must be a port number from 0 to 65535.")
    return int(written)


def _number(name: str, written: str, *, most: int) -> int:
    if not (re.fullmatch("[0-9]{1,5}", written) and 1 <= int(written) <= most):
        raise BadSetting(f"OWNWORDS_{name} is {written!r}; it must be a number from 1 to {most}.")
    return int(written)


def _yes_or_no(name: str, written: str) -> bool:
    if written.lower() not in {"yes", "no"}:
        raise BadSetting(f"OWNWORDS_{name} is {written!r}; it must be yes or no.")
    return written.lower() == "yes"


def _database(written: str) -> str:
    if not written.removeprefix("sqlite:///") or not written.startswith("sqlite:///"):
        # The value itself is not repeated: it may hold a password.
        raise BadSetting("OWNWORDS_DATABASE must begin with sqlite:/// and a path; other databases come later.")
    return written


def _networks(name: str, written: str) -> str:
    for one in filter(None, (part.strip() for part in written.split(","))):
        try:
            ip_network(one, strict=False)
        except ValueError:
            raise BadSetting(f"OWNWORDS_{name} has {one!r} in it; it must hold addresses such as 127.0.0.1.") from None
    return written


def _address(name: str, written: str) -> str:
    if not _is_whole(written):
        raise BadSetting(f"OWNWORDS_{name} is {written!r}; it must be a whole address such as {DEFAULTS[name]}.")
    return written


def _site(name: str, written: str) -> str:
    found = written.rstrip("/")
    # It is read out, typed and put into a QR code: nothing may stand behind it, and no name or password in it.
    if not _is_whole(found) or re.search(r"[\s?#@\\]", found) or "/" in found.partition("//")[2]:
        raise BadSetting(
            f"OWNWORDS_{name} is {written!r}; it must be a whole address without a path, such as https://words.example."
        )
    return found


def _host(name: str, written: str) -> str:
    if written and not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", written.lower()):
        raise BadSetting(f"OWNWORDS_{name} is {written!r}; it must be a host name alone, such as team.words.example.")
    return written.lower()


def _issuer(written: str) -> str:
    parts = urlsplit(written) if _is_whole(written) else None
    # In clear it could be read and changed on the way; on this machine alone there is no way.
    if parts is None or not (parts.scheme == "https" or parts.hostname in {"127.0.0.1", "localhost"}):
        raise BadSetting(
            f"OWNWORDS_OIDC_ISSUER is {written!r}; it must be a whole address with https, as the other side writes it."
        )
    return written


def _mail_server(written: str, sender: str) -> str:
    if not written:
        return ""
    try:
        parts = urlsplit(written)
        is_server = (
            parts.scheme in {"smtp", "smtps"}
            and bool(parts.hostname)
            and parts.port != 0
            and not (parts.path or parts.query)
        )
    except ValueError:
        is_server = False
    if not is_server:
        # The value itself is not repeated: it may hold a password.
        raise BadSetting("OWNWORDS_SMTP must be a mail server such as smtps://name:password@mail.council.example:465.")
    if not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", sender):
        raise BadSetting(
            f"OWNWORDS_NOTICE_FROM is {sender!r}; it must be an e-mail address, where there is OWNWORDS_SMTP."
        )
    return written


def _own_address(host: str, port: int) -> str:
    if host in {"0.0.0.0", "::"} or not port:  # noqa: S104 compared, not listened on
        return ""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _is_whole(written: str) -> bool:
    try:
        parts = urlsplit(written)
        return parts.scheme in {"https", "http"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
