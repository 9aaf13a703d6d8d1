"""Drawing the autograd graph of a tensor, from its inputs at the top to itself at the bottom."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..tensor import Tensor
from .draw_diagram import render
from .layout import Box, Diagram, Kind, arrange
from .svg import Picture, write_svg

NamedTensors = Mapping[str, Tensor] | Iterable[tuple[str, Tensor]]


def draw(
    tensor: Tensor, params: NamedTensors | None = None, inputs: NamedTensors | None = None
) -> Picture:
    """The autograd graph that `tensor` was computed by, as the text of an SVG picture.

    A notebook shows it as a picture.
    Every operation is a box with its name (`ConvolutionBackward0` is shown as Convolution) and the
    shape of its output. `params` and `inputs` give tensors names, as dictionaries or pairs, for
    instance `model.named_parameters()`: an input has a place of its own at the top of what is
    computed from it, a parameter stands beside each operation that takes it. Leaves without a name
    are drawn as parameters called "leaf".

    An input that needs no gradient is found where an operation has saved it for its backward: so
    draw before `backward()`, or call `requires_grad_()` on the input before computing with it.
    ValueError names the inputs and parameters that the graph does not show, RuntimeError a tensor
    that has no graph.

    >>> import rushlight as torch
    >>> from rushlight import graph
    >>> layer = torch.nn.Linear(4, 2)
    >>> x = torch.randn(3, 4)
    >>> picture = graph.draw(layer(x).relu(), layer.named_parameters(), {"x": x})
    >>> [name for name in ("Linear", "Relu", "weight", "(3, 2)") if name in picture]
    ['Linear', 'Relu', 'weight', '(3, 2)']
    """
    if not isinstance(tensor, Tensor):
        raise TypeError(f"draw: argument 'tensor' must be Tensor, not {type(tensor).__name__}")
    return render(arrange(_read(tensor, _named("params", params), _named("inputs", inputs))))


def _named(argument: str, given: Any) -> dict[str, Tensor]:
    """Tensors by name, however they were given."""
    if given is None:
        return {}
    if isinstance(given, (Mapping, Iterable)) and not isinstance(given, Tensor):
        pairs = list(given.items() if isinstance(given, Mapping) else given)
        if all(isinstance(p, (tuple, list)) and len(p) == 2 for p in pairs) and all(
            isinstance(name, str) and isinstance(value, Tensor) for name, value in pairs
        ):
            return dict(pairs)
    raise TypeError(
        f"draw: argument '{argument}' must be a dictionary or pairs of names and tensors, not "
        f"{type(given).__name__}; did you mean model.named_parameters() or {{'x': x}}?"
    )


def save_svg(
    tensor: Tensor,
    path: str | os.PathLike[str],
    params: NamedTensors | None = None,
    inputs: NamedTensors | None = None,
) -> None:
    """Writes what `draw` returns to a file, which appears only once it is complete.

    >>> import rushlight as torch
    >>> from rushlight import graph
    >>> y = torch.ones(2, requires_grad=True).exp()
    >>> graph.save_svg(y, "graph.svg")
    >>> open("graph.svg").read(4)
    '<svg'
    """
    write_svg(path, draw(tensor, params, inputs))


def _read(tensor: Tensor, params: dict[str, Tensor], inputs: dict[str, Tensor]) -> Diagram:
    """The boxes and arrows of a graph."""
    root = tensor.grad_fn
    if root is None:
        raise RuntimeError(
            "draw: this tensor has no graph: it is a leaf, or was computed from tensors that "
            "require no gradient, or under no_grad()"
        )
    reader = _Reader(params, inputs)
    for node in _in_order(root):
        reader.add(node)
    reader.check_found()
    reader.boxes[root].kind = Kind.RESULT
    return reader.diagram


class _Reader:
    """Makes the boxes, in an order in which each comes after those that lead to it."""

    def __init__(self, params: dict[str, Tensor], inputs: dict[str, Tensor]) -> None:
        self.diagram = Diagram()
        self.boxes: dict[Any, Box] = {}  # of a node or an input tensor
        self.inputs = inputs
        self.input_names = {id(t): name for name, t in inputs.items()}
        self.parameter_names = {id(t): name for name, t in params.items()}
        self.seen: set[str] = set()

    def add(self, node: Any) -> None:
        box = Box(Kind.OPERATION, _title(node), _shape_of(node))
        for function, _ in node.next_functions:
            if function is None:
                continue
            leaf = getattr(function, "variable", None)
            if leaf is None:
                self.diagram.connect(self.boxes[function], box)
            elif id(leaf) in self.input_names:
                self.connect_input(leaf, box)
            else:
                box.parameters.append(self.parameter(leaf))
        for name, tensor in self.inputs.items():
            if not tensor.requires_grad and _saves(node, tensor):
                self.connect_input(tensor, box)
                self.seen.add(name)
        self.boxes[node] = box
        self.diagram.boxes.append(box)

    def connect_input(self, tensor: Tensor, box: Box) -> None:
        name = self.input_names[id(tensor)]
        if tensor not in self.boxes:
            self.boxes[tensor] = Box(Kind.INPUT, name, _shape(tensor.shape))
            self.diagram.boxes.append(self.boxes[tensor])
        self.seen.add(name)
        self.diagram.connect(self.boxes[tensor], box)

    def parameter(self, leaf: Tensor) -> Box:
        name = self.parameter_names.get(id(leaf), "leaf")
        again = name in self.seen and name != "leaf"
        self.seen.add(name)
        return Box(Kind.PARAMETER, name, _shape(leaf.shape), again)

    def check_found(self) -> None:
        absent = [n for n in (*self.inputs, *self.parameter_names.values()) if n not in self.seen]
        if absent:
            raise ValueError(
                f"draw: the graph does not show {', '.join(absent)}: nothing that leads to this "
                "tensor uses them, or they need no gradient and backward() has freed where they "
                "were saved; draw before backward(), or call requires_grad_() on inputs first"
            )


def _in_order(root: Any) -> list[Any]:
    """The nodes that lead to `root`, those that were recorded first in front."""
    found = {root}
    stack = [root]
    while stack:
        for function, _ in stack.pop().next_functions:
            known = function is None or function in found or hasattr(function, "variable")
            if not known:
                found.add(function)
                stack.append(function)
    return sorted(found, key=lambda node: node._sequence)


def _saves(node: Any, tensor: Tensor) -> bool:
    return any(
        value is tensor or getattr(value, "array", value) is tensor.array
        for value in node._saved or ()
    )


def _title(node: Any) -> str:
    return re.sub(r"Backwards?\d*$", "", getattr(node, "drawn_as", None) or node.name())


def _shape_of(node: Any) -> str:
    if node._outputs == 1:
        return _shape(node._shape)
    return " ".join(map(_shape, node._shape))


def _shape(shape: tuple[int, ...]) -> str:
    return str(tuple(shape)) if shape else "scalar"
