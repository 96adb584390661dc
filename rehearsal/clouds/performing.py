"""Performs the operations of a simulated cloud: counts each in the ledger, and lets the day's faults befall it."""

from __future__ import annotations

import os
import threading
import uuid
from collections.abc import Callable
from typing import Final, TypeVar

from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential
from tenacity.nap import sleep_using_event

from rehearsal.clouds.faults import Effect, Fault, Operation, Planned
from rehearsal.clouds.ledger import Ledger

RUN_VARIABLE: Final = "HYBRIDGE_REHEARSAL_RUN"
"""The environment variable that names the run, so that all plugin processes of one count operations together."""

_PATIENCE: Final = 5
"""How often a provider asks a cloud that throttles it before it gives up."""

_T = TypeVar("_T")


class CloudError(Exception):
    """A simulated cloud refuses; the message is a sentence for the person whose program asked."""


class AnswerLostError(CloudError):
    """The connection to a simulated cloud broke after it had done what was asked."""


class _ThrottledError(CloudError):
    """A simulated cloud was asked too often."""


class Performer:
    """Whoever performs operations on the clouds in `ledger`, for one run, with the faults `planned` for it.

    `run` names the run over which faults are counted: by default the one that the environment names.
    """

    def __init__(self, ledger: Ledger, planned: Planned, run: str | None) -> None:
        self._ledger = ledger
        self._faults = tuple(each for each in planned if isinstance(each, Fault))
        self._run = run or os.environ.get(RUN_VARIABLE) or uuid.uuid4().hex
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """End every operation that waits; those to come do not wait at all."""
        self._cancelled.set()

    def perform(self, operation: Operation, token: str, urn: str, do: Callable[[], _T]) -> _T:
        """Do what was asked, as the day's faults allow, and note how it ended."""
        number = self._ledger.begin(run=self._run, type_=token, urn=urn, operation=operation.value)
        try:
            fault = self._fault(number, operation, token)
            done = do() if fault is None else self._suffer(fault, operation, token, do)
        except AnswerLostError:
            self._ledger.end(number, "done, and the answer lost")
            raise
        except CloudError:
            self._ledger.end(number, "refused")
            raise
        except Exception:
            self._ledger.end(number, "broken")
            raise
        self._ledger.end(number, "done")
        return done

    def _fault(self, number: int, operation: Operation, token: str) -> Fault | None:
        if not self._faults:
            return None
        counts = self._ledger.types_until(number, self._run, operation.value)
        return next((fault for fault in self._faults if fault.befalls(token, operation, counts)), None)

    def _suffer(self, fault: Fault, operation: Operation, token: str, do: Callable[[], _T]) -> _T:
        what = f"{operation.value} {token}"
        match fault.effect:
            case Effect.FAIL:
                raise CloudError(fault.message or f"The simulated cloud refuses to {what}, as this run's faults say.")
            case Effect.HANG:
                self._cancelled.wait(fault.seconds)
                raise CloudError(fault.message or f"The simulated cloud did not answer a request to {what}.")
            case Effect.SLOW:
                self._cancelled.wait(fault.seconds)
                return do()
            case Effect.THROTTLE:
                return self._insist(fault, what, do)
            case Effect.LOSE_ANSWER:
                do()
                raise AnswerLostError(
                    fault.message or f"The connection broke before the simulated cloud answered a request to {what}."
                )

    def _insist(self, fault: Fault, what: str, do: Callable[[], _T]) -> _T:
        refusals = fault.times or 1

        def attempt() -> _T:
            nonlocal refusals
            if refusals:
                refusals -= 1
                raise _ThrottledError
            return do()

        retrying = Retrying(
            retry=retry_if_exception_type(_ThrottledError),
            stop=stop_after_attempt(_PATIENCE),
            wait=wait_exponential(multiplier=0.05, max=1),
            sleep=sleep_using_event(self._cancelled),
        )
        try:
            return retrying(attempt)
        except RetryError as error:
            raise CloudError(
                fault.message
                or f"Throttling: Rate exceeded. The provider gave up after {_PATIENCE} requests to {what}."
            ) from error
