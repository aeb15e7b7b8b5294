"""Figures of the code itself: `python -m tests.measure_house`. They show which folders, files and functions are too
large; nothing fails.
"""

import ast
import sys
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
APPS = ["core", "collectivities", "csirts", "accounts", "incidents", "notifications", "stats", "config"]
LONG_FUNCTION, LONG_FILE, CROWDED_FOLDER, SHOWN = 30, 400, 20, 20


def list_sources(folder: str) -> list[Path]:
    return [path for path in (ROOT / folder).rglob("*.py") if "migrations" not in path.parts]


def count_lines(paths: list[Path]) -> int:
    return sum(len(path.read_text().splitlines()) for path in paths)


def list_functions(paths: list[Path]) -> list[tuple[str, int]]:
    """Return each function as (path:name, number of lines)."""
    return [
        (f"{path.relative_to(ROOT)}:{node.name}", (node.end_lineno or node.lineno) - node.lineno + 1)
        for path in paths
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]


def find_shared_names(paths: list[Path]) -> dict[str, set[Path]]:
    """Return the public functions and classes that several modules define at their top level, with these modules."""
    modules: defaultdict[str, set[Path]] = defaultdict(set)
    for path in paths:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                modules[node.name].add(path)
    return {name: found for name, found in modules.items() if len(found) > 1}


def describe_house() -> list[str]:
    sources = [path for app in APPS for path in list_sources(app)]
    tests = list_sources("tests")
    return [
        *(f"{app}: {count_lines(list_sources(app))} lines" for app in APPS),
        f"source without migrations: {count_lines(sources)} lines; tests: {count_lines(tests)} lines",
        *describe_folders(sources),
        *describe_lengths(sources, tests),
        *describe_shared_names(sources),
    ]


def describe_folders(sources: list[Path]) -> list[str]:
    folders = Counter(path.parent for path in sources if path.name != "__init__.py")
    crowded = [
        f"{folder.relative_to(ROOT)} {count}" for folder, count in folders.most_common() if count > CROWDED_FOLDER
    ]
    return [
        f"modules a folder: median {median(folders.values()):g}, largest {max(folders.values())}",
        f"folders of more than {CROWDED_FOLDER} modules: {', '.join(crowded) or 'none'}",
    ]


def describe_lengths(sources: list[Path], tests: list[Path]) -> list[str]:
    functions = list_functions(sources)
    files = [path for path in [*sources, *tests] if count_lines([path]) > LONG_FILE]
    return [
        f"functions: {len(functions)}, median {median(length for _name, length in functions):g} lines",
        *(f"  {name}: {length} lines" for name, length in functions if length > LONG_FUNCTION),
        *(f"  {path.relative_to(ROOT)}: {count_lines([path])} lines" for path in files),
    ]


def describe_shared_names(sources: list[Path]) -> list[str]:
    shared = find_shared_names(sources)
    most = sorted(shared, key=lambda name: -len(shared[name]))[:SHOWN]
    return [
        f"names that several modules define: {len(shared)}",
        *(f"  {name}: {len(shared[name])}" for name in most),
    ]


if __name__ == "__main__":
    sys.stdout.write("\n".join([*describe_house(), ""]))
