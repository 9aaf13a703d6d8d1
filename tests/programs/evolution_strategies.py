"""A network's weights by evolution: no gradients, a whole population by vmap."""
import torch
from torch import nn
from torch.func import functional_call, stack_module_state, vmap

torch.manual_seed(3)
net = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
x = torch.rand(64, 2) * 2 - 1
y = (x[:, :1] * x[:, 1:]).sign()
center = {name: p.detach().clone() for name, p in net.named_parameters()}
total = sum(p.numel() for p in center.values())
print(net, total)


def fitness(params):
    return -nn.functional.mse_loss(functional_call(net, params, (x,)), y)


with torch.inference_mode():
    population, sigma, rate = 40, 0.1, 0.3
    for generation in range(25):
        noise = {name: torch.randn(population // 2, *p.shape) for name, p in center.items()}
        noise = {name: torch.cat([n, -n]) for name, n in noise.items()}
        candidates = {name: p + sigma * noise[name] for name, p in center.items()}
        scores = vmap(fitness)(candidates)
        ranks = scores.argsort().argsort().float() / (population - 1) - 0.5
        for name, p in center.items():
            p.add_(torch.einsum("i,i...->...", ranks, noise[name]), alpha=rate / (population * sigma))
        if generation % 6 == 0:
            print(f"generation {generation:2d} best {scores.max():.4f} mean {scores.mean():.4f}")
    print(scores.is_inference(), x.is_inference())

models = [nn.Linear(3, 2) for _ in range(4)]
params, buffers = stack_module_state(models)
base = nn.Linear(3, 2).to("meta")
outputs = vmap(lambda p, b, v: functional_call(base, (p, b), (v,)), in_dims=(0, 0, None))(params, buffers, torch.ones(5, 3))
print({k: tuple(v.shape) for k, v in params.items()}, outputs.shape)
print(torch.allclose(outputs[2], models[2](torch.ones(5, 3)), atol=1e-6))
