"""PyTorch's names for what checkpoints are made of."""

from __future__ import annotations

from ..dtype import bool as bool_, complex128, complex64, float16, float32, float64, int16, int32, int64, int8, uint8

# A storage's type says its dtype. The dtypes that are not here came later: their storages are
# untyped, and the tensor says its dtype.
STORAGES = {
    "FloatStorage": float32,
    "DoubleStorage": float64,
    "HalfStorage": float16,
    "LongStorage": int64,
    "IntStorage": int32,
    "ShortStorage": int16,
    "CharStorage": int8,
    "ByteStorage": uint8,
    "BoolStorage": bool_,
    "ComplexFloatStorage": complex64,
    "ComplexDoubleStorage": complex128,
}
