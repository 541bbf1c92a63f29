"""What a council changes itself: what may be put in place, by whom, what holds then, and what was there before."""

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import council
from bot.council import GROUPS, TERMS, ChangedMeanwhile, Group, InPlace, Name, NotTaken, values_of
from bot.publishing import Council
from bot.roles import Actor, NotAllowed, ProofNeeded, Role
from bot.settings import Settings, load
from bot.store import AuditAct, Cause, NotRead, Store

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

PEOPLE = {
    Name.TEAM: "the Northtown team",
    Name.PHONE: "01632 960 001",
    Name.PHONE_HOURS: "Monday to Friday, 9am to 5pm",
    Name.OUT_OF_HOURS_PHONE: "01632 960 002",
    Name.CONTACT: "You can ask us to ring you back. We never say why we ring.",
    Name.READ_WITHIN: "one working day",
}
KEEPING = {
    Name.KEEP_UNFINISHED: "30",
    Name.KEEP_WAITING: "90",
    Name.KEEP_CLOSED: "8",
    Name.KEEP_AUDIT: "6",
}

RETURN = {
    Name.LA_NAME: "Northtown",
    Name.LA_CODE: "111",
    Name.ONS_CODE: "E06000099",
    Name.COUNCIL_TYPE: "A type",
    Name.REGION_NAME: "North East",
    Name.REGION_CODE: "E12000001",
    Name.GEOGRAPHY: "ENGLAND",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load({}, tmp_path / "no.env"), phone="01632 960 009")


@pytest.fixture
def administrator(store: Store) -> Actor:
    with store.begin() as kept:
        account_id = kept.accounts.add(
            role=Role.ADMINISTRATOR, name="Ash Ito", email="ash@council.example", team_ids=(), now=NOON
        )
    return Actor(account_id, Role.ADMINISTRATOR, proven_at=NOON)


def puts(store: Store, settings: Settings, actor: Actor, group: Group, at: datetime = NOON, **typed: str) -> None:
    """Put values in place over those that stand."""
    held = council.look(store, settings, actor, group)
    given = {**held.given, **{Name(name): value for name, value in typed.items()}}
    council.put_in_place(store, settings, replace(actor, proven_at=at), group, given, held.seen, at)


# --- what holds ------------------------------------------------------------------------------------------------------


def test_until_the_council_says_otherwise_the_settings_of_the_installation_hold(
    store: Store, settings: Settings
) -> None:
    values = council.values_now(store, settings)

    assert (values.team, values.phone, values.walk_in) == ("the adult support team", "01632 960 009", True)
    assert values.contact == ""
    assert dict(values.keeps) == {name: term.ships for name, term in TERMS.items()}


def test_what_the_council_put_in_place_stands_over_the_settings(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    held = council.look(store, settings, administrator, Group.PEOPLE)

    changed = council.put_in_place(store, settings, administrator, Group.PEOPLE, PEOPLE, held.seen, NOON)

    assert set(changed) == set(PEOPLE)
    values = council.values_now(store, settings)
    assert (values.phone, values.read_within) == ("01632 960 001", "one working day")


def test_a_number_can_be_taken_away_that_the_installation_has(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    puts(store, settings, administrator, Group.PEOPLE, phone="")

    assert council.values_now(store, settings).phone == ""


def test_each_value_belongs_to_one_group() -> None:
    every = [name for names in GROUPS.values() for name in names]

    assert sorted(every) == sorted(Name)
    assert all(name in GROUPS[council.group_of(name)] for name in Name)


def test_a_time_that_cannot_be_read_is_as_it_ships(settings: Settings) -> None:
    given = {**council.of_installation(settings), Name.KEEP_CLOSED: "for ever"}

    assert values_of(given).keeps[Name.KEEP_CLOSED] == 8


# --- what may be put in place ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        (Name.TEAM, "  ", "Give the team a name"),
        (Name.TEAM, "x" * 61, "61 characters"),
        (Name.TEAM, "the team. We listen", "leave out full stops"),
        (Name.TEAM, "[[phone]]", "leave out brackets"),
        (Name.TEAM, "the turn:1 team", "leave out brackets"),
        (Name.TEAM, "the {answer} team", "leave out brackets"),
        (Name.TEAM, "the \u202e team", "cannot be seen"),
        (Name.READ_WITHIN, "", "within what time"),
        (Name.READ_WITHIN, "Within two days", "Leave out “within”"),
        (Name.READ_WITHIN, "two days.", "leave out full stops"),
        (Name.PHONE, "ring us", "Write a telephone number"),
        (Name.PHONE, "12", "Write a telephone number"),
        (Name.PHONE, "0163296000101632960001", "Write a telephone number"),
        (Name.PHONE, "٠١٦٣٢٩٦٠٠٠١", "Write a telephone number"),
        (Name.PHONE, "01632+960001", "Write a telephone number"),
        (Name.OUT_OF_HOURS_PHONE, "+44 (0)1632 960001", "Leave out the (0)"),
        (Name.PHONE_HOURS, "9 a.m. to 5 p.m.", "leave out full stops"),
        (Name.CONTACT, "One. Two. Three.", "two sentences at most"),
        (Name.CONTACT, "x" * 241, "241 characters"),
        (Name.CONTACT, "Ring [[phone]].", "leave out brackets"),
    ],
)
def test_what_would_break_a_page_is_refused_with_what_to_do(name: Name, typed: str, told: str) -> None:
    with pytest.raises(NotTaken) as refused:
        council.checked(Group.PEOPLE, {**PEOPLE, name: typed})

    assert list(refused.value.errors) == [name]
    assert told in refused.value.errors[name]


@pytest.mark.parametrize("typed", ["", "0", "-1", "8.5", "101", "eight", "٨", "999999999999"])
def test_a_time_to_keep_things_is_a_whole_number_within_reason(typed: str) -> None:
    with pytest.raises(NotTaken) as refused:
        council.checked(Group.KEEPING, {**KEEPING, Name.KEEP_CLOSED: typed})

    assert refused.value.errors == {Name.KEEP_CLOSED: "Write a whole number of years, from 1 to 100."}


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(NotTaken) as refused:
        council.checked(Group.PEOPLE, {**PEOPLE, Name.TEAM: "", Name.PHONE: "x"})

    assert set(refused.value.errors) == {Name.TEAM, Name.PHONE}


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        (Name.LA_CODE, "11", "three digits"),
        (Name.LA_CODE, "E06000099", "three digits"),
        (Name.LA_CODE, "١١١", "three digits"),
        (Name.ONS_CODE, "111", "ONS code of a council"),
        (Name.ONS_CODE, "E07000001", "ONS code of a council"),
        (Name.ONS_CODE, "W06000001", "ONS code of a council"),
        (Name.ONS_CODE, "E0600009O", "ONS code of a council"),
        (Name.REGION_CODE, "E12000010", "ONS code of a region"),
        (Name.REGION_CODE, "E06000099", "ONS code of a region"),
        (Name.REGION_NAME, "=North East", "Leave out the ="),
        (Name.LA_NAME, "@Northtown", "Leave out the @"),
        (Name.LA_NAME, "x" * 81, "81 characters"),
        (Name.COUNCIL_TYPE, "A \u202e type", "cannot be seen"),
    ],
)
def test_what_the_return_cannot_say_of_a_council_is_refused_with_what_to_do(name: Name, typed: str, told: str) -> None:
    with pytest.raises(NotTaken) as refused:
        council.checked(Group.RETURN, {**RETURN, name: typed})

    assert list(refused.value.errors) == [name]
    assert told in refused.value.errors[name]


def test_codes_are_taken_in_small_letters_and_with_spaces() -> None:
    given = council.checked(Group.RETURN, {**RETURN, Name.ONS_CODE: " e06 000 099", Name.REGION_CODE: "e12000001"})

    assert given == RETURN


def test_what_the_return_says_of_a_council_is_given_bit_by_bit(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    puts(store, settings, administrator, Group.RETURN, la_code="111", la_name="St. Mary’s & [South] 1. of: all")

    with store.reading() as seen:
        given = council.in_return(seen, settings)
    assert (given[Name.LA_CODE], given[Name.LA_NAME]) == ("111", "St. Mary’s & [South] 1. of: all")
    assert given[Name.ONS_CODE] == ""
    assert given[Name.GEOGRAPHY] == "ENGLAND"
    (change,) = council.history(store, settings, administrator, Name.LA_CODE)
    assert (change.before, change.after, change.by) == ("", "111", "Ash Ito")


def test_the_return_says_of_a_council_all_that_its_file_has_columns_for() -> None:
    assert set(GROUPS[Group.RETURN]) == {Name(one.name) for one in fields(Council)}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({Name.ONS_CODE: ""}, "One of these is still missing"),
        ({Name.ONS_CODE: "", Name.LA_NAME: ""}, "2 of these are still missing"),
        ({Name.REGION_CODE: "E12000002"}, "E12000002 stands for North West"),
        ({Name.REGION_NAME: "London"}, "E12000001 stands for North East"),
    ],
)
def test_what_is_odd_in_the_return_is_told_and_refused_to_nobody(changed: dict[Name, str], told: str) -> None:
    given = council.checked(Group.RETURN, {**RETURN, **changed})

    (advice,) = council.advice_on_return(given)
    assert told in advice


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {Name.REGION_NAME: "the north east"},
        {Name.REGION_CODE: "E12000006", Name.REGION_NAME: "Eastern"},
        {Name.REGION_CODE: "E12000003", Name.REGION_NAME: "Yorkshire and the Humber"},
    ],
)
def test_there_is_nothing_to_say_of_a_council_that_is_all_there(changed: dict[Name, str]) -> None:
    assert list(council.advice_on_return({**RETURN, **changed})) == []


def test_walking_in_is_yes_or_no() -> None:
    with pytest.raises(NotTaken):
        council.checked(Group.BEGINNING, {Name.WALK_IN: "perhaps"})
    with pytest.raises(NotTaken):
        council.checked(Group.BEGINNING, {})


@pytest.mark.parametrize("number", ["01632 960 001", "+44 1632 960001", "(01632) 960-001", "101", "116 123"])
def test_numbers_are_taken_as_people_write_them(number: str) -> None:
    assert council.checked(Group.PEOPLE, {**PEOPLE, Name.PHONE: number})[Name.PHONE] == number


def test_spaces_around_a_value_and_doubled_within_it_are_left_out() -> None:
    given = council.checked(Group.PEOPLE, {**PEOPLE, Name.TEAM: "  the   Northtown\r\n team "})

    assert given[Name.TEAM] == "the Northtown team"
    assert council.checked(Group.KEEPING, {**KEEPING, Name.KEEP_CLOSED: "008"})[Name.KEEP_CLOSED] == "8"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"phone": ""}, "no telephone number"),
        ({"phone_hours": ""}, "when the telephone is answered"),
        ({"out_of_hours_phone": ""}, "evenings, nights and weekends"),
        ({"team": "the adult social care team of Northtown"}, "4 words or fewer"),
        ({"team": "the safeguarding team"}, "the word “safeguarding”"),
        ({"contact": "What you say is confidential."}, "a promise that nobody can keep"),
        ({"contact": "We can't ring back."}, "Short forms"),
        ({"contact": " ".join(["word"] * 16) + "."}, "more than 15 words"),
    ],
)
def test_what_reads_badly_is_told_and_refused_to_nobody(changed: dict[str, str], told: str, settings: Settings) -> None:
    given = council.of_installation(settings) | PEOPLE | {Name(name): value for name, value in changed.items()}

    council.checked(Group.PEOPLE, given)

    assert any(told in one for one in council.advice(values_of(given)))


def test_there_is_nothing_to_say_of_values_that_read_well(settings: Settings) -> None:
    assert list(council.advice(values_of(council.of_installation(settings) | PEOPLE))) == []


# --- who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_only_an_administrator_looks_at_settings_tries_them_or_changes_them(
    store: Store, settings: Settings, administrator: Actor, role: Role
) -> None:
    somebody = replace(administrator, role=role)
    held = council.look(store, settings, administrator, Group.PEOPLE)

    with pytest.raises(NotAllowed):
        council.look(store, settings, somebody, Group.PEOPLE)
    with pytest.raises(NotAllowed):
        council.tried(store, settings, somebody, Group.PEOPLE, PEOPLE)
    with pytest.raises(NotAllowed):
        council.put_in_place(store, settings, somebody, Group.PEOPLE, PEOPLE, held.seen, NOON)
    with pytest.raises(NotAllowed):
        council.history(store, settings, somebody, Name.PHONE)
    with pytest.raises(NotAllowed):
        council.earlier(store, settings, somebody, Name.PHONE, 0)


def test_putting_something_in_place_takes_a_proof_of_who_it_is(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    held = council.look(store, settings, administrator, Group.PEOPLE)
    later = NOON + timedelta(minutes=6)

    with pytest.raises(ProofNeeded):
        council.put_in_place(store, settings, administrator, Group.PEOPLE, PEOPLE, held.seen, later)

    assert council.values_now(store, settings).phone == "01632 960 009"


def test_trying_values_puts_nothing_in_place(store: Store, settings: Settings, administrator: Actor) -> None:
    tried = council.tried(store, settings, administrator, Group.PEOPLE, PEOPLE)

    assert tried.team == "the Northtown team"
    assert council.values_now(store, settings).team == "the adult support team"
    with store.reading() as seen:
        assert seen.audit.search() == ()


def test_of_two_at_once_the_second_sees_what_the_first_put_in_place(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    held = council.look(store, settings, administrator, Group.PEOPLE)
    puts(store, settings, administrator, Group.PEOPLE, phone="01632 960 007")

    with pytest.raises(ChangedMeanwhile):
        council.put_in_place(store, settings, administrator, Group.PEOPLE, PEOPLE, held.seen, NOON)

    assert council.values_now(store, settings).phone == "01632 960 007"


def test_changes_in_one_group_do_not_disturb_whoever_changes_another(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    held = council.look(store, settings, administrator, Group.PEOPLE)
    puts(store, settings, administrator, Group.BEGINNING, walk_in="no")

    council.put_in_place(store, settings, administrator, Group.PEOPLE, PEOPLE, held.seen, NOON)

    assert council.values_now(store, settings).walk_in is False


# --- history ---------------------------------------------------------------------------------------------------------


def test_each_change_is_kept_with_who_when_and_from_what_to_what(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    later = NOON + timedelta(days=1)
    puts(store, settings, administrator, Group.PEOPLE, phone="01632 960 001")
    puts(store, settings, administrator, Group.PEOPLE, at=later, phone="01632 960 002")

    second, first = council.history(store, settings, administrator, Name.PHONE)

    assert (first.before, first.after, first.by, first.at) == ("01632 960 009", "01632 960 001", "Ash Ito", NOON)
    assert (second.before, second.after, second.at) == ("01632 960 001", "01632 960 002", later)


def test_an_earlier_value_can_be_put_back_and_so_can_the_installations(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    puts(store, settings, administrator, Group.PEOPLE, phone="01632 960 001")
    puts(store, settings, administrator, Group.PEOPLE, phone="01632 960 002")

    assert council.earlier(store, settings, administrator, Name.PHONE, 1) == "01632 960 001"
    assert council.earlier(store, settings, administrator, Name.PHONE, 0) == "01632 960 009"
    assert council.earlier(store, settings, administrator, Name.PHONE, 3) is None

    puts(store, settings, administrator, Group.PEOPLE, phone="01632 960 001")
    assert len(council.history(store, settings, administrator, Name.PHONE)) == 3


def test_each_change_is_in_the_audit_by_the_name_of_what_was_changed_and_nothing_of_the_value(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    puts(store, settings, administrator, Group.PEOPLE, phone="01632 960 001", team="the Northtown team")

    with store.reading() as seen:
        audited = seen.audit.search(acts=[AuditAct.CHANGED])
    assert {one.about for one in audited} == {"council.phone", "council.team"}
    assert {one.account_id for one in audited} == {administrator.account_id}


def test_what_is_the_same_is_no_change(store: Store, settings: Settings, administrator: Actor) -> None:
    held = council.look(store, settings, administrator, Group.PEOPLE)

    changed = council.put_in_place(store, settings, administrator, Group.PEOPLE, held.given, held.seen, NOON)

    assert changed == ()
    with store.reading() as seen:
        assert seen.audit.search() == ()


def test_values_are_sealed_in_the_database(
    store: Store, settings: Settings, administrator: Actor, tmp_path: Path
) -> None:
    puts(store, settings, administrator, Group.PEOPLE, contact="Ask for the lighthouse keeper.")

    held = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"lighthouse" not in held


# --- at hand for every page ------------------------------------------------------------------------------------------


class Asked(Store):
    """A store that counts how often it is read, and can be away."""

    def __init__(self, store: Store) -> None:
        self.__dict__.update(store.__dict__)
        self.times = 0
        self.is_away = False

    def reading(self):  # type: ignore[no-untyped-def]
        self.times += 1
        if self.is_away:
            raise NotRead(Cause.BUSY)
        return super().reading()


async def test_the_database_is_asked_at_most_every_two_seconds(store: Store, settings: Settings) -> None:
    asked, now = Asked(store), [100.0]
    in_place = InPlace(asked, settings, clock=lambda: now[0])
    for moment in (100.0, 100.1, 101.9, 102.0, 103.0, 104.1):
        now[0] = moment
        await in_place.read()

    assert asked.times == 3


async def test_what_another_process_put_in_place_shows_after_two_seconds(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    now = [100.0]
    in_place = InPlace(store, settings, clock=lambda: now[0])
    assert (await in_place.read()).phone == "01632 960 009"
    puts(store, settings, administrator, Group.PEOPLE, phone="01632 960 001")

    assert (await in_place.read()).phone == "01632 960 009"
    now[0] += 2
    assert (await in_place.read()).phone == "01632 960 001"


async def test_what_this_process_put_in_place_shows_at_once(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    in_place = InPlace(store, settings, clock=lambda: 100.0)
    await in_place.read()
    puts(store, settings, administrator, Group.PEOPLE, phone="01632 960 001")

    in_place.read_again()

    assert (await in_place.read()).phone == "01632 960 001"


async def test_while_the_database_is_away_what_held_before_goes_on(
    store: Store, settings: Settings, administrator: Actor
) -> None:
    puts(store, settings, administrator, Group.PEOPLE, phone="01632 960 001")
    asked, now = Asked(store), [100.0]
    in_place = InPlace(asked, settings, clock=lambda: now[0])
    await in_place.read()

    asked.is_away = True
    now[0] += 10

    assert (await in_place.read()).phone == "01632 960 001"


async def test_values_that_are_the_same_stay_the_same_object_so_that_no_page_is_made_anew(
    store: Store, settings: Settings
) -> None:
    now = [100.0]
    in_place = InPlace(store, settings, clock=lambda: now[0])
    first = await in_place.read()
    now[0] += 5

    assert await in_place.read() is first
