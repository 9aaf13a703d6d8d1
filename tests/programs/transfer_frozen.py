"""Transfer learning: a frozen backbone with a new head, then fine-tuning with two rates."""
import copy

import torch
import torch.nn as nn
import torch.optim as optim
from torch.optim import lr_scheduler

torch.manual_seed(4)


class Backbone(nn.Module):
    def __init__(self, num_classes=10):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU(inplace=True),
            nn.AdaptiveAvgPool2d((1, 1)),
        )
        self.fc = nn.Linear(16, num_classes)

    def forward(self, x):
        return self.fc(torch.flatten(self.features(x), 1))


def batches(count, classes):
    generator = torch.Generator().manual_seed(classes)
    for _ in range(count):
        labels = torch.randint(classes, (16,), generator=generator)
        images = torch.randn(16, 3, 12, 12, generator=generator)
        images[:, 0] += labels.view(-1, 1, 1) * 0.7
        yield images, labels


def train_model(model, criterion, optimizer, scheduler, classes, num_epochs=3):
    best_acc = 0.0
    best = copy.deepcopy(model.state_dict())
    for epoch in range(num_epochs):
        for phase in ['train', 'val']:
            model.train() if phase == 'train' else model.eval()
            running_loss, running_corrects, seen = 0.0, 0, 0
            for inputs, labels in batches(4, classes):
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == 'train'):
                    outputs = model(inputs)
                    _, preds = torch.max(outputs, 1)
                    loss = criterion(outputs, labels)
                    if phase == 'train':
                        loss.backward()
                        optimizer.step()
                running_loss += loss.item() * inputs.size(0)
                running_corrects += torch.sum(preds == labels.data)
                seen += inputs.size(0)
            if phase == 'train':
                scheduler.step()
            epoch_acc = running_corrects.double() / seen
            print('{} Loss: {:.5f} Acc: {:.4f}'.format(phase, running_loss / seen, epoch_acc))
            if phase == 'val' and epoch_acc > best_acc:
                best_acc, best = epoch_acc, copy.deepcopy(model.state_dict())
    model.load_state_dict(best)
    return model


criterion = nn.CrossEntropyLoss()
pretrained = Backbone(10)
train_model(pretrained, criterion, optim.SGD(pretrained.parameters(), 0.05, 0.9),
            lr_scheduler.StepLR(optim.SGD(pretrained.parameters(), 0.05), 2), 10, 2)
torch.save(pretrained.state_dict(), "backbone.pth")

model_conv = Backbone(10)
model_conv.load_state_dict(torch.load("backbone.pth", weights_only=True))
for param in model_conv.parameters():
    param.requires_grad = False
num_ftrs = model_conv.fc.in_features
model_conv.fc = nn.Linear(num_ftrs, 3)
frozen = model_conv.features[0].weight.clone()
trainable = [p for p in model_conv.parameters() if p.requires_grad]
print(len(trainable), "tensors to train,", sum(p.numel() for p in trainable), "numbers")
optimizer_conv = optim.SGD(model_conv.fc.parameters(), lr=0.05, momentum=0.9)
exp_lr_scheduler = lr_scheduler.StepLR(optimizer_conv, step_size=2, gamma=0.1)
train_model(model_conv, criterion, optimizer_conv, exp_lr_scheduler, 3)
print("backbone unchanged:", torch.equal(frozen, model_conv.features[0].weight))

model_conv.features.requires_grad_(True)
optimizer_ft = optim.Adam([
    {"params": model_conv.features.parameters(), "lr": 1e-4},
    {"params": model_conv.fc.parameters()},
], lr=1e-3)
train_model(model_conv, criterion, optimizer_ft,
            lr_scheduler.LambdaLR(optimizer_ft, lambda epoch: 0.95 ** epoch), 3, 2)
print([round(group["lr"], 8) for group in optimizer_ft.param_groups])
