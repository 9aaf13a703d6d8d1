"""A mixture density network, and dropout that tells how sure a network is."""
import math

import torch
from torch import nn
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

torch.manual_seed(0)
y = torch.rand(300, 1) * 20 - 10
x = torch.sin(0.75 * y) * 7 + y * 0.5 + torch.randn(300, 1)
x = (x - x.mean()) / x.std()
oneDivSqrtTwoPI = 1.0 / math.sqrt(2.0 * math.pi)


class MDN(nn.Module):
    def __init__(self, hidden, gaussians):
        super().__init__()
        self.z_h = nn.Sequential(nn.Linear(1, hidden), nn.Tanh())
        self.z_pi = nn.Linear(hidden, gaussians)
        self.z_sigma = nn.Linear(hidden, gaussians)
        self.z_mu = nn.Linear(hidden, gaussians)

    def forward(self, x):
        z_h = self.z_h(x)
        pi = nn.functional.softmax(self.z_pi(z_h), -1)
        return pi, torch.exp(self.z_sigma(z_h)), self.z_mu(z_h)


def mdn_loss(pi, sigma, mu, y):
    exponent = -0.5 * ((y.expand_as(mu) - mu) * torch.reciprocal(sigma)) ** 2
    probability = torch.exp(exponent) * torch.reciprocal(sigma) * oneDivSqrtTwoPI
    return torch.mean(-torch.log(torch.sum(probability * pi, dim=1) + 1e-12))


network = MDN(20, 5)
optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
for epoch in range(40):
    loss = mdn_loss(*network(x), y / 10)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 10 == 0:
        print(epoch, loss.data.tolist())

with torch.no_grad():
    pi, sigma, mu = network(torch.linspace(-2, 2, 5)[:, None])
    mixture = MixtureSameFamily(Categorical(pi), Normal(mu, sigma))
    print(mixture, mixture.mean, mixture.variance, sep="\n")
    print(mixture.log_prob(torch.zeros(5)), mixture.sample().shape, mixture.sample())
    choice = Categorical(pi).sample((3,))
    print(choice, torch.gather(mu, 1, choice[0][:, None]).T)
    independent = Independent(Normal(mu, sigma), 1)
    print(independent.log_prob(torch.zeros(5, 5)), independent.entropy())

regressor = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 1))
optimizer = torch.optim.Adamax(regressor.parameters(), lr=0.02)
for epoch in range(30):
    optimizer.zero_grad()
    loss = nn.functional.huber_loss(regressor(x), y / 10, delta=0.5)
    loss.backward()
    optimizer.step()
print("huber", loss.item())
regressor.eval()
for module in regressor:
    if module.__class__.__name__.startswith("Dropout"):
        module.train()
answers = torch.stack([regressor(torch.tensor([[0.5]])).detach() for _ in range(50)])
print("%.5f +- %.5f" % (answers.mean().item(), answers.std(unbiased=False).item()))
