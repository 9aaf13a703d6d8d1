"""What programs ask of devices, libraries and builds, beside PyTorch's build for the CPU."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import rushlight

torch = pytest.importorskip("torch")

# Answered alike: the values, or the types of the errors.
ASKED = """
cuda.is_available() cuda.device_count() cuda.is_initialized() cuda.init() cuda.current_device()
cuda.get_device_name() cuda.get_device_name(0) cuda.get_device_properties(0) cuda.set_device(-1)
cuda.get_device_capability() cuda.synchronize() cuda.manual_seed(1) cuda.manual_seed_all(1)
cuda.seed() cuda.seed_all() cuda.initial_seed() cuda.get_rng_state() cuda.get_rng_state_all()
cuda.set_rng_state_all([]) cuda.memory_allocated() cuda.max_memory_allocated()
cuda.memory_reserved() cuda.max_memory_reserved() cuda.memory_cached() cuda.max_memory_cached()
cuda.memory_stats() cuda.memory_stats_as_nested_dict() cuda.host_memory_stats() cuda.empty_cache()
cuda.mem_get_info() cuda.ipc_collect() cuda.set_per_process_memory_fraction(0.5)
cuda.is_bf16_supported() cuda.is_bf16_supported(False) cuda.is_tf32_supported()
cuda.get_arch_list() cuda.get_gencode_flags() cuda.current_stream() cuda.default_stream()
cuda.Stream() cuda.Event() cuda.Event(enable_timing=True) cuda.set_stream(None)
cuda.stream(None).__enter__() cuda.nvtx.range_push("a") cuda.nvtx.range_pop() cuda.nvtx.mark("a")
cuda.nvtx.range("a").__enter__() cuda.profiler.start() cuda.utilization() cuda.temperature()
cuda.memory_usage() cuda.power_draw() cuda.can_device_access_peer(0,1) cuda.get_sync_debug_mode()
cuda.default_generators cuda.has_half cuda.has_magma cuda.FloatTensor(2) cuda.FloatTensor([1.0])
accelerator.is_available() accelerator.device_count()
accelerator.current_accelerator() accelerator.current_accelerator(True)
accelerator.current_device_index() accelerator.current_device_idx()
accelerator.set_device_index(0) accelerator.set_device_index(-1) accelerator.synchronize()
accelerator.current_stream() accelerator.set_stream(None) accelerator.empty_cache()
accelerator.memory_allocated() accelerator.max_memory_allocated() accelerator.memory_reserved()
accelerator.max_memory_reserved() accelerator.memory_stats() accelerator.get_memory_info()
accelerator.reset_peak_memory_stats() accelerator.reset_accumulated_memory_stats()
accelerator.get_device_capability() accelerator.device_index(0).__enter__()
accelerator.device_index(None).__enter__() mps.is_available() mps.device_count()
mps.synchronize() mps.empty_cache() mps.manual_seed(1) mps.seed() mps.get_rng_state()
mps.current_allocated_memory() mps.driver_allocated_memory() mps.recommended_max_memory()
mps.set_per_process_memory_fraction(0.5) xpu.is_available() xpu.device_count()
xpu.is_initialized() xpu.synchronize() xpu.empty_cache() xpu.manual_seed(1)
xpu.manual_seed_all(1) xpu.current_device() xpu.memory_allocated() xpu.max_memory_allocated()
xpu.get_device_name() xpu.is_bf16_supported() xpu.init() xpu.seed() xpu.get_rng_state()
xpu.get_rng_state_all() xpu.set_device(0) xpu.mem_get_info() xpu.Stream() mtia.is_available()
mtia.device_count() mtia.is_initialized() mtia.synchronize() cpu.is_available()
cpu.device_count() cpu.current_device() cpu.synchronize() cpu.is_initialized() cpu.set_device(0)
cpu.stream(None).__enter__() cpu.Event().query() backends.mps.is_available()
backends.mps.is_built() backends.mkl.VERBOSE_ON backends.mkl.VERBOSE_OFF
backends.mkldnn.is_acl_available() backends.kleidiai.is_available()
backends.cusparselt.is_available() backends.cusparselt.version()
backends.cusparselt.get_max_alg_id() backends.miopen.immediate
backends.cuda.preferred_linalg_library("x") backends.cuda.is_ck_sdpa_available()
backends.cuda.allow_fp16_bf16_reduction_math_sdp(True) backends.cuda.is_built()
backends.cuda.fp16_bf16_reduction_math_sdp_allowed() backends.cuda.matmul.allow_tf32
backends.cudnn.version() backends.cudnn.is_available() backends.cudnn.enabled
backends.cudnn.benchmark backends.cudnn.deterministic backends.cudnn.allow_tf32
backends.opt_einsum.is_available() backends.openmp.is_available()
distributed.is_initialized() distributed.get_rank() distributed.get_world_size()
distributed.barrier() distributed.is_nccl_available() distributed.is_mpi_available()
distributed.is_torchelastic_launched() version.cuda version.hip version.xpu version.debug
ones(1).cuda() ones(1).to("cuda:0") nn.Linear(1,1).cuda() ones(1).is_pinned()
hub.load("a/b","c",source="web")
""".split()


def answer(library: Any, expression: str) -> Any:
    try:
        value = eval(expression, {}, _Names(library))
    except Exception as error:
        return type(error).__name__
    return value if isinstance(value, (type(None), bool, int, str, tuple, list, dict)) else (
        str(value)
    )


class _Names(dict[str, Any]):
    """A library's names as those of an expression."""

    def __init__(self, library: Any) -> None:
        super().__init__()
        self.library = library

    def __missing__(self, name: str) -> Any:
        return getattr(self.library, name)


@pytest.mark.parametrize("expression", ASKED)
def test_the_same_answers(expression: str) -> None:
    if torch.cuda.is_available():
        pytest.skip("PyTorch sees a GPU")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert answer(rushlight, expression) == answer(torch, expression)
