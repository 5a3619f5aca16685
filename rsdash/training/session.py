"""One attempt at a run, from its folder to its final state."""

from __future__ import annotations

import os
import socket
import traceback
from dataclasses import dataclass

import numpy as np
import safetensors.torch
import torch

from rsdash.data import open_dataset, open_pixels
from rsdash.errors import RsdashError
from rsdash.evaluation.figures import headline, read_evaluation
from rsdash.evaluation.roles import measured_roles
from rsdash.models.registry import build_model, freeze_all_but_head, head_parameter_names
from rsdash.runs.events import cut_torn_line
from rsdash.runs.folder import RunFolder
from rsdash.runs.parts import Parts
from rsdash.runs.records import RunRequest, StateRecord
from rsdash.runs.states import EVALUATED, LIVING, Interruption, RunState
from rsdash.training.batches import pixel_scale
from rsdash.training.checkpoint import load_checkpoint
from rsdash.training.compute import Compute, choose_compute
from rsdash.training.control import Control, Ending, Request
from rsdash.training.environment import describe_environment
from rsdash.training.randomness import Stream, seed_network
from rsdash.training.recorder import Recorder, sparkline
from rsdash.training.result import ModelCard, save_evaluation, save_weights
from rsdash.training.tiles import Tiles
from rsdash.training.trainer import Material, Trainer


class _LeaveError(Exception):
    """Carries a request out of a long step such as building the pixel cache."""

    def __init__(self, request: Request) -> None:
        super().__init__(request.ending.name)
        self.request = request


def run_session(folder: RunFolder, control: Control, *, by_hand: bool = False) -> bool:
    """Bring a run as far as it goes; the caller holds its lock.

    Args:
        folder: the run.
        control: where requests come from; listens to signals already.
        by_hand: no runner launched this worker, so that nobody wrote STARTING for it.

    Returns:
        Whether the run is now finished or stopped, with its figures.
    """
    session = _Session(folder, control, by_hand=by_hand)
    try:
        session.run()
    except _LeaveError as error:
        session.leave(error.request)
    except RsdashError as error:
        session.fail(str(error))
    except torch.OutOfMemoryError:
        session.fail("The device ran out of memory. Lower batch_size or im_size.")
    except MemoryError:
        session.fail("The machine ran out of memory. Lower batch_size or im_size.")
    except Exception:
        session.fail("The worker met an error of its own; the log has the details.")
        raise
    return folder.state().state in EVALUATED


@dataclass(frozen=True)
class _Setup:
    material: Material
    card: ModelCard
    measured: dict[str, Tiles]
    watched_role: str


class _Session:
    def __init__(self, folder: RunFolder, control: Control, *, by_hand: bool) -> None:
        self._folder = folder
        self._request: RunRequest = folder.request()
        cut_torn_line(folder.metrics_path)
        state = _announce(folder) if by_hand else folder.state()
        self._attempt = state.attempt
        self._stop: Request | None = None
        self._control = control

    def run(self) -> None:
        config = self._request.config
        torch.set_num_threads(config.threads or os.cpu_count() or 1)
        compute = choose_compute(config)
        setup = self._prepare(compute)
        self._look()
        classes = len(self._request.data.classes)
        recorder = Recorder(self._folder, self._control, classes=classes, role=setup.watched_role)
        trainer = Trainer(self._folder.id, config, setup.material, recorder)
        self._restore(trainer)
        self._folder.add_attempt(describe_environment(compute, attempt=self._attempt))
        self._folder.write_state(state=RunState.RUNNING, reason=None, message="")
        recorder.begin(
            trainer.progress,
            steps=trainer.total_steps,
            steps_per_epoch=trainer.steps_per_epoch,
            parameters=setup.card.parameters,
            device=compute.description,
        )
        unfinished = trainer.progress.epoch < config.epochs
        request = self._stop if self._stop and unfinished else trainer.run()
        if request.ending is not Ending.CANCEL:
            recorder.write_checkpoint(trainer.checkpoint())
        if request.ending in (Ending.CANCEL, Ending.SUSPEND):
            self.leave(request)
        else:
            self._finish(request, trainer, setup, compute, recorder)

    def leave(self, request: Request) -> None:
        """End without figures, as asked."""
        end = self._control.commands_end
        if request.ending is Ending.SUSPEND:
            self._folder.write_state(
                state=RunState.INTERRUPTED, reason=request.reason, message="", commands_end=end
            )
        else:
            self._folder.write_state(state=RunState.CANCELLED, reason=None, commands_end=end)

    def fail(self, message: str) -> None:
        """End by an error, said in one sentence; details go to the log."""
        traceback.print_exc()
        self._folder.write_state(
            state=RunState.FAILED, reason=None, message=message, commands_end=self._control.commands_end
        )

    def _prepare(self, compute: Compute) -> _Setup:
        config, data = self._request.config, self._request.data
        dataset = open_dataset(data.name)
        dataset.verify(data.fingerprint)
        parts = Parts.read(self._folder.split_path)
        pixels = open_pixels(
            dataset, config.im_size, on_progress=lambda *_: self._look(), radiometry=data.radiometry
        )
        seed_network(config.seed, Stream.WEIGHTS)
        model = build_model(config, len(data.classes), data.radiometry)
        if config.train_layers == "head":
            freeze_all_but_head(model)
        model = model.to(compute.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]  # stub lacks the keyword pair
        scale = pixel_scale(config, data.radiometry, pixels, parts.rows["train"])
        labels = np.asarray(dataset.manifest.labels, dtype=np.int64)

        def tiles(part: str) -> Tiles:
            return Tiles(
                pixels,
                labels,
                rows=parts.rows[part],
                side_px=config.im_size,
                scale=scale,
                device=compute.device,
            )

        roles = measured_roles(parts.counts, steered=config.steered_by_validation, test_role=data.test_role)
        measured = {role.value: tiles(part) for part, role in roles.items()}
        watched = "validation" if parts.counts["validation"] else "test"
        material = Material(
            model,
            head_parameter_names(model),
            tiles("train"),
            tiles(watched),
            compute,
            decides=watched == "validation",
        )
        trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
        card = ModelCard(self._folder.id, config, data, scale, pixels.shape[1], trainable)
        return _Setup(material, card, measured, roles[watched].value)

    def _restore(self, trainer: Trainer) -> None:
        if self._folder.checkpoint_path.exists():
            checkpoint = load_checkpoint(self._folder.checkpoint_path, self._folder.id)
            torch.set_num_threads(checkpoint.threads)
            trainer.restore(checkpoint)
        if self._attempt > 1 or trainer.progress.step:
            self._folder.log_event("resume", attempt=self._attempt, step=trainer.progress.step)

    def _finish(
        self, request: Request, trainer: Trainer, setup: _Setup, compute: Compute, recorder: Recorder
    ) -> None:
        if request.ending is Ending.STOP:
            self._folder.write_state(state=RunState.STOPPING)
        self._folder.write_state(state=RunState.EVALUATING)
        save_weights(self._folder.weights_path, trainer.reported_weights(), setup.card)
        model = setup.material.model
        model.load_state_dict(safetensors.torch.load_file(self._folder.weights_path))
        save_evaluation(
            self._folder.evaluation_path,
            model,
            setup.measured,
            compute,
            classes=self._request.data.classes,
            on_batch=self._look,
        )
        final = RunState.STOPPED if request.ending is Ending.STOP else RunState.FINISHED
        figures = headline(read_evaluation(self._folder.evaluation_path))
        summary = recorder.summary.model_copy(
            update={
                "accuracy": figures.accuracy,
                "loss": figures.loss,
                "images": figures.images,
                "role": figures.role,
                "remaining_s": 0.0,
                "elapsed_s": trainer.progress.elapsed_s,
                "sparkline": sparkline(trainer.progress.accuracies),
            }
        )
        self._folder.log_event(
            "result", role=figures.role, accuracy=figures.accuracy, loss=figures.loss, images=figures.images
        )
        self._folder.write_state(state=final, summary=summary, commands_end=self._control.commands_end)

    def _look(self) -> None:
        """Leave a long step if that is asked; a stop keeps what was learnt, so it waits for the figures."""
        request = self._control.poll()
        if request is None:
            return
        if request.ending is Ending.STOP and self._folder.checkpoint_path.exists():
            self._stop = request
            return
        raise _LeaveError(request)


def _announce(folder: RunFolder) -> StateRecord:
    """Write what a runner writes before it launches a worker."""
    state = folder.state()
    if state.state in LIVING:  # the lock was free, so the worker before this one died unseen
        folder.write_state(state=RunState.INTERRUPTED, reason=Interruption.VANISHED)
    if state.state is not RunState.QUEUED:
        folder.write_state(state=RunState.QUEUED, reason=None, message="")
    return folder.write_state(
        state=RunState.STARTING,
        message="",
        attempt=state.attempt + 1,
        fruitless=state.fruitless + 1,
        host=socket.gethostname(),
    )
