"""What deterministic algorithms do with memory: `torch.utils.deterministic`.

Memory of `torch.empty` is whatever was there under either setting: only programs that read it
before they have written it would see a difference.
"""

fill_uninitialized_memory = True
