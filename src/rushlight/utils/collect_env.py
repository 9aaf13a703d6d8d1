"""What a report of a fault should say of the machine: `python -m rushlight.utils.collect_env`."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from typing import NamedTuple

__all__ = ["SystemEnv", "get_env_info", "get_pretty_env_info", "main"]

_PACKAGES = ("numpy", "ml_dtypes", "scipy", "pillow", "cupy-cuda12x", "cupy-cuda13x", "einops",
             "safetensors", "transformers", "torchmetrics", "tensorboardX")  # fmt: skip


class SystemEnv(NamedTuple):
    """The facts by name."""

    torch_version: str
    is_debug_build: str
    cuda_compiled_version: str
    os: str
    libc_version: str
    python_version: str
    python_platform: str
    is_cuda_available: str
    nvidia_gpu_models: str
    cpu_info: str
    pip_packages: str
    build: str


def get_env_info() -> SystemEnv:
    """What there is on this machine.

    >>> from rushlight.utils.collect_env import get_env_info
    >>> get_env_info().is_debug_build
    'False'
    """
    import rushlight
    import rushlight.__config__ as config

    names = [rushlight.cuda.get_device_name(i) for i in range(rushlight.cuda.device_count())]
    return SystemEnv(
        torch_version=f"Rushlight {rushlight.__version__}",
        is_debug_build="False",
        cuda_compiled_version="by CuPy" if names else "None",
        os=f"{platform.system()} {platform.release()} ({platform.machine()})",
        libc_version=" ".join(platform.libc_ver()) or "unknown",
        python_version=sys.version.replace("\n", " "),
        python_platform=platform.platform(),
        is_cuda_available=str(bool(names)),
        nvidia_gpu_models="\n".join(names) or "none",
        cpu_info=f"{_processor()}, {os.cpu_count()} threads",
        pip_packages="\n".join(_versions()),
        build=config.show().rstrip(),
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:  # not Linux
        pass
    return platform.processor() or "unknown"


def _versions() -> list[str]:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name}=={metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return found


def get_pretty_env_info() -> str:
    """The facts, in lines.

    >>> from rushlight.utils.collect_env import get_pretty_env_info
    >>> get_pretty_env_info().splitlines()[0].startswith("torch version: Rushlight ")
    True
    """
    lines = []
    for name, value in get_env_info()._asdict().items():
        name = name.replace("_", " ")
        lines.append(f"{name}:\n{value}" if "\n" in value else f"{name}: {value}")
    return "\n".join(lines)


def main() -> None:
    """Prints them."""
    print(get_pretty_env_info())


if __name__ == "__main__":
    main()
