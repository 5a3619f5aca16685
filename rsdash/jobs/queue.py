"""The order of the waiting runs, which a person may change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rsdash.errors import RunError
from rsdash.jobs.devices import Slot, slots_for
from rsdash.runs.index import RunEntry
from rsdash.runs.states import LIVING, RunState


def waiting_runs(entries: Iterable[RunEntry]) -> list[RunEntry]:
    """The runs that wait for a device, next one first."""
    waiting = [entry for entry in entries if entry.state.state is RunState.QUEUED and not entry.example]
    return sorted(waiting, key=lambda entry: (entry.about.queue_position, entry.id))


def slot_of(entry: RunEntry, slots: tuple[Slot, ...]) -> str:
    """The slot of a living run; one that was started by hand counts where it would have gone.

    Args:
        entry: the run.
        slots: of this machine.
    """
    wanted = (slot.id for slot in slots_for(entry.config.device, slots))
    return entry.state.slot or next(wanted, "")


def in_the_way(entry: RunEntry, entries: Iterable[RunEntry], slots: tuple[Slot, ...]) -> list[RunEntry]:
    """The living runs that have a device which a waiting run could take.

    Args:
        entry: the waiting run.
        entries: all runs of its folder.
        slots: of this machine.
    """
    own = {slot.id for slot in slots_for(entry.config.device, slots)}
    living = (other for other in entries if other.state.state in LIVING and not other.example)
    return [other for other in living if slot_of(other, slots) in own]


def move_in_queue(waiting: Sequence[RunEntry], entry: RunEntry, place: int) -> None:
    """Let a waiting run stand at another place.

    Only its own position is written: it comes to lie between those of its new neighbours. Where no number
    lies between these, all runs before it move forward.

    Args:
        waiting: as from `waiting_runs`.
        entry: one of them.
        place: counted from 0 for the next run; what lies beyond an end means that end.

    Raises:
        RunError: the run does not wait.
    """
    others = [other for other in waiting if other.id != entry.id]
    if len(others) == len(waiting):
        raise RunError(f"{entry.name} is {entry.state.words} and has no place in the queue.")
    if not others:
        return
    positions = [other.about.queue_position for other in others]
    place = min(max(place, 0), len(others))
    if place == 0:
        position = positions[0] - 1.0
    elif place == len(others):
        position = positions[-1] + 1.0
    else:
        position = (positions[place - 1] + positions[place]) / 2
        if not positions[place - 1] < position < positions[place]:
            position = positions[place] - 1.0
            for number, other in enumerate(others[:place]):
                other.folder.write_about(queue_position=position - place + number)
    entry.folder.write_about(queue_position=position)
