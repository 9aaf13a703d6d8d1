"""Images in folders, one for each class: augmentation, workers, a small network or a trained one.

    python examples/image_folder.py FOLDER                          # FOLDER/<class>/*.jpg
    python examples/image_folder.py FOLDER --weights resnet18.pth   # goes on from these

FOLDER may hold `train` and `test`, each with a folder per class; otherwise a fifth of the images is
the test. With `--weights`, a file of ResNet-18's parameters as torchvision has them, a trained
network is kept as it is, and only a new last layer learns: enough for a few hundred photographs.
augmented.png shows some images as the network is given them, each several times.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.utils.data import DataLoader, Subset
from rushlight.vision import models, transforms
from rushlight.vision.datasets import ImageFolder
from rushlight.vision.utils import save_image

MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, by channel


def augmentation(size):
    """Another part of the image each time, mirrored or not, in other light."""
    return transforms.Compose([
        transforms.RandomResizedCrop(size, scale=(0.5, 1.0)),
        transforms.RandomHorizontalFlip(),
        transforms.ColorJitter(brightness=0.2, contrast=0.2),
        transforms.ToTensor(),
        transforms.Normalize(MEAN, DEVIATION),
    ])  # fmt: skip


def preparation(size):
    """The middle of the image."""
    return transforms.Compose([
        transforms.Resize(size * 8 // 7),
        transforms.CenterCrop(size),
        transforms.ToTensor(),
        transforms.Normalize(MEAN, DEVIATION),
    ])  # fmt: skip


def split(root, size):
    """The training and the test images, which are transformed in different ways."""
    root = Path(root)
    if (root / "train").is_dir() and (root / "test").is_dir():
        training = ImageFolder(root / "train", augmentation(size))
        test = ImageFolder(root / "test", preparation(size))
        if training.classes != test.classes:
            raise ValueError(f"{root}: train and test have different classes")
        return training, test, training.classes
    training, test = ImageFolder(root, augmentation(size)), ImageFolder(root, preparation(size))
    order = torch.randperm(len(training)).tolist()
    count = len(order) // 5
    return Subset(training, order[count:]), Subset(test, order[:count]), training.classes


def small_network(classes):
    layers = []
    before = 3
    for channels in (32, 64, 128):
        layers += [
            nn.Conv2d(before, channels, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(),
            nn.MaxPool2d(2),
        ]
        before = channels
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(before, classes))


def trained_network(classes, weights):
    """ResNet-18 with these weights, in which nothing but a new last layer learns."""
    net = models.resnet18()
    net.load_state_dict(torch.load(weights))
    net.requires_grad_(False)
    net.fc = nn.Linear(net.fc.in_features, classes)
    return net


def show(dataset, path, images=8, times=6):
    """A row for each of some images, as `dataset` gives them several times."""
    chosen = torch.randperm(len(dataset))[:images].tolist()
    views = torch.stack([dataset[i][0] for i in chosen for _ in range(times)])
    views = views * torch.tensor(DEVIATION)[:, None, None] + torch.tensor(MEAN)[:, None, None]
    save_image(views, path, nrow=times)


def accuracy(net, loader):
    net.eval()
    correct = 0
    with torch.no_grad():
        for images, labels in loader:
            correct += (net(images).argmax(1) == labels).sum().item()
    return correct / len(loader.dataset)


def train(root, size=64, epochs=20, workers=2, weights=None, out=".", seed=0):
    """The network, and its accuracy on the test images."""
    torch.manual_seed(seed)
    training, test, classes = split(root, size)
    print(f"{len(training)} images of {len(classes)} classes to learn from, {len(test)} to test")
    show(training, Path(out) / "augmented.png")
    loader = DataLoader(
        training, batch_size=32, shuffle=True, num_workers=workers, persistent_workers=workers > 0
    )
    test_loader = DataLoader(test, batch_size=64, num_workers=workers)
    net = trained_network(len(classes), weights) if weights else small_network(len(classes))
    learning = [p for p in net.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learning, lr=3e-3, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, epochs * len(loader))
    for epoch in range(epochs):
        begin = time.perf_counter()
        net.train(not weights)  # what is kept as it is has its normalisation kept, too
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(images), labels)
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item() * len(labels)
        seconds = time.perf_counter() - begin
        print(f"epoch {epoch + 1}: loss {total / len(training):.4f}, {seconds:.1f} s", flush=True)
    return net, accuracy(net, test_loader)


def main():
    parser = argparse.ArgumentParser(description="Trains a network on a folder of images.")
    parser.add_argument("folder", help="a folder for each class, or of train and test with these")
    parser.add_argument("--size", type=int, default=64, help="pixels of a side (224 for ResNet-18)")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--workers", type=int, default=2, help="processes that read images")
    parser.add_argument("--weights", help="a file of ResNet-18's parameters, to go on from")
    parser.add_argument("--out", default=".", help="where augmented.png goes")
    arguments = parser.parse_args()
    net, found = train(
        arguments.folder, arguments.size, arguments.epochs, arguments.workers, arguments.weights,
        arguments.out,
    )  # fmt: skip
    print(f"test accuracy {found:.2%}")
    torch.save(net.state_dict(), Path(arguments.out) / "image_folder.pt")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:  # a file that is not there, or is another than was told
        raise SystemExit(f"error: {error}") from None
