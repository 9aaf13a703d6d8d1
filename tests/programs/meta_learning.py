"""Learning to learn sine waves: functional_call, gradients of gradients, grad and vmap."""
# tolerance: 2e-4
import torch
from torch import nn
from torch.func import functional_call, grad, vmap

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)


def sample_task(shots=10):
    amplitude, phase = torch.rand(1) * 4.9 + 0.1, torch.rand(1) * torch.pi
    x = torch.rand(2 * shots, 1) * 10 - 5
    y = amplitude * torch.sin(x + phase)
    return x[:shots], y[:shots], x[shots:], y[shots:]


def inner_loop(params, x, y, steps=2, lr=0.01):
    for _ in range(steps):
        loss = nn.functional.mse_loss(functional_call(net, params, (x,)), y)
        grads = torch.autograd.grad(loss, list(params.values()), create_graph=True)
        params = {name: p - lr * g for (name, p), g in zip(params.items(), grads)}
    return params


for iteration in range(8):
    outer = 0.0
    for _ in range(4):
        x, y, xq, yq = sample_task()
        fast = inner_loop(dict(net.named_parameters()), x, y)
        outer = outer + nn.functional.mse_loss(functional_call(net, fast, xq), yq)
    optimizer.zero_grad()
    (outer / 4).backward()
    optimizer.step()
    print(f"MAML {iteration} {outer.item() / 4:.6f}")

params = {k: v.detach() for k, v in net.named_parameters()}


def get_loss(params, x, y):
    return ((functional_call(net, params, (x,)) - y) ** 2).mean()


def adapted_loss(x, y, xq, yq):
    grads = grad(get_loss)(params, x, y)
    fast = {k: params[k] - 0.01 * g for k, g in grads.items()}
    return get_loss(fast, xq, yq)


tasks = [torch.stack(part) for part in zip(*(sample_task() for _ in range(5)))]
print("adapted", vmap(adapted_loss)(*tasks))

per_sample = vmap(grad(lambda p, x, y: get_loss(p, x[None], y[None])), in_dims=(None, 0, 0))
grads = per_sample(params, tasks[0][0], tasks[1][0])
print({name: tuple(g.shape) for name, g in grads.items()})
print("norms", torch.stack([g.flatten(1).norm(dim=1) for g in grads.values()]).norm(dim=0))
