"""Names of PyTorch's that are left out for good, and why."""

from __future__ import annotations

import re

_QUANTIZED = "there are no quantized tensors; torch.bfloat16 and torch.float16 save memory"
_SCRIPT = "it is a part of TorchScript; torch.compile records functions as they run"
_SYMBOLS = "it computes with sizes that are not known yet, and here all are"
_NUMBERS = "NumPy has no such numbers"
_DEVICES = "devices are the CPU and, through CuPy, CUDA"
_LIBRARIES = "it is how PyTorch calls a library, and is not meant to be called by programs"
_INTERNAL = "it is a helper of PyTorch's own, which its modules happen to show"
_PIPES = "data pipes were given up by PyTorch; use Dataset and DataLoader"
_NESTED = "there are no nested tensors; torch.nn.functional.pad brings sequences to one length"

_VIDEOS = "videos are not read; PyAV and imageio give their images as arrays"

_GONE = "PyTorch has given it up itself"
_OPTIMIZERS = "the steps of optimizers are no functions here; use the class"

_SCRIPT_NAMES = """
AggregationType AliasDb AnyType Argument ArgumentSpec AwaitType Block BoolType CallStack Capsule
ClassType Code CompilationUnit CompleteArgumentSpec ComplexType ConcreteModuleType
ConcreteModuleTypeBuilder DeepCopyMemoTable DeserializationStorageContext DeviceObjType DictType
EnumType ErrorReport ExecutionPlan FileCheck FloatType FunctionSchema FutureType Gradient Graph
GraphExecutorState IODescriptor InferredType IntType InterfaceType JITException ListType
LiteScriptModule LockingLogger LoggerBase Node NoneType NoopLogger NumberType OperatorInfo
OptionalType PyObjectType PyTorchFileReader PyTorchFileWriter RRefType ScriptClass
ScriptClassFunction ScriptDict ScriptDictIterator ScriptDictKeyIterator ScriptFunction ScriptList
ScriptListIterator ScriptMethod ScriptModule ScriptModuleSerializer ScriptObject
ScriptObjectProperty SerializationStorageContext StaticModule StreamObjType StringType TensorType
TracingState TupleType Type UnionType Use Value AVG SUM BenchmarkConfig BenchmarkExecutionStats
ThroughputBenchmark fork wait import_ir_module import_ir_module_from_buffer
merge_type_from_type_comment parse_ir parse_schema parse_type_comment unify_type_list get_file_path
BufferDict ParameterDict ModuleDict
"""

# The first pattern that matches a name's last part, or the whole of it, gives the reason. Most of
# TorchScript's names are those of other things in other places: `torch.fx.Graph`.
_REASONS = (
    (rf"torch\.({'|'.join(_SCRIPT_NAMES.split())})", _SCRIPT),
    (r"q?u?int\dx\d|qu?int\d+|QU?Int.*Storage|.*quantiz.*|fake_.*|q_.*|qscheme|int_repr",
     _QUANTIZED),
    (r"per_(channel|tensor)_.*|fbgemm_.*|choose_qparams_.*|fused_moving_.*|qat|ao|intrinsic",
     _QUANTIZED),
    (r"(SymInt|SymFloat|SymBool)(Type)?|sym_.*", _SYMBOLS),
    ("complex32|chalf", f"{_NUMBERS}; torch.complex64 is the smallest complex dtype"),
    (r"bit|bits\d.*|u?int[1-7]", _NUMBERS),
    ("xpu|mtia|mps|ipu|is_vulkan_available", _DEVICES),
    (r"(cudnn|miopen|mkldnn)_.*|batch_norm_(backward_)?(elemt|reduce|stats|update_stats|gather.*)|"
     r"to_mkldnn|get_autocast_(ipu|xla)_.*|(is|set)_autocast_(ipu|xla)_.*|native_norm", _LIBRARIES),
    (r"TYPE_CHECKING|Tensor|Optimizer|inf|EPOCH_DEPRECATION_WARNING|BroadcastingList\d|"
     r"(multi_dim_)?common(_args)?|factory_common_args|boolean_dispatch|"
     r".*_notes|windows|classproperty|assert_int_or_pair|GRID_SAMPLE_\w+|PRIVATE_OPS|USE_\w+|Tag|"
     r"DispatchKey(Set)?|ExcludeDispatchKeyGuard|FatalError|init_num_threads|cpp|classes|"
     r"thread_safe_generator|prepare_multiprocessing_environment|compiled_with_cxx11_abi|"
     r"argument_validation|runtime_validation.*|graph_settings|NestedIOFunction|AcceleratorError|"
     r"profiler_allow_cudagraph_cupti_lazy_reinit_cuda12|slice_inverse|kineto_available|"
     r"sym_constrain_range.*", _INTERNAL),
    (r".*DataPipe|DataChunk|datapipes|functional_datapipe|guaranteed_\w+|non_deterministic",
     _PIPES),
    (r"optim\.(\w+)\.\1", _OPTIMIZERS),
    (r"nn\.attention\..*_flash_attention_impls?", "attention is one kernel, whatever the device"),
    (r"autograd\.graph\.(region|set)_.*|enforce_grad_layout_policy|nn\.cpp|nn\.cpp\.\w+|"
     r"nn\.modules\.linear_cross_entropy|autograd\.gradcheck\.get_\w+_jacobian\w*|FunctionMeta|BackwardCFunction|VariableMeta|"
     r"nn\.utils\.rnn\.(PackedSequence_|bind)|get_a_var|is_namedtuple|_DatasetKind|"
     r"distributions\.independent\.D|EnforceUnique|KinetoStepTracker|MemRecordsAcc|StringTable|"
     r"FormattedTimesMixin|Interval|EventMetadata", _INTERNAL),
    (r"apply_permutation|DistributedDataParallelCPU|thnn|nn\.backends(\..*)?|emit_(itt|nvtx)|"
     r"(profiler_legacy|load_nvprof|parse_nvprof_trace)(\..*)?", _GONE),
    ("volatile", "it was removed; torch.no_grad() has taken its place"),
    (r"vision\.(.*\.)?((get|set)_video_backend|video|video_utils|samplers)(\..*)?|"
     r"vision\.datasets\.((kinetics|hmdb51|ucf101)(\..*)?|Kinetics|HMDB51|UCF101)", _VIDEOS),
    (r"vision\.(extension|image)|vision\.datasets\.folder\.accimage_loader", _INTERNAL),
    ("nested|jagged|to_padded_tensor", _NESTED),
)  # fmt: skip


def why_left_out(name: str) -> str | None:
    """Why "torch.quint8" or "nn.qat" will not come; None for what is there or may come.

    >>> from rushlight.left_out import why_left_out
    >>> why_left_out("torch.bits8")
    'NumPy has no such numbers'
    >>> why_left_out("nn.LSTM")
    """
    place, _, last = name.rpartition(".")
    if place == "cuda":
        return None
    forms = (last, name, name.removeprefix("torch."))
    matches = (why for pattern, why in _REASONS if any(re.fullmatch(pattern, f) for f in forms))
    return next(matches, None)
