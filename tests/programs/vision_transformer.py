"""A vision transformer: patches, a class token, attention by einsum."""
import torch
import torch.nn as nn


class PatchEmbedding(nn.Module):
    def __init__(self, channels=1, patch=4, dim=32, size=16):
        super().__init__()
        self.proj = nn.Conv2d(channels, dim, kernel_size=patch, stride=patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos = nn.Parameter(torch.randn(1, (size // patch) ** 2 + 1, dim) * 0.02)

    def forward(self, x):
        x = self.proj(x).flatten(2).mT
        return torch.cat([self.cls.expand(x.shape[0], -1, -1), x], dim=1) + self.pos


class Attention(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.scale = heads, (dim // heads) ** -0.5
        self.qkv = nn.Linear(dim, dim * 3, bias=False)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, d = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        weights = torch.einsum("bhid,bhjd->bhij", q, k) * self.scale
        out = torch.einsum("bhij,bhjd->bhid", weights.softmax(dim=-1), v)
        return self.proj(out.transpose(1, 2).reshape(b, n, d))


class DropPath(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training or self.p == 0:
            return x
        keep = x.new_empty(x.shape[0], 1, 1).bernoulli_(1 - self.p)
        return x * keep / (1 - self.p)

    def extra_repr(self):
        return f"p={self.p}"


class Block(nn.Module):
    def __init__(self, dim, heads, drop):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = Attention(dim, heads)
        self.mlp = nn.Sequential(nn.Linear(dim, dim * 2), nn.GELU(), nn.Linear(dim * 2, dim))
        self.drop = DropPath(drop)

    def forward(self, x):
        x = x + self.drop(self.attn(self.norm1(x)))
        return x + self.drop(self.mlp(self.norm2(x)))


class ViT(nn.Module):
    def __init__(self, depth=2, dim=32, heads=4, classes=3):
        super().__init__()
        self.embed = PatchEmbedding(dim=dim)
        self.blocks = nn.Sequential(*(Block(dim, heads, 0.1 * i) for i in range(depth)))
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, classes)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.embed(x)))[:, 0])


torch.manual_seed(0)
model = ViT()
nn.init.trunc_normal_(model.head.weight, std=0.02)
print(model)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 5))
for step in range(10):
    labels = torch.randint(3, (24,))
    images = torch.randn(24, 1, 16, 16)
    images[torch.arange(24), :, labels * 5] += 2
    mixed = torch.distributions.Beta(0.4, 0.4)
    order = torch.randperm(24)
    weight = 0.7
    logits = model(weight * images + (1 - weight) * images[order])
    loss = (weight * nn.functional.cross_entropy(logits, labels)
            + (1 - weight) * nn.functional.cross_entropy(logits, labels[order]))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    scheduler.step()
    print(f"{step} {loss.item():.6f} lr {scheduler.get_last_lr()[0]:.5f}")
print("beta", mixed.mean, mixed.log_prob(torch.tensor([0.3])))
