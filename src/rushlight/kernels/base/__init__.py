"""The generic kernels: every one that exists, for any array library with NumPy's interface.

Each family is a class of its own; `Base` joins them. A device's table is an instance of `Base`, or
of a class of it that overrides what can be done faster there.
"""

from __future__ import annotations

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
from .lbfgs import Lbfgs
from .linalg import Linalg
from .loss import Loss
from .matmul import Matmul
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
    LayerNorm, Lbfgs, Linalg, Loss, Matmul, Normalization, Optim, Pooling, Random, Rectifiers,
    Recurrent, Reduction, Resampling, Samplers, Scan, Scatter, Searching, Shape, Softmax, Sorting,
    Sparse, Special, Variance, Views,
):  # fmt: skip
    """The kernels of one array library, NumPy unless told otherwise."""


wrap_kernels(Base)
