"""The types of results whose parts have names: `torch.return_types`.

The operations put them here. They are named tuples, with PyTorch's `repr`.

>>> import rushlight as torch
>>> result = torch.max(torch.tensor([[1.0, 3.0]]), 1)
>>> result
torch.return_types.max(
values=tensor([3.]),
indices=tensor([1]))
>>> isinstance(result, torch.return_types.max)
True
"""

from __future__ import annotations

from typing import Any


def named(name: str, base: Any) -> Any:
    """The type `name`, with the fields of the named tuple `base`."""

    def shown(self: Any) -> str:
        parts = [f"{field}={value!r}" for field, value in zip(self._fields, self, strict=True)]
        return f"torch.return_types.{name}(\n" + ",\n".join(parts) + ")"

    count = len(base._fields)
    body = {
        "__slots__": (), "__repr__": shown, "__doc__": base.__doc__, "__module__": __name__,
        "n_fields": count, "n_sequence_fields": count, "n_unnamed_fields": 0,
    }  # fmt: skip
    globals()[name] = type(name, (base,), body)
    return globals()[name]
