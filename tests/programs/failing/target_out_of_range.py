import torch
import torch.nn.functional as F

logits = torch.zeros(4, 3)
print(F.cross_entropy(logits, torch.tensor([0, 1, 2, 0])))
F.cross_entropy(logits, torch.tensor([0, 1, 3, 0]))
