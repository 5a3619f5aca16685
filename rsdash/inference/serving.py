"""The process of the inference service: one a data folder, which leaves when nobody has asked for a while."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket

import uvicorn

from rsdash.home import data_dir, service_idle_s
from rsdash.inference.address import Address, address_path, lock_path, write_address
from rsdash.inference.service import Service
from rsdash.runs.lock import Lock


def serve() -> None:
    """Answer requests until nobody has asked for a while; leaves at once if another service runs."""
    data_dir().mkdir(parents=True, exist_ok=True)
    lock = Lock.take(lock_path())
    if lock is None:
        return
    idle_limit_s = service_idle_s()
    token = secrets.token_urlsafe(32)
    service = Service(token)
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(service.app(), log_level="warning"))
    with lock, listener:
        write_address(Address(listener.getsockname()[1], token, os.getpid()))
        try:
            asyncio.run(_serve_until_idle(server, listener, service, idle_limit_s))
        finally:
            address_path().unlink(missing_ok=True)


async def _serve_until_idle(
    server: uvicorn.Server, listener: socket.socket, service: Service, idle_limit_s: float
) -> None:
    async def watch() -> None:
        while service.idle_s() < idle_limit_s:
            await asyncio.sleep(min(1.0, idle_limit_s / 4))
        server.should_exit = True

    watcher = asyncio.create_task(watch())
    try:
        await server.serve(sockets=[listener])
    finally:
        watcher.cancel()
