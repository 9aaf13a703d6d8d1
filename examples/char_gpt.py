"""A small GPT that learns to write like a text, character by character.

    python examples/char_gpt.py input.txt                # then it writes 500 characters
    python examples/char_gpt.py input.txt --prompt "ROMEO:" --temperature 0.7

The network is GPT-2's (Radford et al., 2019), small enough for a CPU. On Shakespeare's plays
(https://github.com/karpathy/char-rnn, data/tinyshakespeare/input.txt) its 2,000 steps end at a
validation loss of 1.77. Sizes and steps are nanoGPT's for a CPU; with its learning rate, a third of
the one here, they end at 1.91.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.text import CharacterDataset
from rushlight.utils.data import DataLoader, RandomSampler


class Attention(nn.Module):
    """Each character looks at itself and at those before it, in `heads` ways at once."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.queries_keys_values = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(self, x):
        batch, length, width = x.shape
        # Each of the three is (batch, heads, length, width / heads).
        q, k, v = (
            part.view(batch, length, self.heads, -1).transpose(1, 2)
            for part in self.queries_keys_values(x).chunk(3, dim=2)
        )
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.output(seen.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, bias=False)
        self.attention = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, bias=False)
        self.expand = nn.Linear(width, 4 * width, bias=False)
        self.output = nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.output(F.gelu(self.expand(self.norm2(x))))


class GPT(nn.Module):
    """From characters (batch, length) to scores of the character after each."""

    def __init__(self, vocabulary_size, context=64, layers=4, heads=4, width=128):
        super().__init__()
        self.context = context
        self.characters = nn.Embedding(vocabulary_size, width)
        self.places = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width, bias=False)
        self.scores = nn.Linear(width, vocabulary_size, bias=False)
        self.scores.weight = self.characters.weight  # one table for reading and writing
        for name, parameter in self.named_parameters():
            if parameter.ndim == 2:
                # Every block adds twice to x: smaller numbers there keep the sum's size.
                small = name.endswith("output.weight")
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * layers) if small else 0.02)

    def forward(self, characters):
        places = torch.arange(characters.shape[1], device=characters.device)
        x = self.characters(characters) + self.places(places)
        return self.scores(self.norm(self.blocks(x)))


def loss_of(net, characters, following):
    return F.cross_entropy(net(characters).flatten(0, 1), following.flatten())


@torch.no_grad()
def validate(net, letters):
    """The mean loss over a whole text."""
    total = 0.0
    for characters, following in DataLoader(letters, batch_size=64):
        total += loss_of(net, characters, following).item() * len(characters)
    return total / len(letters)


@torch.no_grad()
def write(net, letters, prompt, length, temperature=0.8):
    """The prompt and `length` characters more, each drawn by what the network expects."""
    numbers = torch.tensor([letters.vocabulary.numbers(prompt)])
    for _ in range(length):
        scores = net(numbers[:, -net.context :])[:, -1] / temperature
        numbers = torch.cat([numbers, torch.multinomial(scores.softmax(-1), 1)], dim=1)
    return letters.decode(numbers[0])


def optimizer_of(net, steps, learning_rate=3e-3, warm_up=100):
    """AdamW that decays matrices alone, and its schedule: up, then down a cosine to a tenth."""
    matrices = [parameter for parameter in net.parameters() if parameter.ndim == 2]
    vectors = [parameter for parameter in net.parameters() if parameter.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=learning_rate, betas=(0.9, 0.99),
    )  # fmt: skip

    def factor(step):
        if step < warm_up:
            return (step + 1) / (warm_up + 1)
        done = (step - warm_up) / max(1, steps - warm_up)
        return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done))

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)


def train(text, steps=2000, batch_size=12, seed=0, **sizes):
    """The network, the dataset it learned from, and the loss on the text's last tenth."""
    torch.manual_seed(seed)
    context = sizes.get("context", 64)
    split = int(0.9 * len(text))
    alphabet = CharacterDataset(text, context).vocabulary
    letters = CharacterDataset(text[:split], context, alphabet, stride=1)
    unseen = CharacterDataset(text[split:], context, alphabet)
    net = GPT(len(alphabet), **sizes)
    optimizer, schedule = optimizer_of(net, steps)
    places = RandomSampler(letters, replacement=True, num_samples=steps * batch_size)
    for step, batch in enumerate(DataLoader(letters, batch_size, sampler=places), 1):
        loss = loss_of(net, *batch)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 250 == 0:
            print(f"step {step}: loss {loss.item():.4f}, validation {validate(net, unseen):.4f}")
    return net, letters, validate(net, unseen)


def main():
    parser = argparse.ArgumentParser(description="Trains a small GPT on the characters of a text.")
    parser.add_argument("text", type=Path, help="the file to learn from")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--prompt", default="\n", help="how the text to write begins")
    parser.add_argument("--length", type=int, default=500, help="of what is written")
    parser.add_argument("--temperature", type=float, default=0.8, help="lower is more cautious")
    arguments = parser.parse_args()
    text = arguments.text.read_text(encoding="utf-8")
    if arguments.steps < 1 or arguments.temperature <= 0:
        parser.error("--steps and --temperature must be above 0")
    if unknown := set(arguments.prompt) - set(text):
        parser.error(f"the text has none of {sorted(unknown)}, with which the prompt is written")
    begin = time.perf_counter()
    net, letters, loss = train(text, arguments.steps)
    print(f"validation loss {loss:.4f} in {time.perf_counter() - begin:.0f} s")
    print(write(net, letters, arguments.prompt, arguments.length, arguments.temperature))


if __name__ == "__main__":
    try:
        main()
    except OSError as error:  # a file that is not there, or is another than was told
        raise SystemExit(f"error: {error}") from None
