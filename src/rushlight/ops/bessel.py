"""Bessel's functions, and Airy's: `torch.special.bessel_j0` and its like.

Their kernels stand among those of `special.py`.
"""

from __future__ import annotations

from typing import Any

from ..autograd.operation import SavesInputs
from ..tensor import Tensor
from .choices import where
from .declare import Unary


class I0(SavesInputs, Unary):
    """The modified Bessel function of the first kind of order 0.

    >>> import rushlight as torch
    >>> torch.special.i0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad * i1(self.saved_tensors[0])


class I0e(SavesInputs, Unary):
    """exp(-|x|) * `i0`, which does not overflow.

    >>> import rushlight as torch
    >>> torch.special.i0e(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.4658])
    """

    node_name = "SpecialI0EBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * (i1e(x) - x.sgn() * i0e(x))


class I1(SavesInputs, Unary):
    """(1 / pi) times the integral of exp(x cos t) cos t from 0 to pi: a modified Bessel function of
    the first kind, of order 1.

    >>> import rushlight as torch
    >>> torch.special.i1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """

    node_name = "SpecialI1Backward0"

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * (i0(x) - _over_x(i1, x))


class I1e(SavesInputs, Unary):
    """exp(-|x|) * `i1`, which does not overflow.

    >>> import rushlight as torch
    >>> torch.special.i1e(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.2079])
    """

    node_name = "SpecialI1EBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * (i0e(x) - x.sgn() * i1e(x) - _over_x(i1e, x))


def _over_x(function: Any, x: Tensor) -> Tensor:
    """i1(x) / x, 1 / 2 at 0."""
    return where(x == 0, 0.5, function(x) / where(x == 0, 1.0, x))


i0 = I0.define("special.i0")
i0e = I0e.define(inplace=False, place="special")
i1 = I1.define(inplace=False, place="special")
i1e = I1e.define(inplace=False, place="special")


# ---- those that PyTorch gives no gradients


class Flat(Unary):
    """A function whose gradient is not defined."""

    differentiable = False


class BesselJ0(Flat):
    """(1 / pi) times the integral of cos(x sin t) from 0 to pi: the Bessel function of the first
    kind of order 0.

    >>> import rushlight as torch
    >>> torch.special.bessel_j0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.7652])
    """


class BesselJ1(Flat):
    """(1 / pi) times the integral of cos(t - x sin t) from 0 to pi: the Bessel function of the
    first kind of order 1.

    >>> import rushlight as torch
    >>> torch.special.bessel_j1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.4401])
    """


class BesselY0(Flat):
    """The Bessel function of the second kind of order 0: what beside `bessel_j0` solves x^2 y'' + x
    y' + x^2 y = 0. It is -inf at 0, nan below.

    >>> import rushlight as torch
    >>> torch.special.bessel_y0(torch.tensor([0.0, 1.0]))
    tensor([  -inf, 0.0883])
    """


class BesselY1(Flat):
    """The Bessel function of the second kind of order 1: what beside `bessel_j1` solves x^2 y'' + x
    y' + (x^2 - 1) y = 0. It is -inf at 0, nan below.

    >>> import rushlight as torch
    >>> torch.special.bessel_y1(torch.tensor([0.0, 1.0]))
    tensor([   -inf, -0.7812])
    """


class ModifiedBesselI0(Flat):
    """(1 / pi) times the integral of exp(x cos t) from 0 to pi: the modified Bessel function of the
    first kind of order 0.

    >>> import rushlight as torch
    >>> torch.special.modified_bessel_i0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.2661])
    """

    kernel = "i0"


class ModifiedBesselI1(Flat):
    """(1 / pi) times the integral of exp(x cos t) cos t from 0 to pi: the modified Bessel function
    of the first kind of order 1.

    >>> import rushlight as torch
    >>> torch.special.modified_bessel_i1(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.5652])
    """

    kernel = "i1"


class ModifiedBesselK0(Flat):
    """The integral of exp(-x cosh t) from 0 on: the modified Bessel function of the second kind of
    order 0; nan below 0.

    >>> import rushlight as torch
    >>> torch.special.modified_bessel_k0(torch.tensor([0.0, 1.0]))
    tensor([   inf, 0.4210])
    """


class ModifiedBesselK1(Flat):
    """The integral of exp(-x cosh t) cosh t from 0 on: the modified Bessel function of the second
    kind of order 1; nan below 0.

    >>> import rushlight as torch
    >>> torch.special.modified_bessel_k1(torch.tensor([0.0, 1.0]))
    tensor([   inf, 0.6019])
    """


class ScaledModifiedBesselK0(Flat):
    """exp(x) * `modified_bessel_k0`, which does not vanish.

    >>> import rushlight as torch
    >>> torch.special.scaled_modified_bessel_k0(torch.tensor([1.0, 500.0]))
    tensor([1.1445, 0.0560])
    """

    parameter_names = ("x",)


class ScaledModifiedBesselK1(Flat):
    """exp(x) * `modified_bessel_k1`, which does not vanish.

    >>> import rushlight as torch
    >>> torch.special.scaled_modified_bessel_k1(torch.tensor([1.0, 500.0]))
    tensor([1.6362, 0.0561])
    """

    parameter_names = ("x",)


class SphericalBesselJ0(Flat):
    """The spherical Bessel function of the first kind of order 0: sin(x) / x.

    >>> import rushlight as torch
    >>> torch.special.spherical_bessel_j0(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.8415])
    """

    parameter_names = ("x",)


class AiryAi(Flat):
    """Airy's function Ai.

    >>> import rushlight as torch
    >>> torch.special.airy_ai(torch.tensor([0.0, 1.0]))
    tensor([0.3550, 0.1353])
    """

    parameter_names = ("x",)


for _class in Flat.__subclasses__():
    _class.define(inplace=False, place="special")
