"""transformers' files: what was saved comes back, by safetensors and in parts."""

import tempfile
import warnings
from pathlib import Path

import summary
import torch
from transformers import AutoModel, BertConfig, BertModel
from transformers.utils import logging

logging.disable_progress_bar()
warnings.simplefilter("ignore")
torch.manual_seed(0)
sizes = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
model = BertModel(BertConfig(vocab_size=99, **sizes)).eval()
tokens = torch.arange(3, 10)[None]
with tempfile.TemporaryDirectory() as place:
    model.save_pretrained(place)
    summary.note("file", (Path(place) / "model.safetensors").stat().st_size)
    again = AutoModel.from_pretrained(place)
    half = AutoModel.from_pretrained(place, dtype=torch.bfloat16)
    model.save_pretrained(Path(place) / "parts", max_shard_size="20KB")
    summary.note("parts", len(list((Path(place) / "parts").glob("*.safetensors"))))
    joined = AutoModel.from_pretrained(Path(place) / "parts")
with torch.no_grad():
    summary.note("output", model(tokens).last_hidden_state)
    for other in (again, joined):
        same = torch.equal(model(tokens).last_hidden_state, other(tokens).last_hidden_state)
        summary.note(f"same {len(summary.results)}", same)
    summary.note("half", str(half(tokens).last_hidden_state.dtype))
summary.write()
