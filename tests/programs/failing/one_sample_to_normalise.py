"""Batch norm of one sample in training."""
import torch
from torch import nn

net = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU())
print(net(torch.ones(2, 4)).shape)
net.eval()
print(net(torch.ones(1, 4)).shape)
net.train()
net(torch.ones(1, 4))
