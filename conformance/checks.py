"""What is compared of an entry, part by part."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from entries import describe, our_variant, ours, rebased, samples
from harness import tally, told
from translate import (
    DTYPES_LEFT_OUT,
    as_exact,
    comparable,
    difference,
    leaves,
    outcome,
    title,
    translated,
    widened,
)

import rushlight

PARTS = ("forward", "gradient", "method", "inplace", "operator", "out", "errors", "dtypes")

# A check looks at a sample. It gives "" where both frameworks agree, a sentence where they do not,
# and None where there is nothing to compare, as PyTorch refuses the sample itself.
Check = Callable[[Any], str | None]


def findings_of(op: Any, limit: int | None = None) -> dict[str, dict[str, Any]]:
    """By part, how many samples were compared, left out and found different, and the first such."""
    function = ours(op)
    if function is None:
        return {"missing": tally(["no such function"])}
    found = {
        "forward": tally(over(op, torch.float32, forward(op, function), limit)),
        "gradient": tally(gradients(op, function, limit)),
        "method": variant(op, op.method_variant, limit),
        "inplace": variant(op, op.inplace_variant, limit, writes=True),
        "operator": variant(op, op.operator_variant, limit),
        "out": tally(over(op, torch.float32, into_out(op, function), limit)),
        "errors": tally(errors(op, function)),
        "dtypes": tally(dtypes(op, function, limit)),
    }
    return {part: counts for part, counts in found.items() if counts["compared"]}


def over(
    op: Any, dtype: torch.dtype, check: Check, limit: int | None, gradient: bool = False
) -> Iterable[str | None]:
    for number, sample in enumerate(samples(op, dtype, limit, gradient)):
        finding = check(sample)
        yield finding and f"sample {number} ({describe(sample)}): {finding}"


def our_call(function: Any, sample: Any, made: dict[int, Any], **keywords: Any) -> Any:
    values = [translated(v, made) for v in (sample.input, *sample.args)]
    keywords |= {k: translated(v, made) for k, v in sample.kwargs.items()}
    return function(*values, **keywords)


def their_outcome(theirs: Any, sample: Any, **more: Any) -> tuple[Any, BaseException | None]:
    torch.manual_seed(7)
    return outcome(lambda: theirs(sample.input, *sample.args, **sample.kwargs, **more))


# ---- values


def forward(op: Any, function: Any, has_ties: bool = False) -> Check:
    function, theirs = decided(op, function, has_ties), decided(op, op.op, has_ties)
    return lambda sample: compared(function, theirs, sample)


def decided(op: Any, function: Any, has_ties: bool = False) -> Any:
    """The function without what PyTorch leaves open in its result: the values of new memory, and
    the order of equal elements, of which other dtypes than float32 have many."""
    if "empty" in op.name or "resize" in op.name:
        return lambda *args, **kwargs: function(*args, **kwargs).ne(0) & False
    if has_ties and op.name in ("sort", "topk", "kthvalue", "mode"):
        return lambda *args, **kwargs: function(*args, **kwargs)[0]
    if has_ties and op.name == "argsort":
        return lambda *args, **kwargs: function(*args, **kwargs) * 0
    return function


def compared(function: Any, theirs: Any, sample: Any, writes: bool = False) -> str | None:
    """The difference between both frameworks' results of a sample, which the call may write."""
    given = copied(sample) if writes else sample
    expected, refused = their_outcome(theirs, given)
    if refused is not None or not comparable(expected):
        return None
    rushlight.manual_seed(7)
    made: dict[int, Any] = {}
    result, error = outcome(lambda: our_call(function, sample, made))
    if error is not None:
        return told(error)
    if isinstance(expected, torch.Tensor) and isinstance(given.input, torch.Tensor):
        if finding := aliasing(result, made.get(id(sample.input)), expected, given.input):
            return finding
    return distinguished(result, expected, theirs, sample)


def aliasing(result: Any, our_input: Any, expected: torch.Tensor, their_input: Any) -> str:
    """Whether a result is the input itself, or a view of it, where PyTorch's is, and only there."""
    if expected is their_input and result is not our_input:
        return "gives another tensor than the input"
    if not isinstance(result, rushlight.Tensor) or our_input is None or not result.numel():
        return ""
    if expected.is_conj() or expected.is_neg():  # which are views of PyTorch's alone
        return ""
    ours, theirs = (
        a.untyped_storage().data_ptr() == b.untyped_storage().data_ptr()
        for a, b in ((result, our_input), (expected, their_input))
    )
    if ours == theirs:
        return ""
    return f"{'shares' if ours else 'does not share'} its memory with the input"


def distinguished(result: Any, expected: Any, theirs: Any, sample: Any) -> str:
    """The difference of a sample's results, without what is left open or beyond the precision."""
    finding = difference(result, expected)
    if "not close" not in finding:
        return finding
    processed = [sample.output_process_fn_grad(value) for value in (result, expected)]
    if not difference(*processed):  # the database's words for, say, eigenvectors but for their sign
        return ""
    precise, refused = their_outcome(theirs, widened(sample))
    return "" if refused is None and as_exact(result, expected, precise) else finding


def copied(sample: Any) -> Any:
    """A sample with tensors of their own memory, of which they may be a part as before."""

    def copy(value: Any) -> Any:
        if not isinstance(value, torch.Tensor) or value.requires_grad:
            return value.clone() if isinstance(value, torch.Tensor) else value
        memory = value.untyped_storage().clone()
        place = value.storage_offset(), value.shape, value.stride()
        return torch.empty(0, dtype=value.dtype).set_(memory, *place)

    return sample.transform(copy)


def dtypes(op: Any, function: Any, limit: int | None) -> Iterable[str | None]:
    """One finding for each dtype that the entry names."""
    for dtype in sorted(op.dtypes - {torch.float32} - DTYPES_LEFT_OUT, key=str):
        counts = tally(over(op, dtype, forward(op, function, has_ties=True), limit))
        yield f"{title(dtype)}: {counts['first']}" if counts["failed"] else ""


def variant(op: Any, theirs: Any, limit: int | None, writes: bool = False) -> dict[str, Any]:
    """The method, the in-place form or the operator of an entry."""
    if theirs is None:
        return tally([])
    function = our_variant(op, theirs)
    if function is None:
        return tally([f"Tensor has no {theirs.__name__}"])

    def check(sample: Any) -> str | None:
        if writes and (sample.broadcasts_input or not isinstance(sample.input, torch.Tensor)):
            return None
        return compared(decided(op, function), decided(op, theirs), sample, writes=writes)

    return tally(over(op, torch.float32, check, limit))


def into_out(op: Any, function: Any) -> Check:
    """The function with an `out=` of the result's shape and dtype."""

    def check(sample: Any) -> str | None:
        expected, refused = their_outcome(op.op, sample)
        targets = list(leaves(expected))
        if refused is not None or not targets or not op.supports_out:
            return None
        single = isinstance(expected, torch.Tensor)
        theirs = [torch.zeros_like(t) for t in targets]
        _, refused = their_outcome(op.op, sample, out=theirs[0] if single else tuple(theirs))
        if refused is not None:
            return None
        made = [
            rushlight.zeros(list(t.shape), dtype=getattr(rushlight, title(t.dtype)))
            for t in targets
        ]
        rushlight.manual_seed(7)
        out = made[0] if single else tuple(made)
        result, error = outcome(lambda: our_call(function, sample, {}, out=out))
        if error is not None:
            return told(error)
        if any(one is not other for one, other in zip(leaves(result), made, strict=True)):
            return "gives other tensors than out"
        return "" if "empty" in op.name else distinguished(result, expected, op.op, sample)

    return check


# ---- errors


def errors(op: Any, function: Any) -> Iterable[str | None]:
    """Whether what PyTorch refuses is refused with its type of error."""
    if op.error_inputs_func is None:
        return
    for number, bad in enumerate(op.error_inputs("cpu")):
        sample = bad.sample_input
        given, untold = outcome(lambda s=sample: our_call(_collected, s, {}))
        _, refused = their_outcome(op.op, sample)
        if refused is None or untold is not None:
            yield None  # what has no counterpart: 65 dimensions, say
            continue
        args, keywords = given
        _, error = outcome(lambda a=args, k=keywords: function(*a, **k))
        if error is None:
            yield f"error {number} ({describe(sample)}): taken, not {type(refused).__name__}"
        elif not isinstance(error, type(refused)):
            yield f"error {number} ({describe(sample)}): {told(error)} instead of {told(refused)}"
        else:
            yield ""


def _collected(*args: Any, **keywords: Any) -> Any:
    return args, keywords


# ---- gradients


def gradients(op: Any, function: Any, limit: int | None) -> Iterable[str | None]:
    if not op.supports_autograd:
        return
    for dtype in (torch.float32, torch.complex64):
        if dtype in op.supported_backward_dtypes("cpu"):
            yield from over(op, dtype, gradient(op, function), limit, gradient=True)


def as_leaf(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.requires_grad:
        return value.detach().requires_grad_()
    return value


def differentiated(op: Any, sample: Any) -> tuple[list[Any], list[Any]]:
    """The inputs of PyTorch's call of a sample, and its results, that require gradients."""
    tensors = [t for t in leaves([sample.input, sample.args, sample.kwargs]) if t.requires_grad]
    expected, refused = their_outcome(wrapped(op, op.op), sample)
    if refused is not None:
        return [], []
    results = leaves(sample.output_process_fn_grad(expected))
    return tensors, [t for t in results if t.requires_grad]


def wrapped(op: Any, function: Any) -> Any:
    """The function as the database differentiates it: of a triangular matrix, say, where it reads
    one triangle, as the gradient of the other is left open."""
    wrapper = op.gradcheck_wrapper
    words = " ".join((wrapper.__name__, *wrapper.__code__.co_names))
    if "hermitian_input" not in words and "triangular_input" not in words:
        return function
    if function is not op.op:
        wrapper = rebased(wrapper)
    return lambda *args, **kwargs: wrapper(function, *args, **kwargs)


def gradient(op: Any, function: Any) -> Check:
    def check(sample: Any) -> str | None:
        sample = sample.transform(as_leaf)
        tensors, differentiable = differentiated(op, sample)
        if not differentiable or not tensors:
            return None
        seeds = [torch.randn_like(t) for t in differentiable]
        known, refused = outcome(
            lambda: torch.autograd.grad(differentiable, tensors, seeds, allow_unused=True)
        )
        if refused is not None:
            return None
        found, error = outcome(lambda: our_gradients(op, function, sample, tensors, seeds))
        if error is not None:
            return told(error)
        for mine, theirs in zip(found, known, strict=True):
            if (mine is None) != (theirs is None):
                if theirs is None and any(t.numel() == 0 for t in tensors):
                    continue  # an operand without elements may leave PyTorch's undefined
                return "a gradient where PyTorch has none" if theirs is None else "no gradient"
            if theirs is not None and (finding := difference(mine, theirs)):
                inputs, outputs = differentiated(op, widened(sample))
                wide = [s.to(o.dtype) for s, o in zip(seeds, outputs, strict=True)]
                exact = torch.autograd.grad(outputs, inputs, wide, allow_unused=True)
                if "not close" not in finding or not as_exact(found, known, exact):
                    return finding
        return ""

    return check


def our_gradients(
    op: Any, function: Any, sample: Any, tensors: list[Any], seeds: list[Any]
) -> Any:
    made: dict[int, Any] = {}
    rushlight.manual_seed(7)
    result = our_call(wrapped(op, function), sample, made)
    processed, failed = outcome(lambda: sample.output_process_fn_grad(result))
    results = [t for t in leaves(result if failed else processed) if t.requires_grad]
    if len(results) != len(seeds):
        raise AssertionError(f"{len(results)} results require gradients instead of {len(seeds)}")
    return rushlight.autograd.grad(
        results, [made[id(t)] for t in tensors], translated(seeds, {}), allow_unused=True
    )
