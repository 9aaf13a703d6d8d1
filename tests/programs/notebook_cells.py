# %% [markdown]
# # A first look at tensors and a small network

# %%
import math

import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(42)
print(torch.__version__.split("+")[0].count("."))

# %%
a = torch.arange(12).reshape(3, 4)
a

# %%
print(a)
print(a.shape, a.dtype, a.device, a.ndim, a.numel())
print(a[1], a[:, 1], a[..., -1], a[a > 5], sep="\n")
print(a.float().mean(dim=0, keepdim=True), a.sum(), a.max(dim=1), sep="\n")

# %%
b = torch.rand(2, 3, 4)
print(b)
print(b.permute(2, 0, 1).shape, b.transpose(0, 1).stride(), b.view(-1, 4).is_contiguous())
print(torch.cat([b, b], dim=1).shape, torch.stack([b, b]).shape, b.chunk(2, dim=2)[0].size())
print(b.unsqueeze(0).squeeze().shape, b.expand(5, 2, 3, 4).shape, b.repeat(1, 2, 1).shape)

# %%
print(torch.eye(3, dtype=torch.float64), torch.zeros(2, 2, dtype=torch.bool), torch.tensor(math.pi))
print(torch.tensor([1e-8, 1.0, 1e5]), torch.tensor([float("nan"), float("inf"), -1.0]))
print(torch.tensor([1 + 2j, -0.5j]), torch.empty(0), torch.tensor([[True], [False]]))
print(torch.randn(1100)[:5], torch.ones(40, 40))

# %%
n = np.random.default_rng(0).normal(size=(3, 2))
t = torch.from_numpy(n)
t.mul_(10)
print(n, t, t.T @ t, sep="\n")

# %%
x = torch.tensor([2.0, 3.0], requires_grad=True)
y = (x**2).sum() + x.prod()
y.backward()
print(x, y, x.grad, y.grad_fn is not None)

# %%
net = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(4 * 4 * 4, 10),
)
print(net)
for name, parameter in net.named_parameters():
    print(f"{name:10s} {str(tuple(parameter.shape)):18s} {parameter.numel():6d}")
print(sum(p.numel() for p in net.parameters() if p.requires_grad), "parameters")
print(net(torch.randn(2, 1, 8, 8)))

# %%
print(net[0].weight[0])
print({k: v.shape for k, v in net.state_dict().items()})
