"""A module's state as a flat dictionary of tensors, and back."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ..grad_mode import no_grad
from ..hooks import RemovableHandle
from ..tensor import Tensor
from .parameter import Parameter
from .registration import Registration, SetByInit
from .rollback import Before, will_fit

EXTRA_STATE = "_extra_state"


class _IncompatibleKeys(NamedTuple("IncompatibleKeys", [
    ("missing_keys", list[str]), ("unexpected_keys", list[str])
])):  # fmt: skip
    """What `load_state_dict` returns."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return super().__repr__()

    __str__ = __repr__


class StateDict(Registration):
    """The part of `Module` that saves to and loads from dictionaries.

    A class that keeps more than tensors defines `get_extra_state` and `set_extra_state`; one whose
    keys have changed raises `_version` and overrides `_load_from_state_dict`, which finds the
    version that was saved in `local_metadata`.
    """

    _version: int = 1

    def _init_state_dict_hooks(self) -> None:
        self.__dict__.update(
            _state_dict_hooks=OrderedDict(),
            _state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_pre_hooks=OrderedDict(),
            _load_state_dict_post_hooks=OrderedDict(),
        )

    # By their ids.
    _state_dict_hooks = SetByInit()
    _state_dict_pre_hooks = SetByInit()
    _load_state_dict_pre_hooks = SetByInit()
    _load_state_dict_post_hooks = SetByInit()

    def get_extra_state(self) -> Any:
        """What a class wants saved beside its tensors; the base has nothing.

        >>> import rushlight as torch
        >>> class Counted(torch.nn.Module):
        ...     count = 3
        ...     def get_extra_state(self):
        ...         return {"count": self.count}
        ...     def set_extra_state(self, state):
        ...         self.count = state["count"]
        >>> dict(Counted().state_dict())
        {'_extra_state': {'count': 3}}
        """
        raise RuntimeError(f"{type(self).__name__} has no extra state; define get_extra_state()")

    def set_extra_state(self, state: Any) -> None:
        """Takes back what `get_extra_state` returned.

        >>> import rushlight as torch
        >>> class Counted(torch.nn.Module):
        ...     def get_extra_state(self):
        ...         return {"count": 3}
        ...     def set_extra_state(self, state):
        ...         print(state)
        >>> Counted().load_state_dict(Counted().state_dict())
        {'count': 3}
        <All keys matched successfully>
        """
        raise RuntimeError(f"{type(self).__name__} has no extra state; define set_extra_state()")

    # ---- saving

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """The parameters and persistent buffers of this module and all below it, by path.

        The tensors share memory with the module's and are detached, unless `keep_vars`.

        >>> import rushlight as torch
        >>> list(torch.nn.Linear(2, 1).state_dict())
        ['weight', 'bias']
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead.",
                FutureWarning,
                stacklevel=2,
            )
            named = dict(zip(("destination", "prefix", "keep_vars"), args, strict=False))
            return self.state_dict(**named)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local_metadata = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local_metadata
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook in self._state_dict_hooks.values():
            changed = hook(self, destination, prefix, local_metadata)
            if isinstance(hook, _ReplacingHook):
                destination = destination if changed is None else changed
            elif changed is not None:
                raise RuntimeError("state_dict post-hook must return None")
        return destination

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        """Adds this module's own state, without that of its submodules, to `destination`."""
        for name, tensor in self._own_state().items():
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if type(self).get_extra_state is not StateDict.get_extra_state:
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def _own_state(self) -> dict[str, Tensor]:
        state = dict(self._parameters)
        for name, buffer in self._buffers.items():
            if name not in self._non_persistent_buffers_set:
                state[name] = buffer
        return {name: tensor for name, tensor in state.items() if tensor is not None}

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook(module, prefix, keep_vars)` before the state is saved.

        >>> import rushlight as torch
        >>> layer = torch.nn.ReLU()
        >>> handle = layer.register_state_dict_pre_hook(lambda module, prefix, keep: print(module))
        >>> state = layer.state_dict()
        ReLU()
        """
        return RemovableHandle.add(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook(module, state_dict, prefix, local_metadata)`, which may change the state.

        >>> import rushlight as torch
        >>> layer = torch.nn.ReLU()
        >>> def stamp(module, state, prefix, metadata):
        ...     state["version"] = 2
        >>> handle = layer.register_state_dict_post_hook(stamp)
        >>> layer.state_dict()["version"]
        2
        """
        return RemovableHandle.add(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """The hook of old: what it returns, unless None, is what `state_dict` returns."""
        return RemovableHandle.add(self._state_dict_hooks, _ReplacingHook(hook))

    # ---- loading

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copies the tensors of `state_dict` into this module and those below it.

        With `assign` the tensors themselves become the parameters and buffers. RuntimeError names
        every tensor whose shape differs and, if `strict`, the keys that are missing or unknown.
        Unlike PyTorch's, the module then is what it was before, and not half loaded.

        >>> import rushlight as torch
        >>> a, b = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
        >>> a.load_state_dict(b.state_dict())
        <All keys matched successfully>
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        before = None if will_fit(self, state_dict, strict) else Before(self, assign)
        try:
            return self._load(state_dict, strict, assign)
        except BaseException:
            if before is not None:
                before.restore()
            raise

    def _load(
        self, state_dict: Mapping[str, Any], strict: bool, assign: bool
    ) -> _IncompatibleKeys:
        metadata = getattr(state_dict, "_metadata", None)
        result = _IncompatibleKeys([], [])
        errors: list[str] = []

        def load(module: Any, state: dict[str, Any], prefix: str) -> None:
            local_metadata = dict((metadata or {}).get(prefix[:-1], {}))
            if assign:
                local_metadata["assign_to_params_buffers"] = True
            module._load_from_state_dict(
                state, prefix, local_metadata, True, *result, errors
            )
            for name, child in module._modules.items():
                if child is not None:
                    path = f"{prefix}{name}."
                    below = {key: value for key, value in state.items() if key.startswith(path)}
                    load(child, below, path)
            for hook in module._load_state_dict_post_hooks.values():
                if hook(module, result) is not None:
                    raise AssertionError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not "
                        "expected to return new values, if incompatible_keys need to be modified, "
                        "it should be done inplace."
                    )

        copied = OrderedDict(state_dict)  # which hooks may change
        if metadata is not None:
            copied._metadata = metadata  # type: ignore[attr-defined]
        load(self, copied, "")
        if strict:
            errors[:0] = [
                f"{kind} key(s) in state_dict: {', '.join(map(_quoted, keys))}. "
                for kind, keys in zip(("Missing", "Unexpected"), result, strict=True)
                if keys
            ]
            errors += _prefix_hint(*result)
        if errors:
            listed = "\n\t".join(errors)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}"
            )
        return result

    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Loads this module's own state; appends to the three lists what does not fit."""
        problems = (missing_keys, unexpected_keys, error_msgs)
        for hook in self._load_state_dict_pre_hooks.values():
            hook(self, state_dict, prefix, local_metadata, strict, *problems)
        own = self._own_state()
        assign = local_metadata.get("assign_to_params_buffers", False)
        for name, tensor in own.items():
            key = prefix + name
            if key in state_dict:
                problem = self._load_tensor(name, key, tensor, state_dict[key], assign)
                if problem:
                    error_msgs.append(problem)
            elif strict:
                missing_keys.append(key)
        known = dict.fromkeys((*own, *self._registered_modules))
        if type(self).set_extra_state is not StateDict.set_extra_state:
            known[EXTRA_STATE] = None
            if prefix + EXTRA_STATE in state_dict:
                self.set_extra_state(state_dict[prefix + EXTRA_STATE])
            elif strict:
                missing_keys.append(prefix + EXTRA_STATE)
        for key in state_dict if strict else ():
            if key.startswith(prefix):
                name, dot, _ = key.removeprefix(prefix).partition(".")
                if name not in known or bool(dot) != (name in self._registered_modules):
                    unexpected_keys.append(key)

    def _load_tensor(
        self, name: str, key: str, tensor: Tensor, value: Any, assign: bool
    ) -> str | None:
        """Copies or assigns one value; returns the message if that is not possible."""
        if not isinstance(value, Tensor):
            return (
                f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
                f"object from checkpoint but received {type(value)}"
            )
        if tensor.ndim == 0 and value.shape == (1,):  # as PyTorch 0.3 saved scalars
            value = value[0]
        if value.shape != tensor.shape:
            return (
                f"size mismatch for {key}: copying a param with shape {value.shape} from "
                f"checkpoint, the shape in current model is {tensor.shape}."
            )
        try:
            with no_grad():
                if not assign:
                    if tensor.is_meta and not value.is_meta:
                        warnings.warn(
                            f"for {key}: copying from a non-meta parameter in the checkpoint to a "
                            "meta parameter in the current model, which is a no-op. (Did you mean "
                            "to pass `assign=True` to assign items in the state dictionary to "
                            "their corresponding key in the module instead of copying them in "
                            "place?)",
                            UserWarning,
                            stacklevel=2,
                        )
                    tensor.copy_(value)
                elif isinstance(tensor, Parameter):
                    if not isinstance(value, Parameter):
                        value = Parameter(value, tensor.requires_grad)
                    setattr(self, name, value.requires_grad_(tensor.requires_grad))
                else:
                    setattr(self, name, value)
        except Exception as error:
            return (
                f'While copying the parameter named "{key}", whose dimensions in the model are '
                f"{tensor.size()} and whose dimensions in the checkpoint are {value.size()}, an "
                f"exception occurred : {error.args}."
            )
        return None

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook(module, *arguments)` with those of `_load_from_state_dict`, before it.

        >>> import rushlight as torch
        >>> layer = torch.nn.ReLU()
        >>> def renamed(module, state, prefix, *others):
        ...     state.pop("old", None)
        >>> handle = layer.register_load_state_dict_pre_hook(renamed)
        >>> layer.load_state_dict({"old": torch.ones(1)})
        <All keys matched successfully>
        """
        return RemovableHandle.add(self._load_state_dict_pre_hooks, hook)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        """The hook of old, which is called without the module unless `with_module`."""
        kept = hook if with_module else _HookWithoutModule(hook)
        return RemovableHandle.add(self._load_state_dict_pre_hooks, kept)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls `hook(module, incompatible_keys)` after loading; it may change the lists.

        >>> import rushlight as torch
        >>> layer = torch.nn.ReLU()
        >>> handle = layer.register_load_state_dict_post_hook(lambda module, keys: keys[1].clear())
        >>> layer.load_state_dict({"unknown": torch.ones(1)})
        <All keys matched successfully>
        """
        return RemovableHandle.add(self._load_state_dict_post_hooks, hook)


def _prefix_hint(missing: list[str], unexpected: list[str]) -> list[str]:
    """What to do where all keys differ by a prefix alone, as a wrapped module's do."""
    for longer, shorter, hint in (
        (unexpected, missing, "torch.nn.modules.utils.consume_prefix_in_state_dict_if_present("
         'state_dict, "{prefix}") takes it off the keys. '),
        (missing, unexpected, "load the state into the module's own part `{name}`. "),
    ):  # fmt: skip
        name, dot, _ = longer[0].partition(".") if longer else ("", "", "")
        prefix = name + dot
        if dot and {f"{prefix}{key}" for key in shorter} == set(longer):
            what = "The state's keys" if longer is unexpected else "The module's keys"
            return [f'{what} begin with "{prefix}": {hint.format(prefix=prefix, name=name)}']
    return []


class _ReplacingHook:
    """A hook whose result takes the place of the state. A class, so that it can be pickled."""

    def __init__(self, hook: Callable[..., Any]) -> None:
        self.hook = hook

    def __call__(self, *args: Any) -> Any:
        return self.hook(*args)


class _HookWithoutModule:
    """A hook that does not ask for its module."""

    def __init__(self, hook: Callable[..., Any]) -> None:
        self.hook = hook

    def __call__(self, module: Any, *args: Any) -> Any:
        return self.hook(*args)


def _quoted(key: str) -> str:
    return f'"{key}"'
