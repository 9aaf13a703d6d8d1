"""Changes of modules, optimizers, tensors and modes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import rushlight as torch
from changes import Box, way
from rushlight import nn, optim

# ---- the framework's own


@way
def the_default_dtype() -> Iterator[Any]:
    yield lambda x: x * torch.ones(1).sum().to(x.dtype) * torch.get_default_dtype().itemsize
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(torch.float32)


@way
def the_grad_mode() -> Iterator[Any]:
    yield lambda x: x * (2.0 if torch.is_grad_enabled() else 3.0)
    with torch.no_grad():
        yield


@way
def inference_mode() -> Iterator[Any]:
    yield lambda x: x * (3.0 if torch.is_inference_mode_enabled() else 2.0)
    with torch.inference_mode():
        yield


@way
def eval_of_a_module() -> Iterator[Any]:
    net = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.0))
    yield lambda x: net(x.view(2, 2))
    net.eval()
    yield


@way
def training_of_a_module_that_code_reads() -> Iterator[Any]:
    class Model(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * (2.0 if self.training else 3.0)

    model = Model()
    yield model
    model.eval()
    yield


@way
def an_attribute_of_a_module() -> Iterator[Any]:
    layer = nn.LeakyReLU(0.5)
    yield lambda x: layer(-x)
    layer.negative_slope = 0.25
    yield


@way
def an_object_of_a_module_of_the_framework() -> Iterator[Any]:
    layer = nn.Identity()
    layer.config = Box()
    yield lambda x: layer(x) * layer.config.scale
    layer.config.scale = 3.0
    yield


@way
def the_forward_of_a_module_of_the_framework() -> Iterator[Any]:
    settings = Box()
    layer = nn.Identity()
    layer.forward = lambda x: x * settings.scale
    yield lambda x: layer(x)
    settings.scale = 3.0
    yield


@way
def the_forward_of_a_class() -> Iterator[Any]:
    class Model(nn.Module):
        def forward(self, x: Any) -> Any:
            return x * 2.0

    model = Model()
    yield lambda x: model(x)
    Model.forward = lambda self, x: x * 3.0
    yield


@way
def a_parameter_that_is_replaced() -> Iterator[Any]:
    layer = nn.Linear(4, 4)
    yield lambda x: layer(x)
    layer.weight = nn.Parameter(torch.ones(4, 4))
    yield
    layer.weight.data = torch.zeros(4, 4)
    yield
    with torch.no_grad():
        layer.weight.fill_(5.0)
    yield


@way
def a_layer_that_is_replaced() -> Iterator[Any]:
    net = nn.Sequential(nn.ReLU(), nn.Tanh())
    yield lambda x: net(x)
    net[1] = nn.Sigmoid()
    yield
    net.append(nn.Sigmoid())
    yield


@way
def requires_grad_of_a_parameter() -> Iterator[Any]:
    w = nn.Parameter(torch.ones(4))
    yield lambda x: x * (2.0 if (w * x).requires_grad else 3.0)
    w.requires_grad_(False)
    yield


@way
def a_hook_that_comes_later() -> Iterator[Any]:
    layer = nn.Identity()
    yield lambda x: layer(x)
    handle = layer.register_forward_hook(lambda module, given, result: result * 3.0)
    yield
    handle.remove()
    yield


@way
def what_a_forward_hook_reads() -> Iterator[Any]:
    settings = Box()
    layer = nn.Identity()
    layer.register_forward_hook(lambda module, given, result: result * settings.scale)
    yield lambda x: layer(x)
    settings.scale = 3.0
    yield


@way
def what_a_forward_pre_hook_reads() -> Iterator[Any]:
    settings = Box()

    class Hook:
        def __call__(self, module: Any, given: Any) -> Any:
            return (given[0] * settings.scale,)

    layer = nn.Identity()
    layer.register_forward_pre_hook(Hook())
    yield lambda x: layer(x)
    settings.scale = 3.0
    yield


@way
def what_a_hook_of_a_tensor_reads() -> Iterator[Any]:
    settings = Box()
    w = nn.Parameter(torch.ones(4))
    w.register_hook(lambda grad: grad * settings.scale)

    def f(x: Any) -> Any:
        w.grad = None
        (w * x).sum().backward()
        return w.grad.detach() * 1.0

    yield f
    settings.scale = 3.0
    yield


@way
def what_a_hook_of_an_optimizer_reads() -> Iterator[Any]:
    settings = Box(0.5)
    w = nn.Parameter(torch.ones(4))
    optimizer = optim.SGD([w], lr=0.1)

    def scale(optimizer: Any, args: Any, kwargs: Any) -> None:
        w.grad.mul_(settings.scale)

    optimizer.register_step_pre_hook(scale)

    def f(x: Any) -> Any:
        with torch.no_grad():
            w.fill_(1.0)
        optimizer.zero_grad()
        (w * x).sum().backward()
        optimizer.step()
        return w.detach() * 1.0

    yield f
    settings.scale = 3.0
    yield


def _step(options: dict[str, Any]) -> tuple[Any, Any]:
    w = nn.Parameter(torch.ones(4))
    optimizer = optim.SGD([w], **options)

    def f(x: Any) -> Any:
        with torch.no_grad():
            w.fill_(1.0)
        optimizer.zero_grad()
        (w * x).sum().backward()
        optimizer.step()
        return w.detach() * 1.0

    return optimizer, f


@way
def the_learning_rate() -> Iterator[Any]:
    optimizer, f = _step({"lr": 0.1})
    yield f
    optimizer.param_groups[0]["lr"] = 0.5
    yield
    optimizer.param_groups[0]["lr"] = 0.0
    yield


@way
def the_weight_decay() -> Iterator[Any]:
    optimizer, f = _step({"lr": 0.1})
    yield f
    optimizer.param_groups[0]["weight_decay"] = 0.5
    yield
    optimizer.param_groups[0]["maximize"] = True
    yield


@way
def a_schedule_of_the_learning_rate() -> Iterator[Any]:
    optimizer, f = _step({"lr": 0.1})
    schedule = optim.lr_scheduler.StepLR(optimizer, 1)
    yield f
    optimizer._opt_called = True
    schedule.step()
    yield


@way
def the_learning_rate_that_code_reads() -> Iterator[Any]:
    optimizer = optim.SGD([nn.Parameter(torch.ones(4))], lr=0.1)
    yield lambda x: x * optimizer.param_groups[0]["lr"]
    optimizer.param_groups[0]["lr"] = 0.5
    yield


@way
def an_attribute_of_an_optimizer() -> Iterator[Any]:
    optimizer = optim.SGD([nn.Parameter(torch.ones(4))], lr=0.1)
    optimizer.note = 2.0
    yield lambda x: x * optimizer.note
    optimizer.note = 3.0
    yield


@way
def an_attribute_of_a_tensor() -> Iterator[Any]:
    w = torch.ones(4)
    w.scale = 2.0
    yield lambda x: x * w * w.scale
    w.scale = 3.0
    yield


@way
def the_data_of_a_tensor() -> Iterator[Any]:
    w = torch.ones(4)
    yield lambda x: x * w
    w.fill_(2.0)
    yield
    w.data = torch.full((4,), 3.0)
    yield
    w.numpy()[:] = 5.0
    yield


@way
def a_tensor_in_a_list() -> Iterator[Any]:
    values = [torch.ones(4)]
    yield lambda x: x * values[0]
    values[0] = torch.full((4,), 3.0)
    yield


@way
def an_object_of_the_framework() -> Iterator[Any]:
    from rushlight.vision import transforms

    change = transforms.Normalize([0.0], [0.5])
    yield lambda x: change(x.view(1, 2, 2)) * 1.0
    change.std = [0.25]
    yield
