"""Expressions of class probabilities, parsed and never evaluated as code."""

from __future__ import annotations

import ast
import json
import keyword
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from jetlens.core.errors import BadValueError, UnknownNameError


@dataclass(frozen=True)
class _Number:
    """A number a jet; a positive one is kept as its logarithm, too, which cannot underflow."""

    plain: Tensor | None = None
    log: Tensor | None = None

    def value(self) -> Tensor:
        if self.plain is not None:
            return self.plain
        assert self.log is not None
        return self.log.exp()


def parse(text: str, classes: tuple[str, ...]) -> Callable[[Tensor], Tensor]:
    """Parse an expression of class probabilities into a function of the logits ``[jet, class]``.

    Names are the classes' probabilities, in quotes where they are no words (``"H->bb"``); there are
    numbers, ``+ - * /``, brackets, ``log``, ``exp``, ``sqrt`` and ``logit(name)``, the class's
    logit itself.

    Raises
    ------
    BadValueError
        If there is anything else in it; the message says what.
    UnknownNameError
        If a name is none of the classes.
    """
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadValueError(
            f"target {text!r} is neither a class nor an expression such as "
            f"'log({written(classes[0])}/{written(classes[-1])})'; the classes are "
            f"{', '.join(map(written, classes))}"
        ) from error
    _check(tree, text, classes)

    def expression(logits: Tensor) -> Tensor:
        return _walk(tree, logits, classes).value()

    return expression


def written(name: str) -> str:
    """Return a class as an expression names it: in quotes, unless it is a word."""
    word = name.isidentifier() and not keyword.iskeyword(name)
    return name if word else json.dumps(name, ensure_ascii=False)


def _named(node: ast.expr) -> str | None:
    """Return the class that a name or a text in quotes means, None if it is neither."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return None


_FUNCTIONS = ("log", "exp", "sqrt", "logit")
_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)


def _check(node: ast.expr, text: str, classes: tuple[str, ...]) -> None:
    name = _named(node)
    if name is not None:
        if name not in classes:
            known = [written(c) for c in classes]
            raise UnknownNameError(f"class in target {text!r}", name, known)
    elif isinstance(node, ast.Constant):
        if not isinstance(node.value, int | float) or isinstance(node.value, bool):
            raise BadValueError(f"target {text!r}: {node.value!r} is not a number")
    elif isinstance(node, ast.BinOp) and isinstance(node.op, _OPERATORS):
        _check(node.left, text, classes)
        _check(node.right, text, classes)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        _check(node.operand, text, classes)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        if node.func.id not in _FUNCTIONS:
            raise UnknownNameError(f"function in target {text!r}", node.func.id, _FUNCTIONS)
        if len(node.args) != 1 or node.keywords:
            raise BadValueError(f"target {text!r}: {node.func.id} takes one argument")
        if node.func.id == "logit" and _named(node.args[0]) is None:
            raise BadValueError(f"target {text!r}: logit takes a class name")
        _check(node.args[0], text, classes)
    else:
        raise BadValueError(
            f"target {text!r}: {ast.unparse(node)!r} cannot be used; expected class names, "
            "numbers, + - * /, brackets, log, exp, sqrt and logit"
        )


def _walk(node: ast.expr, logits: Tensor, classes: tuple[str, ...]) -> _Number:
    class_name = _named(node)
    if class_name is not None:
        return _Number(log=logits.log_softmax(-1)[:, classes.index(class_name)])
    if isinstance(node, ast.Constant):
        assert isinstance(node.value, int | float)
        number = logits.new_full((len(logits),), float(node.value))
        return _Number(plain=number, log=number.log() if node.value > 0 else None)
    if isinstance(node, ast.UnaryOp):
        inner = _walk(node.operand, logits, classes)
        return inner if isinstance(node.op, ast.UAdd) else _Number(plain=-inner.value())
    if isinstance(node, ast.Call):
        assert isinstance(node.func, ast.Name)
        return _call(node.func.id, node.args[0], logits, classes)
    assert isinstance(node, ast.BinOp)
    left, right = _walk(node.left, logits, classes), _walk(node.right, logits, classes)
    if left.log is not None and right.log is not None:
        if isinstance(node.op, ast.Add):
            return _Number(log=torch.logaddexp(left.log, right.log))
        if isinstance(node.op, ast.Mult):
            return _Number(log=left.log + right.log)
        if isinstance(node.op, ast.Div):
            return _Number(log=left.log - right.log)
    one, other = left.value(), right.value()
    if isinstance(node.op, ast.Add):
        return _Number(plain=one + other)
    if isinstance(node.op, ast.Sub):
        return _Number(plain=one - other)
    if isinstance(node.op, ast.Mult):
        return _Number(plain=one * other)
    return _Number(plain=one / other)


def _call(name: str, argument: ast.expr, logits: Tensor, classes: tuple[str, ...]) -> _Number:
    if name == "logit":
        class_name = _named(argument)
        assert class_name is not None
        return _Number(plain=logits[:, classes.index(class_name)])
    inner = _walk(argument, logits, classes)
    if name == "log":
        return _Number(plain=inner.value().log() if inner.log is None else inner.log)
    if name == "sqrt":
        if inner.log is not None:
            return _Number(log=inner.log / 2)
        return _Number(plain=inner.value().sqrt())
    return _Number(log=inner.value())
