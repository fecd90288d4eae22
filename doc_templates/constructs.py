"""Which Jinja a template may hold, and whether its variables are exactly the fields of its context model.

Allowed are fields, loops over list fields, conditions on fields and lists, and the filters `lines`, `whole` and
`length`; a call, an assignment, an import or an attribute that is no field is a fault. Checked again whenever a
template is loaded, because a template author could otherwise run code as the worker (reliability.md §0 item 6).
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Union, get_args, get_origin

import jinja2
from jinja2 import nodes

from models.documents import CONTEXT_OF
from models.enums import DocumentKind
from models.paper import DocumentContext
from models.shape import Shape

_ALLOWED = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Getattr,
    nodes.For,
    nodes.If,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Const,
    nodes.Compare,
    nodes.Operand,
    nodes.Filter,
)
_FILTERS = frozenset({"lines", "whole", "length"})
_LOOP = frozenset({"index", "first", "last", "length"})
_PARSER = jinja2.Environment(autoescape=True)


def fields_of(model: type[Shape], path: str = "") -> Iterator[str]:
    """Leaf fields as paths: `number`, `seal.code`, `slots[].label`; those that are kept and not printed are none."""
    unprinted = model.UNPRINTED if issubclass(model, DocumentContext) else frozenset()
    for name, info in model.model_fields.items():
        if name in unprinted:
            continue
        inner, many = _shape(info.annotation)
        here = f"{path}{name}" + ("[]" if many else "")
        if inner is None:
            yield here
        else:
            yield from fields_of(inner, here + ".")


def check(kind: DocumentKind, sources: dict[str, str]) -> list[str]:
    """Faults of the templated parts (name → patched Jinja source): forbidden, unknown and unused."""
    walker = _Walker(CONTEXT_OF[kind])
    for name, source in sources.items():
        try:
            walker.part(name, _PARSER.parse(source))
        except jinja2.TemplateSyntaxError as error:
            walker.faults.append(f"{name}: 语法错误 · syntax: {error.message}")
    unused = set(fields_of(CONTEXT_OF[kind])) - walker.used
    faults = walker.faults + [f"变量未使用 · field is not used: {path}" for path in sorted(unused)]
    return list(dict.fromkeys(faults))


class _Walker:
    """Follows names through loops, so that `slot.code` is known to be `slots[].code`."""

    def __init__(self, model: type[Shape]) -> None:
        self._fields = frozenset(fields_of(model))
        self.used: set[str] = set()
        self.faults: list[str] = []
        self._part = ""

    def part(self, name: str, tree: nodes.Template) -> None:
        self._part = name
        self._block(tree.body, {})

    def _fault(self, node: nodes.Node, text: str) -> None:
        self.faults.append(f"{self._part}: {text}")

    def _block(self, body: list[nodes.Node], scope: dict[str, str]) -> None:
        for node in body:
            self._node(node, scope)

    def _node(self, node: nodes.Node, scope: dict[str, str]) -> None:
        if not isinstance(node, _ALLOWED):
            self._fault(node, f"不允许的语句 · forbidden: {type(node).__name__}")
            return
        if isinstance(node, nodes.For):
            self._for(node, scope)
        elif isinstance(node, nodes.If):
            self._condition(node.test, scope)
            self._block([*node.body, *node.elif_, *node.else_], scope)
        elif isinstance(node, nodes.Filter):
            self._filter(node, scope)
        elif isinstance(node, nodes.Name | nodes.Getattr):
            self._reference(node, scope)
        else:
            self._block(list(node.iter_child_nodes()), scope)

    def _condition(self, node: nodes.Node, scope: dict[str, str]) -> None:
        """The test of an {% if %}: besides fields it may name a list, which is false when it is empty."""
        if isinstance(node, nodes.And | nodes.Or):
            self._condition(node.left, scope)
            self._condition(node.right, scope)
        elif isinstance(node, nodes.Not):
            self._condition(node.node, scope)
        elif not (isinstance(node, nodes.Name | nodes.Getattr) and self._is_list(self._path(node, scope))):
            self._node(node, scope)

    def _is_list(self, path: str | None) -> bool:
        return path is not None and any(field.startswith(f"{path}[]") for field in self._fields)

    def _filter(self, node: nodes.Filter, scope: dict[str, str]) -> None:
        if node.name not in _FILTERS or node.args or node.kwargs or node.node is None:
            self._fault(node, f"不允许的过滤器 · forbidden filter: {node.name}")
            return
        if node.name != "length" or not self._is_list(self._path(node.node, scope)):
            self._node(node.node, scope)

    def _for(self, node: nodes.For, scope: dict[str, str]) -> None:
        if node.recursive or node.test is not None or node.else_ or not isinstance(node.target, nodes.Name):
            self._fault(node, "不允许的循环 · forbidden loop")
            return
        if isinstance(node.iter, nodes.Filter):
            self._filter(node.iter, scope)
            inner = {**scope, node.target.name: ""}
        else:
            path = self._path(node.iter, scope)
            if not self._is_list(path):
                self._fault(node, f"循环对象不是列表 · not a list field: {path}")
                return
            inner = {**scope, node.target.name: f"{path}[]"}
        self._block(node.body, inner)

    def _path(self, node: nodes.Node, scope: dict[str, str]) -> str | None:
        if isinstance(node, nodes.Name):
            return scope.get(node.name, node.name)
        if isinstance(node, nodes.Getattr):
            head = self._path(node.node, scope)
            return None if head is None else f"{head}.{node.attr}"
        return None

    def _reference(self, node: nodes.Name | nodes.Getattr, scope: dict[str, str]) -> None:
        path = self._path(node, scope)
        if path is None:
            self._fault(node, "不允许的表达式 · forbidden expression")
        elif (path.startswith("loop.") and path[5:] in _LOOP) or path == "":
            return
        elif path in self._fields:
            self.used.add(path)
        else:
            self._fault(node, f"未知变量 · unknown variable: {path}")


def _shape(annotation: object) -> tuple[type[Shape] | None, bool]:
    """(nested model, is a list) of a field's type."""
    if get_origin(annotation) is list:
        inner, _ = _shape(get_args(annotation)[0])
        return inner, True
    if get_origin(annotation) in (Union, types.UnionType):
        return None, False
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return annotation, False
    return None, False
