"""What lies in deploy/ agrees with the program: settings, ports, limits, folders, and what is switched off."""

import os
import re
import subprocess
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot import settings
from bot.codes import LONGEST_WAIT
from bot.settings import DEFAULTS
from bot.store import RootKey
from bot.store.checkpoints import CheckpointKey
from bot.web.guard import LARGEST_BODY

ROOT = Path(__file__).resolve().parent.parent
DEPLOY = ROOT / "deploy"
FILES = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file()]
UNITS = ("ownwords.service", "ownwords-verify.service")
BOX_UNIT = "ownwords-box.service"
PROXY = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "containers" / "compose.yaml").read_text(encoding="utf-8"))
MACHINES: dict[str, Any] = yaml.safe_load((DEPLOY / "containers" / "machines.yaml").read_text(encoding="utf-8"))
CONTAINERFILE = (DEPLOY / "containers" / "Containerfile").read_text(encoding="utf-8")
GUIDE = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")

SWITCHED = {
    "AmbientCapabilities": "",
    "CapabilityBoundingSet": "",
    "IPAddressDeny": "any",
    "LimitCORE": "0",
    "LockPersonality": "yes",
    "MemorySwapMax": "0",
    "NoNewPrivileges": "yes",
    "PrivateDevices": "yes",
    "PrivateTmp": "yes",
    "PrivateUsers": "yes",
    "ProtectClock": "yes",
    "ProtectControlGroups": "yes",
    "ProtectHome": "yes",
    "ProtectHostname": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectProc": "invisible",
    "ProtectSystem": "strict",
    "RemoveIPC": "yes",
    "RestrictNamespaces": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "RuntimeDirectoryMode": "0700",
    "StateDirectoryMode": "0700",
    "SystemCallArchitectures": "native",
    "UMask": "0077",
    "User": "ownwords",
}
"""What keeps a unit in."""


def said(name: str) -> str:
    """Give a file without its comments."""
    text = (DEPLOY / name).read_text(encoding="utf-8")
    return "".join(line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#"))


def values(unit: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", said(f"systemd/{unit}"), re.MULTILINE)


def environment(unit: str) -> dict[str, str]:
    """Give the settings that a unit makes, with the folders that systemd puts in."""
    places = {"%t": "/run", "%S": "/var/lib"}
    made = (line.partition("=") for line in values(unit, "Environment"))
    return {name: re.sub(r"%\w", lambda found: places[found[0]], value) for name, _, value in made}


def limit(name: str) -> int:
    """Give a size or a time of the proxy, in bytes or in seconds."""
    number, unit = re.findall(rf"^\s*{name} (\d+)(KB|MB|s|m)$", PROXY, re.MULTILINE)[0]
    return int(number) * {"KB": 1_000, "MB": 1_000_000, "s": 1, "m": 60}[unit]


@pytest.mark.parametrize("path", [*FILES, ROOT / "docs" / "deploying.md"], ids=lambda path: path.name)
def test_each_setting_that_is_named_is_one(path: Path) -> None:
    assert set(re.findall(r"OWNWORDS_(\w+)", path.read_text(encoding="utf-8"))) <= DEFAULTS.keys()


def test_the_settings_for_a_site_that_people_reach_can_be_used_as_they_are() -> None:
    read = settings.load(environment("ownwords.service"), DEPLOY / "settings.env")

    assert read.secure_cookies
    assert read.address.startswith("https://")
    assert read.proxies == "127.0.0.1"
    assert read.backups is not None
    assert not read.root_key.is_relative_to(read.data)
    assert not read.root_key.is_relative_to(read.backups)
    assert values("ownwords.service", "ReadWritePaths") == [f"-{read.backups}"]


def test_what_the_council_has_to_say_is_left_to_it() -> None:
    read = settings.load({}, DEPLOY / "settings.env")

    assert (read.phone, read.out_of_hours_phone, read.phone_hours) == ("", "", "")
    assert "To fill in" in (DEPLOY / "settings.env").read_text(encoding="utf-8")
    assert "To fill in" in PROXY


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("name", SWITCHED)
def test_a_unit_is_kept_in(unit: str, name: str) -> None:
    assert values(unit, name) == [SWITCHED[name]]


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_calls_little_of_the_system_and_little_of_the_network(unit: str) -> None:
    assert values(unit, "SystemCallFilter") == ["@system-service", "~@privileged"]
    assert values(unit, "MemoryMax") == ["2G"]
    assert values(unit, "IPAddressAllow") == (["localhost"] if unit == "ownwords.service" else [])


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_has_a_copy_of_the_root_key_that_nobody_else_can_open(unit: str) -> None:
    (key,) = values(unit, "LoadCredential")
    name, _, kept = key.partition(":")
    folder = values(unit, "RuntimeDirectory")[0]

    assert kept == "/etc/ownwords/root.key"
    copied = f"/usr/bin/install -m 0400 %d/{name} %t/{folder}/root.key"
    may_be_there = [
        f"-+/usr/bin/install -m 0400 -o ownwords -g ownwords /etc/ownwords/{one} %t/{folder}/{one}"
        for one in ("root.key.next", "checkpoint.key")
    ]
    assert values(unit, "ExecStartPre") == [copied, *may_be_there]
    assert environment(unit)["OWNWORDS_ROOT_KEY"] == f"/run/{folder}/root.key"


def test_the_key_that_signs_checkpoints_is_made_where_it_stays_before_the_first_start() -> None:
    made = "OWNWORDS_ROOT_KEY=/etc/ownwords/root.key .venv/bin/python -m bot keys checkpoint"
    in_containers = "> keys/checkpoint.key)"

    assert GUIDE.index(made) < GUIDE.index("systemctl enable --now")
    assert GUIDE.index(in_containers) < GUIDE.index("up --build --detach")
    read = settings.load({"OWNWORDS_ROOT_KEY": "/etc/ownwords/root.key"}, DEPLOY / "settings.env")
    assert read.checkpoint_key == Path("/etc/ownwords/checkpoint.key")


def test_the_link_for_the_first_administrator_is_not_in_the_journal() -> None:
    assert values("ownwords.service", "StandardOutput") == ["null"]


def test_every_unit_is_one_to_systemd(systemd_analyze: Path, tmp_path: Path) -> None:
    for path in (DEPLOY / "systemd").glob("*.*"):
        text = path.read_text(encoding="utf-8")
        # It looks for the program, too, which is elsewhere here.
        (tmp_path / path.name).write_text(re.sub("^ExecStart=.*$", "ExecStart=/bin/true", text, flags=re.MULTILINE))
    units = sorted(path for path in tmp_path.iterdir() if path.suffix in {".service", ".timer"})

    ran = subprocess.run(
        [systemd_analyze, "verify", "--man=no", "--recursive-errors=no", *units],
        capture_output=True,
        text=True,
        check=False,
    )

    assert len(units) == 4
    assert (ran.returncode, [line for line in ran.stderr.splitlines() if "ownwords" in line]) == (0, [])


def test_the_proxy_logs_nothing_of_requests() -> None:
    assert re.findall(r"^\s*log\b.*$", PROXY, re.MULTILINE) == ["\tlog default {"]
    assert re.search(r"log default \{[^}]*\n\t\texclude http\n", PROXY)
    assert "output" not in PROXY
    assert "admin off" in PROXY


def test_the_proxy_passes_pages_on_as_they_are() -> None:
    for directive in ("encode", "header_up", "cache", "request_buffers", "response_buffers", "trusted_proxies"):
        assert not re.search(rf"^\s*{directive}\b", PROXY, re.MULTILINE), directive


def test_the_proxy_lets_the_app_say_what_is_too_much_and_too_slow() -> None:
    assert LARGEST_BODY < limit("max_size") <= 3 * LARGEST_BODY
    assert limit("response_header_timeout") > 2 * LONGEST_WAIT
    assert limit("write") > limit("response_header_timeout")
    assert limit("read_header") <= 10
    assert limit("read_body") <= 60


def test_the_proxy_finds_the_app() -> None:
    assert f"reverse_proxy {{$APP:127.0.0.1:{DEFAULTS['PORT']}}} {{" in PROXY
    assert DEFAULTS["HOST"] == "127.0.0.1"
    app = COMPOSE["services"]["app"]
    assert COMPOSE["services"]["proxy"]["environment"]["APP"] == f"app:{app['environment']['OWNWORDS_PORT']}"
    assert f":{app['environment']['OWNWORDS_PORT']}/healthz" in app["healthcheck"]["test"][-1]


def test_nobody_but_the_proxy_can_be_reached_and_the_app_reaches_nobody_else() -> None:
    services = COMPOSE["services"]

    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert services["app"]["networks"] == ["inner"]
    assert COMPOSE["networks"]["inner"]["internal"] is True


def test_in_containers_the_proxy_alone_is_believed_about_who_is_calling() -> None:
    told = COMPOSE["services"]["app"]["environment"]
    (inner,) = COMPOSE["networks"]["inner"]["ipam"]["config"]

    read = settings.load({name: str(value) for name, value in told.items()}, DEPLOY / "settings.env")

    assert read.proxies == inner["subnet"]
    assert ip_address("10.89.57.2") in ip_network(read.proxies)
    assert (read.host, read.address) == ("0.0.0.0", "https://words.example")


def is_kept_in(service: Mapping[str, Any]) -> None:
    """See that a container may do nothing that it need not."""
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["ulimits"]["core"] == 0
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_a_container_is_kept_in(name: str) -> None:
    service = COMPOSE["services"][name]
    is_kept_in(service)
    assert service.get("cap_add", []) == ([] if name == "app" else ["NET_BIND_SERVICE"])


def test_the_container_of_the_app_is_not_root_and_is_never_swapped() -> None:
    app = COMPOSE["services"]["app"]

    assert f"USER {app['user']}\n" in CONTAINERFILE.rpartition("FROM ")[2]
    assert app["user"] == "10001:10001"
    assert app["memswap_limit"] == app["mem_limit"]


def test_the_container_has_the_root_key_apart_from_what_it_opens() -> None:
    app = COMPOSE["services"]["app"]

    assert app["environment"]["OWNWORDS_ROOT_KEY"] == f"/run/secrets/{app['secrets'][0]}"
    assert COMPOSE["secrets"]["root_key"]["file"] == "../../keys/root.key"
    assert [volume.partition(":")[2] for volume in app["volumes"]] == [
        app["environment"]["OWNWORDS_DATA"],
        app["environment"]["OWNWORDS_BACKUPS"],
    ]


@pytest.mark.parametrize(
    ("file", "name"), [(COMPOSE, "app"), (MACHINES, "app-1"), (MACHINES, "app-2")], ids=["app", "app-1", "app-2"]
)
def test_the_container_has_a_checkpoint_key_that_stays(file: dict[str, Any], name: str) -> None:
    app = file["services"][name]

    assert app["environment"]["OWNWORDS_CHECKPOINT_KEY"] == "/run/secrets/checkpoint_key"
    assert {"root_key", "checkpoint_key"} <= set(app["secrets"])
    assert file["secrets"]["checkpoint_key"]["file"] == "../../keys/checkpoint.key"


def test_whoever_puts_several_containers_up_can_read_their_passwords() -> None:
    """Keys belong to the account in the containers; these files are read before there is one."""
    read = [file for one in MACHINES["services"].values() for file in one.get("env_file", [])]

    assert set(read) == {"../../.env", "../../.env.database"}
    assert {".env", ".env.database", "/keys/"} <= set((ROOT / ".gitignore").read_text("utf-8").splitlines())


def test_the_image_is_made_of_the_locked_packages_by_the_makefile() -> None:
    made = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"make ((?:[\w./-]+ ?)+?)(?: \\|$|\n)", CONTAINERFILE)

    assert [target for line in targets if "apt" not in line for target in line.split()] == [
        ".venv/.app",
        ".venv-box/.installed",
        "ready",
    ]
    assert re.search(r"^ready:", made, re.MULTILINE)
    assert "pip install" not in CONTAINERFILE
    assert "--require-hashes" in (ROOT / "requirements" / "install.sh").read_text(encoding="utf-8")


def test_an_image_holds_no_key_no_setting_and_nothing_that_was_said() -> None:
    lines = [line for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if not line.startswith("#")]
    let_in = [line[1:] for line in lines if line.startswith("!")]

    assert lines[0] == "*"
    assert [name for name in let_in if not (ROOT / name).exists()] == []
    assert {".env", "keys", "var", "docs", "tests"}.isdisjoint(let_in)
    assert not [name for name in let_in if "*" in name]


def test_an_image_holds_whatever_is_served() -> None:
    let_in = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    rasa = {"config.yml", "domain.yml", "endpoints.yml", "endpoints.shared.yml", "credentials.yml", "data", "box"}

    assert rasa | {"bot", "actions", "requirements", "Makefile", DEFAULTS["GUIDANCE"]} <= set(let_in)


def test_a_key_made_as_the_guide_says_is_one(tmp_path: Path) -> None:
    (made,) = set(re.findall(r"\(umask 377; (head .*?) > \S+\)", GUIDE))

    subprocess.run(["sh", "-c", f"umask 377; {made} > root.key"], cwd=tmp_path, check=True)

    assert RootKey.read(tmp_path / "root.key").key_id
    assert CheckpointKey.read(tmp_path / "root.key")


def test_a_drill_touches_nothing_of_the_site_in_use(tmp_path: Path) -> None:
    in_use = tmp_path / "settings.env"
    in_use.write_text(
        (DEPLOY / "settings.env").read_text("utf-8")
        + "OWNWORDS_DATABASE=postgresql://ownwords_app@db.example/ownwords\n"
        "OWNWORDS_CHECKPOINTS=/srv/checkpoints.jsonl\nOWNWORDS_METRICS=9464\nOWNWORDS_HOST=10.1.1.3\n"
        "OWNWORDS_SMTP=smtps://mail.example:465\nOWNWORDS_NOTICE_FROM=words@example.org\n"
        "OWNWORDS_BOXES=http://10.1.1.5:5005\nOWNWORDS_ACTIONS_HOST=10.1.1.3\nOWNWORDS_ACTIONS_PORT=8001\n",
        encoding="utf-8",
    )
    drill = (ROOT / "docs" / "running.md").read_text("utf-8").partition("### Drill")[2].partition("```\n")[0]
    told = dict(one.split("=", 1) for line in re.findall(r"^export (.+)$", drill, re.MULTILINE) for one in line.split())

    read = settings.load(told, in_use)

    assert read.database == "sqlite:////tmp/drill/data/ownwords.sqlite3"
    assert read.checkpoints == Path("/tmp/drill/data/checkpoints.jsonl")
    assert (read.backups, read.smtp, read.metrics, read.boxes) == (None, "", None, ())
    assert (read.host, read.actions_host, read.actions_port, read.box_port) == ("127.0.0.1", "127.0.0.1", 0, 0)
    assert (read.secure_cookies, read.address) == (False, f"http://127.0.0.1:{read.port}")


# --- several machines -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(SWITCHED.keys() - {"User"}))
def test_the_unit_of_a_box_is_kept_in_as_the_others_are(name: str) -> None:
    assert values(BOX_UNIT, name) == [SWITCHED[name]]


def test_the_unit_of_a_box_has_an_account_of_its_own_and_reaches_neither_key_nor_database() -> None:
    assert values(BOX_UNIT, "User") == ["ownwords-box"]
    assert "\nu ownwords-box " in said("systemd/ownwords.sysusers")
    assert values(BOX_UNIT, "LoadCredential") == ["box.secret:/etc/ownwords/box.secret"]
    assert {"-/opt/ownwords/.env", "-/var/lib/ownwords", "-/etc/ownwords/root.key"} == set(
        values(BOX_UNIT, "InaccessiblePaths")[0].split()
    )
    assert values(BOX_UNIT, "IPAddressAllow") == ["localhost"]
    assert values(BOX_UNIT, "ExecStart")[0].endswith("-m bot box")


def test_a_box_beside_an_app_goes_by_its_own_settings_where_the_others_are_not_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("OWNWORDS_DATABASE=postgresql://ownwords_app:secret@db.example/ownwords\n")
    monkeypatch.setattr("bot.settings.ROOT", tmp_path)
    monkeypatch.setenv("OWNWORDS_APPS", "http://10.1.1.3:8001")
    assert "db.example" in settings.load_for_a_box().database

    monkeypatch.setattr("os.access", lambda *_: False)

    assert "db.example" not in settings.load_for_a_box().database
    assert settings.load_for_a_box().apps == ("http://10.1.1.3:8001",)


def test_what_a_box_is_told_by_its_unit_is_not_told_otherwise_by_the_guide() -> None:
    (line,) = re.findall(r"^# each box, (.+)$", GUIDE, re.MULTILINE)

    assert environment(BOX_UNIT)["OWNWORDS_BOX_SECRET_FILE"] == "/run/ownwords-box/box.secret"
    assert "in box.env without the line of the secret" in line


def machine_settings(name: str) -> settings.Settings:
    """Read the settings of a container as the program does; the database's address is in a file that is not here."""
    told = {one: str(value) for one, value in MACHINES["services"][name]["environment"].items()}
    return settings.load(told, DEPLOY / "settings.env" if name.startswith("app") else DEPLOY / "no.env")


@pytest.mark.parametrize("name", MACHINES["services"])
def test_every_one_of_several_containers_is_kept_in(name: str) -> None:
    service = MACHINES["services"][name]
    is_kept_in(service)
    assert ("ports" in service) == (name == "proxy")


@pytest.mark.parametrize("name", ["app-1", "app-2", "box-1", "box-2"])
def test_none_of_several_apps_and_boxes_is_root_or_swapped(name: str) -> None:
    service = MACHINES["services"][name]

    assert service["user"] == "10001:10001"
    assert service["memswap_limit"] == service["mem_limit"]


def test_apps_and_boxes_find_each_other_and_nobody_else() -> None:
    apps, boxes = [[f"{kind}-{number}" for number in (1, 2)] for kind in ("app", "box")]
    found = {name: machine_settings(name) for name in (*apps, *boxes)}

    for name in apps:
        assert found[name].boxes == tuple(f"http://{box}:{found[box].box_port}" for box in boxes)
        assert found[name].actions_address == f"http://{name}:{found[name].actions_port}"
    for name in boxes:
        assert found[name].apps == tuple(found[app].actions_address for app in apps)
        assert MACHINES["services"][name]["command"] == ["box"]
    assert MACHINES["services"]["proxy"]["environment"]["APP"] == " ".join(
        f"{name}:{found[name].port}" for name in apps
    )
    (front,) = MACHINES["networks"]["front"]["ipam"]["config"]
    assert found["app-1"].proxies == front["subnet"]


def test_a_box_is_on_no_network_but_those_of_the_apps_and_redis_and_knows_no_key_and_no_database() -> None:
    services = MACHINES["services"]
    together = {
        name: {who for who, service in services.items() if name in service["networks"]} for name in MACHINES["networks"]
    }

    assert together["between"] == {"app-1", "app-2", "box-1", "box-2"}
    assert together["cache"] == {"box-1", "box-2", "redis"}
    assert together["kept"] == {"app-1", "app-2", "database"}
    assert [name for name in together if not (MACHINES["networks"][name] or {}).get("internal")] == ["outer"]
    assert together["outer"] == {"proxy"}
    for name in ("box-1", "box-2"):
        assert services[name]["networks"] == ["between", "cache"]
        assert services[name]["secrets"] == ["box_secret"]
        assert "env_file" not in services[name]


def test_redis_keeps_nothing_on_disk_and_drops_no_lock_for_room() -> None:
    told = MACHINES["services"]["redis"]["command"]

    assert told[told.index("--save") + 1] == ""
    assert told[told.index("--appendonly") + 1] == "no"
    assert told[told.index("--maxmemory-policy") + 1] == "noeviction"


def test_a_visit_stays_with_one_app_without_a_cookie_more() -> None:
    assert re.search(r"^\s*lb_policy header Cookie$", PROXY, re.MULTILINE)


# --- one command, by root -------------------------------------------------------------------------------------------


def machine(folder: Path) -> dict[str, str]:
    """Stand in for the machine: a project that says what it was told, and no second account."""
    python = folder / "project" / ".venv" / "bin" / "python"
    stubs = {
        python: '#!/bin/sh\necho "$@" "$OWNWORDS_DATA"\ncat "$OWNWORDS_ROOT_KEY"\nexit 7\n',
        folder / "bin" / "runuser": '#!/bin/sh\necho "$1" "$2"\nshift 3\nexec "$@"\n',
        folder / "bin" / "install": '#!/bin/sh\nshift 6\ncp "$1" "$2"\n',
        folder / "bin" / "chown": "#!/bin/sh\n",
    }
    for path, text in stubs.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    (folder / "run").mkdir()
    (folder / "key").write_text("the key\n", encoding="utf-8")
    return {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "RUN": str(folder / "run"),
        "KEY": str(folder / "key"),
        "PROJECT": str(folder / "project"),
    }


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = ["sh", str(DEPLOY / "systemd" / "ownwords"), *arguments]
    return subprocess.run(script, env=machine(folder), capture_output=True, text=True, check=False)


def test_a_command_is_done_by_the_account_with_a_passing_copy_of_the_key(tmp_path: Path) -> None:
    ran = command(tmp_path, "keep", "--dry-run")

    assert ran.stdout.splitlines() == ["-u ownwords", "-m bot keep --dry-run /var/lib/ownwords", "the key"]
    assert ran.returncode == 7
    assert list((tmp_path / "run").iterdir()) == []


def test_a_command_has_the_next_root_key_and_the_checkpoint_key_where_there_are_any(tmp_path: Path) -> None:
    told = machine(tmp_path)
    (tmp_path / "key.next").write_text("the next one\n", encoding="utf-8")
    (tmp_path / "checkpoint.key").write_text("what signs\n", encoding="utf-8")
    stub = tmp_path / "project" / ".venv" / "bin" / "python"
    stub.write_text('#!/bin/sh\ncd "${OWNWORDS_ROOT_KEY%/*}" && cat root.key root.key.next checkpoint.key\n', "utf-8")

    script = ["sh", str(DEPLOY / "systemd" / "ownwords"), "checkpoint"]
    ran = subprocess.run(script, env=told, capture_output=True, text=True, check=False)

    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[1:] == ["the key", "the next one", "what signs"]
    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("refused", ["keys", "serve", "checkpoint"])
def test_no_key_is_made_where_it_would_not_stay(tmp_path: Path, refused: str) -> None:
    ran = command(tmp_path, refused, "rotate")

    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr
    assert list((tmp_path / "run").iterdir()) == []
