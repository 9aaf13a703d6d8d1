"""The operations, one file per family.

A function marked `@method` is a tensor's method as well; the namespace `rushlight` takes from each
family what PyTorch has at its top.
"""

from . import (  # noqa: F401  (importing a family attaches its methods)
    activation,
    choices,
    compare_all,
    comparison,
    complex,
    convolution,
    copies,
    creation,
    dropout,
    elementwise,
    index,
    indexing,
    inplace,
    joining,
    loss,
    matmul,
    normalization,
    padding,
    pooling,
    random,
    reduction,
    shape,
    softmax,
    trigonometry,
)
