"""Words as numbers and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from .checks import check_many, number_below


class Vocabulary:
    """The tokens that are known, in order; the number of each is its place.

    `unknown` is the token that stands for all others: without it they are a KeyError.

    >>> from rushlight.text import Vocabulary
    >>> words = Vocabulary(["<pad>", "<unk>", "the", "cat"], unknown="<unk>")
    >>> words["cat"], words.numbers(["the", "dog"]), words.tokens([2, 3])
    (3, [2, 1], ['the', 'cat'])
    """

    def __init__(self, tokens: Iterable[str], unknown: str | None = None) -> None:
        check_many("Vocabulary", "tokens", tokens)
        self._tokens = list(tokens)
        self._numbers = {token: number for number, token in enumerate(self._tokens)}
        if len(self._numbers) < len(self._tokens):
            twice = next(token for token, count in Counter(self._tokens).items() if count > 1)
            raise ValueError(f"Vocabulary: the token {twice!r} is there twice")
        if unknown is not None and unknown not in self._numbers:
            raise ValueError(f"Vocabulary: the unknown token {unknown!r} is not among the tokens")
        self.unknown = unknown

    @classmethod
    def build(
        cls,
        sentences: Iterable[Iterable[str]],
        min_freq: int = 1,
        max_tokens: int | None = None,
        specials: Sequence[str] = (),
        unknown: str | None = None,
    ) -> Vocabulary:
        """The tokens of sentences, the most frequent first, and of those as frequent by alphabet.

        `specials` come before them. Tokens rarer than `min_freq` are left out, and with
        `max_tokens` all beyond that number.

        >>> from rushlight.text import Vocabulary
        >>> list(Vocabulary.build([["b", "a", "b"], ["c"]], specials=["<pad>"]))
        ['<pad>', 'b', 'a', 'c']
        """
        if isinstance(specials, str):
            raise TypeError(f"Vocabulary.build: specials are several tokens: [{specials!r}]")
        check_many("Vocabulary.build", "sentences of tokens", sentences)
        if max_tokens is not None and max_tokens < 0:
            raise ValueError(f"Vocabulary.build: max_tokens is not to be negative, as {max_tokens}")
        counts = Counter(token for sentence in sentences for token in sentence)
        for special in specials:
            counts.pop(special, None)
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        found = [*specials, *(token for token, count in ordered if count >= min_freq)]
        return cls(found[:max_tokens], unknown)

    def __len__(self) -> int:
        return len(self._tokens)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tokens)

    def __contains__(self, token: object) -> bool:
        return token in self._numbers

    def __getitem__(self, token: str) -> int:
        number = self._numbers.get(token)
        if number is not None:
            return number
        if self.unknown is None:
            raise KeyError(
                f"the token {token!r} is not in the vocabulary, which has no unknown one"
            )
        return self._numbers[self.unknown]

    def numbers(self, tokens: Iterable[str]) -> list[int]:
        """The numbers of tokens."""
        check_many("Vocabulary.numbers", "tokens", tokens)
        return [self[token] for token in tokens]

    def tokens(self, numbers: Iterable[int]) -> list[str]:
        """The tokens of numbers. IndexError for those that there are not."""
        name, count = "Vocabulary.tokens", len(self._tokens)
        check_many(name, "whole numbers", numbers)
        return [self._tokens[number_below(name, number, count)] for number in numbers]

    def __repr__(self) -> str:
        return f"Vocabulary({len(self)} tokens, unknown={self.unknown!r})"
