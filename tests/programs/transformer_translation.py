"""nn.Transformer learns to reverse sequences; with causal and padding masks."""
import math

import torch
import torch.nn as nn
from torch import Tensor
from torch.nn import Transformer
from torch.nn.utils.rnn import pad_sequence

PAD, BOS, EOS, FIRST, VOCAB = 0, 1, 2, 3, 15
torch.manual_seed(0)


class PositionalEncoding(nn.Module):
    def __init__(self, emb_size: int, dropout: float, maxlen: int = 50):
        super().__init__()
        den = torch.exp(-torch.arange(0, emb_size, 2) * math.log(10000) / emb_size)
        pos = torch.arange(0, maxlen).reshape(maxlen, 1)
        pos_embedding = torch.zeros((maxlen, emb_size))
        pos_embedding[:, 0::2] = torch.sin(pos * den)
        pos_embedding[:, 1::2] = torch.cos(pos * den)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("pos_embedding", pos_embedding.unsqueeze(-2), persistent=False)

    def forward(self, token_embedding: Tensor):
        return self.dropout(token_embedding + self.pos_embedding[:token_embedding.size(0), :])


class Seq2SeqTransformer(nn.Module):
    def __init__(self, layers=2, emb_size=32, nhead=4, dim_feedforward=64, dropout=0.1):
        super().__init__()
        self.transformer = Transformer(emb_size, nhead, layers, layers, dim_feedforward, dropout)
        self.generator = nn.Linear(emb_size, VOCAB)
        self.tok_emb = nn.Embedding(VOCAB, emb_size, padding_idx=PAD)
        self.positional_encoding = PositionalEncoding(emb_size, dropout)
        self.scale = math.sqrt(emb_size)

    def embed(self, tokens):
        return self.positional_encoding(self.tok_emb(tokens.long()) * self.scale)

    def forward(self, src, trg, src_mask, tgt_mask, src_padding, tgt_padding):
        outs = self.transformer(self.embed(src), self.embed(trg), src_mask, tgt_mask, None,
                                src_padding, tgt_padding, src_padding)
        return self.generator(outs)

    def encode(self, src, src_mask):
        return self.transformer.encoder(self.embed(src), src_mask)

    def decode(self, tgt, memory, tgt_mask):
        return self.transformer.decoder(self.embed(tgt), memory, tgt_mask)


def subsequent_mask(size):
    mask = (torch.triu(torch.ones((size, size))) == 1).transpose(0, 1)
    return mask.float().masked_fill(mask == 0, float("-inf")).masked_fill(mask == 1, 0.0)


def batch(size):
    src, tgt = [], []
    for _ in range(size):
        words = torch.randint(FIRST, VOCAB, (int(torch.randint(3, 8, ())),))
        src.append(words)
        tgt.append(torch.cat([torch.tensor([BOS]), words.flip(0), torch.tensor([EOS])]))
    return pad_sequence(src, padding_value=PAD), pad_sequence(tgt, padding_value=PAD)


model = Seq2SeqTransformer()
for p in model.parameters():
    if p.dim() > 1:
        nn.init.xavier_uniform_(p)

loss_fn = nn.CrossEntropyLoss(ignore_index=PAD)
optimizer = torch.optim.Adam(model.parameters(), lr=0.002, betas=(0.9, 0.98), eps=1e-9)
model.train()
for step in range(12):
    src, tgt = batch(16)
    tgt_input, tgt_out = tgt[:-1, :], tgt[1:, :]
    src_mask = torch.zeros((src.shape[0], src.shape[0])).type(torch.bool)
    tgt_mask = subsequent_mask(tgt_input.shape[0])
    src_padding = (src == PAD).transpose(0, 1)
    tgt_padding = torch.zeros(tgt_input.T.shape).masked_fill(tgt_input.T == PAD, float("-inf"))
    logits = model(src, tgt_input, src_mask, tgt_mask, src_padding.float() * -1e9, tgt_padding)
    optimizer.zero_grad()
    loss = loss_fn(logits.reshape(-1, logits.shape[-1]), tgt_out.reshape(-1))
    loss.backward()
    optimizer.step()
    print(f"step {step}: {loss.item():.6f}")

model.eval()
with torch.no_grad():
    src = torch.tensor([[5], [9], [4], [12]])
    memory = model.encode(src, None)
    ys = torch.ones(1, 1).fill_(BOS).type(torch.long)
    for _ in range(6):
        mask = nn.Transformer.generate_square_subsequent_mask(ys.size(0))
        out = model.decode(ys, memory, mask)
        prob = model.generator(out.transpose(0, 1)[:, -1])
        print("best log probability %.4f" % torch.log_softmax(prob, -1).max().item())
        _, next_word = torch.max(prob, dim=1)
        ys = torch.cat([ys, torch.ones(1, 1).type_as(src.data).fill_(next_word.item())], dim=0)
    print(ys.flatten().tolist())
