"""The inference service as a process: asked, refused without its token, gone when idle."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from PIL import Image
from scipy.special import softmax

from rsdash.config import RunConfig
from rsdash.errors import ServiceError
from rsdash.evaluation.saved import read_evaluation
from rsdash.inference import client, wire
from rsdash.inference.address import address_path, read_address
from rsdash.inference.results import PredictedPart
from rsdash.runs.folder import RunFolder
from rsdash.training.rate_choice import STEPS
from tests.faults.conftest import Finished
from tests.tiny import small_config, wait_for

IDLE_S = 6.0


class StoppedError(Exception):
    pass


def check_a_sweep_can_be_stopped() -> None:
    """The service lets go of a sweep that nobody listens to: later it leaves as an idle one does."""

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise StoppedError

    with pytest.raises(StoppedError):
        client.find_rate(small_config(data="tiles"), stop)


def check_an_old_run_is_evaluated(folder: RunFolder) -> None:
    """Its own split gives the logits that it saved; what does not fit is said in one sentence."""
    told: list[tuple[int, int]] = []
    split = folder.request().data.split
    result = client.evaluate(folder.path, "tiles", split, lambda *done: told.append(done))
    path = folder.path / result.file
    own, again = read_evaluation(folder.evaluation_path), read_evaluation(path)
    assert np.abs(own.logits - again.logits).max() < 1e-5
    assert told[-1] == (len(own.labels), len(own.labels))
    path.unlink()
    with pytest.raises(ServiceError, match="no split 'none'"):
        client.evaluate(folder.path, "tiles", "none", lambda *done: None)


def check_a_folder_is_predicted_and_can_be_stopped(finished: Finished) -> None:
    """Files that are no images are refused by name; where nobody listens any more, it ends."""
    parts: list[PredictedPart] = []
    end = client.predict_place(finished.folder.path, finished.tiles, parts.append, top=3)
    found = [prediction for part in parts for prediction in part.found]
    assert (end.images, end.refused, len(found)) == (62, 2, 62)
    refused = {prediction.file for prediction in found if prediction.error}
    assert refused == {"Lake/notes.jpg", "Road/huge.png"}

    def stop(part: PredictedPart) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        client.predict_place(finished.folder.path, finished.tiles, stop)
    with pytest.raises(ServiceError, match="no image, folder or zip at"):
        client.predict_place(finished.folder.path, finished.tiles / "nowhere", parts.append)


def check_an_answer_is_explained(finished: Finished) -> None:
    image = ("05.png", (finished.tiles / "Lake" / "05.png").read_bytes())
    found = client.explain(finished.folder.path, image, method="grad-cam", label="Road")
    assert (found.label, found.layer) == ("Road", "features.conv5")
    assert len(client.explain(finished.folder.path, image, method="occlusion").values) == 8
    with pytest.raises(ServiceError, match="no class 'Glacier'"):
        client.explain(finished.folder.path, image, method="grad-cam", label="Glacier")


def check_nearest_training_tiles_are_found_once_asked(finished: Finished) -> None:
    told: list[tuple[int, int]] = []
    ask = finished.folder.path, finished.tiles, "Lake/05.png", lambda *done: told.append(done)
    found = client.nearest(*ask)
    assert len(found.found) == 6 and found.layer == "classifier.head" and told[-1][0] == told[-1][1]
    told.clear()
    assert client.nearest(*ask) == found and not told
    with pytest.raises(ServiceError, match="no longer in"):
        client.nearest(finished.folder.path, finished.tiles, "../secret.png", lambda *done: None)


def check_long_answers(finished: Finished) -> None:
    folder = finished.folder
    check_a_folder_is_predicted_and_can_be_stopped(finished)
    check_an_answer_is_explained(finished)
    check_nearest_training_tiles_are_found_once_asked(finished)
    check_a_sweep_can_be_stopped()
    check_an_old_run_is_evaluated(folder)


@pytest.fixture
def place(finished: Finished, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RSDASH_DATA", str(finished.data_dir))
    monkeypatch.setenv("RSDASH_SERVICE_IDLE_S", str(IDLE_S))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return finished.data_dir


def test_it_starts_when_asked_answers_and_leaves_when_nobody_asks(place: Path, finished: Finished) -> None:
    assert read_address() is None
    names = [path for path in sorted(finished.tiles.rglob("*.png")) if path != finished.huge_image]
    images = [(path.name, path.read_bytes()) for path in names]
    found = client.predict(finished.folder.path, images, top=3)

    evaluation = read_evaluation(finished.folder.evaluation_path)
    assert [p.file for p in found] == [name for name, _ in images]
    best = softmax(evaluation.logits.astype(float), axis=1).max(axis=1)
    given = np.array([p.probabilities[0] for p in found])
    assert all(np.isclose(given, share, atol=1e-5).any() for share in best)

    address = read_address()
    assert address is not None
    assert stat.S_IMODE(address_path().stat().st_mode) == 0o600
    process = psutil.Process(address.pid)
    assert client.devices()[-1].name.startswith("CPU")
    cost = client.profile(small_config(), 3)
    assert cost.parameters == cost.trainable_parameters > 0
    assert cost.seconds_per_step > cost.seconds_per_image_forward > 0
    batch = client.training_batch(small_config(data="tiles", flip="symmetries"), step=1)
    assert (batch.step, batch.batch_size, batch.side_px) == (1, 16, 63)
    assert {image.label for image in batch.images} == {"Forest", "Lake", "Road"}
    sides = {Image.open(io.BytesIO(image.content)).size for image in batch.images}
    assert sides == {(63, 63)}
    told: list[tuple[int, int]] = []
    sweep = client.find_rate(small_config(data="tiles"), lambda done, total: told.append((done, total)))
    assert len(sweep.rates) == len(sweep.losses) == len(sweep.smoothed) == told[-1][0] > 20
    assert [done for done, _ in told][:20] == list(range(1, 21)) and {total for _, total in told} == {STEPS}
    check_long_answers(finished)
    with pytest.raises(ServiceError, match="no data set 'nowhere'"):
        client.find_rate(small_config(data="nowhere"), lambda done, total: None)
    with pytest.raises(ServiceError, match="no data set 'nowhere'"):
        client.training_batch(small_config(data="nowhere"))
    with pytest.raises(ServiceError, match="nonsense"):
        client.profile(RunConfig(model="nonsense"), 3)
    with pytest.raises(ServiceError, match="has no weights yet"):
        client.predict(place, images[:1])
    refused = httpx.get(f"{address.url}/devices", headers={"Authorization": "Bearer guess"}, trust_env=False)
    assert refused.status_code == 401

    wait_for(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, "its leaving")
    wire._started.pop().wait(timeout=10)
    assert read_address() is None
