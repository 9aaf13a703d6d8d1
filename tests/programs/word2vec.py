"""Skip-grams with negative samples, and a bag-of-words model, on a few sentences."""
import random
from collections import Counter

import torch
import torch.autograd as autograd
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

text = """the quick brown fox jumps over the lazy dog . the dog sleeps and the fox runs .
a quick dog runs over the brown field while the lazy fox sleeps in the field""".split()
counts = Counter(text)
vocab = sorted(counts)
word_to_ix = {word: i for i, word in enumerate(vocab)}
ids = [word_to_ix[w] for w in text]
torch.manual_seed(1)
random.seed(1)


class SkipGram(nn.Module):
    def __init__(self, vocab_size, dim):
        super().__init__()
        self.u = nn.Embedding(vocab_size, dim, sparse=True)
        self.v = nn.Embedding(vocab_size, dim, sparse=True)
        nn.init.uniform_(self.u.weight.data, -0.5 / dim, 0.5 / dim)
        nn.init.constant_(self.v.weight.data, 0)

    def forward(self, pos_u, pos_v, neg_v):
        emb_u, emb_v, emb_neg_v = self.u(pos_u), self.v(pos_v), self.v(neg_v)
        score = torch.sum(torch.mul(emb_u, emb_v), dim=1)
        score = -F.logsigmoid(torch.clamp(score, max=10, min=-10))
        neg_score = torch.bmm(emb_neg_v, emb_u.unsqueeze(2)).squeeze()
        neg_score = -torch.sum(F.logsigmoid(-torch.clamp(neg_score, max=10, min=-10)), dim=1)
        return torch.mean(score + neg_score)


pairs = [(ids[i], ids[j]) for i in range(len(ids)) for j in (i - 2, i - 1, i + 1, i + 2)
         if 0 <= j < len(ids)]
noise = torch.tensor([counts[w] for w in vocab], dtype=torch.float) ** 0.75
model = SkipGram(len(vocab), 16)
optimizer = optim.SparseAdam(list(model.parameters()), lr=0.05)
for epoch in range(4):
    random.shuffle(pairs)
    total = 0.0
    for start in range(0, len(pairs), 32):
        chunk = pairs[start:start + 32]
        pos_u, pos_v = map(torch.LongTensor, zip(*chunk))
        neg_v = torch.multinomial(noise, len(chunk) * 5, replacement=True).view(len(chunk), -1)
        optimizer.zero_grad()
        loss = model(pos_u, pos_v, neg_v)
        loss.backward()
        optimizer.step()
        total += loss.item() * len(chunk)
    print(f"skip-gram {epoch} {total / len(pairs):.6f} {model.u.weight.grad.is_sparse}")

vectors = F.normalize(model.u.weight.detach())
best = (vectors @ vectors[word_to_ix["fox"]]).topk(3)
print([vocab[i] for i in best.indices.tolist()], best.values)


class CBOW(nn.Module):
    def __init__(self, vocab_size, embedding_dim, context_size):
        super(CBOW, self).__init__()
        self.embeddings = nn.Embedding(vocab_size, embedding_dim)
        self.linear1 = nn.Linear(context_size * embedding_dim, 32)
        self.linear2 = nn.Linear(32, vocab_size)

    def forward(self, inputs):
        embeds = self.embeddings(inputs).view((1, -1))
        return F.log_softmax(self.linear2(F.relu(self.linear1(embeds))), dim=1)


losses = []
loss_function = nn.NLLLoss()
model = CBOW(len(vocab), 10, 4)
optimizer = optim.SGD(model.parameters(), lr=0.02)
for epoch in range(3):
    total_loss = torch.Tensor([0])
    for i in range(2, len(text) - 2):
        context = [text[i - 2], text[i - 1], text[i + 1], text[i + 2]]
        context_var = autograd.Variable(torch.LongTensor([word_to_ix[w] for w in context]))
        model.zero_grad()
        log_probs = model(context_var)
        loss = loss_function(log_probs, autograd.Variable(torch.LongTensor([ids[i]])))
        loss.backward()
        optimizer.step()
        total_loss += loss.data
    losses.append(total_loss)
print(losses)
