"""The inference service: one resident process that answers what needs torch, over HTTP on loopback.

Every request carries `Authorization: Bearer <token>`; port and token stand in `service.json` in the
data folder, readable by its owner alone. Errors are JSON, `{"error": "one sentence"}`.

| request | content | answer |
| --- | --- | --- |
| `GET /health` | | `{"pid": ...}` |
| `GET /devices` | | list of DeviceFacts |
| `POST /profile` | JSON: `config` (settings), `classes` (number), `radiometry` (or rgb8) | Profile |
| `POST /batch` | JSON: `config` (settings, `data` among them), `step` (from 0; or 0) | TrainingBatch |
| `POST /rate` | JSON: `config` | a line of JSON a step, `{"done", "total"}`, then `{"result": RateSweep}` |
| `POST /evaluate` | JSON: `run` (its folder), `data`, `split` (or empty) | the same, EvaluationResult |
| `POST /predict` | form: `run`, `top`, `symmetries`, files `images` | list of Prediction |
| `POST /explain` | form: `run`, `method`, `class` (or empty), file `images` | Explanation |
| `POST /predict/place` | JSON: `run`, `place`, `top`, `symmetries` | PredictedPart a line, then its result |
| `POST /map` | JSON: `run`, `scene` (its path), `rule` | as `/rate`, MapRecord of `scenes/record.py` |
| `POST /nearest` | JSON: `run`, `place`, `name` (of an image there) | as `/rate`, Nearest of `nearest.py` |

`run` is the path of a run folder and `place` that of an image, folder or zip; `top` is the number of classes
to name (or 5), and `symmetries` true averages over the 8 symmetries; `method` is grad-cam or occlusion, and
`class` the one to explain (or the most probable). Answers are described in `results.py`.

    token=$(jq -r .token service.json); port=$(jq -r .port service.json)
    curl -H "Authorization: Bearer $token" -F run=/path/of/run -F images=@tile.jpg http://127.0.0.1:$port/predict
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from rsdash.config import Radiometry, RunConfig, make_config
from rsdash.errors import DataError, RsdashError
from rsdash.home import data_dir
from rsdash.inference.address import Address, address_path, lock_path, write_address
from rsdash.inference.batches import draw_batch
from rsdash.inference.costs import measure_profile
from rsdash.inference.devices import describe_devices
from rsdash.inference.evaluating import evaluate_run
from rsdash.inference.explaining import explain
from rsdash.inference.loaded import LoadedModels
from rsdash.inference.predictor import Predictor
from rsdash.inference.rates import find_rate
from rsdash.inference.results import Explanation, Profile, Step
from rsdash.inference.scenes.record import make_rule
from rsdash.runs.folder import RunFolder
from rsdash.runs.lock import Lock

IDLE_VARIABLE = "RSDASH_SERVICE_IDLE_S"
IDLE_DEFAULT_S = 300.0
MAX_FILES = 2_000

Endpoint = Callable[[Request], Awaitable[Response]]


class Service:
    """The models that are loaded, and the time they were last asked."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._models = LoadedModels()
        self._asked_at = time.monotonic()
        self._open_requests = 0

    def idle_s(self) -> float:
        """Seconds since the last request was answered; 0 while one is being answered."""
        return 0.0 if self._open_requests else time.monotonic() - self._asked_at

    def app(self) -> Starlette:
        """The HTTP application."""
        return Starlette(
            routes=[
                Route("/health", self._guarded(self._health)),
                Route("/devices", self._guarded(self._devices)),
                Route("/profile", self._guarded(self._profile), methods=["POST"]),
                Route("/batch", self._guarded(self._batch), methods=["POST"]),
                Route("/rate", self._guarded(self._rate), methods=["POST"]),
                Route("/evaluate", self._guarded(self._evaluate), methods=["POST"]),
                Route("/predict", self._guarded(self._predict), methods=["POST"]),
                Route("/explain", self._guarded(self._explain), methods=["POST"]),
                Route("/predict/place", self._guarded(self._predict_place), methods=["POST"]),
                Route("/nearest", self._guarded(self._nearest), methods=["POST"]),
                Route("/map", self._guarded(self._map), methods=["POST"]),
            ]
        )

    def _guarded(self, endpoint: Endpoint) -> Endpoint:
        async def answer(request: Request) -> Response:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if not secrets.compare_digest(given.encode(), self._token.encode()):
                return JSONResponse({"error": "The token is missing or wrong."}, status_code=401)
            self._open_requests += 1
            try:
                return await endpoint(request)
            except RsdashError as error:
                return JSONResponse({"error": str(error)}, status_code=422)
            finally:
                self._open_requests -= 1
                self._asked_at = time.monotonic()

        return answer

    async def _health(self, request: Request) -> JSONResponse:
        return JSONResponse({"pid": os.getpid()})

    async def _devices(self, request: Request) -> JSONResponse:
        return JSONResponse([facts.model_dump() for facts in await run_in_threadpool(describe_devices)])

    async def _profile(self, request: Request) -> JSONResponse:
        content = await request.json()
        asked = _config_in(content), int(content["classes"]), Radiometry(**content.get("radiometry", {}))

        def measure() -> Profile:
            with self._models.turn:
                return measure_profile(*asked)

        return JSONResponse((await run_in_threadpool(measure)).model_dump())

    async def _batch(self, request: Request) -> JSONResponse:
        content = await request.json()
        step = max(0, int(content.get("step", 0)))
        batch = await run_in_threadpool(draw_batch, _config_in(content), step=step)
        return JSONResponse(batch.model_dump())

    async def _rate(self, request: Request) -> StreamingResponse:
        return self._long_answer(find_rate(_config_in(await request.json())))

    async def _evaluate(self, request: Request) -> StreamingResponse:
        content = await request.json()
        run = RunFolder(Path(str(content["run"])))
        split = str(content.get("split") or "")
        return self._long_answer(evaluate_run(run, data=str(content["data"]), split=split))

    def _long_answer(self, items: Iterator[BaseModel]) -> StreamingResponse:
        return StreamingResponse(self._lines(items), media_type="application/x-ndjson")

    async def _lines(self, items: Iterator[BaseModel]) -> AsyncIterator[str]:
        """What a long action says, a line each; it ends where nobody listens any more."""
        self._open_requests += 1
        try:
            async for item in iterate_in_threadpool(items):
                content = item.model_dump()
                yield json.dumps(content if isinstance(item, Step) else {"result": content}) + "\n"
        except RsdashError as error:
            yield json.dumps({"error": str(error)}) + "\n"
        finally:
            self._open_requests -= 1
            self._asked_at = time.monotonic()

    async def _predict(self, request: Request) -> JSONResponse:
        async with request.form(max_files=MAX_FILES) as form:
            uploads = [item for item in form.getlist("images") if isinstance(item, UploadFile)]
            images = [(upload.filename or "image", await upload.read()) for upload in uploads]
            run, top = Path(str(form["run"])), int(str(form.get("top", "5")))
            symmetries = form.get("symmetries") == "true"

        def question(model: Predictor) -> list[dict[str, Any]]:
            return [found.model_dump() for found in model.predict(images, top=top, symmetries=symmetries)]

        return JSONResponse(await run_in_threadpool(self._models.ask, run, question))

    async def _explain(self, request: Request) -> JSONResponse:
        async with request.form(max_files=1) as form:
            upload = form["images"]
            if not isinstance(upload, UploadFile):
                raise DataError("The request holds no image.")
            name, content = upload.filename or "image", await upload.read()
            run, method, label = (str(form[field]) for field in ("run", "method", "class"))

        def question(model: Predictor) -> Explanation:
            return explain(model, name, content, method=method, label=label)

        found = await run_in_threadpool(self._models.ask, Path(run), question)
        return JSONResponse(found.model_dump())

    async def _predict_place(self, request: Request) -> StreamingResponse:
        content = await request.json()
        run, place = (Path(str(content[name])) for name in ("run", "place"))
        top, symmetries = int(content.get("top", 5)), bool(content.get("symmetries"))
        return self._long_answer(self._models.over_place(run, place, top=top, symmetries=symmetries))

    async def _map(self, request: Request) -> StreamingResponse:
        content = await request.json()
        rule = make_rule(content.get("rule") or {})
        run, scene = (Path(str(content[name])) for name in ("run", "scene"))
        return self._long_answer(self._models.over_scene(run, scene, rule))

    async def _nearest(self, request: Request) -> StreamingResponse:
        content = await request.json()
        run, place = (Path(str(content[name])) for name in ("run", "place"))
        return self._long_answer(self._models.nearest(run, place, str(content["name"])))


def serve() -> None:
    """Answer requests until nobody has asked for a while; leaves at once if another service runs."""
    data_dir().mkdir(parents=True, exist_ok=True)
    lock = Lock.take(lock_path())
    if lock is None:
        return
    idle_limit_s = float(os.environ.get(IDLE_VARIABLE) or IDLE_DEFAULT_S)
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


def _config_in(content: dict[str, Any]) -> RunConfig:
    """The settings of a request.

    Raises:
        ConfigError: one does not fit.
    """
    given = content["config"]
    return make_config(given, preset=given.get("preset", "paper"))
