"""One attempt at a run, from its folder to its final state."""

from __future__ import annotations

import traceback

import safetensors.torch

from rsdash.errors import CheckpointError, DivergedError, RsdashError
from rsdash.evaluation.figures import headline
from rsdash.evaluation.saved import read_evaluation
from rsdash.runs.amendments import read_amendments
from rsdash.runs.events import cut_torn_line
from rsdash.runs.extension import take_back
from rsdash.runs.folder import RunFolder
from rsdash.runs.records import RunRequest
from rsdash.runs.states import EVALUATED, RunState
from rsdash.training.attempt import announce, require_slot, take_threads
from rsdash.training.balance import trained_shares
from rsdash.training.causes import cause_of
from rsdash.training.checkpoint import Checkpoint, load_checkpoint
from rsdash.training.compute import Compute, choose_compute
from rsdash.training.control import Control, Ending, LeaveError, Request, Standing
from rsdash.training.environment import describe_environment
from rsdash.training.inner_log import InnerLog
from rsdash.training.material import Setup, prepare
from rsdash.training.recorder import Recorder
from rsdash.training.result import NewResult, new_result, save_evaluation, save_weights
from rsdash.training.summaries import final_figures
from rsdash.training.trainer import Trainer

STOPPED_EMPTY = "Stopped before anything was learnt, so that there is nothing to evaluate."


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
    except DivergedError as error:
        session.diverged(str(error))
    except RsdashError as error:
        session.fail(str(error))
    except Exception as error:
        cause = cause_of(error)
        session.fail(cause or "The worker met an error of its own; the log has the details.")
        if cause is None:
            raise
    return folder.state().state in EVALUATED


class _Session:
    def __init__(self, folder: RunFolder, control: Control, *, by_hand: bool) -> None:
        self._folder = folder
        self._request: RunRequest = folder.request()
        cut_torn_line(folder.metrics_path)
        folder.remove_torn()
        state = announce(folder) if by_hand else folder.state()
        self._attempt = state.attempt
        self._stop = Request(Ending.STOP) if state.stopping and folder.checkpoint_path.exists() else None
        self._recorder: Recorder | None = None
        self._standing: Standing | None = None
        self._control = control

    def run(self) -> None:
        """Go on until the run has its figures, or leave as asked."""
        try:
            self._train()
        except LeaveError as error:
            self._leave(error.request)

    def _train(self) -> None:
        config = self._request.config
        take_threads(config)
        compute = choose_compute(config)
        require_slot(self._folder.state().slot, compute)
        setup, recorder, trainer = self._begin(compute)
        unfinished = trainer.progress.epoch < trainer.config.epochs
        request = self._stop if self._stop and unfinished else trainer.run()
        if request.ending is Ending.STOP:
            end = self._control.carried_out()
            self._folder.write_state(state=RunState.STOPPING, stopping=True, commands_end=end)
        if request.ending is not Ending.CANCEL and trainer.has_moved:
            recorder.write_checkpoint(trainer.checkpoint())
        if request.ending in (Ending.CANCEL, Ending.SUSPEND):
            self._leave(request)
        else:
            self._finish(request, trainer, setup, compute, recorder)

    def _begin(self, compute: Compute) -> tuple[Setup, Recorder, Trainer]:
        """Get as far as the attempt before; its checkpoint is not kept in memory beyond this."""
        config, checkpoint = self._request.config, self._checkpoint()
        step = int(checkpoint.progress["step"]) if checkpoint else None
        state = self._folder.write_state(checkpoint_step=step)  # news, where the last attempt was killed
        self._standing = Standing(step or 0, state.summary.epoch)
        setup = prepare(self._folder, compute, checkpoint, on_progress=self._look)
        self._look()
        labels, classes = setup.material.training.labels, len(self._request.data.classes)
        inner = InnerLog(self._folder, setup.material, shares=trained_shares(config, labels, classes))
        recorder = Recorder(self._folder, self._control, inner, role=setup.watched_role)
        self._recorder = recorder
        amendments = read_amendments(self._folder.metrics_path)
        trainer = Trainer(self._folder.id, config, setup.material, recorder, amendments=amendments)
        self._restore(trainer, checkpoint)
        self._folder.add_attempt(describe_environment(compute, attempt=self._attempt))
        self._folder.write_state(
            state=RunState.RUNNING,
            reason=None,
            message="",
            amendments=amendments,
            stopping=self._stop is not None,
        )
        recorder.begin(
            trainer.progress,
            trainer.layers,
            steps=trainer.total_steps,
            steps_per_epoch=trainer.steps_per_epoch,
            parameters=setup.card.parameters,
            device=compute.description,
            compiled=config.compiled,
        )
        return setup, recorder, trainer

    def _leave(self, request: Request) -> None:
        """Leave as asked: interrupted, cancelled, or again what the run was."""
        if self._recorder:
            self._recorder.note_last_checkpoint()
        end, before, message = self._control.carried_out(), self._folder.state().before, ""
        if request.ending is Ending.SUSPEND:
            outcome = {"state": RunState.INTERRUPTED, "reason": request.reason}
        elif before:
            take_back(self._folder, before, commands_end=end)
            return
        else:
            outcome = {"state": RunState.CANCELLED, "reason": None, "stopping": False}
            message = STOPPED_EMPTY if request.ending is Ending.STOP else ""
        self._folder.write_state(**outcome, message=message, commands_end=end)

    def diverged(self, message: str) -> None:
        """End by a loss that is no number; the last good checkpoint stays."""
        if self._recorder:
            self._recorder.note_last_checkpoint()
        step = self._folder.state().checkpoint_step
        start = "begins again at step 0" if step is None else f"goes on from the checkpoint at step {step}"
        message = f"{message} Resume {start}."
        self._folder.log_event("alert", code="nan", message=message)
        self.fail(message)

    def fail(self, message: str) -> None:
        """End by an error, said in one sentence; details go to the log."""
        traceback.print_exc()
        if self._recorder:
            self._recorder.note_last_checkpoint()
        self._folder.write_state(
            state=RunState.FAILED, reason=None, message=message, commands_end=self._control.carried_out()
        )

    def _checkpoint(self) -> Checkpoint | None:
        path, before = self._folder.checkpoint_path, self._folder.state().before
        if before is None:
            return load_checkpoint(path, self._folder.id) if path.exists() else None
        try:
            return load_checkpoint(path, self._folder.id)
        except CheckpointError as error:
            raise CheckpointError(
                "It cannot go on without its checkpoint, which is gone or cannot be read. Back to epoch "
                f"{before.summary.epoch} gives it the figures of then."
            ) from error

    def _restore(self, trainer: Trainer, checkpoint: Checkpoint | None) -> None:
        if checkpoint:
            take_threads(self._request.config, before=checkpoint.threads)
            trainer.restore(checkpoint)
        if self._attempt > 1 or trainer.progress.step:
            progress = trainer.progress
            within = progress.step_in_epoch > 0  # at the last step, too, until the epoch is measured
            self._folder.log_event("resume", attempt=self._attempt, step=progress.step, within_epoch=within)

    def _finish(
        self, request: Request, trainer: Trainer, setup: Setup, compute: Compute, recorder: Recorder
    ) -> None:
        self._folder.write_state(state=RunState.EVALUATING, message="")
        self._standing = None
        weights = trainer.reported_weights(self._look)
        with new_result(self._folder) as new:
            save_weights(new.weights, weights, setup.card)
            model = setup.material.model
            model.load_state_dict(safetensors.torch.load_file(new.weights))
            save_evaluation(
                new.evaluation,
                model,
                setup.measured,
                compute,
                classes=self._request.data.classes,
                on_batch=self._look,
            )
            self._publish(new, request, trainer, recorder)

    def _publish(self, new: NewResult, request: Request, trainer: Trainer, recorder: Recorder) -> None:
        """Make new weights and their evaluation those of the run.

        From the moment that its former weights may be gone there is no way back to them, and until the
        final state is written the run counts as not evaluated: a death in between has it evaluated again.
        """
        figures = headline(read_evaluation(new.evaluation))
        self._folder.log_event(
            "result", role=figures.role, accuracy=figures.accuracy, loss=figures.loss, images=figures.images
        )
        self._folder.write_state(before=None)
        new.replace_old()
        self._folder.write_state(
            state=RunState.STOPPED if request.ending is Ending.STOP else RunState.FINISHED,
            summary=recorder.summary.model_copy(update=final_figures(figures, trainer.progress)),
            stopping=False,
            commands_end=self._control.carried_out(),
        )

    def _look(self) -> None:
        """Leave a long step if that is asked; a stop keeps what was learnt, so it waits for the figures."""
        request = self._control.poll(self._standing)
        if not isinstance(request, Request):
            return  # a changed setting is in the log, where the trainer will find it
        if request.ending is Ending.STOP and self._folder.checkpoint_path.exists():
            self._stop = request
            self._folder.write_state(stopping=True, commands_end=self._control.carried_out())
            return
        raise LeaveError(request)
