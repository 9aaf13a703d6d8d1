"""A word language model with tied weights, truncated backpropagation and clipped gradients."""
import argparse
import math
import os

import torch
import torch.nn as nn
import torch.nn.functional as F

parser = argparse.ArgumentParser(description='RNN language model')
parser.add_argument('--model', type=str, default='LSTM')
parser.add_argument('--emsize', type=int, default=24)
parser.add_argument('--nhid', type=int, default=24)
parser.add_argument('--nlayers', type=int, default=2)
parser.add_argument('--lr', type=float, default=5)
parser.add_argument('--clip', type=float, default=0.25)
parser.add_argument('--epochs', type=int, default=3)
parser.add_argument('--batch_size', type=int, default=8, metavar='N')
parser.add_argument('--bptt', type=int, default=9)
parser.add_argument('--dropout', type=float, default=0.2)
parser.add_argument('--tied', action='store_false')
parser.add_argument('--seed', type=int, default=1111)
parser.add_argument('--save', type=str, default='model.pt')
args = parser.parse_args([])
torch.manual_seed(args.seed)
device = torch.device("cpu")


class Dictionary(object):
    def __init__(self):
        self.word2idx, self.idx2word = {}, []

    def add_word(self, word):
        if word not in self.word2idx:
            self.idx2word.append(word)
            self.word2idx[word] = len(self.idx2word) - 1
        return self.word2idx[word]


def tokenize(path, dictionary):
    assert os.path.exists(path)
    with open(path, 'r', encoding="utf8") as f:
        idss = []
        for line in f:
            ids = [dictionary.add_word(w) for w in line.split() + ['<eos>']]
            idss.append(torch.tensor(ids).type(torch.int64))
    return torch.cat(idss)


with open("rhymes.txt", "w") as f:
    for i in range(40):
        f.write("the %s cat %s on the %s mat\n" % (
            ["big", "old", "red"][i % 3], ["sat", "slept"][i % 2], ["soft", "long", "blue", "new"][i % 4]))


class RNNModel(nn.Module):
    def __init__(self, rnn_type, ntoken, ninp, nhid, nlayers, dropout=0.5, tie_weights=False):
        super(RNNModel, self).__init__()
        self.ntoken = ntoken
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(ntoken, ninp)
        if rnn_type in ['LSTM', 'GRU']:
            self.rnn = getattr(nn, rnn_type)(ninp, nhid, nlayers, dropout=dropout)
        self.decoder = nn.Linear(nhid, ntoken)
        if tie_weights:
            if nhid != ninp:
                raise ValueError('When using the tied flag, nhid must be equal to emsize')
            self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)
        self.nhid, self.nlayers = nhid, nlayers

    def forward(self, input, hidden):
        emb = self.drop(self.encoder(input))
        output, hidden = self.rnn(emb, hidden)
        decoded = self.decoder(self.drop(output)).view(-1, self.ntoken)
        return F.log_softmax(decoded, dim=1), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        return (weight.new_zeros(self.nlayers, bsz, self.nhid),
                weight.new_zeros(self.nlayers, bsz, self.nhid))


def repackage_hidden(h):
    if isinstance(h, torch.Tensor):
        return h.detach()
    return tuple(repackage_hidden(v) for v in h)


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    data = data.narrow(0, 0, nbatch * bsz)
    return data.view(bsz, -1).t().contiguous().to(device)


def get_batch(source, i):
    seq_len = min(args.bptt, len(source) - 1 - i)
    return source[i:i + seq_len], source[i + 1:i + 1 + seq_len].view(-1)


dictionary = Dictionary()
train_data = batchify(tokenize("rhymes.txt", dictionary), args.batch_size)
ntokens = len(dictionary.idx2word)
model = RNNModel(args.model, ntokens, args.emsize, args.nhid, args.nlayers, args.dropout, args.tied)
criterion = nn.NLLLoss()
lr = args.lr
for epoch in range(1, args.epochs + 1):
    model.train()
    total_loss, hidden, batches = 0., model.init_hidden(args.batch_size), 0
    for i in range(0, train_data.size(0) - 1, args.bptt):
        data, targets = get_batch(train_data, i)
        model.zero_grad()
        hidden = repackage_hidden(hidden)
        output, hidden = model(data, hidden)
        loss = criterion(output, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), args.clip)
        for p in model.parameters():
            p.data.add_(p.grad, alpha=-lr)
        total_loss += loss.item()
        batches += 1
    cur_loss = total_loss / batches
    print('| epoch {:3d} | lr {:02.2f} | loss {:5.5f} | ppl {:8.4f}'.format(
        epoch, lr, cur_loss, math.exp(cur_loss)))
    lr /= 2.0
with open(args.save, 'wb') as f:
    torch.save(model.state_dict(), f)
with open(args.save, 'rb') as f:
    model.load_state_dict(torch.load(f))
    model.rnn.flatten_parameters()
model.eval()
input = torch.randint(ntokens, (1, 1), dtype=torch.long).to(device)
hidden, words = model.init_hidden(1), []
with torch.no_grad():
    for i in range(12):
        output, hidden = model(input, hidden)
        word_weights = output.squeeze().div(1.0).exp().cpu()
        word_idx = torch.multinomial(word_weights, 1)[0]
        input.fill_(word_idx)
        words.append(dictionary.idx2word[word_idx])
print(" ".join(words))
