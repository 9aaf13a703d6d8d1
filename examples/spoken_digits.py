"""Spoken digits, told apart by a small convolutional network on mel spectrograms.

    python examples/spoken_digits.py DATA           # takes 0 and 1 of each speaker are the test
    python examples/spoken_digits.py DATA --speaker theo    # all of one speaker's are

DATA holds recordings <digit>_<speaker>_<take>.wav of 8,000 samples per second: the free spoken
digit dataset, https://github.com/Jakobovski/free-spoken-digit-dataset.
"""

from __future__ import annotations

import argparse
import time

import rushlight as torch
from rushlight import audio, nn
from rushlight.nn import functional as F
from rushlight.utils.data import DataLoader, TensorDataset

FRAMES = 64  # windows of 16 ms, about a second; shorter sounds are followed by silence


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 24, 3, padding=1), nn.BatchNorm2d(24), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(24, 48, 3, padding=1), nn.BatchNorm2d(48), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(48, 96, 3, padding=1), nn.BatchNorm2d(96), nn.ReLU(),
            nn.AdaptiveAvgPool2d((2, 4)), nn.Flatten(), nn.Dropout(0.3),
        )  # fmt: skip
        self.classifier = nn.Linear(96 * 2 * 4, 10)

    def forward(self, x):
        return self.classifier(self.features(x))


to_decibels = nn.Sequential(
    audio.transforms.MelSpectrogram(8000, n_fft=256, hop_length=128, n_mels=40, f_min=50),
    audio.transforms.AmplitudeToDB(top_db=60.0),
)


def spectrogram(sound):
    """A sound in decibels of mean 0 and deviation 1, with silence at the end: (1, 40, FRAMES)."""
    sound = F.pad(sound, (0, max(0, FRAMES * 128 - sound.shape[-1])))
    decibels = to_decibels(sound)[..., :FRAMES]
    return (decibels - decibels.mean()) / decibels.std()


def tensors(dataset):
    sounds, digits = zip(*(dataset[i] for i in range(len(dataset))), strict=True)
    return TensorDataset(torch.stack(sounds), torch.tensor(digits))


def split(root, speaker):
    """The training and the test recordings."""
    digits = audio.datasets.SpeechDigits
    if speaker is None:
        takes = range(2, 10)
        return digits(root, takes=takes, transform=spectrogram), digits(
            root, takes=range(2), transform=spectrogram
        )
    others = [name for name in digits(root).speakers if name != speaker]
    return digits(root, others, transform=spectrogram), digits(
        root, [speaker], transform=spectrogram
    )


augment = nn.Sequential(
    audio.transforms.FrequencyMasking(5), audio.transforms.TimeMasking(6)
)  # fmt: skip


def moved(sounds):
    """Each sound begins a little earlier or later, by at most 8 windows."""
    shifts = torch.randint(-8, 9, (len(sounds),)).tolist()
    return torch.stack([x.roll(shift, -1) for x, shift in zip(sounds, shifts, strict=True)])


def train(root, speaker=None, epochs=60, seed=0):
    """The accuracy on the test recordings."""
    torch.manual_seed(seed)
    train_set, test_set = map(tensors, split(root, speaker))
    print(f"{len(train_set)} recordings to learn from, {len(test_set)} to test")
    net = Net()
    optimizer = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-2)
    loader = DataLoader(train_set, batch_size=16, shuffle=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 3e-3, epochs * len(loader))
    for epoch in range(epochs):
        net.train()
        for sounds, digits in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(net(augment(moved(sounds))), digits)
            loss.backward()
            optimizer.step()
            schedule.step()
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: loss {loss.item():.4f}")
    net.eval()
    with torch.no_grad():
        sounds, digits = test_set.tensors
        return (net(sounds).argmax(1) == digits).float().mean().item()


def main():
    parser = argparse.ArgumentParser(description="Trains a network on spoken digits.")
    parser.add_argument("data", help="the folder of the recordings")
    parser.add_argument("--speaker", help="whose recordings are the test (default: some of all)")
    parser.add_argument("--epochs", type=int, default=60)
    arguments = parser.parse_args()
    begin = time.perf_counter()
    accuracy = train(arguments.data, arguments.speaker, arguments.epochs)
    print(f"test accuracy {accuracy:.2%} in {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    try:
        main()
    except OSError as error:  # a file that is not there, or is another than was told
        raise SystemExit(f"error: {error}") from None
