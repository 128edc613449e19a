"""How a sample of each language is run here, and why where it is not."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.conftest import ROOT

PATIENCE: Final = 90  # seconds; a compiler on a busy machine


@dataclass(frozen=True, slots=True)
class Toolchain:
    """`file` is the sample's name, `commands` compile and run it in its folder, `programs` have to be there."""

    file: str
    commands: tuple[tuple[str, ...], ...]
    always: bool = False
    """Whether continuous integration has it; else `make test-samples` runs it where it is installed."""
    rare: str = ""
    """Why it is hardly anywhere; it is run all the same where its programs are."""

    @property
    def missing(self) -> str:
        """Why it cannot be run here: the program that is not installed, or why there is none; else ""."""
        if not self.commands:
            return self.rare
        absent = next((command[0] for command in self.commands if not program(command[0])), "")
        reason = f"{absent} is not installed"
        return absent and (f"{reason}: {self.rare}" if self.rare else reason)


TOOLCHAINS: Final[Mapping[str, Toolchain]] = {
    "curl": Toolchain("sample.sh", (("sh", "sample.sh"),), always=True),
    "javascript": Toolchain("sample.mjs", (("node", "sample.mjs"),), always=True),
    "java": Toolchain("Sample.java", (("java", "-Dfile.encoding=UTF-8", "Sample.java"),)),
    "swift": Toolchain(
        "sample.swift",
        (("swiftc", "sample.swift", "-o", "sample"), ("./sample",)),
        rare="no Debian release before 13 has a Swift compiler",
    ),
    "go": Toolchain("sample.go", (("go", "run", "sample.go"),), always=True),
    "php": Toolchain("sample.php", (("php", "sample.php"),), always=True),
    "python": Toolchain("sample.py", (("python3", "sample.py"),), always=True),
    "c": Toolchain("sample.c", (("cc", "sample.c", "-lcurl", "-o", "sample"), ("./sample",))),
    "csharp": Toolchain(
        "sample.cs", (("mcs", "-r:System.Net.Http.dll", "sample.cs"), ("mono", "sample.exe"))
    ),
    "objc": Toolchain(
        "sample.m", (), rare="NSURLSession with blocks and ARC is there on Apple's systems only"
    ),
    "ruby": Toolchain("sample.rb", (("ruby", "sample.rb"),), always=True),
    "ocaml": Toolchain(
        "sample.ml",
        (
            (
                "ocamlfind",
                "ocamlopt",
                "-thread",
                "-linkpkg",
                "-package",
                "cohttp-lwt-unix",
                "sample.ml",
                "-o",
                "sample",
            ),
            ("./sample",),
        ),
    ),
    "dart": Toolchain(
        "sample.dart",
        (("dart", "run", "sample.dart"),),
        rare="Debian has no Dart, and no package registry carries its compiler",
    ),
    "r": Toolchain("sample.R", (("Rscript", "sample.R"),)),
    "httpx": Toolchain("sample.py", (("python3", "sample.py"),), always=True),
    "openai-python": Toolchain("sample.py", (("python3", "sample.py"),), always=True),
    "openai-node": Toolchain("sample.mjs", (("node", "sample.mjs"),), always=True),
}
"""All languages but HTTP, which is no program."""

_PATH: Final = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"


def program(name: str) -> str | None:
    """Return the path of a program, of this environment first; what a compiler will write counts as there."""
    return name if name.startswith("./") else shutil.which(name, path=_PATH)


def sample_run(toolchain: Toolchain, source: str, folder: Path, environment: Mapping[str, str]) -> str:
    """Compile and run a sample in `folder`; return what it printed."""
    (folder / toolchain.file).write_text(source, encoding="utf-8", newline="")
    (folder / "node_modules").symlink_to(ROOT / "node_modules")
    settings = {"PATH": _PATH, "HOME": str(folder), "LANG": "C.UTF-8", "GO111MODULE": "off", **environment}
    done = None
    for command in toolchain.commands:
        done = subprocess.run(
            [program(command[0]) or command[0], *command[1:]],
            cwd=folder,
            env=settings,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        said = done.stdout.decode("utf-8", "replace") + done.stderr.decode("utf-8", "replace")
        assert done.returncode == 0, f"{' '.join(command)}:\n{said}\n{source[:4000]}"
    assert done is not None
    return done.stdout.decode("utf-8", "replace")
