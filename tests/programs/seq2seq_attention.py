"""Encoder and decoder with attention translate numbers into words, with teacher forcing."""
import random
import time

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
SOS_token, EOS_token, MAX_LENGTH, hidden_size = 0, 1, 6, 24
words = "zero one two three four five six seven eight nine".split()


class Lang:
    def __init__(self, name):
        self.name = name
        self.word2index = {}
        self.word2count = {}
        self.index2word = {0: "SOS", 1: "EOS"}
        self.n_words = 2

    def addSentence(self, sentence):
        for word in sentence.split(' '):
            if word not in self.word2index:
                self.word2index[word] = self.n_words
                self.word2count[word] = 1
                self.index2word[self.n_words] = word
                self.n_words += 1
            else:
                self.word2count[word] += 1


class EncoderRNN(nn.Module):
    def __init__(self, input_size, hidden_size):
        super(EncoderRNN, self).__init__()
        self.hidden_size = hidden_size
        self.embedding = nn.Embedding(input_size, hidden_size)
        self.gru = nn.GRU(hidden_size, hidden_size)

    def forward(self, input, hidden):
        embedded = self.embedding(input).view(1, 1, -1)
        output, hidden = self.gru(embedded, hidden)
        return output, hidden

    def initHidden(self):
        return torch.zeros(1, 1, self.hidden_size, device=device)


class AttnDecoderRNN(nn.Module):
    def __init__(self, hidden_size, output_size, dropout_p=0.1, max_length=MAX_LENGTH):
        super(AttnDecoderRNN, self).__init__()
        self.embedding = nn.Embedding(output_size, hidden_size)
        self.attn = nn.Linear(hidden_size * 2, max_length)
        self.attn_combine = nn.Linear(hidden_size * 2, hidden_size)
        self.dropout = nn.Dropout(dropout_p)
        self.gru = nn.GRU(hidden_size, hidden_size)
        self.out = nn.Linear(hidden_size, output_size)

    def forward(self, input, hidden, encoder_outputs):
        embedded = self.dropout(self.embedding(input).view(1, 1, -1))
        attn_weights = F.softmax(self.attn(torch.cat((embedded[0], hidden[0]), 1)), dim=1)
        attn_applied = torch.bmm(attn_weights.unsqueeze(0), encoder_outputs.unsqueeze(0))
        output = torch.cat((embedded[0], attn_applied[0]), 1)
        output = F.relu(self.attn_combine(output).unsqueeze(0))
        output, hidden = self.gru(output, hidden)
        output = F.log_softmax(self.out(output[0]), dim=1)
        return output, hidden, attn_weights


def tensorFromSentence(lang, sentence):
    indexes = [lang.word2index[word] for word in sentence.split(' ')] + [EOS_token]
    return torch.tensor(indexes, dtype=torch.long, device=device).view(-1, 1)


def train(input_tensor, target_tensor, encoder, decoder, enc_opt, dec_opt, criterion):
    encoder_hidden = encoder.initHidden()
    enc_opt.zero_grad()
    dec_opt.zero_grad()
    encoder_outputs = torch.zeros(MAX_LENGTH, encoder.hidden_size, device=device)
    loss = 0
    for ei in range(input_tensor.size(0)):
        encoder_output, encoder_hidden = encoder(input_tensor[ei], encoder_hidden)
        encoder_outputs[ei] = encoder_output[0, 0]

    decoder_input = torch.tensor([[SOS_token]], device=device)
    decoder_hidden = encoder_hidden
    use_teacher_forcing = random.random() < 0.5
    for di in range(target_tensor.size(0)):
        decoder_output, decoder_hidden, _ = decoder(decoder_input, decoder_hidden, encoder_outputs)
        loss += criterion(decoder_output, target_tensor[di])
        if use_teacher_forcing:
            decoder_input = target_tensor[di]
        else:
            topv, topi = decoder_output.topk(1)
            decoder_input = topi.squeeze().detach()
            if decoder_input.item() == EOS_token:
                break
    loss.backward()
    enc_opt.step()
    dec_opt.step()
    return loss.item() / target_tensor.size(0)


random.seed(3)
torch.manual_seed(3)
source, target = Lang("digits"), Lang("words")
pairs = []
for _ in range(40):
    digits = [random.randrange(10) for _ in range(random.randint(2, MAX_LENGTH - 1))]
    pairs.append((" ".join(map(str, digits)), " ".join(words[d] for d in digits)))
for a, b in pairs:
    source.addSentence(a)
    target.addSentence(b)
print("Counted words:", source.name, source.n_words, target.name, target.n_words)

encoder = EncoderRNN(source.n_words, hidden_size).to(device)
decoder = AttnDecoderRNN(hidden_size, target.n_words).to(device)
enc_opt = optim.SGD(encoder.parameters(), lr=0.02)
dec_opt = optim.SGD(decoder.parameters(), lr=0.02)
criterion = nn.NLLLoss()
start = time.time()
total = 0
for step in range(1, 31):
    a, b = random.choice(pairs)
    total += train(tensorFromSentence(source, a), tensorFromSentence(target, b),
                   encoder, decoder, enc_opt, dec_opt, criterion)
    if step % 10 == 0:
        print("(%d %d%%) %.5f" % (step, step / 30 * 100, total / 10))
        total = 0
assert time.time() >= start

with torch.no_grad():
    hidden = encoder.initHidden()
    outputs = torch.zeros(MAX_LENGTH, hidden_size)
    for i, token in enumerate(tensorFromSentence(source, pairs[0][0])):
        output, hidden = encoder(token, hidden)
        outputs[i] += output[0, 0]
    said, attention = [], torch.zeros(MAX_LENGTH, MAX_LENGTH)
    token = torch.tensor([[SOS_token]])
    decoder.eval()
    for di in range(MAX_LENGTH):
        output, hidden, weights = decoder(token, hidden, outputs)
        attention[di] = weights.data
        token = output.data.topk(1)[1].squeeze().detach()
        said.append(target.index2word[token.item()])
    print(pairs[0], said)
    print(attention.sum(1))
