"""Sound: spectrograms, a filter learned in the frequencies, and back to samples."""
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(5)
rate, length = 2000, 2048
time = torch.arange(length) / rate
clean = torch.sin(2 * math.pi * 110 * time) + 0.5 * torch.sin(2 * math.pi * 330 * time)
noisy = clean + 0.4 * torch.randn(length)

window = torch.hann_window(128)
spectrum = torch.stft(noisy, 128, hop_length=32, window=window, return_complex=True)
print(spectrum.shape, spectrum.dtype, window.sum().item())
back = torch.istft(spectrum, 128, hop_length=32, window=window, length=length)
print("round trip", torch.allclose(back, noisy, atol=1e-5))

power = spectrum.abs().pow(2)
peak = power.mean(-1).argmax().item()
print("peak near", peak * rate / 128, "Hz")
decibels = 10 * power.clamp_min(1e-8).log10()
print(f"loudest {decibels.max().item():.2f} median {decibels.median().item():.2f}")


class Mask(nn.Module):
    def __init__(self, bands):
        super().__init__()
        self.logits = nn.Parameter(torch.zeros(bands, 1))

    def forward(self, spectrum):
        return spectrum * torch.sigmoid(self.logits)


mask = Mask(65)
optimizer = torch.optim.Adam(mask.parameters(), lr=0.3)
for step in range(30):
    estimate = torch.istft(mask(spectrum), 128, hop_length=32, window=window, length=length)
    loss = F.mse_loss(estimate, clean)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"step {step} loss {loss.item():.5f}")
kept = torch.sigmoid(mask.logits).squeeze()
print("bands that stay", (kept > 0.5).nonzero().squeeze(1).tolist()[:8])

taps = torch.special.sinc(torch.arange(-16, 17) / 4) * torch.hamming_window(33, periodic=False)
smooth = F.conv1d(noisy.view(1, 1, -1), (taps / taps.sum()).view(1, 1, -1), padding=16).flatten()
frequencies = torch.fft.rfftfreq(length, 1 / rate)
energy = torch.fft.rfft(smooth).abs() ** 2
print("above 400 Hz", f"{(energy[frequencies > 400].sum() / energy.sum()).item():.4f}")
autocorrelation = torch.fft.irfft(torch.fft.rfft(clean, 2 * length).abs() ** 2)[:length]
print("period", autocorrelation[10:40].argmax().item() + 10, "samples")
