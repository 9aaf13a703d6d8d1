"""Convolutions of one, two and three dimensions: a sound, an image, a film, and what filters see.

    python examples/convolutions.py            # images and films, of the digits that come along
    python examples/convolutions.py --data DIR # of MNIST in DIR/mnist; sounds in DIR/spoken-digits

One network, three times: a filter is moved along the time of a sound (spoken digits,
https://github.com/Jakobovski/free-spoken-digit-dataset), along the rows and columns of an image
(written digits), and along both and the time of a film, in which a digit moves left, right, up or
down. That needs the third dimension: the last line is a network that sees one frame at a time.

sound.png, image.png and film.png show each filter of the first layer and where it answers.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.vision import datasets

SAMPLES = 8192  # of a sound, about a second
FRAMES, SIDE = 8, 40  # of a film
DIRECTIONS = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}


class Net(nn.Module):
    """Convolutions of `len(kernels[0])` dimensions, whose strides shrink what passes."""

    def __init__(self, kernels, strides, channels=(8, 16, 32), classes=10):
        super().__init__()
        dimensions = len(kernels[0])
        convolution = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[dimensions - 1]
        normalization = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)[dimensions - 1]
        pool = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)[dimensions - 1]
        layers = []
        before = 1
        for kernel, stride, after in zip(kernels, strides, channels, strict=True):
            padding = tuple(size // 2 for size in kernel)
            layers.append(convolution(before, after, kernel, stride, padding, bias=False))
            layers += [normalization(after), nn.ReLU()]
            before = after
        self.features = nn.Sequential(*layers)
        # Small at first, so that what is seen in them later is what they have learnt; the
        # normalisation that follows makes up for it.
        nn.init.normal_(self.features[0].weight, std=0.01)
        self.classifier = nn.Sequential(pool(1), nn.Flatten(), nn.Linear(before, classes))

    def forward(self, x):
        return self.classifier(self.features(x))

    @property
    def filters(self):
        return self.features[0].weight.detach()[:, 0]

    def answers(self, x):
        """What the first layer's filters answer to one input, (filters, ...)."""
        self.eval()
        with torch.no_grad():
            return self.features[:3](x[None])[0]


def sound_net():
    return Net([(64,), (16,), (8,)], [(4,), (8,), (4,)], (16, 32, 64))


def image_net():
    return Net([(5, 5), (3, 3), (3, 3)], [(1, 1), (2, 2), (2, 2)])


def film_net(frames=3):
    """Filters that see so many frames."""
    kernels = [(frames, 5, 5), (frames, 3, 3), (frames, 3, 3)]
    return Net(kernels, [(1, 2, 2)] * 3, classes=len(DIRECTIONS))


def sounds(root):
    """(training sounds (N, 1, SAMPLES), digits), (test sounds, digits), of the same speakers."""
    from rushlight import audio

    parts = []
    for takes in (range(2, 10), range(2)):
        waves, digits = [], []
        for wave, digit in audio.datasets.SpeechDigits(root, takes=takes):
            wave = wave.reshape(1, -1)[:, :SAMPLES]
            waves.append(F.pad(wave / wave.std(), (0, SAMPLES - wave.shape[1])))
            digits.append(digit)
        parts.append((torch.stack(waves), torch.tensor(digits)))
    return parts


def images(data, limit=None):
    """(training images (N, 1, 28, 28), digits), (test images, digits)."""
    parts = []
    for train in (True, False):
        found = datasets.MNIST(data, train=train) if data else datasets.Digits(train=train)
        parts.append(((found.data[:limit, None] / 255), found.targets[:limit]))
    return parts


def films(digits, seed):
    """Of each image a film (1, FRAMES, SIDE, SIDE), and the direction in which the digit moves.

    At which place and how far in a frame (1 to 2 pixels) is random, so that a single frame does not
    tell the direction.
    """
    random = np.random.default_rng(seed)
    pixels = np.zeros((len(digits), 1, FRAMES, SIDE, SIDE), np.float32)
    labels = random.integers(0, len(DIRECTIONS), len(digits))
    steps = list(DIRECTIONS.values())
    for film, digit, label in zip(pixels, digits.numpy(), labels, strict=True):
        moves = np.outer(np.arange(FRAMES), steps[label]) * random.uniform(1, 2)
        moves = np.rint(moves - moves.mean(0)).astype(int)
        place = random.integers(0, SIDE, 2)  # what leaves on one side comes in at the other
        picture = np.zeros((SIDE, SIDE), np.float32)
        picture[:28, :28] = digit[0]
        for frame, move in zip(film[0], moves, strict=True):
            frame[:] = np.roll(picture, place + move, (0, 1))
    return torch.from_numpy(pixels), torch.from_numpy(labels)


def train(net, training, test, epochs, batch_size=32, rate=0.005):
    """The share of right answers on the test."""
    inputs, labels = training
    optimizer = torch.optim.AdamW(net.parameters(), rate, weight_decay=0.01)
    steps = epochs * -(-len(inputs) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, steps)
    net.train()
    for _ in range(epochs):
        for chosen in torch.randperm(len(inputs)).split(batch_size):
            optimizer.zero_grad()
            F.cross_entropy(net(inputs[chosen]), labels[chosen]).backward()
            optimizer.step()
            schedule.step()
    net.eval()
    with torch.no_grad():
        right = [
            (net(x).argmax(1) == y).sum().item()
            for x, y in zip(test[0].split(200), test[1].split(200), strict=True)
        ]
    return sum(right) / len(test[0])


def show(axes, image, **options):
    axes.imshow(image, **options)
    axes.set(xticks=[], yticks=[])


def signed(filters):
    """Red is positive, blue negative, white zero."""
    limit = float(abs(filters).max())
    return {"cmap": "RdBu_r", "vmin": -limit, "vmax": limit}


def draw_sound(net, sound, path):
    """A filter a row, from low to high: its wave, its spectrum, and when it answers."""
    filters, answers = net.filters.numpy(), net.answers(sound).numpy()
    spectra = np.abs(np.fft.rfft(filters, 256))
    figure = Figure(figsize=(11, 1 + 0.6 * len(filters)), layout="constrained")
    rows = figure.subplots(len(filters) + 1, 3, sharex="col", width_ratios=(1, 1, 3))
    for axes in rows.flat:
        axes.set(yticks=[])
    for axes in rows[0, :2]:
        axes.axis("off")
    seconds = np.arange(SAMPLES) / 8000
    rows[0, 2].plot(seconds, sound[0].numpy(), linewidth=0.3, color="black")
    for row, i in zip(rows[1:], spectra.argmax(1).argsort(), strict=True):
        row[0].plot(np.arange(filters.shape[1]) / 8, filters[i])
        row[1].fill_between(np.linspace(0, 4, spectra.shape[1]), spectra[i])
        row[2].plot(np.arange(answers.shape[1]) * 4 / 8000, answers[i], linewidth=0.5)
    rows[-1, 0].set_xlabel("ms")
    rows[-1, 1].set_xlabel("kHz")
    rows[-1, 2].set_xlabel("seconds")
    rows[0, 2].set_title("the sound, and below where each filter answers")
    figure.savefig(path, dpi=80)


def draw_image(net, image, path):
    """The image, the filters, and below each where it answers."""
    filters, answers = net.filters.numpy(), net.answers(image).numpy()
    figure = Figure(figsize=(1.4 * (len(filters) + 1), 3), layout="constrained")
    grid = figure.subplots(2, len(filters) + 1)
    show(grid[0, 0], image[0].numpy(), cmap="gray")
    grid[1, 0].axis("off")
    for column, kernel, answer in zip(grid.T[1:], filters, answers, strict=True):
        show(column[0], kernel, **signed(filters))
        show(column[1], answer, cmap="magma", vmin=0, vmax=answers.max())
    figure.savefig(path, dpi=80)


def draw_film(net, films, path):
    """A filter a row: its frames, and where it answers in the frames of a film, in the first."""
    border = films[..., 0].amax((1, 2, 3)) + films[..., 0, :].amax((1, 2, 3))
    film = films[(border == 0).nonzero()[0, 0]]  # whose digit stays in one piece
    filters, answers = net.filters.numpy(), net.answers(film).numpy()
    seen = filters.shape[1]
    figure = Figure(figsize=(seen + 1 + FRAMES, len(filters) + 1), layout="constrained")
    grid = figure.subplots(len(filters) + 1, seen + 1 + FRAMES)
    for axes in (*grid[0, : seen + 1], *grid[:, seen]):
        axes.axis("off")
    for axes, frame in zip(grid[0, seen + 1 :], film[0].numpy(), strict=True):
        show(axes, frame, cmap="gray")
    for row, kernel, answer in zip(grid[1:], filters, answers, strict=True):
        for axes, frame in zip(row[:seen], kernel, strict=True):
            show(axes, frame, **signed(filters))
        for axes, frame in zip(row[seen + 1 :], answer, strict=True):
            show(axes, frame, cmap="magma", vmin=0, vmax=answer.max())
    figure.savefig(path, dpi=80)


def compare(data=None, epochs=(40, 10, 6), limit=3000, out=".", seed=0):
    """The accuracies by name. `epochs`: for sounds, images, films; `limit`: of images and films."""
    torch.manual_seed(seed)
    out = Path(out)
    accuracies = {}

    def run(name, net, parts, epochs):
        begin = time.perf_counter()
        accuracies[name] = train(net, *parts, epochs)
        seconds = time.perf_counter() - begin
        kernel = "x".join(map(str, net.features[0].kernel_size))
        line = f"{name:28} filters of {kernel:6} {accuracies[name]:7.2%}  {seconds:3.0f} s"
        print(line, flush=True)

    if data is not None:
        parts, net = sounds(Path(data) / "spoken-digits"), sound_net()
        run("1-d, which digit is said", net, parts, epochs[0])
        draw_sound(net, parts[1][0][0], out / "sound.png")
    parts, net = images(data, limit), image_net()
    run("2-d, which digit is written", net, parts, epochs[1])
    draw_image(net, parts[1][0][0], out / "image.png")
    parts, net = [films(digits, seed + i) for i, (digits, _) in enumerate(parts)], film_net()
    run("3-d, where a digit moves", net, parts, epochs[2])
    draw_film(net, parts[1][0], out / "film.png")
    run("3-d, a frame at a time", film_net(frames=1), parts, epochs[2])
    return accuracies


def main():
    parser = argparse.ArgumentParser(description="Convolutions of 1, 2 and 3 dimensions.")
    parser.add_argument("--data", help="the folder of mnist and spoken-digits")
    parser.add_argument("--limit", type=int, default=3000, help="as many images and films")
    parser.add_argument("--out", default=".", help="where the pictures go")
    arguments = parser.parse_args()
    compare(arguments.data, limit=arguments.limit, out=arguments.out)


if __name__ == "__main__":
    try:
        main()
    except OSError as error:  # a file that is not there, or is another than was told
        raise SystemExit(f"error: {error}") from None
