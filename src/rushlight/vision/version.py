"""Of the torchvision whose names and behaviour `rushlight.vision` has."""

__version__ = "0.28.0+rushlight"
