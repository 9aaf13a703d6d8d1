"""What torchvision's programs set before anything else."""

from __future__ import annotations


def get_image_backend() -> str:
    """The library that reads images: "PIL".

    >>> from rushlight import vision
    >>> vision.get_image_backend()
    'PIL'
    """
    return "PIL"


def set_image_backend(backend: str) -> None:
    """ValueError for any library but "PIL". Unlike PyTorch, "accimage" is none that can be used.

    >>> from rushlight import vision
    >>> vision.set_image_backend("PIL")
    """
    if backend != "PIL":
        raise ValueError(f"Invalid backend '{backend}'. Options are 'PIL'")


def disable_beta_transforms_warning() -> None:
    """Does nothing, as torchvision's: the warning has gone.

    >>> from rushlight import vision
    >>> vision.disable_beta_transforms_warning()
    """
