"""PyTorch's names for what checkpoints are made of."""

from __future__ import annotations

from ..dtype import (
    bfloat16,
    bool,
    complex64,
    complex128,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)

# A storage's type says its dtype.
STORAGES = {
    "FloatStorage": float32,
    "DoubleStorage": float64,
    "HalfStorage": float16,
    "BFloat16Storage": bfloat16,
    "LongStorage": int64,
    "IntStorage": int32,
    "ShortStorage": int16,
    "CharStorage": int8,
    "ByteStorage": uint8,
    "BoolStorage": bool,
    "ComplexFloatStorage": complex64,
    "ComplexDoubleStorage": complex128,
}

# These came later: their storages are untyped, and the tensor says its dtype.
UNTYPED = (uint16, uint32, uint64)

DTYPES = {dtype.name: dtype for dtype in (*STORAGES.values(), *UNTYPED)}

# The modules in which torchvision has its tensors, by their classes' names.
TV_TENSORS = {
    "Image": "torchvision.tv_tensors._image",
    "Video": "torchvision.tv_tensors._video",
    "Mask": "torchvision.tv_tensors._mask",
    "KeyPoints": "torchvision.tv_tensors._keypoints",
    "BoundingBoxes": "torchvision.tv_tensors._bounding_boxes",
    "BoundingBoxFormat": "torchvision.tv_tensors._bounding_boxes",
}
