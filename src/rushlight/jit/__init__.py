"""TorchScript's functions for programs that call them: `torch.jit`.

There is no TorchScript. `script` returns what runs as Python, `trace` what replays recorded calls,
`save` and `load` write and read the latter; docs/fx.md says more.
"""

from __future__ import annotations

from typing import Final

from .files import load, save
from .script import (
    Attribute,
    CompilationUnit,
    Future,
    RecursiveScriptModule,
    ScriptFunction,
    ScriptModule,
    _overload,
    _overload_method,
    _script_if_tracing,
    annotate,
    enable_onednn_fusion,
    export,
    fork,
    freeze,
    ignore,
    interface,
    is_scripting,
    onednn_fusion_enabled,
    optimize_for_inference,
    script,
    script_if_tracing,
    script_method,
    set_fusion_strategy,
    unused,
    wait,
)
from .script import jit_isinstance as isinstance
from .tracing import TopLevelTracedModule, TracerWarning, is_tracing, trace, trace_module

Error = RuntimeError

__all__ = [
    "Attribute", "CompilationUnit", "Error", "Final", "Future", "RecursiveScriptModule",
    "ScriptFunction", "ScriptModule", "TopLevelTracedModule", "TracerWarning", "_overload",
    "_overload_method", "_script_if_tracing", "annotate",
    "enable_onednn_fusion", "export", "fork", "freeze", "ignore", "interface", "is_scripting",
    "is_tracing", "isinstance", "load", "onednn_fusion_enabled", "optimize_for_inference", "save",
    "script", "script_if_tracing", "script_method", "set_fusion_strategy", "trace", "trace_module",
    "unused", "wait",
]  # fmt: skip
