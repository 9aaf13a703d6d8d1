"""Denoising diffusion on points of two moons."""
import math

import torch
from torch import nn

torch.manual_seed(0)
T = 50
betas = torch.linspace(1e-4, 0.1, T)
alphas = 1.0 - betas
alpha_bars = torch.cumprod(alphas, dim=0)


def moons(n):
    t = math.pi * torch.rand(n)
    upper = torch.rand(n) < 0.5
    x = torch.where(upper, t.cos(), 1 - t.cos())
    y = torch.where(upper, t.sin(), 0.5 - t.sin())
    return torch.stack((x, y), -1) + 0.05 * torch.randn(n, 2)


class SinusoidalEmbedding(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, t):
        half = self.dim // 2
        emb = torch.exp(torch.arange(half, device=t.device) * -(math.log(10000) / (half - 1)))
        emb = t[:, None].float() * emb[None, :]
        return torch.cat((emb.sin(), emb.cos()), dim=-1)


class Block(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.ff = nn.Linear(size, size)
        self.act = nn.SiLU()

    def forward(self, x):
        return x + self.act(self.ff(x))


class Denoiser(nn.Module):
    def __init__(self, hidden=32, emb=16, layers=3):
        super().__init__()
        self.time = SinusoidalEmbedding(emb)
        self.net = nn.Sequential(nn.Linear(2 + emb, hidden), nn.SiLU(),
                                 *[Block(hidden) for _ in range(layers)], nn.Linear(hidden, 2))

    def forward(self, x, t):
        return self.net(torch.cat((x, self.time(t)), dim=-1))


model = Denoiser()
ema = {k: v.clone() for k, v in model.state_dict().items()}
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
for step in range(60):
    x0 = moons(64)
    t = torch.randint(0, T, (64,))
    noise = torch.randn_like(x0)
    a = alpha_bars[t].unsqueeze(-1)
    xt = a.sqrt() * x0 + (1 - a).sqrt() * noise
    loss = nn.functional.mse_loss(model(xt, t), noise)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    for k, v in model.state_dict().items():
        ema[k].lerp_(v, 0.05)
    if step % 10 == 0:
        print(f"step {step:3d} loss {loss.item():.6f}")

model.load_state_dict(ema)


@torch.no_grad()
def sample(n):
    x = torch.randn(n, 2)
    for t in reversed(range(T)):
        eps = model(x, torch.full((n,), t, dtype=torch.long))
        x = (x - betas[t] / (1 - alpha_bars[t]).sqrt() * eps) / alphas[t].sqrt()
        if t > 0:
            x += betas[t].sqrt() * torch.randn_like(x)
    return x


points = sample(100)
print("mean", points.mean(0), "std", points.std(0))
print(points[:3])
