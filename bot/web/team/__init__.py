"""The team's side of the site: who may reach a page stands in its route, and nothing is lost that was typed."""
