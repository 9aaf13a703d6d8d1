"""Views: tensors that share another's memory, and with it the history of changes in place."""

from __future__ import annotations

from typing import Any

from ..grad_mode import inference_mode
from ..kernels import launch
from ..kernels.base.memory_order import span_of
from ..tensor import Tensor

_MOST_STEPS = 8


class View:
    """How a tensor that shares another's memory came from it.

    After an in-place operation the base's history has changed, and with it that of every view:
    `steps`, the view operations in order, derive it anew: the last one, behind those before it, so
    that views of views share theirs.
    """

    __slots__ = ("base", "steps", "base_grad_fn")

    base: Tensor
    steps: tuple[Any, ...]  # (steps before or None, operation, its parameters)
    base_grad_fn: Any  # the base's when the view's history was derived last

    @staticmethod
    def replay(tensor: Tensor, steps: tuple[Any, ...] | None) -> Tensor:
        chain = []
        while steps is not None:
            steps, *step = steps
            chain.append(step)
        for operation, parameters in reversed(chain):
            tensor = operation.apply(tensor, *parameters)
        return tensor

    def shorten(self, view: Tensor) -> None:
        """Makes one step of many, where strides can say it: changes in place take them all again.

        So a chain of views that are changed one after the other costs time in proportion.
        """
        count, steps = 0, self.steps
        while steps is not None and count <= _MOST_STEPS:
            steps, count = steps[0], count + 1
        x, base = view.array, self.base.array
        if count <= _MOST_STEPS or x.dtype != base.dtype or launch.recorder is not None:
            return
        if span_of(base) != (0, base.nbytes) or min(x.strides, default=0) < 0:
            return
        from ..ops.views import AsStrided, Places

        table = launch.kernels[type(x)]
        offset = (table.offset_of(x) - table.offset_of(base)) // x.itemsize
        own = Places(base.shape, self.base.stride())
        self.steps = (None, AsStrided, (Places(x.shape, view.stride(), offset), own))

    def bring_up_to_date(self, view: Tensor) -> None:
        """Derives the view's history anew if its base's has changed since."""
        if self.base._grad_fn is not self.base_grad_fn:
            self.refresh(view)

    def requires_grad(self, view: Tensor) -> bool:
        """The view's `requires_grad`, at a third of the time that the property takes."""
        if self.base._grad_fn is not self.base_grad_fn:
            self.refresh(view)
        return view._requires_grad is True

    def refresh(self, view: Tensor) -> None:
        self.base_grad_fn = self.base._grad_fn
        with inference_mode(False):  # recording, whatever the mode is
            fresh = View.replay(self.base, self.steps)
        view._grad_fn = fresh._grad_fn
        view._requires_grad = fresh._requires_grad
        view._output_number = fresh._output_number
