"""A trainer with early stopping, which keeps its best weights."""
import copy
import logging
import sys
from dataclasses import dataclass, field
from typing import Dict, List, Optional

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader, Dataset, random_split

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(levelname)s %(message)s")
log = logging.getLogger("trainer")


class Spirals(Dataset):
    def __init__(self, count: int, classes: int = 3) -> None:
        self.classes = classes
        t = torch.rand(count)
        self.labels = torch.arange(count) % classes
        angle = 4 * t + 2 * torch.pi * self.labels / classes + 0.1 * torch.randn(count)
        self.points = torch.stack([t * angle.cos(), t * angle.sin()], dim=-1)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> Dict[str, Tensor]:
        return {"point": self.points[index], "label": self.labels[index]}


@dataclass
class Trainer:
    model: nn.Module
    optimizer: Optimizer
    patience: int = 3
    device: str = "cpu"
    best_loss: float = float("inf")
    best_state: Optional[dict] = None
    history: List[Dict[str, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.loss_fn = nn.CrossEntropyLoss(label_smoothing=0.05)
        self.model.to(self.device)

    def _epoch(self, loader: DataLoader, training: bool) -> Dict[str, float]:
        self.model.train(training)
        total, right, seen = 0.0, 0, 0
        with torch.set_grad_enabled(training):
            for batch in loader:
                batch = {k: v.to(self.device, non_blocking=True) for k, v in batch.items()}
                logits = self.model(batch["point"])
                loss = self.loss_fn(logits, batch["label"])
                if training:
                    self.optimizer.zero_grad(set_to_none=True)
                    loss.backward()
                    self.optimizer.step()
                total += loss.item() * len(logits)
                right += int((logits.argmax(-1) == batch["label"]).sum())
                seen += len(logits)
        return {"loss": total / seen, "accuracy": right / seen}

    def fit(self, train: DataLoader, valid: DataLoader, epochs: int) -> None:
        waited = 0
        for epoch in range(epochs):
            trained = self._epoch(train, True)
            validated = self._epoch(valid, False)
            self.history.append(validated)
            log.info("epoch %d: train %.5f, valid %.5f (%.3f)",
                     epoch, trained["loss"], validated["loss"], validated["accuracy"])
            if validated["loss"] < self.best_loss - 1e-3:
                self.best_loss, waited = validated["loss"], 0
                self.best_state = copy.deepcopy(self.model.state_dict())
            else:
                waited += 1
                if waited >= self.patience:
                    log.info("stopped early")
                    break
        self.model.load_state_dict(self.best_state)


if __name__ == "__main__":
    torch.manual_seed(3)
    data = Spirals(400)
    train_set, valid_set = random_split(data, [0.75, 0.25], torch.Generator().manual_seed(0))
    model = nn.Sequential(nn.Linear(2, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU(),
                          nn.Linear(32, data.classes))
    trainer = Trainer(model, torch.optim.AdamW(model.parameters(), lr=0.01))
    trainer.fit(DataLoader(train_set, 32, shuffle=True), DataLoader(valid_set, 64), epochs=12)
    print(model)
    print("best %.5f of %d epochs" % (trainer.best_loss, len(trainer.history)))
