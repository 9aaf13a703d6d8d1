"""An LSTM tags signs by what it has read, 100 steps, with dropout, shuffling and worker processes.

--steps says how many.
"""
# tolerance: 1e-3
import argparse

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=100)
args = parser.parse_args()


class Sums(Dataset):
    """The sums of all digits so far, modulo 5."""

    def __len__(self):
        return 256

    def __getitem__(self, index):
        digits = torch.randint(5, (12,))
        return digits, digits.cumsum(0) % 5


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(5, 16)
        self.lstm = nn.LSTM(16, 32, num_layers=2, dropout=0.2, batch_first=True)
        self.drop = nn.Dropout(0.1)
        self.head = nn.Linear(32, 5)

    def forward(self, x):
        output, _ = self.lstm(self.embed(x))
        return self.head(self.drop(output))


if __name__ == "__main__":
    torch.manual_seed(0)
    model = Tagger()
    loader = DataLoader(Sums(), batch_size=16, shuffle=True, num_workers=2)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    step = 0
    while step < args.steps:
        for digits, sums in loader:
            loss = nn.functional.cross_entropy(model(digits).transpose(1, 2), sums)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            print(f"{step:3d} {loss.item():.7f}")
            step += 1
            if step == args.steps:
                break
