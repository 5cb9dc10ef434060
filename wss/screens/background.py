"""Work that takes seconds, started from a button without freezing the page."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from wss.errors import WssError

log = logging.getLogger(__name__)
_running: set[asyncio.Task] = set()


def start(work: Callable[[], Awaitable[None]], complain: Callable[[str], None]) -> None:
    """Run `work` in the kernel's event loop, or to its end where there is none; `complain` is told what goes wrong."""
    guarded = _guarded(work, complain)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(guarded)
        return
    task = loop.create_task(guarded)
    _running.add(task)
    task.add_done_callback(_running.discard)


def every(seconds: float, work: Callable[[], None], complain: Callable[[str], None]) -> None:
    """Call `work` every so many seconds [s] as long as the kernel's event loop runs; nothing where there is no loop."""

    async def forever() -> None:
        while True:
            await asyncio.sleep(seconds)
            await _guarded(_as_coroutine(work), complain)

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    start(forever, complain)


def _as_coroutine(work: Callable[[], None]) -> Callable[[], Awaitable[None]]:
    async def call() -> None:
        work()

    return call


async def _guarded(work: Callable[[], Awaitable[None]], complain: Callable[[str], None]) -> None:
    try:
        await work()
    except WssError as error:
        complain(str(error))
    except Exception as error:
        log.exception("a dashboard's background work failed")
        complain(f"{type(error).__name__}: {error}")
