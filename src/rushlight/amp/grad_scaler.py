"""Scaling of losses, so that small gradients do not vanish in 16 bits."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from ..autocast_state import state
from ..cuda import is_available as is_cuda_available
from ..dtype import float16, float32, int32
from ..errors import OperationError
from ..grad_mode import no_grad
from ..layout import strided
from ..ops.from_data import tensor
from ..optim import Optimizer
from ..tensor import Tensor


class GradScaler:
    """Multiplies losses by a scale, and divides gradients by it before an optimizer takes a step.

    A step whose gradients hold an infinity or nan is left out, and the scale multiplied by
    `backoff_factor` at the next `update`; after `growth_interval` steps without one it is
    multiplied by `growth_factor` (Micikevicius et al., arXiv 1710.03740).

    >>> import rushlight as torch
    >>> w = torch.nn.Parameter(torch.ones(2))
    >>> optimizer = torch.optim.SGD([w], lr=0.5)
    >>> scaler = torch.amp.GradScaler("cpu", init_scale=4.0)
    >>> scaler.scale(w.sum()).backward()
    >>> w.grad
    tensor([4., 4.])
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w.data
    tensor([0.5000, 0.5000])
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        self._device = device
        self._enabled = enabled
        if device not in state.enabled:
            raise OperationError(f"GradScaler: unsupported device '{device}'; there are cpu, cuda")
        if enabled and device == "cuda" and not is_cuda_available():
            warnings.warn(
                "GradScaler: there is no CUDA device, so it does nothing; GradScaler('cpu') scales "
                "on the CPU",
                stacklevel=2,
            )
            self._enabled = False
        if not self._enabled:
            return
        if growth_factor <= 1.0:
            raise AssertionError("The growth factor must be > 1.0.")
        if backoff_factor >= 1.0:
            raise AssertionError("The backoff factor must be < 1.0.")
        self._init_scale = init_scale
        self._growth_factor = growth_factor
        self._backoff_factor = backoff_factor
        self._growth_interval = growth_interval
        self._init_growth_tracker = 0
        self._scale: Tensor | None = None  # made by the first `scale`, on its device
        self._growth_tracker: Tensor | None = None
        self._found: dict[int, bool] = {}  # by optimizer: whether its gradients overflowed
        self._stepped: set[int] = set()

    # ---- a step

    def scale(self, outputs: Any) -> Any:
        """A tensor, or all in a list or tuple, multiplied by the scale.

        >>> import rushlight as torch
        >>> torch.amp.GradScaler("cpu", init_scale=8.0).scale(torch.tensor([1.0, 2.0]))
        tensor([ 8., 16.])
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, Tensor):
            scale = self._scale_on(outputs.device)
            return outputs * scale.to(outputs.device)
        if isinstance(outputs, Iterable) and not isinstance(outputs, (str, bytes)):
            scaled = [self.scale(part) for part in outputs]
            return type(outputs)(scaled) if isinstance(outputs, (list, tuple)) else iter(scaled)
        raise ValueError(
            f"GradScaler.scale: outputs must be a tensor or an iterable of tensors, not "
            f"{type(outputs).__name__}"
        )

    def _scale_on(self, device: Any) -> Tensor:
        if self._scale is None:
            self._scale = tensor(float(self._init_scale), dtype=float32, device=device)
            self._growth_tracker = tensor(self._init_growth_tracker, dtype=int32, device=device)
        return self._scale

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divides the gradients of an optimizer's parameters by the scale, before they are clipped.

        Once for each optimizer and step; RuntimeError else, ValueError for float16 gradients.

        >>> import rushlight as torch
        >>> x = torch.ones(1, requires_grad=True)
        >>> optimizer, scaler = torch.optim.SGD([x], lr=0.25), torch.amp.GradScaler("cpu")
        >>> scaler.scale(x.sum()).backward()
        >>> scaler.unscale_(optimizer)
        >>> x.grad
        tensor([1.])
        """
        if not self._enabled:
            return
        if id(optimizer) in self._stepped:
            raise RuntimeError("unscale_() is being called after step().")
        if id(optimizer) in self._found:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        self._unscale(optimizer, allows_float16=False)

    @no_grad()
    def _unscale(self, optimizer: Optimizer, allows_float16: bool) -> None:
        if self._scale is None:
            raise AssertionError("Attempted unscale_ but _scale is None: scale a loss first.")
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        gradients = [p.grad for p in parameters if p.grad is not None]
        if not allows_float16 and any(g.dtype is float16 for g in gradients):
            raise ValueError("Attempting to unscale FP16 gradients.")
        inverse = 1.0 / self.get_scale()
        overflows = []
        for gradient in gradients:
            values = gradient if gradient.layout is strided else gradient._values()
            values.mul_(inverse)
            overflows.append(~values.isfinite().all())
        if gradients:
            self._found[id(optimizer)] = any(bool(overflow) for overflow in overflows)

    def step(self, optimizer: Optimizer, *args: Any, **kwargs: Any) -> Any:
        """Unscales the gradients unless that was done, and steps if all of them are finite.

        >>> import rushlight as torch
        >>> x = torch.ones(1, requires_grad=True)
        >>> optimizer, scaler = torch.optim.SGD([x], lr=0.25), torch.amp.GradScaler("cpu")
        >>> scaler.scale(x.sum()).backward()
        >>> scaler.step(optimizer)
        >>> x
        tensor([0.7500], requires_grad=True)
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        if id(optimizer) in self._stepped:
            raise RuntimeError("step() has already been called since the last update().")
        if id(optimizer) not in self._found:
            self._unscale(optimizer, allows_float16=True)
        if id(optimizer) not in self._found:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        result = None
        if not self._found[id(optimizer)]:
            result = optimizer.step(*args, **kwargs)
        self._stepped.add(id(optimizer))
        return result

    def update(self, new_scale: float | Tensor | None = None) -> None:
        """Sets the scale of the next step, after the steps of all optimizers.

        >>> import rushlight as torch
        >>> x = torch.ones(1, requires_grad=True)
        >>> optimizer = torch.optim.SGD([x], lr=0.25)
        >>> scaler = torch.amp.GradScaler("cpu", init_scale=8.0)
        >>> x.grad = torch.tensor([float("inf")])
        >>> scaled = scaler.scale(x.sum())
        >>> scaler.step(optimizer)
        >>> scaler.update()
        >>> scaler.get_scale()  # halved, as the gradient was not finite
        4.0
        """
        if not self._enabled:
            return
        if self._scale is None or self._growth_tracker is None:
            raise AssertionError("Attempted update but _scale is None: scale a loss first.")
        if new_scale is not None:
            if isinstance(new_scale, Tensor) and (
                new_scale.numel() != 1 or new_scale.requires_grad
            ):
                raise AssertionError(
                    "new_scale should be a float or a 1-element tensor that requires no gradient."
                )
            self._scale.fill_(float(new_scale))
        else:
            if not self._found:
                raise AssertionError("No inf checks were recorded prior to update.")
            self._adapt(self._scale, self._growth_tracker)
        self._found, self._stepped = {}, set()

    def _adapt(self, scale: Tensor, tracker: Tensor) -> None:
        if any(self._found.values()):
            scale.mul_(self._backoff_factor)
            tracker.zero_()
            return
        tracker.add_(1)
        if int(tracker) == self._growth_interval:
            grown = scale * self._growth_factor
            if grown.isfinite():
                scale.copy_(grown)
            tracker.zero_()

    # ---- options and state

    def get_scale(self) -> float:
        """The scale; 1.0 if nothing is scaled.

        >>> import rushlight as torch
        >>> torch.amp.GradScaler("cpu", init_scale=8.0).get_scale()
        8.0
        """
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else float(self._scale)

    def get_growth_factor(self) -> float:
        """What the scale is multiplied by after `growth_interval` steps."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Sets what the scale is multiplied by after `growth_interval` steps."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """What the scale is multiplied by after gradients that are not finite."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Sets what the scale is multiplied by after gradients that are not finite."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """After how many steps the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Sets after how many steps the scale grows."""
        self._growth_interval = new_interval

    def _get_growth_tracker(self) -> int:
        if not self._enabled:
            return 0
        tracker = self._growth_tracker
        return self._init_growth_tracker if tracker is None else int(tracker)

    def is_enabled(self) -> bool:
        """Whether it scales.

        >>> import rushlight as torch
        >>> torch.amp.GradScaler("cpu", enabled=False).is_enabled()
        False
        """
        return self._enabled

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint needs to go on; {} if nothing is scaled."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._get_growth_tracker(),
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes over what `state_dict` gave, here or in PyTorch."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        names = ("scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker")
        scale, growth, backoff, interval, tracker = (state_dict[name] for name in names)
        self._init_scale, self._init_growth_tracker = scale, tracker
        self._growth_factor, self._backoff_factor = growth, backoff
        self._growth_interval = interval
        if self._scale is not None and self._growth_tracker is not None:
            self._scale.fill_(scale)
            self._growth_tracker.fill_(tracker)

    def __getstate__(self) -> dict[str, Any]:
        known = self.__dict__.copy()
        if self._enabled:
            if self._found:
                raise AssertionError(
                    "A GradScaler instance may only be pickled at the beginning of an iteration, "
                    "or at the end after scaler.update()."
                )
            known["_init_scale"] = self.get_scale()
            known["_init_growth_tracker"] = self._get_growth_tracker()
            known["_scale"] = known["_growth_tracker"] = None
        return known
