"""A scattering network, whose filters nobody learns, beside a convolutional network, on few digits.

    python examples/scattering.py              # digits that come along
    python examples/scattering.py --data DIR   # MNIST's, from DIR/mnist

Bruna and Mallat, "Invariant scattering convolution networks", 2013
(https://arxiv.org/abs/1203.1513): Morlet wavelets of several scales and directions, the modulus,
the same again, and an average. What comes out hardly changes when a digit is moved or bent a
little, so that a linear classifier of it learns from few examples. The table has a row for each
number of examples per class, and scattering.png draws it; filters.png shows the wavelets.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

from matplotlib.figure import Figure

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.vision import datasets
from rushlight.vision.models import ConvNet

METHODS = ("scattering, linear", "convolutional network", "pixels, linear")


def periodic(values, size):
    """The sum of all pieces of `size` x `size` that (4 size) x (4 size) values are made of."""
    return values.reshape(4, size, 4, size).sum((0, 2))


def gabor(size, deviation, angle=0.0, slant=1.0, frequency=0.0):
    """A Gaussian of area 1, and the same times a wave along `angle`, around (0, 0) of a torus.

    Across that direction the Gaussian is 1 / `slant` times as wide as the `deviation` along it.
    """
    y, x = torch.meshgrid(*[torch.arange(-2 * size, 2 * size)] * 2, indexing="ij")
    along = x * math.cos(angle) + y * math.sin(angle)
    across = y * math.cos(angle) - x * math.sin(angle)
    gaussian = torch.exp(-(along**2 + (slant * across) ** 2) / (2 * deviation**2))
    gaussian = gaussian * (slant / (2 * math.pi * deviation**2))
    wave = gaussian * torch.exp(1j * frequency * along)
    return periodic(gaussian, size), periodic(wave, size)


def morlet(size, scale, angle, angles):
    """A wave of about a period and a half, whose sum is zero: constant brightness is not seen."""
    gaussian, wave = gabor(
        size, 0.8 * 2**scale, angle, slant=4 / angles, frequency=0.75 * math.pi / 2**scale
    )
    return wave - gaussian * (wave.sum() / gaussian.sum())


class Scattering(nn.Module):
    """Images (N, size, size) to (N, channels, size / 2**scales, size / 2**scales).

    The channels are the averages of x, of |x * wavelet| and of ||x * wavelet| * a wider wavelet|.
    """

    def __init__(self, size=32, scales=3, angles=6):
        super().__init__()
        self.scales, self.angles = scales, angles
        wavelets = [
            morlet(size, scale, math.pi * i / angles, angles)
            for scale in range(scales)
            for i in range(angles)
        ]
        average, _ = gabor(size, 0.8 * 2 ** (scales - 1))
        # A convolution is a product of spectra. These are real: psi(-u) is the conjugate of psi(u).
        self.register_buffer("wavelets", torch.fft.fft2(torch.stack(wavelets)).real)
        self.register_buffer("average", torch.fft.fft2(average).real)

    def averaged(self, x):
        step = 2**self.scales
        return torch.fft.ifft2(torch.fft.fft2(x) * self.average).real[..., ::step, ::step]

    def forward(self, x):
        first = torch.fft.ifft2(torch.fft.fft2(x)[:, None] * self.wavelets).abs()
        channels = [self.averaged(x)[:, None], self.averaged(first)]
        for scale in range(1, self.scales):
            finer = first[:, (scale - 1) * self.angles : scale * self.angles]
            wider = self.wavelets[scale * self.angles :]
            second = torch.fft.ifft2(torch.fft.fft2(finer)[:, :, None] * wider).abs()
            channels.append(self.averaged(second).flatten(1, 2))
        return torch.cat(channels, 1)


def scattered(images, batch_size=50):
    """What the scattering network makes of images (N, 28, 28): (N, features)."""
    network = Scattering()
    with torch.no_grad():
        parts = [network(F.pad(some, (2, 2, 2, 2))) for some in images.split(batch_size)]
    return torch.cat(parts).flatten(1)


def linear_accuracy(features, labels, test_features, test_labels, ridge):
    """Of ridge regression to a 1 for the class and 0 for others, solved in the examples.

    `ridge` is in terms of the features' mean square.
    """
    mean = features.mean(0)
    features, test_features = features - mean, test_features - mean
    products = features @ features.t()
    damping = ridge * products.trace() / len(products) * torch.eye(len(products))
    targets = F.one_hot(labels, 10).float() - 0.1
    weights = features.t() @ torch.linalg.solve(products + damping, targets)
    return ((test_features @ weights).argmax(1) == test_labels).float().mean().item()


def convnet_accuracy(images, labels, test_images, test_labels, steps):
    """Of a network of two convolutions and two linear layers, with dropout, by AdamW."""
    net = ConvNet()
    optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    batch_size = min(32, len(images))
    for _ in range(steps):
        chosen = torch.randperm(len(images))[:batch_size]
        optimizer.zero_grad()
        F.cross_entropy(net(images[chosen, None]), labels[chosen]).backward()
        optimizer.step()
        schedule.step()
    net.eval()
    with torch.no_grad():
        found = torch.cat([net(some).argmax(1) for some in test_images[:, None].split(500)])
    return (found == test_labels).float().mean().item()


def load(data):
    """Training and test digits, (N, 28, 28) between 0 and 1, and their labels."""
    parts = []
    for train in (True, False):
        digits = datasets.MNIST(data, train=train) if data else datasets.Digits(train=train)
        parts += [digits.data / 255, digits.targets]
    return parts


def draw_table(table, path):
    figure = Figure(figsize=(6, 4.5), layout="constrained")
    axes = figure.subplots()
    for method in METHODS:
        axes.plot(table.keys(), [row[method] for row in table.values()], "o-", label=method)
    axes.set(xscale="log", xlabel="examples per class", ylabel="test accuracy")
    axes.set_xticks(list(table), list(map(str, table)))
    axes.minorticks_off()
    axes.yaxis.set_major_formatter("{x:.0%}")
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=100)


def draw_filters(path):
    """A row for each scale: the real part of the wavelets, and last the average."""
    network = Scattering()
    figure = Figure(figsize=(network.angles + 1, network.scales), layout="constrained")
    grid = figure.subplots(network.scales, network.angles + 1)
    for axes in grid.flat:
        axes.axis("off")
    spectra = [*network.wavelets, network.average]
    places = [*grid[:, :-1].flat, grid[-1, -1]]
    for axes, spectrum in zip(places, spectra, strict=True):
        image = torch.fft.fftshift(torch.fft.ifft2(spectrum).real).numpy()
        limit = abs(image).max()
        axes.imshow(image, cmap="RdBu_r", vmin=-limit, vmax=limit)
    figure.savefig(path, dpi=100)


def compare(data=None, counts=(1, 3, 10, 30, 100), draws=3, steps=1000, tests=None, out="."):
    """For each number of examples per class the accuracy of each method, the mean of `draws`."""
    torch.manual_seed(0)
    images, labels, test_images, test_labels = load(data)
    test_images, test_labels = test_images[:tests], test_labels[:tests]
    begin = time.perf_counter()
    test_features = scattered(test_images)
    seconds = time.perf_counter() - begin
    print(f"{test_features.shape[1]} features of {len(test_features)} tests in {seconds:.0f} s")
    print("examples per class   " + "   ".join(METHODS))
    table = {}
    for count in counts:
        found = []
        for _ in range(draws):
            chosen = torch.cat([
                (places := (labels == digit).nonzero()[:, 0])[torch.randperm(len(places))[:count]]
                for digit in range(10)
            ])  # fmt: skip
            some, truth = images[chosen], labels[chosen]
            found.append((
                linear_accuracy(scattered(some), truth, test_features, test_labels, 0.03),
                convnet_accuracy(some, truth, test_images, test_labels, steps),
                linear_accuracy(some.flatten(1), truth, test_images.flatten(1), test_labels, 1),
            ))  # fmt: skip
        means = torch.tensor(found).mean(0).tolist()
        table[count] = dict(zip(METHODS, means, strict=True))
        cells = [f"{mean:>{len(name)}.2%}" for name, mean in table[count].items()]
        print(f"{count:>18}   " + "   ".join(cells), flush=True)
    draw_table(table, Path(out) / "scattering.png")
    draw_filters(Path(out) / "filters.png")
    return table


def main():
    parser = argparse.ArgumentParser(description="Scattering and learnt features of few digits.")
    parser.add_argument("--data", help="the folder of MNIST (default: the part that comes along)")
    parser.add_argument("--draws", type=int, default=3, help="of examples, to take the mean of")
    parser.add_argument("--out", default=".", help="where the pictures go")
    arguments = parser.parse_args()
    compare(arguments.data, draws=arguments.draws, out=arguments.out)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:  # a file that is not there, or is another than was told
        raise SystemExit(f"error: {error}") from None
