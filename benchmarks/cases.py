"""What is measured: programs written once, against PyTorch's API, and run by both frameworks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

# From the framework's module to one step: a function, and what it is called with.
Case = Callable[[Any], tuple[Callable[..., Any], tuple[Any, ...]]]

CASES: dict[str, Case] = {}
OTHERS: dict[str, Case] = {}  # for the tables of load and of replays


# A learning rate that leaves the network as it is. Thousands of steps on one batch would learn it
# by heart, and vanishing gradients become denormal numbers, which take both frameworks up to 15
# times as long.
STILL = 1e-7


def case(name: str, table: dict[str, Case] = CASES) -> Callable[[Case], Case]:
    def register(function: Case) -> Case:
        table[name] = function
        return function

    return register


@case("add, 4 floats")
def add(torch: Any) -> Any:
    a, b = torch.ones(4), torch.ones(4)
    return lambda: a + b, ()


@case("add, 4 floats, with gradient")
def add_with_gradient(torch: Any) -> Any:
    a, b = torch.ones(4, requires_grad=True), torch.ones(4)
    return lambda: a + b, ()


@case("4 ops, forward + backward")
def four_operations(torch: Any) -> Any:
    a, b = torch.ones(4, requires_grad=True), torch.ones(4)
    return lambda: ((a * b + b) * b).sum().backward(), ()


def training_step(torch: Any, net: Any, optimizer: Any, x: Any, y: Any) -> Any:
    criterion = torch.nn.CrossEntropyLoss()

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step, (x, y)


def lenet(torch: Any) -> Any:
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def images(torch: Any, batch: int) -> Any:
    return torch.randn(batch, 1, 28, 28), torch.randint(0, 10, (batch,))


def lenet_step(torch: Any, batch: int) -> Any:
    torch.manual_seed(0)
    net = lenet(torch)
    optimizer = torch.optim.SGD(net.parameters(), lr=STILL, momentum=0.9)
    return training_step(torch, net, optimizer, *images(torch, batch))


for _batch in (1, 16, 64, 256):
    case(f"LeNet step, batch {_batch}")(lambda torch, batch=_batch: lenet_step(torch, batch))


@case("LeNet inference, batch 64", OTHERS)
def lenet_inference(torch: Any) -> Any:
    torch.manual_seed(0)
    net, (x, _) = lenet(torch).eval(), images(torch, 64)

    def step(x: Any) -> Any:
        with torch.no_grad():
            return net(x)

    return step, (x,)


@case("MNIST example net step, batch 64")
def mnist_example(torch: Any) -> Any:
    """The network of PyTorch's MNIST example, with SGD."""
    torch.manual_seed(0)
    nn = torch.nn
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Dropout(0.25), nn.Flatten(), nn.Linear(9216, 128), nn.ReLU(), nn.Dropout(0.5),
        nn.Linear(128, 10), nn.LogSoftmax(dim=1),
    )  # fmt: skip
    optimizer = torch.optim.SGD(net.parameters(), lr=STILL, momentum=0.9)
    x, y = images(torch, 64)

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = nn.functional.nll_loss(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    return step, (x, y)


def mlp(torch: Any, batch: int) -> Any:
    torch.manual_seed(0)
    nn = torch.nn
    net = nn.Sequential(
        nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=STILL)
    x, y = torch.randn(batch, 784), torch.randint(0, 10, (batch,))
    return training_step(torch, net, optimizer, x, y)


case("MLP 784-512-512-10 step, batch 128, Adam")(lambda torch: mlp(torch, 128))
case("MLP 784-512-512-10 step, batch 1, Adam", OTHERS)(lambda torch: mlp(torch, 1))

@case("DCGAN-like step on 32x32, batch 32, two Adams")
def dcgan(torch: Any) -> Any:
    torch.manual_seed(0)
    nn = torch.nn
    generator = nn.Sequential(
        nn.ConvTranspose2d(64, 128, 4), nn.BatchNorm2d(128), nn.ReLU(True),
        nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.ReLU(True),
        nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.ReLU(True),
        nn.ConvTranspose2d(32, 3, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    discriminator = nn.Sequential(
        nn.Conv2d(3, 32, 4, 2, 1), nn.LeakyReLU(0.2, True),
        nn.Conv2d(32, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.LeakyReLU(0.2, True),
        nn.Conv2d(64, 128, 4, 2, 1), nn.BatchNorm2d(128), nn.LeakyReLU(0.2, True),
        nn.Conv2d(128, 1, 4), nn.Flatten(0),
    )  # fmt: skip
    criterion = nn.BCEWithLogitsLoss()
    steps = [
        torch.optim.Adam(net.parameters(), lr=STILL, betas=(0.5, 0.999))
        for net in (discriminator, generator)
    ]
    real, noise = torch.randn(32, 3, 32, 32), torch.randn(32, 64, 1, 1)
    ones, zeros = torch.ones(32), torch.zeros(32)

    def step(real: Any, noise: Any) -> Any:
        steps[0].zero_grad()
        made = generator(noise)
        loss = criterion(discriminator(real), ones)
        loss = loss + criterion(discriminator(made.detach()), zeros)
        loss.backward()
        steps[0].step()
        steps[1].zero_grad()
        criterion(discriminator(made), ones).backward()
        steps[1].step()
        return loss

    return step, (real, noise)


def attention(torch: Any, *sizes: int, **options: Any) -> Any:
    torch.manual_seed(0)
    tensors = [torch.randn(*sizes, requires_grad=True) for _ in range(3)]
    grad = torch.randn(*sizes)

    def step(query: Any, key: Any, value: Any, grad: Any) -> Any:
        result = torch.nn.functional.scaled_dot_product_attention(query, key, value, **options)
        return torch.autograd.grad(result, (query, key, value), grad)

    return step, (*tensors, grad)


case("attention (8, 8, 128, 64), forward + backward")(
    lambda torch: attention(torch, 8, 8, 128, 64)
)
case("causal attention (12, 4, 64, 32), forward + backward")(
    lambda torch: attention(torch, 12, 4, 64, 32, is_causal=True)
)
case("attention (2, 8, 1024, 64), forward + backward")(
    lambda torch: attention(torch, 2, 8, 1024, 64)
)


@case("MultiheadAttention(512, 8) of (8, 128, 512), forward + backward")
def multi_head_attention(torch: Any) -> Any:
    torch.manual_seed(0)
    net = torch.nn.MultiheadAttention(512, 8, batch_first=True)
    x = torch.randn(8, 128, 512)

    def step(x: Any) -> Any:
        net.zero_grad()
        return net(x, x, x)[0].sum().backward()

    return step, (x,)


def recurrent_step(torch: Any, kind: str) -> Any:
    """Characters, 64 of each of 32 texts, and a guess of the next one at each place."""
    torch.manual_seed(0)
    nn = torch.nn

    class Guesser(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(64, 256)
            self.layers = getattr(nn, kind)(256, 256, 2, batch_first=True)
            self.classifier = nn.Linear(256, 64)

        def forward(self, x: Any) -> Any:
            return self.classifier(self.layers(self.embedding(x))[0]).flatten(0, 1)

    net = Guesser()
    optimizer = torch.optim.SGD(net.parameters(), lr=STILL)
    x, y = torch.randint(0, 64, (32, 64)), torch.randint(0, 64, (32 * 64,))
    return training_step(torch, net, optimizer, x, y)


for _kind in ("LSTM", "GRU", "RNN"):
    _name = f"{_kind} 2x256 over 64 characters, step, batch 32"
    case(_name)(lambda torch, kind=_kind: recurrent_step(torch, kind))


def cell_step(torch: Any, kind: str, batch: int) -> Any:
    """One step in time of 128 units, forwards and backwards."""
    torch.manual_seed(0)
    cell, x, h = getattr(torch.nn, kind)(128, 128), torch.randn(batch, 128), torch.randn(batch, 128)
    states = (h, torch.randn(batch, 128)) if kind == "LSTMCell" else h

    def step(x: Any) -> Any:
        cell.zero_grad()
        after = cell(x, states)
        loss = (after[0] if kind == "LSTMCell" else after).square().mean()
        loss.backward()
        return loss

    return step, (x,)


for _kind in ("LSTMCell", "GRUCell", "RNNCell"):
    for _batch in (1, 32):
        _name = f"{_kind} of 128 forward + backward, batch {_batch}"
        case(_name, OTHERS)(
            lambda torch, kind=_kind, batch=_batch: cell_step(torch, kind, batch)
        )


ALL = {**CASES, **OTHERS}
