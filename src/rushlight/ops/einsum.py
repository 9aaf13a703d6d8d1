"""Sums of products over subscripts: `einsum`, in an order of contractions that costs least."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import combinations
from math import prod
from typing import Any

from ..dtype import HALVES
from ..errors import OperationError
from ..tensor import Tensor
from .common import check_same_device
from .declare import operation
from .matmul import matmul
from .promotion import of_one_dtype
from .views import diagonal

# A subscript is a letter, or for a dimension of an ellipsis its number from the right.
Labels = tuple[Any, ...]
_EXHAUSTIVE = 5  # operands up to which all orders of contractions are compared


@operation(method=False)
def einsum(equation: Any, *operands: Any) -> Tensor:
    """The sum of products of the operands' elements over the subscripts that the result lacks.

    "ij,jk->ik" is the matrix product; without "->" the result has the subscripts that occur once,
    in alphabetical order. "..." stands for the other dimensions, which broadcast. The subscripts
    may also be given as lists of numbers: `einsum(a, [0, 1], b, [1, 2], [0, 2])`.

    >>> import rushlight as torch
    >>> torch.einsum("ij,j->i", torch.ones(2, 3), torch.ones(3))
    tensor([3., 3.])
    """
    if isinstance(equation, Tensor):
        equation, operands = _from_lists((equation, *operands))
    elif len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not isinstance(equation, str):
        raise TypeError(f"einsum(): argument 'equation' must be str, not {type(equation).__name__}")
    if not operands:
        raise OperationError("einsum(): must provide at least one operand")
    for i, x in enumerate(operands):
        if not isinstance(x, Tensor):
            raise TypeError(f"einsum(): operand {i} must be Tensor, not {type(x).__name__}")
    check_same_device("einsum", *operands)
    terms, output = _parse(equation, tuple([x.array.ndim for x in operands]))
    shapes = tuple([x.array.shape for x in operands])
    sizes = dict(_sizes(terms, shapes))
    if any(x.array.dtype != operands[0].array.dtype for x in operands):
        operands = tuple(of_one_dtype(*operands))
    if operands[0].array.dtype in HALVES and len(operands) > 2:
        wide = einsum(equation, *(x.float() for x in operands))
        return wide.to(operands[0].dtype)
    keep = Counter(label for term in terms for label in set(term))
    keep.update(output)
    prepared = [
        _prepared(x, labels, sizes, keep) for x, labels in zip(operands, terms, strict=True)
    ]
    if len(prepared) == 1:
        return _arranged(*prepared[0], output)
    lengths = tuple(sizes.items())
    for i, j in _path(tuple([labels for _, labels in prepared]), lengths, output):
        second, first = prepared.pop(j), prepared.pop(i)
        wanted = {*output, *(label for _, labels in prepared for label in labels)}
        prepared.append(_contracted(*first, *second, wanted, () if prepared else output))
    return _arranged(*prepared[0], output)


# ---- subscripts


def _from_lists(arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
    """The equation of operands and lists of numbers in turn, and perhaps a last list."""
    has_output = len(arguments) % 2 == 1
    operands = arguments[: len(arguments) - has_output : 2]
    terms = [_term(subscripts) for subscripts in arguments[1 : 2 * len(operands) : 2]]
    equation = ",".join(terms)
    return equation + "->" + _term(arguments[-1]) if has_output else equation, operands


def _term(subscripts: Any) -> str:
    if not isinstance(subscripts, (list, tuple)):
        raise TypeError(
            "einsum(): subscripts must be a list of numbers after each operand, not "
            f"{type(subscripts).__name__}"
        )
    letters = ""
    for number in subscripts:
        if number is Ellipsis:
            letters += "..."
        elif isinstance(number, int) and 0 <= number < 52:
            letters += chr(ord("A") + number) if number < 26 else chr(ord("a") + number - 26)
        else:
            raise ValueError(
                f"einsum(): not the expected type or value for subscript {number!r}: integers must "
                "be in [0, 52), besides them Ellipsis"
            )
    return letters


@lru_cache(maxsize=512)
def _parse(equation: str, ndims: tuple[int, ...]) -> tuple[tuple[Labels, ...], Labels]:
    """The subscripts of each operand and of the result."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    texts = left.split(",")
    if len(texts) != len(ndims):
        which = "more" if len(texts) < len(ndims) else "fewer"
        raise OperationError(
            f"einsum(): {which} operands were provided than specified in the equation: "
            f"{len(ndims)} for {equation!r}"
        )
    terms = []
    for number, (text, ndim) in enumerate(zip(texts, ndims, strict=True)):
        letters = _letters(text, equation)
        others = ndim - len(letters.replace("...", ""))
        if others < 0 or others and "..." not in letters:
            raise OperationError(
                f"einsum(): the number of subscripts in the equation "
                f"({len(letters.replace('...', ''))}) "
                + (
                    f"is more than the number of dimensions ({ndim}) for operand {number}"
                    if "..." in letters
                    else f"does not match the number of dimensions ({ndim}) for operand {number} "
                    "and no ellipsis was given"
                )
            )
        terms.append(_labels(letters, others))
    count = Counter(label for term in terms for label in term)
    others = 1 + max((label for label in count if isinstance(label, int)), default=-1)
    if not arrow:
        once = sorted(label for label, n in count.items() if n == 1 and isinstance(label, str))
        return tuple(terms), (*range(others - 1, -1, -1), *once)
    output = _labels(_letters(right, equation), others)
    for label, n in Counter(output).items():
        if n > 1:
            raise OperationError(
                f"einsum(): output subscript {label} appears more than once in the output"
            )
        if label not in count:
            raise OperationError(
                f"einsum(): output subscript {label} does not appear in the equation for any input "
                "operand"
            )
    return tuple(terms), output


def _letters(text: str, equation: str) -> str:
    letters = text.replace("...", "")
    if not letters.isascii() or letters and not letters.isalpha():
        wrong = next(c for c in letters if not (c.isascii() and c.isalpha()))
        where = equation.find(wrong)
        if wrong == ".":
            raise OperationError(
                f"einsum(): found '.' at index {where} of {equation!r} that is not part of any "
                "ellipsis"
            )
        raise OperationError(
            f"einsum(): invalid subscript given at index {where} in the equation string "
            f"{equation!r}, subscripts must be in [a-zA-Z]"
        )
    if text.count("...") > 1:
        raise OperationError(
            f"einsum(): found '.' in {equation!r} for which an ellipsis was already found"
        )
    return text


def _labels(letters: str, others: int) -> Labels:
    before, found, after = letters.partition("...")
    return (*before, *(range(others - 1, -1, -1) if found else ()), *after)


@lru_cache(maxsize=512)
def _sizes(
    terms: tuple[Labels, ...], shapes: tuple[tuple[int, ...], ...]
) -> tuple[tuple[Any, int], ...]:
    """The size of each subscript; of length 1 it broadcasts."""
    sizes: dict[Any, int] = {}
    for number, (labels, shape) in enumerate(zip(terms, shapes, strict=True)):
        seen: dict[Any, int] = {}
        for label, n in zip(labels, shape, strict=True):
            if seen.setdefault(label, n) != n:
                raise OperationError(
                    f"einsum(): subscript {label} is repeated for operand {number} but the sizes "
                    f"don't match, {n} != {seen[label]}"
                )
            known = sizes.get(label, 1)
            if known != n and 1 not in (known, n):
                raise OperationError(
                    f"einsum(): subscript {'of the ellipsis' if isinstance(label, int) else label} "
                    f"has size {n} for operand {number} which does not broadcast with previously "
                    f"seen size {known}"
                )
            sizes[label] = n if known == 1 else known
    return tuple(sizes.items())


# ---- the order of contractions


@lru_cache(maxsize=512)
def _path(
    terms: tuple[Labels, ...], sizes: tuple[tuple[Any, int], ...], output: Labels
) -> tuple[tuple[int, int], ...]:
    """Which two operands to contract in each step; the result comes last."""
    lengths, found = dict(sizes), tuple(map(frozenset, terms))
    if len(terms) <= _EXHAUSTIVE:
        return _cheapest(found, lengths, frozenset(output))[1]
    path = []
    while len(found) > 1:
        pairs = combinations(range(len(found)), 2)
        i, j = min(pairs, key=lambda pair: _gain(found, pair, lengths, frozenset(output)))
        path.append((i, j))
        found = _joined(found, i, j, frozenset(output))
    return tuple(path)


def _cheapest(terms: Any, lengths: Any, output: Any) -> tuple[int, tuple[tuple[int, int], ...]]:
    if len(terms) == 1:
        return 0, ()
    best: tuple[int, tuple[tuple[int, int], ...]] | None = None
    for i, j in combinations(range(len(terms)), 2):
        rest, path = _cheapest(_joined(terms, i, j, output), lengths, output)
        cost = rest + prod(lengths[label] for label in terms[i] | terms[j])
        if best is None or cost < best[0]:
            best = cost, ((i, j), *path)
    assert best is not None
    return best


def _gain(terms: Any, pair: tuple[int, int], lengths: Any, output: Any) -> tuple[int, int]:
    """By how much memory grows with a contraction, and what it costs: the least comes first."""
    i, j = pair
    made = prod(lengths[label] for label in _joined(terms, i, j, output)[-1])
    gone = sum(prod(lengths[label] for label in terms[k]) for k in (i, j))
    return made - gone, prod(lengths[label] for label in terms[i] | terms[j])


def _joined(terms: Any, i: int, j: int, output: Any) -> Any:
    others = [term for k, term in enumerate(terms) if k not in (i, j)]
    return (*others, (terms[i] | terms[j]) & output.union(*others))


# ---- contractions


def _prepared(x: Tensor, labels: Labels, sizes: Any, keep: Any) -> tuple[Tensor, Labels]:
    """An operand with each subscript once, without those that it alone has or that broadcast.

    A sum of an operand alone is `sum`'s, which makes int64 of smaller whole numbers.
    """
    while len(set(labels)) < len(labels):
        label = next(label for label in labels if labels.count(label) > 1)
        first = labels.index(label)
        second = labels.index(label, first + 1)
        x = diagonal(x, 0, first, second)
        labels = (*labels[:first], *labels[first + 1 : second], *labels[second + 1 :], label)
    summed = [i for i, label in enumerate(labels) if keep[label] == 1]
    if summed:
        x = x.sum(summed)
        labels = tuple([label for label in labels if keep[label] != 1])
    repeated = [i for i, label in enumerate(labels) if x.array.shape[i] == 1 != sizes[label]]
    if repeated:
        x = x.squeeze(tuple(repeated))
        labels = tuple([label for i, label in enumerate(labels) if i not in repeated])
    return x, labels


def _arranged(x: Tensor, labels: Labels, wanted: Labels) -> Tensor:
    if labels == wanted:
        return x
    return x.permute([labels.index(label) for label in wanted])


def _contracted(
    a: Tensor, of_a: Labels, b: Tensor, of_b: Labels, wanted: set[Any], output: Labels
) -> tuple[Tensor, Labels]:
    """The product of two operands, summed over what both have and nobody else wants."""
    batch = tuple([label for label in of_a if label in of_b and label in wanted])
    summed = tuple([label for label in of_a if label in of_b and label not in wanted])
    # What only one has and broadcasting has left is wanted, or is summed now.
    a, of_a = _without(a, of_a, of_b, wanted)
    b, of_b = _without(b, of_b, of_a, wanted)
    left = tuple([label for label in of_a if label not in of_b])
    right = tuple([label for label in of_b if label not in of_a])
    if output and left and right and output.index(right[0]) < output.index(left[0]):
        return _contracted(b, of_b, a, of_a, wanted, ())
    if not summed:
        a = _arranged(a, of_a, batch + left)
        b = _arranged(b, of_b, batch + right)
        if right:
            a = a.reshape(*a.array.shape, *(1 for _ in right))
        if left and right:
            shape = b.array.shape
            b = b.reshape(*shape[: len(batch)], *(1 for _ in left), *shape[len(batch) :])
        elif left:
            b = b.reshape(*b.array.shape, *(1 for _ in left))
        return a * b, batch + left + right
    sizes_a, sizes_b = dict(zip(of_a, a.array.shape)), dict(zip(of_b, b.array.shape))  # noqa: B905
    shape = [sizes_a[label] for label in batch]
    depth = prod(sizes_a[label] for label in summed)
    rows = [sizes_a[label] for label in left]
    columns = [sizes_b[label] for label in right]
    first = _arranged(a, of_a, batch + left + summed)
    second = _arranged(b, of_b, batch + summed + right)
    if len(left) != 1 or len(summed) != 1:
        first = first.reshape(*shape, prod(rows), depth)
    if len(right) != 1 or len(summed) != 1:
        second = second.reshape(*shape, depth, prod(columns))
    if first.array.dtype != second.array.dtype:
        first, second = of_one_dtype(first, second)
    product = matmul(first, second)
    if len(left) != 1 or len(right) != 1:
        product = product.reshape(*shape, *rows, *columns)
    return product, batch + left + right


def _without(x: Tensor, labels: Labels, others: Labels, wanted: set[Any]) -> tuple[Tensor, Labels]:
    gone = [i for i, label in enumerate(labels) if label not in others and label not in wanted]
    if not gone:
        return x, labels
    kept = tuple([label for i, label in enumerate(labels) if i not in gone])
    return x.sum(gone), kept
