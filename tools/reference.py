"""Writes the pages of the API reference from the package itself: `docs/reference/*.md`.

    python tools/reference.py

A page per namespace, with what its module offers and its operations have declared, in sections by
the file that each thing is written in; a page of the tensor's methods; and `pytorch.md`, PyTorch's
names against ours (`pytorch_table.py`). `make docs` makes HTML of them. They are not kept in the
repository: everything in them stands in the sources.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
import shutil
import textwrap
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from pytorch_table import table_page

import rushlight
from rushlight.ops.declare import places
from rushlight.tensor import Tensor

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "docs" / "reference"
# What is below the interface, and the command line, which the README tells of.
INTERNAL = {"cli", "kernels", "ops", "serialization", "testing"}

Members = dict[str, Any]


def main() -> None:
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    for name, text in pages().items():
        (TARGET / f"{name}.md").write_text(text)
    print(f"{len(list(TARGET.iterdir()))} pages in {TARGET}")


def pages() -> dict[str, str]:
    """The text of every page, by its name."""
    reference = Reference()
    written = {
        name: reference.namespace_page(name) for name, m in reference.namespaces.items() if m
    }
    written["rushlight.Tensor"] = reference.tensor_page()
    written["pytorch"] = table_page(reference.links)
    return written | {"index": index_page(written)}


def index_page(names: Iterable[str]) -> str:
    return (
        "# Reference\n\nEverything that Rushlight offers, namespace by namespace; programs say "
        "`import rushlight as torch`.\n\n```{toctree}\n" + "\n".join(sorted(names)) + "\n```\n"
    )


# ---- what there is


def namespaces(module: ModuleType = rushlight) -> Iterator[ModuleType]:
    """The package and the modules in it that users import from."""
    yield module
    for found in pkgutil.iter_modules(getattr(module, "__path__", ())):
        if is_offered(module, found):
            part = importlib.import_module(f"{module.__name__}.{found.name}")
            if getattr(module, found.name) is part:  # no function of that name hides it
                yield from namespaces(part)


def is_offered(module: ModuleType, part: pkgutil.ModuleInfo) -> bool:
    if f"{module.__name__}.{part.name}".removeprefix("rushlight.") in places:
        return True
    listed = listed_by(module)
    if listed is not None:
        return part.name in listed
    if part.name in INTERNAL or part.name[0] == "_":
        return False
    return part.ispkg or part.name in modules_imported_by(module)


def listed_by(module: ModuleType) -> list[str] | None:
    """`__all__`, where a module chooses by it what it offers: the package's own is all that it has.
    """
    return None if module is rushlight else getattr(module, "__all__", None)


def modules_imported_by(module: ModuleType) -> set[str]:
    """Those of `from . import a, b`: other modules are attributes, too, once they are loaded."""
    body = ast.parse(inspect.getsource(module)).body
    imports = [n for n in body if isinstance(n, ast.ImportFrom) and n.level and not n.module]
    names = [alias for node in imports for alias in node.names]
    return {alias.name for alias in names if alias.asname is None}


def members_of(module: ModuleType) -> Members:
    """What a namespace offers besides modules."""
    place = module.__name__.removeprefix("rushlight").removeprefix(".") or "torch"
    declared = places.get(place, {})

    def belongs(value: Any) -> bool:
        home = getattr(value, "__module__", None)
        if module is rushlight:
            return home is None or home.startswith("rushlight")
        return home == module.__name__

    offered = {name: getattr(module, name) for name in dir(module)}
    names = listed_by(module) or [n for n in offered if belongs(offered[n])]
    public = sorted(name for name in {*names, *declared} if name[0] != "_")
    return {name: offered[name] for name in public if not inspect.ismodule(offered[name])}


def members_of_class(cls: type, documented: Iterable[type] = ()) -> Members:
    """The public methods and properties of a class that no documented base tells of.

    One that the base has, too, is told again if it has a docstring of its own.
    """
    found: Members = {}
    told = {name for base in documented for name in dir(base)}
    inherited = {owner for base in documented for owner in base.__mro__}
    for owner in reversed(cls.__mro__):
        if owner in inherited or not owner.__module__.startswith("rushlight"):
            continue
        for name, value in vars(owner).items():
            function = value.fget if isinstance(value, property) else inspect.unwrap(plain(value))
            if name[0] != "_" and inspect.isfunction(function):
                if function.__doc__ or name not in told:
                    found[name] = value
    return {name: found[name] for name in sorted(found)}


def plain(value: Any) -> Any:
    """The function inside of a classmethod or staticmethod."""
    return value.__func__ if isinstance(value, (classmethod, staticmethod)) else value


def own_name(value: Any) -> str:
    return getattr(value, "__name__", None) or str(value).rpartition(".")[2]


def has_identity(value: Any) -> bool:
    """Whether two names of it are one thing: not so of numbers."""
    return inspect.isroutine(value) or type(value).__module__.startswith("rushlight") or (
        inspect.isclass(value)
    )  # fmt: skip


# ---- pages


class Reference:
    """All namespaces, and under which name each thing is described: the others refer to it."""

    def __init__(self) -> None:
        modules = sorted(namespaces(), key=lambda m: (m.__name__.count("."), m.__name__))
        self.modules = {module.__name__: module for module in modules}
        self.namespaces = {name: members_of(module) for name, module in self.modules.items()}
        self.homes: dict[int, str] = {}
        self.links: dict[str, str] = {}  # from any name to what Sphinx has for it
        for namespace, members in self.namespaces.items():
            for name in sorted(members, key=lambda name: name != own_name(members[name])):
                self.links[f"{namespace}.{name}"] = f"{{py:obj}}`{name} <{namespace}.{name}>`"
                if has_identity(members[name]):
                    self.homes.setdefault(id(members[name]), f"{namespace}.{name}")
        everything = [v for members in self.namespaces.values() for v in members.values()]
        self.classes = [value for value in everything if inspect.isclass(value)]
        self.methods = members_of_class(Tensor)
        for name in self.methods:
            self.links[f"rushlight.Tensor.{name}"] = f"{{py:obj}}`{name} <rushlight.Tensor.{name}>`"

    def namespace_page(self, namespace: str) -> str:
        module, members = self.modules[namespace], self.namespaces[namespace]
        text = f"# {namespace}\n\n```{{py:module}} {namespace}\n```\n\n"
        text += self.markdown(inspect.getdoc(module) or "", namespace, set())
        for title, names in self.sections(members):
            entries = [self.entry(namespace, name, members[name]) for name in names]
            text += f"\n## {title}\n\n" + "\n".join(entries)
        return text

    def tensor_page(self) -> str:
        text = "# rushlight.Tensor\n\n```{py:currentmodule} rushlight\n```\n\n"
        text += self.described("class", "rushlight", "Tensor", Tensor)
        for title, names in self.sections(self.methods):
            entries = [self.method("Tensor", name, self.methods[name]) for name in names]
            text += f"\n## {title}\n\n" + "\n".join(entries)
        return text

    def sections(self, members: Members) -> list[tuple[str, list[str]]]:
        """Names by the file in which what they mean is written."""
        found = defaultdict(list)
        for name, value in members.items():
            value = value.fget if isinstance(value, property) else plain(value)
            is_code = inspect.isroutine(value) or inspect.isclass(value)
            code = inspect.unwrap(value)
            module = getattr(code, "home", code.__module__) if is_code else ""
            stem = module.removesuffix(".base").rpartition(".")[2] if is_code else "constants"
            found[stem.replace("_", " ").strip().capitalize()].append(name)
        return sorted(found.items())

    def entry(self, namespace: str, name: str, value: Any) -> str:
        if value is Tensor:
            text = "Has {doc}`its own page <rushlight.Tensor>`."
            return f":::{{py:class}} Tensor\n:no-index:\n\n{text}\n:::\n"
        home = self.homes.get(id(value))
        if home is None or home == f"{namespace}.{name}":
            return self.described(_kind(value), namespace, name, value)
        same = f"The same as {{py:obj}}`{home}`"
        if _kind(value) == "data":
            return f":::{{py:data}} {name}\n\n{same}.\n:::\n"
        summary = self.body(value, namespace).split("\n\n")[0]
        head = f":::{{py:{_kind(value)}}} {name}{signature(value)}"
        if inspect.isclass(value):
            head += "\n:no-index:"  # signatures have the class's bare name, which means its home
        return f"{head}\n\n{summary}\n\n{same}.\n:::\n"

    def described(self, kind: str, namespace: str, name: str, value: Any) -> str:
        if kind == "data":
            typed = f":type: {type(value).__name__}"
            shown = typed if has_identity(value) else f":value: {value!r}"
            return f":::{{py:data}} {name}\n{shown}\n:::\n"
        text = self.body(value, namespace)
        if kind == "class" and value is not Tensor:
            bases = [self.homes[id(base)] for base in value.__mro__[1:] if id(base) in self.homes]
            if bases:
                text = f"A {{py:obj}}`{bases[0]}`.\n\n{text}"
            others = [cls for cls in self.classes if cls is not value and issubclass(value, cls)]
            for method, function in members_of_class(value, others).items():
                text += "\n" + self.method("", method, function, namespace)
        return f"::::{{py:{kind}}} {name}{signature(value)}\n\n{text}::::\n"

    def method(self, cls: str, name: str, value: Any, namespace: str = "rushlight") -> str:
        full = f"{cls}.{name}" if cls else name
        if isinstance(value, property):
            returns = value.fget.__annotations__.get("return", "")
            option = f":type: {returns}\n" if returns else ""
            return f":::{{py:property}} {full}\n{option}\n{self.body(value.fget, namespace)}:::\n"
        kinds = {classmethod: ":classmethod:\n", staticmethod: ":staticmethod:\n"}
        bound = not isinstance(value, staticmethod)
        function = plain(value)
        text = self.body(function, namespace)
        if id(function) in self.homes:  # torch's function of that name
            summary = text.split("\n\n")[0]
            text = f"{summary}\n\nSee {{py:obj}}`{self.homes[id(function)]}`.\n"
        head = f":::{{py:method}} {full}{signature(function, bound)}\n{kinds.get(type(value), '')}"
        return f"{head}\n{text}:::\n"

    def body(self, value: Any, namespace: str) -> str:
        own = {own_name(value), "self"}
        if callable(value):
            own |= set(parameters_of(value))
        return self.markdown(inspect.getdoc(value) or "", namespace, own)

    # ---- docstrings

    def markdown(self, docstring: str, namespace: str, unlinked: set[str]) -> str:
        """A docstring as Markdown: its code in fences, its names linked, its prose as it reads."""
        text = ""
        for paragraph in docstring.split("\n\n"):
            if paragraph.startswith(">>>"):
                text += f"```pycon\n{paragraph}\n```\n\n"
            elif paragraph.startswith("    "):
                text += f"```text\n{textwrap.dedent(paragraph)}\n```\n\n"
            elif paragraph.strip():
                text += self.prose(paragraph.strip("\n"), namespace, unlinked) + "\n\n"
        return text

    def prose(self, paragraph: str, namespace: str, unlinked: set[str]) -> str:
        parts = paragraph.split("`")
        for i, part in enumerate(parts):
            if i % 2 == 0:  # between the marks of code
                parts[i] = re.sub(r"([\\*_<>\[\]|~#$])", r"\\\1", part)
            else:
                parts[i] = self.link(part, namespace, unlinked) or f"`{part}`"
        return "".join(parts)

    def link(self, code: str, namespace: str, unlinked: set[str]) -> str | None:
        """A link to what the code names, unless it is a parameter."""
        if code in unlinked:
            return None
        full = re.sub(r"^torch\.", "rushlight.", code)
        owners = (namespace, "rushlight", "rushlight.nn.functional", "rushlight.Tensor")
        for name in (full, *(f"{owner}.{code}" for owner in owners)):
            if name in self.links:
                return self.links[name].replace(f"`{own_part(name)} <", f"`{code} <")
        return None


def own_part(name: str) -> str:
    return name.rpartition(".")[2]


def _kind(value: Any) -> str:
    if inspect.isclass(value):
        return "exception" if issubclass(value, BaseException) else "class"
    return "function" if callable(value) else "data"


# ---- signatures


def parameters_of(function: Any) -> dict[str, inspect.Parameter]:
    try:
        return dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # a class that is made by no call of its own
        return {}


def signature(function: Any, bound: bool = False) -> str:
    """The parameters and the result in the words of the source; a method's without its tensor."""
    parameters = list(parameters_of(function).values())
    if bound:
        parameters = [p for p in parameters[1:] if p.name != "out"]
    texts: list[str] = []
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and not any(text.startswith("*") for text in texts):
            texts.append("*")
        texts.append(_parameter(p))
        following = parameters[len([t for t in texts if t not in "*/"]) :]
        if p.kind is p.POSITIONAL_ONLY and not (following and following[0].kind is p.kind):
            texts.append("/")
    is_class = inspect.isclass(function)
    returns = "" if is_class else getattr(function, "__annotations__", {}).get("return", "")
    arrow = f" -> {returns}" if isinstance(returns, str) and returns else ""
    return f"({', '.join(texts)}){arrow}"


def _parameter(p: inspect.Parameter) -> str:
    stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
    text = stars + p.name
    if isinstance(p.annotation, str) and p.annotation != "Any":
        text += f": {p.annotation}"
    if p.default is p.empty:
        return text
    literal = p.default is None or isinstance(p.default, (bool, int, float, str, tuple))
    return f"{text} = {repr(p.default) if literal else '...'}"


if __name__ == "__main__":
    main()
