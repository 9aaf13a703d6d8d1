"""torchmetrics: every metric of classification and regression, in steps and as a collection."""

import inspect
import pickle
import warnings

import numpy as np
import summary
import torch
import torchmetrics
from torchmetrics import classification, regression

warnings.simplefilter("ignore")
draw = np.random.RandomState(0)
COUNT = 24


def floats(*shape):
    return torch.from_numpy(draw.rand(*shape).astype("float32"))


def whole(most, *shape):
    return torch.from_numpy(draw.randint(0, most, shape))


SAMPLES = {
    "Binary": (floats(COUNT), whole(2, COUNT)),
    "Multiclass": (floats(COUNT, 4).softmax(1), whole(4, COUNT)),
    "Multilabel": (floats(COUNT, 3), whole(2, COUNT, 3)),
}
pair = (floats(COUNT) + 0.1, floats(COUNT) + 0.1)
rows = (floats(COUNT, 5) + 0.1, floats(COUNT, 5) + 0.1)
ARGUMENTS = {
    "num_classes": 4, "num_labels": 3, "min_recall": 0.5, "min_precision": 0.5, "beta": 2.0,
    "min_sensitivity": 0.5, "min_specificity": 0.5, "num_groups": 2, "p": 2.0, "threshold": 0.5,
}  # fmt: skip


def run(name, kind, batches, **options):
    """The metric of each batch, of all, and of a copy that was saved."""
    known = inspect.signature(kind.__init__).parameters
    metric = kind(**{k: v for k, v in ARGUMENTS.items() if k in known}, **options)
    found = [metric(*batch) for batch in batches]
    copy = pickle.loads(pickle.dumps(metric))
    summary.note(name, [*found, metric.compute(), copy.compute()])


for name in classification.__all__:
    family = next((start for start in SAMPLES if name.startswith(start)), None)
    if family is None:
        continue
    kind = getattr(classification, name)
    known = inspect.signature(kind.__init__).parameters
    predicted, target = SAMPLES[family]
    halves = [(predicted[:12], target[:12]), (predicted[12:], target[12:])]
    if "num_groups" in known or name == "BinaryFairness":
        run(name, kind, [(predicted, target, target)])
        continue
    run(name, kind, halves)
    if "thresholds" in known:
        run(f"{name} by thresholds", kind, halves, thresholds=7)
for name in regression.__all__:
    kind = getattr(regression, name)
    whole_rows = name in ("CosineSimilarity", "KLDivergence", "JensenShannonDivergence")
    samples = rows if whole_rows else pair
    if name != "ContinuousRankedProbabilityScore":
        run(name, kind, [(samples[0][:12], samples[1][:12]), (samples[0][12:], samples[1][12:])])

collection = torchmetrics.MetricCollection(
    [classification.MulticlassAccuracy(4), classification.MulticlassF1Score(4)]
)
collection.update(*SAMPLES["Multiclass"])
summary.note("collection", collection.compute())
for name in ("MeanMetric", "SumMetric", "MaxMetric", "MinMetric", "CatMetric"):
    run(name, getattr(torchmetrics, name), [(pair[0],), (pair[1],)])
summary.write()
