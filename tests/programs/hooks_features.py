"""Features, gradients and statistics taken out of a network by hooks."""
from collections import OrderedDict

import torch
import torch.nn as nn

torch.manual_seed(0)
model = nn.Sequential(OrderedDict([
    ("conv1", nn.Conv2d(3, 6, 3)), ("relu1", nn.ReLU()), ("conv2", nn.Conv2d(6, 4, 3, stride=2)),
    ("relu2", nn.ReLU()), ("pool", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()),
    ("fc", nn.Linear(4, 3)),
]))

activation = {}


def get_activation(name):
    def hook(model, input, output):
        activation[name] = output.detach()
    return hook


handles = [layer.register_forward_hook(get_activation(name))
           for name, layer in model.named_children()]
x = torch.randn(2, 3, 10, 10, requires_grad=True)
out = model(x)
for name, value in activation.items():
    print(name, tuple(value.shape), "mean %.6f std %.6f" % (value.mean(), value.std()))
for handle in handles:
    handle.remove()

# Grad-CAM
gradients = {}
fh = model.conv2.register_forward_hook(lambda m, i, o: gradients.update(feature=o))
bh = model.conv2.register_full_backward_hook(lambda m, gi, go: gradients.update(grad=go[0]))
score = model(x)[:, 1].sum()
model.zero_grad()
score.backward()
weights = gradients["grad"].mean(dim=(2, 3), keepdim=True)
cam = torch.relu((weights * gradients["feature"]).sum(1))
print("cam", cam[0])
print("saliency %.6f" % x.grad.abs().max().item())
fh.remove(), bh.remove()

# Hooks on tensors
a = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
h = a.register_hook(lambda grad: grad * 2)
b = a * 3
b.retain_grad()
b.register_hook(lambda grad: print("gradient of b", grad))
b.sum().backward()
print(a.grad, b.grad)
h.remove()

# Pre-hooks, hooks that change what a layer gives, gradients that are clipped on their way
pre = model.fc.register_forward_pre_hook(lambda m, args: (args[0] * 10,))
post = model.fc.register_forward_hook(lambda m, args, output: output.tanh())
kw = model.register_forward_pre_hook(
    lambda m, args, kwargs: (print("called with", len(args), sorted(kwargs)), None)[1],
    with_kwargs=True)
for p in model.parameters():
    p.register_hook(lambda grad: torch.clamp(grad, -0.05, 0.05))
model.zero_grad()
model(x.detach()).pow(2).sum().backward()
print(max(p.grad.abs().max().item() for p in model.parameters()))
for handle in pre, post, kw:
    handle.remove()


class Doubled(torch.autograd.graph.saved_tensors_hooks):
    def __init__(self):
        super().__init__(lambda t: (print("pack", tuple(t.shape)), t)[1], lambda t: t * 2)


with Doubled():
    z = (a * a).sum()
a.grad = None
z.backward()
print(a.grad)
for name, module in model.named_modules():
    if isinstance(module, nn.Conv2d):
        print(name, module, module.weight.grad.norm())
