"""What a recorded call returns, as something that each replay makes anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..device import device
from ..dtype import dtype
from ..layout import layout, memory_format
from ..size import Size
from ..tensor import Tensor, wrap
from ..utils._pytree import tree_flatten, tree_iter, tree_unflatten
from .capture import Recorder
from .errors import LeakError, RefusedError
from .guards.watched import PLAIN
from .record import Source, tensor_at

_CONSTANT = (type, device, dtype, layout, memory_format, Size)


@dataclass(slots=True)
class Made:
    """A tensor whose array a kernel makes."""

    slot: int
    requires_grad: bool | None  # as a leaf: `requires_grad_()` was called on it
    is_alias: bool  # `y.detach()` beside y

    def build(self, replay: Replayed) -> Tensor:
        tensor = replay.made.get(self.slot)
        if tensor is None:
            tensor = replay.made[self.slot] = wrap(replay.slots[self.slot])
            tensor._requires_grad = self.requires_grad
        return tensor.alias() if self.is_alias else tensor


@dataclass(slots=True)
class Known:
    """A tensor that was there before, or its alias: an argument by its number, or another."""

    place: Tensor | int
    is_alias: bool = False
    is_grad: bool = False

    def build(self, replay: Replayed) -> Any:
        return self.tensor(replay.arguments)

    def tensor(self, arguments: list[Tensor]) -> Any:
        found = tensor_at(self.place, arguments)
        if self.is_alias:
            return found.alias()
        return found._grad if self.is_grad else found


@dataclass(slots=True)
class Plain:
    """What is no tensor: the same object each time."""

    value: Any

    def build(self, replay: Replayed) -> Any:
        return self.value


@dataclass(slots=True)
class Replayed:
    """A replay from which results are built."""

    slots: list[Any]
    arguments: list[Tensor]
    made: dict[int, Tensor]  # by slot: a tensor that is returned twice is one


class Results:
    """The form of what a call returns, and which slots it takes."""

    def __init__(self, result: Any, recorder: Recorder) -> None:
        self._recorder = recorder
        for tensor in tensors_in(result):  # the history of a view may have changed with its base's
            tensor.requires_grad  # noqa: B018
        # Of tensors that share an array the one with a history is made, and the others from it.
        self._makers: dict[int, Tensor] = {}
        for tensor in tensors_in(result):
            known = self._makers.get(id(tensor.array))
            if known is None or known._grad_fn is None:
                self._makers[id(tensor.array)] = tensor
        self.made: dict[int, Tensor] = {}  # slot -> the recorded call's own tensor
        leaves, self._tree = tree_flatten(result)
        self.forms = [self._form_of(leaf) for leaf in leaves]
        for tensor in self.made.values():
            if any(tensor._base is other for other in self.made.values()):
                raise RefusedError("one of its results is a view of another")
        self.slots = tuple(self.made)
        del self._recorder, self._makers

    def build(self, slots: list[Any], arguments: list[Tensor], made: dict[int, Tensor]) -> Any:
        """The results of a replay. Those that kernels made are in `made`, or put there, by slot."""
        replay = Replayed(slots, arguments, made)
        if len(self.forms) == 1 and self._tree.type is None:  # saves half a microsecond
            return self.forms[0].build(replay)
        return tree_unflatten([form.build(replay) for form in self.forms], self._tree)

    def _form_of(self, result: Any) -> Made | Known | Plain:
        if isinstance(result, Tensor):
            return self._form_of_tensor(result)
        kind = type(result)  # and not `result` itself, which the forms would keep alive
        if isinstance(result, (dict, list)):
            raise RefusedError(f"it returns a {kind.__name__}, which may hold more than its items")
        is_constant = kind in PLAIN or isinstance(result, _CONSTANT)
        if not is_constant and not self._recorder.knows(result):
            raise LeakError(f"it returns a {kind.__name__}, which a replay cannot make anew")
        return Plain(result)

    def _form_of_tensor(self, tensor: Tensor) -> Any:
        arguments = self._recorder.arguments
        if id(tensor) in arguments:
            return Known(arguments[id(tensor)])
        for leaf in self._recorder.gradients:
            if leaf._grad is tensor:
                return Known(arguments.get(id(leaf), leaf), is_grad=True)
        slot = self._recorder.known_slot(tensor.array)
        if slot is None:  # no kernel has read or made it
            source = self._recorder.sources.get(id(tensor.array), Source(None))
            return self._form_of_known(tensor, source)
        if slot.number in self._recorder.record.inputs:
            return self._form_of_known(tensor, self._recorder.record.inputs[slot.number])
        if tensor._view is not None and self._is_from_outside(tensor._view.base):
            raise RefusedError("one of its results is a view of a tensor from outside")
        maker = self._makers[id(tensor.array)]
        requires_grad = maker._requires_grad and maker._grad_fn is None
        self.made[slot.number] = maker
        if tensor is not maker and (tensor._requires_grad or tensor._counter is not maker._counter):
            raise RefusedError("two of its results are different tensors of the same memory")
        return Made(slot.number, requires_grad, is_alias=tensor is not maker)

    def _form_of_known(self, tensor: Tensor, source: Source) -> Known:
        """Of x or `x.detach()`, where x is from outside."""
        if source.tensor is tensor:
            return Known(tensor)
        place = source.place()
        is_alias = source.fetch(self._recorder.given) is tensor.array and not tensor._requires_grad
        if place is None or source.is_grad or not is_alias:
            raise RefusedError("one of its results shares the memory of something from outside")
        return Known(place, is_alias=True)

    def _is_from_outside(self, base: Tensor) -> bool:
        slot = self._recorder.known_slot(base.array)
        return slot is None or slot.number in self._recorder.record.inputs


def tensors_in(value: Any) -> list[Tensor]:
    """The tensors in what a function returns."""
    return [leaf for leaf in tree_iter(value) if isinstance(leaf, Tensor)]
