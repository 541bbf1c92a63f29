"""Who may do what: each rule as a sentence, and every role with every act in every place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from bot.conversation import Speaker, Stage
from bot.roles import (
    NOWHERE,
    PROOF_LASTS,
    RULES,
    Act,
    Actor,
    NotAllowed,
    Place,
    ProofNeeded,
    Role,
    may,
    require,
    require_proven,
    takes_proof,
)

NOW = datetime(2026, 3, 2, 10, 30, tzinfo=UTC)
OWN, OTHER = "the north team", "the south team"
ME = "me"

ENQUIRY = Place(team_id=OWN)
ELSEWHERE = Place(team_id=OTHER)
RESTRICTED = Place(team_id=OWN, is_restricted=True)
MINE = frozenset({ME})
SAID = Place(team_id=OWN, stage=Stage.FIRST, speaker=Speaker.PERSON, is_finished=True)
AFTERWARDS = replace(SAID, stage=Stage.EXPERIENCE)

LOOKING = {Act.SEE_WORK, Act.SEARCH, Act.SEE_ENQUIRY, Act.READ_CONVERSATION, Act.READ_FLAG}
LOOKING |= {Act.SEE_RECORDS, Act.SEE_CONTACT, Act.SEE_READERS, Act.SEARCH_AUDIT, Act.SEE_CONFIRMATIONS}
COUNTED = {Act.SEE_TEAM, Act.SEE_FIGURES, Act.SEE_PACK, Act.EXPORT_RETURN, Act.EXPORT_PACK, Act.COMPARE}
ALWAYS = {Act.EXPORT, Act.LIFT, Act.MANAGE_PEOPLE, Act.CHANGE_SETTINGS, Act.CHANGE_SIGN_IN}
ALWAYS |= {Act.EXPORT_RETURN, Act.EXPORT_PACK, Act.MANAGE_TOKENS, Act.FORGET}
OF_ENQUIRIES = set(Act) - {Act.CHANGE_SIGN_IN, Act.CONFIRM_GUIDANCE, Act.LIST_GUIDANCE}
OF_ENQUIRIES -= {Act.MANAGE_TEAMS, Act.MANAGE_PEOPLE, Act.CHANGE_SETTINGS, Act.MANAGE_TOKENS, Act.USE_API}
OF_ENQUIRIES -= COUNTED | {Act.ANSWER_PEOPLE, Act.SEE_KEEPING}


def one(role: Role) -> Actor:
    return Actor(ME, role, frozenset({OWN}))


def acts(role: Role, place: Place) -> set[Act]:
    return {act for act in Act if may(one(role), act, place)}


# --- each rule -------------------------------------------------------------------------------------------------------


def test_a_practitioner_works_on_what_their_team_has() -> None:
    there = {Act.SEE_ENQUIRY, Act.SEE_RECORDS, Act.SEE_CONTACT, Act.INVITE, Act.RECORD, Act.NOTE, Act.BEGIN_ENQUIRY}
    assert there <= acts(Role.PRACTITIONER, ENQUIRY)
    assert {Act.READ_CONVERSATION, Act.REVIEW, Act.NOTE, Act.TAG, Act.ANSWER_FLAG} <= acts(Role.PRACTITIONER, SAID)


def test_a_practitioner_finds_nothing_of_another_team_but_what_is_allocated_to_them() -> None:
    assert not acts(Role.PRACTITIONER, ELSEWHERE) & (OF_ENQUIRIES - {Act.SEE_WORK, Act.SEARCH})
    assert may(one(Role.PRACTITIONER), Act.SEE_ENQUIRY, replace(ELSEWHERE, allocated=MINE))


def test_a_restricted_enquiry_is_there_for_those_it_is_allocated_to_and_for_the_manager() -> None:
    assert not may(one(Role.PRACTITIONER), Act.SEE_ENQUIRY, RESTRICTED)
    assert not may(one(Role.PRACTITIONER), Act.SEE_ENQUIRY, replace(RESTRICTED, ever_allocated=MINE))
    assert may(one(Role.PRACTITIONER), Act.SEE_ENQUIRY, replace(RESTRICTED, allocated=MINE))
    assert may(one(Role.MANAGER), Act.SEE_ENQUIRY, RESTRICTED)


def test_what_a_person_is_still_saying_is_read_by_nobody_but_for_a_flag() -> None:
    saying = replace(SAID, is_finished=False)
    for role in Role:
        assert not may(one(role), Act.READ_CONVERSATION, saying)
        assert not may(one(role), Act.NOTE, saying)
    assert {role for role in Role if may(one(role), Act.READ_FLAG, saying)} == {
        Role.PRACTITIONER,
        Role.MANAGER,
        Role.AUDITOR,
    }


@pytest.mark.parametrize("led", [replace(AFTERWARDS, allocated=MINE), replace(AFTERWARDS, ever_allocated=MINE)])
@pytest.mark.parametrize("role", [Role.PRACTITIONER, Role.MANAGER, Role.AUDITOR])
def test_how_it_was_for_people_is_kept_from_whoever_led_the_enquiry_whatever_they_became(
    role: Role, led: Place
) -> None:
    assert may(one(role), Act.READ_CONVERSATION, AFTERWARDS)
    assert not may(one(role), Act.READ_CONVERSATION, led)
    assert not may(one(role), Act.SEE_RECORDS, led)
    assert not may(one(role), Act.NOTE, led)


def test_a_flag_in_how_it_was_for_people_is_answered_by_somebody_who_did_not_lead_it_or_by_the_manager() -> None:
    led = replace(AFTERWARDS, allocated=MINE)
    assert may(one(Role.PRACTITIONER), Act.ANSWER_FLAG, AFTERWARDS)
    assert not may(one(Role.PRACTITIONER), Act.READ_FLAG, led)
    assert not may(one(Role.PRACTITIONER), Act.ANSWER_FLAG, led)
    assert may(one(Role.MANAGER), Act.READ_FLAG, led)
    assert may(one(Role.MANAGER), Act.ANSWER_FLAG, led)


def test_a_manager_leads_what_their_teams_have_and_nothing_else() -> None:
    leading = {Act.ALLOCATE, Act.RESTRICT, Act.ASK_TO_LIFT, Act.CLOSE, Act.EXPORT, Act.SEE_READERS, Act.SEARCH_AUDIT}
    assert leading | {Act.SEE_CONFIRMATIONS} <= acts(Role.MANAGER, ENQUIRY)
    assert not acts(Role.MANAGER, ELSEWHERE) & (OF_ENQUIRIES - {Act.SEE_WORK, Act.SEARCH})


def test_a_restriction_is_lifted_by_a_second_manager() -> None:
    assert not may(one(Role.MANAGER), Act.LIFT, RESTRICTED)
    assert not may(one(Role.MANAGER), Act.LIFT, replace(RESTRICTED, lift_asked_by=ME))
    assert may(one(Role.MANAGER), Act.LIFT, replace(RESTRICTED, lift_asked_by="another manager"))
    assert not may(one(Role.MANAGER), Act.LIFT, replace(ELSEWHERE, lift_asked_by="another manager"))


def test_a_manager_says_how_long_is_kept_what_their_teams_have_and_proves_who_they_are_to_forget_it() -> None:
    for act in (Act.KEEP, Act.FORGET):
        assert [role for role in Role if may(one(role), act, ENQUIRY)] == [Role.MANAGER]
        assert not may(one(Role.MANAGER), act, ELSEWHERE)
    assert takes_proof(Act.FORGET)


def test_an_advocate_reads_what_advocates_said_and_what_the_person_let_them_read() -> None:
    theirs = replace(SAID, team_id=OTHER, allocated=MINE)
    said_by = {
        (speaker, shared): may(
            one(Role.ADVOCATE), Act.READ_CONVERSATION, replace(theirs, speaker=speaker, is_shared=shared)
        )
        for speaker in (Speaker.PERSON, Speaker.ADVOCATE, Speaker.PRACTITIONER)
        for shared in (False, True)
    }
    assert {key for key, yes in said_by.items() if yes} == {
        (Speaker.PERSON, True),
        (Speaker.ADVOCATE, False),
        (Speaker.ADVOCATE, True),
    }


def test_an_advocate_sees_nothing_that_the_team_wrote_and_no_safe_contact() -> None:
    theirs = replace(SAID, allocated=MINE, is_shared=True)
    about_enquiries = acts(Role.ADVOCATE, theirs) & OF_ENQUIRIES
    assert about_enquiries == {Act.SEE_WORK, Act.SEE_ENQUIRY, Act.READ_CONVERSATION}
    assert acts(Role.ADVOCATE, SAID) & OF_ENQUIRIES == {Act.SEE_WORK}


def test_an_auditor_looks_at_everything_and_changes_nothing() -> None:
    assert acts(Role.AUDITOR, replace(SAID, team_id=OTHER, is_restricted=True)) == (
        LOOKING | COUNTED | {Act.CHANGE_SIGN_IN, Act.SEE_KEEPING}
    )
    assert Act.CONFIRM_GUIDANCE not in acts(Role.AUDITOR, NOWHERE)


def test_a_manager_counts_what_their_teams_have_and_the_whole_council() -> None:
    for act in (Act.SEE_FIGURES, Act.EXPORT_RETURN, Act.ANSWER_PEOPLE):
        assert may(one(Role.MANAGER), act, ENQUIRY)
        assert may(one(Role.MANAGER), act, NOWHERE)
        assert not may(one(Role.MANAGER), act, ELSEWHERE)


def test_a_board_member_sees_only_what_may_be_published() -> None:
    assert acts(Role.BOARD_MEMBER, NOWHERE) & (COUNTED | {Act.ANSWER_PEOPLE}) == {Act.SEE_PACK, Act.EXPORT_PACK}


def test_words_are_approved_for_quoting_by_a_manager_who_did_not_lead_the_enquiry() -> None:
    assert [role for role in Role if may(one(role), Act.APPROVE_QUOTE, AFTERWARDS)] == [Role.MANAGER]
    assert not may(one(Role.MANAGER), Act.APPROVE_QUOTE, replace(AFTERWARDS, ever_allocated=MINE))
    assert not may(one(Role.MANAGER), Act.APPROVE_QUOTE, replace(AFTERWARDS, is_finished=False))


def test_no_account_does_what_another_programme_is_let_in_to_do() -> None:
    assert not [role for role in Role if may(one(role), Act.USE_API)]


def test_a_board_member_and_an_administrator_find_no_enquiry() -> None:
    for role, place in product((Role.BOARD_MEMBER, Role.ADMINISTRATOR), (ENQUIRY, SAID, RESTRICTED)):
        assert not acts(role, replace(place, allocated=MINE, is_shared=True)) & OF_ENQUIRIES


def test_an_administrator_alone_manages_teams_people_settings_and_the_list_of_guidance() -> None:
    for act in (Act.MANAGE_TEAMS, Act.MANAGE_PEOPLE, Act.CHANGE_SETTINGS, Act.LIST_GUIDANCE, Act.MANAGE_TOKENS):
        assert [role for role in Role if may(one(role), act)] == [Role.ADMINISTRATOR]


def test_what_is_nobodys_is_found_by_an_auditor_alone() -> None:
    nobodys = replace(SAID, team_id=None)
    assert [role for role in Role if may(one(role), Act.READ_CONVERSATION, nobodys)] == [Role.AUDITOR]


def test_what_stands_in_no_rule_is_forbidden() -> None:
    assert set(RULES) == set(Act)
    for role, act in product(Role, Act):
        if role not in RULES[act]:
            assert not may(one(role), act, ENQUIRY)


# --- proving again ---------------------------------------------------------------------------------------------------


def test_opening_what_is_restricted_exporting_lifting_and_administering_take_a_proof() -> None:
    assert {act for act in Act if takes_proof(act, ENQUIRY)} == ALWAYS
    assert {act for act in Act if takes_proof(act, RESTRICTED)} == ALWAYS | {
        Act.SEE_ENQUIRY,
        Act.READ_CONVERSATION,
        Act.READ_FLAG,
    }


def test_a_proof_counts_for_five_minutes_and_a_clock_set_back_makes_it_no_longer() -> None:
    never, just_now = one(Role.MANAGER), replace(one(Role.MANAGER), proven_at=NOW)
    with pytest.raises(ProofNeeded):
        require_proven(never, Act.SEE_ENQUIRY, NOW, RESTRICTED)
    require_proven(just_now, Act.SEE_ENQUIRY, NOW + PROOF_LASTS, RESTRICTED)
    for then in (NOW + PROOF_LASTS + timedelta(seconds=1), NOW - timedelta(hours=1)):
        with pytest.raises(ProofNeeded):
            require_proven(just_now, Act.SEE_ENQUIRY, then, RESTRICTED)


def test_whoever_may_not_is_not_asked_for_a_proof_either() -> None:
    with pytest.raises(NotAllowed):
        require_proven(one(Role.PRACTITIONER), Act.SEE_ENQUIRY, NOW, RESTRICTED)
    with pytest.raises(NotAllowed):
        require(one(Role.BOARD_MEMBER), Act.SEE_WORK)
    require(one(Role.MANAGER), Act.SEE_ENQUIRY, RESTRICTED)


def test_a_refusal_says_what_was_refused_and_nothing_of_where() -> None:
    with pytest.raises(NotAllowed, match=r"^Not allowed: export\.$") as refused:
        require(one(Role.BOARD_MEMBER), Act.EXPORT, ENQUIRY)
    with pytest.raises(ProofNeeded, match=r"^Proof is needed first: export\.$") as unproven:
        require_proven(one(Role.MANAGER), Act.EXPORT, NOW, ENQUIRY)
    assert (refused.value.act, unproven.value.act) == (Act.EXPORT, Act.EXPORT)


# --- all of it -------------------------------------------------------------------------------------------------------


def expected(role: Role, act: Act, place: Place) -> bool:  # noqa: PLR0912 every rule once more, in another order
    """Say the same in another way: role by role, as the rules are told to people."""
    own = place.team_id == OWN
    mine = ME in place.allocated
    led = place.stage is Stage.EXPERIENCE and (mine or ME in place.ever_allocated)
    conversation = place.stage is not None
    nowhere = {
        Role.PRACTITIONER: {Act.SEE_WORK, Act.SEARCH, Act.CONFIRM_GUIDANCE},
        Role.MANAGER: {
            Act.SEE_WORK,
            Act.SEARCH,
            Act.CONFIRM_GUIDANCE,
            Act.SEE_PACK,
            Act.EXPORT_PACK,
            Act.COMPARE,
            Act.SEE_KEEPING,
        },
        Role.ADVOCATE: {Act.SEE_WORK, Act.CONFIRM_GUIDANCE},
        Role.AUDITOR: {Act.SEE_WORK, Act.SEARCH, Act.SEE_KEEPING} | COUNTED,
        Role.BOARD_MEMBER: {Act.CONFIRM_GUIDANCE, Act.SEE_PACK, Act.EXPORT_PACK},
        Role.ADMINISTRATOR: {
            Act.CONFIRM_GUIDANCE,
            Act.LIST_GUIDANCE,
            Act.MANAGE_TEAMS,
            Act.MANAGE_PEOPLE,
            Act.CHANGE_SETTINGS,
            Act.MANAGE_TOKENS,
            Act.SEE_KEEPING,
        },
    }
    if act is Act.CHANGE_SIGN_IN or act in nowhere[role]:
        return True
    works = {Act.SEE_ENQUIRY, Act.SEE_CONTACT, Act.JOIN, Act.INVITE, Act.RECORD}
    reads = {Act.READ_CONVERSATION}
    beside = {Act.SEE_RECORDS, Act.REVIEW, Act.NOTE, Act.TAG}
    flags = {Act.READ_FLAG, Act.ANSWER_FLAG}
    leads = {Act.ALLOCATE, Act.RESTRICT, Act.ASK_TO_LIFT, Act.CLOSE, Act.EXPORT, Act.KEEP, Act.FORGET}
    oversees = {Act.SEE_READERS, Act.SEARCH_AUDIT, Act.SEE_CONFIRMATIONS}
    readable = place.is_finished and not led
    if role is Role.AUDITOR:
        if act in reads:
            return readable
        if act is Act.SEE_RECORDS:
            return readable or not conversation
        return act in {Act.SEE_ENQUIRY, Act.SEE_CONTACT, Act.READ_FLAG} | oversees
    if role is Role.ADVOCATE:
        if act is Act.SEE_ENQUIRY:
            return mine
        heard = place.speaker is Speaker.ADVOCATE or (place.speaker is Speaker.PERSON and place.is_shared)
        return act in reads and mine and place.is_finished and heard
    if role not in {Role.PRACTITIONER, Role.MANAGER}:
        return False
    if act is Act.SEE_TEAM:
        return own
    if role is Role.MANAGER and act in {Act.SEE_FIGURES, Act.EXPORT_RETURN, Act.ANSWER_PEOPLE}:
        return own or place.team_id is None
    if act is Act.APPROVE_QUOTE:
        return role is Role.MANAGER and own and readable
    if act is Act.BEGIN_ENQUIRY:
        return own
    there = own if role is Role.MANAGER else mine or (own and not place.is_restricted)
    if act in works:
        return there
    if act is Act.END_CODE:
        return there and not led
    if act in reads:
        return there and readable
    if act in beside:
        return there and (readable or not conversation)
    if act in flags:
        return there and (role is Role.MANAGER or not led)
    if role is Role.PRACTITIONER:
        return False
    if act is Act.LIFT:
        return own and place.lift_asked_by == "another manager"
    return own and act in leads | oversees


def every_place() -> list[Place]:
    of_me = [(frozenset[str](), frozenset[str]()), (MINE, MINE), (frozenset[str](), MINE)]
    spoken = [(None, None), *product(Stage, (Speaker.PERSON, Speaker.ADVOCATE, Speaker.PRACTITIONER))]
    return [
        Place(team, restricted, allocated, ever, asked_by, stage, speaker, finished, shared)
        for team, restricted, (allocated, ever), asked_by, (stage, speaker), finished, shared in product(
            (OWN, OTHER, None),
            (False, True),
            of_me,
            (None, ME, "another manager"),
            spoken,
            (False, True),
            (False, True),
        )
    ]


@pytest.mark.parametrize("role", Role)
def test_every_act_in_every_place_is_as_the_rules_are_told(role: Role) -> None:
    surprises = [
        (act, place)
        for act, place in product(Act, every_place())
        if may(one(role), act, place) != expected(role, act, place)
    ]
    assert surprises == []


@pytest.mark.parametrize("role", Role)
def test_whoever_has_no_team_and_nothing_allocated_finds_no_enquiry_unless_they_oversee_all(role: Role) -> None:
    stranger = Actor("somebody new", role)
    found = {
        act
        for act, place in product(OF_ENQUIRIES - {Act.SEE_WORK, Act.SEARCH}, every_place())
        if may(stranger, act, place)
    }
    assert bool(found) == (role is Role.AUDITOR)
