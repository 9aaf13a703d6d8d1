"""The base class of optimizers: parameter groups, per-parameter state, and its saving."""

from __future__ import annotations

import itertools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from copy import deepcopy
from typing import Any, ClassVar

from ..autograd.explain import explain
from ..autograd.mirror import all_written
from ..grad_mode import enable_grad
from ..hooks import RemovableHandle
from ..kernels.launch import kernels as kernel_tables
from ..kernels.launch import structure_changed
from ..parameters import clear_grad, typename
from ..tensor import Tensor
from ..torch_function import DisableTorchFunctionSubclass
from ..utils._pytree import tree_map
from .hooks import (  # noqa: F401  # PyTorch has those of all optimizers here
    Hooks,
    added,
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
    with_hooks,
)

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

    # The names of the state's numbers, such as the count of steps, which are kept on the host.
    numbers: ClassVar[Any] = ("step",)

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
        self._optimizer_step_pre_hooks: Hooks = OrderedDict()
        self._optimizer_step_post_hooks: Hooks = OrderedDict()
        self._optimizer_state_dict_pre_hooks: Hooks = OrderedDict()
        self._optimizer_state_dict_post_hooks: Hooks = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks: Hooks = OrderedDict()
        self._optimizer_load_state_dict_post_hooks: Hooks = OrderedDict()
        self._opt_called = False  # a scheduler warns if it steps before the optimizer

    def __init_subclass__(cls) -> None:
        if "step" in cls.__dict__:
            hooked = with_hooks(cls.__dict__["step"])
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
            recorded = self.defaults.get("differentiable")  # then parameters are what steps make
            if not (recorded or parameter.is_leaf or parameter.retains_grad):
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

    def _call_kernel(
        self, name: str, parameters: list[Tensor], arrays: list[Any], arguments: tuple[Any, ...]
    ) -> None:
        """Calls the kernel that changes `arrays`, those of `parameters` of one device and dtype."""
        try:
            getattr(kernel_tables[type(arrays[0])], name)(arrays, *arguments)
        except (ValueError, TypeError) as error:
            raise self._explained(error, parameters) from error
        all_written(parameters)

    def _explained(self, error: Exception, parameters: list[Tensor]) -> Exception:
        """PyTorch's error, by the first parameter that its gradient or state does not fit."""
        for parameter in parameters:
            state = self.state.get(parameter, {})
            kept = [v for k, v in state.items() if k not in self.numbers and isinstance(v, Tensor)]
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

    def register_state_dict_pre_hook(
        self, hook: Callable[[Any], None], prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(optimizer)` before `state_dict`, before the other such hooks if `prepend`.

        >>> import rushlight as torch
        >>> optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)])
        >>> handle = optimizer.register_state_dict_pre_hook(lambda optimizer: print("saving"))
        >>> state = optimizer.state_dict()
        saving
        """
        return added(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[[Any, dict[str, Any]], Any], prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(optimizer, state_dict)` on what `state_dict` returns; it may return another.

        >>> import rushlight as torch
        >>> optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)])
        >>> def note(optimizer, state_dict):
        ...     state_dict["epoch"] = 3
        >>> handle = optimizer.register_state_dict_post_hook(note)
        >>> optimizer.state_dict()["epoch"]
        3
        """
        return added(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[[Any, dict[str, Any]], Any], prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(optimizer, state_dict)` before it is loaded; it may return another one.

        >>> import rushlight as torch
        >>> optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)])
        >>> handle = optimizer.register_load_state_dict_pre_hook(lambda *_: print("loading"))
        >>> optimizer.load_state_dict(optimizer.state_dict())
        loading
        """
        return added(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[[Any], None], prepend: bool = False
    ) -> RemovableHandle:
        """Calls `hook(optimizer)` after a state has been loaded.

        >>> import rushlight as torch
        >>> optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)])
        >>> handle = optimizer.register_load_state_dict_post_hook(lambda optimizer: print("loaded"))
        >>> optimizer.load_state_dict(optimizer.state_dict())
        loaded
        """
        return added(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    # ---- saving and loading

    def state_dict(self) -> dict[str, Any]:
        """`{"state": ..., "param_groups": ...}`, with numbers in the parameters' places.

        The tensors are the optimizer's own, not copies.

        >>> import rushlight as torch
        >>> optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.5)
        >>> optimizer.state_dict()["param_groups"][0]["params"]
        [0]
        """
        for hook in list(self._optimizer_state_dict_pre_hooks.values()):
            hook(self)
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
        result = {"state": state, "param_groups": groups}
        for hook in list(self._optimizer_state_dict_post_hooks.values()):
            changed = hook(self, result)
            result = result if changed is None else changed
        return result

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over what `state_dict` returned, here or in PyTorch.

        Parameters are matched by their order; floating-point state is converted to the dtype and
        device of its parameter, but for `step`, which is counted on the host. ValueError if the
        groups differ in number or size. A state that cannot be loaded changes nothing.

        >>> import rushlight as torch
        >>> x = torch.ones(1, requires_grad=True)
        >>> optimizer = torch.optim.SGD([x], lr=0.5)
        >>> optimizer.load_state_dict(torch.optim.SGD([x], lr=0.25).state_dict())
        >>> optimizer.param_groups[0]["lr"]
        0.25
        """
        state_dict = dict(state_dict)
        for hook in list(self._optimizer_load_state_dict_pre_hooks.values()):
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        before = {"state": self.state, "param_groups": self.param_groups}
        try:
            self.__setstate__(self._loadable(state_dict))
        except BaseException:
            self.__dict__.update(before)
            raise
        for hook in list(self._optimizer_load_state_dict_post_hooks.values()):
            hook(self)

    def _loadable(self, state_dict: dict[str, Any]) -> dict[str, Any]:
        """The groups and the state of a `state_dict`, by the parameters that there are."""
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
                state[by_number[key]] = self._converted(value, by_number[key])
            else:
                state[key] = value
        for old, new in zip(self.param_groups, saved, strict=True):
            new["params"] = old["params"]
            if "param_names" in old:
                new.setdefault("param_names", old["param_names"])
        return {"state": state, "param_groups": saved}

    def _converted(self, state: dict[Any, Any], parameter: Tensor) -> dict[Any, Any]:
        """Saved state of a parameter, in the dtype and on the device that it has now."""

        def convert(value: Any) -> Any:
            if not isinstance(value, Tensor):
                return value
            dtype = parameter.dtype if parameter.is_floating_point() else value.dtype
            return value.to(parameter.device, dtype)

        # Numbers are kept in a dtype of their own, where kernels read them without waiting.
        return {
            key: value.cpu() if key in self.numbers and isinstance(value, Tensor)
            else tree_map(convert, value)
            for key, value in state.items()
        }  # fmt: skip

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


def named_elements(gradient: Tensor, maximize: bool) -> tuple[tuple[Tensor, ...], Tensor]:
    """The places that a sparse gradient names, each once, as a step that is not linear needs them,
    and its values there; their negatives to `maximize`."""
    from ..sparse.parts import indices_of, ordered, values_of

    with DisableTorchFunctionSubclass():  # to be asked for each would take the most of a step
        known = ordered(gradient)  # type: ignore[arg-type]  # its caller has seen the layout
        indices, values = indices_of(known), values_of(known)
        return tuple(indices.unbind(0)), -values if maximize else values
