"""What views have besides themselves: a copy (`diagonal_copy`), a form in place (`squeeze_`)."""

from __future__ import annotations

from typing import Any

from ..autograd.inplace import check_inplace
from ..autograd.mirror import reach
from ..grad_mode import state
from ..kernels.launch import refuse_record
from ..layout import contiguous_format
from ..tensor import Tensor
from . import complex, expansion, joining, shape, splitting, views
from .declare import operation
from .signatures import parameters_of, set_parameters


def _alias(input: Tensor) -> Tensor:
    return shape.ViewAs.apply(input, input.array.shape)


def _detach(input: Tensor) -> Tensor:
    return input.detach()


_COPIED = {
    "alias": _alias, "as_strided": views.as_strided, "detach": _detach,
    "diagonal": views.diagonal, "expand": expansion.expand, "narrow": joining.narrow,
    "permute": shape.permute, "select": joining.select, "slice": views.slice_of,
    "split": splitting.unsafe_split, "split_with_sizes": splitting.split_with_sizes,
    "squeeze": shape.squeeze, "t": shape.t, "transpose": shape.transpose,
    "unbind": joining.unbind, "unfold": views.unfold, "unsqueeze": shape.unsqueeze,
    "view": Tensor.view, "view_as_complex": complex.view_as_complex,
    "view_as_real": complex.view_as_real,
}  # fmt: skip
_IN_PLACE = {
    "as_strided": views.as_strided, "squeeze": shape.squeeze, "swapaxes": shape.swapaxes,
    "swapdims": shape.transpose, "t": shape.t, "transpose": shape.transpose,
    "unsqueeze": shape.unsqueeze,
}  # fmt: skip


def _define_copy(name: str, view: Any) -> None:
    def body(*args: Any, **kwargs: Any) -> Any:
        shown = view(*args, **kwargs)
        if isinstance(shown, tuple):
            return tuple([part.clone(memory_format=contiguous_format) for part in shown])
        return shown.clone(memory_format=contiguous_format)

    body.__doc__ = f"A copy of what `{name}` shows of a tensor."
    _describe(body, view, "input")
    operation(name=name + "_copy", method=name == "narrow", out="exact")(body)


def _define_inplace(name: str, view: Any) -> None:
    def function(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if state.enabled:
            check_inplace(self)
        refuse_record(f"gives a tensor another shape in place ({name}_)")
        shown = view(self, *args, **kwargs)
        self.array = shown.array
        if shown._view.base is not self:
            self._view = shown._view
        if shown._grad_fn is not None:
            self.rebase(shown._grad_fn)
        self.bump_version()
        if len(self.counter()) > 1:
            reach(self)
        return self

    function.__doc__ = f"`{name}`, with this tensor becoming the view."
    _describe(function, view, "self")
    place = "torch" if name == "as_strided" else "Tensor"
    operation(place, name=name + "_", method=True)(function)


def _describe(function: Any, view: Any, first: str) -> None:
    """Gives a function the view's signature."""
    tensor, *rest = parameters_of(view)
    function.__module__ = view.__module__  # where the names in its annotations are
    function.__annotations__["return"] = view.__annotations__["return"]
    set_parameters(function, [tensor._replace(name=first, annotation="Tensor"), *rest])


for _name, _view in _COPIED.items():
    _define_copy(_name, _view)
for _name, _view in _IN_PLACE.items():
    _define_inplace(_name, _view)
