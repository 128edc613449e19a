"""Two kinds of import rule that import-linter does not bring; pyproject.toml uses them."""

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class StandardLibraryOnly(Contract):
    """`module` and everything below it import the standard library and each other, nothing else."""

    type_name = "standard_library"
    module: Any = fields.StringField()

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every direct import."""
        del verbose
        root = str(self.module)
        found = [
            f"{inside} imports {imported}"
            for inside in sorted({root} | graph.find_descendants(root))
            for imported in sorted(graph.find_modules_directly_imported_by(inside))
            if not _is_below(imported, root) and imported.partition(".")[0] not in sys.stdlib_module_names
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that should not be there."""
        _render(check)


class Reserved(Contract):
    """The external `packages` are imported by `modules` and what is below them, by nobody else."""

    type_name = "reserved"
    packages: Any = fields.SetField(subfield=fields.StringField())
    modules: Any = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        """Look at every module that imports one of the packages."""
        del verbose
        found = [
            f"{importer} imports {package}"
            for package in sorted(map(str, self.packages))
            if package in graph.modules
            for importer in sorted(graph.find_modules_that_directly_import(package))
            if not any(_is_below(importer, str(module)) for module in self.modules)
        ]
        return ContractCheck(kept=not found, metadata={"found": found})

    def render_broken_contract(self, check: ContractCheck) -> None:
        """Name each import that should not be there."""
        _render(check)


def _is_below(module: str, root: str) -> bool:
    return module == root or module.startswith(f"{root}.")


def _render(check: ContractCheck) -> None:
    for line in check.metadata["found"]:
        output.print_error(line, bold=False)
    output.new_line()
