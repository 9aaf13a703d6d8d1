"""Views: tensors that share another's memory, and with it the history of changes in place."""

from __future__ import annotations

from typing import Any

from ..grad_mode import inference_mode
from ..tensor import Tensor


class View:
    """How a tensor that shares another's memory came from it.

    After an in-place operation the base's history has changed, and with it that of every view:
    `steps`, the view operations in order, derive it anew.
    """

    __slots__ = ("base", "steps", "base_grad_fn")

    base: Tensor
    steps: tuple[Any, ...]
    base_grad_fn: Any  # the base's when the view's history was derived last

    @staticmethod
    def replay(tensor: Tensor, steps: tuple[Any, ...]) -> Tensor:
        for operation, parameters in steps:
            tensor = operation.apply(tensor, *parameters)
        return tensor

    def bring_up_to_date(self, view: Tensor) -> None:
        """Derives the view's history anew if its base's has changed since."""
        if self.base._grad_fn is not self.base_grad_fn:
            self.refresh(view)

    def refresh(self, view: Tensor) -> None:
        self.base_grad_fn = self.base._grad_fn
        with inference_mode(False):  # recording, whatever the mode is
            fresh = View.replay(self.base, self.steps)
        view._grad_fn = fresh._grad_fn
        view._requires_grad = fresh._requires_grad
        view._output_number = fresh._output_number
