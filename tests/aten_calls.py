"""Calls of `torch.ops.aten`'s operators that are no functions of `torch`, in either library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

AtenCall = Callable[[Any, Any], Any]  # of the library, and of its operators


def _image(t: Any) -> Any:
    return t.arange(36.0).reshape(1, 1, 6, 6).sin()


def shape_and_sum(t: Any, result: Any) -> tuple[list[int], float]:
    """The shape of the first of a call's results, and the sum of all by their places."""
    parts = result if isinstance(result, tuple) else (result,)
    flat = t.cat([part.reshape(-1).double() for part in parts])
    return list(parts[0].shape), (flat * t.arange(1, len(flat) + 1)).sum().item()


def _pair(t: Any) -> tuple[Any, Any]:
    return t.arange(6.0).reshape(2, 3) / 7, t.arange(6.0).flip(0).reshape(2, 3) / 7


CALLS: dict[str, AtenCall] = {
    "_softmax": lambda t, a: a._softmax(_pair(t)[0], 1, False),
    "_log_softmax": lambda t, a: a._log_softmax.default(_pair(t)[0], -1, False),
    "_to_copy": lambda t, a: a._to_copy(_pair(t)[0], dtype=t.int64),
    "_unsafe_view": lambda t, a: a._unsafe_view(_pair(t)[0], [3, 2]),
    "_reshape_alias": lambda t, a: a._reshape_alias(_pair(t)[0], [3, 2], [2, 1]),
    "index": lambda t, a: a.index.Tensor(_pair(t)[0], [None, t.tensor([2, 0])]),
    "index_put": lambda t, a: a._unsafe_index_put(_pair(t)[0], [t.tensor([0])], t.ones(3)),
    "slice": lambda t, a: a.slice.Tensor(_pair(t)[0], 1, 1, 9223372036854775807),
    "slice of all": lambda t, a: a.slice(_pair(t)[0]),
    "slice by steps": lambda t, a: a.slice(_pair(t)[0], -1, -3, None, 2),
    "select": lambda t, a: a.select.int(_pair(t)[0], 1, 2),
    "t": lambda t, a: a.t.default(_pair(t)[0]),
    "view": lambda t, a: a.view.default(_pair(t)[0], [3, 2]),
    "permute": lambda t, a: a.permute.default(_pair(t)[0], [1, 0]),
    "unfold": lambda t, a: a.unfold(_pair(t)[0], 1, 2, 1),
    "copy": lambda t, a: a.copy(_pair(t)[0], t.ones(3)),
    "_stack": lambda t, a: a._stack(list(_pair(t)), 1),
    "numpy_T": lambda t, a: a.numpy_T(_pair(t)[0]),
    "tensordot": lambda t, a: a.tensordot(*_pair(t), [1], [1]),
    "convolution": lambda t, a: a.convolution(
        _image(t), t.ones(2, 1, 3, 3), t.ones(2), [2, 2], [1, 1], [1, 1], False, [0, 0], 1
    ),
    "_convolution": lambda t, a: a._convolution(
        _image(t), t.ones(2, 1, 3, 3), None, [1, 1], [0, 0], [1, 1], False, [0, 0], 1,
        False, False, True, True,
    ),
    "native_layer_norm": lambda t, a: a.native_layer_norm(_pair(t)[0], [3], None, t.ones(3), 1e-5),
    "native_batch_norm": lambda t, a: a._native_batch_norm_legit_no_training(
        _image(t), t.ones(1), t.ones(1), t.zeros(1), t.ones(1), 0.1, 1e-5
    )[0],
    "_adaptive_avg_pool2d": lambda t, a: a._adaptive_avg_pool2d(_image(t), [2, 3]),
    "max_pool2d_with_indices": lambda t, a: a.max_pool2d_with_indices(_image(t), [2, 2], [2, 2]),
    "avg_pool2d": lambda t, a: a.avg_pool2d(_image(t), [2, 2], [2, 2], [1, 1], False, False),
    "elu": lambda t, a: a.elu(_pair(t)[0] - 0.5, 2.0, 3.0, 0.5),
    "im2col": lambda t, a: a.im2col(_image(t), [2, 2], [1, 1], [0, 0], [2, 2]),
    "col2im": lambda t, a: a.col2im(t.ones(1, 4, 9), [6, 6], [2, 2], [1, 1], [0, 0], [2, 2]),
    "log_sigmoid": lambda t, a: a.log_sigmoid(_pair(t)[0]),
    "embedding": lambda t, a: a.embedding(_pair(t)[0], t.tensor([1, 0])),
    "mse_loss of none": lambda t, a: a.mse_loss(*_pair(t), 0),
    "mse_loss": lambda t, a: a.mse_loss(*_pair(t)),
    "l1_loss": lambda t, a: a.l1_loss.default(*_pair(t), 2),
    "smooth_l1_loss": lambda t, a: a.smooth_l1_loss(*_pair(t), 2, 0.5),
    "huber_loss": lambda t, a: a.huber_loss(*_pair(t), 2, 0.5),
    "soft_margin_loss": lambda t, a: a.soft_margin_loss(*_pair(t), 0),
    "multi_margin_loss": lambda t, a: a.multi_margin_loss(
        _pair(t)[0], t.tensor([1, 0]), 2, 0.5, None, 2
    ),
    "binary_cross_entropy": lambda t, a: a.binary_cross_entropy(*_pair(t), None, 2),
    "nll_loss": lambda t, a: a.nll_loss(_pair(t)[0], t.tensor([1, 0]), None, 0, 1),
    "upsample_nearest2d": lambda t, a: a.upsample_nearest2d(_image(t), [3, 9]),
    "upsample_nearest2d.vec": lambda t, a: a.upsample_nearest2d.vec(_image(t), None, [0.5, 2.0]),
    "upsample_nearest_exact2d": lambda t, a: a._upsample_nearest_exact2d(_image(t), [3, 9]),
    "upsample_bilinear2d": lambda t, a: a.upsample_bilinear2d(_image(t), [3, 9], True),
    "upsample_bilinear2d.vec": lambda t, a: a.upsample_bilinear2d.vec(
        _image(t), None, False, [0.5, 2.0]
    ),
    "reflection_pad2d": lambda t, a: a.reflection_pad2d(_image(t), [1, 2, 1, 0]),
    "replication_pad1d": lambda t, a: a.replication_pad1d(_pair(t)[0], [1, 2]),
    "silu_": lambda t, a: a.silu_(_pair(t)[0]),
    "gelu_": lambda t, a: a.gelu_(_pair(t)[0]),
    "gelu_ by tanh": lambda t, a: a.gelu_(_pair(t)[0], approximate="tanh"),
    # The same by names, once for each function that makes them.
    "_softmax by names": lambda t, a: a._softmax(_pair(t)[0], dim=1, half_to_float=False),
    "index by names": lambda t, a: a.index(_pair(t)[0], indices=[t.tensor([1])]),
    "index_put by names": lambda t, a: a._unsafe_index_put(
        _pair(t)[0], [t.tensor([0, 0])], t.ones(3), accumulate=True
    ),
    "slice by names": lambda t, a: a.slice(_pair(t)[0], dim=1, start=0, end=3, step=2),
    "smooth_l1_loss by names": lambda t, a: a.smooth_l1_loss(*_pair(t), reduction=2, beta=0.5),
    "reflection_pad2d by names": lambda t, a: a.reflection_pad2d(_image(t), padding=[1, 2, 1, 0]),
    "upsample_bilinear2d by names": lambda t, a: a.upsample_bilinear2d(
        _image(t), [3, 9], align_corners=False, scales_h=None
    ),
    "upsample_bilinear2d.vec by names": lambda t, a: a.upsample_bilinear2d(
        input=_image(t), output_size=None, align_corners=False, scale_factors=[0.5, 2.0]
    ),
    "upsample_bilinear2d by sizes and scales": lambda t, a: a.upsample_bilinear2d(
        _image(t), [3, 9], False, 0.6, 1.6
    ),
    "upsample_bilinear2d by corners and scales": lambda t, a: a.upsample_bilinear2d(
        _image(t), [3, 9], True, 0.7, 1.9
    ),
    "upsample_nearest1d by sizes and scales": lambda t, a: a.upsample_nearest1d(
        _image(t)[0], [4], scales=0.8
    ),
    "upsample_trilinear3d": lambda t, a: a.upsample_trilinear3d(_image(t)[None], [2, 3, 4], False),
    "add of a scaled number": lambda t, a: a.add.Scalar(_pair(t)[0], 1, 2),
    "sub_ of a scaled number": lambda t, a: a.sub_.Scalar(_pair(t)[0], 1, 2),
    "rsub of a scaled number": lambda t, a: a.rsub.Scalar(_pair(t)[0], 1, 2),
    "add of a scaled tensor": lambda t, a: a.add.Tensor(*_pair(t), alpha=2),
}  # fmt: skip

# What PyTorch 2.13 gives: see shape_and_sum.
RESULTS: dict[str, tuple[list[int], float]] = {
    "_softmax": ([2, 3], 7.189831),
    "_log_softmax": ([2, 3], -22.64204),
    "_to_copy": ([2, 3], 0.0),
    "_unsafe_view": ([3, 2], 10.0),
    "_reshape_alias": ([3, 2], 10.0),
    "index": ([2, 2], 4.142857),
    "index_put": ([2, 3], 14.85714),
    "slice": ([2, 2], 5.285714),
    "slice of all": ([2, 3], 10.0),
    "slice by steps": ([2, 2], 4.714286),
    "select": ([2], 1.714286),
    "t": ([3, 2], 9.285715),
    "view": ([3, 2], 10.0),
    "permute": ([3, 2], 9.285715),
    "unfold": ([2, 2, 2], 17.14286),
    "copy": ([2, 3], 21.0),
    "_stack": ([2, 2, 3], 27.85714),
    "numpy_T": ([3, 2], 9.285715),
    "tensordot": ([2, 2], 3.877551),
    "convolution": ([1, 2, 3, 3], 357.5745),
    "_convolution": ([1, 2, 4, 4], 1403.399),
    "native_layer_norm": ([2, 3], 194.2998),
    "native_batch_norm": ([1, 1, 6, 6], 688.5177),
    "_adaptive_avg_pool2d": ([1, 1, 2, 3], 0.3091052),
    "max_pool2d_with_indices": ([1, 1, 3, 3], 2505.603),
    "avg_pool2d": ([1, 1, 4, 4], -21.73071),
    "elu": ([2, 3], -1.031917),
    "im2col": ([1, 4, 9], 24.55288),
    "col2im": ([1, 1, 6, 6], 666.0),
    "log_sigmoid": ([2, 3], -10.25899),
    "embedding": ([2, 3], 6.142857),
    "mse_loss of none": ([2, 3], 5.0),
    "mse_loss": ([], 0.2380952),
    "l1_loss": ([], 2.571429),
    "smooth_l1_loss": ([], 1.336735),
    "huber_loss": ([], 0.6683674),
    "soft_margin_loss": ([2, 3], 13.86075),
    "multi_margin_loss": ([], 0.5238096),
    "binary_cross_entropy": ([], 76.03653),
    "nll_loss": ([2], -0.8571429),
    "upsample_nearest2d": ([1, 1, 3, 9], 10.11047),
    "upsample_nearest2d.vec": ([1, 1, 3, 12], 5.391006),
    "upsample_nearest_exact2d": ([1, 1, 3, 9], 7.320029),
    "upsample_bilinear2d": ([1, 1, 3, 9], 23.78111),
    "upsample_bilinear2d.vec": ([1, 1, 3, 12], 14.99669),
    "reflection_pad2d": ([1, 1, 7, 9], 256.2873),
    "replication_pad1d": ([2, 6], 39.85714),
    "silu_": ([2, 3], 6.383665),
    "gelu_": ([2, 3], 7.139436),
    "gelu_ by tanh": ([2, 3], 7.138897),
    "_softmax by names": ([2, 3], 7.189831),
    "index by names": ([1, 3], 3.714286),
    "index_put by names": ([2, 3], 22.0),
    "slice by names": ([2, 2], 4.714286),
    "smooth_l1_loss by names": ([], 1.336735),
    "reflection_pad2d by names": ([1, 1, 7, 9], 256.2873),
    "upsample_bilinear2d by names": ([1, 1, 3, 9], 8.593198),
    "upsample_bilinear2d.vec by names": ([1, 1, 3, 12], 14.99669),
    "upsample_bilinear2d by sizes and scales": ([1, 1, 3, 9], 32.36154),
    "upsample_bilinear2d by corners and scales": ([1, 1, 3, 9], 23.78111),
    "upsample_nearest1d by sizes and scales": ([1, 6, 4], 78.11355),
    "upsample_trilinear3d": ([1, 1, 2, 3, 4], 9.220518),
    "add of a scaled number": ([2, 3], 52.0),
    "sub_ of a scaled number": ([2, 3], -32.0),
    "rsub of a scaled number": ([2, 3], 0.9999995),
    "add of a scaled tensor": ([2, 3], 20.0),
}
