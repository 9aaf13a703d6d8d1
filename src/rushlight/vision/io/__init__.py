"""Image files to tensors and back, by Pillow."""

from .files import encode_jpeg, encode_png, read_file, write_file, write_jpeg, write_png
from .image import (
    ImageReadMode,
    decode_avif,
    decode_gif,
    decode_image,
    decode_jpeg,
    decode_png,
    decode_webp,
    read_image,
)

__all__ = [
    "ImageReadMode", "decode_avif", "decode_gif", "decode_image", "decode_jpeg", "decode_png",
    "decode_webp", "encode_jpeg", "encode_png", "read_file", "read_image", "write_file",
    "write_jpeg", "write_png",
]  # fmt: skip
