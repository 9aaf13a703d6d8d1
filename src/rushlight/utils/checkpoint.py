"""Memory for time: `checkpoint` computes a part of the forward again when the backward needs it."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from ..autocast_state import Settings, restored
from ..autograd import Function, backward
from ..autograd.saved import saved_tensors_hooks
from ..cuda import get_rng_state as get_cuda_state
from ..cuda import set_rng_state as set_cuda_state
from ..errors import NotSupportedError
from ..grad_mode import enable_grad, no_grad, state
from ..nn.modules.container import Sequential
from ..random import fork_rng, get_rng_state, set_rng_state
from ..tensor import Tensor, version_of
from ._pytree import tree_iter

__all__ = [
    "CheckpointError", "CheckpointFunction", "check_backward_validity", "checkpoint",
    "checkpoint_sequential", "detach_variable", "noop_context_fn", "set_checkpoint_early_stop",
]  # fmt: skip


class CheckpointError(RuntimeError):
    """What was computed again is not what was computed first."""


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """Tensors without their history, which require gradients where they did; others as they are.

    >>> import rushlight as torch
    >>> from rushlight.utils.checkpoint import detach_variable
    >>> x = torch.ones(1, requires_grad=True) * 2
    >>> detach_variable((x, 3))
    (tensor([2.], requires_grad=True), 3)
    """
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            "Only tuple of tensors is supported. Got Unsupported input type: "
            f"{type(inputs).__name__}"
        )
    return tuple(
        value.detach().requires_grad_(value.requires_grad) if isinstance(value, Tensor) else value
        for value in inputs
    )


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warns where no tensor among some requires a gradient.

    >>> import rushlight as torch
    >>> torch.utils.checkpoint.check_backward_validity([torch.ones(1, requires_grad=True)])
    """
    if not any(value.requires_grad for value in inputs if isinstance(value, Tensor)):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=2
        )


def noop_context_fn() -> tuple[Any, Any]:
    """Contexts for the forward and for computing it again that do nothing.

    >>> from rushlight.utils.checkpoint import noop_context_fn
    >>> len(noop_context_fn())
    2
    """
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
    context_fn: Callable[[], tuple[Any, Any]] = noop_context_fn,
    determinism_check: str = "default", debug: bool = False, early_stop: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """`function(*args)`, of which nothing is kept for the backward but its arguments.

    The backward calls the function again when it needs what would have been saved. Random numbers
    are the same then, unless `preserve_rng_state=False`. With `use_reentrant=False` any part of the
    graph works as if nothing were checkpointed, and computing stops once all is there that is
    needed; True runs a backward of its own, which knows neither keyword arguments nor `inputs=`.
    `context_fn` gives two contexts, for the first call and for the second. With
    `determinism_check="none"` shapes and dtypes of the second call are not compared.

    >>> import rushlight as torch
    >>> from rushlight.utils.checkpoint import checkpoint
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda x: x.square().square().sum(), x, use_reentrant=False).backward()
    >>> x.grad
    tensor([ 4., 32.])
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint: the use_reentrant parameter should be passed explicitly. "
            "use_reentrant=False is recommended; without it True is taken.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError(f"Unexpected keyword arguments: {','.join(kwargs)}")
        if context_fn is not noop_context_fn or debug:
            raise ValueError(
                "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        return CheckpointFunction.apply(function, preserve, *args)
    if debug:
        raise NotSupportedError("checkpoint: debug=True is not supported; set it to False")
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"determinism_check should be one of ['default', 'none'] but got {determinism_check}"
        )
    if not state.enabled:
        return function(*args, **kwargs)
    first, again = context_fn()
    stops = early_stop if _early_stop is None else _early_stop
    call = _Call(function, args, kwargs, preserve, again, determinism_check == "default", stops)
    with saved_tensors_hooks(call.pack, call.unpack), first:
        return function(*args, **kwargs)


_early_stop: bool | None = None


@contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Inside, checkpoints stop early or not, whatever they are told.

    >>> import rushlight as torch
    >>> from rushlight.utils.checkpoint import checkpoint, set_checkpoint_early_stop
    >>> x = torch.tensor([2.0], requires_grad=True)
    >>> with set_checkpoint_early_stop(False):
    ...     y = checkpoint(torch.square, x, use_reentrant=False)
    >>> y.backward(), x.grad
    (None, tensor([4.]))
    """
    global _early_stop
    previous = _early_stop
    try:
        _early_stop = enable
        yield
    finally:
        _early_stop = previous


class _Stop(Exception):
    """Ends a second call: all that is needed has been computed."""


class _Place:
    """Stands in the graph for a tensor that the forward would have saved."""

    __slots__ = ("__weakref__", "kind", "value")

    def __init__(self, tensor: Tensor) -> None:
        self.kind = _kind(tensor)
        self.value: Tensor | None = None


def _kind(tensor: Tensor) -> tuple[Any, ...]:
    return tuple(tensor.shape), tensor.dtype, tensor.device


class _Call:
    """A checkpointed call: what it takes to run it again, and the places of what it would save."""

    def __init__(
        self, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any], preserve: bool,
        context: Any, checks: bool, stops: bool,
    ) -> None:  # fmt: skip
        self.function, self.args, self.kwargs = function, args, kwargs
        self.context, self.checks, self.stops = context, checks, stops
        self.inputs = [v for v in (*args, *kwargs.values()) if isinstance(v, Tensor)]
        self.versions = [version_of(tensor) for tensor in self.inputs]
        self.random = _RandomState(self.inputs) if preserve else None
        self.autocast = Settings()
        self.places: list[weakref.ref[_Place]] = []  # the graph holds them as long as it needs them

    def pack(self, tensor: Tensor) -> _Place:
        place = _Place(tensor)
        self.places.append(weakref.ref(place))
        return place

    def unpack(self, place: _Place) -> Tensor:
        if place.value is None:
            self.run_again()
        if place.value is None:
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                f"original forward and recomputation. Number of tensors saved during forward: "
                f"{len(self.places)}; the recomputation ended before this one. The function must "
                "compute the same whenever it is called."
            )
        return place.value

    def run_again(self) -> None:
        for tensor, version in zip(self.inputs, self.versions, strict=True):
            if version_of(tensor) != version:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an "
                    f"inplace operation: [{tensor.type()} {list(tensor.shape)}], which is an input "
                    f"of a checkpoint, is at version {version_of(tensor)}; expected version "
                    f"{version} instead."
                )
        found = 0
        needed = max(i for i, place in enumerate(self.places) if place() is not None) + 1

        def keep(tensor: Tensor) -> Tensor:
            nonlocal found
            place = self.places[found]() if found < len(self.places) else None
            found += 1
            if place is not None:
                self.check(place, tensor)
                place.value = tensor.detach()
            if self.stops and found >= needed:
                raise _Stop
            return tensor.detach()

        try:
            with (
                self.random or nullcontext(), restored(self.autocast), self.context, enable_grad(),
                saved_tensors_hooks(keep, lambda tensor: tensor),
            ):  # fmt: skip
                self.function(*self.args, **self.kwargs)
        except _Stop:
            return
        if self.checks and found != len(self.places):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation. Number of tensors saved during forward: "
                f"{len(self.places)}. Number of tensors saved during recomputation: {found}."
            )

    def check(self, place: _Place, tensor: Tensor) -> None:
        if self.checks and place.kind != _kind(tensor):
            raise CheckpointError(
                "torch.utils.checkpoint: Recomputed values for the following tensors have "
                f"different metadata than during the forward pass. Saved: {place.kind}, "
                f"recomputed: {_kind(tensor)}"
            )


class _RandomState:
    """The state of the random generators, which a context brings back for a while."""

    def __init__(self, tensors: Iterable[Tensor]) -> None:
        self.host = get_rng_state()
        devices = {tensor.device.index or 0 for tensor in tensors if tensor.is_cuda}
        self.devices = {device: get_cuda_state(device) for device in devices}

    def __enter__(self) -> None:
        self.surrounding = fork_rng()
        self.surrounding.__enter__()
        set_rng_state(self.host)
        for device, known in self.devices.items():
            set_cuda_state(known, device)

    def __exit__(self, *exception: Any) -> None:
        self.surrounding.__exit__(*exception)


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """The GPUs that tensors among the arguments are on, and the states of their random numbers.

    >>> import rushlight as torch
    >>> torch.utils.checkpoint.get_device_states(torch.zeros(2))
    ([], [])
    """
    devices = [
        leaf.get_device() for leaf in tree_iter(args)
        if isinstance(leaf, Tensor) and leaf.device.type not in ("cpu", "meta")
    ]  # fmt: skip
    return devices, [get_cuda_state(index) for index in devices]


def set_device_states(
    devices: Iterable[int], states: Iterable[Tensor], *, device_type: str | None = None
) -> None:
    """Sets the random numbers of GPUs to the states that `get_device_states` gave."""
    for index, known in zip(devices, states, strict=False):
        set_cuda_state(known, index)


class CheckpointFunction(Function):
    """A checkpoint whose backward runs the function again and a backward through that."""

    @staticmethod
    def forward(ctx: Any, run_function: Callable[..., Any], preserve: bool, *args: Any) -> Any:
        tensors = [value for value in args if isinstance(value, Tensor)]
        _warn_without_gradient(tensors)
        ctx.run_function = run_function
        ctx.random = _RandomState(tensors) if preserve else None
        ctx.autocast = Settings()
        ctx.others = [None if isinstance(value, Tensor) else value for value in args]
        ctx.places = [i for i, value in enumerate(args) if isinstance(value, Tensor)]
        ctx.save_for_backward(*tensors)
        with no_grad():
            return run_function(*args)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        if state.task.inputs is not None:
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the `inputs` "
                "argument."
            )
        inputs = list(ctx.others)
        for place, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            inputs[place] = tensor.detach().requires_grad_(tensor.requires_grad)
        with ctx.random or nullcontext(), restored(ctx.autocast), enable_grad():
            outputs = ctx.run_function(*inputs)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [
            (output, gradient) for output, gradient in zip(outputs, gradients, strict=True)
            if isinstance(output, Tensor) and output.requires_grad
        ]  # fmt: skip
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        backward([output for output, _ in pairs], [gradient for _, gradient in pairs])
        return None, None, *[t.grad if isinstance(t, Tensor) else None for t in inputs]


def _warn_without_gradient(tensors: list[Tensor]) -> None:
    if not any(tensor.requires_grad for tensor in tensors):
        warnings.warn(
            "None of the inputs have requires_grad=True. Gradients will be None", stacklevel=5
        )


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """A chain of functions, or a `Sequential`, all but the last of its `segments` checkpointed.

    >>> import rushlight as torch
    >>> from rushlight.utils.checkpoint import checkpoint_sequential
    >>> x = torch.tensor([0.5], requires_grad=True)
    >>> checkpoint_sequential([torch.square, torch.square], 2, x, use_reentrant=False).backward()
    >>> x.grad  # 4 x ** 3
    tensor([0.5000])
    """
    if use_reentrant is None:
        warnings.warn(
            "torch.utils.checkpoint.checkpoint_sequential: the use_reentrant parameter should be "
            "passed explicitly. use_reentrant=False is recommended; without it True is taken.",
            stacklevel=2,
        )
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError(f"Unexpected keyword arguments: {','.join(kwargs)}")
    chain = list(functions.children() if isinstance(functions, Sequential) else functions)
    size = len(chain) // segments
    for start in range(0, size * (segments - 1), size):
        input = checkpoint(
            _chained(chain[start : start + size]), input, use_reentrant=use_reentrant,
            preserve_rng_state=preserve,
        )  # fmt: skip
    return _chained(chain[size * (segments - 1) :])(input)


def _chained(functions: list[Any]) -> Callable[[Any], Any]:
    def run(input: Any) -> Any:
        for function in functions:
            input = function(input)
        return input

    return run
