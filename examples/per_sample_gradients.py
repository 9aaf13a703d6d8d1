"""Gradients of each example of a batch, and an ensemble of models in one call.

    python examples/per_sample_gradients.py

`vmap(grad(loss))` gives the gradient of every example by itself, as differential privacy and
influence functions need them, without a loop over the batch. `stack_module_state` and `vmap` run
models of one kind side by side.
"""

from __future__ import annotations

import time

import rushlight as torch
from rushlight import nn
from rushlight.func import functional_call, grad, stack_module_state, vmap
from rushlight.nn import functional as F


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3)
        self.conv2 = nn.Conv2d(8, 16, 3)
        self.classes = nn.Linear(16 * 5 * 5, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.classes(x.flatten(1))


def per_sample_gradients(
    model: nn.Module, images: torch.Tensor, labels: torch.Tensor
) -> dict[str, torch.Tensor]:
    """For each parameter its gradients, the first dimension counting the examples."""
    parameters = {name: value.detach() for name, value in model.named_parameters()}
    buffers = {name: value.detach() for name, value in model.named_buffers()}

    def loss_of_one(
        parameters: dict[str, torch.Tensor], image: torch.Tensor, label: torch.Tensor
    ) -> torch.Tensor:
        scores = functional_call(model, (parameters, buffers), (image.unsqueeze(0),))
        return F.cross_entropy(scores, label.unsqueeze(0))

    return vmap(grad(loss_of_one), in_dims=(None, 0, 0))(parameters, images, labels)


def scores_of_all(models: list[Net], images: torch.Tensor) -> torch.Tensor:
    """Every model's scores of the same images: models x images x classes."""
    parameters, buffers = stack_module_state(models)
    base = models[0]

    def scores(
        parameters: dict[str, torch.Tensor], buffers: dict[str, torch.Tensor], x: torch.Tensor
    ) -> torch.Tensor:
        return functional_call(base, (parameters, buffers), (x,))

    return vmap(scores, in_dims=(0, 0, None))(parameters, buffers, images)


def main() -> None:
    torch.manual_seed(0)
    images, labels = torch.randn(64, 1, 28, 28), torch.randint(0, 10, (64,))
    model = Net()

    start = time.perf_counter()
    gradients = per_sample_gradients(model, images, labels)
    together = time.perf_counter() - start
    for name, gradient in gradients.items():
        norms = gradient.flatten(1).norm(dim=1)
        shape = str(tuple(gradient.shape))
        print(f"{name:14} {shape:22} norms {norms.min():.4f} .. {norms.max():.4f}")

    start = time.perf_counter()
    for i in range(len(images)):
        loss = F.cross_entropy(model(images[i : i + 1]), labels[i : i + 1])
        torch.autograd.grad(loss, list(model.parameters()))
    alone = time.perf_counter() - start
    print(f"together {together * 1000:.0f} ms, one by one {alone * 1000:.0f} ms")

    print("scores of 5 models:", tuple(scores_of_all([Net() for _ in range(5)], images).shape))


if __name__ == "__main__":
    main()
