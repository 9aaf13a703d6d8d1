"""Words as vectors that were trained elsewhere."""

from __future__ import annotations

import os
from typing import Any, BinaryIO

import numpy as np

from ..errors import DataError
from ..tensor import Tensor, wrap
from .vocabulary import Vocabulary

_LONGEST_WORD = 10_000  # bytes


class WordVectors:
    """A float32 vector for each word: `vectors` is (words, dimensions).

    >>> import rushlight as torch
    >>> from rushlight.text import WordVectors
    >>> words = WordVectors(["cat", "dog", "car"], torch.tensor([[1.0, 1], [1, 0.9], [-1, 0]]))
    >>> words["dog"], words.nearest("cat", 1)
    (tensor([1.0000, 0.9000]), [('dog', 0.9986178278923035)])
    """

    def __init__(self, words: list[str], vectors: Tensor) -> None:
        if vectors.ndim != 2 or len(vectors) != len(words):
            raise ValueError(
                f"WordVectors: {len(words)} words are to have as many vectors, not a tensor of "
                f"shape {tuple(vectors.shape)}"
            )
        self.vocabulary = Vocabulary(words)
        self.vectors = vectors

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], binary: bool = False, max_words: int | None = None
    ) -> WordVectors:
        """Reads a file of GloVe's, or of word2vec's, text or `binary`; the first `max_words` of it.

        In text each line is a word and its numbers; word2vec's first line tells how many words and
        dimensions there are. Of words that come twice the first counts. DataError, which names the
        file, for others.
        """
        path = os.fspath(path)
        try:
            with open(path, "rb") as file:
                rows = _read_binary(file, max_words) if binary else _read_text(file, max_words)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from None
        except ValueError as error:
            raise DataError(f"{path}: no vectors of words ({error})") from None
        if not rows:
            raise DataError(f"{path}: no vectors of words (it is empty)")
        return cls(list(rows), wrap(np.stack(list(rows.values()))))

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __contains__(self, word: object) -> bool:
        return word in self.vocabulary

    def __getitem__(self, word: str) -> Tensor:
        return self.vectors[self.vocabulary[word]]

    def table(self, vocabulary: Vocabulary) -> Tensor:
        """The vectors of another vocabulary, for an `Embedding`; zeros for words without one."""
        found = self.vectors.new_zeros((len(vocabulary), self.vectors.shape[1]))
        for number, word in enumerate(vocabulary):
            if word in self.vocabulary:
                found[number] = self[word]
        return found

    def nearest(self, word: str | Tensor, count: int = 10) -> list[tuple[str, float]]:
        """The words whose vectors point the most like a word's, or like a vector; the cosines."""
        vector = self[word] if isinstance(word, str) else word
        lengths = self.vectors.norm(dim=1) * vector.norm()
        cosines = (self.vectors @ vector) / lengths.clamp(min=1e-12)
        order = cosines.argsort(descending=True, stable=True).tolist()
        names = list(self.vocabulary)
        found = [(names[place], cosines[place].item()) for place in order if names[place] != word]
        return found[:count]


def _read_text(file: BinaryIO, most: int | None) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    width = None
    for number, line in enumerate(file, 1):
        if most is not None and len(rows) >= most:
            break
        word, *values = line.decode(errors="replace").rstrip().split(" ")
        if number == 1 and len(values) == 1 and values[0].isdecimal():
            width = int(values[0])  # word2vec's head: words, dimensions
            continue
        if width is None:
            width = len(values)
        if len(values) < width or width == 0:
            raise ValueError(f"line {number} has {len(values)} numbers, not {width}")
        # A few words of GloVe's hold spaces.
        word = " ".join([word, *values[: len(values) - width]])
        try:
            vector = np.array(values[len(values) - width :], np.float32)
        except ValueError:
            raise ValueError(f"line {number} holds what is no number") from None
        rows.setdefault(word, vector)
    return rows


def _read_binary(file: BinaryIO, most: int | None) -> dict[str, Any]:
    head = file.readline(100).split()
    if len(head) != 2 or not all(part.isdigit() for part in head):
        raise ValueError("its first line does not tell how many words and dimensions there are")
    count, width = map(int, head)
    size = os.fstat(file.fileno()).st_size
    if width < 1 or width * 4 > size:
        raise ValueError(f"{width} dimensions in {size} bytes")
    rows: dict[str, Any] = {}
    for number in range(count if most is None else min(count, most)):
        word = bytearray()
        while (letter := file.read(1)) != b" ":
            if not letter or len(word) > _LONGEST_WORD:
                raise ValueError(f"it ends, or makes no sense, at word {number + 1} of {count}")
            if letter != b"\n":  # which some programs write behind a vector
                word += letter
        values = file.read(4 * width)
        if len(values) < 4 * width:
            raise ValueError(f"it ends at word {number + 1} of {count}")
        rows.setdefault(word.decode(errors="replace"), np.frombuffer(values, "<f4"))
    return rows
