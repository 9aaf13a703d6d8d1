"""Pictures as MNIST's files, read by torchvision.datasets, with transforms and a validation split."""
import gzip
import os
import struct

import numpy as np
import torch
import torch.nn as nn
import torchvision
import torchvision.transforms as transforms
from torch.utils.data import DataLoader, random_split


def write_idx(path, array):
    with gzip.open(path, "wb") as handle:
        handle.write(struct.pack(">HBB", 0, 8, array.ndim))
        handle.write(struct.pack(">" + "I" * array.ndim, *array.shape))
        handle.write(array.tobytes())


os.makedirs("data/MNIST/raw", exist_ok=True)
rng = np.random.default_rng(0)
for name, count in (("train", 120), ("t10k", 40)):
    labels = rng.integers(0, 10, count).astype(np.uint8)
    images = rng.integers(0, 60, (count, 28, 28)).astype(np.uint8)
    for image, label in zip(images, labels):
        image[2 * label:2 * label + 8, 4:24] = 200
    write_idx(f"data/MNIST/raw/{name}-images-idx3-ubyte.gz", images)
    write_idx(f"data/MNIST/raw/{name}-labels-idx1-ubyte.gz", labels)
    for kind in "images-idx3", "labels-idx1":
        raw = f"data/MNIST/raw/{name}-{kind}-ubyte"
        with gzip.open(raw + ".gz") as packed, open(raw, "wb") as plain:
            plain.write(packed.read())

transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train_set = torchvision.datasets.MNIST(root="data", train=True, download=False, transform=transform)
test_set = torchvision.datasets.MNIST("data", train=False, transform=transform,
                                      target_transform=lambda y: y % 2)
print(len(train_set), train_set.data.shape, train_set.targets[:5], train_set.classes[3])
torch.manual_seed(0)
train_part, valid_part = random_split(train_set, [100, 20])
loader = DataLoader(train_part, batch_size=20, shuffle=True)
model = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10))
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
for epoch in range(2):
    for i, (images, labels) in enumerate(loader):
        loss = nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("Epoch [{}/{}], Loss: {:.5f}".format(epoch + 1, 2, loss.item()))
images, labels = next(iter(DataLoader(test_set, 8)))
print(images.mean(), images.std(), labels)
grid = torchvision.utils.make_grid(images, nrow=4, normalize=True)
print(grid.shape, "%.5f" % grid.mean().item())
print(train_set.data[0].float().mean(), train_set[0][0].shape, type(train_set[0][1]).__name__)
