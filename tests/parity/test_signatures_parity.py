"""PyTorch's functions and methods take here what they take there, by the same names."""

from __future__ import annotations

import ast
import importlib
import inspect
import types
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

import rushlight
from rushlight.missing import MissingNameError

PLACES = """
    nn nn.functional nn.init nn.utils nn.utils.rnn nn.utils.parametrize nn.utils.parametrizations
    nn.utils.prune nn.utils.stateless nn.parameter nn.attention.bias optim optim.lr_scheduler
    optim.swa_utils autograd autograd.functional autograd.forward_ad autograd.graph
    autograd.function func fx utils utils.data utils.data.distributed utils.checkpoint utils.dlpack
    utils.flop_counter utils.module_tracker amp cpu cpu.amp cuda.amp cuda.random distributions
    distributions.transforms distributions.kl sparse special linalg fft signal.windows masked hub
    overrides random testing futures library quasirandom accelerator functional
""".split()

# Names of torch's and of tensors' that are written in C++ are told by the stubs of its wheel.
STUBS = {"torch": ("_VariableFunctions.pyi", None), "Tensor": ("__init__.pyi", "TensorBase")}

# NumPy's names, which a function takes as well.
NUMPY_NAMES = {"dim": "axis", "keepdim": "keepdims"}

NOT_ON_CPU = "PyTorch has it on CUDA alone"
FIRST = "its arguments are told apart by their types, and come first"
GPUS = "steps of a module that has several GPUs"
COMPILERS = "torch.fx prepares no graphs for compilers here"
DECORATOR = "decorates PyTorch's own functions"
INSTANCES = "instances have it"

# Parameters that are left out, by function, and why.
LEFT_OUT = {
    (name, parameter): why
    for names, parameters, why in (
        ("torch.addmm torch.baddbmm torch.bmm torch.mm", "out_dtype", NOT_ON_CPU),
        ("torch.set_num_interop_threads torch.set_num_threads Tensor.requires_grad_", "num mode",
         "the stub of PyTorch's wheel says it, and its function takes no such name"),
        ("torch.expand_copy Tensor.expand", "implicit", "PyTorch's own functions give it"),
        ("torch.hspmm torch.saddmm torch.sspaddmm", "out", "sparse results have no memory to fill"),
        ("torch.orgqr Tensor.orgqr", "input2", "an alias here of linalg.householder_product"),
        ("torch.result_type", "other scalar scalar1 scalar2 tensor", FIRST),
        ("Tensor.new", "other size storage", FIRST),
        ("nn.DataParallel", "gather parallel_apply replicate scatter", GPUS),
        ("nn.MultiheadAttention", "merge_masks", "a step of its forward on GPUs"),
        ("autograd.function.FunctionCtx", "mark_shared_storage", "PyTorch has given it up"),
        ("autograd.function.InplaceFunction", "inplace", "PyTorch has given it up"),
        ("autograd.set_multithreading_enabled autograd.forward_ad.dual_level", "clone", DECORATOR),
        ("fx.Graph", "create_size_node create_storage_offset_node create_stride_node "
         "materialize_symint materialize_symints on_generate_code owning_module", COMPILERS),
        ("fx.Graph.python_code fx.GraphModule.print_readable", "additional_meta colored "
         "expanded_def fast_sympy_print include_device include_stride record_func", COMPILERS),
        ("fx.GraphModule", "to_folder", "code and weights are torch.save's and the program's"),
        ("fx.Node", "normalized_arguments", COMPILERS),
        ("fx.Node", "graph meta name op target type users", INSTANCES),
        ("utils.module_tracker.ModuleTracker", "is_bw", INSTANCES),
        ("library.Library", "fallback register_symm_mem_args", "PyTorch's dispatcher's"),
        ("library.infer_schema", "tags", "PyTorch's dispatcher's"),
    )
    for name in names.split() for parameter in parameters.split()
}  # fmt: skip

# Attributes of classes that are left out, wherever they stand, and why.
ATTRIBUTES = {
    attribute: why
    for attributes, why in (
        ("T_destination OptimizerPreHook OptimizerPostHook", "names of types"),
        ("xpu mtia ipu", "devices are the CPU and, through CuPy, CUDA"),
        ("profile_hook_step", DECORATOR),
        # Of `autograd.Function`; its context is an object of another class here.
        ("boxed_grads_call clear_saved_tensors_on_access dirty_tensors maybe_clear_saved_tensors "
         "mark_shared_storage non_differentiable requires_grad saved_for_forward saved_variables "
         "to_save", "the context has what programs use of it"),
        ("jvp vjp vmap", "programs write them; Function itself has none that does something"),
    )
    for attribute in attributes.split()
}  # fmt: skip


def place_in(package: types.ModuleType, place: str) -> Any:
    if place == "torch":
        return package
    if place == "Tensor":
        return package.Tensor
    return importlib.import_module(f"{package.__name__}.{place}")


@cache
def stub(place: str) -> dict[str, set[str]]:
    """The parameters of all overloads of what a stub declares."""
    file, owner = STUBS[place]
    tree = ast.parse((Path(torch.__file__).parent / "_C" / file).read_text())
    body = tree.body
    if owner is not None:
        body = next(n.body for n in body if isinstance(n, ast.ClassDef) and n.name == owner)
    found: dict[str, set[str]] = defaultdict(set)
    for node in body:
        if isinstance(node, ast.FunctionDef):
            given = node.args
            found[node.name] |= {a.arg for a in (*given.args, *given.kwonlyargs)}
            found[node.name] |= {given.vararg.arg} if given.vararg else set()
    return found


def parameters(value: Any) -> tuple[set[str], bool] | None:
    """By name, and whether others are taken as well; None of what does not tell."""
    try:
        found = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    names = {p.name for p in found if p.kind is not p.VAR_KEYWORD}
    return names, len(names) < len(found)


def absent(place: str, name: str, theirs: Any, ours: Any) -> set[str]:
    mine = parameters(ours)
    if mine is None or mine[1]:
        return set()
    told = parameters(theirs)
    if told is not None:
        wanted = told[0]
    else:
        wanted = stub(place).get(name, set()) if place in STUBS else set()
    taken = {*mine[0], *(numpys for own, numpys in NUMPY_NAMES.items() if own in mine[0])}
    hidden = {"self", "input", "names", "cls", "args", "kwargs", "size_average", "reduce"}
    return {p for p in wanted - taken - hidden if not p.startswith("_")}


def is_public(theirs: Any) -> bool:
    module = getattr(theirs, "__module__", None) or "torch"
    return callable(theirs) and str(module).startswith("torch")


def pairs(place: str) -> list[tuple[str, Any, Any]]:
    """The callables that both have."""
    theirs, ours = place_in(torch, place), place_in(rushlight, place)
    public = getattr(theirs, "__all__", None) or dir(theirs)
    found = []
    for name in public:
        value = getattr(theirs, name, None)
        if name.startswith("_") or not is_public(value):
            continue
        try:
            found.append((name, value, getattr(ours, name)))
        except (AttributeError, MissingNameError):
            continue  # tests/test_names.py asks for a reason
    return found


@pytest.mark.parametrize("place", ["torch", "Tensor", *PLACES])
def test_takes_the_same_arguments(place: str) -> None:
    lacking = {
        (f"{place}.{name}", parameter)
        for name, theirs, ours in pairs(place)
        for parameter in absent(place, name, theirs, ours)
    }
    assert lacking - LEFT_OUT.keys() == set()


def attributes_lacking(theirs: type, ours: type, label: str) -> set[tuple[str, str]]:
    lacking = set()
    for name in dir(theirs):
        if name.startswith("_") or name in ATTRIBUTES or name in vars(object):
            continue
        value = inspect.getattr_static(theirs, name)
        if not hasattr(ours, name):
            lacking.add((label, name))
        elif inspect.isfunction(value):
            mine = getattr(ours, name)
            lacking |= {(f"{label}.{name}", p) for p in absent("", name, value, mine)}
    return lacking


@pytest.mark.parametrize("place", PLACES)
def test_classes_have_the_same_methods(place: str) -> None:
    lacking = set()
    for name, theirs, ours in pairs(place):
        are_classes = isinstance(theirs, type) and isinstance(ours, type)
        if are_classes and not issubclass(theirs, torch.Tensor):
            lacking |= attributes_lacking(theirs, ours, f"{place}.{name}")
    assert lacking - LEFT_OUT.keys() == set()
