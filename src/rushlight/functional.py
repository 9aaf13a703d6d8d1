"""Functions of several tensors, under PyTorch's old place for them: `torch.functional`."""

from .ops.declare import places

_NAMES = [
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes", "broadcast_tensors",
    "cartesian_prod", "cdist", "chain_matmul", "einsum", "istft", "lu", "meshgrid", "norm",
    "pca_lowrank", "split", "stft", "svd_lowrank", "tensordot", "unique", "unique_consecutive",
    "unravel_index",
]  # fmt: skip

globals().update({name: places["torch"][name] for name in _NAMES})
