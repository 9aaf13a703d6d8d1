"""Writes the stubs that tell editors and type checkers what the operations' declarations make.

    python tools/stubs.py

writes `src/rushlight/__init__.pyi` (the package's names), `nn/functional.pyi`, and `methods.pyi`,
the class of the tensor's methods that `Tensor` has for a base while types are checked.
tests/test_stubs.py holds them against the declarations.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rushlight.ops.declare import places
from rushlight.tensor import Tensor

SOURCES = Path(__file__).parent.parent / "src" / "rushlight"
HEADER = '"""{}\n\nWritten by tools/stubs.py from the declarations; do not edit."""\n\n'
IMPORTS = """\
import builtins
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from {up}dtype import dtype as DType
from {up}tensor import Tensor as Tensor
"""
# Names that a stub's own scope may give to functions and dtypes.
BUILTINS = re.compile(r"(?<![\w.])(bool|int|float|complex|str|list|tuple|dict|type|set|slice)\b")
# Methods with another signature than object's.
IGNORED = {"__eq__": "override", "__ne__": "override"}


def stubs() -> dict[Path, str]:
    """The text of every stub, by its file."""
    return {
        SOURCES / "__init__.pyi": package_stub(),
        SOURCES / "nn" / "functional.pyi": functional_stub(),
        SOURCES / "methods.pyi": methods_stub(),
    }


def package_stub() -> str:
    own = ast.parse((SOURCES / "__init__.py").read_text())
    lines = [HEADER.format("The package's names and their types."), IMPORTS.format(up=".")]
    for node in own.body:
        if isinstance(node, ast.ImportFrom) and node.module != "__future__":
            names = ", ".join(f"{a.name} as {a.asname or a.name}" for a in node.names)
            lines.append(f"from {'.' * node.level}{node.module or ''} import {names}\n")
        elif isinstance(node, ast.FunctionDef):
            lines.append(f"{BUILTINS.sub(_qualified, _header(node))}\n")
    for name, function in sorted(places["torch"].items()):
        lines.append(definition(name, function))
    return "".join(lines)


def _header(node: ast.FunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){returns}: ..."


def functional_stub() -> str:
    lines = [HEADER.format("The functions of `torch.nn.functional`."), IMPORTS.format(up="..")]
    lines += [definition(name, f) for name, f in sorted(places["nn.functional"].items())]
    return "".join(lines)


def methods_stub() -> str:
    title = "The methods of tensors that operations declare."
    lines = [HEADER.format(title), IMPORTS.format(up="."), "\nclass Methods:\n"]
    for name, value in sorted(attached()):
        if isinstance(value, property):
            returns = _annotation(inspect.signature(value.fget).return_annotation)
            lines.append(f"    @property\n    def {name}(self) -> {returns}: ...\n")
            if value.fset:
                lines.append(f"    @{name}.setter\n    def {name}(self, value: Any) -> None: ...\n")
        else:
            lines.append("    " + definition(name, value, "self"))
    return "".join(lines)


def attached() -> Iterator[tuple[str, Any]]:
    """What modules above `tensor.py` have made attributes of the class."""
    for name, value in vars(Tensor).items():
        function = value.fget if isinstance(value, property) else value
        module = getattr(function, "__module__", "")
        if module != Tensor.__module__ and inspect.isfunction(function):
            yield name, value


def definition(name: str, function: Any, first: str = "") -> str:
    """One function as a line; `first` is the name of the first parameter where it is a method."""
    signature = inspect.signature(function)
    parts, marked = [], False
    for number, parameter in enumerate(signature.parameters.values()):
        text = parameter.name
        if parameter.kind is parameter.VAR_POSITIONAL:
            text, marked = f"*{text}", True
        elif parameter.kind is parameter.VAR_KEYWORD:
            text = f"**{text}"
        elif parameter.kind is parameter.KEYWORD_ONLY and name.startswith("__"):
            continue  # Python gives operators nothing but their operands
        elif parameter.kind is parameter.KEYWORD_ONLY and not marked:
            parts.append("*")
            marked = True
        if number == 0 and first:
            parts.append(first)
            continue
        text += f": {_annotation(parameter.annotation)}"
        if parameter.default is not parameter.empty:
            text += " = ..."
        parts.append(text)
    ignored = f"  # type: ignore[{IGNORED[name]}]" if first and name in IGNORED else ""
    returns = _annotation(signature.return_annotation)
    return f"def {name}({', '.join(parts)}) -> {returns}: ...{ignored}\n"


def _annotation(annotation: Any) -> str:
    if annotation is inspect.Parameter.empty:
        return "Any"
    text = annotation if isinstance(annotation, str) else annotation.__name__
    return BUILTINS.sub(_qualified, text)


def _qualified(match: re.Match[str]) -> str:
    return f"builtins.{match[1]}"


if __name__ == "__main__":
    for path, text in stubs().items():
        path.write_text(text)
        print(path)
