"""Which names of some packages a program uses, by its syntax tree alone: nothing of it is run."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Calls that import what their first argument names.
_IMPORTERS = {"import_module", "importorskip", "__import__"}


@dataclass
class Scope:
    """What names stand for in a module or function: "F" for "torch.nn.functional".

    A name that is something else has None, and hides what it is further out.
    """

    outer: Scope | None = None
    names: dict[str, str | None] = field(default_factory=dict)

    def find(self, name: str) -> str | None:
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None

    def hide(self, names: Iterable[str]) -> None:
        """Names that are given other values; one that has been imported here stays what it is,
        as `torch = None` stands where an import has failed."""
        for name in names:
            self.names.setdefault(name, None)


class Uses:
    """Walks over programs, and tells each use: a dotted name and its line.

    `packages` are those whose names are told. `holds_more` says whether a variable with a name's
    value is one that has names itself, as a module's or a class's. An attribute of anything else is
    told as ".attribute".
    """

    def __init__(
        self, packages: Iterable[str], holds_more: Callable[[str], bool],
        tell: Callable[[str, int], None],
    ) -> None:  # fmt: skip
        self.packages = frozenset(packages)
        self.holds_more, self.tell = holds_more, tell
        self.scope = Scope()
        self.waiting: list[tuple[Scope, Sequence[ast.stmt]]] = []

    def visit(self, body: Sequence[ast.stmt]) -> None:
        """A module, or the next cell of a notebook. Bodies of functions come last: they run when
        everything around them has been imported."""
        self._statements(body)
        outermost = self.scope
        while self.waiting:
            self.scope, statements = self.waiting.pop(0)
            self._statements(statements)
        self.scope = outermost

    def _is_ours(self, name: str) -> bool:
        return name.partition(".")[0] in self.packages

    # ---- statements

    def _statements(self, body: Sequence[ast.stmt]) -> None:
        for statement in body:
            self._statement(statement)

    def _statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Import):
            self._import(node)
        elif isinstance(node, ast.ImportFrom):
            self._import_from(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            self._function(node)
        else:
            if isinstance(node, ast.ClassDef):
                self.scope.hide([node.name])
            elif isinstance(node, ast.Assign):
                self._assign(node)
            # Its expressions first: `for torch in torch.chunk(x)` uses the module.
            for child in ast.iter_child_nodes(node):
                self._expressions(child)
            self.scope.hide(_targets(node))
            self._inner(node)

    def _inner(self, node: ast.AST) -> None:
        """The statements inside a statement, in order."""
        for part in ("body", "handlers", "cases", "orelse", "finalbody"):
            for child in getattr(node, part, ()):
                if isinstance(child, ast.stmt):
                    self._statement(child)
                else:  # `except ...:` and `case ...:`
                    self.scope.hide(filter(None, [getattr(child, "name", None)]))
                    self._inner(child)

    def _import(self, node: ast.Import) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            if not self._is_ours(top):
                self.scope.hide([alias.asname or top])
                continue
            self.tell(alias.name, node.lineno)
            self.scope.names[alias.asname or top] = alias.name if alias.asname else top

    def _import_from(self, node: ast.ImportFrom) -> None:
        ours = not node.level and self._is_ours(node.module or "")
        for alias in node.names:
            if alias.name == "*":
                if ours:
                    self.tell(f"{node.module}", node.lineno)
            elif ours:
                name = f"{node.module}.{alias.name}"
                self.tell(name, node.lineno)
                self.scope.names[alias.asname or alias.name] = name
            else:
                self.scope.hide([alias.asname or alias.name])

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.scope.hide([node.name])
        for part in (*node.decorator_list, node.args, node.returns):
            if part is not None:
                self._expressions(part)
        inside = Scope(self.scope)
        inside.hide(_parameters(node.args))
        self.waiting.append((inside, node.body))

    def _assign(self, node: ast.Assign) -> None:
        """`F = torch.nn.functional`, `torch = pytest.importorskip("torch")`."""
        if len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
            return
        value: ast.expr | None = node.value
        if isinstance(node.value, ast.Call) and _last_name(node.value.func) in _IMPORTERS:
            argument = node.value.args[0] if node.value.args else None
            name = argument.value if isinstance(argument, ast.Constant) else None
            if isinstance(name, str) and self._is_ours(name):
                self.tell(name, node.lineno)
                self.scope.names[node.targets[0].id] = name
            return
        name = self._dotted(value, frozenset())
        if name is not None and self.holds_more(name):
            self.scope.names.setdefault(node.targets[0].id, name)

    # ---- expressions

    def _expressions(self, root: ast.AST) -> None:
        """All names in an expression, without recursion, as long sums are deep trees."""
        stack: list[tuple[ast.AST, frozenset[str]]] = [(root, frozenset())]
        while stack:
            node, hidden = stack.pop()
            if isinstance(node, (ast.stmt, ast.excepthandler, ast.match_case)):
                continue  # which `_inner` visits
            if isinstance(node, ast.Attribute):
                name = self._dotted(node, hidden)
                if name is not None:
                    self.tell(name, node.lineno)
                    continue
                if isinstance(node.ctx, ast.Load):
                    self.tell(f".{node.attr}", node.lineno)
            elif isinstance(node, ast.Call):
                self._getattr(node, hidden)
            elif isinstance(node, ast.Lambda):
                hidden |= {*_parameters(node.args)}
            elif isinstance(node, _COMPREHENSIONS):
                hidden |= {n for part in node.generators for n in _names_in(part.target)}
            stack += [(child, hidden) for child in ast.iter_child_nodes(node)]

    def _getattr(self, node: ast.Call, hidden: frozenset[str]) -> None:
        """`getattr(torch, "add")`; one with a default expects that it may be missing."""
        if isinstance(node.func, ast.Name) and node.func.id == "getattr" and len(node.args) == 2:
            owner, name = self._dotted(node.args[0], hidden), node.args[1]
            if owner and isinstance(name, ast.Constant) and isinstance(name.value, str):
                self.tell(f"{owner}.{name.value}", node.lineno)

    def _dotted(self, node: ast.AST | None, hidden: frozenset[str]) -> str | None:
        """"torch.nn.Linear" for `nn.Linear`, if `nn` has been imported so."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name) or node.id in hidden:
            return None
        name = self.scope.find(node.id)
        return None if name is None else ".".join([name, *reversed(parts)])


def _targets(node: ast.AST) -> Iterator[str]:
    """The names that a statement gives values to."""
    for part in (*getattr(node, "targets", ()), getattr(node, "target", None)):
        yield from _names_in(part)
    for item in getattr(node, "items", ()):
        yield from _names_in(item.optional_vars)


def _names_in(target: ast.AST | None) -> Iterator[str]:
    for node in ast.walk(target) if target is not None else ():
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    for argument in (
        *arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs,
        arguments.vararg, arguments.kwarg,
    ):  # fmt: skip
        if argument is not None:
            yield argument.arg


def _last_name(node: ast.expr) -> str | None:
    return getattr(node, "attr", None) or getattr(node, "id", None)
