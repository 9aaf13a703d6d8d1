"""PyTorch's `SummaryWriter`, over that of tensorboardX."""

from __future__ import annotations

import functools
import time
from typing import Any

import tensorboardX
from tensorboardX.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2, types_pb2

from ...nn.module import Module
from ...ops.joining import stack
from ...tensor import Tensor
from .graph import graph_of


class SummaryWriter(tensorboardX.SummaryWriter):  # type: ignore[misc]  # it has no types
    """Writes scalars, images, histograms, text and graphs to a folder that TensorBoard shows.

    Without `log_dir` the folder is "runs/" with the time, the machine's name and `comment`.

    >>> from rushlight.utils.tensorboard import SummaryWriter  # doctest: +SKIP
    >>> with SummaryWriter("runs/first") as writer:  # doctest: +SKIP
    ...     writer.add_scalar("loss", 0.5, global_step=1)
    """

    def __init__(
        self, log_dir: str | None = None, comment: str = "", purge_step: int | None = None,
        max_queue: int = 10, flush_secs: int = 120, filename_suffix: str = "",
    ) -> None:  # fmt: skip
        super().__init__(
            None if log_dir is None else str(log_dir), comment, purge_step, max_queue, flush_secs,
            filename_suffix,
        )  # fmt: skip

    @property
    def log_dir(self) -> str:
        return str(self.logdir)

    def get_logdir(self) -> str:
        """The folder that is written to."""
        return str(self.logdir)

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: int | None = None,
        walltime: float | None = None, new_style: bool = False, double_precision: bool = False,
    ) -> None:  # fmt: skip
        super().add_scalar(tag, _plain(scalar_value), global_step, walltime)

    def add_hparams(
        self, hparam_dict: Any, metric_dict: Any, hparam_domain_discrete: Any = None,
        run_name: str | None = None, global_step: int | None = None,
    ) -> None:  # fmt: skip
        super().add_hparams(_plain(hparam_dict), _plain(metric_dict), run_name, global_step)

    def add_tensor(
        self, tag: str, tensor: Any, global_step: int | None = None, walltime: float | None = None
    ) -> None:
        """All numbers of a tensor, as float32."""
        array = _plain(tensor).astype("float32")
        shape = tensor_shape_pb2.TensorShapeProto(
            dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=size) for size in array.shape]
        )
        content = tensor_pb2.TensorProto(
            dtype=types_pb2.DT_FLOAT, tensor_shape=shape, tensor_content=array.tobytes()
        )
        metadata = summary_pb2.SummaryMetadata(
            plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="tensor")
        )
        value = summary_pb2.Summary.Value(tag=tag, metadata=metadata, tensor=content)
        self._get_file_writer().add_summary(
            summary_pb2.Summary(value=[value]), global_step, walltime
        )

    def add_graph(
        self, model: Module, input_to_model: Any = None, verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:  # fmt: skip
        """The kernels of one call of a model, by its modules; `input_to_model` is a tensor or
        several."""
        if input_to_model is None:
            raise ValueError("add_graph: the graph is that of a call; give input_to_model")
        inputs = input_to_model if isinstance(input_to_model, (tuple, list)) else (input_to_model,)
        graph = graph_of(model, tuple(inputs))
        if verbose:
            print(graph)
        event = event_pb2.Event(graph_def=graph.SerializeToString())
        self._get_file_writer().add_event(event, None, time.time())


def _plain(value: Any) -> Any:
    """A value with arrays of NumPy in the places of tensors."""
    if isinstance(value, Tensor):
        value = value.detach().cpu()
        return (value.float() if value.dtype.itemsize == 2 else value).numpy()
    if isinstance(value, (list, tuple)):
        if value and all(isinstance(part, Tensor) and part.ndim for part in value):
            return _plain(stack(list(value)))
        return [_plain(part) for part in value]
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    return value


def _taking_tensors(name: str) -> Any:
    method = getattr(tensorboardX.SummaryWriter, name)

    @functools.wraps(method)
    def add(self: SummaryWriter, *args: Any, **kwargs: Any) -> Any:
        kwargs = {key: _plain(value) for key, value in kwargs.items()}
        return method(self, *[_plain(value) for value in args], **kwargs)

    return add


for _name in (
    "add_scalars", "add_histogram", "add_histogram_raw", "add_image", "add_images",
    "add_image_with_boxes", "add_video", "add_audio", "add_embedding", "add_pr_curve",
    "add_pr_curve_raw", "add_mesh",
):  # fmt: skip
    setattr(SummaryWriter, _name, _taking_tensors(_name))
