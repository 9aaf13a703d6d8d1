"""What is measured: programs written once, against PyTorch's API, and run by both frameworks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import networks

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
    nets = networks.dcgan(torch)
    optimizers = [
        torch.optim.Adam(net.parameters(), lr=STILL, betas=(0.5, 0.999)) for net in nets
    ]
    data = torch.randn(32, 3, 32, 32), torch.randn(32, 64, 1, 1)
    return lambda *data: networks.dcgan_step(torch, nets, optimizers, *data)[0], data


@case("VAE step, batch 128, Adam")
def vae(torch: Any) -> Any:
    torch.manual_seed(0)
    net = networks.vae(torch)
    optimizer = torch.optim.Adam(net.parameters(), lr=STILL)

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = networks.vae_loss(torch, net, x)
        loss.backward()
        optimizer.step()
        return loss

    return step, (torch.rand(128, 1, 28, 28),)


@case("U-Net step on 64x64, batch 8, Adam")
def unet(torch: Any) -> Any:
    torch.manual_seed(0)
    net = networks.unet(torch)
    optimizer = torch.optim.Adam(net.parameters(), lr=STILL)
    x, y = torch.randn(8, 3, 64, 64), torch.randint(0, 2, (8, 64, 64))
    return training_step(torch, net, optimizer, x, y)


@case("GPT step, 4 layers of 128, 64 tokens, batch 12, AdamW")
def gpt(torch: Any) -> Any:
    torch.manual_seed(0)
    net = networks.gpt(torch)
    optimizer = torch.optim.AdamW(net.parameters(), lr=STILL, betas=(0.9, 0.99))
    tokens = torch.randint(0, 65, (12, 65))

    def step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        logits = net(x)[0]
        loss = torch.nn.functional.cross_entropy(logits.view(-1, 65), y.reshape(-1))
        loss.backward()
        optimizer.step()
        return loss

    return step, (tokens[:, :-1].clone(), tokens[:, 1:].clone())


@case("GPT generation, 64 tokens one by one")
def generation(torch: Any) -> Any:
    torch.manual_seed(0)
    net = networks.gpt(torch).eval()
    return lambda: networks.generate(torch, net, 64), ()


@case("ResNet-18 step on 32x32, batch 32")
def resnet(torch: Any) -> Any:
    torch.manual_seed(0)
    net = networks.resnet18(torch)
    optimizer = torch.optim.SGD(net.parameters(), lr=STILL, momentum=0.9)
    x, y = torch.randn(32, 3, 32, 32), torch.randint(0, 10, (32,))
    return training_step(torch, net, optimizer, x, y)


def resnet_inference(torch: Any, batch: int) -> Any:
    torch.manual_seed(0)
    net = networks.resnet18(torch).eval()

    def step(x: Any) -> Any:
        with torch.no_grad():
            return net(x)

    return step, (torch.randn(batch, 3, 32, 32),)


for _batch in (1, 32):
    case(f"ResNet-18 inference on 32x32, batch {_batch}")(
        lambda torch, batch=_batch: resnet_inference(torch, batch)
    )


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


OPTIMIZERS: dict[str, Case] = {}  # for the table of these


def optimizer_step(torch: Any, name: str) -> Any:
    """A step over 100 matrices of 10,000 elements, whose gradients stay as they are."""
    torch.manual_seed(0)
    parameters = [torch.nn.Parameter(torch.randn(100, 100)) for _ in range(100)]
    for parameter in parameters:
        parameter.grad = torch.randn(100, 100)
        if name == "SparseAdam":  # a tenth of the rows
            rows = torch.arange(0, 100, 10)
            parameter.grad = torch.sparse_coo_tensor(
                rows[None], parameter.grad[rows], parameter.shape
            )
    options = {"momentum": 0.9} if name == "SGD" else {}
    if name == "LBFGS":
        return lbfgs_step(torch, parameters)
    optimizer = getattr(torch.optim, name)(parameters, lr=STILL, **options)
    return optimizer.step, ()


def lbfgs_step(torch: Any, parameters: list[Any]) -> Any:
    """An iteration on a quadratic function, so slow on its way down that the history stays full."""
    optimizer = torch.optim.LBFGS(parameters, lr=1e-3, max_iter=1, history_size=10)
    slopes = [1 + 99 * torch.rand(100, 100) for _ in parameters]

    def closure() -> float:
        with torch.no_grad():
            for parameter, slope in zip(parameters, slopes, strict=True):
                torch.mul(parameter, slope, out=parameter.grad)
        return 1.0

    return optimizer.step, (closure,)


for _name in (
    "SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "Adadelta", "Adagrad", "RMSprop", "Rprop",
    "ASGD", "Adafactor", "Muon", "SparseAdam", "LBFGS",
):  # fmt: skip
    case(f"{_name}, 100 tensors of 10,000", OPTIMIZERS)(
        lambda torch, name=_name: optimizer_step(torch, name)
    )

ALL = {**CASES, **OTHERS, **OPTIMIZERS}
