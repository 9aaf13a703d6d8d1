"""Trigonometric and hyperbolic functions, and their inverses."""

from __future__ import annotations

import math
from typing import Any

from ..autograd.operation import SavesInputs, SavesOutput
from ..tensor import Tensor
from .choices import where
from .common import conjugated
from .declare import Binary, Unary
from .powers import rsqrt


class Sin(SavesInputs, Unary):
    """The sine of an angle in radians.

    >>> import rushlight as torch
    >>> torch.sin(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8415])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad * conjugated(cos(self.saved_tensors[0]))


class Cos(SavesInputs, Unary):
    """The cosine of an angle in radians.

    >>> import rushlight as torch
    >>> torch.cos(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.5403])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return -grad * conjugated(sin(self.saved_tensors[0]))


class Tan(SavesOutput, Unary):
    """The tangent of an angle in radians.

    >>> import rushlight as torch
    >>> torch.tan(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5574])
    """

    def backward(self, grad: Tensor) -> Tensor:
        y = self.saved_tensors[0]
        return grad * conjugated(1 + y * y)


class Asin(SavesInputs, Unary):
    """The angle whose sine is x, from -pi / 2 to pi / 2.

    >>> import rushlight as torch
    >>> torch.asin(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.5708])
    """

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * conjugated(rsqrt(1 - x * x))


class Acos(SavesInputs, Unary):
    """The angle whose cosine is x, from 0 to pi.

    >>> import rushlight as torch
    >>> torch.acos(torch.tensor([0.0, 1.0]))
    tensor([1.5708, 0.0000])
    """

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return -grad * conjugated(rsqrt(1 - x * x))


class Atan(SavesInputs, Unary):
    """The angle whose tangent is x, from -pi / 2 to pi / 2.

    >>> import rushlight as torch
    >>> torch.atan(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.7854])
    """

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad / conjugated(x * x + 1)


class Sinh(SavesInputs, Unary):
    """(exp(x) - exp(-x)) / 2.

    >>> import rushlight as torch
    >>> torch.sinh(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 1.1752])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad * conjugated(cosh(self.saved_tensors[0]))


class Cosh(SavesInputs, Unary):
    """(exp(x) + exp(-x)) / 2.

    >>> import rushlight as torch
    >>> torch.cosh(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 1.5431])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return grad * conjugated(sinh(self.saved_tensors[0]))


class Asinh(SavesInputs, Unary):
    """The number whose hyperbolic sine is x.

    >>> import rushlight as torch
    >>> torch.asinh(torch.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8814])
    """

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * conjugated(rsqrt(x * x + 1))


class Acosh(SavesInputs, Unary):
    """The number from 0 on whose hyperbolic cosine is x; nan below 1.

    >>> import rushlight as torch
    >>> torch.acosh(torch.tensor([1.0, 2.0]))
    tensor([0.0000, 1.3170])
    """

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * conjugated(rsqrt(x - 1) * rsqrt(x + 1))


class Atanh(SavesInputs, Unary):
    """The number whose hyperbolic tangent is x.

    >>> import rushlight as torch
    >>> torch.atanh(torch.tensor([0.0, 0.5]))
    tensor([0.0000, 0.5493])
    """

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad / conjugated(1 - x * x)


class Sinc(SavesInputs, Unary):
    """sin(pi * x) / (pi * x), and 1 at 0.

    >>> import rushlight as torch
    >>> torch.sinc(torch.tensor([0.0, 0.5]))  # 2 / pi is 0.6366
    tensor([1.0000, 0.6366])
    """

    def backward(self, grad: Tensor) -> Tensor:
        x = self.saved_tensors[0]
        return grad * conjugated(where(x == 0, 0.0, (cos(math.pi * x) - sinc(x)) / x))


class Atan2(SavesInputs, Binary):
    """The angle of the point (other, input) in the plane, from -pi to pi.

    >>> import rushlight as torch
    >>> torch.atan2(torch.tensor([1.0]), torch.tensor([-1.0]))
    tensor([2.3562])
    """

    floats = True
    takes_numbers = False

    def backward(self, grad: Tensor) -> Any:
        y, x = self.saved_tensors
        square = y * y + x * x
        share = grad / where(square == 0, 1.0, square)
        return share * x, -share * y if self.needs(1) else None


class Deg2rad(Unary):
    """Degrees in radians: x * pi / 180.

    >>> import rushlight as torch
    >>> torch.deg2rad(torch.tensor([0.0, 90.0, 180.0]))
    tensor([0.0000, 1.5708, 3.1416])
    """

    node_name = "Deg2RadBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        return deg2rad(grad)


class Rad2deg(Unary):
    """Radians in degrees: x * 180 / pi.

    >>> import rushlight as torch
    >>> torch.rad2deg(torch.tensor([0.0, 1.0]))
    tensor([ 0.0000, 57.2958])
    """

    node_name = "Rad2DegBackward0"

    def backward(self, grad: Tensor) -> Tensor:
        return rad2deg(grad)


sin, cos, tan = Sin.define(), Cos.define(), Tan.define()
asin, acos, atan = Asin.define("arcsin"), Acos.define("arccos"), Atan.define("arctan")
sinh, cosh = Sinh.define(), Cosh.define()
asinh, acosh = Asinh.define("arcsinh"), Acosh.define("arccosh")
atanh, atan2 = Atanh.define("arctanh"), Atan2.define("arctan2")
sinc = Sinc.define("special.sinc")
deg2rad, rad2deg = Deg2rad.define(), Rad2deg.define()
