"""Lines of signs are read by convolutions, a bidirectional GRU and connectionist classification."""
import torch
import torch.nn as nn
import torch.nn.functional as F

alphabet = "-abcdef"
torch.manual_seed(0)


class CRNN(nn.Module):
    def __init__(self, nc=1, nclass=len(alphabet), nh=16):
        super().__init__()
        cnn = nn.Sequential()
        for i, (inp, out) in enumerate(((nc, 8), (8, 16))):
            cnn.add_module("conv{0}".format(i), nn.Conv2d(inp, out, 3, 1, 1))
            cnn.add_module("batchnorm{0}".format(i), nn.InstanceNorm2d(out, affine=True))
            cnn.add_module("relu{0}".format(i), nn.LeakyReLU(0.2, inplace=True))
            cnn.add_module("pooling{0}".format(i), nn.MaxPool2d((2, 1), (2, 1)))
        self.cnn = cnn
        self.rnn = nn.GRU(32, nh, bidirectional=True)
        self.embedding = nn.Linear(nh * 2, nclass)

    def forward(self, input):
        conv = self.cnn(input)
        b, c, h, w = conv.size()
        conv = conv.reshape(b, c * h, w).permute(2, 0, 1)
        recurrent, _ = self.rnn(conv)
        T, b, h = recurrent.size()
        return self.embedding(recurrent.contiguous().view(T * b, h)).view(T, b, -1)


signs = torch.rand(len(alphabet), 8, 3, generator=torch.Generator().manual_seed(1)).round()


def batch(n, width=20):
    images, targets, lengths = torch.zeros(n, 1, 8, width), [], []
    for image in images:
        length = int(torch.randint(2, 6, (1,)))
        text = torch.randint(1, len(alphabet), (length,))
        for place, letter in enumerate(text):
            image[0, :, place * 4:place * 4 + 3] = signs[letter]
        targets.append(text)
        lengths.append(length)
    return images + 0.1 * torch.randn_like(images), torch.cat(targets), torch.IntTensor(lengths)


def decode(best):
    text, last = "", 0
    for letter in best.tolist():
        if letter not in (0, last):
            text += alphabet[letter]
        last = letter
    return text


crnn = CRNN()
criterion = nn.CTCLoss(zero_infinity=True)
optimizer = torch.optim.Adadelta(crnn.parameters(), lr=1.0)
for step in range(8):
    images, text, length = batch(6)
    preds = crnn(images)
    preds_size = torch.full((6,), preds.size(0), dtype=torch.int32)
    cost = criterion(F.log_softmax(preds, 2), text, preds_size, length)
    crnn.zero_grad()
    cost.backward()
    optimizer.step()
    print("cost %.6f" % cost.item(), [decode(row) for row in preds.argmax(2).T][:2])
print(length, text[:int(length[0])], preds.shape)
