"""How many floating-point operations a program takes, by module."""

from __future__ import annotations

from collections import defaultdict
from contextlib import ExitStack
from typing import Any, Self

from ..kernels.intercept import Call, each_call
from ..nn.global_hooks import register_module_forward_hook, register_module_forward_pre_hook

__all__ = ["FlopCounterMode"]


class FlopCounterMode:
    """Counts inside a `with`: two for each multiply-add of matrix products, convolutions and
    attention, forward and backward, whoever asks for them.

    `display` prints a table at the end, down to modules `depth` deep. Backward's are those of
    "Global" alone.

    >>> import rushlight as torch
    >>> from rushlight.utils.flop_counter import FlopCounterMode
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    >>> with FlopCounterMode(display=False) as counter:
    ...     loss = net(torch.ones(3, 4)).sum()
    >>> counter.get_total_flops()
    288
    >>> counter.get_flop_counts()["Sequential.0"]
    {'linear': 192}
    """

    def __init__(
        self, mods: Any = None, depth: int = 2, display: bool = True, custom_mapping: Any = None
    ) -> None:
        self.depth, self.display = depth, display
        self.flop_counts: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self._paths: list[str] = []

    def __enter__(self) -> Self:
        self.flop_counts.clear()
        self._names: dict[int, str] = {}  # of the modules inside the outermost one
        with ExitStack() as stack:
            stack.enter_context(each_call(self._note))
            for hook in (
                register_module_forward_pre_hook(self._enter),
                register_module_forward_hook(self._leave, always_call=True),
            ):
                stack.callback(hook.remove)
            self._exit = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._exit.close()
        if self.display:
            print(self.get_table(self.depth))

    def _enter(self, module: Any, args: Any) -> None:
        if not self._paths:
            root = type(module).__name__
            self._names = {
                id(m): f"{root}.{name}".rstrip(".") for name, m in module.named_modules()
            }
        self._paths.append(self._names.get(id(module), type(module).__name__))

    def _leave(self, module: Any, args: Any, result: Any) -> None:
        self._paths.pop()

    def _note(self, call: Call) -> Any:
        result = call.run()
        flops = 2 * call.multiply_adds(result)
        if flops:
            for path in ("Global", *dict.fromkeys(self._paths)):
                self.flop_counts[path][call.name] += flops
        return result

    def get_total_flops(self) -> int:
        """All of them."""
        return sum(self.flop_counts["Global"].values())

    def get_flop_counts(self) -> dict[str, dict[str, int]]:
        """Those of each module, by kernel; "Global" are all."""
        return {path: dict(counts) for path, counts in self.flop_counts.items()}

    def get_table(self, depth: int | None = None) -> str:
        """A table of modules, their operations, and their part of all."""
        deepest = self.depth if depth is None else depth
        total = self.get_total_flops()
        rows = [("Module", "FLOP", "% Total")]
        for path, counts in self.flop_counts.items():
            level = 0 if path == "Global" else path.count(".") + 1
            if level <= deepest:
                flops = sum(counts.values())
                share = f"{flops / total:.2%}" if total else "0.00%"
                rows.append((" " * level + path, f"{flops:,}", share))
                rows += [(" " * level + f" - {name}", f"{n:,}", f"{n / total:.2%}")
                         for name, n in counts.items()]  # fmt: skip
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows]
        return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])
