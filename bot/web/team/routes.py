"""Every route of the team's side in one table, with who may reach it. A page module adds its own `routes` here."""

from bot.web.team import (
    admin,
    council,
    enquiry,
    exporting,
    figures,
    guidance,
    heard,
    inviting,
    keeping,
    now,
    pack,
    person_file,
    reading,
    records,
    responses,
    signing,
    tokens,
    voices,
    work,
)
from bot.web.team.shell import TeamRoute

team_routes: tuple[TeamRoute, ...] = (
    *work.routes,
    *enquiry.routes,
    *exporting.routes,
    *person_file.routes,
    *inviting.routes,
    *reading.routes,
    *now.routes,
    *figures.routes,
    *pack.routes,
    *admin.routes,
    *voices.routes,
    *responses.routes,
    *keeping.routes,
    *tokens.routes,
    *guidance.routes,
    *council.routes,
    *records.routes,
    *heard.routes,
    *signing.routes,
)
"""In the order in which the navigation shows their entries."""
