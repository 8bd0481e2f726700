"""What is built and installed, and the scripts that set it up."""

from __future__ import annotations

import marshal
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from importlib.metadata import distribution, requires, version
from importlib.util import cache_from_source
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import difyflow

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the set-up scripts are for POSIX shells")
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def wheel(root: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    ended = subprocess.run(command, cwd=root, check=False, capture_output=True, text=True, timeout=60)
    assert ended.returncode == 0, ended.stderr
    (file,) = folder.iterdir()
    return zipfile.ZipFile(file)


def _tracked(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_the_package_and_the_templates_and_no_more(
    wheel: zipfile.ZipFile, root: Path
) -> None:
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    wanted = {f"difyflow/{name}" for name in _tracked(root / "difyflow")}
    wanted |= {f"difyflow/_templates/{name}" for name in _tracked(root / "templates")}
    assert names == wanted
    assert "difyflow/py.typed" in names
    assert any(name.startswith("difyflow/_templates/") for name in names)


def test_the_wheel_carries_licence_and_version(wheel: zipfile.ZipFile) -> None:
    folder = f"difyflow-{difyflow.__version__}.dist-info"
    licence = wheel.read(f"{folder}/licenses/LICENSE").decode()
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    metadata = wheel.read(f"{folder}/METADATA").decode()
    assert f"\nVersion: {difyflow.__version__}\n" in metadata
    assert "\nLicense-Expression: Apache-2.0\n" in metadata
    assert "\nRequires-Python: >=3.11\n" in metadata


def test_the_installed_version_is_that_of_the_source() -> None:
    assert version("difyflow") == difyflow.__version__


def test_the_command_is_installed_as_difyflow() -> None:
    (script,) = distribution("difyflow").entry_points.select(group="console_scripts")
    assert (script.name, script.value) == ("difyflow", "difyflow.cli.main:main")


def test_the_engine_is_pinned_and_only_for_the_pythons_it_supports() -> None:
    (engine,) = [Requirement(text) for text in requires("difyflow") or [] if text.startswith("graphon")]
    assert str(engine.specifier) == "==0.8.0"
    assert engine.marker is not None
    wanted = {
        python: engine.marker.evaluate({"python_version": python, "extra": "local"})
        for python in ("3.11", "3.12", "3.13", "3.14")
    }
    assert wanted == {"3.11": False, "3.12": True, "3.13": True, "3.14": False}
    assert not engine.marker.evaluate({"python_version": "3.12", "extra": ""})


def _with_all_it_requires(name: str, seen: set[str]) -> set[str]:
    if canonicalize_name(name) not in seen:
        seen.add(canonicalize_name(name))
        for requirement in map(Requirement, requires(name) or []):
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                _with_all_it_requires(requirement.name, seen)
    return seen


def _installed_bytes(files: Iterable[Path]) -> int:
    """As pip leaves them: every module with its compiled code, whether or not it was imported here."""
    sources = {file.resolve() for file in files if file.is_file() and file.suffix != ".pyc"}
    return sum(file.stat().st_size for file in sources) + sum(
        _compiled_bytes(file) for file in sources if file.suffix == ".py"
    )


def _compiled_bytes(module: Path) -> int:
    cache = Path(cache_from_source(str(module)))
    if cache.is_file():
        return cache.stat().st_size
    return len(marshal.dumps(compile(module.read_bytes(), str(module), "exec")))


def test_the_installed_core_takes_at_most_40_mebibytes(root: Path) -> None:
    names = _with_all_it_requires("difyflow", set())
    assert {"pyyaml", "pydantic", "requests", "click", "rich", "deepdiff"} <= names
    installed = {name: distribution(name) for name in names}
    files = {
        name: [Path(str(one.locate_file(file))) for file in one.files or ()]
        for name, one in installed.items()
    }
    for folder in ("difyflow", "templates"):  # an editable install lists none of its own files
        files["difyflow"] += (root / folder).rglob("*")
    sizes = {name: _installed_bytes(paths) for name, paths in files.items()}
    assert sizes["pydantic-core"] > MEBIBYTE, "the measure does not see what is there"
    assert sum(sizes.values()) <= 40 * MEBIBYTE, sizes


@pytest.mark.local
def test_nothing_is_missing_but_what_is_left_out_by_name(root: Path) -> None:
    listed = (root / "requirements" / "lean.without.txt").read_text().splitlines()
    left_out = {line for line in listed if line and not line.startswith("#")}
    checked = subprocess.run(
        [sys.executable, "-m", "pip", "check"], check=False, capture_output=True, text=True, timeout=60
    )
    complaints = [line for line in checked.stdout.splitlines() if line.startswith(("graphon ", "pandas "))]
    missing = [re.fullmatch(r"\w+ \S+ requires (\S+), which is not installed\.", line) for line in complaints]
    assert all(found and found[1] in left_out for found in missing), checked.stdout
    assert len(complaints) == len(checked.stdout.splitlines()), checked.stdout


LOCKS = ("core.lock", "dev.lock", "lean.lock")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_and_hashes_everything_and_names_no_host(root: Path, name: str) -> None:
    text = (root / "requirements" / name).read_text()
    assert not re.search(r"://|^\s*-", text.replace("    --hash=", ""), re.MULTILINE)
    entries = re.split(r"\n(?=\w)", text[text.index("\n", text.index("make lock")) + 1 :].strip())
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[a-z0-9-]+(\[[a-z,]+\])?==\S+ ", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("core.lock", {""}), ("lean.lock", {"", "local", "documents"}), ("dev.lock", {"", "dev"})],
)
def test_a_lock_fits_what_the_project_asks_for(root: Path, lock: str, extras: set[str]) -> None:
    pins = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (root / "requirements" / lock).read_text(), re.MULTILINE))
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    asked = list(project["dependencies"])
    for extra in extras - {""}:
        asked += project["optional-dependencies"][extra]
    for requirement in map(Requirement, asked):
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin is not None, f"{requirement.name} is not in {lock}: make lock"
        assert requirement.specifier.contains(pin, prereleases=True), f"{requirement} in {lock}: make lock"


def test_the_lean_lock_leaves_the_heavy_packages_out(root: Path) -> None:
    pins = re.findall(r"^([a-z0-9-]+)==", (root / "requirements" / "lean.lock").read_text(), re.MULTILINE)
    assert "graphon" in pins
    assert not {"unstructured", "transformers", "tiktoken", "spacy", "numba", "torch"} & set(pins)


# `find-python` is asked for versions that no machine has, so that only the made-up ones can answer.


def _interpreter(place: Path, name: str, script: str) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    file = place / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return file


def _find(root: Path, path: list[Path], *minors: str, **environment: str) -> subprocess.CompletedProcess[str]:
    tools = Path(shutil.which("cut") or "/usr/bin/cut").parent
    given = {"PATH": ":".join(map(str, [*path, tools, "/usr/bin", "/bin"])), "HOME": "/", **environment}
    return subprocess.run(
        [root / ".ci" / "find-python", *minors],
        env=given,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


def _says(minor: str, answer: str) -> str:
    return f"echo '{minor} {answer}'"


@POSIX
def test_a_python_on_path_is_found(root: Path, tmp_path: Path) -> None:
    _interpreter(tmp_path, "python3.98", _says("3.98", "/real/python3.98"))
    found = _find(root, [tmp_path], "3.97", "3.98")
    assert (found.returncode, found.stdout, found.stderr) == (0, "/real/python3.98\n", "")


@POSIX
def test_a_python_that_does_not_say_its_version_in_its_name_is_found(root: Path, tmp_path: Path) -> None:
    _interpreter(tmp_path, "python", _says("3.98", "/real/python"))
    assert _find(root, [tmp_path], "3.98").stdout == "/real/python\n"


@POSIX
def test_the_first_version_named_is_preferred(root: Path, tmp_path: Path) -> None:
    _interpreter(tmp_path / "a", "python3.98", _says("3.98", "/a"))
    _interpreter(tmp_path / "b", "python3.97", _says("3.97", "/b"))
    assert _find(root, [tmp_path / "a", tmp_path / "b"], "3.97", "3.98").stdout == "/b\n"
    assert _find(root, [tmp_path / "a", tmp_path / "b"], "3.98", "3.97").stdout == "/a\n"


@POSIX
def test_a_shim_that_does_not_work_is_passed_over_for_what_lies_behind_it(root: Path, tmp_path: Path) -> None:
    shims = tmp_path / "my pyenv" / "shims"
    _interpreter(shims, "python3.98", "echo 'pyenv: python3.98: command not found' >&2; exit 127")
    _interpreter(tmp_path / "my pyenv/versions/3.98.1/bin", "python3.98", _says("3.98", "/behind/it"))
    found = _find(root, [shims], "3.98")
    assert (found.returncode, found.stdout, found.stderr) == (0, "/behind/it\n", "")


@POSIX
@pytest.mark.parametrize(
    ("variable", "folder"),
    [
        ("HOME", ".pyenv/versions/3.98.0/bin"),
        ("HOME", ".local/share/uv/python/cpython-3.98/bin"),
        ("HOME", ".asdf/installs/python/3.98/bin"),
        ("HOME", ".local/share/mise/installs/python/3.98/bin"),
        ("HOME", "miniconda3/envs/some env/bin"),
        ("PYENV_ROOT", "versions/3.98.0/bin"),
        ("UV_PYTHON_INSTALL_DIR", "cpython-3.98/bin"),
    ],
)
def test_the_folders_of_version_managers_are_searched(
    root: Path, tmp_path: Path, variable: str, folder: str
) -> None:
    _interpreter(tmp_path / folder, "python3.98", _says("3.98", "/managed"))
    assert _find(root, [], "3.98", **{variable: str(tmp_path)}).stdout == "/managed\n"


@POSIX
def test_a_python_named_outright_is_asked_first(root: Path, tmp_path: Path) -> None:
    _interpreter(tmp_path / "a", "python3.98", _says("3.98", "/a"))
    named = _interpreter(tmp_path / "b c", "my-python", _says("3.98", "/named"))
    found = _find(root, [tmp_path / "a"], "3.98", DIFYFLOW_PYTHON=str(named))
    assert found.stdout == "/named\n"


@POSIX
@pytest.mark.parametrize(
    "script",
    [
        "exit 127",
        _says("3.11", "/old"),
        _says("3.980", "/not/the/same"),
        "echo 'No module named ensurepip' >&2; exit 1",
    ],
)
def test_none_found_is_one_line_that_says_what_to_install(root: Path, tmp_path: Path, script: str) -> None:
    _interpreter(tmp_path, "python3.98", script)
    _interpreter(tmp_path, "python3", _says("3.11", "/old"))
    found = _find(root, [tmp_path], "3.98", "3.97")
    assert (found.returncode, found.stdout) == (1, "")
    assert found.stderr.startswith("Python 3.98 or 3.97 ")
    assert "install" in found.stderr
    assert found.stderr.count("\n") == 1


@POSIX
def test_a_real_python_is_run_and_names_itself(root: Path) -> None:
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = _find(root, [], minor, DIFYFLOW_PYTHON=sys.executable)
    assert found.returncode == 0, found.stderr
    asked = subprocess.run(
        [found.stdout.strip(), "-c", "import sys; print('%d.%d' % sys.version_info[:2], sys.prefix)"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert asked.stdout.split()[0] == minor
    assert Path(asked.stdout.split()[1]) != root / ".venv"


@POSIX
def test_the_set_up_stops_with_that_one_line(root: Path, tmp_path: Path) -> None:
    ended = subprocess.run(
        [root / ".ci" / "set-up", str(tmp_path / "venv"), "3.98", "requirements/core.lock"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "venv").exists()


def test_make_knows_the_readme_commands(root: Path) -> None:
    makefile = (root / "Makefile").read_text()
    for target in ("demo", "test", "test-all", "lint", "clean"):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)
