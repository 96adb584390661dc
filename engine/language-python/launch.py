"""Run the SDK's executor script, given with its arguments on the command line, and end as a person expects.

Ctrl-C is no error of the program: its `finally` blocks run, once, and no traceback follows. A program that ended by
`pulumi.RunError` has said what is wrong: code 32 tells the language host so, and nothing is added to the sentence.
"""
# ruff: noqa: INP001 - a script, which lies beside the language host

import asyncio
import os
import pathlib
import runpy
import signal
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

ALREADY_REPORTED = 32


async def no_more_calls(*_, **__):
    """Stand in for the SDK's wait for its calls: an engine that is cancelling never answers them."""
    raise asyncio.CancelledError


def clean_up_before_closing(loop):
    """Let every task that an interrupt of another one left behind run its cleanup before the loop is closed."""
    close = loop.close

    def close_cleanly():
        if tasks := asyncio.all_tasks(loop):
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        close()

    loop.close = close_cleanly


def interrupt(*_):
    """End the program by exception at the first interrupt, and wait for no answer of the engine's from then on."""
    # A terminal, the engine and the language host may each send the signal: the first one is enough, and the others
    # must not break the cleanup that it set off.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")  # of coroutines that nobody awaits any more
    if "pulumi.runtime.stack" in sys.modules:
        vars(sys.modules["pulumi.runtime.stack"])["wait_for_rpcs"] = no_more_calls
    ThreadPoolExecutor.shutdown = lambda *_, **__: None
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        raise KeyboardInterrupt from None
    clean_up_before_closing(loop)
    if asyncio.current_task(loop):
        raise KeyboardInterrupt
    # Everything awaits something: only a cancelled task runs its cleanup.
    loop.call_soon_threadsafe(lambda: [task.cancel() for task in asyncio.all_tasks(loop)])


def count_errors():
    """Count what the program reports as errors from now on; return the counter, a list of one number."""
    count = [0]
    try:
        from pulumi import log
    except ImportError:  # the executor says what to do about a missing SDK
        return count
    report = log.error

    def error(*args, **kwargs):
        count[0] += 1
        return report(*args, **kwargs)

    log.error = error
    return count


sys.argv = sys.argv[1:]
sys.path[0] = str(pathlib.Path(sys.argv[0]).parent)
signal.signal(signal.SIGINT, interrupt)
errors = count_errors()
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except (KeyboardInterrupt, asyncio.CancelledError):
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(128 + signal.SIGINT)  # the interpreter's own end would wait for threads whose calls are never answered
except SystemExit as end:
    if end.code == 1 and errors[0]:
        sys.exit(ALREADY_REPORTED)
    raise
