"""A student learns from a teacher's probabilities at a higher temperature."""
import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(10)
T, alpha = 4.0, 0.7
x = torch.randn(200, 12)
y = (x[:, :4].sum(1) > 0).long() + (x[:, 4:8].sum(1) > 0).long()


def net(*sizes):
    layers = []
    for a, b in zip(sizes, sizes[1:]):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


teacher, student = net(12, 64, 64, 3), net(12, 8, 3)


def fit(model, loss_of, epochs, lr):
    opt = torch.optim.SGD(model.parameters(), lr, momentum=0.9)
    for epoch in range(epochs):
        for xb, yb in zip(x.split(50), y.split(50)):
            loss = loss_of(model(xb), xb, yb)
            opt.zero_grad()
            loss.backward()
            opt.step()
        if epoch % 2 == 0:
            accuracy = (model(x).argmax(1) == y).float().mean()
            print(f"{epoch} loss {loss:.5f} accuracy {accuracy:.3f}")


fit(teacher, lambda out, xb, yb: F.cross_entropy(out, yb), 8, 0.05)


def loss_fn_kd(outputs, inputs, labels):
    with torch.no_grad():
        teacher_outputs = teacher(inputs)
    kd = nn.KLDivLoss(reduction="batchmean")(F.log_softmax(outputs / T, dim=1),
                                             F.softmax(teacher_outputs / T, dim=1))
    return kd * (alpha * T * T) + F.cross_entropy(outputs, labels) * (1.0 - alpha)


teacher.eval()
fit(student, loss_fn_kd, 8, 0.05)
with torch.no_grad():
    p, q = F.softmax(teacher(x), 1), F.softmax(student(x), 1)
    print("agreement", (p.argmax(1) == q.argmax(1)).float().mean(), "entropy", -(q * q.log()).sum(1).mean())
    print("js", F.kl_div(((p + q) / 2).log(), p, reduction="batchmean"),
          F.kl_div(q.log(), p.log(), log_target=True, reduction="sum"))
    print(F.gumbel_softmax(student(x[:2]), tau=0.5, hard=True))
print(F.cross_entropy(student(x), p, weight=torch.tensor([1.0, 2.0, 0.5])))
print(F.nll_loss(F.log_softmax(student(x), 1), y, reduction="none")[:3])
