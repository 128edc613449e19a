"""What holds for the whole tree: documents that are complete, files that are valid, layers that hold."""

import ast
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from compose_spec import PyCompose

from playground.environment import VARIABLES

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("upstream", "team", "conversations", "playground")


def tracked() -> list[Path]:
    """Return the files of the repository, those that are new but not ignored included."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [path for name in names if (path := ROOT / name).is_file()]


# Documents


def settings_table() -> dict[str, str]:
    """Return variable → default as the README's table has them."""
    readme = (ROOT / "README.md").read_text("utf-8")
    return {
        name: default.strip().strip("`")
        for name, default in re.findall(r"^\| `([A-Z_]+)` \| (.*?) ?\|", readme, re.M)
    }


def test_the_readme_lists_every_setting_and_no_other() -> None:
    assert sorted(settings_table()) == sorted(VARIABLES)


def test_the_readme_gives_every_plain_default() -> None:
    table = settings_table()
    assert {
        name: table[name] for name, variable in VARIABLES.items() if variable.default
    } == {name: variable.default for name, variable in VARIABLES.items() if variable.default}  # fmt: skip


def test_every_link_between_documents_leads_somewhere() -> None:
    missing = [
        f"{document.name}: {target}"
        for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
        if not (document.parent / target).exists() and not target.startswith("docs/screenshots/")
    ]
    assert missing == []


def test_every_step_of_a_start_that_fails_says_what_to_do() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    told = set(re.findall(r"^(\w+)\)$", (ROOT / "scripts" / "explain").read_text("utf-8"), re.M))
    steps = re.findall(r"^\t@(\S*(?:BIN\)/|with-node|make-venv).*)$", makefile.split("\ntest: ")[0], re.M)
    silent = [
        step for step in steps if not (found := re.search(r"explain (\w+)", step)) or found[1] not in told
    ]
    assert len(steps) >= 6
    assert silent == ["scripts/make-venv $(PYTHON)"], "it speaks for itself"


def test_the_changelog_begins_with_what_is_not_released() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert headings[0] == "Unreleased"


# Deployment files


def compose() -> str:
    """Return the Compose file with its variables filled in as Compose does for somebody who set the required ones."""
    text = (ROOT / "docker-compose.yml").read_text("utf-8")
    text = re.sub(r"\$\{(\w+):-([^}]*)\}", r"\2", text)
    return re.sub(r"\$\{(\w+):\?[^}]*\}", "given", text)


def test_the_compose_file_is_valid_and_refers_to_what_exists() -> None:
    parsed = PyCompose.from_yaml(compose())
    parsed.validate()
    assert set(parsed.service_names()) == {"web", "postgres", "redis", "caddy"}


def test_the_compose_check_would_notice_a_mistake() -> None:
    with pytest.raises(ValueError, match="imagee"):
        PyCompose.from_yaml(compose().replace("image: caddy:2", "imagee: caddy:2"))


def test_the_compose_file_sets_only_variables_that_exist() -> None:
    web = yaml.safe_load(compose())["services"]["web"]
    assert set(web["environment"]) <= set(VARIABLES)
    for service in yaml.safe_load(compose())["services"].values():
        for mount in service.get("volumes", []):
            source = mount.partition(":")[0]
            assert not source.startswith("./") or (ROOT / source).exists()


def test_the_compose_file_opens_only_the_proxy_to_the_outside() -> None:
    services = yaml.safe_load(compose())["services"]
    assert [name for name, service in services.items() if "ports" in service] == ["caddy"]


def test_the_image_runs_without_root_and_copies_only_what_is_there() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    last = dockerfile.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (?!root|0)\w+", last, re.M)
    copies = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.M)
    for source in " ".join(copies).split():
        assert (ROOT / source).exists(), source


# The tree


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    # In the system's folder for temporary files the parent is no path of one machine.
    own = re.escape(str(ROOT if ROOT.parent == Path(tempfile.gettempdir()) else ROOT.parent))
    forbidden = re.compile(rf"{own}/|/root/|/home/\w+/|\blocalhost:\d{{4}}/simple|/simple/?[\"' ]".encode())
    allowed = {"uv.lock", "package-lock.json"}
    found = [
        f"{path.relative_to(ROOT)}: {match[0]!r}"
        for path in tracked()
        if path.name not in allowed and path.suffix not in (".png", ".woff2", ".ico")
        for match in [forbidden.search(path.read_bytes())]
        if match and path != Path(__file__)
    ]
    assert found == []


def test_the_lock_files_name_the_public_registries_only() -> None:
    uv_lock = (ROOT / "uv.lock").read_text("utf-8")
    assert set(re.findall(r'registry = "([^"]+)"', uv_lock)) == {"https://pypi.org/simple"}
    assert set(re.findall(r'url = "https?://([^/"]+)', uv_lock)) == {"files.pythonhosted.org"}
    resolved = re.findall(r'"resolved": "https?://([^/"]+)', (ROOT / "package-lock.json").read_text("utf-8"))
    assert set(resolved) <= {"registry.npmjs.org"}


def python_files(*packages: str) -> Iterator[Path]:
    """Yield the modules of the product, migrations left out."""
    for package in packages:
        yield from (path for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)


def test_modules_and_functions_stay_small() -> None:
    large = []
    for path in python_files(*PACKAGES):
        text = path.read_text("utf-8")
        if len(text.splitlines()) > 400:
            large.append(f"{path.relative_to(ROOT)}: {len(text.splitlines())} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > 50:
                    large.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}: {length} lines")
    assert large == []


def test_only_selectors_and_services_query_models() -> None:
    """`Model.objects` elsewhere would be a second place that decides who may see a row."""
    homes = {"selectors", "services", "models", "admin", "apps", "signals"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in python_files("team", "conversations", "playground")
        if not homes & {part.removesuffix(".py") for part in path.relative_to(ROOT).parts}
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager")
    ]
    assert found == []


def test_services_take_keywords_only() -> None:
    """One value may stand alone; with two, the caller has to name them."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for package in ("team", "conversations")
        for path in (ROOT / package / "services").rglob("*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
        and f'"{node.name}"' in (ROOT / package / "services" / "__init__.py").read_text("utf-8")
        and len(node.args.args) > 1
    ]
    assert found == []


def test_templates_hold_no_script_and_no_style() -> None:
    forbidden = re.compile(
        r"<script(?![^>]*\bsrc=)[^>]*>|<style|\son\w+=|\sstyle=|\|safe\b|javascript:", re.I
    )
    allowed = re.compile(r'<script[^>]*type="(?:application/json|text/plain)"')
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in (ROOT / "templates").rglob("*.html")
        for match in forbidden.finditer(path.read_text("utf-8"))
        if not allowed.match(match[0])
    ]
    assert found == []


# Layers


@pytest.fixture
def copied_tree(tmp_path: Path) -> Path:
    """Return a copy of the packages and their rules, to break."""
    for package in (*PACKAGES, "scripts"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def layers_broken(tree: Path) -> list[str]:
    """Return the names of the rules that import-linter finds broken."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tree, env={"PATH": "", "PYTHONPATH": str(tree)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    broken = re.findall(r"^(.+) BROKEN", done.stdout, re.M)
    assert bool(broken) == bool(done.returncode), done.stdout + done.stderr
    return broken


@pytest.mark.parametrize(
    ("module", "line", "rule"),
    [
        ("upstream/wire/limits.py", "import httpx", "upstream.wire is pure"),
        ("upstream/wire/limits.py", "import upstream.catalog", "upstream.wire is pure"),
        ("upstream/catalog/loader.py", "import aiohttp", "httpx and aiohttp in upstream.client"),
        ("upstream/catalog/loader.py", "import django.db", "upstream knows nothing of Django"),
        ("team/selectors/__init__.py", "import conversations.models", "upstream speaks, team permits"),
        ("team/models.py", "import team.services", "conversations and team"),
        ("playground/journal/base.py", "import playground.runs", "playground: from the server"),
        ("playground/runs.py", "import playground.consumers", "playground: from the server"),
    ],
)
def test_breaking_a_layer_breaks_the_check(copied_tree: Path, module: str, line: str, rule: str) -> None:
    path = copied_tree / module
    path.write_text(f"{path.read_text('utf-8')}\n{line}\n", "utf-8")
    assert any(name.startswith(rule) for name in layers_broken(copied_tree))


def test_the_layers_hold(copied_tree: Path) -> None:
    assert layers_broken(copied_tree) == []
