import torch

x = torch.ones(3)
loss = (x * 2).mean()
loss.backward()
