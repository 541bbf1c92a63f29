"""Settings, from the environment and `.env`. A bad value stops the start and names its variable."""

import os
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
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
    database: str = field(repr=False)
    """Where the words are kept, sealed: `sqlite:///` and a path, or the `postgresql://` address of a server's."""
    root_key: Path
    """The key that opens all others. Never inside `data`."""
    root_key_command: tuple[str, ...] = field(repr=False)
    """A program that prints the root key, and what it is told; empty where the key is in its file."""
    checkpoint_key: Path
    """The key that signs checkpoints. Never inside `data`."""
    checkpoints: Path
    """The file that checkpoints are added to, to be copied off the machine."""
    host: str
    port: int
    box_host: str
    """The address that the dialogue engine listens on."""
    box_port: int
    """The port of the dialogue engine; 0 takes any free one."""
    actions_host: str
    """The address on which the app serves the custom actions."""
    actions_port: int
    """The port on which the app serves the custom actions; 0 takes any free one."""
    actions_address: str
    """Where dialogue engines elsewhere find the custom actions of this app."""
    boxes: tuple[str, ...]
    """Where dialogue engines run that this app did not start; empty where it starts one of its own."""
    box_secret_file: Path | None = field(repr=False)
    """What apps and dialogue engines show each other, where these do not start those; None where they do."""
    apps: tuple[str, ...]
    """Every `actions_address` that a dialogue engine which runs by itself answers to, and calls for actions."""
    redis: str = field(repr=False)
    """What dialogue engines share; empty where there is one."""
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
    metrics: tuple[str, int] | None
    """The address and port of the numbers for the monitoring; None where it gets none."""
    beginnings: int
    """How many conversations may begin from one network in ten minutes before the next one waits."""
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
    "ROOT_KEY_COMMAND": "",
    "CHECKPOINT_KEY": "",
    "CHECKPOINTS": "",
    "HOST": "127.0.0.1",
    "PORT": "8000",
    "BOX_HOST": "127.0.0.1",
    "BOX_PORT": "0",
    "ACTIONS_HOST": "127.0.0.1",
    "ACTIONS_PORT": "0",
    "ACTIONS_ADDRESS": "",
    "BOXES": "",
    "BOX_SECRET_FILE": "",
    "APPS": "",
    "REDIS": "",
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
    "METRICS": "",
    "BEGINNINGS": "30",
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

BOX_OWN = frozenset({"BOX_SECRET", "ACTIONS_URL", "INTERVIEW"})
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
        root_key_command=_command("ROOT_KEY_COMMAND", value("ROOT_KEY_COMMAND")),
        checkpoint_key=_path(value("CHECKPOINT_KEY") or str(_path(value("ROOT_KEY")).with_name("checkpoint.key"))),
        checkpoints=_path(value("CHECKPOINTS") or str(data / "checkpoints.jsonl")),
        host=host,
        port=port,
        box_host=value("BOX_HOST"),
        box_port=_port("BOX_PORT", value("BOX_PORT")),
        actions_host=value("ACTIONS_HOST"),
        actions_port=_port("ACTIONS_PORT", value("ACTIONS_PORT")),
        actions_address=_site("ACTIONS_ADDRESS", value("ACTIONS_ADDRESS"))
        if value("ACTIONS_ADDRESS")
        else _own_address(value("ACTIONS_HOST"), _port("ACTIONS_PORT", value("ACTIONS_PORT"))),
        boxes=_sites("BOXES", value("BOXES")),
        box_secret_file=_path(value("BOX_SECRET_FILE")) if value("BOX_SECRET_FILE") else None,
        apps=_sites("APPS", value("APPS")),
        redis=_redis(value("REDIS")),
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
        metrics=_listening("METRICS", value("METRICS")) if value("METRICS") else None,
        beginnings=_number("BEGINNINGS", value("BEGINNINGS"), most=99_999),
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


def load_for_a_box() -> Settings:
    """As `load`. Where `.env` is not for this account to read, the environment is all there is. Raises BadSetting.

    An app's settings hold what a box on the same machine is not to know.
    """
    beside = ROOT / ".env"
    return load(env_file=beside if os.access(beside, os.R_OK) else Path(os.devnull))


def _path(written: str) -> Path:
    # Not resolved: `.venv-box/bin/python` is a link that must stay one for its environment to be found.
    return ROOT / Path(written).expanduser()


def _command(name: str, written: str) -> tuple[str, ...]:
    try:
        words = tuple(shlex.split(written))
    except ValueError:
        words = ("",)
    # The value itself is not repeated: a program may be told a secret.
    if words and not Path(words[0]).is_absolute():
        raise BadSetting(
            f"OWNWORDS_{name} must be the whole path of a program, and what it is told with spaces between."
        )
    return words


def _port(name: str, written: str) -> int:
    if not (written.isascii() and written.isdigit() and len(written) <= 5 and int(written) <= 65535):
        raise BadSetting(f"OWNWORDS_{name} is {written!r}; it must be a port number from 0 to 65535.")
    return int(written)


def _listening(name: str, written: str) -> tuple[str, int]:
    host, _, port = written.rpartition(":")
    try:
        address = ip_address(host.removeprefix("[").removesuffix("]") if host else "127.0.0.1")
        if not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
            raise ValueError
    except ValueError:
        raise BadSetting(
            f"OWNWORDS_{name} is {written!r}; it must be a port, such as 9464, or an address and a port, such as "
            "10.0.0.5:9464."
        ) from None
    return str(address), int(port)


def _number(name: str, written: str, *, most: int) -> int:
    if not (re.fullmatch("[0-9]{1,5}", written) and 1 <= int(written) <= most):
        raise BadSetting(f"OWNWORDS_{name} is {written!r}; it must be a number from 1 to {most}.")
    return int(written)


def _yes_or_no(name: str, written: str) -> bool:
    if written.lower() not in {"yes", "no"}:
        raise BadSetting(f"OWNWORDS_{name} is {written!r}; it must be yes or no.")
    return written.lower() == "yes"


def _database(written: str) -> str:
    # The value itself is not repeated: it may hold a password.
    if written.startswith("sqlite:///") and written.removeprefix("sqlite:///"):
        return written
    if not written.startswith("postgresql://"):
        raise BadSetting(
            "OWNWORDS_DATABASE must be sqlite:/// and a path, or postgresql://name:password@host/database."
        )
    place, _, _ = written.removeprefix("postgresql://").partition("?")
    who_and_where, _, name = place.partition("/")
    # One that is not written so would be read as the end of the password, and its rest as a host to ask for.
    if who_and_where.count("@") > 1 or not name or re.search(r"[/@\s#]", name):
        raise BadSetting(
            "OWNWORDS_DATABASE must be postgresql://name:password@host/database. "
            "In a name or a password, write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25."
        )
    return written


def _networks(name: str, written: str) -> str:
    """Give addresses and networks as they are compared: of 10.0.0.5/24, 10.0.0.0/24."""
    found = []
    for one in filter(None, (part.strip() for part in written.split(","))):
        try:
            network = ip_network(one, strict=False)
        except ValueError:
            raise BadSetting(f"OWNWORDS_{name} has {one!r} in it; it must hold addresses such as 127.0.0.1.") from None
        if not network.prefixlen:
            raise BadSetting(f"OWNWORDS_{name} has {one!r} in it: anybody would be believed. Name the proxies alone.")
        found.append(str(network) if "/" in one else one)
    return ",".join(found)


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


def _sites(name: str, written: str) -> tuple[str, ...]:
    return tuple(_site(name, one.strip()) for one in written.split(",") if one.strip())


def _redis(written: str) -> str:
    if written and not re.fullmatch(r"rediss?://\S+|unix:///?\S+", written):
        # The value itself is not repeated: it may hold a password.
        raise BadSetting("OWNWORDS_REDIS must be an address such as redis://:password@redis.inner:6379/0.")
    return written


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
