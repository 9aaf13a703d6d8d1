"""An LSTM that learns to write like a text, character by character.

    python examples/char_lstm.py input.txt               # then it writes 500 characters
    python examples/char_lstm.py input.txt --prompt "ROMEO:" --temperature 0.5

It reads the text from front to back in many places at once and keeps what it remembers from one
piece to the next; gradients go back within a piece alone (truncated backpropagation through time).
On Shakespeare's plays (https://github.com/karpathy/char-rnn, data/tinyshakespeare/input.txt) five
epochs end at a validation loss of 1.58.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import rushlight as torch
from rushlight import nn
from rushlight.nn import functional as F
from rushlight.text import CharacterDataset
from rushlight.utils.data import DataLoader


class Net(nn.Module):
    """From characters (batch, length) to scores of the character after each, and the memory."""

    def __init__(self, vocabulary_size, width=128, layers=2):
        super().__init__()
        self.characters = nn.Embedding(vocabulary_size, width)
        self.lstm = nn.LSTM(width, width, layers, batch_first=True)
        self.scores = nn.Linear(width, vocabulary_size)

    def forward(self, characters, memory=None):
        x, memory = self.lstm(self.characters(characters), memory)
        return self.scores(x), memory


def in_order(letters, batch_size):
    """Batches of a dataset's pieces in which each row goes on where it ended in the batch before.

    The text is `batch_size` parts of as many pieces; batch t holds piece t of every part.
    """
    pieces = len(letters) // batch_size
    batches = [range(t, pieces * batch_size, pieces) for t in range(pieces)]
    return DataLoader(letters, batch_sampler=batches)


def loss_of(net, characters, following, memory):
    scores, memory = net(characters, memory)
    return F.cross_entropy(scores.flatten(0, 1), following.flatten()), memory


@torch.no_grad()
def validate(net, letters, batch_size):
    """The mean loss over a text."""
    memory, losses = None, []
    for characters, following in in_order(letters, batch_size):
        loss, memory = loss_of(net, characters, following, memory)
        losses.append(loss)
    return torch.stack(losses).mean().item()


@torch.no_grad()
def write(net, letters, prompt, length, temperature=0.8):
    """The prompt and `length` characters more, each drawn by what the network expects."""
    numbers = letters.vocabulary.numbers(prompt)
    scores, memory = net(torch.tensor([numbers]))
    for _ in range(length):
        chances = (scores[0, -1] / temperature).softmax(-1)
        numbers.append(torch.multinomial(chances, 1).item())
        scores, memory = net(torch.tensor([numbers[-1:]]), memory)
    return letters.decode(numbers)


def train(text, epochs=5, batch_size=50, length=50, seed=0, **sizes):
    """The network, the dataset it learned from, and the loss on the text's last tenth."""
    torch.manual_seed(seed)
    split = int(0.9 * len(text))
    if len(text) - split <= batch_size * length:
        raise SystemExit(f"the text is too short: {10 * batch_size * length} characters at least")
    alphabet = CharacterDataset(text, length).vocabulary
    letters = CharacterDataset(text[:split], length, alphabet)
    unseen = CharacterDataset(text[split:], length, alphabet)
    net = Net(len(alphabet), **sizes)
    optimizer = torch.optim.Adam(net.parameters(), lr=4e-3)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.7)
    for epoch in range(1, epochs + 1):
        memory = None
        for characters, following in in_order(letters, batch_size):
            loss, memory = loss_of(net, characters, following, memory)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            memory = [part.detach() for part in memory]  # where gradients end
        schedule.step()
        unseen_loss = validate(net, unseen, batch_size)
        print(f"epoch {epoch}: loss {loss.item():.4f}, validation {unseen_loss:.4f}")
    return net, letters, unseen_loss


def main():
    parser = argparse.ArgumentParser(description="Trains an LSTM on the characters of a text.")
    parser.add_argument("text", type=Path, help="the file to learn from")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--prompt", default="\n", help="how the text to write begins")
    parser.add_argument("--length", type=int, default=500, help="of what is written")
    parser.add_argument("--temperature", type=float, default=0.8, help="lower is more cautious")
    arguments = parser.parse_args()
    text = arguments.text.read_text(encoding="utf-8")
    if arguments.epochs < 1 or arguments.temperature <= 0:
        parser.error("--epochs and --temperature must be above 0")
    if unknown := set(arguments.prompt) - set(text):
        parser.error(f"the text has none of {sorted(unknown)}, with which the prompt is written")
    begin = time.perf_counter()
    net, letters, loss = train(text, arguments.epochs)
    print(f"validation loss {loss:.4f} in {time.perf_counter() - begin:.0f} s")
    print(write(net, letters, arguments.prompt, arguments.length, arguments.temperature))


if __name__ == "__main__":
    try:
        main()
    except OSError as error:  # a file that is not there, or is another than was told
        raise SystemExit(f"error: {error}") from None
