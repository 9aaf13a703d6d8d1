"""Expressions on sparse tensors, for Rushlight and for PyTorch: `torch` is the library."""

from __future__ import annotations

from typing import Any


def named(torch: Any, dtype: Any = None) -> dict[str, Any]:
    """Tensors by the names that the expressions have for them."""
    kind = dtype or torch.float32
    places = torch.tensor([[0, 1, 1], [2, 0, 2]])
    values = torch.tensor([3, 4, 5]).to(kind)
    a = torch.sparse_coo_tensor(places, values, (2, 3)).coalesce()
    return {
        "torch": torch,
        "a": a,
        # Places that are there twice, and not in order.
        "u": torch.sparse_coo_tensor(
            torch.tensor([[1, 0, 1], [0, 2, 0]]), torch.tensor([1, 2, 3]).to(kind), (2, 3)
        ),
        "b": torch.tensor([[0, 2, 1], [0, 0, 4]]).to(kind).to_sparse(),
        # One sparse and one dense dimension.
        "h": torch.sparse_coo_tensor(
            torch.tensor([[2, 0, 2]]), torch.tensor([[1, 2], [3, 4], [5, 6]]).to(kind), (3, 2)
        ),
        "e": torch.zeros(2, 3, dtype=kind).to_sparse(),  # which holds nothing
        "batch": torch.tensor([[[0, 1, 2]], [[3, 0, 0]]]).to(kind).to_sparse(),
        "r": a.to_sparse_csr(),
        "c": a.to_sparse_csc(),
        "d": torch.arange(6).to(kind).reshape(2, 3),
        "m": torch.arange(6).to(kind).reshape(3, 2),
        "v": torch.arange(3).to(kind),
        "one": torch.tensor([[2]]).to(kind).to_sparse(),
    }


# For every dtype.
EXPRESSIONS = """
a; u; h; e; r; c; a.coalesce(); u.coalesce(); h.coalesce(); e.coalesce()
a.to_dense(); u.to_dense(); h.to_dense(); e.to_dense(); r.to_dense(); c.to_dense(); batch.to_dense()
d.to_sparse(); d.to_sparse(1); d.to_sparse_csr(); d.to_sparse_csc(); r.to_sparse(); c.to_sparse()
r.to_sparse_csc(); c.to_sparse_csr(); a.to_sparse_coo(); d.to_sparse(layout=torch.sparse_csr)
a * 2; 2 * u; h * 3; r * 2; a * torch.tensor(2); -a; a.neg(); u.neg()
a + b; a - b; a + u; u + u; h + h; a + e; e + a; r + r; torch.add(a, b, alpha=2)
d + a; d + u; d - a; d + e; torch.ones(3, 2).to(d.dtype) + h
a * b; a * e; a * d; d * a; u * d; a * v; h * torch.ones(3, 2).to(d.dtype)
a.t(); u.t(); r.t(); c.t(); a.T; a.transpose(0, 1); batch.permute(2, 0, 1); a.unsqueeze(0)
a.unsqueeze(-1); h.unsqueeze(-1); h.unsqueeze(0); a[0]; a[1]; a[-1]; a[:, 0]; a[0, 2]; a[0][0]
a[None]
h[0]; h[2]; h[1]; h[2, 1]; batch[1]; r[0]; r[:, 2]; r[1, 0]; u[1]; a.select(1, 2); h.select(1, 0)
a.index_select(0, torch.tensor([1, 0, 1])); a.index_select(1, torch.tensor([2, 0]))
torch.narrow_copy(a, 1, 1, 2); a.unbind()[1]; list(a)[0]
torch.cat([a, b]); torch.cat([a, b], 1); torch.cat([a, e, u], -1); torch.stack([a, b])
torch.stack([a, b], 2); torch.cat([h, h]); d.sparse_mask(a); d.sparse_mask(u); b.sparse_mask(a)
a.clone(); a.detach(); a.to(torch.float64); a.half(); a.to(torch.int32); r.double()
torch.zeros_like(a); torch.empty_like(a); torch.zeros_like(a, dtype=torch.float64)
torch.zeros(2, 3, layout=torch.sparse_coo); torch.zeros_like(d, layout=torch.sparse_coo)
a.new_zeros(2, 2); one.item(); bool(one); len(a); a.numel(); a.shape; a.dim(); a.layout
a._nnz(); r._nnz(); u._indices(); u._values(); a.indices(); a.values(); r.values(); r.crow_indices()
r.col_indices(); c.ccol_indices(); c.row_indices(); a.sparse_dim(); h.dense_dim(); d.sparse_dim()
d.dense_dim(); a.is_sparse; r.is_sparse; r.is_sparse_csr; d.is_sparse; a.is_coalesced()
u.is_coalesced(); (a * 2).is_coalesced(); (a + b).is_coalesced(); a.t().is_coalesced()
torch.sparse.spdiags(d, torch.tensor([0, 1]), (3, 3))
torch.sparse.spdiags(v, torch.tensor([-1]), (3, 4), layout=torch.sparse_csr)
a.clone().mul_(2); a.clone().add_(b); a.clone().zero_(); d.clone().add_(a); d.clone().sub_(a)
torch.ones(3, 2).to(d.dtype).add_(h, alpha=2); d.clone().mul_(a); a.clone().neg_()
b.clone().copy_(a)
a.clone().sparse_resize_((4, 5), 2, 0); a.clone().resize_as_sparse_(torch.zeros(3, 3).to_sparse())
a.clone().sparse_resize_and_clear_((5, 6), 1, 1); a.type(); a.any(); a.is_contiguous(); a.stride()
"""
# For floating-point and complex numbers.
FLOATING = """
a / 2; u / 2; a.sin(); u.sin(); h.sin(); r.sin(); a.sqrt(); u.pow(2); a ** 2; a.tanh(); a.abs()
a.asinh(); a.expm1(); a.square(); a.isnan(); a.isinf(); a.norm(); u.norm(); torch.norm(a, 1)
a @ m; u @ m; m @ a; a @ v; r @ m; r @ v; c @ m; d.new_ones(2) @ a; d.new_ones(2, 2) @ r
torch.mm(a, m); torch.mv(u, v); torch.matmul(a, m); d.t() @ a; e @ m; torch.sparse.mm(a, m)
torch.sparse.mm(a, a.t()); a @ a.t(); u @ b.t(); torch.sparse.mm(d, m); r @ r.t()
torch.addmm(d.new_ones(2, 2), a, m, beta=2, alpha=3); torch.sparse.addmm(d.new_ones(2, 2), a, m)
torch.bmm(batch, d.new_ones(2, 3, 4)); d.new_ones(4, 5, 2) @ a
torch.spmm(a, m); torch.dsmm(u, m); torch.hsmm(a, m); torch.saddmm(a, a, d.new_ones(3, 3))
torch.hspmm(a, m); torch.smm(a, m); torch.nn.functional.linear(d.new_ones(1, 3), r, d.new_ones(2))
torch.sparse.sampled_addmm(r, d.new_ones(2, 2), d.new_ones(2, 3), beta=2, alpha=3)
"""
SUMS = """
a.sum(); a.sum(0); a.sum(1); a.sum((0, 1)); a.sum(0, keepdim=True); r.sum(); u.sum(0)
torch.sum(r, 1, keepdim=True); torch.sparse.sum(a); torch.sparse.sum(a, 0); torch.sparse.sum(h, 0)
torch.sparse.sum(h, 1); torch.sparse.sum(u, [0, 1]); torch.sparse.sum(batch, [0, 2])
torch.sparse.sum(a, 0, dtype=torch.float64); a.sum(dtype=torch.float64)
"""
ONE_DTYPE = """
torch.sparse.mm(r, m, reduce="sum"); torch.sparse.mm(r, -m, reduce="amax")
torch.sparse.mm(r, -m, "amin"); torch.sparse.mm(r, m, "mean")
torch.sparse.mm(torch.eye(3)[:, 1:].to_sparse_csr(), -torch.ones(2, 2), "amax")
torch.sparse.softmax(a, 1); torch.sparse.softmax(a, 0); torch.sparse.softmax(u, 1)
torch.sparse.softmax(h, 1); torch.sparse.softmax(h, 0); torch.sparse.log_softmax(a, 1)
torch.sparse.softmax(batch, 2); torch.sparse.softmax(a, 1, dtype=torch.float64); a // 2
torch.add(d, a, out=torch.empty(2, 3)); torch.mm(a, m, out=torch.empty(0)); a.log1p(); a.relu()
float(one)
torch.sparse_coo_tensor((2, 3)); torch.sparse_coo_tensor([[0, 1]], [[1., 2.], [3., 4.]])
torch.sparse_coo_tensor(torch.zeros(0, 1, dtype=torch.long), [1.], ()); torch.tensor(3.).to_sparse()
torch.sparse_coo_tensor([[0, 1]], [1, 2], (3,), dtype=torch.float16)
torch.sparse_coo_tensor([[0, 0]], [1., 2.], (3,)).to_dense(); a + a.to(torch.int64)
a.to(torch.int64) / 2
torch.sparse_csr_tensor([0, 1, 3], [2, 0, 1], [1., 2., 3.]); torch.ones(2, 3, dtype=torch.int64) + a
torch.sparse_csc_tensor([0, 1, 3], [2, 0, 1], [1., 2., 3.]); a.to(torch.int64) * 2.5
torch.sparse_compressed_tensor([0, 1, 3], [2, 0, 1], [1., 2., 3.], (2, 3), layout=torch.sparse_csr)
torch.sparse_csr_tensor([0, 2, 3], [2, 0, 1], [1., 2., 3.], (2, 3)) @ m
torch.sparse_csr_tensor([0, 2, 3], [2, 0, 1], [1., 2., 3.], (2, 3)).to_dense()
"""
REFUSED = """
a + d; a - d; a + 1; 1 + a; a / d; a / b; d / a; a + h; a ** 0; a.exp(); a.cos(); a.sigmoid()
a.mm(a); a.mm(d); torch.mm(a.double(), m); a @ torch.ones(2); a.norm(dim=0); a.numpy(); a.item()
h.transpose(0, 1); a.transpose(0, 2); a.unsqueeze(3); a[5]; a[0:1]; a[torch.tensor([0])]
a.__setitem__(0, 1.); torch.cat([a, d]); torch.cat([a, b.t()]); a.index_select(0, torch.tensor([2]))
a.mean(); a.prod(); a.max(); a.reshape(6); a.view(6); a.narrow(1, 0, 2); a == a; torch.equal(a, a)
torch.ones(2, 3, layout=torch.sparse_coo); torch.ones_like(a); a.contiguous(); a.data_ptr()
a.tolist(); a.storage(); d.coalesce(); d.is_coalesced(); d.indices(); d.values(); d._nnz()
d.crow_indices(); a.crow_indices(); r.coalesce(); r.indices(); r.row_indices(); u.indices()
u.values(); u.sin_(); u.relu_(); d.to_sparse(0); d.to_sparse(3); r.sum(1); d.copy_(a); a.copy_(d)
torch.sparse_coo_tensor([[0, -1]], [1., 2.]); torch.sparse_coo_tensor([0, 1], [1., 2.])
torch.sparse_coo_tensor([[0, 1]], [1., 2., 3.]); torch.sparse_coo_tensor([[0, 1]], [1., 2.], (3, 3))
torch.sparse_coo_tensor([[0, 7]], [1., 2.], (3,), check_invariants=True)
torch.sparse_coo_tensor([[0, 1]], [1, 2], (3,), requires_grad=True); a.sparse_resize_((1, 1), 2, 0)
torch.sparse_csr_tensor([0, 1, 4], [2, 0, 1], [1., 2., 3.], (2, 3), check_invariants=True)
torch.sparse_csr_tensor([1, 1, 3], [2, 0, 1], [1., 2., 3.], (2, 3), check_invariants=True)
torch.sparse_csr_tensor([0, 1, 3], [2, 0, 5], [1., 2., 3.], (2, 3), check_invariants=True)
torch.sparse_csr_tensor([0, 1, 3], [2, 1, 0], [1., 2., 3.], (2, 3), check_invariants=True)
torch.sparse_csr_tensor([0, 1], [2, 1, 0], [1., 2., 3.], (2, 3), check_invariants=True)
torch.sparse.softmax(a, 2); torch.sparse.softmax(a.long(), 1); d.add_(h); d.long().add_(a)
torch.ones(3) + a; torch.ones(2, 2, 3) + a; a.add_(d); torch.where(a, a, a); torch.dot(a, a)
torch.nn.functional.embedding_bag(torch.tensor([[1]]), d, sparse=True, mode="max")
"""


def split(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", ";").split(";") if part.strip()]


def evaluated(torch: Any, text: str, dtype: Any = None) -> Any:
    return eval(text, named(torch, dtype))
