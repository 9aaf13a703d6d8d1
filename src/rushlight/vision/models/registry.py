"""Networks by name: what makes them, and what weights there are."""

from __future__ import annotations

import fnmatch
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ... import nn
from .weights import enum_of, find_weights

Builder = Callable[..., nn.Module]
_builders: dict[str, Builder] = {}


def network(
    name: str,
    build: Builder,
    *structure: Any,
    paper: str,
    fixed: Mapping[str, Any] | None = None,
    prepare: Callable[[Any, dict[str, Any]], Any] | None = None,
    **options: Any,
) -> Builder:
    """A function `name(*, weights=None, progress=True, **kwargs)` that builds a network.

    That is `build(*structure, **options, **kwargs)`, with the weights loaded if any are named. What
    is `fixed` makes the network what its name says: no keyword argument changes it.
    `prepare(weights, kwargs)` sets what else weights decide, and may return a function that the
    network goes through once it is loaded.
    """

    def builder(
        *given: Any,
        weights: Any = None,
        progress: bool = True,
        pretrained: Any = None,
        **kwargs: Any,
    ) -> nn.Module:
        for key, value in (fixed or {}).items():
            decide(kwargs, key, value)
        if given or pretrained is not None:
            weights = _old_weights(name, weights, pretrained, *given)
        if weights is None:
            return build(*structure, **{**options, **kwargs})
        weights = enum_of(name).verify(weights)
        finish = None if prepare is None else prepare(weights, kwargs)
        if weights.meta["categories"] is not None:
            decide(kwargs, "num_classes", len(weights.meta["categories"]))
        made = build(*structure, **{**options, **kwargs})
        made.load_state_dict(weights.get_state_dict(progress=progress, check_hash=True))
        if finish is not None:
            finish(made)
        return made

    builder.__name__ = builder.__qualname__ = name
    builder.__module__ = build.__module__
    builder.__doc__ = (
        f"The network {name} of {paper}.\n\n"
        "`weights` are a member of its enumeration, or the name of one, and None to draw them; "
        f"other options are those of `{getattr(build, '__name__', name)}`.\n"
    )
    return register_model(name)(builder)


def decide(options: dict[str, Any], name: str, value: Any) -> None:
    """An option that a name or weights decide: ValueError where a program asks for another."""
    if options.setdefault(name, value) != value:
        raise ValueError(
            f"The parameter '{name}' expected value {value} but got {options[name]} instead."
        )


def _old_weights(name: str, weights: Any, pretrained: Any, *given: Any) -> Any:
    """What `name(True)` and `name(pretrained=True)` mean, as older programs have it."""
    if len(given) > 1 or given and pretrained is not None:
        raise TypeError(f"{name}() takes its options by name")
    value = given[0] if given else pretrained
    if not isinstance(value, bool):
        return value
    warnings.warn(
        f"{name}: 'pretrained' is deprecated, please use 'weights' instead: "
        f"weights={'the name of weights' if value else None}.",
        UserWarning,
        stacklevel=3,
    )
    if weights is not None:
        raise ValueError(f"{name}: 'pretrained' and 'weights' exclude each other")
    return list(enum_of(name))[0] if value else None


def register_model(name: str | None = None) -> Callable[[Builder], Builder]:
    """Makes a function known by its name, or another, to `get_model` and `list_models`.

    >>> from rushlight.vision.models import get_model, register_model
    >>> from rushlight import nn
    >>> @register_model("one layer")
    ... def one_layer(width=2):
    ...     return nn.Linear(width, width)
    >>> get_model("one layer", width=3)
    Linear(in_features=3, out_features=3, bias=True)
    """

    def register(builder: Builder) -> Builder:
        key = name if name is not None else builder.__name__
        if key in _builders:
            raise ValueError(f"An entry is already registered under the name '{key}'.")
        _builders[key] = builder
        return builder

    return register


def list_models(
    module: Any = None,
    include: Iterable[str] | str | None = None,
    exclude: Iterable[str] | str | None = None,
) -> list[str]:
    """The names of the networks, in order; `include` and `exclude` are patterns as of files.

    >>> from rushlight.vision.models import list_models
    >>> list_models(include="resnet*", exclude="*1*")
    ['resnet34', 'resnet50']
    """
    names = [
        name for name, builder in _builders.items()
        if module is None or builder.__module__.rpartition(".")[0] == module.__name__
    ]  # fmt: skip

    def fit(patterns: Iterable[str] | str) -> set[str]:
        patterns = [patterns] if isinstance(patterns, str) else patterns
        return {name for pattern in patterns for name in fnmatch.filter(names, pattern)}

    chosen = set(names) if include is None else fit(include)
    return sorted(chosen if exclude is None else chosen - fit(exclude))


def get_model_builder(name: str) -> Builder:
    """The function that builds the network of that name, in whatever case.

    >>> from rushlight.vision.models import get_model_builder
    >>> get_model_builder("AlexNet").__name__
    'alexnet'
    """
    try:
        return _builders[name.lower()]
    except KeyError:
        raise ValueError(f"Unknown model {name}") from None


def get_model(name: str, **config: Any) -> nn.Module:
    """The network of that name.

    >>> from rushlight.vision.models import get_model
    >>> get_model("squeezenet1_1", num_classes=10).num_classes
    10
    """
    return get_model_builder(name)(**config)


def get_model_weights(name: Builder | str) -> Any:
    """The enumeration of a network's weights.

    >>> from rushlight.vision.models import get_model_weights
    >>> [member.name for member in get_model_weights("resnet50")]
    ['IMAGENET1K_V1', 'IMAGENET1K_V2']
    """
    builder = get_model_builder(name) if isinstance(name, str) else name
    return enum_of(builder.__name__)


def get_weight(name: str) -> Any:
    """The weights of that name: ValueError without such an enumeration, KeyError without a member.

    >>> from rushlight.vision.models import get_weight
    >>> get_weight("AlexNet_Weights.IMAGENET1K_V1").url
    'https://download.pytorch.org/models/alexnet-owt-7be5be79.pth'
    """
    try:
        enum, member = name.split(".")
        found = find_weights(enum)
    except (ValueError, AttributeError):
        raise ValueError(f"Invalid weight name provided: '{name}'.") from None
    return found[member]


def initialize(network: nn.Module, rules: Mapping[Any, Callable[[Any], Any] | None]) -> None:
    """Draws the weights of each module by its class's rule, in order; biases become zeros.

    Where the rule is None weights become ones. Classes without a rule stay as they are.
    """
    for module in network.modules():
        for kind, rule in rules.items():
            if isinstance(module, kind):
                nn.init.ones_(module.weight) if rule is None else rule(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
                break


def divisible(value: float, divisor: int = 8, least: int | None = None) -> int:
    """The nearest multiple of `divisor`, at least `least`, and not below nine tenths of `value`.

    As in the reference implementation of MobileNet.
    """
    rounded = max(least or divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded
