"""DataParallel and .cuda() behind flags, as programs for many GPUs have them; model.train(False)."""
import os
import random
import sys
import warnings

import numpy as np
import torch
import torch.backends.cudnn as cudnn
import torch.nn as nn
import torch.nn.parallel
import torch.utils.data as data
from torch.autograd import Variable

os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
use_cuda = torch.cuda.is_available()
cudnn.benchmark = True
random.seed(1)
np.random.seed(1)
torch.manual_seed(1)
if use_cuda:
    torch.cuda.manual_seed_all(1)
print("GPUs:", torch.cuda.device_count(), "cudnn:", cudnn.is_available(), torch.version.cuda)
print("distributed:", torch.distributed.is_available() and torch.distributed.is_initialized())
device = torch.device("cuda:0" if use_cuda else "cpu")
if use_cuda:
    print(torch.cuda.get_device_name(0))


class MyData(data.Dataset):
    def __init__(self, train=True):
        self.x = np.random.randn(60 if train else 20, 1, 8, 8).astype(np.float32)
        self.y = (self.x.mean((1, 2, 3)) > 0).astype(np.int64)

    def __getitem__(self, i):
        return torch.FloatTensor(self.x[i]), int(self.y[i])

    def __len__(self):
        return self.x.shape[0]


class Net(nn.Module):
    def __init__(self):
        nn.Module.__init__(self)
        self.conv = nn.Conv2d(1, 4, 3)
        self.drop = nn.Dropout2d()
        self.fc = nn.Linear(4 * 3 * 3, 2)

    def forward(self, x):
        x = nn.functional.max_pool2d(nn.functional.relu(self.conv(x)), 2)
        x = self.drop(x)
        x = x.view(-1, self.num_flat_features(x))
        return self.fc(x)

    def num_flat_features(self, x):
        size = x.size()[1:]
        num_features = 1
        for s in size:
            num_features *= s
        return num_features


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    model = torch.nn.DataParallel(Net())
criterion = nn.CrossEntropyLoss()
if use_cuda:
    model.cuda()
    criterion = criterion.cuda()
optimizer = torch.optim.SGD(filter(lambda p: p.requires_grad, model.parameters()), 0.1,
                            momentum=0.9, weight_decay=1e-4)


def adjust_learning_rate(optimizer, epoch):
    lr = 0.1 * (0.1 ** (epoch // 2))
    for param_group in optimizer.param_groups:
        param_group["lr"] = lr
    return lr


for epoch in range(4):
    lr = adjust_learning_rate(optimizer, epoch)
    for train in True, False:
        model.train(train)
        loader = data.DataLoader(MyData(train), batch_size=20, shuffle=train, num_workers=0,
                                 pin_memory=use_cuda)
        running_loss, correct = 0.0, 0
        for input, target in loader:
            input, target = Variable(input), Variable(target)
            if use_cuda:
                input, target = input.cuda(), target.cuda()
            output = model(input)
            loss = criterion(output, target)
            if train:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            running_loss += loss.item()
            _, predicted = torch.max(output.data, 1)
            correct += (predicted == target.data).sum()
        sys.stdout.write("%s %d lr %g loss %.5f correct %d\n" % (
            "train" if train else "test", epoch, lr, running_loss / len(loader), correct))
print(list(model.state_dict()), type(model).__name__, model.module.conv)
state = {k.replace("module.", ""): v for k, v in model.state_dict().items()}
print(Net().load_state_dict(state))
