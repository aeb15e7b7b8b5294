"""Finds, in the code, the usual forms of a query of a case's tables that nothing narrows to what a person may see.

What narrows a query is `visible_to`, `of_centres`, `match_centres`, or a case that the code already has: a relation to
it, or a primary key, which never leaves the server. A query is read within one function: from its manager through the
calls that follow, then through each name that the function gives it. A condition with an OR narrows if both sides do.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import TypeGuard

from django.apps import apps
from django.db.models import Model

from incidents.models import Incident

NARROWING = {"visible_to", "of_centres", "match_centres", "OuterRef", "Prefetch", "in_bulk"}
WRITING = {"bulk_create", "bulk_update"}  # of rows that the code has
NOT_NARROWING = {"exclude", "annotate", "alias"}
KEYS = {"pk", "pk__in"}
MANAGERS = {"objects", "_default_manager", "_base_manager"}
SHORTCUTS = {"get_object_or_404", "get_list_or_404"}  # their first argument is a query, or a model for all its rows
SENT = {"GET", "POST", "query_params"}  # what a stranger chose, a primary key too
METHODS = {
    "all",
    "filter",
    "exclude",
    "get",
    "first",
    "values",
    "values_list",
    "order_by",
    "annotate",
    "count",
    "exists",
}


def list_case_models() -> set[type[Model]]:
    """Return Incident and each model whose rows belong to one, directly or through another."""
    models: set[type[Model]] = set()
    grown: set[type[Model]] = {Incident}
    while grown:
        models |= grown
        grown = {model for model in apps.get_models() if model not in models and list_relations(model, models)}
    return models


def list_relations(model: type[Model], to: set[type[Model]]) -> set[str]:
    return {field.name for field in model._meta.concrete_fields if field.related_model in to}


CASE_MODELS = list_case_models()
MODEL_NAMES = {model.__name__ for model in CASE_MODELS}
RELATIONS = set[str]().union(*(list_relations(model, CASE_MODELS) for model in CASE_MODELS))
RAW_QUERY = re.compile(rf"\b(?:FROM|JOIN|UPDATE) ({'|'.join(model._meta.db_table for model in CASE_MODELS)})\b")
# The managers by which a row that belongs to no case, such as a centre or a group, leads to cases.
REVERSE_MANAGERS = {
    str(field.remote_field.get_accessor_name())
    for model in CASE_MODELS
    for field in model._meta.concrete_fields
    if field.related_model and field.related_model not in CASE_MODELS and not field.remote_field.hidden
}


class ModuleQueries:
    """The queries of one module."""

    def __init__(self, source: str) -> None:
        self.tree = ast.parse(source)
        self.parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}
        # All that a name stands for in a function, or in the module.
        self.values: defaultdict[tuple[ast.AST, str], list[ast.expr]] = defaultdict(list)
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value:
                for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                    if isinstance(target, ast.Name):
                        self.values[self.find_function(node), target.id].append(node.value)

    def list_unnarrowed(self) -> list[int]:
        """Return the lines at which a query begins that nothing narrows. SQL is never narrowed."""
        return sorted(
            node.lineno
            for node in ast.walk(self.tree)
            if isinstance(node, ast.expr | ast.ClassDef)
            if is_sql(node)
            or self.is_open_admin(node)
            or (self.is_manager(node) and not self.is_narrowed(node))
            or (is_shortcut(node) and not self.narrows(node))
        )

    def is_manager(self, node: ast.AST) -> bool:
        """Tell whether a node is the manager of a case model, or that of the cases of a centre, a group or a job."""
        if not isinstance(node, ast.Attribute):
            return False
        if node.attr in MANAGERS:
            return isinstance(node.value, ast.Name) and node.value.id in MODEL_NAMES
        parent = self.parents[node]
        return node.attr in REVERSE_MANAGERS and isinstance(parent, ast.Attribute) and parent.attr in METHODS

    def is_open_admin(self, node: ast.AST) -> bool:
        """Tell whether a node is the admin of a case model and shows rows of the table as Django does, unnarrowed."""
        if not isinstance(node, ast.ClassDef) or not any(map(registers_case_model, node.decorator_list)):
            return False
        inherited = [
            part for part in ast.walk(node) if isinstance(part, ast.Attribute) and part.attr == "get_queryset"
        ]
        own = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "get_queryset"]
        return not own or not all(map(self.is_narrowed, inherited))

    def is_narrowed(self, query: ast.AST) -> bool:
        """Tell whether the calls that follow narrow the query, or those on each name that it is given."""
        chain = list(self.climb(query))
        if any(self.narrows(call) for call in chain if isinstance(call, ast.Call)):
            return True
        parent = self.parents[chain[-1]]
        while isinstance(parent, ast.IfExp):
            parent = self.parents[parent]
        if isinstance(parent, ast.keyword):
            parent = self.parents[parent]
        if isinstance(parent, ast.Call):  # of which the query is an argument: get_object_or_404(query, incident=…)
            return self.narrows(parent)
        if not isinstance(parent, ast.Assign | ast.AnnAssign):
            return False
        target = parent.targets[0] if isinstance(parent, ast.Assign) else parent.target
        uses = list(self.list_uses(target, parent))
        return bool(uses) and all(map(self.is_narrowed, uses))

    def climb(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the node, and each attribute and call that follow it in one expression."""
        yield node
        parent = self.parents[node]
        if isinstance(parent, ast.Attribute) or (isinstance(parent, ast.Call) and parent.func is node):
            yield from self.climb(parent)

    def narrows(self, call: ast.Call) -> bool:
        name = name_function(call)
        if name in NARROWING | WRITING or name in NOT_NARROWING:
            return name not in NOT_NARROWING
        return any(map(is_of_case, call.keywords)) or any(map(self.holds, call.args))

    def holds(self, argument: ast.AST) -> bool:
        """Tell whether an argument is such a condition, contains one, or is a name that was given to one."""
        if isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.BitOr):
            return self.holds(argument.left) and self.holds(argument.right)
        if isinstance(argument, ast.Call) and self.narrows(argument):
            return True
        if isinstance(argument, ast.Name):
            own = self.values[self.find_function(argument), argument.id]
            return any(map(calls_narrowing, own or self.values[self.tree, argument.id]))
        return any(map(self.holds, ast.iter_child_nodes(argument)))

    def find_function(self, node: ast.AST) -> ast.AST:
        """Return the function around a node, or the module."""
        while not isinstance(node, ast.FunctionDef | ast.Module):
            node = self.parents[node]
        return node

    def list_uses(self, target: ast.expr, assignment: ast.stmt) -> Iterator[ast.Name]:
        """Yield where the function of this assignment reads the name afterwards."""
        for node in ast.walk(self.find_function(assignment)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and is_same_name(node, target):
                yield from [node] if node.lineno > (assignment.end_lineno or 0) else []


def is_same_name(node: ast.Name, target: ast.expr) -> bool:
    return isinstance(target, ast.Name) and node.id == target.id


def is_sql(node: ast.AST) -> bool:
    """Tell whether a node is a text of SQL that reads a table of cases."""
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return is_text and bool(RAW_QUERY.search(" ".join(node.value.split())))  # type: ignore[attr-defined]


def is_shortcut(node: ast.AST) -> TypeGuard[ast.Call]:
    """Tell whether a node looks for a row, or for rows, among all those of a case model."""
    if not isinstance(node, ast.Call) or name_function(node) not in SHORTCUTS or not node.args:
        return False
    return isinstance(node.args[0], ast.Name) and node.args[0].id in MODEL_NAMES


def registers_case_model(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and any(
        isinstance(node, ast.Name) and node.id in MODEL_NAMES for node in decorator.args
    )


def calls_narrowing(value: ast.AST) -> bool:
    """Tell whether an expression calls what narrows a query: wherever, but on both sides of an OR."""
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr):
        return calls_narrowing(value.left) and calls_narrowing(value.right)
    if isinstance(value, ast.Call) and name_function(value) in NARROWING:
        return True
    return any(map(calls_narrowing, ast.iter_child_nodes(value)))


def name_function(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def is_of_case(condition: ast.keyword) -> bool:
    """Tell whether a condition such as `evidence__incident__in=…` compares with rows that the code has."""
    name = condition.arg or ""
    if name in KEYS:
        return not any(isinstance(node, ast.Attribute) and node.attr in SENT for node in ast.walk(condition.value))
    return {*name.removesuffix("__in").removesuffix("__pk").removesuffix("_id").split("__")} <= RELATIONS
