"""The functions and methods of the Python array API standard, as far as PyTorch has them.

Its namespace is not the standard's: where it has another name (`dim` for `axis`), that is taken.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

import rushlight

CALLS = """
xp.abs(f); xp.acos(u); xp.acosh(f+1); xp.add(f,f); xp.all(b); xp.any(b,dim=0); xp.arange(3)
xp.arange(1,7,2,dtype=xp.int16); xp.arange(0.,1.,.25); xp.argmax(f)
xp.argmin(f,dim=0,keepdim=True); xp.argsort(f,dim=0,descending=True,stable=True)
xp.asarray([1,2]); xp.asin(u); xp.asinh(f); xp.atan(f); xp.atan2(f,f); xp.atanh(u*.5)
xp.bitwise_and(i,i); xp.bitwise_left_shift(i,1); xp.bitwise_not(i); xp.bitwise_or(i,1)
xp.bitwise_right_shift(i,i); xp.bitwise_xor(i,i); xp.broadcast_to(f,(2,3))
xp.broadcast_tensors(f,m); xp.can_cast(xp.int8,xp.float32); xp.ceil(f); xp.clip(f,0,1)
xp.clip(f,min=f); xp.clip(f,max=xp.tensor(1)); xp.concat((f,f)); xp.concat((m,m),dim=1)
xp.copysign(f,-f); xp.cos(f); xp.cosh(f); xp.linalg.cross(f,f); xp.cumsum(f,0); xp.cumprod(f,0)
xp.count_nonzero(b); xp.diff(f); xp.diff(m,n=1,dim=0); xp.divide(i,i); xp.divide(f,2)
xp.empty(2).shape; xp.empty_like(f).shape; xp.equal(f,f); xp.eq(f,f); xp.exp(f); xp.expm1(f)
xp.eye(3); xp.eye(2,3); xp.finfo(xp.float32).eps; xp.flip(m,(0,)); xp.floor(f)
xp.floor_divide(f,2); xp.floor_divide(-i,2); xp.full((2,),3); xp.full((2,),True)
xp.full_like(f,2); xp.ge(f,1); xp.gt(f,1); xp.hypot(f,f); xp.iinfo(xp.int8).max; xp.imag(c)
xp.isfinite(f); xp.isinf(f); xp.isnan(f); xp.isin(i,i[:1]); xp.le(f,1); xp.less(f,1)
xp.linspace(0,1,5); xp.log(f); xp.log1p(f); xp.log10(f); xp.log2(f); xp.logaddexp(f,f)
xp.logical_and(b,b); xp.logical_not(i); xp.logical_or(b,f); xp.logical_xor(b,b); xp.matmul(m,m.T)
xp.matmul(f,f); xp.max(m); xp.amax(m,dim=(0,1)); xp.mean(m,dim=0,keepdim=True); xp.mean(f)
xp.meshgrid(f,f,indexing="ij"); xp.min(m); xp.maximum(f,f); xp.minimum(f,f); xp.moveaxis(m,0,1)
xp.multiply(f,2); xp.negative(f); xp.nextafter(f,f+1); xp.nonzero(f); xp.not_equal(f,f)
xp.ones(2,dtype=xp.bool); xp.ones_like(i); xp.permute(m,(1,0)); xp.positive(f); xp.pow(f,2)
xp.pow(i,i); xp.pow(2,f); xp.prod(i); xp.prod(xp.tensor([1,2],dtype=xp.int8)); xp.real(c)
xp.reciprocal(f); xp.remainder(f,2); xp.remainder(-i,2); xp.repeat_interleave(f,2)
xp.reshape(m,(3,2)); xp.result_type(f,i); xp.result_type(f,2.5); xp.roll(m,1)
xp.roll(m,(1,1),(0,1)); xp.round(f); xp.searchsorted(f,f); xp.searchsorted(f,f,side="right")
xp.sign(f); xp.sgn(c); xp.signbit(f); xp.sin(f); xp.sinh(f)
xp.sort(f,dim=0,descending=True,stable=True); xp.sqrt(f); xp.square(f); xp.squeeze(m[None],0)
xp.stack((f,f),dim=1); xp.std(f,correction=1); xp.std(m,dim=1,correction=0,keepdim=True)
xp.subtract(f,1); xp.sum(i); xp.sum(xp.tensor([1,2],dtype=xp.int8)); xp.sum(b)
xp.sum(f,dtype=xp.float64); xp.take(m,xp.tensor([0,5])); xp.index_select(m,1,xp.tensor([0,2]))
xp.take_along_dim(m,xp.tensor([[0],[1]]),dim=1); xp.tan(f); xp.tanh(f); xp.tensordot(m,m,dims=2)
xp.tensordot(m,m,dims=((1,),(1,))); xp.tile(m,(2,1)); xp.tril(m); xp.triu(m,1); xp.trunc(f)
xp.unique(i); xp.unique(i,return_counts=True,return_inverse=True); xp.unsqueeze(f,0)
xp.unbind(m,0); xp.var(f,correction=0); xp.linalg.vecdot(f,f); xp.linalg.vecdot(c,c); xp.vdot(c,c)
xp.where(b,f,f); xp.where(b,1.,f); xp.where(b,f,0); xp.zeros(2); xp.zeros_like(f)
xp.e,xp.pi,xp.inf,xp.newaxis; xp.linalg.cholesky(s); xp.linalg.det(s); xp.linalg.diagonal(m)
xp.linalg.eigh(s)[0]; xp.linalg.eigvalsh(s); xp.linalg.inv(s); xp.linalg.matmul(m,m.T)
xp.linalg.matrix_norm(m); xp.linalg.matrix_power(s,2); xp.linalg.matrix_rank(s)
xp.linalg.matrix_transpose(m); xp.outer(f,f); xp.linalg.pinv(s); xp.linalg.qr(s)[1].abs()
xp.linalg.slogdet(s); xp.linalg.solve(s,f); xp.linalg.svd(s)[1]; xp.linalg.svdvals(s); xp.trace(s)
xp.linalg.vector_norm(f,ord=1); xp.linalg.vector_norm(m,dim=(0,1),keepdim=True); xp.fft.fft(f)
xp.fft.fftn(m); xp.fft.rfft(f); xp.fft.irfft(c); xp.fft.hfft(c); xp.fft.fftfreq(4)
xp.fft.rfftfreq(4); xp.fft.fftshift(f); xp.fft.ifftshift(f); xp.fft.fft(f,norm="ortho",dim=-1)
f.__abs__(); f.__add__(1); f.__and__(f); i.__and__(1); b.__bool__(); b[0].__bool__()
c[0].__complex__(); f.__complex__(); f.__dlpack_device__(); f.__eq__(1); f[0].__float__()
f.__floordiv__(2); f.__ge__(1); f.__getitem__(0); f.__gt__(1); i[0].__index__(); f[0].__index__()
f[0].__int__(); i.__invert__(); f.__invert__(); f.__le__(1); i.__lshift__(1); f.__lt__(1)
m.__matmul__(f); f.__mod__(2); f.__mul__(2); f.__ne__(1); f.__neg__(); b.__neg__(); i.__or__(1)
f.__pos__(); b.__pos__(); f.__pow__(2); i.__rshift__(1); f.__sub__(1); b.__sub__(b)
f.__truediv__(2); i.__truediv__(2); i.__xor__(1); f.__radd__(1); i.__rand__(1); f.__rfloordiv__(2)
i.__rlshift__(1); f.__rmod__(2); f.__rmul__(2); i.__ror__(1); f.__rpow__(2); i.__rpow__(2)
i.__rrshift__(8); f.__rsub__(1); f.__rtruediv__(1); i.__rxor__(1); f.__rmatmul__(m); f.__iadd__(1)
i.__iadd__(1.5); i.__iand__(1); f.__ifloordiv__(2); i.__ilshift__(1); f.__imatmul__(f)
f.__imod__(2); f.__imul__(2); i.__ior__(1); f.__ipow__(2); i.__irshift__(1); f.__isub__(1)
f.__itruediv__(2); i.__itruediv__(2); i.__ixor__(1); f.__contains__(1.); 1.5 in f; f.__len__()
f.__reversed__(); f.__format__(""); f[0].__format__(".2f"); f.__array_priority__
f.__hash__()==hash(f); divmod(f,2); divmod(7,i); round(f[0]); round(f,1); math.floor(f[0])
f.__setitem__(0,5),f; f.__setitem__(slice(0,2),xp.zeros(2)),f; m[...,0]; m[None]; m[:,None]
m[::2]; m[::-1]; m[0,1]; m[1:,:2]; m[b[:2]]; m[xp.tensor([0,1]),1]; m[xp.tensor(1)]; f[True]
f[None,False]; m[...]; m[()]; f[5]; f[-4]; m[0,0,0]; f[1.0]; m[[0,1]]; m[[[0,1]]]; m[(0,),]
f.T.shape; m.T.shape; m.mT.shape; f.mT; f.device; f.dtype; f.ndim; f.size(); f.shape; f.itemsize
f.nbytes; m.H.shape; m.mH.shape; xp.promote_types(xp.int8,xp.uint8)
xp.promote_types(xp.uint16,xp.int8); xp.result_type(i,xp.int8); xp.isdtype; xp.astype; xp.bool
xp.uint64; xp.float32.is_floating_point; xp.__array_namespace_info__
xp.asarray(f,copy=True).data_ptr()==f.data_ptr(); xp.asarray(f) is f
xp.from_dlpack(f).data_ptr()==f.data_ptr(); f.__array_namespace__; xp.scalar_tensor(2.)
xp.tensor([]).dtype; xp.zeros(()); xp.zeros((0,3)).sum(0); xp.zeros((0,3)).max()
xp.zeros((0,3)).argmax(); xp.zeros((0,)).mean(); xp.zeros((0,)).prod(); xp.sum(xp.zeros((0,)))
xp.amax(xp.zeros((2,0)),dim=0); xp.cumsum(xp.tensor(3.),0); xp.sort(xp.tensor(3.))
xp.flip(xp.tensor(3.),()); xp.stack([]); xp.cat([]); xp.broadcast_to(f,(2,)); xp.arange(0,-1,1)
xp.arange(3,0,-1); xp.arange(0,1,0); xp.linspace(0,1,0); xp.linspace(0,1,-1); xp.eye(-1)
xp.zeros(-1); xp.tril(f); xp.matmul(f,xp.tensor(1.)); xp.reshape(f,(2,)); xp.reshape(f,(-1,-1))
xp.squeeze(m,0); xp.unsqueeze(f,5)
"""


def described(library: Any, value: Any) -> Any:
    if isinstance(value, library.Tensor):
        numbers = value.detach().resolve_conj().numpy()
        return tuple(value.shape), str(value.dtype), np.round(numbers.astype(complex), 4).tolist()
    if isinstance(value, (tuple, list)):
        return [described(library, part) for part in value]
    return round(value, 5) if isinstance(value, float) else str(value)


def answer(xp: Any, call: str) -> Any:
    names = {
        "xp": xp, "math": math, "f": xp.tensor([0.5, 1.5, 2.5]), "u": xp.tensor([0.1, 0.5, 0.9]),
        "i": xp.tensor([1, 2, 3]), "b": xp.tensor([True, False, True]),
        "c": xp.tensor([1 + 2j, 3 - 1j]), "m": xp.arange(6.0).reshape(2, 3),
        "s": xp.tensor([[4.0, 1, 0], [1, 3, 1], [0, 1, 2]]),
    }  # fmt: skip
    try:
        return described(xp, eval(call, names))
    except Exception as error:
        for kind in (NotImplementedError, ValueError, TypeError, IndexError, AttributeError):
            if isinstance(error, kind):
                return kind
        return RuntimeError


@pytest.mark.parametrize("call", CALLS.strip().replace("\n", "; ").split("; "))
def test_answers(call: str) -> None:
    assert repr(answer(rushlight, call)) == repr(answer(torch, call))
