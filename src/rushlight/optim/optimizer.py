"""The base class of optimizers: parameter groups, per-parameter state, and its saving."""

from __future__ import annotations

import functools
import itertools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

import numpy as np

from ..autograd.explain import explain
from ..errors import NotSupportedError
from ..grad_mode import enable_grad
from ..hooks import RemovableHandle
from ..kernels import launch
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import structure_changed
from ..layout import strided
from ..parameters import clear_grad, typename
from ..tensor import Tensor
from ..utils._pytree import tree_map

__all__ = ["Optimizer", "required"]


class _Required:
    """Stands in `defaults` for an option that every group must give itself."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


class Optimizer:
    """Updates parameters by their gradients. Subclasses define `step`.

    `params` is an iterable of tensors, of (name, tensor) pairs, or of dictionaries that each have
    their own options beside `"params"`; `defaults` holds the options of the others. `param_groups`
    is that list of dictionaries, and `state` what the optimizer remembers of each parameter.

    >>> import rushlight as torch
    >>> class Descent(torch.optim.Optimizer):
    ...     @torch.no_grad()
    ...     def step(self):
    ...         for group in self.param_groups:
    ...             for p in group["params"]:
    ...                 p -= group["lr"] * p.grad
    >>> x = torch.tensor([3.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> Descent([x], {"lr": 0.5}).step()
    >>> x
    tensor([0.], requires_grad=True)
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or "
                f"dicts, but got {typename(params)}"
            )
        self.defaults = defaults
        self._init_hooks()
        self.state: defaultdict[Any, Any] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _init_hooks(self) -> None:
        self._optimizer_step_pre_hooks: OrderedDict[int, Any] = OrderedDict()
        self._optimizer_step_post_hooks: OrderedDict[int, Any] = OrderedDict()
        self._opt_called = False  # a scheduler warns if it steps before the optimizer

    def __init_subclass__(cls) -> None:
        if "step" in cls.__dict__:
            hooked = _with_hooks(cls.__dict__["step"])
            cls.step = hooked  # type: ignore[method-assign]  # hooks run without its author's doing

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Adds parameters with their own options, for instance layers that were frozen so far.

        >>> import rushlight as torch
        >>> x, y = torch.ones(1, requires_grad=True), torch.ones(1, requires_grad=True)
        >>> optimizer = torch.optim.SGD([x], lr=0.5)
        >>> optimizer.add_param_group({"params": [y], "lr": 0.25})
        >>> [group["lr"] for group in optimizer.param_groups]
        [0.5, 0.25]
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        group = dict(param_group)
        group.update(_split_names(group["params"]))
        for parameter in group["params"]:
            if not isinstance(parameter, Tensor):
                raise TypeError(
                    "optimizer can only optimize Tensors, but one of the params is "
                    + typename(parameter)
                )
            if not (parameter.is_leaf or parameter.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        for name, default in self.defaults.items():
            if default is required and name not in group:
                raise ValueError(
                    "parameter group didn't specify a value of required optimization parameter "
                    + name
                )
            group.setdefault(name, default)
        parameters = set(group["params"])
        if len(parameters) != len(group["params"]):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; "
                "in future, this will cause an error",
                stacklevel=3,
            )
        for other in self.param_groups:
            if ("param_names" in group) != ("param_names" in other):
                kind = "with names" if "param_names" in group else "without names"
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param "
                    f"group {kind} to the optimizer"
                )
            if not parameters.isdisjoint(other["params"]):
                raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(group)
        structure_changed()

    # ---- the step

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Updates all parameters that have a gradient.

        `closure`, if given, computes the gradients and returns the loss, which `step` returns.

        >>> import rushlight as torch
        >>> x = torch.ones(1, requires_grad=True)
        >>> x.sum().backward()
        >>> torch.optim.SGD([x], lr=0.25).step()
        >>> x
        tensor([0.7500], requires_grad=True)
        """
        raise NotImplementedError

    @staticmethod
    def _evaluate(closure: Callable[[], Any] | None) -> Any:
        """The closure's loss: it needs gradients even when the step runs under `no_grad`."""
        if closure is None:
            return None
        with enable_grad():
            return closure()

    def _run_kernel(self, name: str, parameters: list[Tensor], *arguments: Any) -> None:
        """Calls the kernel that changes `parameters`, which are of one device and dtype."""
        arrays = [parameter.array for parameter in parameters]
        try:
            getattr(kernel_tables[type(arrays[0])], name)(arrays, *arguments)
        except (ValueError, TypeError) as error:
            raise self._explained(error, parameters) from error
        for parameter in parameters:
            parameter.bump_version()

    def _explained(self, error: Exception, parameters: list[Tensor]) -> Exception:
        """PyTorch's error, by the first parameter that its gradient or state does not fit."""
        for parameter in parameters:
            state = self.state.get(parameter, {})
            kept = [v for k, v in state.items() if k != "step" and isinstance(v, Tensor)]
            tensors = [t for t in (parameter, parameter.grad, *kept) if t is not None]
            if any((t.device, t.shape) != (parameter.device, parameter.shape) for t in tensors):
                break
        return explain(f"{type(self).__name__}.step", error, [t.array for t in tensors])

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Takes the parameters' gradients away, or fills them with zeros.

        >>> import rushlight as torch
        >>> x = torch.ones(1, requires_grad=True)
        >>> x.sum().backward()
        >>> torch.optim.SGD([x], lr=0.25).zero_grad()
        >>> print(x.grad)
        None
        """
        for group in self.param_groups:
            for parameter in group["params"]:
                clear_grad(parameter, set_to_none)

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook(optimizer, args, kwargs)` before each step; it may return both anew.

        >>> import rushlight as torch
        >>> optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.5)
        >>> handle = optimizer.register_step_pre_hook(lambda *_: print("before"))
        >>> optimizer.step()
        before
        """
        return RemovableHandle.add(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook(optimizer, args, kwargs)` after each step.

        >>> import rushlight as torch
        >>> optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.5)
        >>> handle = optimizer.register_step_post_hook(lambda *_: print("after"))
        >>> optimizer.step()
        after
        """
        return RemovableHandle.add(self._optimizer_step_post_hooks, hook)

    # ---- saving and loading

    def state_dict(self) -> dict[str, Any]:
        """`{"state": ..., "param_groups": ...}`, with numbers in the parameters' places.

        The tensors are the optimizer's own, not copies.

        >>> import rushlight as torch
        >>> optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.5)
        >>> optimizer.state_dict()["param_groups"][0]["params"]
        [0]
        """
        numbers: dict[int, int] = {}
        for group in self.param_groups:
            for parameter in group["params"]:
                numbers.setdefault(id(parameter), len(numbers))
        groups = [
            {
                **{key: value for key, value in group.items() if key != "params"},
                "params": [numbers[id(parameter)] for parameter in group["params"]],
            }
            for group in self.param_groups
        ]
        state = {
            numbers[id(key)] if isinstance(key, Tensor) else key: value
            for key, value in self.state.items()
        }
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over what `state_dict` returned, here or in PyTorch.

        Parameters are matched by their order; floating-point state is converted to the dtype and
        device of its parameter, but for `step`, which is counted on the host. ValueError if the
        groups differ in number or size.

        >>> import rushlight as torch
        >>> x = torch.ones(1, requires_grad=True)
        >>> optimizer = torch.optim.SGD([x], lr=0.5)
        >>> optimizer.load_state_dict(torch.optim.SGD([x], lr=0.25).state_dict())
        >>> optimizer.param_groups[0]["lr"]
        0.25
        """
        saved = deepcopy(state_dict["param_groups"])
        if len(saved) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(
            len(old["params"]) != len(new["params"])
            for old, new in zip(self.param_groups, saved, strict=True)
        ):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        numbers = itertools.chain.from_iterable(group["params"] for group in saved)
        parameters = itertools.chain.from_iterable(group["params"] for group in self.param_groups)
        by_number = dict(zip(numbers, parameters, strict=True))
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in by_number:
                state[by_number[key]] = _converted(value, by_number[key])
            else:
                state[key] = value
        for old, new in zip(self.param_groups, saved, strict=True):
            new["params"] = old["params"]
            if "param_names" in old:
                new.setdefault("param_names", old["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})

    def __getstate__(self) -> dict[str, Any]:
        return {
            "defaults": self.defaults,
            "state": self.state,
            "param_groups": self.param_groups,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "_optimizer_step_pre_hooks" not in self.__dict__:
            self._init_hooks()
        self.__dict__.update(state)
        structure_changed()

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for number, group in enumerate(self.param_groups):
            text += f"\nParameter Group {number}\n"
            for key in sorted(group):
                if key != "params":
                    text += f"    {key}: {group[key]}\n"
        return text + ")"


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        for hook in list(self._optimizer_step_pre_hooks.values()):
            changed = hook(self, args, kwargs)
            if changed is not None:
                if not isinstance(changed, tuple) or len(changed) != 2:
                    raise RuntimeError(
                        f"{step} must return None or a tuple of (new_args, new_kwargs), but got "
                        f"{changed}."
                    )
                args, kwargs = changed
        phase = launch.phase
        try:
            launch.phase = "update"
            if launch.recorder is not None:
                launch.recorder.see_optimizer(self)
            result = step(self, *args, **kwargs)
        finally:
            launch.phase = phase
        self._opt_called = True
        for hook in list(self._optimizer_step_post_hooks.values()):
            hook(self, args, kwargs)
        return result

    return hooked


def _split_names(params: Any) -> dict[str, Any]:
    """A group's parameters as a list and, if they came as pairs, their names."""
    if isinstance(params, Tensor):
        params = [params]
    if isinstance(params, set):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering "
            "of tensors in sets will change between runs. Please use a list instead."
        )
    entries = list(params)
    names = [entry[0] for entry in entries if isinstance(entry, tuple)]
    if not names:
        return {"params": entries}
    if len(names) != len(entries):
        raise ValueError(
            "all optimizer params should be with/without names. Some param names are missing"
        )
    return {"params": [entry[1] for entry in entries], "param_names": names}


def _converted(state: dict[Any, Any], parameter: Tensor) -> dict[Any, Any]:
    """Saved state of a parameter, in the dtype and on the device that it has now."""

    def convert(value: Any) -> Any:
        if not isinstance(value, Tensor):
            return value
        dtype = parameter.dtype if parameter.is_floating_point() else value.dtype
        return value.to(parameter.device, dtype)

    converted = {key: tree_map(convert, value) for key, value in state.items()}
    if isinstance(state.get("step"), Tensor):
        # In a dtype of its own, where kernels read it without waiting.
        converted["step"] = state["step"].cpu()
    return converted


def batches(
    group: dict[str, Any], state_of: Callable[[Tensor], Any],
    update_sparse: Callable[[Tensor, Tensor], None],
) -> Iterable[tuple[list[Tensor], list[Any], list[Any]]]:  # fmt: skip
    """Parameters that a kernel can update in one call, their gradients' arrays, and their states.

    That is, of a group's parameters that have a gradient, those of one device and dtype for which
    `state_of` has a state, or those for which it has none yet (None). A parameter with a sparse
    gradient is not among them: `update_sparse(parameter, gradient)` is called for it.
    """
    found: dict[Any, tuple[list[Tensor], list[Any], list[Any]]] = {}
    for parameter in group["params"]:
        gradient = parameter._grad if launch.recorder is None else parameter.grad
        if gradient is None:
            continue
        array = parameter.array
        if type(gradient.array) is not type(array) and gradient.layout is not strided:
            update_sparse(parameter, gradient)
            continue
        state = state_of(parameter)
        place: Any = type(array)
        if place is not np.ndarray:  # on the host the type says it all, 150 ns sooner
            place = parameter.device
        key = (place, array.dtype, state is None)
        batch = found.get(key)
        if batch is None:
            batch = found[key] = ([], [], [])
        batch[0].append(parameter)
        batch[1].append(gradient.array)
        batch[2].append(state)
    return found.values()


def check_implementation(
    name: str, foreach: bool | None, fused: bool | None, differentiable: bool
) -> None:
    """Refuses what PyTorch refuses, and steps that are recorded.

    `foreach` and `fused` choose between implementations there; here every step is one kernel call.
    """
    if fused and differentiable:
        raise RuntimeError("`fused` does not support `differentiable`")
    if fused and foreach:
        raise RuntimeError("`fused` and `foreach` cannot be `True` together.")
    if differentiable:
        raise NotSupportedError(
            f"{name}: differentiable=True is not supported, steps are not recorded; write the "
            "update with tensor operations instead"
        )


def as_number(value: Any) -> float:
    """An option that may be a tensor of one element, such as a beta."""
    return value.item() if isinstance(value, Tensor) else value


def option(group: dict[str, Any], key: str, index: int | None = None) -> float:
    """A group's option for a kernel: `group[key]`, or one of the numbers there.

    Schedulers change options; while a step is recorded this is a number that replays read anew.
    """
    if launch.recorder is not None:
        return launch.recorder.live(group, key, index)
    value = group[key]
    return as_number(value if index is None else value[index])
