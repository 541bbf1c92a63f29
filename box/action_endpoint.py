"""Calls to the custom actions, which the app serves: each is noted, each must end well and in time.

Rasa itself catches whatever goes wrong in an action, logs it and goes on with the next question, as if the section had
been kept. So every call writes a receipt here, and the channel refuses a turn whose receipt shows a failure.
"""

import asyncio
from contextlib import AbstractAsyncContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Optional

from aiohttp import ClientSession, ClientTimeout, TCPConnector
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.domain import Domain
from rasa.shared.exceptions import RasaException
from rasa.utils.endpoints import ClientResponseError, EndpointConfig


class ActionFailed(RasaException):
    """A custom action did not do its work. Names the action and the kind of failure, never what was sent."""


@dataclass
class Receipt:
    """Which custom actions ran while a delivery was heard."""

    actions: "list[str]" = field(default_factory=list)
    failed: bool = False
    too_slow: bool = False


RECEIPT: "ContextVar[Receipt]" = ContextVar("RECEIPT")
"""The receipt of the delivery being heard in this task."""


CALLED_BACK: "ContextVar[str]" = ContextVar("CALLED_BACK")
"""The address at which the app that asks has its actions, where a box serves more than one."""


CONNECTION_KEPT_FOR = 5.0
"""Seconds that a connection to an app waits for the next call; an app closes one that was idle for three times that."""


class WatchedEndpoint(EndpointConfig):
    """The app's webhook, with a limit of its own (in seconds) and a receipt for every call."""

    @property
    def url(self) -> Optional[str]:
        """The address of the app that is being answered."""
        return CALLED_BACK.get(self._url)

    @url.setter
    def url(self, url: Optional[str]) -> None:
        self._url = url

    @classmethod
    def watching(cls, endpoint: EndpointConfig, domain: Domain, limit: float) -> "WatchedEndpoint":
        """The same endpoint, watched."""
        watched = cls(endpoint.url, endpoint.params, endpoint.headers, **endpoint.kwargs)
        watched.domain = domain
        watched.limit = limit
        # Rasa holds every answer, and each time the schema too, against a schema wider than our check: 25 ms a call.
        RemoteAction._validate_action_result = staticmethod(lambda answer: True)
        return watched

    domain: Domain
    limit: float
    _open: "Optional[ClientSession]" = None

    def session(self) -> "AbstractAsyncContextManager[ClientSession]":  # type: ignore[override]
        """The session of the box. Rasa would open one, and a connection in it, for each call and close them again."""
        if self._open is None or self._open.closed:
            self._open = ClientSession(
                headers=self.headers,
                timeout=ClientTimeout(total=self.limit),
                connector=TCPConnector(keepalive_timeout=CONNECTION_KEPT_FOR),
            )
        return nullcontext(self._open)

    async def request(
        self,
        method: str = "post",
        subpath: Optional[str] = None,
        content_type: Optional[str] = "application/json",
        compress: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Ask the app to run one action. Raises ActionFailed unless its answer is one that the domain knows."""
        action = kwargs["json"]["next_action"]
        receipt = RECEIPT.get()
        try:
            asking = super().request(method, subpath, content_type, compress, **kwargs)
            answer = await asyncio.wait_for(asking, self.limit)
            self._check(answer)
        except asyncio.TimeoutError:
            receipt.failed = receipt.too_slow = True
            raise ActionFailed(f"{action}: no answer within {self.limit:g} s") from None
        except ClientResponseError as error:
            receipt.failed = True
            raise ActionFailed(f"{action}: answered {error.status}") from None
        except Exception as error:  # noqa: BLE001 whatever it is, the turn must not go on as if the section were kept
            receipt.failed = True
            raise ActionFailed(f"{action}: {type(error).__name__}") from None
        receipt.actions.append(action)
        return answer

    def _check(self, answer: object) -> None:
        """Our actions set slots and say responses of the domain; Rasa would pass over anything else."""
        if not isinstance(answer, dict):
            raise TypeError
        slots = {slot.name for slot in self.domain.slots}
        for event in answer["events"]:
            if event["event"] != "slot" or event["name"] not in slots or not _fits_a_slot(event["value"]):
                raise ValueError
        for said in answer["responses"]:
            if said["response"] not in self.domain.responses:
                raise ValueError


def _fits_a_slot(value: object) -> bool:
    """Whether this is nothing, one reference or id, or a list of them."""
    return value is None or all(isinstance(one, str) for one in (value if isinstance(value, list) else [value]))
