"""More calls for `operators.py`: a line is a call, written as programs write it, and names its row.

The names in it are inputs of the row's size (`NAMES`). A family says whether its calls have a
backward, and of how many elements they are measured: matrices of 1000 x 1000 are LAPACK's work, and
what makes pairs, or a kernel of all shifts, is measured on fewer elements.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from calls import CALLS, Call

FEW = (10, 10_000)
IMAGES = {10: (1, 4, 4, 4), 10_000: (4, 16, 12, 13), 1_000_000: (16, 64, 25, 40)}
# Whole functions of the side of a square matrix.
SIDES = {10: 3, 10_000: 100, 1_000_000: 1000}


def image(i: Any, *shape: int) -> Any:
    return i.normal(*(shape or IMAGES[i.size]))


def signal(i: Any) -> Any:
    n, c, h, w = IMAGES[i.size]
    return i.normal(n, c, h * w)


def volume(i: Any) -> Any:
    n, c, h, w = IMAGES[i.size]
    return i.normal(n, c // 4, 4, h, w)


def square(i: Any) -> Any:
    return i.normal(SIDES[i.size], SIDES[i.size])


def definite(i: Any) -> Any:
    x = i.torch.randn(SIDES[i.size], SIDES[i.size])
    made = x @ x.T / len(x) + i.torch.eye(len(x))
    return made.requires_grad_() if i.gradients else made


def complex_numbers(i: Any) -> Any:
    x = i.torch.randn(*i.shape(), dtype=i.torch.complex64)
    return x.requires_grad_() if i.gradients else x


def channels(i: Any, *more: int) -> Any:
    return i.torch.randn(IMAGES[i.size][1], *more)


NAMES: dict[str, Callable[[Any], Any]] = {
    "torch": lambda i: i.torch, "F": lambda i: i.functional,
    "x": lambda i: i.normal(), "y": lambda i: i.normal(), "z": lambda i: i.normal(),
    "p": lambda i: i.positive(),
    "u": lambda i: i.positive().detach() / 2,  # between 0.25 and 0.75
    "v": lambda i: i.normal(i.columns()), "line": lambda i: i.normal(i.size),
    "places": lambda i: i.torch.randint(0, i.size, (i.size,)),
    "boundaries": lambda i: i.torch.linspace(-2, 2, 16),
    "m": lambda i: i.mask(), "w": lambda i: i.whole(100), "k": lambda i: i.whole(3),
    "index": lambda i: i.whole(i.columns()),
    "rows": lambda i: i.torch.randperm(i.rows()),
    "classes": lambda i: i.torch.randint(0, i.columns(), (i.rows(),)),
    "signs": lambda i: i.torch.ones(i.rows()),
    "stacked": lambda i: i.normal(2, *i.shape()),
    "square": square, "other_square": square, "definite": definite, "c": complex_numbers,
    "image": image, "signal": signal, "volume": volume,
    "kernel1": lambda i: channels(i, IMAGES[i.size][1], 3),
    "kernel2": lambda i: channels(i, IMAGES[i.size][1], 3, 3),
    "kernel3": lambda i: i.torch.randn(IMAGES[i.size][1] // 4, IMAGES[i.size][1] // 4, 3, 3, 3),
    "scale": channels,
    "grid": lambda i: i.torch.rand(IMAGES[i.size][0], *IMAGES[i.size][2:], 2) * 2 - 1,
    "target": lambda i: i.torch.full(i.shape(), 1.0),
}  # fmt: skip


def family(calls: str, backward: bool = True, sizes: tuple[int, ...] = ()) -> None:
    for name in map(str.strip, calls.strip().splitlines()):
        code = compile(f"lambda: {name}", name, "eval")
        names = [n for c in code.co_consts if hasattr(c, "co_names") for n in c.co_names]

        def make(i: Any, code: Any = code, names: Any = names) -> Callable[[], Any]:
            made: Callable[[], Any] = eval(code, {n: NAMES[n](i) for n in names if n in NAMES})
            return made

        CALLS[name] = Call(make, backward, layouts=False, sizes=sizes)


# ---- elementwise

family("""
torch.exp2(x)
torch.expm1(x)
torch.log2(p)
torch.log10(p)
torch.tan(x)
torch.asin(u * x)
torch.acos(u * x)
torch.atan(x)
torch.sinh(x)
torch.cosh(x)
torch.asinh(x)
torch.acosh(p + 1)
torch.atanh(u * x)
torch.atan2(x, y)
torch.deg2rad(x)
torch.sinc(x)
torch.erf(x)
torch.erfc(x)
torch.erfinv(u * x)
torch.lgamma(p)
torch.digamma(p)
torch.special.ndtr(x)
torch.special.log_ndtr(x)
torch.special.entr(p)
torch.special.i0e(x)
torch.special.i1(x)
torch.xlogy(x, p)
torch.logit(p / 2)
torch.frac(x)
torch.nan_to_num(x)
torch.fmod(x, p)
torch.fmax(x, y)
torch.hypot(x, y)
torch.copysign(x, y)
torch.rsub(x, y)
torch.float_power(p, 2)
torch.ldexp(x, k)
torch.addcmul(x, y, z)
torch.addcdiv(x, y, p)
torch.clamp_min(x, 0.0)
torch.logaddexp(x, y)
F.silu(x)
F.gelu(x)
F.gelu(x, approximate='tanh')
F.mish(x)
F.logsigmoid(x)
F.hardsigmoid(x)
F.hardswish(x)
F.hardtanh(x)
F.relu6(x)
F.softplus(x)
F.softsign(x)
F.tanhshrink(x)
F.elu(x)
F.celu(x)
F.selu(x)
F.threshold(x, 0.1, 20.0)
F.softshrink(x)
F.hardshrink(x)
F.prelu(x, v[:1])
torch.conj(c) * c
torch.abs(c)
torch.angle(c)
torch.real(c)
torch.view_as_real(c)
torch.complex(x, y)
torch.polar(p, x)
""")
family("""
torch.signbit(x)
torch.isposinf(x)
torch.isreal(x)
torch.heaviside(x, y)
torch.nextafter(x, y)
torch.gcd(w, w)
torch.bitwise_not(w)
torch.bitwise_left_shift(w, k)
torch.special.bessel_j0(x)
torch.special.bessel_y1(p)
torch.special.modified_bessel_k0(p)
torch.igamma(p, u)
torch.special.zeta(p + 1, p)
torch.special.chebyshev_polynomial_t(x, k)
torch.special.hermite_polynomial_h(x, k)
w // 3
w % 3
w * 2 + 1
m & m
~m
""", backward=False)

# ---- in place, and into a tensor that is there

family("""
x.zero_()
x.mul_(y)
x.add_(y, alpha=0.1)
x.sub_(0.1)
x.clamp_(-1, 1)
x.relu_()
x.sigmoid_()
x.lerp_(y, 0.5)
x.addcmul_(y, z, value=0.1)
x.addcdiv_(y, p, value=0.1)
x.masked_fill_(m, 0.0)
x.index_fill_(1, index[0], 0.0)
x.index_add_(0, rows, y)
x.index_copy_(0, rows, y)
x.scatter_(1, index, y)
x.scatter_(1, index, 1.0)
x.scatter_add_(1, index, y)
x.normal_()
x.bernoulli_(0.5)
x.random_(10)
x.cauchy_()
x.log_normal_()
x.geometric_(0.5)
torch.add(x, y, out=z)
torch.mul(x, 2.0, out=z)
torch.exp(x, out=z)
torch.sub(x, v, out=z)
torch.where(m, x, y, out=z)
torch.clamp(x, -1, 1, out=z)
torch.cumsum(x, 0, out=z)
torch.sum(x, 0, out=v)
torch.matmul(square, other_square, out=square.clone())
torch.cat([x, y], out=stacked.view(-1, x.shape[1]))
torch.stack([x, y], out=stacked)
torch.randn(x.shape, out=x)
""", backward=False)

# ---- reductions, and along a dimension

family("""
x.prod(-1)
x.nansum()
x.nanmean(-1)
x.min()
x.median(-1)
x.nanmedian()
x.kthvalue(1)
x.mode(-1)
x.quantile(0.5)
torch.aminmax(x).min
torch.var_mean(x, -1)
torch.linalg.vector_norm(x, dim=-1)
torch.cov(x)
torch.cumprod(x, -1)
torch.cummax(x, -1)
torch.cummin(x, 0)
torch.logcumsumexp(x, -1)
torch.diff(x)
torch.trapezoid(x)
torch.gradient(line)
torch.msort(x)
F.softmin(x, -1)
F.normalize(x)
F.cosine_similarity(x, y)
F.pairwise_distance(x, y)
torch.dist(x, y)
torch.renorm(x, 2, 0, 1.0)
F.layer_norm(x, x.shape[1:])
F.rms_norm(x, x.shape[1:])
""")
family("""
m.sum()
w.sum()
w.sum(-1)
(x > 0).any()
m.all()
torch.bincount(w.flatten())
torch.histc(x)
torch.histogram(line, 10)
torch.bucketize(x, boundaries)
torch.searchsorted(boundaries, x)
torch.unique(w)
torch.unique_consecutive(w)
torch.isin(w, k)
torch.argwhere(x)
torch.count_nonzero(x, -1)
""", backward=False)

# ---- shapes, copies, places

family("""
x.view(-1)
x.view_as(y)
x.unflatten(1, (-1, 1))
x.t()
x.mT
x.unbind()
x.select(0, 0)
x.diagonal()
x.unfold(1, 2, 1)
x.as_strided((2, 2), (1, 1))
x.clone()
x.double()
x.half()
x.roll(1, 0)
x.rot90()
x.fliplr()
x.tile(1, 2)
x.repeat_interleave(2, 0)
torch.broadcast_to(v, x.shape)
torch.hstack([x, y])
torch.vstack([x, y])
torch.dstack([x, y])
torch.column_stack([x, y])
torch.tensor_split(x, 2)
torch.split_with_sizes(x, [1, x.shape[0] - 1])
torch.meshgrid(v, v, indexing='ij')
torch.diag(v)
torch.diag_embed(v)
torch.select_scatter(x, v, 0, 0)
torch.slice_scatter(x, y[:1], 0, 0, 1)
x.index_add(0, rows, y)
x.index_copy(0, rows, y)
x.index_fill(0, rows, 0.0)
x.index_put((rows,), y)
x.scatter(1, index, y)
x.scatter_reduce(1, index, y, 'amax')
x.take(places)
x.put(places[:1], v[:1])
x.masked_scatter(m, y)
x.masked_select(m)
torch.take_along_dim(x, index, 1)
F.embedding(rows, x)
""")
family("""
x.new_zeros(x.shape)
x.new_tensor([1.0, 2.0])
torch.ones_like(x)
torch.empty_like(x)
torch.full_like(x, 2.0)
torch.ones(x.shape)
torch.empty(x.shape)
torch.as_tensor(x)
torch.logspace(0, 1, len(line))
torch.triu_indices(len(rows), len(rows))
torch.hann_window(len(line))
torch.randint_like(x, 10)
torch.normal(x, p)
torch.poisson(p)
torch.multinomial(p, 1)
F.dropout1d(stacked)
x.float()
x.long()
x.bool()
x.tolist()
x.is_contiguous()
x.shape
""", backward=False)

# ---- matrices

family("""
square.mm(other_square)
square.mv(square[0])
torch.outer(v, v)
torch.inner(x, y)
torch.tensordot(x, y, 2)
torch.einsum('ij,kj->ik', square, other_square)
torch.addmm(square, square, other_square)
torch.addmv(square[0], square, square[1])
torch.addr(square, square[0], square[1])
torch.baddbmm(stacked, stacked, stacked.mT @ stacked)
torch.trace(square)
torch.linalg.vecdot(x, y)
torch.linalg.cross(x[:, :3], y[:, :3])
torch.linalg.multi_dot([square, other_square, square])
torch.matrix_power(square, 3)
F.bilinear(x, y, torch.ones(2, x.shape[1], y.shape[1]))
""", sizes=FEW)
family("""
torch.linalg.cholesky(definite)
torch.linalg.inv(definite)
torch.linalg.det(definite)
torch.linalg.slogdet(definite)[1]
torch.linalg.solve(definite, square)
torch.linalg.solve_triangular(definite, square, upper=True)
torch.linalg.lu(definite)[1]
torch.linalg.qr(definite)
torch.linalg.eigh(definite)
torch.linalg.svdvals(definite)
torch.linalg.svd(definite)[1]
torch.linalg.pinv(definite)
torch.linalg.matrix_norm(square)
torch.matrix_exp(definite)
torch.cholesky_solve(square, definite)
torch.cdist(square, other_square)
torch.pdist(square)
torch.kron(v[:5], v)
torch.fft.fft(x).real
torch.fft.rfft(x).real
torch.fft.fft2(x).real
torch.fft.irfft(c)
torch.stft(line, 4, window=torch.ones(4), return_complex=True).real
""", sizes=FEW)

# ---- layers and losses

family("""
F.conv1d(signal, kernel1, padding=1)
F.conv3d(volume, kernel3, padding=1)
F.conv_transpose2d(image, kernel2, padding=1)
F.max_pool1d(signal, 2)
F.max_pool3d(volume, 2)
F.avg_pool1d(signal, 2)
F.avg_pool3d(volume, 2)
F.adaptive_max_pool2d(image, 2)
F.lp_pool2d(image, 2, 2)
F.group_norm(image, 2)
F.instance_norm(image)
F.local_response_norm(image, 3)
F.batch_norm(image, None, None, scale, scale, True)
F.interpolate(image, scale_factor=2)
F.interpolate(image, scale_factor=2, mode='bilinear')
F.interpolate(image, scale_factor=0.5, mode='bicubic')
F.grid_sample(image, grid, align_corners=False)
F.unfold(image, 2)
F.pixel_unshuffle(image[:, :, :2, :2], 2)
F.pixel_shuffle(image, 2)
F.channel_shuffle(image, 2)
F.glu(image, 1)
F.scaled_dot_product_attention(signal[:, :, :16], signal[:, :, :16], signal[:, :, :16])
F.embedding_bag(rows.view(1, -1), x)
F.nll_loss(x.log_softmax(1), classes)
F.multi_margin_loss(x, classes)
F.smooth_l1_loss(x, y.detach())
F.huber_loss(x, y.detach())
F.kl_div(x, u, reduction='batchmean')
F.poisson_nll_loss(x, u)
F.gaussian_nll_loss(x, u, u)
F.binary_cross_entropy(x.sigmoid(), u)
F.soft_margin_loss(x, target)
F.hinge_embedding_loss(x, target)
F.margin_ranking_loss(x, y, target)
F.cosine_embedding_loss(x, y, signs)
F.triplet_margin_loss(x, y, z)
F.multilabel_soft_margin_loss(x, target)
""")
