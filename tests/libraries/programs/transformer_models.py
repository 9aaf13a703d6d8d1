"""Small transformers from configurations: weights, outputs, gradients, tokens, fine-tuning."""

import numpy as np
import summary
import torch
from transformers import (
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForSequenceClassification,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
    ViTConfig,
    ViTForImageClassification,
)

WORDS = 99
SIZES = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
draw = np.random.RandomState(0)
tokens = torch.from_numpy(draw.randint(3, WORDS, (2, 7)))
mask = torch.ones(2, 7, dtype=torch.long)
mask[1, 5:] = 0
text = {"input_ids": tokens, "attention_mask": mask, "labels": tokens}
labelled = {"input_ids": tokens, "attention_mask": mask, "labels": torch.tensor([0, 1])}
pixels = torch.from_numpy(draw.rand(2, 3, 16, 16).astype("float32"))
image = {"pixel_values": pixels, "labels": torch.tensor([0, 2])}

MODELS = {
    "bert": (lambda: BertForMaskedLM(BertConfig(vocab_size=WORDS, **SIZES)), text),
    "distilbert": (
        lambda: DistilBertForSequenceClassification(
            DistilBertConfig(vocab_size=WORDS, dim=32, n_layers=2, n_heads=4, hidden_dim=64)
        ),
        labelled,
    ),
    "gpt2": (
        lambda: GPT2LMHeadModel(
            GPT2Config(
                vocab_size=WORDS, n_embd=32, n_layer=2, n_head=4, n_positions=64,
                bos_token_id=1, eos_token_id=2,
            )  # fmt: skip
        ),
        text,
    ),
    "llama": (
        lambda: LlamaForCausalLM(LlamaConfig(vocab_size=WORDS, num_key_value_heads=2, **SIZES)),
        text,
    ),
    "t5": (
        lambda: T5ForConditionalGeneration(
            T5Config(
                vocab_size=WORDS, d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4,
                decoder_start_token_id=0,
            )  # fmt: skip
        ),
        text,
    ),
    "vit": (
        lambda: ViTForImageClassification(
            ViTConfig(image_size=16, patch_size=4, num_labels=3, **SIZES)
        ),
        image,
    ),
}
GENERATIONS = {
    "greedy": dict(do_sample=False),
    "sampled": dict(do_sample=True, temperature=0.9),
    "nucleus": dict(do_sample=True, top_k=5, top_p=0.9),
    "beams": dict(num_beams=3),
    "penalty": dict(do_sample=False, repetition_penalty=1.3, no_repeat_ngram_size=2),
}

for name, (make, inputs) in MODELS.items():
    torch.manual_seed(0)
    model = make()
    summary.note(f"{name} weights", dict(model.state_dict()))
    for mode in ("eval", "train"):
        getattr(model, mode)()
        model.zero_grad()
        torch.manual_seed(1)
        result = model(**inputs)
        result.loss.backward()
        summary.note(f"{name} {mode}", [result.loss, result.logits])
        grads = {key: p.grad for key, p in model.named_parameters() if p.grad is not None}
        summary.note(f"{name} {mode} gradients", grads)

    torch.manual_seed(2)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 0.1, 1.0, 5)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = model(**inputs).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    summary.note(f"{name} fine-tuned", losses)

    model.eval()
    for way, options in GENERATIONS.items() if model.can_generate() and inputs is text else ():
        torch.manual_seed(3)
        words = model.generate(
            input_ids=tokens, attention_mask=mask, max_new_tokens=12, pad_token_id=0, **options
        )
        summary.note(f"{name} {way}", words)

summary.write()
