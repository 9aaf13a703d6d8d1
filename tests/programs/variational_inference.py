"""Bayesian linear regression by mean-field variational inference, with torch.distributions."""
import torch
import torch.distributions as D
from torch.distributions import constraints, transform_to

torch.manual_seed(1)
torch.set_default_dtype(torch.float64)

N, P = 60, 3
X = torch.randn(N, P)
true = torch.tensor([1.5, -2.0, 0.0])
y = X @ true + 0.3 * torch.randn(N)

prior = D.Independent(D.Normal(torch.zeros(P), torch.full((P,), 2.0)), 1)
loc = torch.zeros(P, requires_grad=True)
raw = torch.full((P,), -1.0, requires_grad=True)
raw_noise = torch.zeros((), requires_grad=True)
positive = transform_to(constraints.positive)
print(prior, prior.event_shape, prior.batch_shape, positive)

optimizer = torch.optim.Adam([{"params": [loc, raw]}, {"params": [raw_noise], "lr": 0.02}], lr=0.05)
for step in range(150):
    posterior = D.Independent(D.Normal(loc, positive(raw)), 1)
    weights = posterior.rsample((8,))
    likelihood = D.Normal(weights @ X.T, positive(raw_noise))
    elbo = likelihood.log_prob(y).sum(-1).mean() - D.kl_divergence(posterior, prior)
    optimizer.zero_grad()
    (-elbo).backward()
    optimizer.step()
    if step % 30 == 0:
        print(f"{step:4d} elbo {elbo.item():10.3f} kl {D.kl_divergence(posterior, prior).item():.3f}")

posterior = D.Independent(D.Normal(loc.detach(), positive(raw).detach()), 1)
print("mean", [round(v, 2) for v in posterior.mean.tolist()])
print("deviation", [round(v, 2) for v in posterior.stddev.tolist()])
print("noise", round(positive(raw_noise).item(), 2), "entropy", round(posterior.entropy().item(), 3))

sticks = D.TransformedDistribution(D.Normal(torch.zeros(2), torch.ones(2)), [D.StickBreakingTransform()])
draw = sticks.sample()
print(draw.shape, round(draw.sum().item(), 6), round(sticks.log_prob(draw).sum().item(), 4))
mixture = D.MixtureSameFamily(D.Categorical(torch.tensor([0.3, 0.7])), D.Normal(torch.tensor([-1.0, 1.0]), 0.5))
print(mixture.log_prob(torch.tensor([-1.0, 0.0, 1.0])), mixture.mean)
try:
    D.Normal(torch.tensor(0.0), torch.tensor(-1.0))
except ValueError as error:
    print(type(error).__name__, str(error).splitlines()[0])
