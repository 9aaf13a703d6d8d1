"""The generic kernels: every one that exists, for any array library with NumPy's interface.

Each family is a class of its own; `Base` joins them. A device's table is an instance of `Base`, or
of a class of it that overrides what can be done faster there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...device import cpu, device
from ..declaration import kernel
from .activation import Activation
from .attention import Attention
from .complex import Complex
from .convolution import Convolution
from .copies import Copies
from .ctc import CTC
from .distance import Distance
from .dropout import Dropout
from .elementwise import Elementwise
from .embedding import Embedding
from .factorization import Factorization
from .fft import Fft
from .floating import Floating
from .folding import Folding
from .grid import Grid
from .halves import wrap_kernels
from .histogram import Histogram
from .index import Index
from .indexing import Indexing
from .integers import Integers
from .layer_norm import LayerNorm
from .linalg import Linalg
from .loss import Loss
from .matmul import Matmul
from .memory_order import owner_of
from .normalization import Normalization
from .optim import Optim
from .pooling import Pooling
from .random import Random
from .rectifiers import Rectifiers
from .recurrent import Recurrent
from .reduction import Reduction
from .resampling import Resampling
from .samplers import Samplers
from .scan import Scan
from .scatter import Scatter
from .searching import Searching
from .shape import Shape
from .softmax import Softmax
from .sorting import Sorting
from .sparse import Sparse
from .special import Special
from .variance import Variance
from .views import Views


class Base(
    Activation, Attention, Complex, Convolution, Copies, CTC, Distance, Dropout, Elementwise,
    Embedding, Factorization, Fft, Floating, Folding, Grid, Histogram, Index, Indexing, Integers,
    LayerNorm, Linalg, Loss, Matmul, Normalization, Optim, Pooling, Random, Rectifiers, Recurrent,
    Reduction, Resampling, Samplers, Scan, Scatter, Searching, Shape, Softmax, Sorting, Sparse,
    Special,
    Variance, Views,
):  # fmt: skip
    """The kernels of one array library, NumPy unless told otherwise."""

    xp: Any = np
    array_type: type = np.ndarray
    device_name = "cpu"
    is_host = True  # elsewhere values are not read for checks: the host would wait for the device

    def array(self, value: Any) -> Any:
        """NumPy's functions return scalars for 0-d arrays; kernels return arrays."""
        return self.xp.asarray(value)

    def device_of(self, x: Any) -> device:
        return cpu

    def data_pointer(self, x: Any) -> int:
        return x.__array_interface__["data"][0]

    def offset_of(self, x: Any) -> int:
        """How many bytes behind the start of its memory an array begins."""
        return self.data_pointer(x) - self.data_pointer(owner_of(x))

    def owns_memory(self, x: Any) -> bool:
        """Whether no other array can see this one's memory."""
        # A capsule is what the extension's allocator hangs onto its own blocks.
        return x.base is None or type(x.base).__name__ == "PyCapsule"

    @kernel("read")
    def to_numpy(self, x: Any) -> np.ndarray[Any, Any]:
        """The values on the host: the only way by which Python reads them."""
        return x

    @kernel("transfer")
    def from_numpy(self, x: np.ndarray[Any, Any]) -> Any:
        """A host array's values on the table's device."""
        return x

    @kernel("read")
    def scalar(self, x: Any) -> Any:
        return self.to_numpy(x).item()


wrap_kernels(Base)
