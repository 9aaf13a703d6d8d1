"""What is compared of a module, part by part."""

from __future__ import annotations

import copy
import pickle
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import numpy as np
import torch
from entries import describe
from harness import tally, told
from torch.testing._internal.common_utils import noncontiguous_like
from torch.utils._pytree import tree_map
from translate import as_exact, back, difference, leaves, outcome, title, translated

import rushlight

PARTS = (
    "initial", "forward", "gradient", "strided", "state", "copies", "replay", "errors", "dtypes",
)  # fmt: skip
MODES = (True, False)  # in training, in evaluation
MOST = 100  # samples of a module in a mode and a dtype: LinearCrossEntropyLoss has 857

# A check looks at a sample of a module in training or in evaluation. It gives "" where both
# frameworks agree, a sentence where they do not, and None where there is nothing to compare.
Check = Callable[[Any, bool], str | None]


def findings_of(info: Any, limit: int | None = None) -> dict[str, dict[str, Any]]:
    """By part, how many samples were compared, left out and found different, and the first such."""
    if not hasattr(rushlight.nn, info.module_cls.__name__):
        return {"missing": tally(["no such module"])}
    checks = {
        "initial": initial, "forward": forward, "gradient": gradient, "strided": strided,
        "state": state, "copies": copies,
    }  # fmt: skip
    found = {
        part: tally(over(info, torch.float32, check, limit)) for part, check in checks.items()
    }
    found["replay"] = tally(replays(info, limit))
    found["errors"] = tally(errors(info))
    found["dtypes"] = tally(dtypes(info, limit))
    return {part: counts for part, counts in found.items() if counts["compared"]}


def samples(info: Any, dtype: torch.dtype, training: bool, limit: int | None) -> Iterator[Any]:
    """The first samples of a module, always the same ones."""
    made = info.module_inputs_func(
        info, device="cpu", dtype=dtype, requires_grad=True, training=training
    )
    return islice(made, limit or MOST)


def over(info: Any, dtype: torch.dtype, check: Check, limit: int | None) -> Iterator[str | None]:
    for training in MODES:
        torch.manual_seed(0)
        for number, sample in enumerate(samples(info, dtype, training, limit)):
            given = Sample(info, sample, dtype)
            finding = check(given, training)
            mode = "training" if training else "evaluation"
            yield finding and f"sample {number} in {mode} ({given}): {finding}"


class Sample:
    """A module of the database with its input, for either framework."""

    def __init__(self, info: Any, sample: Any, dtype: torch.dtype) -> None:
        self.info, self.dtype = info, dtype
        self.constructor, self.input = sample.constructor_input, sample.forward_input

    def __str__(self) -> str:
        return f"{arguments(self.constructor)}, called with {arguments(self.input)}"

    def pair(self, training: bool) -> tuple[Any, Any]:
        """PyTorch's module and ours, with the same parameters."""
        theirs = self.theirs(training)
        mine = self.ours(training)
        if self.info.is_lazy:
            for module, call in ((theirs, self.their_call), (mine, self.our_call)):
                call(module)
        mine.load_state_dict({k: from_torch(v) for k, v in theirs.state_dict().items()})
        return theirs, mine

    def theirs(self, training: bool) -> Any:
        torch.manual_seed(3)
        module = self.info.module_cls(*self.constructor.args, **self.constructor.kwargs)
        return module.to(self.dtype).train(training)

    def ours(self, training: bool) -> Any:
        args, kwargs = ours_of((self.constructor.args, self.constructor.kwargs))
        rushlight.manual_seed(3)
        module = getattr(rushlight.nn, self.info.module_cls.__name__)(*args, **kwargs)
        return module.to(getattr(rushlight, title(self.dtype))).train(training)

    def their_whole(self, training: bool) -> Any:
        module = self.theirs(training)
        return module if self.input is None else self.their_call(module)

    def whole(self, training: bool) -> Any:
        """Ours made and, where there is an input, called."""
        module = self.ours(training)
        return module if self.input is None else self.our_call(module)

    def their_call(self, module: Any, change: Any = None) -> Any:
        """The inputs that require gradients, as leaves, and the results."""
        torch.manual_seed(7)
        given = (self.input.args, dict(self.input.kwargs))
        made: dict[int, Any] = {}  # an input that is given twice is one leaf
        args, kwargs = tree_map(
            lambda value: made.setdefault(id(value), as_leaf(value)),
            given if change is None else change(given),
        )
        wanted = [t for t in leaves([args, kwargs]) if t.requires_grad]
        # A leaf that requires a gradient must not be written: what writes gets copies.
        args, kwargs = tree_map(passed_on, (args, kwargs))
        return wanted, module(*args, **kwargs)

    def our_call(self, module: Any, change: Any = None) -> Any:
        given = (self.input.args, dict(self.input.kwargs))
        args, kwargs = ours_of(given if change is None else change(given))
        rushlight.manual_seed(7)
        wanted = [t for t in leaves([args, kwargs]) if t.requires_grad]
        args, kwargs = passed(args), passed(kwargs)
        return wanted, module(*args, **kwargs)


def arguments(given: Any) -> str:
    has_some = given is not None and (given.args or given.kwargs)
    return describe(Described(given)) if has_some else "nothing"


class Described:
    """The arguments of a module as `describe` takes those of an operator."""

    def __init__(self, given: Any) -> None:
        self.input, *self.args = given.args or ("",)
        self.kwargs = given.kwargs


def as_leaf(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.requires_grad:
        return value.detach().requires_grad_()
    return value


def passed_on(value: Any) -> Any:
    differentiable = isinstance(value, torch.Tensor) and value.requires_grad
    return value.clone() if differentiable else value


def passed(value: Any) -> Any:
    """Ours of `passed_on`."""
    if isinstance(value, rushlight.Tensor):
        return value.clone() if value.requires_grad else value
    if isinstance(value, dict):
        return {key: passed(part) for key, part in value.items()}
    return type(value)(map(passed, value)) if isinstance(value, (tuple, list)) else value


def from_torch(value: torch.Tensor) -> Any:
    return translated(value.detach(), {})


def ours_of(value: Any) -> Any:
    """Translated arguments; a layer of a transformer is built anew from what it shows of itself."""
    if isinstance(value, (torch.nn.TransformerEncoderLayer, torch.nn.TransformerDecoderLayer)):
        return our_layer(value)
    if isinstance(value, (tuple, list)) and not hasattr(value, "_fields"):
        if any(isinstance(part, torch.nn.Module) for part in value):
            return type(value)(map(ours_of, value))
        made: dict[Any, Any] = {}
        return type(value)(
            ours_of(v) if isinstance(v, (tuple, dict)) else translated(v, made) for v in value
        )
    return translated(value, {})


def our_layer(layer: Any) -> Any:
    attention, dtype = layer.self_attn, getattr(rushlight, title(layer.linear1.weight.dtype))
    made = getattr(rushlight.nn, type(layer).__name__)(
        attention.embed_dim, attention.num_heads, layer.linear1.out_features, layer.dropout.p,
        translated(layer.activation, {}), layer.norm1.eps, attention.batch_first, layer.norm_first,
        layer.linear1.bias is not None, dtype=dtype,
    )  # fmt: skip
    made.load_state_dict({k: from_torch(v) for k, v in layer.state_dict().items()})
    return made


# ---- checks


def initial(sample: Sample, training: bool) -> str | None:
    """What a module prints, its parameters and buffers, and where the generator stands then."""
    theirs = sample.theirs(training)
    their_place = torch.rand(1).item()
    mine, error = outcome(lambda: sample.ours(training))
    if error is not None:
        return told(error)
    if rushlight.rand(1).item() != their_place and not has_layers(sample):
        return "another number of draws"
    if repr(mine) != repr(theirs):
        return f"prints {repr(mine)!r} instead of {repr(theirs)!r}"
    if sample.info.is_lazy:
        sample.their_call(theirs)
        _, error = outcome(lambda: sample.our_call(mine))
        if error is not None:
            return told(error)
        if repr(mine) != repr(theirs):
            return f"prints {repr(mine)!r} instead of {repr(theirs)!r} after a call"
    return different_state(mine.state_dict(), theirs.state_dict())


def has_layers(sample: Sample) -> bool:
    """Whether an argument is a module, which was made with parameters of its own."""
    return any(isinstance(value, torch.nn.Module) for value in sample.constructor.args)


def different_state(mine: Any, theirs: Any) -> str:
    if list(mine) != list(theirs):
        return f"the keys {list(mine)} instead of {list(theirs)}"
    for name, value in theirs.items():
        if finding := difference(mine[name], value):
            return f"{name}: {finding}"
    return ""


def forward(sample: Sample, training: bool) -> str | None:
    return called(sample, training)


def strided(sample: Sample, training: bool) -> str | None:
    """The same with inputs that are no contiguous memory."""

    def change(given: Any) -> Any:
        return tree_map(
            lambda v: noncontiguous_like(v) if isinstance(v, torch.Tensor) else v, given
        )

    return called(sample, training, change)


def called(sample: Sample, training: bool, change: Any = None) -> str | None:
    pair, error = outcome(lambda: sample.pair(training))
    if error is not None:
        return told(error)
    theirs, mine = pair
    expected, refused = outcome(lambda: sample.their_call(theirs, change))
    if refused is not None:
        return None
    found, error = outcome(lambda: sample.our_call(mine, change))
    if error is not None:
        return told(error)
    exact = lambda: double(sample, training, change)[1]  # noqa: E731
    if finding := distinguished(found[1], expected[1], exact):
        return finding
    return different_state(mine.state_dict(), theirs.state_dict())


def double(sample: Sample, training: bool, change: Any = None) -> Any:
    """The call in double precision."""
    wide = Sample(sample.info, WideInput(sample), torch.float64)
    theirs = sample.theirs(training)
    if sample.info.is_lazy:
        sample.their_call(theirs)
    return wide.their_call(theirs.double(), change)


class WideInput:
    def __init__(self, sample: Sample) -> None:
        self.constructor_input = sample.constructor
        self.forward_input = copy.copy(sample.input)
        self.forward_input.args, self.forward_input.kwargs = tree_map(
            widened, (tuple(sample.input.args), dict(sample.input.kwargs))
        )


def widened(value: Any) -> Any:
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        return value.detach().double().requires_grad_(value.requires_grad)
    return value


def distinguished(mine: Any, theirs: Any, exact: Callable[[], Any]) -> str:
    """The difference of results, without what is beyond the precision."""
    finding = difference(mine, theirs)
    if "not close" not in finding:
        return finding
    precise, refused = outcome(exact)
    return "" if refused is None and as_exact(mine, theirs, precise) else finding


def gradient(sample: Sample, training: bool) -> str | None:
    """The gradients of inputs and parameters."""
    pair, error = outcome(lambda: sample.pair(training))
    if error is not None:
        return told(error)
    theirs, mine = pair
    expected, refused = outcome(lambda: sample.their_call(theirs))
    if refused is not None:
        return None
    outputs = [t for t in leaves(expected[1]) if t.requires_grad]
    if not outputs:
        return None
    torch.manual_seed(5)
    seeds = [torch.randn_like(t) for t in outputs]
    known = torch.autograd.grad(
        outputs, expected[0] + list(theirs.parameters()), seeds, allow_unused=True
    )

    def ours() -> Any:
        inputs, results = sample.our_call(mine)
        return rushlight.autograd.grad(
            [t for t in leaves(results) if t.requires_grad],
            inputs + list(mine.parameters()),
            [from_torch(seed) for seed in seeds],
            allow_unused=True,
        )

    found, error = outcome(ours)
    if error is not None:
        return told(error)
    for place, (one, other) in enumerate(zip(found, known, strict=True)):
        if (one is None) != (other is None):
            return f"gradient {place} is {'missing' if one is None else 'not missing'}"

    def exact() -> Any:
        module = sample.theirs(training).double()
        inputs, results = Sample(sample.info, WideInput(sample), torch.float64).their_call(module)
        wide = [t for t in leaves(results) if t.requires_grad]
        return torch.autograd.grad(
            wide, inputs + list(module.parameters()), [s.double() for s in seeds],
            allow_unused=True,
        )  # fmt: skip

    return distinguished(
        [t for t in found if t is not None],
        [t for t in known if t is not None],
        lambda: [t for t in exact() if t is not None],
    )


def state(sample: Sample, training: bool) -> str | None:
    """The state of either side, loaded into the other: `pair` has loaded theirs into ours."""
    pair, error = outcome(lambda: sample.pair(training))
    if error is not None:
        return told(error)
    theirs, mine = pair
    if finding := different_state(mine.state_dict(), theirs.state_dict()):
        return finding
    changed = {k: v + 1 for k, v in mine.state_dict().items()}
    mine.load_state_dict(changed)
    theirs.load_state_dict({k: back(v) for k, v in mine.state_dict().items()})
    return different_state(mine.state_dict(), theirs.state_dict()) if changed else None


def copies(sample: Sample, training: bool) -> str | None:
    """Whether a deep copy, and what was pickled, compute the same; and a conversion and back."""
    pair, error = outcome(lambda: sample.pair(training))
    if error is not None:
        return told(error)
    mine = pair[1]
    ways = {
        "a deep copy": copy.deepcopy,
        "a pickled one": lambda module: pickle.loads(pickle.dumps(module)),
        "a converted one": lambda module: copy.deepcopy(module).double().float(),
    }
    for name, way in ways.items():
        made, error = outcome(lambda way=way: way(mine))
        if error is not None:
            return f"{name}: {told(error)}"
        if repr(made) != repr(mine) or list(made.state_dict()) != list(mine.state_dict()):
            return f"{name} prints {made!r}"
        called, error = outcome(lambda: sample.our_call(copy.deepcopy(mine)))
        if error is not None:  # which is the forward's finding
            return None
        found, failed = outcome(lambda made=made: sample.our_call(made)[1])
        if failed is not None:
            return f"{name}: {told(failed)}"
        for one, other in zip(leaves(found), leaves(called[1]), strict=True):
            if not same_values(one, other):
                return f"{name} computes something else"
    return ""


def same_values(one: Any, other: Any) -> bool:
    return np.array_equal(one.detach().numpy(), other.detach().numpy(), equal_nan=True)


def replays(info: Any, limit: int | None) -> Iterator[str | None]:
    """Whether a module that was recorded gives the same on other data as it does without."""
    for training in MODES:
        torch.manual_seed(0)
        first = list(samples(info, torch.float32, training, limit))
        torch.manual_seed(1)
        second = list(samples(info, torch.float32, training, limit))
        for number, (one, other) in enumerate(zip(first, second, strict=True)):
            same, changed = (Sample(info, s, torch.float32) for s in (one, other))
            changed.constructor = same.constructor
            finding, error = outcome(lambda a=same, b=changed, t=training: replayed(a, b, t))
            mode = "training" if training else "evaluation"
            if error is not None:
                # What decides by a value, as the length of a target, runs without a record.
                finding = None if "reads a value" in str(error) else told(error)
            yield finding and f"sample {number} in {mode} ({same}): {finding}"


def replayed(sample: Sample, other: Sample, training: bool) -> str:
    mine = sample.pair(training)[1]
    plain = copy.deepcopy(mine)
    compiled = rushlight.compile(mine, fullgraph=True)
    for given in (sample, sample, other, sample):
        results = []
        for module, net in ((compiled, mine), (plain, plain)):
            inputs, output = given.our_call(module)
            outputs = [t for t in leaves(output) if t.requires_grad]
            wanted = inputs + list(net.parameters())
            seeds = [rushlight.ones_like(t) for t in outputs]
            gradients: Any = ()
            if outputs and wanted:
                gradients = rushlight.autograd.grad(outputs, wanted, seeds, allow_unused=True)
            results.append([*leaves(output), *leaves(gradients), *net.state_dict().values()])
        if len(results[0]) != len(results[1]):
            return "another number of results or gradients"
        for one, same in zip(*results, strict=True):
            if not same_values(one, same):
                return "other results, gradients or buffers than without a record"
    return ""


def errors(info: Any) -> Iterator[str | None]:
    """Whether what PyTorch refuses is refused with its type of error and its words."""
    if info.module_error_inputs_func is None:
        return
    for training in MODES:
        torch.manual_seed(0)
        bad = info.module_error_inputs_func(
            info, device="cpu", dtype=torch.float32, requires_grad=True, training=training
        )
        for number, wrong in enumerate(bad):
            sample = Sample(info, wrong.module_error_input, torch.float32)
            _, refused = outcome(lambda s=sample, t=training: s.their_whole(t))
            if refused is None:
                yield None
                continue
            _, error = outcome(lambda s=sample, t=training: s.whole(t))
            told_as = f"error {number} ({sample})"
            if error is None:
                yield f"{told_as}: taken, not {wrong.error_type.__name__}"
            elif not isinstance(error, wrong.error_type):
                yield f"{told_as}: {told(error)} instead of {wrong.error_type.__name__}"
            elif not re.search(wrong.error_regex, str(error)) and re.search(
                wrong.error_regex, str(refused)
            ):
                yield f"{told_as}: {told(error)} instead of {wrong.error_regex}"
            else:
                yield ""


def dtypes(info: Any, limit: int | None) -> Iterator[str | None]:
    """One finding for each other dtype that the entry names."""
    for dtype in info.dtypes:
        if dtype in (torch.float32, torch.complex32):
            continue
        counts = tally(
            finding
            for check in (forward, gradient)
            for finding in over(info, dtype, check, limit)
        )
        yield f"{title(dtype)}: {counts['first']}" if counts["failed"] else ""
