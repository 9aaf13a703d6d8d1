"""Storages, and what gives a tensor other memory, as in PyTorch."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch

import rushlight

# `t` is [[0, 1, 2], [3, 4, 5]] in float32, `u` and `s` its storages. The last part of a line is
# what is looked at.
CALLS = r"""
u.nbytes(), u.size(), len(u), u.element_size(), u.data_ptr()==t.data_ptr(), u.device, u.is_cuda
u[0], u[22], u[-1]
u[0:4]
u.tolist()[:8]
list(u)[:3]
u.resize_(48); t.resize_(12); t.shape, t[:2]
v=t[1]; u.resize_(100); v.untyped_storage().nbytes()
u.clone().data_ptr()==u.data_ptr()
u.fill_(0); t
u.copy_(torch.ones(6).untyped_storage()); t
u.cpu() is u
u.to(device="cpu")
u.float()
u.byte()
u.long().size()
u.type()
u.is_shared(), u.is_pinned(), u.is_sparse, u.resizable(), u.filename
u.share_memory_().is_shared(), t.is_shared()
u == u, t.untyped_storage() == u
u._cdata == t.untyped_storage()._cdata
hash(u) == hash(t.untyped_storage())
u.untyped() is u
u.byteswap(torch.float32); t
s.size(), s.nbytes(), len(s), s.element_size(), s.dtype, s.device, s.data_ptr()==t.data_ptr()
s[0], s[1], s[-1]
s[0:2]
s.tolist()
list(s)
s.fill_(3); t
s[0] = 5; t
s[1:3] = 5; t
s.resize_(10); t.untyped_storage().nbytes()
s.copy_(torch.ones(6).storage()); t
s.float().dtype, s.double().dtype, s.long().tolist()
s.type()
s.cpu().size()
s.clone().size()
s.untyped().nbytes()
s._untyped_storage.nbytes()
s.pickle_storage_type()
s.is_shared()
s.is_pinned()
torch.UntypedStorage(10).nbytes()
torch.UntypedStorage().nbytes()
torch.UntypedStorage([1,2,3]).tolist()
torch.UntypedStorage(bytes(3))
torch.UntypedStorage(4, device="cpu").device
torch.UntypedStorage.from_buffer(b"abcd", dtype=torch.uint8).tolist()
torch.UntypedStorage.from_buffer(b"abcd", "native", dtype=torch.float32).nbytes()
torch.UntypedStorage.from_buffer(b"\\1\\0\\2\\0", "big", dtype=torch.int16).tolist()
torch.FloatStorage(3).size()
torch.FloatStorage([1.,2.]).tolist()
torch.FloatStorage.from_buffer(b"abcd", byte_order="native").size()
torch.ByteStorage.from_buffer(b"abcd").tolist()
torch.FloatStorage().dtype
torch.FloatStorage._dtype if hasattr(torch.FloatStorage,"_dtype") else torch.FloatStorage.dtype
isinstance(s, torch.FloatStorage), isinstance(s, torch.DoubleStorage)
isinstance(s, torch.TypedStorage), isinstance(u, torch.UntypedStorage)
torch.TypedStorage(3, dtype=torch.float64).size()
torch.TypedStorage(wrap_storage=u, dtype=torch.float32).size()
torch.is_storage(u), torch.is_storage(s), torch.is_storage(t)
torch.storage.UntypedStorage is torch.UntypedStorage
torch.storage.TypedStorage is torch.TypedStorage
t.storage_type()
t.set_(u).shape
t.set_(u, 0, (4,)).shape
t.set_(u, 1, (2,2), (2,1))
t.set_(u, 1, (2,2))
t.set_(s).shape
t.set_(s, 0, (2,), (3,))
t.set_(torch.ones(3))
t.set_(torch.ones(3), 1, (2,), (1,))
t.set_().shape
t.set_(torch.zeros(2).untyped_storage(), 0, torch.Size([2]), (1,))
t.set_(source=u, storage_offset=0, size=(6,), stride=(1,)).shape
w=torch.empty(0); w.set_(u); w
w=torch.empty(0,dtype=torch.int32); w.set_(u); w.shape
w=torch.empty(0,dtype=torch.uint8); w.set_(u).shape
w=torch.empty(0,dtype=torch.float64); w.set_(u, 0, (3,)).shape
torch.tensor(s)
torch.tensor([], dtype=torch.float32).set_(s)
torch.Tensor(s)
torch.FloatTensor(s)
torch.tensor([1,2],dtype=torch.uint8).untyped_storage()[1]
t[1:].untyped_storage().data_ptr()==t.data_ptr()
t[1:].storage_offset()
t[1:].data_ptr()-t.data_ptr()
t.element_size(), t.nbytes, t.itemsize, t.numel()
t.is_set_to(t.view(2,3)), t.is_set_to(t[:]), t.is_set_to(t.clone()), t.is_set_to(t.T)
t.resize_(3).shape, t.untyped_storage().nbytes()
t.resize_(2,2), t.untyped_storage().nbytes()
t.resize_((4,)).tolist()
t.resize_(0).shape, t.untyped_storage().nbytes()
t.resize_(10).shape, t.untyped_storage().nbytes()
t.resize_as_(torch.zeros(3,1)).shape
t.T.resize_(2,3)
t.T.resize_(6)
t[1].resize_(2), t
t[1].resize_(6).shape
t.is_pinned()
t.is_shared()
import copy; copy.copy(u).data_ptr()==u.data_ptr()
import copy; copy.deepcopy(u).data_ptr()==u.data_ptr()
import copy; x,y=copy.deepcopy([t,t[0]]); x.data_ptr()==y.data_ptr()
import pickle; pickle.loads(pickle.dumps(s)).tolist()
u.nbytes() // t.element_size()
u.resizable()
ids={x.untyped_storage().data_ptr() for x in (t, t[1], t.T)}; len(ids)
str(u.device), u.device.type
"""


def described(library: Any, value: Any) -> Any:
    if isinstance(value, library.Tensor):
        return tuple(value.shape), str(value.dtype), value.tolist()
    if isinstance(value, (tuple, list)):
        return [described(library, part) for part in value]
    return repr(value)


def answer(library: Any, call: str) -> Any:
    t = library.arange(6.0).reshape(2, 3)
    names = {"torch": library, "t": t, "u": t.untyped_storage(), "s": t.storage(), "copy": copy,
             "pickle": pickle}  # fmt: skip
    *steps, last = call.split("; ")
    try:
        for step in steps:
            exec(step, names)
        return described(library, eval(last, names))
    except Exception as error:
        for kind in (ValueError, TypeError, IndexError, RuntimeError):
            if isinstance(error, kind):
                return kind
        return type(error)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", CALLS.strip().split("\n"))
def test_answers(call: str) -> None:
    assert answer(rushlight, call) == answer(torch, call)
