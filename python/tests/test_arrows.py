# SPDX-License-Identifier: GPL-2.0-or-later
"""Modules of the package import each other one way only, imports inside functions included."""

from __future__ import annotations

import ast
import graphlib
import os

import mlgrain

ROOT = os.path.dirname(mlgrain.__file__)


def modules():
    """{dotted name: path} of every module of the package."""
    found = {}
    for folder, _, files in os.walk(ROOT):
        for file in files:
            if file.endswith(".py"):
                path = os.path.join(folder, file)
                words = os.path.relpath(path, os.path.dirname(ROOT))[:-3].split(os.sep)
                found[".".join(words[:-1] if words[-1] == "__init__" else words)] = path
    return found


def imported(name, path, known):
    """Names of the package's modules that one imports."""
    package = name if path.endswith("__init__.py") else name.rpartition(".")[0]
    with open(path, encoding="utf-8") as file:
        tree = ast.parse(file.read())
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[:len(package.split(".")) - node.level + 1]
                base = ".".join([*above, base]).rstrip(".")
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield whole if whole in known else base
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_no_rings():
    known = modules()
    assert {"mlgrain", "mlgrain.cli", "mlgrain.models.forest"} <= set(known)
    arrows = {name: {other for other in imported(name, path, known) if other in known} - {name}
              for name, path in known.items()}
    assert "mlgrain.errors" in arrows["mlgrain.models.forest"]
    graphlib.TopologicalSorter(arrows).prepare()  # raises CycleError, which names the ring
