"""Complex numbers: their parts, their conjugates, and real tensors that hold the parts."""

from __future__ import annotations

from typing import Any

from ..autograd.operation import Operation, SavesInputs, ViewOperation
from ..categories import FLOATS, check_taken
from ..dtype import COMPLEX, category_of, float16, float32, float64
from ..errors import OperationError
from ..tensor import Tensor
from .choices import where
from .common import conjugated, methods
from .creation import ones_like
from .declare import Unary, operation
from .promotion import promoted

# The dtypes that parts may have: sets, as the name of a NumPy dtype takes 2 us.
_WIDE_PARTS = {float32.numpy, float64.numpy}
_PARTS = {float16.numpy, *_WIDE_PARTS}


class Conj(Unary):
    """The complex conjugate of each element.

    >>> import rushlight as torch
    >>> torch.conj(torch.tensor([1 + 2j])).resolve_conj()
    tensor([1.-2.j])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return conjugated(grad)


class Real(ViewOperation):
    """The real parts, a view.

    >>> import rushlight as torch
    >>> torch.real(torch.tensor([1 + 2j]))
    tensor([1.])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return Complex.apply(grad, grad.new_zeros(()).expand(grad.array.shape))


class Imag(ViewOperation):
    """The imaginary parts, a view.

    >>> import rushlight as torch
    >>> torch.imag(torch.tensor([1 + 2j]))
    tensor([2.])
    """

    def backward(self, grad: Tensor) -> Tensor:
        return Complex.apply(grad.new_zeros(()).expand(grad.array.shape), grad)


class ViewAsReal(ViewOperation):
    """Each complex number as two real ones in a last dimension."""

    def backward(self, grad: Tensor) -> Tensor:
        return ViewAsComplex.apply(grad.contiguous())


class ViewAsComplex(ViewOperation):
    """Each pair of real numbers in the last dimension as a complex one."""

    def backward(self, grad: Tensor) -> Tensor:
        return ViewAsReal.apply(grad)


class Complex(Operation):
    """Complex numbers of real and imaginary parts."""

    def backward(self, grad: Tensor) -> Any:
        return Real.apply(grad), Imag.apply(grad)


class Angle(SavesInputs, Unary):
    """The angle of each number in the complex plane, in radians: atan2(imag, real).

    >>> import rushlight as torch
    >>> torch.angle(torch.tensor([1j]))
    tensor([1.5708])
    """

    def backward(self, grad: Tensor) -> Tensor:
        (z,) = self.saved_tensors
        if not z.is_complex():
            return grad.new_zeros(()).expand(grad.array.shape)
        size = z.abs()
        return where(size == 0, 0.0, grad * (z * 1j) / (size * size))


class Sgn(SavesInputs, Unary):
    """z / |z|, and 0 at 0: for real numbers their sign.

    >>> import rushlight as torch
    >>> torch.sgn(torch.tensor([3 + 4j, 0j]))
    tensor([0.6000+0.8000j, 0.0000+0.0000j])
    """

    def backward(self, grad: Tensor) -> Tensor:
        (z,) = self.saved_tensors
        if not z.is_complex():
            return grad.new_zeros(()).expand(grad.array.shape)
        # What moves z along its own direction leaves z / |z| as it is.
        direction, share = sgn(z), grad / z.abs()
        along = direction * real(share * conjugated(direction))
        return where(z == 0, 0.0, share - along)


_conj = Conj.define(inplace=False, place="")
angle, sgn = Angle.define(inplace=False), Sgn.define(out="exact")


@operation
def conj(input: Tensor) -> Tensor:
    """The complex conjugate of each element; a real tensor itself.

    >>> import rushlight as torch
    >>> torch.conj(torch.tensor([1 + 2j])).resolve_conj()
    tensor([1.-2.j])
    """
    return _conj(input) if category_of(input.array.dtype) == COMPLEX else input


@operation(inplace=True, out="exact")
def conj_physical(input: Tensor) -> Tensor:
    """The complex conjugate of each element; a real tensor itself.

    >>> import rushlight as torch
    >>> torch.conj_physical(torch.tensor([1 + 2j, 3 - 1j]))
    tensor([1.-2.j, 3.+1.j])
    """
    return _conj(input) if category_of(input.array.dtype) == COMPLEX else input


@operation("torch", "resolve_neg")
def resolve_conj(input: Tensor) -> Tensor:
    """The tensor itself: conjugates and negatives are computed at once here.

    >>> import rushlight as torch
    >>> z = torch.tensor([1 + 2j])
    >>> z.resolve_conj() is z
    True
    """
    return input


@operation(method=False)
def real(input: Tensor) -> Tensor:
    """The real parts, as a view of the same memory; a real tensor itself.

    >>> import rushlight as torch
    >>> torch.real(torch.tensor([1 + 2j]))
    tensor([1.])
    """
    return Real.apply(input) if category_of(input.array.dtype) == COMPLEX else input


@operation(method=False)
def imag(input: Tensor) -> Tensor:
    """The imaginary parts, as a view of the same memory.

    >>> import rushlight as torch
    >>> torch.imag(torch.tensor([1 + 2j]))
    tensor([2.])
    """
    if category_of(input.array.dtype) != COMPLEX:
        raise OperationError("imag is not implemented for tensors with non-complex dtypes.")
    return Imag.apply(input)


@operation(method=False)
def view_as_real(input: Tensor) -> Tensor:
    """A view with a last dimension of size 2: real and imaginary part.

    >>> import rushlight as torch
    >>> torch.view_as_real(torch.tensor([1 + 2j]))
    tensor([[1., 2.]])
    """
    if category_of(input.array.dtype) != COMPLEX:
        raise OperationError("view_as_real is only supported for complex tensors")
    return ViewAsReal.apply(input)


@operation(method=False, autocast="float32")
def view_as_complex(input: Tensor) -> Tensor:
    """A view of (..., 2) real numbers as (...) complex ones: the inverse of `view_as_real`.

    RuntimeError for a last dimension of another size.

    >>> import rushlight as torch
    >>> torch.view_as_complex(torch.tensor([[1.0, 2.0], [3.0, -1.0]]))
    tensor([1.+2.j, 3.-1.j])
    """
    array = input.array
    if array.dtype not in _WIDE_PARTS:
        raise OperationError(
            f"view_as_complex is only supported for half, float and double tensors, but got a "
            f"tensor of scalar type: {input.dtype}"
        )
    if array.ndim == 0 or array.shape[-1] != 2:
        raise OperationError("Tensor must have a last dimension of size 2")
    if array.size and array.strides[-1] != array.itemsize:
        raise OperationError("Tensor must have a last dimension with stride 1")
    if array.size and any(stride % (2 * array.itemsize) for stride in array.strides[:-1]):
        raise OperationError("Tensor must have a stride divisible by 2 for all but last dimension")
    return ViewAsComplex.apply(input)


@operation(method=False, out="exact")
def complex(real: Tensor, imag: Tensor) -> Tensor:
    """Complex numbers of two tensors of one floating dtype: `real + 1j * imag`, broadcast.

    >>> import rushlight as torch
    >>> torch.complex(torch.tensor([1.0, 2.0]), torch.tensor([0.0, -1.0]))
    tensor([1.+0.j, 2.-1.j])
    """
    for part in (real, imag):
        if part.array.dtype not in _PARTS:
            raise OperationError(
                "Expected both inputs to be Half, Float or Double tensors but got "
                f"{real.dtype} and {imag.dtype}"
            )
    if real.array.dtype != imag.array.dtype:
        raise OperationError(
            f"Expected object of scalar type {real.dtype} but got scalar type {imag.dtype} for "
            "second argument"
        )
    return Complex.apply(real, imag)


class Polar(SavesInputs):
    """abs * exp(1j * angle)."""

    @staticmethod
    def forward(kernels: Any, a: Any, b: Any) -> Any:
        real, imag = kernels.mul(a, kernels.cos(b)), kernels.mul(a, kernels.sin(b))
        return kernels.complex(real, imag)

    def backward(self, grad: Tensor) -> Any:
        a, b = self.saved_tensors
        turned = grad * polar(ones_like(b), -b)  # by the conjugate of exp(1j * angle)
        return turned.real, a * turned.imag


@operation(method=False, out="exact", autocast="float32")
def polar(abs: Tensor, angle: Tensor) -> Tensor:
    """Complex numbers of lengths and angles: abs * (cos(angle) + 1j * sin(angle)).

    >>> import rushlight as torch
    >>> torch.polar(torch.tensor([2.0]), torch.tensor([0.0]))
    tensor([2.+0.j])
    """
    a, b = abs, angle
    if a.array.dtype is not b.array.dtype:
        a, b = promoted("polar", a, b)
    return Polar.apply(check_taken("polar", a, FLOATS), b)


def _set_part(operation: type[Operation]) -> Any:
    def setter(self: Tensor, value: Any) -> None:
        operation.apply(self).copy_(value)

    return setter


@operation
def adjoint(input: Tensor) -> Tensor:
    """The conjugate of each matrix, transposed.

    >>> import rushlight as torch
    >>> torch.adjoint(torch.tensor([[1 + 2j, 3.0]]))
    tensor([[1.-2.j],
            [3.-0.j]])
    """
    if input.array.ndim == 1:
        raise OperationError(
            "tensor.adjoint() is only supported on matrices or batches of matrices. Got 1-D tensor."
        )
    return conjugated(input.transpose(-2, -1) if input.array.ndim else input)


def _conjugate_transposed(self: Tensor) -> Tensor:
    """The conjugate of a matrix, transposed.

    >>> import rushlight as torch
    >>> torch.tensor([[1 + 2j, 3 + 0j]]).H
    tensor([[1.-2.j],
            [3.-0.j]])
    """
    return conjugated(self.transpose(0, 1))


methods(
    real=property(real, _set_part(Real)), imag=property(imag, _set_part(Imag)),
    H=property(_conjugate_transposed), mH=property(adjoint),
)  # fmt: skip
