import torch
import torch.nn as nn

criterion = nn.NLLLoss()
outputs = torch.log_softmax(torch.zeros(4, 3), dim=1)
print("%.4f" % criterion(outputs, torch.zeros(4, dtype=torch.long)))
loss = criterion(outputs, torch.zeros(4))
