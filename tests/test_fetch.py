"""Samples that raise: which of them, and passes that go on without them."""

from __future__ import annotations

import pytest

import rushlight as torch
from loader_support import NO_WORKERS, PROCESSES, WAYS, Items, loader
from rushlight.utils.data import ConcatDataset, DataLoader, Dataset, IterableDataset, Subset

pytestmark = pytest.mark.filterwarnings("ignore:This DataLoader will create")


class Files(Dataset):
    """As torchvision's folders: `samples` has the file and the class of each."""

    def __init__(self, names, folder):
        self.samples = [(str(folder / name), 0) for name in names]
        for path, _ in self.samples:
            with open(path, "w") as file:
                file.write("text" if "bad" in path else "7")

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        with open(self.samples[index][0]) as file:
            return int(file.read())


class AtOnce(Items):
    def __getitems__(self, indices):
        return [self[index] for index in indices]


def fail_at(*bad):
    def make(index):
        if index in bad:
            raise ValueError(f"no {index}")
        return index

    return make


def told_of(batches):
    """All that a program sees of an error."""
    with pytest.raises(ValueError) as caught:
        list(batches)
    return "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_the_sample_is_named(way):
    assert "asked for the sample at index 5" in told_of(loader(fail_at(5, 7), **way))
    assert "asked for the sample at index 1" in told_of(loader(fail_at(1), batch_size=None, **way))


@pytest.mark.parametrize("way", [NO_WORKERS, PROCESSES], ids=["here", "processes"])
def test_its_file_is_named(tmp_path, way):
    files = Files(["a", "b", "bad", "c"], tmp_path)
    expected = rf"index 2 ({tmp_path / 'bad'})"
    assert expected in told_of(DataLoader(files, **way))
    inside = ConcatDataset([range(3), Subset(files, [0, 2])])
    assert f"index 4 ({tmp_path / 'bad'})" in told_of(DataLoader(inside, **way))
    assert "int(file.read())" in told_of(DataLoader(files, **PROCESSES))  # the traceback


def test_batches_at_once_are_named():
    message = told_of(DataLoader(AtOnce(fail_at(1), 20), batch_size=12))
    assert "the samples at the indices [0, 1, 2, 3, 4, 5, 6, 7, ...]" in message


def test_samples_that_are_no_files():
    class Sentences(Items):
        samples = ("a sentence", 3)

    assert "(" not in told_of(DataLoader(Sentences(fail_at(1)), batch_size=4)).split("index 1")[1]


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_skipped_samples_are_counted(way):
    batches = loader(fail_at(1, 4, 5), on_error="skip", **way)
    for _ in range(2):
        with pytest.warns(UserWarning, match="3 samples of this pass .* were skipped") as caught:
            seen = [batch.tolist() for batch in batches]
        assert seen == [[0], [2, 3], [6, 7]]
        assert batches.skipped == 3
        warning = next(w for w in caught if "skipped" in str(w.message))
        assert str(warning.message).endswith("the sample at index 1: ValueError: no 1")
        assert warning.filename == __file__
    single = loader(fail_at(1, 4, 5), batch_size=None, on_error="skip", **way)
    with pytest.warns(UserWarning, match="3 samples"):
        assert list(single) == [0, 2, 3, 6, 7]


def test_nothing_to_skip(recwarn):
    batches = loader(fail_at(), on_error="skip", num_workers=0)
    assert batches.skipped == 0
    assert len(list(batches)) == 4 and batches.skipped == 0
    assert not recwarn.list


def test_all_skipped():
    batches = loader(fail_at(*range(8)), on_error="skip", num_workers=0)
    with pytest.warns(UserWarning, match="8 samples"):
        assert list(batches) == []


def test_a_batch_at_once_is_made_one_by_one_where_samples_are_skipped():
    batches = DataLoader(AtOnce(fail_at(1), 4), batch_size=4, on_error="skip")
    with pytest.warns(UserWarning, match=r"1 sample of this pass .* was skipped"):
        assert [batch.tolist() for batch in batches] == [[0, 2, 3]]


def test_what_is_not_a_samples_fault_is_not_skipped():
    def exhausted(index):
        raise MemoryError

    with pytest.raises(MemoryError):
        list(loader(exhausted, on_error="skip", num_workers=0))

    def refuse(samples):
        raise ValueError("no batch of these")

    with pytest.raises(ValueError, match="no batch"):
        list(loader(torch.tensor, collate_fn=refuse, on_error="skip", num_workers=0))


def test_resuming_counts_batches_of_nothing():
    batches = loader(fail_at(0, 1), on_error="skip", num_workers=0)
    running = iter(batches)
    assert next(running).tolist() == [2, 3]
    state = batches.state_dict()
    rest = [batch.tolist() for batch in (next(running), next(running))]
    batches.load_state_dict(state)
    assert [batch.tolist() for batch in batches] == rest


def test_bad_options():
    with pytest.raises(ValueError, match='on_error="skip" needs samples with an index'):
        DataLoader(IterableDataset(), on_error="skip")
    with pytest.raises(ValueError, match="on_error option should be 'raise' or 'skip'"):
        DataLoader([1], on_error="ignore")
