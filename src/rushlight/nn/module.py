"""The base class of all layers and networks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from ..dtype import bfloat16, float16, float32, float64
from ..dtype import dtype as DType
from ..errors import OperationError
from ..grad_mode import no_grad
from ..kernels import launch
from ..layout import preserve_format
from ..ops.copies import convert, parse_to
from ..ops.creation import empty_like
from ..parameters import clear_grad
from ..tensor import Tensor
from ..types import AnyDevice
from .conversion import converted
from .global_hooks import around_calls
from .hooks import Hooks
from .parameter import Parameter
from .registration import uninitialized
from .state_dict import StateDict

Self = TypeVar("Self", bound="Module")


class Module(StateDict, Hooks):
    """A function with parameters: define `forward`, call the module.

    Parameters, buffers and modules that are assigned to attributes are found by `parameters()`,
    `state_dict()`, `to()` and the rest, through any depth of modules.

    >>> import rushlight as torch
    >>> from rushlight import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = nn.Linear(4, 3)
    ...         self.out = nn.Linear(3, 2)
    ...
    ...     def forward(self, x):
    ...         return self.out(self.hidden(x).relu())
    >>> Net()
    Net(
      (hidden): Linear(in_features=4, out_features=3, bias=True)
      (out): Linear(in_features=3, out_features=2, bias=True)
    )
    >>> Net()(torch.ones(1, 4)).shape
    torch.Size([1, 2])
    """

    training: bool

    # Whether `Module.__init__` passes its arguments on to the next class in the order of methods.
    call_super_init: bool = False
    dump_patches: bool = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if (args or kwargs) and not self.call_super_init:
            name = type(self).__name__
            if kwargs:
                raise TypeError(
                    f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            raise TypeError(
                f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given"
            )
        self._init_registration()
        self._init_state_dict_hooks()
        self._init_hooks()
        self.__dict__["training"] = True
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_compiled_call_impl": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    # ---- calling

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass defines its own.

        >>> import rushlight as torch
        >>> class Doubled(torch.nn.Module):
        ...     def forward(self, x):
        ...         return 2 * x
        >>> Doubled()(torch.tensor([1, 2]))
        tensor([2, 4])
        """
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if launch.recorder is not None:
            launch.recorder.see_module(self)
        try:
            if (
                self._forward_hooks
                or self._forward_pre_hooks
                or self._backward_hooks
                or self._backward_pre_hooks
                or self._compiled_call_impl
                or around_calls
            ):
                if self._compiled_call_impl is not None:
                    return self._compiled_call_impl(*args, **kwargs)
                return self._call_with_hooks(args, kwargs)
            # A call with one positional argument costs half of one with unpacked ones.
            if kwargs:
                return self.forward(*args, **kwargs)
            if len(args) == 1:
                return self.forward(args[0])
            return self.forward(*args)
        except OperationError as error:
            self._add_path(error)
            raise
        except AttributeError as error:
            if "_forward_hooks" not in self.__dict__:
                raise uninitialized(self) from error
            raise

    def _add_path(self, error: OperationError) -> None:
        """Makes an error on its way out say where it came from, as seen from this module.

        The module below, by which it has come, has put its own class's name first in the path;
        what is known here is its name in this module.
        """
        names = error.module_names
        source = error.module_id
        for path, module in self.named_modules():
            if names and path and id(module) == source:
                names[0] = path
        error.add_module(type(self).__name__)
        error.module_id = id(self)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Lets later calls of this module be recorded and replayed, as `torch.compile` does.

        The module itself stays what it is, with its class, its names and its `state_dict`; the
        arguments are those of `torch.compile`. A copy or a pickle is not compiled.

        >>> import rushlight as torch
        >>> net = torch.nn.Linear(3, 2)
        >>> net.compile()
        >>> net(torch.ones(1, 3)).shape
        torch.Size([1, 2])
        """
        from ..graph.compile import compile  # which is made of modules

        self._compiled_call_impl = compile(self._call_impl, *args, **kwargs)

    # ---- what is in it

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once: what an optimizer is given.

        >>> import rushlight as torch
        >>> [p.shape for p in torch.nn.Linear(3, 2).parameters()]
        [torch.Size([2, 3]), torch.Size([2])]
        """
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths.

        >>> from rushlight import nn
        >>> [name for name, _ in nn.Sequential(nn.Linear(2, 1), nn.ReLU()).named_parameters()]
        ['0.weight', '0.bias']
        """
        return self._named_members(
            lambda module: module._parameters.items(), prefix, recurse, remove_duplicate
        )

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once.

        >>> import rushlight as torch
        >>> [b.shape for b in torch.nn.BatchNorm1d(3).buffers()]
        [torch.Size([3]), torch.Size([3]), torch.Size([])]
        """
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their paths.

        >>> import rushlight as torch
        >>> [name for name, _ in torch.nn.BatchNorm1d(3).named_buffers()]
        ['running_mean', 'running_var', 'num_batches_tracked']
        """
        return self._named_members(
            lambda module: module._buffers.items(), prefix, recurse, remove_duplicate
        )

    def _named_members(
        self,
        get_members_fn: Callable[[Any], Any],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules: Any = [(prefix, self)]
        if recurse:
            modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules:
            for name, member in get_members_fn(module):
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield (f"{path}.{name}" if path else name), member

    def children(self) -> Iterator[Module]:
        """The modules directly below this one, each once.

        >>> import rushlight as torch
        >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Sequential(torch.nn.ReLU()))
        >>> len(list(net.children()))
        2
        """
        for _, module in self.named_children():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules directly below this one with their names.

        >>> import rushlight as torch
        >>> net = torch.nn.Sequential(torch.nn.Tanh(), torch.nn.ReLU())
        >>> dict(net.named_children())
        {'0': Tanh(), '1': ReLU()}
        """
        seen = set()
        for name, module in self._modules.items():
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it, each once.

        >>> import rushlight as torch
        >>> net = torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Sequential(torch.nn.ReLU()))
        >>> len(list(net.modules()))
        4
        """
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it with their paths; its own path is `prefix`.

        >>> import rushlight as torch
        >>> net = torch.nn.Sequential(torch.nn.Tanh(), torch.nn.Sequential(torch.nn.ReLU()))
        >>> [name for name, _ in net.named_modules()]
        ['', '0', '1', '1.0']
        """
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    # ---- its mode

    def train(self: Self, mode: bool = True) -> Self:
        """Sets training mode, in which dropout drops and normalisation uses the batch.

        >>> import rushlight as torch
        >>> torch.nn.Dropout(0.5).eval().train().training
        True
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Sets evaluation mode: `train(False)`.

        >>> import rushlight as torch
        >>> torch.nn.Dropout(0.5).eval()(torch.ones(3))
        tensor([1., 1., 1.])
        """
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Switches whether the parameters get gradients, for instance to freeze a part.

        >>> import rushlight as torch
        >>> layer = torch.nn.Linear(3, 2).requires_grad_(False)
        >>> layer.weight.requires_grad
        False
        """
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Takes the parameters' gradients away, or fills them with zeros.

        >>> import rushlight as torch
        >>> layer = torch.nn.Linear(3, 1)
        >>> layer(torch.ones(3)).backward()
        >>> layer.zero_grad()
        >>> print(layer.weight.grad)
        None
        """
        for parameter in self.parameters():
            clear_grad(parameter, set_to_none)

    # ---- conversion

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Calls `fn` on every module, children first, for instance to initialise them.

        >>> import rushlight as torch
        >>> net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.ReLU())
        >>> applied = net.apply(lambda module: print(type(module).__name__))
        Linear
        ReLU
        Sequential
        """
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def share_memory(self: Self) -> Self:
        """Moves parameters, their gradients and buffers to memory that other processes can see.

        >>> import rushlight as torch
        >>> layer = torch.nn.Linear(3, 2).share_memory()
        >>> layer.weight.is_shared()
        True
        """
        return self._apply(lambda tensor: tensor.share_memory_())

    def _apply(self: Self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replaces the values of parameters, their gradients and buffers by `fn` of them."""
        launch.structure_changed()
        if recurse:
            for module in self.children():
                module._apply(fn)
        for name, parameter in self._parameters.items():
            if parameter is not None:
                self._parameters[name] = converted(parameter, fn)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                with no_grad():
                    self._buffers[name] = fn(buffer)
        return self

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Moves and converts the parameters and buffers, in place, and returns the module.

        `to(device)`, `to(dtype)`, `to(device, dtype)`, `to(tensor)`: the dtype must be a floating
        one (TypeError otherwise) and concerns only floating-point tensors.

        >>> import rushlight as torch
        >>> torch.nn.Linear(2, 1).to(torch.float64).weight.dtype
        torch.float64
        """
        device, dtype, copy, memory_format = parse_to(*args, **kwargs)
        if copy:
            raise RuntimeError(".to() does not accept copy argument")
        if dtype is not None and not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                f"dtype={dtype}"
            )

        def moved(tensor: Tensor) -> Tensor:
            floating = tensor.is_floating_point() or tensor.is_complex()
            layout = memory_format if tensor.ndim in (4, 5) else preserve_format
            try:
                return convert(tensor, device, dtype if floating else None, False, layout)
            except NotImplementedError as error:
                if not tensor.is_meta:
                    raise
                raise NotImplementedError(
                    f"{error} Please use torch.nn.Module.to_empty() instead of "
                    "torch.nn.Module.to() when moving module from meta to a different device."
                ) from None

        return self._apply(moved)

    def to_empty(self: Self, *, device: AnyDevice, recurse: bool = True) -> Self:
        """Gives the parameters and buffers new memory on a device, without copying values.

        What they hold then is whatever stood there: for a module built on the device "meta", whose
        values are to be loaded or initialised.

        >>> import rushlight as torch
        >>> layer = torch.nn.Linear(2, 1, device="meta").to_empty(device="cpu")
        >>> layer.weight.shape, layer.weight.device
        (torch.Size([1, 2]), device(type='cpu'))
        """
        return self._apply(lambda tensor: empty_like(tensor, device=device), recurse)

    def cpu(self: Self) -> Self:
        return self._apply(lambda tensor: tensor.cpu())

    def cuda(self: Self, device: Any = None) -> Self:
        return self._apply(lambda tensor: tensor.cuda(device))

    def float(self: Self) -> Self:
        return self._convert_floating(float32)

    def double(self: Self) -> Self:
        return self._convert_floating(float64)

    def half(self: Self) -> Self:
        return self._convert_floating(float16)

    def bfloat16(self: Self) -> Self:
        return self._convert_floating(bfloat16)

    def type(self: Self, dst_type: Any) -> Self:
        """Converts all parameters and buffers, integer ones too.

        >>> import rushlight as torch
        >>> torch.nn.Linear(3, 2).type(torch.float64).weight.dtype
        torch.float64
        """
        return self._apply(lambda tensor: tensor.type(dst_type))

    def _convert_floating(self: Self, dtype: DType) -> Self:
        return self._apply(lambda t: t.to(dtype) if t.is_floating_point() else t)

    # ---- printing

    def _get_name(self) -> str:
        return self.__class__.__name__

    def extra_repr(self) -> str:
        """What `repr` shows between the parentheses: the layer's own settings.

        >>> import rushlight as torch
        >>> torch.nn.Linear(3, 2).extra_repr()
        'in_features=3, out_features=2, bias=True'
        """
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        if not self._registered_modules and len(lines) < 2:
            return f"{self._get_name()}({extra})"
        lines += [f"({name}): {indented(repr(m))}" for name, m in self._modules.items()]
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


def indented(text: str, spaces: int = 2) -> str:
    """A module's repr as part of another's: all lines but the first moved to the right."""
    return text.replace("\n", "\n" + " " * spaces)
