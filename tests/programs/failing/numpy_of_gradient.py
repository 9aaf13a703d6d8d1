import torch

y = torch.ones(2, requires_grad=True) * 3
print(y.detach().numpy())
print(y.numpy())
