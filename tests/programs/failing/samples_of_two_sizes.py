"""Samples that cannot be stacked to a batch."""
import torch
from torch.utils.data import DataLoader

samples = [torch.zeros(3), torch.zeros(3), torch.zeros(2), torch.zeros(3)]
for number, batch in enumerate(DataLoader(samples, batch_size=2)):
    print(number, batch.shape)
