"""102 flowers: Nilsback and Zisserman, ICVGIP 2008."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .archives import Resource, fetch, fetch_and_extract
from .folder import default_loader
from .matlab import read_mat
from .vision import ImageFiles, Transform, one_of

_URL = "https://www.robots.ox.ac.uk/~vgg/data/flowers/102/"
_NAMES = [
    "pink primrose", "hard-leaved pocket orchid", "canterbury bells", "sweet pea",
    "english marigold", "tiger lily", "moon orchid", "bird of paradise", "monkshood",
    "globe thistle", "snapdragon", "colt's foot", "king protea", "spear thistle", "yellow iris",
    "globe-flower", "purple coneflower", "peruvian lily", "balloon flower",
    "giant white arum lily", "fire lily", "pincushion flower", "fritillary", "red ginger",
    "grape hyacinth", "corn poppy", "prince of wales feathers", "stemless gentian", "artichoke",
    "sweet william", "carnation", "garden phlox", "love in the mist", "mexican aster",
    "alpine sea holly", "ruby-lipped cattleya", "cape flower", "great masterwort", "siam tulip",
    "lenten rose", "barbeton daisy", "daffodil", "sword lily", "poinsettia", "bolero deep blue",
    "wallflower", "marigold", "buttercup", "oxeye daisy", "common dandelion", "petunia",
    "wild pansy", "primula", "sunflower", "pelargonium", "bishop of llandaff", "gaura", "geranium",
    "orange dahlia", "pink-yellow dahlia?", "cautleya spicata", "japanese anemone",
    "black-eyed susan", "silverbush", "californian poppy", "osteospermum", "spring crocus",
    "bearded iris", "windflower", "tree poppy", "gazania", "azalea", "water lily", "rose",
    "thorn apple", "morning glory", "passion flower", "lotus", "toad lily", "anthurium",
    "frangipani", "clematis", "hibiscus", "columbine", "desert-rose", "tree mallow", "magnolia",
    "cyclamen", "watercress", "canna lily", "hippeastrum", "bee balm", "ball moss", "foxglove",
    "bougainvillea", "camellia", "mallow", "mexican petunia", "bromelia", "blanket flower",
    "trumpet creeper", "blackberry lily",
]  # fmt: skip


class Flowers102(ImageFiles):
    """1,020 + 1,020 + 6,149 images in 102 classes, in root/flowers-102.

    `split` is "train", "val" or "test". SciPy reads the lists; `download=True` fetches the files.
    """

    classes = _NAMES
    resources = (
        Resource([_URL + "102flowers.tgz"], "102flowers.tgz", "52808999861908f626f3c1f4e79d11fa"),
        Resource([_URL + "imagelabels.mat"], "imagelabels.mat", "e0620be6f572b9609742df49c70aed4d"),
        Resource([_URL + "setid.mat"], "setid.mat", "a5357ecc9cb78c4bef273ce3793fc85c"),
    )

    def __init__(
        self,
        root: str | os.PathLike[str],
        split: str = "train",
        transform: Transform | None = None,
        target_transform: Transform | None = None,
        download: bool = False,
        loader: Callable[[str], Any] = default_loader,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        self.split = one_of(split, "split", ("train", "val", "test"))
        self.loader = loader
        base = os.path.join(self.root, "flowers-102")
        images, labels, sets = self.resources
        if download:
            if not os.path.isdir(os.path.join(base, "jpg")):
                fetch_and_extract(images, base)
            for resource in (labels, sets):
                fetch(resource, base)
        self.require(*(os.path.join(base, name) for name in ("jpg", labels.name, sets.name)))
        which = {"train": "trnid", "val": "valid", "test": "tstid"}[split]
        (numbers,) = read_mat(os.path.join(base, sets.name), which)
        (classes,) = read_mat(os.path.join(base, labels.name), "labels")
        self.files = [os.path.join(base, "jpg", f"image_{n:05d}.jpg") for n in numbers.tolist()]
        self.labels = [int(classes[n - 1]) - 1 for n in numbers.tolist()]

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        return self.transformed(self.loader(self.files[index]), self.labels[index])

    def extra_repr(self) -> str:
        return f"split={self.split}"
