"""Shapes and dtypes of what a graph computes, found by running it once."""

from __future__ import annotations

from typing import Any, NamedTuple

from ...dtype import dtype as DType
from ...layout import channels_last, contiguous_format
from ...layout import memory_format as MemoryFormat
from ...size import Size
from ...tensor import Tensor
from ..interpreter import Interpreter
from ..node import Node, map_aggregate


class TensorMetadata(NamedTuple):
    """What `meta["tensor_meta"]` of a node says of the tensor that it gives.

    >>> import rushlight as torch
    >>> traced = torch.fx.symbolic_trace(lambda x: x.mT)
    >>> _ = torch.fx.passes.shape_prop.ShapeProp(traced).propagate(torch.zeros(2, 3))
    >>> traced.graph.output_node().meta["tensor_meta"].stride
    (1, 3)
    """

    shape: Size
    dtype: DType
    requires_grad: bool
    stride: tuple[int, ...]
    memory_format: MemoryFormat | None
    is_quantized: bool
    qparams: dict[str, Any]


def _extract_tensor_metadata(result: Tensor) -> TensorMetadata:
    fits = (f for f in (contiguous_format, channels_last) if _lies(result, f))
    return TensorMetadata(
        result.shape, result.dtype, result.requires_grad, result.stride(), next(fits, None), False,
        {},
    )  # fmt: skip


def _lies(tensor: Tensor, order: MemoryFormat) -> bool:
    return (order is not channels_last or tensor.ndim == 4) and tensor.is_contiguous(
        memory_format=order
    )


class ShapeProp(Interpreter):
    """Runs a graph with sample inputs and notes in each node's `meta` what it gives.

    `meta["tensor_meta"]` has the shapes and dtypes of its tensors, `meta["type"]` the type.

    >>> import rushlight as torch
    >>> traced = torch.fx.symbolic_trace(torch.nn.Linear(3, 2))
    >>> _ = torch.fx.passes.shape_prop.ShapeProp(traced).propagate(torch.zeros(5, 3))
    >>> for node in traced.graph.nodes:
    ...     print(node.name, tuple(node.meta["tensor_meta"].shape))
    input_1 (5, 3)
    weight (2, 3)
    bias (2,)
    linear (5, 2)
    output (5, 2)
    """

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        found = False

        def note(value: Any) -> Any:
            nonlocal found
            if isinstance(value, Tensor):
                found = True
                return _extract_tensor_metadata(value)
            return value

        meta = map_aggregate(result, note)
        if found:
            n.meta["tensor_meta"] = meta
        n.meta["type"] = type(result)
        return result

    def propagate(self, *args: Any) -> Any:
        """Runs the graph and returns its result."""
        return self.run(*args)
