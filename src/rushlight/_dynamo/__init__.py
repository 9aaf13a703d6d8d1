"""What libraries touch of the tracer behind PyTorch's `torch.compile`, which Rushlight has not."""
