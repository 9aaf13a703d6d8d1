"""PyTorch's extensions in C++, which are not built here: what needs one says so."""

from __future__ import annotations

from ..absent import refuses

CUDA_HOME: str | None = None
ROCM_HOME: str | None = None
IS_WINDOWS = False
IS_HIP_EXTENSION = False

_refuse = refuses(
    NotImplementedError,
    "torch.utils.cpp_extension: extensions call PyTorch's C++ library, which is not here; write "
    "the operation as a torch.autograd.Function over NumPy, or call C++ through ctypes or nanobind",
)
load = load_inline = CppExtension = CUDAExtension = SyclExtension = _refuse
include_paths = library_paths = _refuse


class BuildExtension:
    """For `setup.py`: refuses to build."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        _refuse()

    with_options = staticmethod(_refuse)


def is_ninja_available() -> bool:
    """False: nothing is built."""
    return False
