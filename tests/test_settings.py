"""Settings: what holds without any, what wins, and that a bad one is named."""

from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest
from uvicorn.middleware.proxy_headers import _TrustedHosts

from bot.settings import DEFAULTS, ROOT, BadSetting, Settings, load


@pytest.fixture
def env_file(tmp_path: Path) -> Path:
    """Where `.env` would be; nothing is in it yet."""
    return tmp_path / ".env"


def test_without_any_setting_everything_has_its_default(env_file: Path) -> None:
    found = load({}, env_file)
    assert found == Settings(
        data=ROOT / "var",
        database=f"sqlite:///{ROOT / 'var' / 'ownwords.sqlite3'}",
        root_key=ROOT / "keys" / "root.key",
        root_key_command=(),
        checkpoint_key=ROOT / "keys" / "checkpoint.key",
        checkpoints=ROOT / "var" / "checkpoints.jsonl",
        host="127.0.0.1",
        port=8000,
        box_host="127.0.0.1",
        box_port=0,
        actions_host="127.0.0.1",
        actions_port=0,
        actions_address="",
        boxes=(),
        box_secret_file=None,
        apps=(),
        redis="",
        box_python=ROOT / ".venv-box" / "bin" / "python",
        address="http://127.0.0.1:8000",
        walk_in=True,
        secure_cookies=False,
        team_host="",
        team="the adult support team",
        read_within="two working days",
        phone="",
        phone_hours="",
        out_of_hours_phone="",
        leave_to=DEFAULTS["LEAVE_TO"],
        metrics=None,
        beginnings=30,
        proxies="",
        breached_passwords=None,
        oidc_issuer="",
        oidc_client_id="",
        oidc_client_secret="",
        oidc_name="your council account",
        guidance=ROOT / "docs" / "guidance",
        smtp="",
        notice_from="",
        backups=None,
        backup_every=15,
        backups_kept=24,
    )


def test_every_setting_has_a_default_and_every_default_is_a_setting() -> None:
    assert {field.name.upper() for field in fields(Settings)} == set(DEFAULTS)


def test_the_env_file_is_read_and_the_environment_wins_over_it(env_file: Path) -> None:
    env_file.write_text("OWNWORDS_PORT=8001\nOWNWORDS_TEAM=the Northtown team\n", encoding="utf-8")
    found = load({"OWNWORDS_PORT": "8002", "PATH": "/usr/bin"}, env_file)
    assert (found.port, found.team) == (8002, "the Northtown team")


def test_an_empty_value_means_the_default(env_file: Path) -> None:
    env_file.write_text("OWNWORDS_PORT=\nOWNWORDS_DATABASE=\nOWNWORDS_TEAM\n", encoding="utf-8")
    assert load({"OWNWORDS_READ_WITHIN": ""}, env_file) == load({}, env_file.with_name("none"))


def test_other_variables_are_none_of_our_business(env_file: Path) -> None:
    env_file.write_text("OTHER_PORT=no number\n", encoding="utf-8")
    assert load({"PORT": "no number", "OWNWORDS": "yes"}, env_file).port == 8000


def test_words_for_pages_come_through_as_they_are_written(env_file: Path) -> None:
    env_file.write_text(
        'OWNWORDS_TEAM="the team of Llŷn & Eifionydd"\nOWNWORDS_PHONE=01632 960 001\n', encoding="utf-8"
    )
    found = load({}, env_file)
    assert (found.team, found.phone) == ("the team of Llŷn & Eifionydd", "01632 960 001")


def test_the_database_lies_in_the_data_folder_unless_it_is_named(env_file: Path, tmp_path: Path) -> None:
    assert load({"OWNWORDS_DATA": str(tmp_path)}, env_file).database == f"sqlite:///{tmp_path / 'ownwords.sqlite3'}"
    named = load({"OWNWORDS_DATA": str(tmp_path), "OWNWORDS_DATABASE": "sqlite:////srv/words.sqlite3"}, env_file)
    assert named.database == "sqlite:////srv/words.sqlite3"


def test_a_path_may_begin_at_the_project_at_the_root_or_at_home(
    env_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    found = load(
        {"OWNWORDS_DATA": "elsewhere", "OWNWORDS_ROOT_KEY": "~/root.key", "OWNWORDS_BOX_PYTHON": "/opt/box/python"},
        env_file,
    )
    assert found.data == ROOT / "elsewhere"
    assert found.root_key == tmp_path / "root.key"
    assert found.box_python == Path("/opt/box/python")


def test_the_python_of_the_box_stays_the_link_that_it_is(env_file: Path, tmp_path: Path) -> None:
    """Followed to the end, it would no longer find its own libraries."""
    link = tmp_path / "python"
    link.symlink_to("/usr/bin/env")
    assert load({"OWNWORDS_BOX_PYTHON": str(link)}, env_file).box_python == link


@pytest.mark.parametrize(("written", "is_on"), [("yes", True), ("YES", True), ("no", False), ("No", False)])
def test_yes_and_no_may_be_written_in_any_case(env_file: Path, written: str, *, is_on: bool) -> None:
    assert load({"OWNWORDS_SECURE_COOKIES": written}, env_file).secure_cookies is is_on


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({"PORT": "8100"}, "http://127.0.0.1:8100"),
        ({"HOST": "::1"}, "http://[::1]:8000"),
        ({"ADDRESS": "https://words.example"}, "https://words.example"),
        ({"ADDRESS": "https://words.example:8443/"}, "https://words.example:8443"),
        ({"ADDRESS": "https://words.example", "HOST": "0.0.0.0", "PORT": "0"}, "https://words.example"),
        ({"HOST": "0.0.0.0"}, ""),
        ({"HOST": "::"}, ""),
        ({"PORT": "0"}, ""),
    ],
)
def test_invitations_name_where_the_site_is_reached_if_anybody_can_know(
    env_file: Path, given: dict[str, str], address: str
) -> None:
    assert load({f"OWNWORDS_{name}": value for name, value in given.items()}, env_file).address == address


BAD = [
    *((name, value) for name in ("PORT", "BOX_PORT", "ACTIONS_PORT") for value in ("eighty", "-1", "65536", "80.0")),
    ("PORT", "٨٠٠٠"),
    ("PORT", " 8000"),
    ("PORT", "9" * 5000),
    ("SECURE_COOKIES", "true"),
    ("SECURE_COOKIES", "1"),
    ("TEAM_HOST", "https://team.words.example"),
    ("TEAM_HOST", "team.words.example/team"),
    ("TEAM_HOST", "team words"),
    ("LEAVE_TO", "www.bbc.co.uk/weather"),
    ("LEAVE_TO", "javascript:alert(1)"),
    ("LEAVE_TO", "https://"),
    ("LEAVE_TO", "https://[half"),
    ("LEAVE_TO", "/weather"),
    ("WALK_IN", "maybe"),
    ("ADDRESS", "words.example"),
    ("ADDRESS", "https://words.example/begin"),
    ("ADDRESS", "https://words.example?from=letter"),
    ("ADDRESS", "https://words.example#top"),
    ("ADDRESS", "https://somebody:hunter2@words.example"),
    ("ADDRESS", "https://words.example:eighty"),
    ("ADDRESS", "https://words .example"),
    ("ADDRESS", "javascript:alert(1)"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_a_bad_value_stops_the_start_and_says_which_it_is(env_file: Path, name: str, value: str) -> None:
    with pytest.raises(BadSetting, match=rf"^OWNWORDS_{name} is .*; it must be .+\.$"):
        load({f"OWNWORDS_{name}": value}, env_file)


@pytest.mark.parametrize("name", ["PORT", "SECURE_COOKIES", "LEAVE_TO", "DATABASE"])
def test_a_bad_value_in_the_env_file_is_named_just_the_same(env_file: Path, name: str) -> None:
    env_file.write_text(f"OWNWORDS_{name}=nonsense\n", encoding="utf-8")
    with pytest.raises(BadSetting, match=f"^OWNWORDS_{name} "):
        load({}, env_file)


@pytest.mark.parametrize("name", ["OWNWORDS_PROT", "OWNWORDS_", "OWNWORDS_port"])
def test_a_name_in_the_env_file_that_is_no_setting_is_not_passed_over(env_file: Path, name: str) -> None:
    env_file.write_text(f"OWNWORDS_PORT=8001\n{name}=8002\n", encoding="utf-8")
    with pytest.raises(BadSetting, match=rf"^{name} is not a setting"):
        load({}, env_file)


def test_a_name_in_the_environment_that_is_no_setting_is_not_passed_over_either(env_file: Path) -> None:
    with pytest.raises(BadSetting, match=r"^OWNWORDS_PROT is not a setting"):
        load({"OWNWORDS_PROT": "8002"}, env_file)
    load({"OWNWORDS_BOX_SECRET": "told to the dialogue engine", "HOME": "/nowhere"}, env_file)


@pytest.mark.parametrize("value", ["example.org", "10.0.0.0/99", "127.0.0.1 10.0.0.1", "*", "0.0.0.0/0", "::/0"])
def test_a_proxy_is_named_by_its_address(env_file: Path, value: str) -> None:
    with pytest.raises(BadSetting, match="OWNWORDS_PROXIES"):
        load({"OWNWORDS_PROXIES": value}, env_file)
    assert load({"OWNWORDS_PROXIES": "127.0.0.1, 10.0.0.0/8"}, env_file).proxies == "127.0.0.1,10.0.0.0/8"


def test_a_proxy_is_believed_however_its_network_is_written(env_file: Path) -> None:
    believed = _TrustedHosts(load({"OWNWORDS_PROXIES": "10.0.0.5/24, 2001:db8::5/64"}, env_file).proxies)
    assert "10.0.0.77" in believed
    assert "2001:db8::77" in believed
    assert "10.0.1.77" not in believed


@pytest.mark.parametrize(
    "value",
    [
        "sqlite://hunter2",
        "hunter2",
        "mysql://own:hunter2@db/own",
        "postgresql+asyncpg://own:hunter2@db/own",
        "postgresql://own:hunter2@db",
        "postgresql://own:hunter2@db/",
        "postgresql://own:a@hunter2@db/own",
        "postgresql://own:a/hunter2@db/own",
        "postgresql://own:a#hunter2 @db/a/b",
    ],
)
def test_what_the_database_is_set_to_is_never_repeated_for_it_may_hold_a_password(env_file: Path, value: str) -> None:
    env_file.write_text(f"OWNWORDS_DATABASE={value}\n", encoding="utf-8")
    for given in ({"OWNWORDS_DATABASE": value}, {}):
        with pytest.raises(BadSetting) as refused:
            load(given, env_file)
        assert "OWNWORDS_DATABASE" in str(refused.value)
        assert "hunter2" not in str(refused.value)
        assert refused.value.__cause__ is None


@pytest.mark.parametrize(
    "value",
    [
        "sqlite:////var/lib/own-words/words.sqlite3",
        "postgresql://own:hunter2@db.example/own",
        "postgresql://own:a%40b%2Fc@db.example:5433/own?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgresql://own@/own?host=/run/postgresql",
    ],
)
def test_the_database_is_a_file_or_a_servers_and_stands_in_no_repr(env_file: Path, value: str) -> None:
    found = load({"OWNWORDS_DATABASE": value}, env_file)
    assert found.database == value
    assert value not in repr(found)


def test_an_env_file_that_is_no_text_is_named(env_file: Path) -> None:
    env_file.write_bytes("OWNWORDS_TEAM=the team of Llŷn\n".encode("utf-16"))
    with pytest.raises(BadSetting, match=r"\.env"):
        load({}, env_file)


def test_settings_stay_as_they_were_read(env_file: Path) -> None:
    found = load({}, env_file)
    with pytest.raises(FrozenInstanceError):
        found.port = 8001  # type: ignore[misc]


@pytest.mark.parametrize(
    "written", ["mail.council.example", "http://mail.council.example", "smtp://", "smtps://h:0", "smtp://h/x"]
)
def test_a_mail_server_is_named_whole_and_never_repeated(env_file: Path, written: str) -> None:
    with pytest.raises(BadSetting, match="OWNWORDS_SMTP") as refused:
        load({"OWNWORDS_SMTP": f"{written}?secret", "OWNWORDS_NOTICE_FROM": "words@council.example"}, env_file)
    assert "secret" not in str(refused.value)


def test_notices_have_a_sender(env_file: Path) -> None:
    server = {"OWNWORDS_SMTP": "smtps://name:secret@mail.council.example:465"}
    with pytest.raises(BadSetting, match="OWNWORDS_NOTICE_FROM"):
        load(server, env_file)
    found = load({**server, "OWNWORDS_NOTICE_FROM": "words@council.example"}, env_file)
    assert found.notice_from == "words@council.example"
    assert "secret" not in repr(found)


def test_boxes_and_apps_elsewhere_are_named_by_their_addresses(env_file: Path) -> None:
    found = load(
        {
            "OWNWORDS_BOXES": "http://10.1.1.5:5005/, http://10.1.1.6:5005",
            "OWNWORDS_APPS": "http://app-1:8001",
            "OWNWORDS_ACTIONS_HOST": "10.1.1.3",
            "OWNWORDS_ACTIONS_PORT": "8001",
        },
        env_file,
    )

    assert found.boxes == ("http://10.1.1.5:5005", "http://10.1.1.6:5005")
    assert found.apps == ("http://app-1:8001",)
    assert found.actions_address == "http://10.1.1.3:8001"
    for name in ("BOXES", "APPS"):
        with pytest.raises(BadSetting, match=f"OWNWORDS_{name}"):
            load({f"OWNWORDS_{name}": "10.1.1.5:5005"}, env_file)


@pytest.mark.parametrize("address", ["10.1.1.7:6379", "http://cache:hunter2@10.1.1.7"])
def test_an_address_of_redis_that_is_none_is_not_repeated(env_file: Path, address: str) -> None:
    with pytest.raises(BadSetting, match="OWNWORDS_REDIS") as refused:
        load({"OWNWORDS_REDIS": address}, env_file)

    assert address not in str(refused.value)
    assert "hunter2" not in repr(load({"OWNWORDS_REDIS": "redis://:hunter2@10.1.1.7/0"}, env_file))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("9464", ("127.0.0.1", 9464)),
        ("10.0.0.5:9464", ("10.0.0.5", 9464)),
        ("[::1]:9464", ("::1", 9464)),
    ],
)
def test_the_monitoring_has_a_port_on_this_machine_unless_an_address_is_named(
    env_file: Path, value: str, found: tuple[str, int]
) -> None:
    assert load({"OWNWORDS_METRICS": value}, env_file).metrics == found


@pytest.mark.parametrize("value", ["yes", "0", "65536", "example.org:9464", "10.0.0.5", "10.0.0.5:", ":9464:"])
def test_a_port_of_the_monitoring_that_is_none_is_refused(env_file: Path, value: str) -> None:
    with pytest.raises(BadSetting, match="OWNWORDS_METRICS"):
        load({"OWNWORDS_METRICS": value}, env_file)


def test_a_program_that_hands_over_the_root_key_is_named_with_its_whole_path_and_not_repeated(tmp_path):
    command = {"OWNWORDS_ROOT_KEY_COMMAND": "/opt/bin/fetch-key --name 'own words'"}
    assert load(command, tmp_path / ".env").root_key_command == ("/opt/bin/fetch-key", "--name", "own words")
    for wrong in ("fetch-key --token hush", "/opt/bin/fetch-key 'hush"):
        with pytest.raises(BadSetting, match="OWNWORDS_ROOT_KEY_COMMAND must be the whole path") as refused:
            load({"OWNWORDS_ROOT_KEY_COMMAND": wrong}, tmp_path / ".env")
        assert "hush" not in str(refused.value)
