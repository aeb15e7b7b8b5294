"""Figures of the code itself, printed by `make figures`: which folders, files and functions are the largest, which
names are defined more than once, and how many files each recipe takes. `tests/test_consistency.py` fails when a
folder, a file, a function or the number of these names exceeds its limit below, and ruff when a function is too
complex.
"""

import ast
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import monotonic

ROOT = Path(__file__).resolve().parents[1]
APPS = ["core", "collectivities", "csirts", "accounts", "incidents", "notifications", "stats", "retention", "config"]
LONG_FUNCTION, LONG_FILE, CROWDED_FOLDER, CROWDED_TESTS, MOST_SHARED_NAMES, SHOWN = 30, 400, 20, 41, 9, 20
SHORT_TEST = "tests/accounts/test_answer_for_centres.py"
COMPLEX = re.compile(r"^(.+?):\d+:\d+: C901 `(\w+)` is too complex \((\d+) > 0\)$", re.MULTILINE)
RECIPE = re.compile(r"^\| \[(\d+\. [^]]+)\]\([^)]+\) \| ([^|]+) \|", re.MULTILINE)


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
    return {name: paths for name, paths in modules.items() if len(paths) > 1}


def measure_complexity() -> list[tuple[str, int]]:
    """Return each function as (path:name, cyclomatic complexity), as ruff measures it."""
    options = ["--select=C901", "--ignore-noqa", "--config=lint.mccabe.max-complexity=0", "--output-format=concise"]
    command = [sys.executable, "-m", "ruff", "check", *options, *APPS]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stdout
    return [(f"{path}:{name}", int(complexity)) for path, name, complexity in COMPLEX.findall(output)]


def list_recipe_sizes() -> list[tuple[str, str]]:
    """Return each recipe with the files that it takes, in the words of the table of docs/recipes.md."""
    return RECIPE.findall((ROOT / "docs/recipes.md").read_text())


def describe_house() -> list[str]:
    sources = [path for app in APPS for path in list_sources(app)]
    tests = list_sources("tests")
    return [
        *(f"{app}: {count_lines(list_sources(app))} lines" for app in APPS),
        f"source without migrations: {count_lines(sources)} lines; tests: {count_lines(tests)} lines",
        *describe_folders(sources),
        *describe_lengths(sources, tests),
        *describe_complexity(),
        *describe_shared_names(sources),
        "files of each recipe:",
        *(f"  {recipe}: {files}" for recipe, files in list_recipe_sizes()),
    ]


def measure_clone() -> float:
    """Return the seconds from `git clone` of this repository to the end of one green file of tests."""
    with TemporaryDirectory() as folder:
        start = monotonic()
        subprocess.run(["git", "clone", "--quiet", ROOT, folder], check=True)
        environment = {name: value for name, value in os.environ.items() if name != "MAKEFLAGS"}
        subprocess.run(["make", "test", f"ARGS={SHORT_TEST}"], cwd=folder, env=environment, check=True)
        return monotonic() - start


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


def describe_complexity() -> list[str]:
    functions = measure_complexity()
    highest = max(complexity for _name, complexity in functions)
    return [
        f"highest complexity of a function: {highest}",
        *(f"  {name}" for name, complexity in functions if complexity == highest),
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
    if "--clone" in sys.argv:
        sys.stdout.write(f"seconds from a clone to one green file of tests: {measure_clone():.0f}\n")
