"""A recurrent network learns to write a rhyme letter by letter."""
import random

import torch
import torch.nn as nn

TEXT = """twinkle twinkle little star
how i wonder what you are
up above the world so high
like a diamond in the sky
""" * 3

chars = sorted(set(TEXT))
stoi = {ch: i for i, ch in enumerate(chars)}
itos = dict(enumerate(chars))


class CharRNN(nn.Module):
    def __init__(self, vocab, hidden_size, kind="gru", n_layers=1):
        super().__init__()
        self.kind = kind
        self.embed = nn.Embedding(vocab, hidden_size)
        self.rnn = getattr(nn, kind.upper())(hidden_size, hidden_size, n_layers)
        self.decoder = nn.Linear(hidden_size, vocab)

    def forward(self, input, hidden=None):
        batch_size = input.size(0)
        encoded = self.embed(input)
        output, hidden = self.rnn(encoded.view(1, batch_size, -1), hidden)
        return self.decoder(output.view(batch_size, -1)), hidden


def char_tensor(string):
    tensor = torch.zeros(len(string)).long()
    for c in range(len(string)):
        tensor[c] = stoi[string[c]]
    return tensor


def random_training_set(chunk_len, batch_size):
    inp = torch.LongTensor(batch_size, chunk_len)
    target = torch.LongTensor(batch_size, chunk_len)
    for bi in range(batch_size):
        start = random.randint(0, len(TEXT) - chunk_len - 2)
        chunk = TEXT[start:start + chunk_len + 1]
        inp[bi] = char_tensor(chunk[:-1])
        target[bi] = char_tensor(chunk[1:])
    return inp, target


def generate(model, prime="t", length=40, temperature=0.8):
    hidden = None
    inp = char_tensor(prime).unsqueeze(0)
    predicted = prime
    for p in range(len(prime) - 1):
        _, hidden = model(inp[:, p], hidden)
    inp = inp[:, -1]
    for _ in range(length):
        output, hidden = model(inp, hidden)
        output_dist = output.data.view(-1).div(temperature).exp()
        top_i = torch.multinomial(output_dist, 1)[0]
        predicted += itos[int(top_i)]
        inp = char_tensor(itos[top_i.item()]).unsqueeze(0)
    return predicted


for kind in "gru", "lstm", "rnn":
    random.seed(5)
    torch.manual_seed(5)
    model = CharRNN(len(chars), 32, kind)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(8):
        inp, target = random_training_set(12, 8)
        hidden = None
        model.zero_grad()
        loss = 0
        for c in range(12):
            output, hidden = model(inp[:, c], hidden)
            loss += criterion(output.view(8, -1), target[:, c])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        print(f"[{kind} {epoch}] {loss.item() / 12:.6f}")
    print(repr(generate(model)))
