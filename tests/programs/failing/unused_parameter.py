import torch

a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
print(torch.autograd.grad(a.sum(), [a, b], allow_unused=True))
torch.autograd.grad(a.sum(), [a, b])
