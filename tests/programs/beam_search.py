"""A recurrent decoder that is trained on sequences of several lengths, and searched by beams."""
import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(11)
START, END, WORDS = 0, 1, 9


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(WORDS, 12)
        self.rnn = nn.GRU(12, 24, num_layers=2)
        self.output = nn.Linear(24, WORDS)

    def forward(self, packed):
        embedded = packed._replace(data=self.embedding(packed.data))
        states, _ = self.rnn(embedded)
        return self.output(states.data)

    def step(self, words, state):
        states, state = self.rnn(self.embedding(words).unsqueeze(0), state)
        return self.output(states.squeeze(0)).log_softmax(-1), state


def sequence(number):
    start = 2 + number % 5
    return torch.tensor([START, *[2 + (start + i) % 7 for i in range(2 + number % 4)], END])


data = [sequence(n) for n in range(20)]
print(pad_sequence(data[:3], batch_first=True, padding_value=-1))
model = Decoder()
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
inputs = pack_sequence([s[:-1] for s in data], enforce_sorted=False)
targets = pack_sequence([s[1:] for s in data], enforce_sorted=False)
print(inputs.batch_sizes.tolist(), type(inputs).__name__)
for step in range(25):
    loss = nn.functional.cross_entropy(model(inputs), targets.data)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 6 == 0:
        print(f"{step:3d} {loss.item():.4f}")


@torch.inference_mode()
def search(width, longest=8):
    model.eval()
    words = torch.full((1,), START)
    scores, state = torch.zeros(1), None
    rows = torch.empty(1, 0, dtype=torch.long)
    finished = []
    for _ in range(longest):
        log_probabilities, state = model.step(words, state)
        total = scores[:, None] + log_probabilities
        scores, flat = total.flatten().topk(min(width, total.numel()))
        parents, words = torch.div(flat, WORDS, rounding_mode="floor"), flat % WORDS
        rows = torch.cat([rows[parents], words[:, None]], dim=1)
        ends = words == END
        finished += [(s / r.numel(), r.tolist()) for s, r in zip(scores[ends].tolist(), rows[ends])]
        keep = (~ends).nonzero().flatten()
        if len(keep) == 0 or len(finished) >= width:
            break
        scores, words, rows, parents = scores[keep], words[keep], rows[keep], parents[keep]
        state = state[:, parents]
    return sorted(finished, reverse=True)[:3]


for score, words in search(4):
    print(f"{score:.3f}", words)
padded, lengths = pad_packed_sequence(targets, batch_first=True)
print(padded.shape, lengths.tolist()[:6])
