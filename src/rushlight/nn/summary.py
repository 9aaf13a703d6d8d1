"""`summary`: a table of a network's layers, and what a call of it takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..grad_mode import no_grad
from ..kernels.intercept import Call, arrays_in, each_call
from ..random import fork_rng
from ..tensor import Tensor
from .global_hooks import register_module_forward_hook
from .module import Module
from .running import RunningModules

HEAD = ("layer", "type", "output shape", "parameters", "multiply-adds", "memory")


@dataclass(slots=True)
class Row:
    """A module. Its numbers include those of the modules inside it."""

    name: str  # its path in the network; that of the network itself is ""
    depth: int
    kind: str
    calls: int = 0
    output: Any = None  # the shape of what its first call returned; lists of shapes and so on
    parameters: int = 0
    frozen: int = 0  # how many of them require no gradient
    multiply_adds: int = 0
    memory: int = 0  # bytes of what its kernels have made
    shared_with: str | None = None  # the path under which the same module stands further up
    is_callable: bool = True  # and no list of modules

    def cells(self) -> tuple[str, ...]:
        """What a table shows of it."""
        name = self.name.rpartition(".")[2] or "(all)"
        if self.shared_with is not None:
            return name, self.kind, f"(the same as {self.shared_with})", "", "", ""
        times = f" ({self.calls} calls)" if self.calls > 1 else ""
        return (
            name, self.kind + times, self._output_text(),
            _parameters_text(self.parameters, self.frozen), _short(self.multiply_adds, 1000),
            _short(self.memory, 1024),
        )  # fmt: skip

    def _output_text(self) -> str:
        if self.calls:
            return _shape_text(self.output)
        return "(not called)" if self.is_callable else ""


@dataclass
class Summary:
    """The rows of a network's modules, in their order, and what they come to.

    `print` shows a table, and a notebook an HTML one.
    """

    rows: list[Row] = field(default_factory=list)
    parameters: int = 0
    frozen: int = 0
    parameter_bytes: int = 0
    buffer_bytes: int = 0

    @property
    def trainable(self) -> int:
        """How many parameters require a gradient."""
        return self.parameters - self.frozen

    @property
    def multiply_adds(self) -> int:
        """How many products one call adds up, in matrix products, convolutions and attention."""
        return self.rows[0].multiply_adds

    @property
    def memory(self) -> int:
        """The bytes of all that one call has made, if nothing is freed meanwhile."""
        return self.rows[0].memory

    def totals(self) -> list[str]:
        """The lines below the table."""
        return [
            f"{self.parameters:,} parameters ({self.trainable:,} trained, {self.frozen:,} frozen), "
            f"{_short(self.parameter_bytes, 1024)}; buffers: "
            f"{_short(self.buffer_bytes, 1024) or '0 B'}",
            f"one call: {_short(self.multiply_adds, 1000) or '0'} multiply-adds, "
            f"{_short(self.memory, 1024) or '0 B'} of results",
        ]

    def __str__(self) -> str:
        table: list[tuple[str, ...]] = [HEAD]
        for row in self.rows:
            name, *others = row.cells()
            table.append(("  " * row.depth + name, *others))
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = []
        for cells in table:
            left = [cell.ljust(width) for cell, width in zip(cells[:3], widths, strict=False)]
            right = [cell.rjust(width) for cell, width in zip(cells[3:], widths[3:], strict=True)]
            lines.append("  ".join([*left, *right]).rstrip())
        rule = "-" * max(map(len, lines))
        return "\n".join([lines[0], rule, *lines[1:], rule, *self.totals()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        import html  # which few programs need

        head = "".join(f"<th>{html.escape(title)}</th>" for title in HEAD)
        lines = []
        for row in self.rows:
            cells = row.cells()
            first = f'<td style="text-align:left;padding-left:{row.depth + 0.5}em">'
            name = html.escape(cells[0])
            left = "".join(f'<td style="text-align:left">{html.escape(c)}</td>' for c in cells[1:3])
            right = "".join(f"<td>{html.escape(c)}</td>" for c in cells[3:])
            lines.append(f"<tr>{first}{name}</td>{left}{right}</tr>")
        totals = "<br>".join(map(html.escape, self.totals()))
        return (
            f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
            f"<p>{totals}</p>"
        )


def summary(module: Module, *args: Any, **kwargs: Any) -> Summary:
    """A table of a network's layers: output shapes, parameters, multiply-adds and memory.

    The network is called once with the arguments, in evaluation mode and without gradients; its
    mode, its buffers and the random generators are left as they were. A network and arguments on
    the device "meta" are enough, and take neither time nor memory.

    A layer's numbers include those of the layers inside it. Parameters that several layers share
    are counted once, where they come first; what a layer computes, as often as it is called. The
    multiply-adds are those of matrix products, convolutions and attention, as their kernels count
    them. The memory is that of all results of kernels, as if none were freed: about what a training
    keeps for its backward.

    >>> import rushlight as torch
    >>> from rushlight import nn
    >>> net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 10))
    >>> print(torch.summary(net, torch.ones(1, 1, 8, 8)))
    layer  type        output shape  parameters  multiply-adds    memory
    --------------------------------------------------------------------
    (all)  Sequential  [1, 10]            1,490         2.74 k  1.73 KiB
      0    Conv2d      [1, 4, 6, 6]          40         1.30 k     576 B
      1    ReLU        [1, 4, 6, 6]                                576 B
      2    Flatten     [1, 144]                                    576 B
      3    Linear      [1, 10]            1,450         1.44 k      40 B
    --------------------------------------------------------------------
    1,490 parameters (1,490 trained, 0 frozen), 5.82 KiB; buffers: 0 B
    one call: 2.74 k multiply-adds, 1.73 KiB of results

    The result has `rows`, and `parameters`, `trainable`, `frozen`, `multiply_adds` and `memory` as
    numbers.
    """
    if not isinstance(module, Module):
        raise TypeError(f"summary: expected a Module, got {type(module).__name__}")
    calls = _Calls(module)
    with _left_as_it_was(module), no_grad(), fork_rng(), calls.seen():
        module(*args, **kwargs)
    return _summed(module, calls)


class _Calls:
    """What the modules of a network are seen to return, and their kernels to do."""

    def __init__(self, module: Module) -> None:
        self._known = {id(part) for part in module.modules()}
        self._running = RunningModules()
        self.outputs: dict[int, Any] = {}  # all by the modules' ids
        self.times: Counter[int] = Counter()
        self.multiply_adds: Counter[int] = Counter()
        self.memory: Counter[int] = Counter()

    @contextmanager
    def seen(self) -> Iterator[None]:
        with (
            self._running.noted(),
            register_module_forward_hook(self._see_output),
            each_call(self._run),
        ):
            yield

    def _see_output(self, module: Module, args: Any, output: Any) -> None:
        if id(module) in self._known:
            self.times[id(module)] += 1
            self.outputs.setdefault(id(module), _shape_of(output))

    def _run(self, call: Call) -> Any:
        result = call.run()
        # A module that calls itself counts once.
        running = {id(module) for module in self._running.stack} & self._known
        if running:
            multiply_adds, memory = call.multiply_adds(result), _made_bytes(call, result)
            for module in running:
                self.multiply_adds[module] += multiply_adds
                self.memory[module] += memory
        return result


def _made_bytes(call: Call, result: Any) -> int:
    """The bytes of the arrays that a kernel has made, and not only seen anew or written to."""
    if call.declaration.kind == "view":
        return 0
    given = {id(array) for array in arrays_in(call.arguments)}
    return sum(array.nbytes for array in arrays_in(result) if id(array) not in given)


@contextmanager
def _left_as_it_was(module: Module) -> Iterator[None]:
    """Puts the modules into evaluation mode, and their modes and buffers back at the end."""
    modes = [(part, part.training) for part in module.modules()]
    # Those of lazy modules come to be in the call.
    given = [b for b in module.buffers() if not hasattr(b, "materialize") and not b.is_meta]
    buffers = [(buffer, buffer.clone()) for buffer in given]
    registered = [(part, dict(part._buffers)) for part, _ in modes]
    try:
        for part, _ in modes:
            part.training = False
        yield
    finally:
        for part, training in modes:
            part.training = training
        for part, own in registered:  # a forward may put other tensors in their places
            if any(part._buffers.get(name) is not buffer for name, buffer in own.items()):
                part._buffers.replace(own)
        with no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


def _summed(module: Module, calls: _Calls) -> Summary:
    result = Summary()
    counted: set[int] = set()  # the parameters that a row further up has
    first: dict[int, str] = {}  # where each module stands first
    for name, part in _places(module):
        row = Row(name, name.count(".") + 1 if name else 0, type(part).__name__)
        result.rows.append(row)
        if id(part) in first:
            row.shared_with = first[id(part)] or "(all)"
            continue
        first[id(part)] = name
        row.is_callable = type(part).forward is not Module.forward
        row.calls = calls.times[id(part)]
        row.output = calls.outputs.get(id(part))
        row.multiply_adds, row.memory = calls.multiply_adds[id(part)], calls.memory[id(part)]
        for parameter in part._parameters.values():
            if parameter is not None and id(parameter) not in counted:
                counted.add(id(parameter))
                _count(result, name, parameter)
    result.parameters, result.frozen = result.rows[0].parameters, result.rows[0].frozen
    result.buffer_bytes = sum(buffer.nbytes for buffer in module.buffers())
    return result


def _count(result: Summary, name: str, parameter: Tensor) -> None:
    """Counts a parameter for its module and for all that this is in."""
    result.parameter_bytes += parameter.nbytes
    paths = {"", *[".".join(name.split(".")[:length]) for length in range(1, name.count(".") + 2)]}
    for row in reversed(result.rows):
        if row.name in paths:
            paths.remove(row.name)
            row.parameters += parameter.numel()
            row.frozen += 0 if parameter.requires_grad else parameter.numel()
            if not paths:
                return


def _places(module: Module) -> Iterator[tuple[str, Any]]:
    """The places of a module and of those inside; what stands at several is entered once."""
    seen: set[int] = set()

    def walk(part: Module, path: str) -> Iterator[tuple[str, Any]]:
        yield path, part
        if id(part) in seen:
            return
        seen.add(id(part))
        for name, child in part._modules.items():
            if child is not None:
                yield from walk(child, f"{path}.{name}" if path else name)

    return walk(module, "")


# ---- as text


def _shape_of(value: Any) -> Any:
    """The shapes of the tensors in what a module returns, in the same lists and dictionaries."""
    if isinstance(value, Tensor):
        return tuple(value.shape)
    if isinstance(value, dict):
        return {key: _shape_of(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shape_of(part) for part in value]
    return None if value is None else type(value).__name__


def _shape_text(shape: Any) -> str:
    if isinstance(shape, tuple):
        return str(list(shape))
    if isinstance(shape, dict):
        return f"{{{', '.join(f'{key}: {_shape_text(part)}' for key, part in shape.items())}}}"
    if isinstance(shape, list):
        return f"({', '.join(map(_shape_text, shape))})"
    return str(shape)


def _parameters_text(parameters: int, frozen: int) -> str:
    if not parameters:
        return ""
    if not frozen:
        return f"{parameters:,}"
    return f"{parameters:,} ({'' if frozen == parameters else f'{frozen:,} '}frozen)"


def _short(count: int, unit: int) -> str:
    """A number with a prefix: of bytes where the unit is 1024."""
    if not count:
        return ""
    prefixes = ("", "k", "M", "G", "T", "P")
    power = 0
    value = float(count)
    while value >= unit and power < len(prefixes) - 1:
        value /= unit
        power += 1
    digits = str(count) if not power else f"{value:.0f}" if value >= 100 else f"{value:.2f}"
    if unit == 1000:
        return f"{digits} {prefixes[power]}".rstrip()
    return f"{digits} {prefixes[power].upper()}{'iB' if power else 'B'}"
