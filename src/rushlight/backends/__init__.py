"""What PyTorch's libraries of kernels can do, and switches for them: `torch.backends`.

The switches can be set and read, as programs do at their start. They choose nothing: there is one
kernel for each operation, in C++ with oneDNN (`mkldnn`) or from NumPy, or CuPy's on a GPU.

>>> import rushlight as torch
>>> torch.backends.cudnn.benchmark = True
>>> torch.backends.mps.is_available()
False
"""

from . import (
    cpu,
    cuda,
    cudnn,
    cusparselt,
    kleidiai,
    mha,
    miopen,
    mkl,
    mkldnn,
    mps,
    nnpack,
    openmp,
    opt_einsum,
    quantized,
)

__all__ = [
    "cpu", "cuda", "cudnn", "cusparselt", "kleidiai", "mha", "miopen", "mkl", "mkldnn", "mps",
    "nnpack", "openmp", "opt_einsum", "quantized",
]  # fmt: skip

fp32_precision = "none"


def disable_global_flags() -> None:
    """Does nothing: flags may always be set.

    >>> import rushlight as torch
    >>> torch.backends.disable_global_flags()
    >>> torch.backends.flags_frozen()
    False
    """


def flags_frozen() -> bool:
    """False: flags may always be set.

    >>> import rushlight as torch
    >>> torch.backends.flags_frozen()
    False
    """
    return False
