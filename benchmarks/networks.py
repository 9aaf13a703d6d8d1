"""Networks that are measured and held against PyTorch, written once against its API."""

from __future__ import annotations

import math
from typing import Any


def gpt(torch: Any, vocabulary: int = 65, context: int = 64, layers: int = 4) -> Any:
    """nanoGPT's setting for a CPU: 4 layers, 4 heads, 128 wide, 64 characters, no dropout."""
    nn = torch.nn
    heads, width = 4, 128

    class Attention(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.c_attn = nn.Linear(width, 3 * width, bias=False)
            self.c_proj = nn.Linear(width, width, bias=False)

        def forward(self, x: Any, past: Any = None) -> Any:
            batch, length, _ = x.size()
            parts = self.c_attn(x).split(width, dim=2)
            q, k, v = (p.view(batch, length, heads, width // heads).transpose(1, 2) for p in parts)
            if past is not None:
                k, v = torch.cat([past[0], k], 2), torch.cat([past[1], v], 2)
            attend = nn.functional.scaled_dot_product_attention
            y = attend(q, k, v, is_causal=past is None)
            y = y.transpose(1, 2).contiguous().view(batch, length, width)
            return self.c_proj(y), (k, v)

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.ln_1 = nn.LayerNorm(width, bias=False)
            self.attn = Attention()
            self.ln_2 = nn.LayerNorm(width, bias=False)
            self.c_fc = nn.Linear(width, 4 * width, bias=False)
            self.gelu = nn.GELU()
            self.c_proj = nn.Linear(4 * width, width, bias=False)

        def forward(self, x: Any, past: Any = None) -> Any:
            y, seen = self.attn(self.ln_1(x), past)
            x = x + y
            return x + self.c_proj(self.gelu(self.c_fc(self.ln_2(x)))), seen

    class GPT(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.wte = nn.Embedding(vocabulary, width)
            self.wpe = nn.Embedding(context, width)
            self.h = nn.ModuleList([Block() for _ in range(layers)])
            self.ln_f = nn.LayerNorm(width, bias=False)
            self.lm_head = nn.Linear(width, vocabulary, bias=False)
            self.wte.weight = self.lm_head.weight
            self.apply(self.initialise)
            for name, parameter in self.named_parameters():
                if name.endswith("c_proj.weight"):
                    nn.init.normal_(parameter, 0.0, 0.02 / math.sqrt(2 * layers))

        def initialise(self, module: Any) -> None:
            if isinstance(module, (nn.Linear, nn.Embedding)):
                nn.init.normal_(module.weight, 0.0, 0.02)

        def forward(self, tokens: Any, pasts: Any = None) -> Any:
            """The logits of what follows, and the keys and values of each layer."""
            start = 0 if pasts is None else pasts[0][0].size(2)
            places = torch.arange(start, start + tokens.size(1))
            x = self.wte(tokens) + self.wpe(places)
            seen = []
            for i, block in enumerate(self.h):
                x, kept = block(x, None if pasts is None else pasts[i])
                seen.append(kept)
            return self.lm_head(self.ln_f(x)), seen

    return GPT()


def generate(torch: Any, net: Any, count: int) -> Any:
    """The likeliest `count` tokens after the first, one by one, with what was seen kept."""
    token, pasts, tokens = torch.zeros(1, 1, dtype=torch.int64), None, []
    with torch.no_grad():
        for _ in range(count):
            logits, pasts = net(token, pasts)
            token = logits[:, -1].argmax(-1, keepdim=True)
            tokens.append(token)
    return torch.cat(tokens, 1)


def vae(torch: Any) -> Any:
    """The variational autoencoder of PyTorch's examples, on images of 28x28."""
    nn = torch.nn

    class VAE(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc1 = nn.Linear(784, 400)
            self.fc21, self.fc22 = nn.Linear(400, 20), nn.Linear(400, 20)
            self.fc3, self.fc4 = nn.Linear(20, 400), nn.Linear(400, 784)

        def forward(self, x: Any) -> Any:
            h = torch.relu(self.fc1(x.view(-1, 784)))
            mu, logvar = self.fc21(h), self.fc22(h)
            std = torch.exp(0.5 * logvar)
            z = mu + torch.randn_like(std) * std
            return torch.sigmoid(self.fc4(torch.relu(self.fc3(z)))), mu, logvar

    return VAE()


def vae_loss(torch: Any, net: Any, x: Any) -> Any:
    made, mu, logvar = net(x)
    error = torch.nn.functional.binary_cross_entropy(made, x.view(-1, 784), reduction="sum")
    return error - 0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())


def unet(torch: Any, width: int = 16) -> Any:
    """A U-Net of three levels (Ronneberger et al., arXiv 1505.04597) with batch norms."""
    nn = torch.nn

    def twice(given: int, made: int) -> Any:
        return nn.Sequential(
            nn.Conv2d(given, made, 3, padding=1, bias=False), nn.BatchNorm2d(made),
            nn.ReLU(inplace=True),
            nn.Conv2d(made, made, 3, padding=1, bias=False), nn.BatchNorm2d(made),
            nn.ReLU(inplace=True),
        )  # fmt: skip

    class UNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.down = nn.ModuleList([twice(3, width), twice(width, 2 * width)])
            self.pool = nn.MaxPool2d(2)
            self.bottom = twice(2 * width, 4 * width)
            self.up = nn.ModuleList([
                nn.ConvTranspose2d(4 * width, 2 * width, 2, stride=2),
                nn.ConvTranspose2d(2 * width, width, 2, stride=2),
            ])  # fmt: skip
            self.join = nn.ModuleList([twice(4 * width, 2 * width), twice(2 * width, width)])
            self.out = nn.Conv2d(width, 2, 1)

        def forward(self, x: Any) -> Any:
            kept = []
            for block in self.down:
                x = block(x)
                kept.append(x)
                x = self.pool(x)
            x = self.bottom(x)
            for up, join in zip(self.up, self.join, strict=True):
                x = join(torch.cat([kept.pop(), up(x)], dim=1))
            return self.out(x)

    return UNet()


def dcgan(torch: Any) -> tuple[Any, Any]:
    """A generator and a discriminator for images of 32x32 (Radford et al., arXiv 1511.06434)."""
    nn = torch.nn
    generator = nn.Sequential(
        nn.ConvTranspose2d(64, 128, 4), nn.BatchNorm2d(128), nn.ReLU(True),
        nn.ConvTranspose2d(128, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.ReLU(True),
        nn.ConvTranspose2d(64, 32, 4, 2, 1), nn.BatchNorm2d(32), nn.ReLU(True),
        nn.ConvTranspose2d(32, 3, 4, 2, 1), nn.Tanh(),
    )  # fmt: skip
    discriminator = nn.Sequential(
        nn.Conv2d(3, 32, 4, 2, 1), nn.LeakyReLU(0.2, True),
        nn.Conv2d(32, 64, 4, 2, 1), nn.BatchNorm2d(64), nn.LeakyReLU(0.2, True),
        nn.Conv2d(64, 128, 4, 2, 1), nn.BatchNorm2d(128), nn.LeakyReLU(0.2, True),
        nn.Conv2d(128, 1, 4), nn.Flatten(0),
    )  # fmt: skip
    return generator, discriminator


def dcgan_step(torch: Any, nets: tuple[Any, Any], optimizers: Any, real: Any, noise: Any) -> Any:
    """One step of both nets; the losses of the discriminator and of the generator."""
    generator, discriminator = nets
    criterion = torch.nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(real.size(0)), torch.zeros(real.size(0))
    optimizers[1].zero_grad()
    made = generator(noise)
    loss = criterion(discriminator(real), ones)
    loss = loss + criterion(discriminator(made.detach()), zeros)
    loss.backward()
    optimizers[1].step()
    optimizers[0].zero_grad()
    error = criterion(discriminator(made), ones)
    error.backward()
    optimizers[0].step()
    return loss, error


def resnet18(torch: Any, classes: int = 10) -> Any:
    """ResNet-18 for images of 32x32 (He et al., arXiv 1512.03385): 3x3 at first, no pooling."""
    nn = torch.nn

    class Block(nn.Module):
        def __init__(self, given: int, made: int, stride: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(given, made, 3, stride, 1, bias=False)
            self.bn1 = nn.BatchNorm2d(made)
            self.conv2 = nn.Conv2d(made, made, 3, 1, 1, bias=False)
            self.bn2 = nn.BatchNorm2d(made)
            self.relu = nn.ReLU(inplace=True)
            self.shortcut = nn.Sequential()
            if stride != 1 or given != made:
                self.shortcut = nn.Sequential(
                    nn.Conv2d(given, made, 1, stride, bias=False), nn.BatchNorm2d(made)
                )

        def forward(self, x: Any) -> Any:
            y = self.relu(self.bn1(self.conv1(x)))
            return self.relu(self.bn2(self.conv2(y)) + self.shortcut(x))

    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)]
    given = 64
    for made, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Block(given, made, stride), Block(made, made, 1)]
        given = made
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes)
    )
