"""Jinja templates of a workflow file that others wrote: sandboxed, and bounded in time, size and steps.

The sandbox keeps a template from Python's inside. It does not keep it from running for ever or from filling
the memory, so operations that multiply are measured before they run, and a trace watches the clock.
"""

from __future__ import annotations

import functools
import re
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from types import FrameType
from typing import Any

from graphon.template_rendering import Jinja2TemplateRenderer, TemplateRenderError
from jinja2 import TemplateError
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.nodes import Concat
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from difyflow.run.backends.local.interrupt import Interrupt

MAX_SECONDS = 15.0  # as the worker limit of Dify's sandbox service
_MAX_SIZE = 4_000_000  # characters or items of a value in between; the node's own limit is 400,000
_MAX_NUMBER = 100_000  # of a width, a count, a repetition
_MAX_POWER = 1_000
_WIDTH = re.compile(r"\d{6,}")  # a width or precision of six digits in a format
_FREE_WIDTH = re.compile(r"%[^%a-zA-Z]*\*|\{[^{}]*\{")  # a width that is an argument: `%*d`, `{:{}}`
_SIZED = ("batch", "center", "expandtabs", "indent", "ljust", "rjust", "slice", "zfill")  # grow by a number
_FILE_NAME = "<template>"


class _Generator(CodeGenerator):
    """Sends `a ~ b` through the environment, where its size is measured."""

    def visit_Concat(self, node: Concat, frame: Frame) -> None:  # Jinja's name
        self.write("environment.measured_concat((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _Environment(ImmutableSandboxedEnvironment):
    code_generator_class = _Generator
    intercepted_binops = frozenset(["+", "*", "**", "%"])

    def __init__(self) -> None:
        super().__init__(autoescape=False)
        self.globals["range"] = self._range
        del self.globals["lipsum"]  # makes as much text as it is told to
        self.filters = {name: _measured(function) for name, function in self.filters.items()}

    @staticmethod
    def _range(*bounds: int) -> range:
        numbers = range(*bounds)
        if len(numbers) > _MAX_NUMBER:
            raise SecurityError(f"range of more than {_MAX_NUMBER} items")
        return numbers

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """Joins rendered pieces, up to the limit."""
        return _joined(parts)

    def measured_concat(self, parts: tuple[object, ...]) -> str:
        """`a ~ b`, up to the limit."""
        return _joined(str(part) for part in parts)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401  # Jinja's signature
        """An operator whose result may be large: refused when it would be."""
        _check_operands(operator, left, right)
        result = super().call_binop(context, operator, left, right)
        return _checked(result)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # Jinja's signature
        """A call; of a text's own methods the result is measured."""
        method = getattr(__obj, "__wrapped__", __obj)  # `str.format` comes wrapped by the sandbox
        if isinstance(getattr(method, "__self__", None), str):
            _check_arguments(method.__self__, method.__name__, args, kwargs)
        return _checked(super().call(__context, __obj, *args, **kwargs))


def _joined(parts: Iterable[str]) -> str:
    pieces: list[str] = []
    size = 0
    for part in parts:
        pieces.append(part)
        size += len(part)
        if size > _MAX_SIZE:
            raise SecurityError(f"a text of more than {_MAX_SIZE} characters")
    return "".join(pieces)


def _checked(value: Any) -> Any:  # noqa: ANN401  # whatever a template makes
    if isinstance(value, str | list | tuple) and len(value) > _MAX_SIZE:
        raise SecurityError(f"a value of more than {_MAX_SIZE} characters or items")
    return value


def _check_operands(operator: str, left: object, right: object) -> None:
    if operator == "*":
        for sized, count in ((left, right), (right, left)):
            if isinstance(sized, str | list | tuple) and isinstance(count, int):
                _check_product(len(sized), count)
    elif operator == "**" and isinstance(right, int | float) and abs(right) > _MAX_POWER:
        raise SecurityError(f"a power above {_MAX_POWER}")
    elif operator == "%" and isinstance(left, str):
        _check_format(left, right if isinstance(right, tuple) else (right,))


def _check_product(size: int, count: int) -> None:
    if size * count > _MAX_SIZE:
        raise SecurityError(f"a value of more than {_MAX_SIZE} characters or items")


def _check_arguments(text: str, name: str, args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
    values = (*args, *kwargs.values())
    if name in ("format", "format_map"):
        _check_format(text, values)
    elif name in _SIZED and _has_large_number(values):
        raise SecurityError(f"{name} with a number above {_MAX_NUMBER}")
    elif name == "replace" and len(args) >= 2 and all(isinstance(part, str) for part in args[:2]):
        _check_product(text.count(str(args[0])) + 1, len(str(args[1])))
    elif name == "join" and args and isinstance(args[0], list | tuple):
        _check_product(len(args[0]), len(text))


def _check_format(text: str, values: tuple[object, ...]) -> None:
    if _WIDTH.search(text) or (_FREE_WIDTH.search(text) and _has_large_number(values)):
        raise SecurityError("a format width of six digits")


def _has_large_number(values: Iterable[object]) -> bool:
    return any(isinstance(value, int) and abs(value) > _MAX_NUMBER for value in values)


def _measured(function: Callable[..., Any]) -> Callable[..., Any]:
    """A filter whose numbers and result are measured; Jinja's marks on the function are kept."""
    first = 1 if hasattr(function, "jinja_pass_arg") else 0  # it gets the context or environment before
    name = function.__name__.removeprefix("do_").removeprefix("sync_do_")

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # any filter
        subject, *rest = args[first:]
        _check_arguments(str(subject) if isinstance(subject, str) else "", name, tuple(rest), kwargs)
        return _checked(function(*args, **kwargs))

    return call


class SandboxedTemplates(Jinja2TemplateRenderer):
    """Renders the templates of one run; a missing name renders empty, as on a server."""

    def __init__(self, interrupt: Interrupt, *, max_s: float = MAX_SECONDS) -> None:
        self._interrupt = interrupt
        self._max_s = max_s
        self._environment = _Environment()

    def render_template(self, template: str, variables: Mapping[str, Any]) -> str:
        """The rendered text.

        Raises:
            TemplateRenderError: a fault in the template, or it went beyond a limit.
        """
        before = sys.gettrace()
        try:
            compiled = self._environment.from_string(template)
            sys.settrace(self._watch(time.monotonic() + self._max_s))
            return compiled.render(dict(variables))
        except TemplateError as err:
            raise TemplateRenderError(f"{type(err).__name__}: {err}") from err
        except RecursionError as err:
            raise TemplateRenderError("the template calls itself without end") from err
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, MemoryError) as err:
            raise TemplateRenderError(f"{type(err).__name__}: {err}") from err
        finally:
            sys.settrace(before)

    def _watch(self, deadline: float) -> Callable[[FrameType, str, Any], Any]:
        """A trace function that looks at the clock at every line of a template, and nowhere else."""

        def line(_frame: FrameType, _event: str, _value: object) -> Callable[..., Any]:
            if self._interrupt.fired:
                raise SecurityError("the run was stopped")
            if time.monotonic() > deadline:
                raise SecurityError(f"the template ran for more than {self._max_s:g} s")
            return line

        def enter(frame: FrameType, _event: str, _value: object) -> Callable[..., Any] | None:
            return line if frame.f_code.co_filename == _FILE_NAME else None

        return enter
