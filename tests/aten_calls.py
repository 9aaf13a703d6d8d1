"""Calls of `torch.ops.aten`'s operators that are no functions of `torch`, in either library."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

AtenCall = Callable[[Any, Any], Any]  # of the library, and of its operators


def _image(t: Any) -> Any:
    return t.arange(36.0).reshape(1, 1, 6, 6).sin()


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
}  # fmt: skip
