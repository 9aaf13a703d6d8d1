"""The version, and what PyTorch's builds tell beside theirs."""

__version__ = "0.1.0"
cuda: str | None = None  # GPUs are used through CuPy, by the CUDA that it has
hip: str | None = None
rocm: str | None = None
xpu: str | None = None
git_version: str | None = None
debug = False
