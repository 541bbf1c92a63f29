"""Pages on which words wait to be quoted, and on which somebody says what was done about what people said."""

from bot.quoting import Check, quote_id
from bot.roles import Role
from tests.browser.team_states import Staff, States, reached
from tests.voices import RINGS, says

QUOTING = "Words that may be quoted"
DONE = "/team/said-and-done"


def of_whoever_quotes(staff: Staff) -> States:
    """From words that wait to a quote, to what was done about it, and back."""
    with staff.office.store() as store:
        told = says(store, staff.held_id, RINGS)
        says(store, staff.held_id, "Come twice if you have to.")
    here = f"/team/quotes/{told.conversation_id}/{told.said.number}"
    quinn = staff.at_work(Role.MANAGER, "Quinn Adéyẹmí")
    yield quinn, reached(quinn.opens("/team").goes("Quotes"), "Quoting people")
    yield quinn, f"Cover: {reached(quinn.follows(here), QUOTING)}"
    quinn.presses_on("main form button")
    quinn.sends(f"{here}/leave-out", passages="Mabel")
    yield quinn, reached(quinn, QUOTING)
    quinn.sends(f"{here}/leave-out", passages="ann\nfrom elm house")
    yield quinn, reached(quinn, QUOTING)
    quinn.presses_on(f"form[action='{here}'] button[value=approve]")
    yield quinn, f"List: {reached(quinn, QUOTING)}"
    quinn.presses_on(f"form[action='{here}'] button[value=refuse]")
    yield quinn, f"Reason: {reached(quinn, QUOTING)}"
    for check in Check:
        quinn.page.locator(f"input[value={check}]").check()
    quinn.presses_on(f"form[action='{here}'] button[value=approve]")
    yield quinn, f"Quoted: {reached(quinn, QUOTING)}"
    yield quinn, f"Quoted: {reached(quinn.opens('/team/quotes?show=quoted'), 'Quoting people')}"

    yield quinn, f"None yet: {reached(quinn.opens(DONE), 'You said, we did')}"
    new = f"{DONE}/new"
    yield quinn, reached(quinn.follows(new), "Say what was done")
    quinn.presses_on(f"form[action='{DONE}'] button")
    yield quinn, reached(quinn, "Say what was done")
    about = f"{new}?quote={quote_id(told.conversation_id, told.said.number)}"
    yield quinn, f"About words: {reached(quinn.opens(here).follows(about), 'Say what was done')}"
    quinn.pastes("We ring on the day.", "#did").pastes("The duty team", "#by")
    quinn.page.locator("#day").fill("2027-03-01")
    quinn.presses_on(f"form[action='{DONE}'] button")
    yield quinn, reached(quinn, "You said, we did")
    yield quinn, reached(quinn.presses_on("article a"), "Change what was done")
    bo = staff.at_work(Role.BOARD_MEMBER, "Bo Lindqvist")
    yield bo, reached(bo.opens("/team/in-their-words?period=2025"), "In their own words")
