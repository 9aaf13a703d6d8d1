"""Text: vocabularies, tokenisers, batches of sentences, language-model datasets, word vectors.

NLTK's and spaCy's tokenisers serve where those libraries are installed.
"""

from .collate import pad_collate
from .datasets import CharacterDataset, WordDataset
from .tokenizers import BytePairEncoding, get_tokenizer
from .vectors import WordVectors
from .vocabulary import Vocabulary

__all__ = [
    "BytePairEncoding", "CharacterDataset", "Vocabulary", "WordDataset", "WordVectors",
    "get_tokenizer", "pad_collate",
]  # fmt: skip
