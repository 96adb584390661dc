"""Front one: a simulated provider as the real engine meets it, a plugin that speaks the provider protocol.

`python -m rehearsal.clouds.plugin PACKAGE VERSION [ENGINE ...]` prints the port on which it serves and goes on until
the engine ends it, or has itself ended. The ledger is the file that HYBRIDGE_REHEARSAL_LEDGER names.

Nothing that happens in here reaches the engine as a traceback. What nobody expected becomes one sentence, and where
in the code it happened is written to `plugin.log` beside the ledger, without any property's value.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import FrameType
from typing import Any, Final

import grpc
from pulumi.runtime.proto import provider_pb2_grpc

from rehearsal.clouds import faults, sdk
from rehearsal.clouds.faults import FaultsError
from rehearsal.clouds.ledger import Ledger, LedgerError
from rehearsal.clouds.performing import AnswerLostError, CloudError
from rehearsal.clouds.servicer import Servicer
from rehearsal.clouds.simulator import Simulator

LEDGER_VARIABLE: Final = "HYBRIDGE_REHEARSAL_LEDGER"
"""The environment variable that names the ledger's file."""

_THREADS: Final = 64
"""How many operations may wait at once, more than the engine asks in parallel unless told to."""
_MESSAGE_BYTES: Final = 400 * 1024 * 1024
"""The largest message, as large as the engine's own limit (sdk/go/common/util/rpcutil of pulumi)."""
_PARENT_SECONDS: Final = 1.0
"""How often the plugin looks whether the engine that started it still lives."""


class _TellingPlainly(grpc.ServerInterceptor):
    """Turns whatever the methods of a plugin raise into an error of the protocol that is a sentence."""

    def __init__(self, package: str, log: Path) -> None:
        self._package = package
        self._log = log

    # grpcio types neither handlers nor the requests and responses that pass through them.
    def intercept_service(self, continuation: Callable[[Any], Any], handler_call_details: Any) -> Any:
        """Wrap the method that is called."""
        handler = continuation(handler_call_details)
        if handler is None or handler.unary_unary is None:
            return handler

        def telling(request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return handler.unary_unary(request, context)
            except AnswerLostError as error:
                context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
            except (CloudError, LedgerError) as error:
                context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            except NotImplementedError:
                # What the servicer's own base class raises for methods that the plugin does not have.
                raise
            except Exception as error:  # noqa: BLE001 - the last line before a person
                context.abort(grpc.StatusCode.INTERNAL, self._write_down(error))

        return grpc.unary_unary_rpc_method_handler(telling, handler.request_deserializer, handler.response_serializer)

    def _write_down(self, error: Exception) -> str:
        """Add where `error` happened to the log, and return the sentence to tell.

        The error's message, which may quote a property's value, is in neither.
        """
        frames = "".join(traceback.format_tb(error.__traceback__))
        with os.fdopen(os.open(self._log, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600), "a") as file:
            file.write(f"{self._package}: {type(error).__name__}\n{frames}\n")
        return f"The simulated {self._package} broke ({type(error).__name__}); where in its code is in {self._log}."


def serve(package: str, version: str, engine: str | None) -> int:
    """Serve `package` until the engine ends this process or has ended itself; the exit status."""
    ledger_path = os.environ.get(LEDGER_VARIABLE)
    if not ledger_path:
        return _fail(f"{LEDGER_VARIABLE} names no file; a simulated provider is started by `python -m rehearsal`.")
    try:
        simulator = Simulator(Ledger(Path(ledger_path)), faults.planned())
    except (FaultsError, LedgerError, OSError) as error:
        return _fail(str(error))
    ended = threading.Event()

    def end(signal_number: int, frame: FrameType | None) -> None:
        del signal_number, frame
        ended.set()

    server = grpc.server(
        ThreadPoolExecutor(max_workers=_THREADS),
        interceptors=[_TellingPlainly(package, Path(ledger_path).with_name("plugin.log"))],
        options=[
            ("grpc.max_receive_message_length", _MESSAGE_BYTES),
            ("grpc.max_send_message_length", _MESSAGE_BYTES),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Servicer(package, version, simulator, engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signal_number, end)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    threading.Thread(target=_wait_for_the_engine, args=(os.getppid(), ended), daemon=True).start()
    ended.wait()
    simulator.cancel()
    server.stop(grace=None).wait(timeout=1)
    simulator.ledger.close()
    return 0


def _wait_for_the_engine(parent: int, ended: threading.Event) -> None:
    """An engine that was killed cannot say goodbye; then its plugins are nobody's."""
    while os.getppid() == parent:
        time.sleep(_PARENT_SECONDS)
    ended.set()


def _fail(message: str) -> int:
    sys.stderr.write(message + "\n")
    return 1


def main(arguments: list[str]) -> int:
    """Serve what the command line names; the exit status."""
    match arguments:
        case [package, version, *rest] if package in sdk.PACKAGES:
            engine = next((argument for argument in rest if not argument.startswith("-")), None)
            return serve(package, version, engine)
        case _:
            known = ", ".join(sorted(sdk.PACKAGES))
            return _fail(f"usage: python -m rehearsal.clouds.plugin PACKAGE VERSION [ENGINE]; packages: {known}")


if __name__ == "__main__":
    # The pool's threads may still wait for a cloud that does not answer; they must not keep the process.
    status = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(status)
