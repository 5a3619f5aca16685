"""The settings in force at each step: those asked for, and what was changed since."""

from __future__ import annotations

from collections.abc import Sequence

from rsdash.config import RunConfig
from rsdash.errors import RunError
from rsdash.runs.amendments import Amendment, add_amendment, amended
from rsdash.training.progress import Progress
from rsdash.training.schedule import plateau_cuts, rate_factor
from rsdash.training.step import most_parts


class Steering:
    """Follows a run from step to step; amendments that lie ahead take effect when their step comes."""

    def __init__(self, config: RunConfig, amendments: Sequence[Amendment] = ()) -> None:
        self._asked = config
        self._amendments = tuple(amendments)
        self.config = config
        self.move_to(0)

    def move_to(self, step: int) -> None:
        """Take the settings that hold after so many steps."""
        self.config = amended(self._asked, self._amendments, step)

    @property
    def epochs_at_last(self) -> int:
        """Epochs of the whole run, with amendments whose step is still to come."""
        return amended(self._asked, self._amendments).epochs

    @property
    def length_set_at(self) -> int:
        """Steps that were taken when the run was last given another number of epochs; 0 if it never was."""
        return max((a.step for a in self._amendments if a.setting == "epochs"), default=0)

    def rate(self, progress: Progress, steps_per_epoch: int) -> float:
        """Learning rate of the step that comes.

        Args:
            progress: where the run stands; plateaus are judged from its losses.
            steps_per_epoch: optimizer steps in an epoch.
        """
        cuts = plateau_cuts(progress.losses, self.config)
        factor = rate_factor(self.config, progress.step, steps_per_epoch=steps_per_epoch, cuts=cuts)
        return self.config.learning_rate * factor

    def amend(self, amendment: Amendment) -> None:
        """Change a setting from the present step on."""
        self._amendments = add_amendment(self._amendments, amendment)
        self.move_to(amendment.step)

    def take_smaller_parts(self, step: int, images: int) -> Amendment:
        """Work through batches in twice as many parts from a step on, as memory ran out in it.

        Args:
            step: steps taken before it.
            images: in its batch.

        Returns:
            What has changed.

        Raises:
            RunError: the parts are as small as can be.
        """
        parts, most = self.config.accumulation, most_parts(images)
        if parts >= most:
            raise RunError(
                f"Memory does not suffice for {-(-images // most)} images at a time. "
                "Lower im_size or take a smaller model."
            )
        amendment = Amendment(step=step, setting="accumulation", value=min(2 * parts, most))
        self.amend(amendment)
        return amendment
