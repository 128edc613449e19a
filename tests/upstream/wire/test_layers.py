"""The wire imports the standard library only: it is values in, values out, without a clock or a socket."""

import ast
import sys
from pathlib import Path

import pytest

import upstream.wire

MODULES = sorted(Path(upstream.wire.__path__[0]).glob("*.py"))
IMPURE = {"asyncio", "socket", "time", "random", "threading", "subprocess", "os", "pathlib"}


def imported(module: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return names


@pytest.mark.parametrize("module", MODULES, ids=[module.stem for module in MODULES])
def test_a_wire_module_imports_the_standard_library_and_the_wire_only(module: Path) -> None:
    for name in imported(module):
        root = name.split(".")[0]
        assert root in sys.stdlib_module_names or name.startswith("upstream.wire"), name
        assert root not in IMPURE, name


@pytest.mark.parametrize("module", MODULES, ids=[module.stem for module in MODULES])
def test_a_wire_module_has_at_most_400_lines(module: Path) -> None:
    assert len(module.read_text().splitlines()) <= 400
