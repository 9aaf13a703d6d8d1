"""The loader without workers: options, datasets, batches. Workers: test_worker.py."""

from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest

import rushlight as torch
from rushlight.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
    get_worker_info,
)


class Squares(Dataset):
    def __init__(self, size=10):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        return index, torch.tensor([float(index) ** 2])


class Stream(IterableDataset):
    def __init__(self, size, reported=None):
        self.size = size
        self.reported = size if reported is None else reported

    def __iter__(self):
        return iter(range(self.size))

    def __len__(self):
        return self.reported


def tensors(*batches):
    return [batch.tolist() for batch in batches]


def test_batches():
    loader = DataLoader(Squares(), batch_size=4)
    assert len(loader) == 3
    batches = list(loader)
    assert tensors(*(b[0] for b in batches)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert batches[2][1].tolist() == [[64.0], [81.0]]
    assert type(batches[0]) is list


def test_drop_last():
    loader = DataLoader(Squares(), batch_size=4, drop_last=True)
    assert len(loader) == len(list(loader)) == 2


def test_single_samples():
    loader = DataLoader(Squares(3), batch_size=None)
    assert len(loader) == 3
    samples = list(loader)
    assert [s[0] for s in samples] == [0, 1, 2]
    assert samples[2][1].tolist() == [4.0]
    (sample, *_) = DataLoader([np.array([1, 2])], batch_size=None)
    assert isinstance(sample, torch.Tensor)


def test_samplers_and_collate_fn():
    loader = DataLoader(Squares(), batch_size=2, sampler=[5, 3, 1], collate_fn=lambda b: b)
    assert [[s[0] for s in batch] for batch in loader] == [[5, 3], [1]]
    loader = DataLoader(Squares(), batch_sampler=[[9], [0, 1, 2]])
    assert tensors(*(b[0] for b in loader)) == [[9], [0, 1, 2]]
    assert (len(loader), loader.batch_size) == (2, None)


def test_sampler_without_length():
    loader = DataLoader(Squares(), sampler=(i for i in range(2)))
    with pytest.raises(TypeError, match="has no len"):
        len(loader)
    assert tensors(*(b[0] for b in loader)) == [[0], [1]]


def test_two_passes_at_once():
    loader = DataLoader(list(range(3)))
    pairs = [(a.item(), b.item()) for a in loader for b in loader]
    assert pairs == [(a, b) for a in range(3) for b in range(3)]


def test_stream():
    loader = DataLoader(Stream(5), batch_size=2)
    assert len(loader) == 3
    assert tensors(*loader) == [[0, 1], [2, 3], [4]]
    assert tensors(*DataLoader(Stream(5), batch_size=2, drop_last=True)) == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]


def test_stream_longer_than_it_says():
    loader = DataLoader(Stream(3, reported=2), batch_size=None)
    assert len(loader) == 2
    with pytest.warns(UserWarning, match="reported to be 2.*but 3 samples have been fetched"):
        list(loader)


def test_concat_and_chain():
    both = Squares(2) + Squares(3)
    assert isinstance(both, ConcatDataset)
    assert len(both) == 5
    assert [both[i][0] for i in range(5)] == [0, 1, 0, 1, 2]
    assert both[-1][0] == 2
    with pytest.raises(ValueError, match="absolute value of index should not exceed"):
        both[-6]
    chain = Stream(2) + Stream(1)
    assert isinstance(chain, ChainDataset)
    assert list(chain) == [0, 1, 0]
    assert len(chain) == 3
    with pytest.raises(AssertionError, match="ConcatDataset does not support IterableDataset"):
        ConcatDataset([Stream(1)])
    with pytest.raises(AssertionError, match="should not be an empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="ChainDataset only supports IterableDataset"):
        list(ChainDataset([Squares(1)]))


def test_tensor_dataset():
    x, y = torch.arange(12).reshape(6, 2), torch.arange(6)
    dataset = TensorDataset(x, y)
    assert len(dataset) == 6
    assert tensors(*dataset[2]) == [[4, 5], 2]
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        TensorDataset(x, y[:5])


@pytest.mark.parametrize("wrap", [lambda d: d, lambda d: Subset(d, [5, 2, 4, 0, 1, 1])])
def test_batches_of_tensors_are_indexed_at_once(wrap):
    x = torch.randn(6, 2, requires_grad=True)
    dataset = wrap(TensorDataset(x, torch.arange(6)))
    batch, labels = next(iter(DataLoader(dataset, batch_size=4)))
    wanted = default_collate([dataset[i] for i in range(4)])
    assert batch.tolist() == wanted[0].tolist()
    assert labels.tolist() == wanted[1].tolist()
    assert labels.dtype == wanted[1].dtype
    assert batch.grad_fn.name().startswith("Index")
    gradients = []
    for result in (batch, wanted[0]):
        x.grad = None
        (result * torch.arange(8).reshape(4, 2)).sum().backward()
        gradients.append(x.grad.tolist())
    assert gradients[0] == gradients[1]


def test_a_subclass_that_makes_other_samples_is_asked_for_them():
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            return super().__getitem__(index)[0] * 2

    dataset = Doubled(torch.arange(4))
    assert tensors(*DataLoader(dataset, batch_size=4)) == [[0, 2, 4, 6]]
    assert tensors(*DataLoader(Subset(dataset, [3, 1]), batch_size=4)) == [[6, 2]]


def test_getitems():
    class Batched(Squares):
        def __getitems__(self, indices):
            self.asked = indices
            return [self[i] for i in indices]

    dataset = Batched()
    numbers, _ = next(iter(DataLoader(dataset, batch_size=3)))
    assert dataset.asked == [0, 1, 2]
    assert numbers.tolist() == [0, 1, 2]
    next(iter(DataLoader(Subset(dataset, [7, 8]), batch_size=2)))
    assert dataset.asked == [7, 8]


def test_a_subset_that_would_be_passed_by():
    class Shifted(Subset):
        def __getitem__(self, index):
            return 1

    with pytest.raises(NotImplementedError, match="Shifted overrides __getitem__ but not"):
        Shifted(Squares(), [1])


@pytest.mark.parametrize(
    ("options", "error", "text"),
    [
        ({"num_workers": -1}, ValueError, "num_workers option should be non-negative"),
        ({"timeout": -1}, ValueError, "timeout option should be non-negative"),
        ({"timeout": 1}, ValueError, "timeout option needs num_workers > 0"),
        ({"prefetch_factor": 2}, ValueError, "prefetch_factor option could only be specified in"),
        ({"num_workers": 1, "prefetch_factor": 0}, ValueError, "prefetch_factor option should be"),
        ({"num_workers": 2**40}, ValueError, "num_workers option should be at most 1024, but got"),
        ({"num_workers": 1.5}, TypeError, "num_workers option should be a whole number, but got"),
        ({"num_workers": "2"}, TypeError, "num_workers option should be a whole number, but got"),
        ({"num_workers": 1, "prefetch_factor": 2**40}, ValueError, "prefetch_factor option should"),
        ({"persistent_workers": True}, ValueError, "persistent_workers option needs num_workers"),
        ({"sampler": [1], "shuffle": True}, ValueError, "sampler option is mutually exclusive"),
        ({"batch_sampler": [[1]], "batch_size": 2}, ValueError, "batch_sampler option is mutually"),
        ({"batch_size": None, "drop_last": True}, ValueError, "batch_size=None option disables"),
        ({"batch_size": 0}, ValueError, "batch_size should be a positive integer value"),
        ({"multiprocessing_context": "fork"}, ValueError, "multiprocessing_context can only be"),
        (
            {"multiprocessing_context": "thread", "num_workers": 1},
            ValueError,
            "should specify a valid start method in",
        ),
        ({"multiprocessing_context": 3, "num_workers": 1}, TypeError, "a valid context object"),
    ],
)
def test_bad_options(options, error, text):
    with pytest.raises(error, match=text):
        DataLoader(Squares(), **options)


@pytest.mark.parametrize("option", [{"shuffle": True}, {"sampler": [0]}, {"batch_sampler": [[0]]}])
def test_a_stream_has_no_order_to_choose(option):
    name = next(iter(option))
    with pytest.raises(ValueError, match=f"IterableDataset: expected unspecified {name} option"):
        DataLoader(Stream(3), **option)


def test_shuffling_nothing():
    with pytest.raises(ValueError, match="but got num_samples=0"):
        DataLoader([], shuffle=True)


@pytest.mark.parametrize("batch_size", [10**6, 2**40, 2**70])
def test_batches_greater_than_the_dataset(batch_size):
    for dataset in (range(7), Stream(7)):
        loader = DataLoader(dataset, batch_size=batch_size)
        assert [len(batch) for batch in loader] == [7]
        assert len(loader) == 1
        assert list(DataLoader(dataset, batch_size=batch_size, drop_last=True)) == []


# ---- StopIteration, which ends loops without a word


class Stops(Dataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        if index == 3:
            raise StopIteration("at three")
        return index


class StopsAtOnce(IterableDataset):
    def __iter__(self):
        raise StopIteration


def stop(samples):
    raise StopIteration


def test_stop_iteration_of_a_dataset_does_not_end_the_epoch():
    batches = iter(DataLoader(Stops(), batch_size=2))
    assert next(batches).tolist() == [0, 1]
    message = r"the dataset or collate_fn raised StopIteration \(at three\), which means the end"
    with pytest.raises(RuntimeError, match=message):
        next(batches)
    assert next(batches).tolist() == [4, 5]


def test_stop_iteration_of_a_stream_at_its_start_does_not_end_the_epoch():
    with pytest.raises(RuntimeError, match="__iter__ raised StopIteration, which means"):
        list(DataLoader(StopsAtOnce()))


@pytest.mark.parametrize("dataset", [Squares(), Stream(7)])
@pytest.mark.parametrize("batch_size", [None, 2])
def test_stop_iteration_of_collate_fn_does_not_end_the_epoch(dataset, batch_size):
    with pytest.raises(RuntimeError, match="collate_fn raised StopIteration, which means"):
        list(DataLoader(dataset, batch_size=batch_size, collate_fn=stop))


# ---- threads


@pytest.mark.parametrize("workers", [0, 2])
def test_threads_share_a_pass(workers):
    options = {"num_workers": workers, "multiprocessing_context": "fork" if workers else None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about forks beside threads, and about few cores
        batches = iter(DataLoader(range(400), batch_size=2, **options))
        parts = [[] for _ in range(4)]
        threads = [
            threading.Thread(target=lambda part=part: part.extend(b.tolist() for b in batches))
            for part in parts
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
    assert sorted(batch for part in parts for batch in part) == [
        [i, i + 1] for i in range(0, 400, 2)
    ]


def test_fixed_attributes():
    loader = DataLoader(Squares())
    for name in ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset"):
        with pytest.raises(ValueError, match=f"{name} attribute should not be set after DataLoa"):
            setattr(loader, name, None)
    loader.collate_fn = len
    assert next(iter(loader)) == 1
    assert isinstance(loader.sampler, SequentialSampler)
    assert isinstance(loader.batch_sampler, BatchSampler)


def test_warnings(monkeypatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0})
    with pytest.warns(UserWarning, match="This DataLoader will create 2 worker processes"):
        DataLoader(Squares(), num_workers=2)
    with pytest.warns(UserWarning, match="'pin_memory' argument is set as true but no accel"):
        iter(DataLoader(Squares(), pin_memory=True))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        iter(DataLoader(Squares()))


def test_dataset_errors_pass_unchanged():
    class Broken(Squares):
        def __getitem__(self, index):
            raise KeyError(index)

    with pytest.raises(KeyError) as caught:
        next(iter(DataLoader(Broken())))
    assert caught.value.args == (0,)
    with pytest.raises(NotImplementedError, match="should implement __getitem__"):
        Dataset()[0]
    with pytest.raises(NotImplementedError, match="should implement __iter__"):
        iter(IterableDataset())


def test_no_worker_here():
    assert get_worker_info() is None
