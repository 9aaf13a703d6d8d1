"""Weights that are normed, pruned and constrained while they are trained."""
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.nn.utils.parametrize as parametrize
from torch.nn.utils import parametrizations, prune

torch.manual_seed(0)
x, y = torch.randn(60, 8), torch.randn(60, 3)


class Symmetric(nn.Module):
    def forward(self, X):
        return X.triu() + X.triu(1).transpose(-1, -2)


class MatrixExponential(nn.Module):
    def forward(self, X):
        return torch.matrix_exp(X - X.transpose(-1, -2))


class Pool(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = parametrizations.spectral_norm(nn.Linear(8, 8))
        self.second = parametrizations.weight_norm(nn.Linear(8, 8))
        self.third = nn.Linear(8, 8)
        parametrize.register_parametrization(self.third, "weight", Symmetric())
        self.fourth = nn.Linear(8, 8, bias=False)
        parametrize.register_parametrization(self.fourth, "weight", MatrixExponential())
        self.last = nn.Linear(8, 3)

    def forward(self, x):
        x = torch.tanh(self.second(F.hardswish(self.first(x))))
        return self.last(self.fourth(F.mish(self.third(x))))


net = Pool()
print(net.third.parametrizations, [n for n, _ in net.named_parameters()])
optimizer = torch.optim.Rprop(net.parameters(), lr=0.01)
for step in range(6):
    loss = F.l1_loss(net(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(step, "%.6f" % loss.item())
w = net.fourth.weight
print(torch.allclose(w @ w.T, torch.eye(8), atol=1e-4), torch.equal(net.third.weight, net.third.weight.T))
print("spectral %.4f" % torch.linalg.matrix_norm(net.first.weight, 2).item())
parametrize.remove_parametrizations(net.third, "weight")
print(type(net.third).__name__, parametrize.is_parametrized(net), parametrize.is_parametrized(net.third))

prune.l1_unstructured(net.last, name="weight", amount=0.3)
prune.ln_structured(net.third, "weight", amount=2, n=2, dim=0)
prune.random_unstructured(net.third, "bias", amount=3)
print(sorted(name for name, _ in net.last.named_buffers()), net.last.weight_mask)
print(int((net.third.weight == 0).all(1).sum()), int((net.third.bias_mask == 0).sum()))
for layer in net.last, net.third:
    prune.remove(layer, "weight")
print("%.6f" % F.l1_loss(net(x), y).item(), float((net.last.weight == 0).sum()) / net.last.weight.nelement())
