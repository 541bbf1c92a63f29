"""Runs the custom actions with rasa-sdk's executor; the app serves them (`bot.web.webhook`)."""

from collections.abc import Mapping
from typing import Any

from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

from actions.record import every_action
from bot.dialogue import ActionRefused, ActionUnknown
from bot.store import Store


class Executor:
    """Every custom action, by name."""

    def __init__(self, store: Store) -> None:
        self._executor = ActionExecutor()
        for action in every_action(store):
            self._executor.register_action(action)

    async def run(self, call: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run one action and give its events. Raises ActionRefused, ActionUnknown, and whatever went wrong."""
        try:
            # The box sends no domain: it is long, and our actions have no need of it.
            result = await self._executor.run({"domain": {}, **call})
        except ActionExecutionRejection as error:
            raise ActionRefused(error.action_name) from error
        except ActionNotFoundException as error:
            raise ActionUnknown(error.action_name) from error
        return result.model_dump() if result is not None else {"events": [], "responses": []}
