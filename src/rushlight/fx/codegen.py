"""The Python function that a graph is written as."""

from __future__ import annotations

import enum
import json
import keyword
import types
import typing
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ..device import device
from ..tensor import Tensor
from ..utils import _pytree as pytree
from .names import is_of_torch, qualified_name, type_repr
from .namespace import BUILTINS, Namespace
from .node import Node


class PythonCode(NamedTuple):
    """The text of a function, and what the names in it that are no names of Python's stand for."""

    src: str
    globals: dict[str, Any]


MAGIC_METHODS = {
    "eq": "{} == {}", "ne": "{} != {}", "lt": "{} < {}", "gt": "{} > {}", "le": "{} <= {}",
    "ge": "{} >= {}", "pos": "+{}", "neg": "-{}", "invert": "~{}", "add": "{} + {}",
    "sub": "{} - {}", "mul": "{} * {}", "floordiv": "{} // {}", "truediv": "{} / {}",
    "mod": "{} % {}", "pow": "{} ** {}", "lshift": "{} << {}", "rshift": "{} >> {}",
    "and_": "{} & {}", "or_": "{} | {}", "xor": "{} ^ {}", "matmul": "{} @ {}",
    "getitem": "{}[{}]",
}  # fmt: skip
REFLECTABLE = (
    "add", "sub", "mul", "floordiv", "truediv", "mod", "pow", "lshift", "rshift", "and_", "or_",
    "xor", "matmul",
)  # fmt: skip
INPLACE_METHODS = {
    "iadd": "{} += {}", "isub": "{} -= {}", "imul": "{} *= {}", "itruediv": "{} /= {}",
    "ifloordiv": "{} //= {}", "imod": "{} %= {}", "ipow": "{} **= {}", "iand": "{} &= {}",
    "ior": "{} |= {}", "ixor": "{} ^= {}", "ilshift": "{} <<= {}", "irshift": "{} >>= {}",
    "imatmul": "{} @= {}", "setitem": "{}[{}] = {}",
}  # fmt: skip
# As PyTorch shortens them in its listings.
_DTYPES = {
    "float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16", "int64": "i64",
    "int32": "i32", "int16": "i16", "int8": "i8", "uint8": "u8", "uint16": "u16", "uint32": "u32",
    "uint64": "u64", "bool": "b8", "complex64": "c64", "complex128": "c128",
}  # fmt: skip


def member(base: str, target: str) -> str:
    """`base.target` in code; names that are none of Python's are asked for by `getattr`."""
    for name in target.split("."):
        is_plain = name.isidentifier() and not keyword.iskeyword(name)
        base = f"{base}.{name}" if is_plain else f"getattr({base}, {json.dumps(name)})"
    return base


class CodeGen:
    """Writes the function of a graph: its head, its last line, and what goes in and out.

    >>> import rushlight as torch
    >>> class Documented(torch.fx.CodeGen):
    ...     def gen_fn_def(self, free_vars, maybe_return_annotation):
    ...         return super().gen_fn_def(free_vars, maybe_return_annotation) + "  # generated"
    >>> traced = torch.fx.symbolic_trace(lambda x: x + 1)
    >>> traced.graph.set_codegen(Documented())
    >>> print(traced.recompile().src.strip().splitlines()[0])
    def forward(self, x):  # generated
    """

    def gen_fn_def(self, free_vars: list[str], maybe_return_annotation: str) -> str:
        """The line `def forward(self, ...):`."""
        if not free_vars or free_vars[0] != "self":
            free_vars = ["self", *free_vars]
        return f"def forward({', '.join(free_vars)}){maybe_return_annotation}:"

    def generate_output(self, text: str) -> str:
        """The line that returns, of what it returns."""
        return f"return {text}"

    def process_inputs(self, *args: Any) -> Any:
        """What an interpreter gives the placeholders."""
        return args

    def process_outputs(self, outputs: Any) -> Any:
        """What an interpreter makes of the output."""
        return outputs


class PyTreeInfo(NamedTuple):
    """The names of a traced function's arguments, and the forms of these and of its result."""

    orig_args: list[str]
    in_spec: pytree.TreeSpec
    out_spec: pytree.TreeSpec | None


class PyTreeCodeGen(CodeGen):
    """For a graph whose placeholders are the leaves of containers that a function takes."""

    def __init__(self, pytree_info: PyTreeInfo) -> None:
        self.pytree_info = pytree_info

    def gen_fn_def(self, free_vars: list[str], maybe_return_annotation: str) -> str:
        given = self.pytree_info.orig_args
        head = super().gen_fn_def(given[:], maybe_return_annotation)
        if not free_vars:
            return head
        if given and given[0] == "self":
            free_vars = ["self", *free_vars]
        annotated = [name for name in free_vars if ":" in name]
        notes = "\n    " + "".join(f"{name}; " for name in annotated) + "\n" if annotated else ""
        names = ", ".join(name.split(":")[0] for name in free_vars)
        return (
            f"{head}{notes}\n    {names}, = fx_pytree.tree_flatten_spec([{', '.join(given)}], "
            "self._in_spec)"
        )

    def generate_output(self, text: str) -> str:
        if self.pytree_info.out_spec is None:
            return super().generate_output(text)
        return f"return pytree.tree_unflatten({text}, self._out_spec)"

    def process_inputs(self, *args: Any) -> Any:
        return pytree.tree_leaves(args)

    def process_outputs(self, outputs: Any) -> Any:
        if self.pytree_info.out_spec is None:
            return outputs
        leaves = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return pytree.tree_unflatten(leaves, self.pytree_info.out_spec)


class Writer:
    """What is being written of one graph: the lines so far, and the names that they use."""

    def __init__(
        self, codegen: CodeGen, nodes: Iterable[Node], root: str, names: Namespace
    ) -> None:
        self.codegen, self.root, self.names = codegen, root, names
        self.nodes = list(nodes)
        self.globals: dict[str, Any] = {}
        self.free_vars: list[str] = []
        self.wrapped: dict[str, None] = {}
        self.returns = ""
        self.began = False  # whether there is a line yet
        for name, (_, value) in BUILTINS.items():
            self.add_global(name, value)

    def add_global(self, hint: str, value: Any) -> str:
        """The name by which code finds something that is no part of the graph."""
        if is_of_torch(value) and value is not device:
            return type_repr(value) if isinstance(value, type) else qualified_name(value)
        name = self.names.create_name(hint, value)
        self.globals[name] = value
        return name

    # ---- the parts of lines

    def annotation(self, kind: Any) -> str:
        """A type in the code of an annotation."""
        if kind == ():
            return "()"
        parts = typing.get_args(kind)
        origin = typing.get_origin(kind)
        if isinstance(kind, types.UnionType):
            return "|".join(map(self.annotation, parts))
        if origin is not None:
            if isinstance(kind, typing._GenericAlias):  # type: ignore[attr-defined]
                origin = _TYPING.get(origin, origin)
            name = self.add_global(type_repr(origin), origin)
            return f"{name}[{','.join(map(self.annotation, parts))}]" if parts else name
        return self.add_global(type_repr(kind), kind)

    def text(self, value: Any) -> str:
        """An argument as an expression."""
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            kind = type(value)
            return f"{self.add_global(qualified_name(kind), kind)}{tuple(value)!r}"
        if isinstance(value, enum.Enum):
            return f"{self.add_global(type(value).__name__, type(value))}.{value.name}"
        if isinstance(value, Tensor):
            dtype = str(value.dtype).removeprefix("torch.")
            return f"torch.Tensor(size={list(value.shape)}, dtype={dtype})"
        if isinstance(value, tuple):
            items = ", ".join(map(self.text, value))
            return f"({items},)" if len(value) == 1 else f"({items})"
        if isinstance(value, list):
            return f"[{', '.join(map(self.text, value))}]"
        if isinstance(value, slice):
            return f"slice({', '.join(map(self.text, (value.start, value.stop, value.step)))})"
        return repr(value)

    def arguments(self, args: Iterable[Any], kwargs: dict[str, Any]) -> str:
        by_name = [f"{name} = {self.text(value)}" for name, value in kwargs.items()]
        return ", ".join([*map(self.text, args), *by_name])

    # ---- lines

    def placeholder(self, node: Node, kind: str) -> str:
        default = f" = {self.text(node.args[0])}" if node.args else ""
        self.free_vars.append(f"{node.target}{kind}{default}")
        name = node.target.replace("*", "")
        return "" if name == node.name else f"{node.name} = {name}"

    def call_function(self, node: Node, kind: str) -> str:
        target, args = node.target, node.args
        name = getattr(target, "__name__", "")
        if getattr(target, "__module__", "") == "_operator":
            if name in MAGIC_METHODS:
                return f"{node.name}{kind} = " + MAGIC_METHODS[name].format(*map(self.text, args))
            if name in INPLACE_METHODS:
                changed = INPLACE_METHODS[name].format(*map(self.text, args))
                return f"{changed};  {node.name}{kind} = {self.text(args[0])}"
        called = self.add_global(qualified_name(target), target)
        is_attribute = called == "getattr" and len(args) == 2 and isinstance(args[1], str)
        if is_attribute and args[1].isidentifier():
            return f"{node.name}{kind} = {member(self.text(args[0]), args[1])}"
        if node.meta.get("is_wrapped"):
            self.wrapped[called] = None
        return f"{node.name}{kind} = {called}({self.arguments(args, node.kwargs)})"

    def line(self, node: Node, kind: str) -> str:
        """The statement of a node, "" where it has none."""
        if node.op == "placeholder":
            return self.placeholder(node, kind)
        if node.op == "call_function":
            return self.call_function(node, kind)
        if node.op == "call_method":
            method = member(self.text(node.args[0]), node.target)
            return f"{node.name}{kind} = {method}({self.arguments(node.args[1:], node.kwargs)})"
        if node.op == "call_module":
            module = member(self.root, node.target)
            return f"{node.name}{kind} = {module}({self.arguments(node.args, node.kwargs)})"
        if node.op == "get_attr":
            return f"{node.name}{kind} = {member(self.root, node.target)}"
        if node.type is not None:
            self.returns = f" -> {self.annotation(node.type)}"
        return self.codegen.generate_output(self.text(node.args[0]))

    def lines(self, verbose: bool) -> Iterator[str]:
        unused = _last_uses(self.nodes)
        said = None
        for node in self.nodes:
            if verbose and node.op not in ("placeholder", "output"):
                where = _source_of(node)
                if where != said:
                    said = where
                    yield f"# {where}" if not self.began else f"\n# {where}"
            kind = "" if node.type is None else f" : {self.annotation(node.type)}"
            if verbose:
                kind = _verbose_kind(node) or kind
            line = self.line(node, kind)
            if node.op != "placeholder" and node.op != "output":
                names = [n.name for n in unused.get(node, [])]
                if not node.users:
                    names.append(node.name)
                if names:
                    line += f";  {' = '.join([*names, 'None'])}"
            if line:
                self.began = True
                yield line

    def write(self, verbose: bool) -> PythonCode:
        body = ("\n".join(self.lines(verbose)) or "pass") + "\n"
        wraps = ""
        if self.wrapped:
            from ._symbolic_trace import wrap  # which makes graphs

            name = self.add_global("wrap", wrap)
            wraps = "\n".join(f'{name}("{wrapped}")' for wrapped in self.wrapped)
        head = self.codegen.gen_fn_def(self.free_vars, self.returns)
        indented = "\n".join(f"    {line}" for line in body.split("\n"))
        return PythonCode(f"\n{wraps}\n\n{head}\n{indented}", self.globals)


_TYPING: dict[Any, Any] = {
    list: typing.List, dict: typing.Dict, set: typing.Set,  # noqa: UP006
    frozenset: typing.FrozenSet, tuple: typing.Tuple,  # noqa: UP006
}  # fmt: skip


def _last_uses(nodes: list[Node]) -> dict[Node, list[Node]]:
    """For each node those whose values nobody needs after it."""
    seen: set[Node] = set()
    found: dict[Node, list[Node]] = {}
    for node in reversed(nodes):
        for used in node.all_input_nodes:
            if used not in seen:
                seen.add(used)
                found.setdefault(node, []).append(used)
    return found


def _source_of(node: Node) -> str:
    """The line of the program that a node comes from, where its `stack_trace` tells it."""
    lines = (node.stack_trace or "").strip().split("\n")
    for place, code in zip(reversed(lines[:-1]), reversed(lines[1:]), strict=True):
        if place.strip().startswith("File ") and ", line " in place:
            file, line, function = (part.strip() for part in place.strip().split(",", 2))
            return (
                f"File: {file[6:-1]}:{line[5:]} in {function.removeprefix('in ')}, code: "
                f"{code.strip()}"
            )
    return "No stacktrace found for following nodes"


def _verbose_kind(node: Node) -> str:
    known: Any = node.meta.get("val", node.meta.get("tensor_meta", node.meta.get("example_value")))
    if hasattr(known, "dtype") and hasattr(known, "shape"):
        dtype = str(known.dtype).removeprefix("torch.")
        return f': "{_DTYPES.get(dtype, dtype)}{list(known.shape)}"'
    return ""
