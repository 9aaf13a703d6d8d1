"""A generative adversarial network with two optimizers learns a mixture of Gaussians."""
import numpy as np
import torch
from torch import nn, optim
from torch.autograd import Variable as V

seed = 999
np.random.seed(seed)
torch.manual_seed(seed)

nz, hidden, batch_size = 8, 32, 64
cuda = False


def real_batch(n):
    angle = np.random.randint(0, 8, n) * 2 * np.pi / 8
    points = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.05 * np.random.randn(n, 2)
    return torch.from_numpy(points).float()


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find('Linear') != -1:
        m.weight.data.normal_(0.0, 0.2)
        if m.bias is not None:
            m.bias.data.fill_(0)
    elif classname.find('BatchNorm') != -1:
        m.weight.data.normal_(1.0, 0.02)
        m.bias.data.fill_(0)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(nz, hidden), nn.BatchNorm1d(hidden), nn.ReLU(True),
            nn.Linear(hidden, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(True),
            nn.Linear(hidden, 2),
        )

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(2, hidden), nn.LeakyReLU(0.2, inplace=True),
            nn.Linear(hidden, hidden), nn.LeakyReLU(0.2, inplace=True), nn.Dropout(0.1),
            nn.Linear(hidden, 1), nn.Sigmoid(),
        )

    def forward(self, x):
        return self.main(x).view(-1)


netG, netD = Generator(), Discriminator()
netG.apply(weights_init)
netD.apply(weights_init)
criterion = nn.BCELoss()
if cuda:
    netG.cuda(), netD.cuda(), criterion.cuda()

optimizerD = optim.Adam(netD.parameters(), lr=2e-4, betas=(0.5, 0.999))
optimizerG = optim.Adam(netG.parameters(), lr=2e-4, betas=(0.5, 0.999))
fixed_noise = V(torch.FloatTensor(4, nz).normal_(0, 1))
label = torch.FloatTensor(batch_size)
real_label, fake_label = 1, 0

for i in range(30):
    # Update D: maximize log(D(x)) + log(1 - D(G(z)))
    netD.zero_grad()
    inputv, labelv = V(real_batch(batch_size)), V(label.resize_(batch_size).fill_(real_label))
    output = netD(inputv)
    errD_real = criterion(output, labelv)
    errD_real.backward()
    D_x = output.data.mean()

    noise = V(torch.randn(batch_size, nz))
    fake = netG(noise)
    labelv = V(label.fill_(fake_label))
    output = netD(fake.detach())
    errD_fake = criterion(output, labelv)
    errD_fake.backward()
    D_G_z1 = output.data.mean()
    errD = errD_real + errD_fake
    optimizerD.step()

    # Update G: maximize log(D(G(z)))
    netG.zero_grad()
    labelv = V(label.fill_(real_label))
    output = netD(fake)
    errG = criterion(output, labelv)
    errG.backward()
    D_G_z2 = output.data.mean()
    optimizerG.step()

    if i % 5 == 0:
        print('[%d/%d] Loss_D: %.5f Loss_G: %.5f D(x): %.5f D(G(z)): %.5f / %.5f'
              % (i, 30, errD.item(), errG.item(), D_x, D_G_z1, D_G_z2))

netG.eval()
print(netG(fixed_noise).data)
