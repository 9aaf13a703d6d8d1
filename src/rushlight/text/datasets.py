"""Texts cut into pieces to predict: what comes next, character by character or word by word."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from ..tensor import Tensor, wrap
from ..utils.data import Dataset
from .checks import check_text
from .tokenizers import Tokenizer, get_tokenizer
from .vocabulary import Vocabulary


class _LanguageModel(Dataset[Any]):
    """Numbers of tokens, and each piece of `block_size` of them with what follows each."""

    def __init__(
        self, tokens: list[str], block_size: int, vocabulary: Vocabulary, stride: int | None
    ) -> None:
        if index(block_size) < 1 or (stride is not None and index(stride) < 1):
            raise ValueError("block_size and stride are to be positive")
        if not isinstance(vocabulary, Vocabulary):
            raise TypeError(
                f"vocabulary: expected a Vocabulary, got {type(vocabulary).__name__}"
            )
        if len(tokens) <= block_size:
            raise ValueError(
                f"the text has {len(tokens)} tokens, too few for blocks of {block_size} and one "
                "more"
            )
        self.vocabulary = vocabulary
        self.block_size = block_size
        self.stride = block_size if stride is None else stride
        self.data: Tensor = wrap(np.array(vocabulary.numbers(tokens), np.int64))

    def __len__(self) -> int:
        return (len(self.data) - self.block_size - 1) // self.stride + 1

    def __getitem__(self, number: int) -> tuple[Tensor, Tensor]:
        if not -len(self) <= index(number) < len(self):
            raise IndexError(f"there is no block {number} among {len(self)}")
        start = number % len(self) * self.stride
        stop = start + self.block_size
        return self.data[start:stop], self.data[start + 1 : stop + 1]


class CharacterDataset(_LanguageModel):
    """A text as characters: (block, the block one character further), of whole numbers.

    Blocks begin every `stride` characters, one after the other unless given. The vocabulary is made
    of the text's characters, in order, unless one is given.

    >>> from rushlight.text import CharacterDataset
    >>> letters = CharacterDataset("hello", block_size=3, stride=1)
    >>> len(letters), letters.decode(letters[1][0]), letters.decode(letters[1][1])
    (2, 'ell', 'llo')
    """

    def __init__(
        self,
        text: str,
        block_size: int,
        vocabulary: Vocabulary | None = None,
        stride: int | None = None,
    ) -> None:
        check_text("CharacterDataset", text)
        if vocabulary is None:
            vocabulary = Vocabulary(sorted(set(text)))
        super().__init__(list(text), block_size, vocabulary, stride)

    def decode(self, numbers: Any) -> str:
        """The text of a tensor, or a list, of numbers."""
        values = numbers.tolist() if isinstance(numbers, Tensor) else numbers
        return "".join(self.vocabulary.tokens(values))


class WordDataset(_LanguageModel):
    """A text as words: (block, the block one word further), of whole numbers.

    >>> from rushlight.text import WordDataset
    >>> words = WordDataset("the cat saw the dog", block_size=2)
    >>> words.decode(words[0][0]), words.decode(words[0][1])
    (['the', 'cat'], ['cat', 'saw'])
    """

    def __init__(
        self,
        text: str,
        block_size: int,
        tokenizer: Tokenizer | None = None,
        vocabulary: Vocabulary | None = None,
        stride: int | None = None,
    ) -> None:
        check_text("WordDataset", text)
        if tokenizer is not None and not callable(tokenizer):
            raise TypeError(
                f"WordDataset: tokenizer is to be a function, got {type(tokenizer).__name__}; "
                "get_tokenizer gives one by its name"
            )
        tokens = (tokenizer or get_tokenizer("basic_english"))(text)
        if vocabulary is None:
            vocabulary = Vocabulary.build([tokens])
        super().__init__(tokens, block_size, vocabulary, stride)

    def decode(self, numbers: Any) -> list[str]:
        """The words of a tensor, or a list, of numbers."""
        return self.vocabulary.tokens(
            numbers.tolist() if isinstance(numbers, Tensor) else numbers
        )
