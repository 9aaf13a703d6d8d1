"""The CPU's kernels: NumPy's, and the C++ extension's for what is hot.

The extension's functions stand here as they are: built-in functions do not bind, so a call goes
straight into C++. For arguments that it does not cover (another dtype, a layout without a loop) a
function calls the method of its name of the base table that `set_base` gave it.
"""

from __future__ import annotations

from .base import Base
from .native import native

assert native is not None, "this module is for when the extension is there"
native.set_base(Base())


class CPU(Base):
    """`Base` on NumPy arrays, with the extension's functions in place of its own."""

    # elementwise
    add = native.add
    sub = native.sub
    mul = native.mul
    div = native.div
    neg = native.neg
    exp = native.exp
    log = native.log
    sqrt = native.sqrt
    tanh = native.tanh
    sigmoid = native.sigmoid
    relu = native.relu
    relu_backward = native.relu_backward
    tanh_backward = native.tanh_backward
    sigmoid_backward = native.sigmoid_backward
    # copies
    clone = native.clone
    cast = native.cast
    copy = native.copy
    flip = native.flip
    cat = native.cat
    stack = native.stack
    tril = native.tril
    triu = native.triu
    # creation
    full = native.full
    full_like = native.full_like
    fill = native.fill
    # indexing
    getitem = native.getitem
    gather = native.gather
    scatter_add = native.scatter_add
    index_select = native.index_select
    index_add = native.index_add
    scatter_index_add = native.scatter_index_add
    one_hot = native.one_hot
    # sorting
    sort = native.sort
    topk = native.topk
    cumsum = native.cumsum
    # padding
    pad = native.pad
    pad_backward = native.pad_backward
    # reduction
    sum = native.sum
    mean = native.mean
    # matmul
    matmul = native.matmul
    linear = native.linear
    # convolution
    convolution = native.convolution
    convolution_backward_input = native.convolution_backward_input
    convolution_backward_weight = native.convolution_backward_weight
    # pooling
    max_pool = native.max_pool
    max_pool_backward = native.max_pool_backward
    avg_pool = native.avg_pool
    avg_pool_backward = native.avg_pool_backward
    # shape
    expand = native.expand
    # softmax
    softmax = native.softmax
    log_softmax = native.log_softmax
    softmax_backward = native.softmax_backward
    log_softmax_backward = native.log_softmax_backward
    # loss
    nll_loss = native.nll_loss
    nll_loss_backward = native.nll_loss_backward
    # normalization
    batch_norm = native.batch_norm
    batch_norm_backward = native.batch_norm_backward
    # dropout
    dropout = native.dropout
    # optim
    sgd = native.sgd
    adam = native.adam
    # random
    random_bernoulli = native.random_bernoulli
    random_uniform = native.random_uniform
    random_normal = native.random_normal
    random_integers = native.random_integers
    random_full_range = native.random_full_range
    random_permutation = native.random_permutation
