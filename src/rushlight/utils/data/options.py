"""What a loader's options may be, checked when it is made."""

from __future__ import annotations

import numbers
from typing import Any

from .dataset import IterableDataset

# More than any program has a use for, and fewer than would bring a machine down.
_MOST_WORKERS = 1024
_MOST_PREFETCHED = 1 << 16  # batches, of each worker


def check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    _check_whole("num_workers", num_workers)
    if prefetch_factor is not None:
        _check_whole("prefetch_factor", prefetch_factor)
    if num_workers > _MOST_WORKERS:
        raise ValueError(
            f"num_workers option should be at most {_MOST_WORKERS}, but got "
            f"num_workers={num_workers}: each worker is a process or a thread"
        )
    if num_workers < 0:
        raise ValueError(
            "num_workers option should be non-negative; use num_workers=0 to disable "
            "multiprocessing."
        )
    if timeout < 0:
        raise ValueError("timeout option should be non-negative")
    if num_workers == 0:
        if prefetch_factor is not None:
            raise ValueError(
                "prefetch_factor option could only be specified in multiprocessing. Set "
                "num_workers > 0, or leave prefetch_factor at None."
            )
        if persistent_workers:
            raise ValueError("persistent_workers option needs num_workers > 0")
        if timeout > 0:
            raise ValueError("timeout option needs num_workers > 0")
    elif prefetch_factor is not None and not 0 < prefetch_factor <= _MOST_PREFETCHED:
        raise ValueError(
            f"prefetch_factor option should be positive and at most {_MOST_PREFETCHED}, but got "
            f"prefetch_factor={prefetch_factor}"
        )


def _check_whole(name: str, value: Any) -> None:
    if not isinstance(value, numbers.Integral):
        raise TypeError(f"{name} option should be a whole number, but got {name}={value!r}")


def check_sampling(
    dataset: Any,
    batch_size: int | None,
    shuffle: bool | None,
    sampler: Any,
    batch_sampler: Any,
    drop_last: bool,
) -> None:
    if isinstance(dataset, IterableDataset):
        options = {"shuffle": shuffle or None, "sampler": sampler, "batch_sampler": batch_sampler}
        for name, value in options.items():
            if value is not None:
                raise ValueError(
                    f"DataLoader with IterableDataset: expected unspecified {name} option, "
                    f"but got {name}={value}"
                )
    if sampler is not None and shuffle:
        raise ValueError("sampler option is mutually exclusive with shuffle")
    if batch_sampler is not None:
        if batch_size != 1 or shuffle or sampler is not None or drop_last:
            raise ValueError(
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, "
                "and drop_last"
            )
    elif batch_size is None and drop_last:
        raise ValueError(
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last"
        )


def check_choices(dataset: Any, worker: str, seeds: str, on_error: str, context: Any) -> None:
    _check_choice("worker", worker, ("process", "thread"))
    _check_choice("seeds", seeds, ("worker", "sample"))
    _check_choice("on_error", on_error, ("raise", "skip"))
    if worker == "thread" and context is not None:
        raise ValueError('multiprocessing_context option needs worker="process"')
    if isinstance(dataset, IterableDataset):
        if seeds == "sample":
            raise ValueError(
                'DataLoader with IterableDataset: seeds="sample" needs samples with an index, and '
                "a stream has none"
            )
        if on_error == "skip":
            raise ValueError(
                'DataLoader with IterableDataset: on_error="skip" needs samples with an index; '
                "catch the error in the dataset's __iter__, as a stream ends with it"
            )


def _check_choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        known = " or ".join(repr(choice) for choice in choices)
        raise ValueError(f"{name} option should be {known}, but got {name}={value!r}")


def checked_context(context: Any, num_workers: int) -> Any:
    import multiprocessing

    if num_workers == 0:
        raise ValueError(
            "multiprocessing_context can only be used with multi-process loading "
            f"(num_workers > 0), but got num_workers={num_workers}"
        )
    if isinstance(context, str):
        methods = multiprocessing.get_all_start_methods()
        if context not in methods:
            raise ValueError(
                "multiprocessing_context option should specify a valid start method in "
                f"{methods!r}, but got multiprocessing_context={context!r}"
            )
        context = multiprocessing.get_context(context)
    if not isinstance(context, multiprocessing.context.BaseContext):
        raise TypeError(
            "multiprocessing_context option should be a valid context object or a string "
            f"specifying the start method, but got multiprocessing_context={context}"
        )
    return context
