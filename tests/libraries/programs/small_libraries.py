"""einops and tqdm."""

import io

import summary
import torch
from einops import einsum, pack, rearrange, reduce, repeat, unpack
from einops.layers.torch import EinMix, Rearrange, Reduce
from tqdm import tqdm, trange

torch.manual_seed(0)
images = torch.randn(2, 3, 8, 8, requires_grad=True)
patches = rearrange(images, "b c (h p) (w q) -> b (h w) (p q c)", p=2, q=2)
summary.note("patches", patches)
summary.note("means", reduce(images, "b c (h 2) w -> b c h", "mean"))
summary.note("tiles", repeat(images, "b c h w -> b (2 c) h w"))
summary.note("products", einsum(images, images, "b c h w, d c h w -> b d"))
packed, shapes = pack([images, images.sum(-1)], "b c *")
summary.note("packed", [packed, *unpack(packed, shapes, "b c *")])
layers = torch.nn.Sequential(
    Rearrange("b c h w -> b (h w) c"),
    EinMix("b t c -> b t d", weight_shape="c d", bias_shape="d", c=3, d=4),
    Reduce("b t d -> b d", "max"),
)
result = layers(images)
result.sum().backward()
summary.note("layers", [result, images.grad])

text = io.StringIO()
total = sum(int(step) for step in tqdm(torch.arange(5), file=text, desc="steps"))
summary.note("bar", [total, "steps: 100%" in text.getvalue()])
summary.note("range", len(list(trange(3, file=text))))
summary.write()
