"""Words as vectors that were trained elsewhere."""

from __future__ import annotations

import os
import sys
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
        if not isinstance(vectors, Tensor):
            raise TypeError(f"WordVectors: expected a Tensor, got {type(vectors).__name__}")
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
        dimensions there are. Of words that come twice the first counts; bytes that are no UTF-8
        become the replacement character. DataError, which names the file, for others, and for
        files that hold more or less than they promise.
        """
        if max_words is not None and max_words < 1:
            raise ValueError(f"WordVectors.load: max_words is to be positive, not {max_words}")
        path = os.fspath(path)
        read = _read_binary if binary else _read_text
        try:
            with open(path, "rb") as file:
                rows = read(file, sys.maxsize if max_words is None else max_words)
        except OSError as error:
            raise DataError(f"{path}: cannot be read ({error.strerror})") from None
        except ValueError as error:
            kind = "binary" if binary else "text"
            raise DataError(f"{path}: no vectors of words, read as {kind} ({error})") from None
        if not rows.words:
            raise DataError(f"{path}: no vectors of words (it is empty)")
        return cls(
            list(rows.words), wrap(np.frombuffer(rows.numbers, "<f4").reshape(len(rows.words), -1))
        )

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __contains__(self, word: object) -> bool:
        return word in self.vocabulary

    def __getitem__(self, word: str) -> Tensor:
        return self.vectors[self.vocabulary[word]]

    def table(self, vocabulary: Vocabulary) -> Tensor:
        """The vectors of another vocabulary, for an `Embedding`; zeros for words without one."""
        found = self.vectors.new_zeros((len(vocabulary), self.vectors.shape[1]))
        known = [number for number, word in enumerate(vocabulary) if word in self.vocabulary]
        words = list(vocabulary)
        found[known] = self.vectors[self.vocabulary.numbers(words[number] for number in known)]
        return found

    def nearest(self, word: str | Tensor, count: int = 10) -> list[tuple[str, float]]:
        """The words whose vectors point the most like a word's, or like a vector; the cosines."""
        vector = self[word] if isinstance(word, str) else word
        if not isinstance(vector, Tensor):
            raise TypeError(
                f"WordVectors.nearest: expected a word or a vector, got {type(word).__name__}"
            )
        if vector.shape != self.vectors.shape[1:]:
            raise ValueError(
                f"WordVectors.nearest: the vectors are {tuple(self.vectors.shape[1:])}, but got "
                f"one of shape {tuple(vector.shape)}"
            )
        if count < 0:
            raise ValueError(f"WordVectors.nearest: count is not to be negative, got {count}")
        lengths = self.vectors.norm(dim=1) * vector.norm()
        cosines = (self.vectors @ vector) / lengths.clamp(min=1e-12)
        # One more than asked for, as the word itself is among them.
        order = cosines.argsort(descending=True, stable=True)[: count + 1]
        found = zip(self.vocabulary.tokens(order.tolist()), cosines[order].tolist(), strict=True)
        return [(name, cosine) for name, cosine in found if name != word][:count]


class _Rows:
    """Words and the bytes of their vectors, as they are read; of a word's vectors the first."""

    def __init__(self) -> None:
        self.words: dict[str, None] = {}
        self.numbers = bytearray()

    def add(self, word: bytes, vector: Any) -> None:
        name = word.decode(errors="replace")
        if name not in self.words:
            self.words[name] = None
            self.numbers += vector


def _read_text(file: BinaryIO, most: int) -> _Rows:
    rows, width, promised = _Rows(), 0, None
    number = 0
    for number, line in enumerate(file, 1):
        if len(rows.words) >= most:
            return rows
        word, *values = line.rstrip().split(b" ")
        if number == 1:
            if len(values) == 1 and word.isdigit() and values[0].isdigit():
                promised, width = int(word), int(values[0])  # word2vec's head
                continue
            width = len(values)
            if width == 0:
                raise ValueError("line 1 is no word with numbers behind it, parted by spaces")
        # A few words of GloVe's hold spaces. One may end in a whole number, "word 1 0.2 0.3", which
        # is none of the vector's where those have points.
        spaced = max(len(values) - width, 0)
        last = values[spaced - 1] if spaced else b""
        if len(values) < width or (
            _is_number(last) and not (last.isdigit() and b"." in b"".join(values[spaced:]))
        ):
            raise ValueError(f"line {number} has {len(values)} numbers, not {width}")
        try:
            vector = np.array(values[spaced:], "<f4")
        except ValueError:
            raise ValueError(f"line {number} holds what is no number") from None
        rows.add(b" ".join([word, *values[:spaced]]), vector.tobytes())
    if promised is not None and promised != number - 1:
        raise ValueError(f"line 1 promises {promised} words, but {number - 1} lines follow")
    return rows


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _read_binary(file: BinaryIO, most: int) -> _Rows:
    head = file.readline(100).split()
    if len(head) != 2 or not all(part.isdigit() for part in head):
        raise ValueError("its first line does not tell how many words and dimensions there are")
    count, width = map(int, head)
    size = os.fstat(file.fileno()).st_size
    if width < 1 or count < 1 or width * 4 > size:
        raise ValueError(f"{count} words of {width} dimensions in {size} bytes")
    rows = _Rows()
    for number in range(count):
        if len(rows.words) >= most:
            return rows
        word = bytearray()
        while (letter := file.read(1)) != b" ":
            if not letter or len(word) > _LONGEST_WORD:
                raise ValueError(f"it ends, or makes no sense, at word {number + 1} of {count}")
            if letter != b"\n":  # which some programs write behind a vector
                word += letter
        values = file.read(4 * width)
        if len(values) < 4 * width:
            raise ValueError(f"it ends at word {number + 1} of {count}")
        rows.add(bytes(word), values)
    if file.read(2).strip():
        raise ValueError(f"more follows the {count} words of {width} dimensions")
    return rows
