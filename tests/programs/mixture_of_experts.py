"""Tokens to the two best of several experts, gathered and put back by index."""
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor, nn
import torch.nn.functional as F


@dataclass
class Config:
    width: int = 16
    experts: int = 4
    chosen: int = 2
    classes: int = 5
    sizes: list = field(default_factory=lambda: [32, 16])


class Routed(NamedTuple):
    output: Tensor
    balance: Tensor
    counts: Tensor


class Experts(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.gate = nn.Linear(config.width, config.experts, bias=False)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(config.width, config.sizes[0]), nn.SiLU(), nn.Linear(config.sizes[0], config.width))
            for _ in range(config.experts)
        )
        self.register_buffer("seen", torch.zeros(config.experts, dtype=torch.long), persistent=False)

    def forward(self, x: Tensor) -> Routed:
        flat = x.flatten(0, -2)
        probabilities = self.gate(flat).softmax(-1)
        weights, chosen = probabilities.topk(self.config.chosen, dim=-1)
        weights = weights / weights.sum(-1, keepdim=True)
        output = torch.zeros_like(flat)
        for number, expert in enumerate(self.experts):
            rows, place = torch.where(chosen == number)
            if rows.numel() == 0:
                continue
            output.index_add_(0, rows, expert(flat[rows]) * weights[rows, place, None])
        counts = torch.bincount(chosen.flatten(), minlength=self.config.experts)
        self.seen += counts
        share = counts.to(x.dtype) / counts.sum()
        balance = self.config.experts * (share * probabilities.mean(0)).sum()
        return Routed(output.view_as(x), balance, counts)


torch.manual_seed(7)
config = Config()
layer, head = Experts(config), nn.Linear(config.width, config.classes)
print(config)
print(layer)
parameters = [*layer.parameters(), *head.parameters()]
optimizer = torch.optim.AdamW(parameters, lr=0.01)
x = torch.randn(6, 10, config.width)
target = torch.randint(config.classes, (6, 10))
for step in range(20):
    routed = layer(x)
    loss = F.cross_entropy(head(x + routed.output).movedim(-1, 1), target) + 0.01 * routed.balance
    optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(parameters, 1.0)
    optimizer.step()
    if step % 5 == 0:
        print(f"{step:2d} loss {loss.item():.4f} balance {routed.balance.item():.4f} norm {norm:.3f} {routed.counts.tolist()}")
print(layer.seen.sum().item(), "seen" in layer.state_dict(), sum(p.numel() for p in parameters))
