"""How Sphinx makes HTML of these documents and of the reference: `make docs`."""

from __future__ import annotations

import builtins
import re
from typing import Any

from docutils.nodes import Text
from sphinx.addnodes import pending_xref

from rushlight.version import __version__

project = "Rushlight"
release = __version__
copyright = "the Rushlight authors"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = f"Rushlight {release}"
python_use_unqualified_type_names = True
python_display_short_literal_types = True
python_maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"
# Annotations name classes without their modules, and PyTorch has two Nodes and three Streams: such
# a link goes to the first.
suppress_warnings = ["ref.python"]

REPOSITORY = "https://github.com/rushlight-dl/rushlight/blob/main"


def link_to_repository(app: Any, name: str, source: list[str]) -> None:
    """Documents link to files of the repository by their paths; as HTML they stand alone."""
    source[0] = re.sub(r"\]\(\.\./([^)]+)\)", rf"]({REPOSITORY}/\1)", source[0])


def unlink_builtins(app: Any, document: Any) -> None:
    """A `float` in a signature is Python's, and not the dtype `rushlight.float`."""
    for node in list(document.findall(pending_xref)):
        if node.get("reftype") == "class" and hasattr(builtins, node["reftarget"]):
            node.replace_self(Text(node["reftarget"]))


def setup(app: Any) -> None:
    app.connect("source-read", link_to_repository)
    app.connect("doctree-read", unlink_builtins)
