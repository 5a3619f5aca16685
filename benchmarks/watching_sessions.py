"""Sessions that watch a page without drawing it: WebSockets that speak Streamlit's protocol."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

START_S = 60.0
LARGEST_MESSAGE = 2**27


@dataclass
class Traffic:
    """What one session has received: answered ticks, bytes, and errors that the page showed."""

    ticks: int = 0
    received: int = 0
    errors: list[str] = field(default_factory=list)


@contextmanager
def watching(address: str, page: str, query: str, *, sessions: int, tick_s: float) -> Iterator[list[Traffic]]:
    """Keep sessions open on a page, each asking for its polling fragment again every tick.

    Args:
        address: of the server, http://...
        page: name of the page.
        query: of its address, such as `run=...`.
        sessions: how many.
        tick_s: seconds between two questions of a session, whatever the page asks for.

    Yields:
        What each session has received so far, once all have got their page.

    Raises:
        TimeoutError: they did not within START_S.
    """
    traffic = [Traffic() for _ in range(sessions)]
    ready, leave = threading.Semaphore(0), threading.Event()

    async def all_sessions() -> None:
        tasks = [
            _session(address, ClientState(query_string=query, page_name=page), part, ready, leave, tick_s)
            for part in traffic
        ]
        await asyncio.gather(*tasks)

    thread = threading.Thread(target=asyncio.run, args=(all_sessions(),), daemon=True)
    thread.start()
    try:
        for _ in traffic:
            if not ready.acquire(timeout=START_S):
                raise TimeoutError(f"A session on {page} did not get its page within {START_S:.0f} s.")
        yield traffic
    finally:
        leave.set()
        thread.join()


async def _session(
    address: str,
    state: ClientState,
    traffic: Traffic,
    ready: threading.Semaphore,
    leave: threading.Event,
    tick_s: float,
) -> None:
    url = address.replace("http://", "ws://") + "/_stcore/stream"
    options = {"subprotocols": ["streamlit"], "max_size": LARGEST_MESSAGE, "proxy": None}
    async with connect(url, **options) as connection:
        await connection.send(BackMsg(rerun_script=state).SerializeToString())
        again = ClientState(query_string=state.query_string)
        await _until_finished(connection, traffic, again)
        ready.release()
        while not leave.is_set():
            await asyncio.sleep(tick_s)
            if again.fragment_id:
                await connection.send(BackMsg(rerun_script=again).SerializeToString())
                await _until_finished(connection, traffic, again)
                traffic.ticks += 1


async def _until_finished(connection: ClientConnection, traffic: Traffic, again: ClientState) -> None:
    """Take in what a run of the script sends, and what the next one has to ask for."""
    async for data in connection:
        assert isinstance(data, bytes)
        traffic.received += len(data)
        message = ForwardMsg.FromString(data)
        kind = message.WhichOneof("type")
        if kind == "new_session":
            again.page_script_hash = message.new_session.page_script_hash
        elif kind == "auto_rerun":
            again.fragment_id, again.is_auto_rerun = message.auto_rerun.fragment_id, True
        elif kind == "delta" and message.delta.new_element.WhichOneof("type") == "exception":
            traffic.errors.append(message.delta.new_element.exception.message)
        elif kind == "script_finished":
            return
