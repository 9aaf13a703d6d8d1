"""RealNVP: coupling layers with masks, trained by maximum likelihood."""
import torch
from torch import distributions, nn
from torch.nn.parameter import Parameter

torch.manual_seed(0)


def nets():
    return nn.Sequential(nn.Linear(2, 24), nn.LeakyReLU(), nn.Linear(24, 2), nn.Tanh())


def nett():
    return nn.Sequential(nn.Linear(2, 24), nn.LeakyReLU(), nn.Linear(24, 2))


class RealNVP(nn.Module):
    def __init__(self, nets, nett, mask, prior):
        super(RealNVP, self).__init__()
        self.prior = prior
        self.mask = nn.Parameter(mask, requires_grad=False)
        self.t = torch.nn.ModuleList([nett() for _ in range(len(mask))])
        self.s = torch.nn.ModuleList([nets() for _ in range(len(mask))])
        self.scale = Parameter(torch.zeros(2))

    def g(self, z):
        x = z
        for i in range(len(self.t)):
            x_ = x * self.mask[i]
            s = self.s[i](x_) * (1 - self.mask[i])
            t = self.t[i](x_) * (1 - self.mask[i])
            x = x_ + (1 - self.mask[i]) * (x * torch.exp(s) + t)
        return x * self.scale.exp()

    def f(self, x):
        z = x * (-self.scale).exp()
        log_det_J = x.new_zeros(x.shape[0]) - self.scale.sum()
        for i in reversed(range(len(self.t))):
            z_ = self.mask[i] * z
            s = self.s[i](z_) * (1 - self.mask[i])
            t = self.t[i](z_) * (1 - self.mask[i])
            z = (1 - self.mask[i]) * (z - t) * torch.exp(-s) + z_
            log_det_J -= s.sum(dim=1)
        return z, log_det_J

    def log_prob(self, x):
        z, logp = self.f(x)
        return self.prior.log_prob(z) + logp

    def sample(self, batchSize):
        z = self.prior.sample((batchSize, 1))
        return self.g(z)


masks = torch.tensor([[0, 1], [1, 0]] * 3).float()
prior = distributions.MultivariateNormal(torch.zeros(2), torch.eye(2))
flow = RealNVP(nets, nett, masks, prior)
optimizer = torch.optim.Adam([p for p in flow.parameters() if p.requires_grad], lr=1e-3)
for t in range(25):
    angle = torch.rand(64) * 3.14159
    data = torch.stack([angle.cos(), angle.sin()], 1) + 0.1 * torch.randn(64, 2)
    loss = -flow.log_prob(data).mean()
    optimizer.zero_grad()
    loss.backward(retain_graph=True)
    optimizer.step()
    if t % 5 == 0:
        print("iter %s: loss = %.5f" % (t, loss))

x = flow.sample(4).detach().squeeze(1)
z, log_det = flow.f(x)
print(x, torch.allclose(flow.g(z), x, atol=1e-4))
dense = torch.autograd.functional.jacobian(lambda v: flow.f(v[None])[0][0], x[0])
print("log|det| %.4f %.4f" % (log_det[0].item(), dense.det().abs().log().item()))
base = distributions.TransformedDistribution(
    distributions.Normal(0.0, 1.0),
    [distributions.AffineTransform(1.0, 2.0), distributions.SigmoidTransform()])
print(base.log_prob(torch.tensor([0.2, 0.7])), base.sample((2,)))
