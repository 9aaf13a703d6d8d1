"""Where a pass stands, so that another one can go on from there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from ...random import Generator, default_generator


class Position:
    """The generators as they were when a pass began, and the batches that it has given since.

    The order of a pass is drawn from the generators at its start, so that these two say which
    samples are still to come, whatever sampler chooses them.
    """

    def __init__(self, loader: Any, drew_seed: bool) -> None:
        self.drew_seed = drew_seed  # for workers, at its start, from the generator of the order
        self._at_start = [(g, g.state.copy()) for g in _generators(loader)]
        self.length = _length(loader)
        self.batches = 0
        self.skipped: list[str] = []  # of each sample left out, which and why
        self.ended = False

    def state_dict(self) -> dict[str, Any]:
        if self.ended:
            return dict(BEGINNING)
        generators = [_saved(*pair) for pair in self._at_start]
        return {
            "batches": self.batches, "length": self.length, "generators": generators,
            "drew_seed": self.drew_seed,
        }  # fmt: skip


def _saved(generator: Generator, state: Any) -> Any:
    as_it_was = generator.clone_state()
    as_it_was.state[...] = state
    return as_it_was.get_state()


# The state of a loader that is in no pass.
BEGINNING: dict[str, Any] = {
    "batches": 0, "length": None, "generators": None, "drew_seed": True,
}  # fmt: skip


def _length(loader: Any) -> int | None:
    """The batches of a whole pass; None where a sampler or a stream does not know."""
    try:
        return len(loader._index_sampler)
    except (TypeError, NotImplementedError):
        return None


def check_state(loader: Any, state: dict[str, Any]) -> None:
    """ValueError where this is no state of such a loader."""
    if not isinstance(state, dict) or set(state) != set(BEGINNING):
        raise ValueError(
            "DataLoader.load_state_dict: expected what state_dict() returned, a dictionary of "
            f"{sorted(BEGINNING)}"
        )
    saved, needed = state["generators"], len(_generators(loader))
    if saved is not None and len(saved) != needed:
        raise ValueError(
            f"DataLoader.load_state_dict: the state has {len(saved)} random generators and this "
            f"loader {needed}; make it with the same sampler and generator options"
        )
    length = _length(loader)
    if None not in (state["length"], length) and state["length"] != length:
        raise ValueError(
            f"DataLoader.load_state_dict: the state is of a pass of {state['length']} batches and "
            f"this loader's has {length}; make it with the same dataset, batch_size and drop_last"
        )


@contextlib.contextmanager
def generators_of(loader: Any, states: list[Any]) -> Iterator[None]:
    """The loader's generators as they were; afterwards the default one goes on where it is.

    The others are the loader's alone, and go on as they would have in the pass that was saved.
    """
    now = default_generator.get_state()
    try:
        for generator, state in zip(_generators(loader), states, strict=True):
            generator.set_state(state)
        yield
    finally:
        default_generator.set_state(now)


def _generators(loader: Any) -> list[Generator]:
    """The default generator and those that the loader and its samplers have of their own."""
    batch_sampler = loader.batch_sampler
    owners = [loader, loader.sampler, batch_sampler, getattr(batch_sampler, "sampler", None)]
    found = [default_generator]
    for owner in owners:
        generator = getattr(owner, "generator", None)
        if isinstance(generator, Generator) and all(generator is not other for other in found):
            found.append(generator)
    return found
