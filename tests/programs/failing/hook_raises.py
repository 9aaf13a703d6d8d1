"""A hook of a gradient fails in the backward."""
import torch

weights = torch.ones(3, requires_grad=True)


def check(grad):
    if grad.abs().max() > 5:
        raise ValueError(f"gradient of {grad.max().item():.1f}")
    return grad


loss = (weights * torch.tensor([1.0, 2.0, 10.0])).sum()
weights.register_hook(check)
print(loss)
loss.backward()
