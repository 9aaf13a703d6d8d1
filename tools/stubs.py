"""Writes the stubs that tell editors and type checkers what the operations' declarations make.

    python tools/stubs.py

writes `src/rushlight/__init__.pyi` and `nn/functional.pyi`, the names of these modules, and
`methods.pyi`, a class of the tensor's methods that `Tensor` has for a base while types are checked.
tests/test_stubs.py holds them against the declarations.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
import types
import typing
from collections import ChainMap
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rushlight.ops.declare import places
from rushlight.tensor import Tensor

SOURCES = Path(__file__).parent.parent / "src" / "rushlight"
HEADER = "# Written by tools/stubs.py from the operations' declarations.\n\n"
WIDTH = 100
# Methods with another signature than object's.
NOTES = {"__eq__": "  # type: ignore[override]", "__ne__": "  # type: ignore[override]"}


def stubs() -> dict[Path, str]:
    """The text of every stub, by its file."""
    texts = {}
    for place in places.keys() - {"Tensor"}:
        path = SOURCES.joinpath(*place.split(".")[place == "torch" :])
        path = path / "__init__.pyi" if path.is_dir() else path.with_suffix(".pyi")
        texts[path] = module_stub(path, places[place])
    path = SOURCES / "methods.pyi"
    return texts | {path: methods_stub(path, attached())}


def home_of(function: Any) -> str:
    """The module in which a function is written."""
    return getattr(function, "home", function.__module__)


def module_stub(path: Path, functions: dict[str, Any]) -> str:
    """A module's stub: what its source imports and defines, and what is declared for it."""
    source = ast.parse(path.with_suffix(".py").read_text())
    # Under an `if` is what is imported on demand.
    nodes = [n for part in source.body for n in (part.body if isinstance(part, ast.If) else [part])]
    statements = [node for node in nodes if isinstance(node, ast.ImportFrom)]
    exported = {
        alias.asname or alias.name: (f"{'.' * node.level}{node.module or ''}", alias.name)
        for node in statements
        for alias in node.names
        if node.module != "__future__" and not re.match("_(?!_)", alias.asname or alias.name)
    }
    written = [node.name for node in source.body if isinstance(node, ast.FunctionDef)]
    module = sys.modules[".".join(["rushlight", *path.relative_to(SOURCES).with_suffix("").parts])
                         .removesuffix(".__init__")]  # fmt: skip
    own = {name: getattr(module, name) for name in written}
    stub = Stub(path, exported, {*exported, *own, *functions})
    return stub.text(stub.definitions(own | functions))


def methods_stub(path: Path, methods: dict[str, Any]) -> str:
    stub = Stub(path, {}, set(methods))
    return stub.text(["\nclass Methods:\n", *stub.definitions(methods, method=True)])


def attached() -> dict[str, Any]:
    """What modules above `tensor.py` have made attributes of the class."""
    found = {}
    for name, value in vars(Tensor).items():
        function = value.fget if isinstance(value, property) else value
        if inspect.isfunction(function) and function.__module__ != Tensor.__module__:
            found[name] = value
    return found


class Stub:
    """A file: its definitions, and the imports that their annotations turn out to need."""

    def __init__(self, path: Path, exported: dict[str, tuple[str, str]], taken: set[str]) -> None:
        self.up = "." * len(path.relative_to(SOURCES).parts)
        self.exported = exported  # name: (module, its name there)
        self.taken = taken  # what names of builtins do not mean here
        self.modules: set[str] = set()
        self.imported: set[tuple[str, str]] = set()

    # ---- definitions

    def definitions(self, members: dict[str, Any], method: bool = False) -> Iterable[str]:
        """Functions and properties by name; a second name of a function is an assignment."""
        indent = "    " if method else ""
        originals = {name: _original(name, members) for name in members}
        for name in sorted(members, key=lambda n: (*_place(originals[n]), n != originals[n], n)):
            value = members[name]
            if name != originals[name]:
                yield f"{indent}{name} = {originals[name]}\n"
            elif isinstance(value, property):
                yield from self.property(name, value)
            else:
                body = getattr(value, "plain", value)
                forms = getattr(body, "overloads", typing.get_overloads(value))
                for form in forms:
                    yield f"{indent}@{self.name(typing.overload)}\n"
                    yield self.function(name, form, method)
                if not forms:
                    yield self.function(name, value, method)

    def property(self, name: str, value: property) -> Iterable[str]:
        returns = self.annotation(value.fget, inspect.signature(value.fget).return_annotation)
        yield f"    @property\n    def {name}(self) -> {returns}: ...\n"
        if value.fset is not None:
            given = [*inspect.signature(value.fset).parameters.values()][1]
            annotation = self.annotation(value.fset, given.annotation)
            yield f"    @{name}.setter\n    def {name}(self, value: {annotation}) -> None: ...\n"

    def function(self, name: str, function: Any, method: bool) -> str:
        signature = inspect.signature(function)
        parameters = [*signature.parameters.values()]
        if method:  # `out` is the function's alone, and Python gives operators their operands alone
            operator = name.startswith("__")
            parameters = [
                p for p in parameters[1:]
                if p.name != "out" and not (operator and p.kind is p.KEYWORD_ONLY)
            ]  # fmt: skip
        returns = self.annotation(function, signature.return_annotation)
        if method and returns == "Tensor" and _writes(name):
            returns = self.name(typing.Self)
        texts = ["self"] if method else []
        positional = [p for p in parameters if p.kind is p.POSITIONAL_ONLY]
        for p in parameters:
            if p.kind is p.KEYWORD_ONLY and not any(text.startswith("*") for text in texts):
                texts.append("*")
            if p.kind is p.VAR_POSITIONAL and self.is_named(function, parameters):
                texts.append(f"*_{self.parameter(function, p)[1:]}")
                texts.append(f"{self.parameter(function, p)[1:]} = ...")
            else:
                texts.append(self.parameter(function, p))
            if p.kind is p.POSITIONAL_ONLY and p is positional[-1]:
                texts.append("/")
        indent = "    " if method else ""
        return _wrapped(f"{indent}def {name}(", texts, f") -> {returns}: ...", NOTES.get(name, ""))

    def is_named(self, function: Any, parameters: list[inspect.Parameter]) -> bool:
        """Whether `*size` may also come as `size=`, which the entries of operations see to."""
        return hasattr(function, "plain") and all(p.kind is not p.VAR_KEYWORD for p in parameters)

    def parameter(self, function: Any, p: inspect.Parameter) -> str:
        stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
        text = f"{stars}{p.name}: {self.annotation(function, p.annotation)}"
        if p.default is p.empty:
            return text
        plain = p.default is None or isinstance(p.default, (bool, int, float, str, tuple))
        return f"{text} = {_quoted(p.default) if plain else '...'}"

    # ---- names

    def annotation(self, function: Any, text: Any) -> str:
        """An annotation in the words of this file."""
        function = inspect.unwrap(function)
        assert isinstance(text, str), f"{function.__module__}.{function.__qualname__}: annotate it"
        scope = ChainMap(
            function.__globals__, vars(sys.modules[home_of(function)]), vars(builtins)
        )
        tree = ast.parse(text, mode="eval")
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = self.name(scope[node.id], node.id)
        return ast.unparse(tree).replace("'", '"')

    def name(self, value: Any, alias: str = "") -> str:
        """How this file calls a type, having imported it."""
        if isinstance(value, types.ModuleType):
            renamed = "" if value.__name__ == alias else f" as {alias}"
            self.modules.add(f"import {value.__name__}{renamed}")
            return alias
        union = isinstance(value, types.UnionType)
        module, name = ("rushlight.types", alias) if union else (value.__module__, value.__name__)
        if module == "builtins":
            if name not in self.taken:
                return name
            self.modules.add("import builtins")
            return f"builtins.{name}"
        if module.startswith("rushlight."):
            module = self.up + module.removeprefix("rushlight.")
        if self.exported.get(name) != (module, name):
            assert name not in self.taken, f"{name} is the name of something else in the stub"
            self.imported.add((module, name))
        return name

    # ---- the whole

    def text(self, lines: Iterable[str]) -> str:
        body = "".join(lines)
        froms = [(m, n, f"{n} as {a}") for a, (m, n) in self.exported.items()]
        for module in {m for m, _ in self.imported}:
            names = sorted((n for m, n in self.imported if m == module), key=_rank)
            froms.append((module, names[0], ", ".join(names)))
        froms.sort(key=lambda entry: (entry[0], _rank(entry[1])))
        absolute = [_import(m, what) for m, _, what in froms if m[0] != "."]
        relative = [_import(m, what) for m, _, what in froms if m[0] == "."]
        own = sorted(m for m in self.modules if " as " not in m)
        foreign = sorted(self.modules - {*own})
        blocks = (own + absolute, foreign, relative)
        imports = "\n\n".join("\n".join(block) for block in blocks if block)
        return f"{HEADER}{imports}\n\n{body.removeprefix(chr(10))}"


def _original(name: str, members: dict[str, Any]) -> str:
    """The name under which the stub defines what has this name, too."""
    own = getattr(members[name], "__name__", name)
    # A checker takes an assigned method for a variable, in which `Self` has no meaning.
    return own if members.get(own) is members[name] and not _writes(own) else name


def _place(name: str) -> tuple[str, str]:
    return name.strip("_"), name


def _writes(name: str) -> bool:
    """Whether a method changes its tensor and returns it."""
    inplace = re.fullmatch(r"__i(?!nvert)\w+__", name)
    return bool(inplace) or name.endswith("_") and not name.startswith("_")


def _rank(name: str) -> Any:
    """Ruff's order of names: constants, classes, the rest; numbers in them by their value."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[0].isupper() else 2
    return kind, [int(p) if p.isdigit() else p.lower() for p in re.split(r"(\d+)", name)]


def _import(module: str, names: str) -> str:
    line = f"from {module} import {names}"
    return line if len(line) <= WIDTH else f"from {module} import (\n    {names},\n)"


def _quoted(value: Any) -> str:
    return repr(value).replace("'", '"')


def _wrapped(head: str, parts: list[str], tail: str, note: str) -> str:
    """`head` parts `tail` on one line, or as many as Ruff's formatter takes."""
    indent = " " * (len(head) - len(head.lstrip()))
    joined = ", ".join(parts)
    if len(head) + len(joined) + len(tail) <= WIDTH:
        return f"{head}{joined}{tail}{note}\n"
    if len(indent) + 4 + len(joined) <= WIDTH:
        return f"{head}\n{indent}    {joined}\n{indent}{tail}{note}\n"
    lines = "".join(f"{indent}    {part},\n" for part in parts)
    return f"{head}\n{lines}{indent}{tail}{note}\n"


if __name__ == "__main__":
    for path, text in stubs().items():
        path.write_text(text)
        print(path)
