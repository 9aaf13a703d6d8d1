"""A training run: its state, which a checkpoint holds, and the steps that change it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import rushlight

from .. import nn, optim
from ..random import default_generator_of
from ..tensor import Tensor
from ..utils.data import DataLoader, TensorDataset
from .errors import DivergedError
from .options import Options
from .tasks import MODELS, Task

_EVALUATION_BATCH = 1000
_LAST = 0.1  # of all steps: their mean loss is what the training ends with
_FAR = 2  # times the loss of guessing: what no loss rises above unless it diverges


class Training:
    """Trains `options.model` on a task.

    What happens next depends only on what `state_dict` holds: an interrupted run that goes on from
    its state ends with the same bits as one that was left alone, whatever the number of workers.
    """

    def __init__(
        self,
        options: Options,
        task: Task,
        workers: int = 0,
        device: str | rushlight.device = "cpu",
        compiled: bool = False,
    ) -> None:
        self.options = options
        self.task = task
        rushlight.manual_seed(options.seed)
        self.device = rushlight.device(device)
        self.model = MODELS[options.model](len(task.classes)).to(self.device)
        self.loss_function = nn.CrossEntropyLoss()
        self.optimizer = make_optimizer(options, self.model)
        # Shuffling has a stream of its own, so that dropout does not depend on when batches are
        # made.
        self.generator = rushlight.Generator().manual_seed(options.seed)
        self.loader = DataLoader(
            task.train, options.batch_size, shuffle=True, num_workers=workers,
            generator=self.generator,
        )  # fmt: skip
        self.steps = len(self.loader)  # in an epoch
        # The one-cycle policy: Smith and Topin, 2019, arXiv 1708.07120.
        self.scheduler = optim.lr_scheduler.OneCycleLR(
            self.optimizer, options.lr, total_steps=options.epochs * self.steps
        )
        update = updating(self.model, self.loss_function, self.optimizer)
        self.update = rushlight.compile(update) if compiled else update
        self.epoch = 0  # how many are complete
        self.step = 0  # how many of the next are
        self.epoch_start = self.generator.get_state()
        self.losses: list[float] = []  # of every step
        self.correct = 0  # training images of this epoch so far, as classified in their step
        self.history: list[dict[str, float]] = []  # of every epoch

    @property
    def complete(self) -> bool:
        return self.epoch == self.options.epochs

    @property
    def images_done(self) -> int:
        """Over all epochs."""
        images = len(self.task.train)
        return self.epoch * images + min(self.step * self.options.batch_size, images)

    # ---- the state

    def state_dict(self) -> dict[str, Any]:
        """Plain values and tensors, which `rushlight.save` and `torch.load` take.

        `model` is the network's own state_dict.
        """
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "epoch_start": self.epoch_start,
            "random": {place: g.get_state() for place, g in self._generators().items()},
            "losses": rushlight.tensor(self.losses, dtype=rushlight.float64),
            "correct": self.correct,
            "history": self.history,
            "options": self.options.as_dict(),
            "classes": self.task.classes,
            "rushlight": rushlight.__version__,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from what `state_dict` returned."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.epoch, self.step = state["epoch"], state["step"]
        if not (0 <= self.epoch <= self.options.epochs and 0 <= self.step <= self.steps):
            raise ValueError(f"there is no step {self.step} after {self.epoch} epochs")
        self.epoch_start = state["epoch_start"]
        self.generator.set_state(self.epoch_start)
        generators = self._generators()
        for place, random in state["random"].items():
            if place in generators:  # a run may go on on another device, with a stream from there
                generators[place].set_state(random)
        self.losses = state["losses"].tolist()
        self.correct = state["correct"]
        self.history = state["history"]

    def _generators(self) -> dict[str, rushlight.Generator]:
        """What dropout and its like draw from: the host's generator and the device's."""
        places = dict.fromkeys([rushlight.device("cpu"), self.device])
        return {place.type: default_generator_of(place) for place in places}

    # ---- its changes

    def train_epoch(
        self, on_step: Callable[[float, int], Any], should_stop: Callable[[], bool]
    ) -> bool:
        """Trains to the end of the epoch, evaluates, and says True; or stops early and says False.

        `on_step(loss, images)` is called after each step, then `should_stop()`. DivergedError when
        the loss is no number any more, or after the last epoch is no better than guessing's.
        """
        self.model.train()
        batches = iter(self.loader)
        for _ in range(self.step):  # done before the run was interrupted
            next(batches)
        while self.step < self.steps:
            try:
                images, labels = next(batches)
            except RuntimeError:
                if should_stop():  # the signal was for the workers, too, and they have gone first
                    return False
                raise
            loss = self._train_step(images, labels)
            on_step(loss, len(labels))
            if self.step < self.steps and should_stop():
                return False
        self._finish_epoch()
        return True

    def _train_step(self, images: Tensor, labels: Tensor) -> float:
        loss, correct = self.update(images.to(self.device), labels.to(self.device))
        value = loss.item()
        if not math.isfinite(value):
            raise self._diverged(f"loss is {value} at step {self.step + 1}")
        self.scheduler.step()
        self.correct += int(correct)
        self.losses.append(value)
        self.step += 1
        return value

    def _diverged(self, what: str) -> DivergedError:
        return DivergedError(
            f"the {what} of epoch {self.epoch + 1}: the training diverges; try a lower learning "
            f"rate than --lr {self.options.lr}"
        )

    def _check_better_than_guessing(self) -> None:
        """DivergedError where the loss has risen far, and has not come down again by the end.

        A training that has only been too short or too slow has not diverged.
        """
        guessing = math.log(len(self.task.classes))
        last = self.losses[-math.ceil(_LAST * len(self.losses)) :]
        loss = sum(last) / len(last)
        if loss >= guessing and max(self.losses) > _FAR * guessing:
            raise self._diverged(
                f"loss is {loss:.4g}, no better than guessing's {guessing:.4g}, at the end"
            )

    def _finish_epoch(self) -> None:
        log_probabilities = predict_all(self.model, self.task.test)
        labels = self.task.test.tensors[1].to(self.device)
        test_loss = nn.functional.nll_loss(log_probabilities, labels).item()
        if not math.isfinite(test_loss):
            raise self._diverged(f"loss of the test images is {test_loss} at the end")
        if self.epoch + 1 == self.options.epochs:
            self._check_better_than_guessing()
        correct = int((log_probabilities.argmax(1) == labels).sum())
        self.history.append({
            "accuracy": self.correct / len(self.task.train),
            "test_loss": test_loss,
            "test_accuracy": correct / len(labels),
        })  # fmt: skip
        self.epoch += 1
        self.step = self.correct = 0
        self.epoch_start = self.generator.get_state()


def make_optimizer(options: Options, model: nn.Module) -> optim.Optimizer:
    if options.optimizer == "adam":
        return optim.Adam(model.parameters(), lr=options.lr)
    return optim.SGD(model.parameters(), lr=options.lr, momentum=0.9)


def predict_all(model: nn.Module, dataset: TensorDataset) -> Tensor:
    """The log probabilities (N, classes) of a dataset's images."""
    model.eval()
    device = next(model.parameters()).device
    with rushlight.no_grad():
        chunks = dataset.tensors[0].split(_EVALUATION_BATCH)
        return rushlight.cat([model(chunk.to(device)).log_softmax(1) for chunk in chunks])


def updating(
    model: nn.Module, loss_function: nn.Module, optimizer: optim.Optimizer
) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """A step of training, as a function of a batch.

    It stands by itself: a record of a method would look at the counters of its object, too.
    """

    def update(images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Changes the weights by one batch; the loss, and how many images were known before."""
        optimizer.zero_grad()
        outputs = model(images)
        loss = loss_function(outputs, labels)
        loss.backward()
        optimizer.step()
        return loss.detach(), (outputs.detach().argmax(1) == labels).sum()

    return update
