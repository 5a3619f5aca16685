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
| `POST /map` | JSON: `run`, `scene` (its path), `rule` | MapStep a line, MapRecord (`scenes/record.py`) |
| `POST /nearest` | JSON: `run`, `place`, `name` (of an image there) | as `/rate`, Nearest of `nearest.py` |

`run` is the path of a run folder and `place` that of an image, folder or zip; `top` is the number of classes
to name (or 5), and `symmetries` true averages over the 8 symmetries; `method` is grad-cam or occlusion, and
`class` the one to explain (or the most probable). Fields are described in `questions.py`, answers in
`results.py`.

    token=$(jq -r .token service.json); port=$(jq -r .port service.json)
    curl -H "Authorization: Bearer $token" -F run=/path/of/run -F images=@tile.jpg http://127.0.0.1:$port/predict
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeVar

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from rsdash.config import validated
from rsdash.errors import ConfigError, DataError, RsdashError
from rsdash.inference.batches import draw_batch
from rsdash.inference.costs import measure_profile, process_bytes
from rsdash.inference.devices import describe_devices
from rsdash.inference.evaluating import evaluate_run
from rsdash.inference.explaining import explain
from rsdash.inference.loaded import LoadedModels
from rsdash.inference.predictor import Predictor
from rsdash.inference.questions import (
    BatchQuestion,
    EvaluateQuestion,
    ExplainQuestion,
    MapQuestion,
    NearestQuestion,
    PlaceQuestion,
    PredictQuestion,
    ProfileQuestion,
    RateQuestion,
)
from rsdash.inference.rates import find_rate
from rsdash.inference.results import Explanation, Profile, Step
from rsdash.runs.folder import RunFolder

MOST_IMAGES = 2_000

Endpoint = Callable[[Request], Awaitable[Response]]
Question = TypeVar("Question", bound=BaseModel)


class Service:
    """The models that are loaded, and the time they were last asked."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._models = LoadedModels()
        self._asked_at = time.monotonic()
        self._open_requests = 0
        process_bytes()  # before any model is loaded

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
        asked = await _content(request, ProfileQuestion)

        def measure() -> Profile:
            with self._models.turn:
                return measure_profile(asked.config, asked.classes, asked.radiometry)

        return JSONResponse((await run_in_threadpool(measure)).model_dump())

    async def _batch(self, request: Request) -> JSONResponse:
        asked = await _content(request, BatchQuestion)
        batch = await run_in_threadpool(draw_batch, asked.config, step=asked.step)
        return JSONResponse(batch.model_dump())

    async def _rate(self, request: Request) -> StreamingResponse:
        return self._long_answer(find_rate((await _content(request, RateQuestion)).config))

    async def _evaluate(self, request: Request) -> StreamingResponse:
        asked = await _content(request, EvaluateQuestion)
        return self._long_answer(evaluate_run(RunFolder(asked.run), data=asked.data, split=asked.split))

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
            await asyncio.shield(self._let_go(items))

    async def _let_go(self, items: Iterator[BaseModel]) -> None:
        """Close a long action, in a thread, as it may work on to its next step while others are answered."""
        try:
            await run_in_threadpool(items.close)  # pyright: ignore[reportAttributeAccessIssue]  # it is a generator
        finally:
            self._open_requests -= 1
            self._asked_at = time.monotonic()

    async def _predict(self, request: Request) -> JSONResponse:
        asked, images = await _form(request, PredictQuestion, most_images=MOST_IMAGES)

        def question(model: Predictor) -> list[dict[str, Any]]:
            found = model.predict(images, top=asked.top, symmetries=asked.symmetries)
            return [prediction.model_dump() for prediction in found]

        return JSONResponse(await run_in_threadpool(self._models.ask, asked.run, question))

    async def _explain(self, request: Request) -> JSONResponse:
        asked, images = await _form(request, ExplainQuestion, most_images=1)
        name, content = images[0]

        def question(model: Predictor) -> Explanation:
            return explain(model, name, content, method=asked.method, label=asked.label)

        found = await run_in_threadpool(self._models.ask, asked.run, question)
        return JSONResponse(found.model_dump())

    async def _predict_place(self, request: Request) -> StreamingResponse:
        asked = await _content(request, PlaceQuestion)
        found = self._models.over_place(asked.run, asked.place, top=asked.top, symmetries=asked.symmetries)
        return self._long_answer(found)

    async def _map(self, request: Request) -> StreamingResponse:
        asked = await _content(request, MapQuestion)
        return self._long_answer(self._models.over_scene(asked.run, asked.scene, asked.rule))

    async def _nearest(self, request: Request) -> StreamingResponse:
        asked = await _content(request, NearestQuestion)
        return self._long_answer(self._models.nearest(asked.run, asked.place, asked.name))


async def _content(request: Request, kind: type[Question]) -> Question:
    """What a request asks, as JSON.

    Raises:
        ConfigError: it is no JSON, or a field is missing or wrong.
    """
    try:
        content = await request.json()
    except ValueError as error:
        raise ConfigError(f"The request is no JSON: {error}.") from error
    return validated(kind, content, what="request")


async def _form(
    request: Request, kind: type[Question], *, most_images: int
) -> tuple[Question, list[tuple[str, bytes]]]:
    """What a request asks, as a form, and name and content of its images, of which there is one at least.

    Raises:
        ConfigError: a field is missing or wrong.
        DataError: it brings no image.
    """
    async with request.form(max_files=most_images) as form:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        uploads = [item for item in form.getlist("images") if isinstance(item, UploadFile)]
        images = [(upload.filename or "image", await upload.read()) for upload in uploads]
    if not images:
        raise DataError("The request holds no image.")
    return validated(kind, fields, what="request"), images
