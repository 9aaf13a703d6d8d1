"""Samples to a batch: tensors, arrays and numbers are stacked, containers are collated inside."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

import rushlight

from ...tensor import Tensor

CollateMap = dict[type | tuple[type, ...], Callable[..., Any]]

_NOT_COLLATABLE = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)


def default_convert(data: Any) -> Any:
    """NumPy arrays and scalars to tensors, inside of dictionaries and sequences too.

    What a loader does to each sample when `batch_size=None`. Tuples become lists.

    >>> import numpy as np
    >>> from rushlight.utils.data import default_convert
    >>> default_convert({"x": np.array([0, 1]), "name": "a"})
    {'x': tensor([0, 1]), 'name': 'a'}
    """
    if isinstance(data, np.ndarray):
        return data if data.dtype.kind in "OSU" else rushlight.as_tensor(data)
    if isinstance(data, np.generic) and not isinstance(data, np.character):
        return rushlight.as_tensor(data)
    if isinstance(data, Mapping):
        return _like_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _like_sequence(data, [default_convert(item) for item in data])
    return data


def default_collate(batch: Any) -> Any:
    """A list of samples as one batch, with a new first dimension.

    Tensors, arrays and numbers become tensors (a float becomes float64, as in PyTorch), strings
    stay; dictionaries, named tuples and sequences keep their type and hold the collated values,
    tuples become lists. RuntimeError for sequences of unequal length and for tensors of unequal
    size, TypeError for anything else, such as an image that no transform turned into a tensor.

    >>> from rushlight.utils.data import default_collate
    >>> default_collate([(1, "a"), (2, "b")])
    [tensor([1, 2]), ('a', 'b')]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)


def collate(batch: Any, *, collate_fn_map: CollateMap | None = None) -> Any:
    """`default_collate` with a table of one's own: type (or types) -> fn(batch, collate_fn_map=).

    An exact type goes before the first entry that the sample is an instance of.
    """
    sample = batch[0]
    functions = collate_fn_map or {}
    for key in _matching_keys(sample, functions):
        return functions[key](batch, collate_fn_map=collate_fn_map)

    def inner(samples: Sequence[Any]) -> Any:
        return collate(samples, collate_fn_map=collate_fn_map)

    if isinstance(sample, Mapping):
        return _like_mapping(sample, {key: inner([s[key] for s in batch]) for key in sample})
    if isinstance(sample, Sequence):
        if any(len(s) != len(sample) for s in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        return _like_sequence(sample, [inner(column) for column in zip(*batch, strict=True)])
    message = _NOT_COLLATABLE.format(type(sample))
    if type(sample).__module__.startswith("PIL."):
        message += "; give the dataset transform=transforms.ToTensor() to make tensors of images"
    raise TypeError(message)


def _matching_keys(sample: Any, collate_fn_map: CollateMap) -> list[type | tuple[type, ...]]:
    if type(sample) in collate_fn_map:
        return [type(sample)]
    return [key for key in collate_fn_map if isinstance(sample, key)]


def _like_mapping(original: Mapping[Any, Any], values: dict[Any, Any]) -> Any:
    # A copy keeps whatever else a subclass holds (the factory of a defaultdict).
    try:
        if isinstance(original, MutableMapping):
            clone = copy.copy(original)
            clone.update(values)
            return clone
        make: Any = type(original)
        return make(values)
    except TypeError:  # no copy, or a constructor with other arguments
        return values


def _like_sequence(original: Sequence[Any], values: list[Any]) -> Any:
    if isinstance(original, tuple):
        return type(original)(*values) if hasattr(original, "_fields") else values
    try:
        if isinstance(original, MutableSequence):
            clone = copy.copy(original)
            for i, value in enumerate(values):
                clone[i] = value
            return clone
        make: Any = type(original)
        return make(values)
    except TypeError:  # no copy, no assignment, or (like range) a constructor of its own
        return values


def collate_tensor_fn(batch: Sequence[Tensor], *, collate_fn_map: Any = None) -> Tensor:
    return rushlight.stack(list(batch), 0)


def collate_numpy_array_fn(batch: Sequence[Any], *, collate_fn_map: Any = None) -> Any:
    if batch[0].dtype.kind in "OSU":
        raise TypeError(_NOT_COLLATABLE.format(batch[0].dtype))
    return collate([rushlight.as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Sequence[Any], *, collate_fn_map: Any = None) -> Tensor:
    return rushlight.as_tensor(np.array(batch))


def collate_float_fn(batch: Sequence[float], *, collate_fn_map: Any = None) -> Tensor:
    return rushlight.tensor(batch, dtype=rushlight.float64)


def collate_int_fn(batch: Sequence[int], *, collate_fn_map: Any = None) -> Tensor:
    return rushlight.tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: Any = None) -> Any:
    return batch


# Programs add their own types to this table, as to PyTorch's of the same name.
default_collate_fn_map: CollateMap = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}
