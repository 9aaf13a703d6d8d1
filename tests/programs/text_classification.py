"""Bags of embeddings classify sentences; batches are made by a collate function of the program's."""
import re
import time
from collections import Counter

import torch
from torch import nn
from torch.utils.data import DataLoader
from torch.utils.data.dataset import random_split
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

good = "lovely bright warm happy kind sunny gentle sweet".split()
bad = "awful dark cold angry cruel rainy harsh bitter".split()
plain = "the a day song book house it was is and very with".split()


def sentences(count, generator):
    for _ in range(count):
        label = int(torch.randint(2, (1,), generator=generator))
        length = int(torch.randint(3, 9, (1,), generator=generator))
        mood = good if label else bad
        picks = torch.randint(0, 96, (length,), generator=generator).tolist()
        yield label, " ".join(mood[p % 8] if p % 3 == 0 else plain[p % 12] for p in picks)


def tokenizer(text):
    return re.findall(r"\w+", text.lower())


torch.manual_seed(0)
data = list(sentences(160, torch.Generator().manual_seed(1)))
counter = Counter(word for _, text in data for word in tokenizer(text))
vocab = {word: i + 2 for i, (word, _) in enumerate(sorted(counter.items()))}
print(len(vocab), counter.most_common(1)[0][1])


def text_pipeline(text):
    return [vocab.get(word, 1) for word in tokenizer(text)]


def collate_batch(batch):
    label_list, text_list, offsets = [], [], [0]
    for _label, _text in batch:
        label_list.append(_label)
        processed_text = torch.tensor(text_pipeline(_text), dtype=torch.int64)
        text_list.append(processed_text)
        offsets.append(processed_text.size(0))
    label_list = torch.tensor(label_list, dtype=torch.int64)
    offsets = torch.tensor(offsets[:-1]).cumsum(dim=0)
    return label_list, torch.cat(text_list), offsets


class TextClassificationModel(nn.Module):
    def __init__(self, vocab_size, embed_dim, num_class):
        super(TextClassificationModel, self).__init__()
        self.embedding = nn.EmbeddingBag(vocab_size, embed_dim, sparse=False)
        self.fc = nn.Linear(embed_dim, num_class)
        self.init_weights()

    def init_weights(self):
        initrange = 0.5
        self.embedding.weight.data.uniform_(-initrange, initrange)
        self.fc.weight.data.uniform_(-initrange, initrange)
        self.fc.bias.data.zero_()

    def forward(self, text, offsets):
        return self.fc(self.embedding(text, offsets))


model = TextClassificationModel(len(vocab) + 2, 16, 2)
train_set, valid_set = random_split(data, [128, 32])
train_loader = DataLoader(train_set, batch_size=16, shuffle=True, collate_fn=collate_batch)
criterion = torch.nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=5.0)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1.0, gamma=0.5)
for epoch in range(3):
    start, total_acc, total_count = time.time(), 0, 0
    for idx, (label, text, offsets) in enumerate(train_loader):
        optimizer.zero_grad()
        loss = criterion(model(text, offsets), label)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1)
        optimizer.step()
        total_acc += (model(text, offsets).argmax(1) == label).sum().item()
        total_count += label.size(0)
    scheduler.step()
    print("| epoch {:3d} | accuracy {:8.3f} | loss {:.5f} |".format(
        epoch, total_acc / total_count, loss))


class BiLSTM(nn.Module):
    """Reads sentences of several lengths, packed, in both directions."""

    def __init__(self, vocab_size):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, 12, padding_idx=0)
        self.lstm = nn.LSTM(12, 10, num_layers=2, batch_first=True, bidirectional=True, dropout=0.2)
        self.out = nn.Linear(20, 2)

    def forward(self, tokens, lengths):
        packed = pack_padded_sequence(self.embed(tokens), lengths, batch_first=True)
        output, (h_n, c_n) = self.lstm(packed)
        padded, lens = pad_packed_sequence(output, batch_first=True)
        assert torch.equal(lens, lengths)
        return self.out(torch.cat((h_n[-2], h_n[-1]), dim=1)), padded


reader = BiLSTM(len(vocab) + 2)
optimizer = torch.optim.NAdam(reader.parameters(), lr=0.01)
for step in range(6):
    batch = sorted(data[step * 20:step * 20 + 20], key=lambda row: -len(row[1].split()))
    sequences = [torch.tensor(text_pipeline(text)) for _, text in batch]
    lengths = torch.tensor([len(s) for s in sequences])
    logits, padded = reader(pad_sequence(sequences, batch_first=True), lengths)
    loss = criterion(logits, torch.tensor([label for label, _ in batch]))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    print(f"LSTM {step} {loss.item():.6f} {tuple(padded.shape)} {padded.abs().mean():.6f}")
print(reader.embed.weight.grad[0].abs().sum(), reader.lstm)
