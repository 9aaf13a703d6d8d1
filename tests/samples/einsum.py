"""Rows of rushlight/ops/einsum.py."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .core import Array, Invalid, Op, Sample, Values

EQUATIONS: tuple[tuple[str, tuple[tuple[int, ...], ...]], ...] = (
    ("ij,jk->ik", ((2, 3), (3, 4))),
    ("ij,jk->ki", ((2, 3), (3, 4))),
    ("bij,bjk->bik", ((5, 2, 3), (5, 3, 4))),
    ("bhqd,bhkd->bhqk", ((2, 3, 4, 5), (2, 3, 6, 5))),
    ("ij->ji", ((2, 3),)),
    ("ii->i", ((3, 3),)),
    ("ii", ((3, 3),)),
    ("ij,ij->", ((2, 3), (2, 3))),
    ("i,j->ji", ((2,), (3,))),
    ("i,i->i", ((3,), (3,))),
    ("...ij,...jk->...ik", ((2, 1, 2, 3), (5, 3, 4))),
    ("i...,j...->...", ((2, 3), (4, 3))),
    ("ij,jk,kl->il", ((2, 3), (3, 4), (4, 5))),
    ("ij,jk,kl,lm,mn,no->io", ((2, 3), (3, 4), (4, 5), (5, 2), (2, 3), (3, 2))),
    ("iij,jk->ik", ((3, 3, 2), (2, 4))),
    ("ij,kl->", ((2, 3), (4, 5))),
    ("ba, a", ((2, 3), (3,))),
    ("ijk,jil->kl", ((3, 4, 5), (4, 3, 2))),
    ("ab,b->a", ((1, 3), (3,))),
    ("ij,jk->ik", ((2, 0), (0, 3))),
)


def _samples(v: Values) -> Iterator[Sample]:
    for equation, shapes in EQUATIONS:
        yield Sample(equation, *(v.normal(*shape) for shape in shapes))
    yield Sample("ij,jk->ik", v.complex(2, 3), v.complex(3, 2))
    for equation, shapes in (("ik,j->ij", ((2, 3), (4,))), ("ik,ij->j", ((2, 3), (2, 4)))):
        yield Sample(equation, *(v.integers(0, 9, *shape) for shape in shapes))
    yield Sample("ij,jk", [v.normal(2, 3), v.normal(3, 2)])
    for equation, shapes, problem in (
        ("ij,jk", ((2, 3),), "fewer operands were provided than specified in the equation"),
        ("ij", ((2, 3), (3,)), "more operands were provided than specified in the equation"),
        ("ijk", ((2, 3),), r"\(3\) does not match the number of dimensions \(2\) for operand 0"),
        ("ij->k", ((2, 3),), "output subscript k does not appear in the equation"),
        ("ij->ii", ((2, 3),), "output subscript i appears more than once in the output"),
        ("ij,jk", ((2, 3), (2, 3)), "subscript j has size 2 for operand 1 which does not"),
        ("ii", ((2, 3),), "subscript i is repeated for operand 0 but the sizes don't match"),
        ("i1", ((2, 3),), "invalid subscript given at index 1 in the equation string"),
        ("i.", ((2, 3),), "found '.' .*that is not part of any ellipsis"),
    ):
        yield Invalid(equation, *(v.normal(*shape) for shape in shapes), raises=RuntimeError,
                      match=problem)


def _lists(v: Values) -> Iterator[Sample]:
    yield Sample(v.normal(2, 3), [0, 1], v.normal(3, 4), [1, 2], [2, 0])
    yield Sample(v.normal(2, 3), [..., 1], v.normal(3), [1])


def _reference(equation: str, *operands: Array) -> Array:
    given = operands[0] if isinstance(operands[0], list) else operands
    return np.asarray(np.einsum(equation, *given))


def _of_lists(*arguments: object) -> Array:
    return np.asarray(np.einsum(*arguments))


ops = [
    Op("einsum", _samples, _reference, composite=True, tolerance=1e-4),
    Op("einsum of lists", _lists, _of_lists, call=lambda library: library.einsum,
       composite=True),
]  # fmt: skip
