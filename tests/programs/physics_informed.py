"""A network that solves a differential equation: u'' = -u, u(0) = 0, u'(0) = 1."""
import torch
from torch import nn
from torch.autograd.functional import hessian, jacobian

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))
for m in net:
    if isinstance(m, nn.Linear):
        nn.init.xavier_normal_(m.weight)
        nn.init.zeros_(m.bias)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)


def derivative(y, x):
    return torch.autograd.grad(y, x, grad_outputs=torch.ones_like(y), create_graph=True)[0]


for step in range(40):
    x = (torch.rand(32, 1) * 3).requires_grad_()
    u = net(x)
    du = derivative(u, x)
    ddu = derivative(du, x)
    zero = torch.zeros(1, 1, requires_grad=True)
    u0 = net(zero)
    boundary = u0.pow(2).mean() + (derivative(u0, zero) - 1).pow(2).mean()
    residual = (ddu + u).pow(2).mean()
    loss = residual + boundary
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 8 == 0:
        print(f"{step:3d} residual {residual.item():.6f} boundary {boundary.item():.6f}")

f = lambda v: (v[0] ** 2 * v[1]).exp().sum() + v.sin().sum()  # noqa: E731
point = torch.tensor([0.5, 0.25])
print(jacobian(f, point), hessian(f, point))
print(torch.func.jacrev(net)(torch.tensor([1.0])), torch.func.hessian(lambda v: net(v).sum())(torch.tensor([1.0])))
value, product = torch.autograd.functional.vhp(f, point, torch.tensor([1.0, -1.0]))
print(value, product)
