"""A Wasserstein GAN: a critic whose gradient is held near 1, by gradients of gradients."""
# tolerance: 5e-4
import argparse

import numpy as np
import torch
import torch.autograd as autograd
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--n_critic", type=int, default=3, help="number of training steps for D per G")
parser.add_argument("--lambda_gp", type=float, default=10.0)
parser.add_argument("--latent_dim", type=int, default=4)
opt = parser.parse_args()
print(opt)
cuda = True if torch.cuda.is_available() else False
Tensor = torch.cuda.FloatTensor if cuda else torch.FloatTensor
np.random.seed(0)
torch.manual_seed(0)


class Generator(nn.Module):
    def __init__(self):
        super(Generator, self).__init__()

        def block(in_feat, out_feat, normalize=True):
            layers = [nn.Linear(in_feat, out_feat)]
            if normalize:
                layers.append(nn.LayerNorm(out_feat))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            return layers

        self.model = nn.Sequential(*block(opt.latent_dim, 16, normalize=False), *block(16, 16),
                                   nn.Linear(16, 2), nn.Tanh())

    def forward(self, z):
        return self.model(z)


class Discriminator(nn.Module):
    def __init__(self):
        super(Discriminator, self).__init__()
        self.model = nn.Sequential(nn.Linear(2, 32), nn.ELU(), nn.Linear(32, 16), nn.Softplus(),
                                   nn.Linear(16, 1))

    def forward(self, x):
        return self.model(x)


def compute_gradient_penalty(D, real_samples, fake_samples):
    alpha = Tensor(np.random.random((real_samples.size(0), 1)))
    interpolates = (alpha * real_samples + ((1 - alpha) * fake_samples)).requires_grad_(True)
    d_interpolates = D(interpolates)
    fake = autograd.Variable(Tensor(real_samples.shape[0], 1).fill_(1.0), requires_grad=False)
    gradients = autograd.grad(outputs=d_interpolates, inputs=interpolates, grad_outputs=fake,
                              create_graph=True, retain_graph=True, only_inputs=True)[0]
    gradients = gradients.view(gradients.size(0), -1)
    return ((gradients.norm(2, dim=1) - 1) ** 2).mean()


generator, discriminator = Generator(), Discriminator()
optimizer_G = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
optimizer_D = torch.optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999))
for i in range(15):
    real = Tensor(np.random.choice([-0.7, 0.7], (32, 2)) + 0.05 * np.random.randn(32, 2))
    optimizer_D.zero_grad()
    z = Tensor(np.random.normal(0, 1, (32, opt.latent_dim)))
    fake = generator(z)
    gradient_penalty = compute_gradient_penalty(discriminator, real.data, fake.data)
    d_loss = (-torch.mean(discriminator(real)) + torch.mean(discriminator(fake))
              + opt.lambda_gp * gradient_penalty)
    d_loss.backward()
    optimizer_D.step()
    optimizer_G.zero_grad()
    if i % opt.n_critic == 0:
        g_loss = -torch.mean(discriminator(generator(z)))
        g_loss.backward()
        optimizer_G.step()
        print("[Batch %d] [D loss: %.5f] [G loss: %.5f] [GP %.5f]"
              % (i, d_loss.item(), g_loss.item(), gradient_penalty.item()))
