"""Weights of another architecture."""
import torch
from torch import nn

small, large = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1)), nn.Sequential(nn.Linear(2, 5), nn.Linear(5, 1))
print(small.load_state_dict(small.state_dict()))
large.load_state_dict(small.state_dict())
