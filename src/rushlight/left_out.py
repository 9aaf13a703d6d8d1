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
_BLOCKS = "there are no sparse tensors of blocks; torch.sparse_csr holds single elements"
_CUDA = "it reaches into libraries of CUDA's, which CuPy keeps to itself"
_MEMORY = "the memory of GPUs is CuPy's to give"
_PROCESSES = "torch.distributed.is_available() is False"
_COMPILER = "there is no compiler, whose code it is about: torch.compile records and replays"
_FILES = "files are written and read in one way"
_FUZZ = "torch.utils.benchmark times what a program gives it, and makes up nothing"
_DISPATCH = "there is no dispatcher of PyTorch's; __torch_function__ sees every call"
_VIDEOS = "rushlight.vision.opencv.frames gives the images of a film"
_VECTORS = "it is a measure of NVIDIA's products of small floats"

_COMPILERS_OF_GRAPHS = (
    "torch.fx traces, rewrites and interprets here; what prepares graphs for compilers is away"
)

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
     r"nn\.modules\.linear_cross_entropy|autograd\.gradcheck\.get_\w+_jacobian\w*|FunctionMeta|"
     r"BackwardCFunction|VariableMeta|"
     r"nn\.utils\.rnn\.(PackedSequence_|bind)|get_a_var|is_namedtuple|_DatasetKind|"
     r"distributions\.independent\.D|EnforceUnique|KinetoStepTracker|MemRecordsAcc|StringTable|"
     r"FormattedTimesMixin|Interval|EventMetadata", _INTERNAL),
    (r"apply_permutation|DistributedDataParallelCPU|thnn|nn\.backends(\..*)?|emit_(itt|nvtx)|"
     r"(profiler_legacy|load_nvprof|parse_nvprof_trace)(\..*)?", _GONE),
    (r"library\.(triton_op|wrap_triton|get_kernel|get_ctx|opcheck|register_torch_dispatch)",
     "there is no dispatcher and no Triton; custom_op and Library register operators"),
    ("volatile", "it was removed; torch.no_grad() has taken its place"),
    (r"vision\.(.*\.)?((get|set)_video_backend|video|video_utils|samplers)(\..*)?|"
     r"vision\.datasets\.((kinetics|hmdb51|ucf101)(\..*)?|Kinetics|HMDB51|UCF101)", _VIDEOS),
    (r"vision\.(extension|image)|vision\.datasets\.folder\.accimage_loader|"
     r"vision\.datasets\.(celeba\.CSV|mnist\.(get_int|read_\w+)|imagenet\.(load|parse)_\w+|"
     r"utils\.download_file_from_google_drive)|vision\.models\.(shufflenetv2\.channel_shuffle|"
     r"vision_transformer\.interpolate_embeddings)|vision\.transforms\.transforms\.\w+|"
     r"vision\.ops\.(misc\.ConvNormActivation|poolers\.\w+|roi_align\.\w+)", _INTERNAL),
    ("nested|jagged|to_padded_tensor", _NESTED),
    (r"sparse_bs[rc]_tensor|(ccol|col|crow|row)_indices_copy|indices_copy|values_copy", _BLOCKS),
    (r"sparse\.(SparseSemi.*|to_sparse_semi.*|semi_structured.*)|sparse\.spsolve|spsolve",
     "there are no sparse tensors but of coordinates and compressed rows or columns"),
    (r"masked\.(maskedtensor.*|MaskedTensor|(as_|is_)?masked_tensor)",
     "it is a prototype of PyTorch's; the functions of torch.masked take masks"),
    (r"(distributed|optim)\.(?!algorithms$).*swap_in.*|distributed\..*", _PROCESSES),
    (r"(xpu|mtia|mps)\..*", _DEVICES),
    (r"cuda\.(gds|jiterator|nccl|tunable|comm|sparse|green_contexts)(\..*)?|"
     r"cuda\.(\w+\.)?(CudaError|DeferredCudaCallError|GreenContext|cudaStatus|cudart|check_error|"
     r"clock_rate|current_(blas|solver)_handle|device_memory_used|DEFAULT_FLAGS|list_gpu_processes|"
     r"set_sync_debug_mode|range_(start|end)|get_stream_from_external|AcceleratorError|"
     r"graph_pool_handle|is_current_stream_capturing|\w*Storage|common|"
     r"amp_definitely_not_available|DEVICE_REQUIREMENT|PYTORCH_RELEASES_CODE_CC|classproperty)",
     _CUDA),
    (r"cuda\.(\w+\.)?(MemPool|use_mem_pool|CUDAPluggableAllocator|caching_allocator_\w+|"
     r"change_current_allocator|get_allocator_backend|get_per_process_memory_fraction|"
     r"\w*host_memory_stats\w*)", _MEMORY),
    (r"compiler\.(config.*|set_stance|(save|load)_cache_artifacts|load_compiled_function|"
     r"skip_.*|keep_.*|set_enable_guard_collectives|(set|get)_default_backend|CacheInfo|"
     r"NestedCompileRegionOptions)", _COMPILER),
    (r"export(\..*)?",
     "there are no exported programs; torch.fx.symbolic_trace and torch.jit.trace give graphs"),
    (r"package(\..*)?", "packages of code are Python's affair; torch.save holds what tensors hold"),
    (r"monitor|numa(\..*)?|nativert(\..*)?|contrib|utils\.(hipify.*|viz|backend_registration|"
     r"cpp_backtrace|file_baton|debug_log|backcompat|bundled_inputs|mkldnn|model_dump|show_pickle|"
     r"throughput_benchmark|jit.*|serialization.*|weak|cmake_prefix_path|set_module|"
     r"ThroughputBenchmark|get_cpp_backtrace|\w*privateuse\w*)", _INTERNAL),
    (r"utils\.mobile_optimizer(\..*)?", "programs do not run on telephones"),
    (r"utils\.benchmark\..*([Ff]uzz|valgrind|Callgrind|cpp_jit|examples|compile).*|"
     r"utils\.benchmark\.(\w+\.)*(FunctionCounts?|ParameterAlias|Language|Colorize|"
     r"ordered_unique|set_torch_threads|utils)", _FUZZ),
    (r"serialization\.(\w*mmap_options|\w*crc32_options|skip_data|register_package|location_tag|"
     r"default_restore_location|normalize_storage_type|storage_to_tensor_type|validate_\w+_device|"
     r"check_module_version_greater_or_equal|SourceChangeWarning|StorageType|\w*_SIZE|MAP_\w+|"
     r"MAGIC_NUMBER|\w+_PROTOCOL|PROTOCOL_VERSION|STORAGE_KEY_SEPARATOR|UNSAFE_MESSAGE|IS_WINDOWS|"
     r"get_source_lines_and_file|mkdtemp)", _FILES),
    (r"utils\.checkpoint\.(CheckpointPolicy|SelectiveCheckpointContext|SAC_IGNORED_OPS|"
     r"create_selective_checkpoint_contexts|GraphExecGroup|capture_logs|"
     r"set_checkpoint_debug_enabled|LoggingTensorMode)|overrides\.redispatch_function", _DISPATCH),
    (r"nn\.functional\.(scaled_mm|scaled_grouped_mm|grouped_mm|ScalingType|SwizzleType)", _VECTORS),
    (r"fx\.(experimental|passes|config|annotate|operator_schemas|tensor_type|traceback|"
     r"graph_module\.reduce_\w+|proxy\.(MetaProxy|Scope\w*)).*", _COMPILERS_OF_GRAPHS),
    (r"(ao|nn\.(intrinsic|qat))\..*", _QUANTIZED),
    (r"utils\.data\.(datapipes|backward_compatibility).*", _PIPES),
    (r"nn\.attention\.(experimental|varlen)", _CUDA),
    (r"utils\.benchmark\.utils\..*", _INTERNAL),
    (r"accelerator\.(Graph|graphs)", _CUDA),
    (r"func\.rearrange", "the package einops has it, and works with tensors"),
    (r"nn\.parallel\.comm", _CUDA),
    (r"multiprocessing\.(pool|queue)",
     "torch.multiprocessing has the pools and queues of Python's multiprocessing"),
    (r"sparse\.(\w+Tensor|solve|as_sparse_gradcheck)", _GONE),
    (r"multiprocessing\.reductions\..*|utils\.(collect_env|flop_counter|cpp_extension|hooks)\..*|"
     r"autograd\.(DeviceType|Profiler\w+|SavedTensor|is_\w+_enabled|is_tensor_like)|"
     r"amp\.autocast_mode\.autocast_decorator|amp\.grad_scaler\.OptState|hub\.tqdm|"
     r"utils\.data\.graph|nn\.functional\.grad|torch\.(Future|StorageBase)|"
     r"utils\.checkpoint\.DefaultDeviceType|nn\.attention\.flex_attention\.FlexKernelOptions|"
     r"(cpu|cuda)\.amp\.(autocast_mode|grad_scaler)(\..*)?", _INTERNAL),
    (r"return_types\.(\w+_out|all_return_types|pytree_register_structseq)", _INTERNAL),
    (r"(backends\.cuda|nn\.attention)\.(can_use_\w+|SDPAParams|SDPBackend)|"
     r"backends\.cuda\.(cuBLAS\w*|cuFFT\w*|\w*workspace_size|preferred_rocm_fa_library)|"
     r"backends\.python_native", _CUDA),
    (r"Tensor\.(record_stream|module_load|grad_dtype|index)", _INTERNAL),
    (r"autograd\.profiler.*|profiler\.(itt|python_tracer|ExecutionTraceObserver|DeviceType|"
     r"RecordScope|is_fbcode|profiler.*|register_optimizer_step_post_hook)",
     "the profiler measures what it shows, and keeps no more"),
    (r"jit\.(ONNXTracedModule|RecursiveScriptClass|ScriptWarning|TracedModule|TracingCheckError|"
     r"export_opnames|frontend|fuser|\w*flatbuffer|last_executed_optimized_graph|"
     r"optimized_execution|run_frozen_optimizations|set_module|strict_fusion|annotations|"
     r"generate_bytecode|mobile|quantized|supported_ops|unsupported_tensor_ops)(\..*)?", _SCRIPT),
)  # fmt: skip


def why_left_out(name: str) -> str | None:
    """Why "torch.quint8" or "nn.qat" will not come; None for what is there or may come.

    >>> from rushlight.left_out import why_left_out
    >>> why_left_out("torch.bits8")
    'NumPy has no such numbers'
    >>> why_left_out("nn.LSTM")
    """
    if re.match(r"(torch\.)?onnx\.", name):  # it may come, and its names are others' too
        return None
    place, _, last = name.rpartition(".")
    forms = (last, name, name.removeprefix("torch."))
    matches = (why for pattern, why in _REASONS if any(re.fullmatch(pattern, f) for f in forms))
    return next(matches, None)
