"""Operators of programs: torch.library."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import rushlight as torch
from rushlight import custom_ops, library
from rushlight.library import custom_op
from rushlight.operator_schema import parse


@pytest.fixture(autouse=True)
def own_operators(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(custom_ops, "operators", {})
    monkeypatch.setattr(library, "operators", custom_ops.operators)
    monkeypatch.setattr(custom_ops, "packets", {})
    monkeypatch.setattr(library, "packets", custom_ops.packets)
    yield


def scale(x: torch.Tensor, factor: float = 2.0) -> torch.Tensor:
    return x.detach() * factor


def _scale() -> Any:
    operator = custom_op("example::scale", scale, mutates_args=())

    def setup(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.factor = inputs[1]

    operator.register_autograd(lambda ctx, grad: (grad * ctx.factor, None), setup_context=setup)
    return operator


def test_is_called_by_itself_and_by_its_place() -> None:
    operator = _scale()
    x = torch.tensor([1.0, 2.0])
    assert operator(x, 3.0).tolist() == torch.ops.example.scale(x, factor=3.0).tolist() == [3, 6]
    assert torch.ops.example.scale.default(x).tolist() == [2.0, 4.0]
    assert repr(operator) == "<CustomOpDef(example::scale)>"


def test_has_the_gradient_that_was_registered() -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = _scale()(x, factor=5.0)
    assert "GeneratedBackwardFor_example_scale_default" in repr(y.grad_fn)
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [5.0, 5.0]


def test_without_a_gradient_only_its_backward_fails() -> None:
    x = torch.ones(2, requires_grad=True)
    y = custom_op("example::scale", scale, mutates_args=())(x)
    assert y.requires_grad
    with pytest.raises(RuntimeError, match="example.scale.default but no autograd formula"):
        y.sum().backward()
    with torch.no_grad():
        assert not torch.ops.example.scale(x).requires_grad


def test_named_arguments_come_apart_from_the_others() -> None:
    @custom_op("example::shift", mutates_args=())
    def shift(x: torch.Tensor, *, by: float) -> torch.Tensor:
        return x + by

    seen: dict[str, Any] = {}

    def setup(ctx: Any, inputs: Any, keyword_only_inputs: Any, output: Any) -> None:
        seen.update(keyword_only_inputs, count=len(inputs))

    shift.register_autograd(lambda ctx, grad: grad, setup_context=setup)
    x = torch.ones(2, requires_grad=True)
    shift(x, by=1.5).sum().backward()
    assert seen == {"by": 1.5, "count": 1}
    assert x.grad is not None and x.grad.tolist() == [1.0, 1.0]


def test_changes_what_it_says() -> None:
    @custom_op("example::fill", mutates_args={"x"})
    def fill(x: torch.Tensor, value: float) -> None:
        x.fill_(value)

    x = torch.zeros(2)
    assert fill(x, 3.0) is None and x.tolist() == [3.0, 3.0]


def test_tensors_without_memory_take_the_fake() -> None:
    operator = _scale()
    with pytest.raises(NotImplementedError, match="register_fake"):
        operator(torch.empty(2, device="meta"))
    library.register_fake("example::scale", lambda x, factor=2.0: torch.empty_like(x))
    assert operator(torch.empty(2, 3, device="meta")).shape == (2, 3)


def test_takes_the_function_of_the_device() -> None:
    operator = custom_op("example::scale", scale, mutates_args=(), device_types="cuda")
    with pytest.raises(NotImplementedError, match="for cpu tensors; add one with register_kernel"):
        operator(torch.ones(2))
    library.register_kernel(operator, "cpu", lambda x, factor=2.0: x * 7)
    assert operator(torch.ones(2)).tolist() == [7.0, 7.0]


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: _scale()(), RuntimeError, "example::scale.. missing a required argument: 'x'"),
        (lambda: _scale()("x"), RuntimeError, "type 'Tensor' for argument 'x'.* type 'str'"),
        (lambda: custom_op("scale", scale, mutates_args=()), ValueError, "<namespace>::<name>"),
        (
            lambda: custom_op("example::bare", lambda x: x, mutates_args=()),
            ValueError, "Parameter x must have a type annotation",
        ),
        (lambda: torch.ops.example.nothing, AttributeError, "'example' .* attribute 'nothing'"),
        (
            lambda: library.register_fake("example::nothing", scale),
            RuntimeError, "operator example::nothing does not exist",
        ),
    ],
)  # fmt: skip
def test_refuses(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize(
    "kind, value, taken",
    [
        ("int", True, 1), ("int", torch.tensor(1.5), 1), ("float", 1, 1.0), ("bool", 0.5, True),
        ("bool", None, False), ("str", "a", "a"), ("int?", None, None),
        ("int[]", (1, True), [1, 1]),
        ("int[2]", 3, [3, 3]), ("Device", "cpu", torch.device("cpu")), ("Scalar", 1j, 1j),
        ("float[]?", [1], [1.0]), ("ScalarType", torch.int8, torch.int8),
        ("int[]", 1, RuntimeError),
        ("int", 1.5, RuntimeError), ("int", "a", RuntimeError), ("int", None, RuntimeError),
        ("int", torch.ones(2), RuntimeError), ("float", 1j, RuntimeError),
        ("bool", "a", RuntimeError), ("str", 1, RuntimeError), ("int?", 1.5, RuntimeError),
        ("int[]", [1.5], RuntimeError), ("int[]", torch.ones(2), RuntimeError),
        ("Tensor?", 1, RuntimeError), ("Tensor[]", [None], RuntimeError),
        ("Tensor?[]", [1], RuntimeError), ("Device", 1, RuntimeError),
        ("Device", "nonsense", RuntimeError), ("ScalarType", "int8", RuntimeError),
        ("Scalar", torch.ones(1), RuntimeError),
    ],
)  # fmt: skip
def test_arguments_are_taken_as_the_schema_says(kind: str, value: Any, taken: Any) -> None:
    library.define("shapes::take", f"(Tensor x, {kind} value) -> Tensor")
    seen: list[Any] = []
    library.impl("shapes::take", "cpu", lambda x, value: (seen.append(value), x.clone())[1])
    if taken is RuntimeError:
        with pytest.raises(RuntimeError, match="of type .* for argument 'value'|device"):
            torch.ops.shapes.take(torch.ones(1), value)
    else:
        torch.ops.shapes.take(torch.ones(1), value)
        assert seen == [taken] and type(seen[0]) is type(taken)


@pytest.mark.parametrize(
    "returned, result, message",
    [
        ("Tensor", 1, "returned a int, which is no 'Tensor'"),
        ("()", 1, "expected the function to return None"),
        ("(Tensor, Tensor)", (torch.ones(1),), "returned 1 values, and not 2"),
        ("int", 1.5, "which is no 'int'"),
    ],
)
def test_results_are_what_the_schema_says(returned: str, result: Any, message: str) -> None:
    library.define("shapes::give", f"(Tensor x) -> {returned}")
    library.impl("shapes::give", "cpu", lambda x: result)
    with pytest.raises(RuntimeError, match=message):
        torch.ops.shapes.give(torch.ones(1))


def test_gradients_of_lists() -> None:
    @custom_op("example::multiples", mutates_args=())
    def multiples(xs: list[torch.Tensor], n: int) -> list[torch.Tensor]:
        return [sum(xs[1:], xs[0]) * i for i in range(1, n + 1)]

    def backward(ctx: Any, grads: Any) -> Any:
        return [sum(g * i for i, g in enumerate(grads, 1))] * 2, None

    multiples.register_autograd(backward)
    x = torch.ones(2, requires_grad=True)
    first, second = multiples((x, x.detach()), 2)
    (first + second).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [3.0, 3.0]


def test_overloads() -> None:
    library.define("shapes::two.one", "(Tensor x) -> Tensor")
    library.define("shapes::two.other", "(Tensor x, int n) -> Tensor")
    library.impl("shapes::two.one", "cpu", lambda x: x + 1)
    library.impl("shapes::two.other", "cpu", lambda x, n: x + n)
    two, x = torch.ops.shapes.two, torch.zeros(1)
    assert two.overloads() == ["one", "other"] and two.other(x, 3).item() == 3
    assert (two(x).item(), two(x, 2).item()) == (1, 2)
    assert two.other.name() == "shapes::two.other"
    assert str(two.other._schema) == "shapes::two.other(Tensor x, int n) -> Tensor"
    with pytest.raises(RuntimeError, match="failed to match any schema"):
        two(x, "a")


def test_an_operator_is_the_same_each_time() -> None:
    shapes = library.Library("shapes", "FRAGMENT")
    shapes.define("two.one(Tensor x) -> Tensor")
    two = torch.ops.shapes.two
    assert torch.ops.shapes is torch.ops.shapes and torch.ops.aten is torch.ops.aten
    assert torch.ops.shapes.two is two and two.one is torch.ops.shapes.two.one
    assert two.one.overloadpacket is two and two.one.tags == []
    shapes.define("two.other(Tensor x, int n) -> Tensor")
    assert torch.ops.shapes.two.overloads() == ["one", "other"]
    assert torch.ops.shapes.two.one is two.one
    shapes._destroy()
    assert not hasattr(torch.ops.shapes, "two")


def test_a_default_list_is_of_one_call() -> None:
    def append(x: torch.Tensor, dims: list[int]) -> torch.Tensor:
        dims.append(7)
        return x + len(dims)

    library.define("shapes::append", "(Tensor x, int[] dims=[1, 2]) -> Tensor")
    library.impl("shapes::append", "cpu", append)
    results = [torch.ops.shapes.append(torch.zeros(1)).item() for _ in range(3)]
    assert results == [3, 3, 3]


@pytest.mark.parametrize("text", [")", "(", "a,b", "[", "'", r"\"", "it) -> (", ""])
def test_quoted_text_in_schemas(text: str) -> None:
    for quoted in (f'"{text}"', "'" + text.replace("'", r"\'") + "'"):
        schema = parse(f"f(Tensor x, str s={quoted}, int n=3) -> Tensor")
        assert [argument.name for argument in schema.arguments] == ["x", "s", "n"]
        assert schema.arguments[1].default_value == text.replace("\\", "")


@pytest.mark.parametrize("text", [",", ")", '"', "\\"])
def test_text_as_a_default(text: str) -> None:
    seen: list[str] = []

    def joined(x: torch.Tensor, sep: str = text, n: int = 1) -> torch.Tensor:
        seen.append(sep)
        return x * n

    custom_op("example::joined", joined, mutates_args=())(torch.ones(1), n=2)
    assert seen == [text]


def test_a_function_may_come_before_its_operator() -> None:
    library.Library("shapes", "IMPL").impl("later", lambda x: x + 1, "CPU")
    library.define("shapes::later", "(Tensor x) -> Tensor")
    assert torch.ops.shapes.later(torch.zeros(1)).item() == 1


def _of(kind: Any, returned: Any = torch.Tensor, mutates: Any = (), name: str = "a::b") -> Any:
    def f(x: Any, y: Any) -> Any: ...

    f.__annotations__ = {"x": torch.Tensor, "y": kind, "return": returned}
    return custom_op(name, f, mutates_args=mutates)


@pytest.mark.parametrize(
    "call, error, message",
    [
        *[
            (lambda kind=kind: _of(kind), ValueError, "Parameter y has unsupported type")
            for kind in (
                list, dict, tuple, object, None, tuple[int, int], int | str, list[list[int]],
                complex, list[str], list[int | None], list[torch.Tensor] | None, torch.nn.Parameter,
            )
        ],
        *[
            (lambda kind=kind: _of(int, kind), ValueError, "Return has unsupported type")
            for kind in (list, str, dict, tuple, torch.Tensor | None)
        ],
        (lambda: _of(int, mutates=("z",)), ValueError, "'z'.*were not found in the custom op's"),
        (lambda: _of(int, mutates=("y",)), ValueError, "only Tensors or collections"),
        (lambda: _of(int, mutates="x"), ValueError, "or the string 'unknown', got 'x'"),
        (lambda: _of(int, name="1a::b"), RuntimeError, "a schema is of the kind"),
        (lambda: _of(int, name="prim::b"), ValueError, "reserved namespace"),
        (
            lambda: _of(int, None, ("x",)).register_autograd(lambda ctx, grad: grad),
            RuntimeError, "Cannot register autograd formula for non-functional operator",
        ),
        (lambda: _of(int).register_kernel("xyz", len), RuntimeError, "xyz"),
        (lambda: library.register_autograd("no::no", len), AttributeError, "does not exist"),
        (lambda: library.register_vmap("no::no", len), AttributeError, "does not exist"),
        (lambda: library.register_autocast("no::no", "cpu", None), AttributeError, "not exist"),
        (lambda: library.register_fake("no", len), ValueError, "namespace::name"),
        (lambda: library.register_fake(3, len), ValueError, "unexpected type for op"),
        (lambda: library.define("a::c", "(Tensr x) -> Tensor"), RuntimeError, "unknown type"),
        (lambda: library.define("a::c", "(int x=a) -> ()"), RuntimeError, "the default a"),
        *[
            (lambda text=text: library.define("a::c", text), RuntimeError, message)
            for text, message in (
                ("(Tensor x, int[ y) -> Tensor", "the brackets of the schema .* do not match"),
                ("(Tensor x, int y]) -> Tensor", "the brackets of the schema .* do not match"),
                ("(Tensor x) -> (Tensor, Tensor", "the brackets of the schema .* do not match"),
                ("(Tensor x,) -> Tensor", "a comma with nothing before or behind"),
                ("(Tensor x,, int y) -> Tensor", "a comma with nothing before or behind"),
                ("(Tensor x) -> (Tensor, )", "a comma with nothing before or behind"),
                ('(str s="a) -> Tensor', "the default \"a"),
                ("(int class=1) -> Tensor", "'class' .* is no name of an argument"),
                ("(int 1a=1) -> Tensor", "'1a' .* is no name of an argument"),
            )
        ],
        (lambda: library.Library("a", "IMPL").define("f() -> ()"), RuntimeError, "kind IMPL"),
        (lambda: library.Library("a", "FRAGMENT").define("c::f() -> ()"), RuntimeError, "match"),
        (lambda: library.Library("a", "IMPL").impl("f", 3, "CPU"), TypeError, "to be a callable"),
    ],
)  # fmt: skip
def test_what_is_no_operator_is_refused(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_an_output_is_no_input() -> None:
    @custom_op("example::same", mutates_args=())
    def same(x: torch.Tensor) -> torch.Tensor:
        return x

    with pytest.raises(RuntimeError, match="must not also be an input"):
        same(torch.ones(2))


def test_an_operator_called_name() -> None:
    custom_op("example::name", scale, mutates_args=())
    assert torch.ops.example.name(torch.ones(1)).item() == 2


def test_an_operator_by_its_schema() -> None:
    shape = library.Library("shapes", "FRAGMENT")
    schema = "grown(Tensor x, float by=2.0, *, bool negate=False) -> Tensor"
    assert shape.define(schema) == "grown"
    with pytest.raises(NotImplementedError, match="no function was registered for cpu tensors"):
        torch.ops.shapes.grown(torch.ones(2))
    shape.impl("grown", lambda x, by=2.0, *, negate=False: x * (-by if negate else by), "CPU")
    assert torch.ops.shapes.grown(torch.ones(2), 3.0, negate=True).tolist() == [-3, -3]
    # Without a gradient of its own what it calls is recorded.
    x = torch.ones(2, requires_grad=True)
    torch.ops.shapes.grown(x).sum().backward()
    assert x.grad is not None and x.grad.tolist() == [2.0, 2.0]
    library.register_autograd("shapes::grown", lambda ctx, grad: (grad * 7, None))
    x.grad = None
    torch.ops.shapes.grown(x).sum().backward()
    assert x.grad.tolist() == [7.0, 7.0]
    with pytest.raises(RuntimeError, match="same name and overload name multiple times"):
        shape.define(schema)
    shape._destroy()
    with pytest.raises(AttributeError, match="no attribute 'grown'"):
        _ = torch.ops.shapes.grown


def test_functions_for_devices_and_for_no_memory() -> None:
    library.define("shapes::rows", "(Tensor x, int[] dims, str? mode=None) -> Tensor")
    library.impl("shapes::rows", "cpu", lambda x, dims, mode=None: x.sum(dims))
    library.register_fake("shapes::rows", lambda x, dims, mode=None: x.new_empty(3))
    assert torch.ops.shapes.rows(torch.ones(2, 3), [0]).tolist() == [2, 2, 2]
    assert torch.ops.shapes.rows(torch.ones(2, 3, device="meta"), [0]).shape == (3,)
    library.register_vmap("shapes::rows", lambda info, dims, x, *rest: (x.sum([1]), 0))
    mapped = torch.vmap(lambda x: torch.ops.shapes.rows(x, [0]))(torch.ones(4, 2, 3))
    assert mapped.shape == (4, 3)
    library.register_autocast("shapes::rows", "cpu", torch.bfloat16)
    with torch.autocast("cpu"):
        assert torch.ops.shapes.rows(torch.ones(2, 3), [0]).dtype is torch.bfloat16


@pytest.mark.parametrize(
    "call, error, message",
    [
        (lambda: library.Library("aten", "IMPL"), NotImplementedError, "__torch_function__"),
        (lambda: library.Library("shapes", "SOME"), ValueError, "Unsupported library kind"),
        (lambda: library.define("rows", "() -> ()"), ValueError, "namespace::name"),
        (lambda: library.define("shapes::x", "Tensor"), ValueError, "expected schema to look like"),
        (lambda: library.fallthrough_kernel(), NotImplementedError, "never be called"),
    ],
)
def test_refuses_of_libraries(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_schema_is_inferred() -> None:
    def fused(x: torch.Tensor, n: int, *, sizes: list[int] | None = None) -> None: ...

    assert library.infer_schema(fused, mutates_args={"x"}, op_name="fused") == (
        "fused(Tensor(a0!) x, SymInt n, *, SymInt[]? sizes=None) -> ()"
    )

    def untyped(x: torch.Tensor, y: object) -> torch.Tensor: ...

    with pytest.raises(ValueError, match="Parameter y has unsupported type"):
        library.infer_schema(untyped, mutates_args=())


def test_a_record_of_an_operator_ends_when_its_function_changes() -> None:
    @custom_op("example::recorded", mutates_args=())
    def recorded(x: torch.Tensor) -> torch.Tensor:
        return x * 2

    f = torch.compile(lambda x: recorded(x) + 1)
    assert [f(torch.tensor(float(i))).item() for i in range(4)] == [1, 3, 5, 7]
    assert [call.name for call in f.graph.calls] == ["mul", "add"]
    recorded.register_kernel("cpu", lambda x: x * 3)
    assert [f(torch.tensor(float(i))).item() for i in range(4)] == [1, 4, 7, 10]
