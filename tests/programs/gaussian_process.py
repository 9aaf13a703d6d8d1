"""Regression by a Gaussian process: its kernel's parameters by L-BFGS, through Cholesky factors."""
import math

import torch
from torch import nn

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)


class GP(nn.Module):
    def __init__(self):
        super().__init__()
        self.log_length = nn.Parameter(torch.tensor(0.0))
        self.log_scale = nn.Parameter(torch.tensor(0.0))
        self.log_noise = nn.Parameter(torch.tensor(-1.0))

    def kernel(self, a, b):
        distance = torch.cdist(a, b) / self.log_length.exp()
        return self.log_scale.exp() * torch.exp(-0.5 * distance**2)

    def forward(self, x, y):
        n = len(x)
        K = self.kernel(x, x) + (self.log_noise.exp() + 1e-4) * torch.eye(n)
        L = torch.linalg.cholesky(K)
        alpha = torch.cholesky_solve(y.unsqueeze(-1), L).squeeze(-1)
        return 0.5 * y @ alpha + L.diagonal().log().sum() + 0.5 * n * math.log(2 * math.pi)

    @torch.no_grad()
    def predict(self, x, y, new):
        K = self.kernel(x, x) + (self.log_noise.exp() + 1e-4) * torch.eye(len(x))
        L = torch.linalg.cholesky(K)
        across = self.kernel(x, new)
        v = torch.linalg.solve_triangular(L, across, upper=False)
        w = torch.linalg.solve_triangular(L, y[:, None], upper=False)
        mean = (v.mT @ w).squeeze(-1)
        return mean, self.kernel(new, new).diagonal() - v.square().sum(0)


x = torch.linspace(-3, 3, 25).unsqueeze(-1)
y = torch.sin(2 * x).squeeze(-1) + 0.1 * torch.randn(25)
model = GP()
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=5, line_search_fn="strong_wolfe")
for step in range(6):
    def closure():
        optimizer.zero_grad()
        loss = model(x, y)
        loss.backward()
        return loss

    print(f"step {step} loss {optimizer.step(closure).item():.3f}")

mean, variance = model.predict(x, y, torch.tensor([[-1.0], [0.0], [0.5], [5.0]]))
for m, v in zip(mean, variance):
    print(f"{m:+.3f} +- {v.clamp_min(0).sqrt():.3f}")
