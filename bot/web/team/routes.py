"""Every route of the team's side in one table, with who may reach it. A page module adds its own `routes` here."""

from bot.web.team import council, guidance, signing
from bot.web.team.shell import TeamRoute

team_routes: tuple[TeamRoute, ...] = (*guidance.routes, *council.routes, *signing.routes)
"""In the order in which the navigation shows their entries."""
