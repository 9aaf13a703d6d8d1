"""LeNet on pictures like those of MNIST, 100 steps, with dropout, shuffling and worker processes.

--steps says how many.
"""
# tolerance: 1e-3
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=100)
args = parser.parse_args()


class Digits(Dataset):
    """Seven bars make a digit, drawn where chance puts it, with noise."""

    bars = ("1110111", "0010010", "1011101", "1011011", "0111010",
            "1101011", "1101111", "1010010", "1111111", "1111011")
    places = ((3, 7, 1, 9), (4, 6, 7, 2), (4, 6, 13, 2), (10, 7, 7, 2), (11, 6, 7, 2),
              (11, 6, 13, 2), (17, 7, 1, 9))

    def __len__(self):
        return 400

    def __getitem__(self, index):
        label = index % 10
        image = torch.zeros(28, 28)
        for on, (top, left, _, _) in zip(self.bars[label], self.places):
            wide = top in (3, 10, 17)
            if on == "1":
                image[top:top + (2 if wide else 7), left:left + (9 if wide else 2)] = 1
                if not wide and left == 6:
                    image[top:top + 7, left:left + 2] = 0.8
        image = image.roll((int(torch.randint(-2, 3, ())), int(torch.randint(-2, 9, ()))), (0, 1))
        image = image + 0.3 * torch.rand(28, 28)
        return (image.unsqueeze(0) - 0.13) / 0.31, label


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.drop = nn.Dropout(0.25)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = self.drop(torch.flatten(x, 1))
        x = F.relu(self.fc1(x))
        return self.fc3(self.drop(F.relu(self.fc2(x))))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = LeNet()
    loader = DataLoader(Digits(), batch_size=16, shuffle=True, num_workers=2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    step = 0
    while step < args.steps:
        for images, labels in loader:
            loss = F.cross_entropy(model(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print(f"{step:3d} {loss.item():.7f}")
            step += 1
            if step == args.steps:
                break
