"""Networks of the usual kinds train for 50 steps to PyTorch's losses."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import rushlight

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))

import networks  # noqa: E402

STEPS = 50


def gpt(t: Any) -> list[float]:
    net = networks.gpt(t)
    optimizer = t.optim.AdamW(net.parameters(), 1e-3, (0.9, 0.99), weight_decay=0.1)
    text = t.randint(0, 8, (1000,)).cumsum(0) % 65  # what follows depends on what was
    losses = []
    for _ in range(STEPS):
        starts = t.randint(len(text) - 65, (12,)).tolist()
        x = t.stack([text[i : i + 64] for i in starts])
        y = t.stack([text[i + 1 : i + 65] for i in starts])
        logits, _ = net(x)
        loss = t.nn.functional.cross_entropy(logits.view(-1, logits.size(-1)), y.view(-1))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        t.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
    return losses


def vae(t: Any) -> list[float]:
    net = networks.vae(t)
    optimizer = t.optim.Adam(net.parameters(), 1e-3)
    images = t.rand(256, 1, 28, 28).round()
    losses = []
    for step in range(STEPS):
        x = images[step % 4 * 64 :][:64]
        optimizer.zero_grad()
        loss = networks.vae_loss(t, net, x)
        loss.backward()
        optimizer.step()
        losses.append(loss.item() / len(x))
    return losses


def unet(t: Any) -> list[float]:
    net = networks.unet(t, 8)
    optimizer = t.optim.SGD(net.parameters(), 0.05)
    x = t.randn(4, 3, 32, 32)
    y = (x.mean(1) > 0).long()
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = t.nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def dcgan(t: Any) -> list[float]:
    nets = networks.dcgan(t)
    optimizers = [t.optim.SGD(net.parameters(), 0.002) for net in nets]
    real = t.randn(4, 3, 32, 32).clamp(-1, 1)
    losses = []
    for _ in range(STEPS):
        noise = t.randn(4, 64, 1, 1)
        found = networks.dcgan_step(t, nets, optimizers, real, noise)
        losses += [loss.item() for loss in found]
    return losses


@pytest.mark.parametrize("train", [gpt, vae, unet, dcgan], ids=lambda f: f.__name__)
def test_losses(train: Callable[[Any], list[float]]) -> None:
    runs = []
    for t in (rushlight, torch):
        # What two adversaries round in a step is ten times that after five more.
        t.set_default_dtype(t.float64 if train is dcgan else t.float32)
        try:
            t.manual_seed(0)
            runs.append(np.array(train(t)))
        finally:
            t.set_default_dtype(t.float32)
    np.testing.assert_allclose(runs[0], runs[1], rtol=1e-3)
    if train is not dcgan:
        assert runs[1][-4:].mean() < runs[1][:4].mean()  # it did train


def test_generated_tokens() -> None:
    found = []
    for t in (rushlight, torch):
        t.manual_seed(0)
        net = networks.gpt(t).eval()
        made = networks.generate(t, net, 40)
        found.append(made.tolist())
        whole = net(made)[0][:, :-1].argmax(-1)  # all at once, without what was kept
        assert whole.shape == (1, 39)
    assert found[0] == found[1]
