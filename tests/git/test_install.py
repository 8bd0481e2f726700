"""`difyflow git install` and `uninstall`: what they write, and that nothing of it is left."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from difyflow.cli.main import run
from difyflow.git.install import Places, install, uninstall

NOT_OURS = "services:\n  web: {image: nginx}\n"


def state(*folders):
    """Every file in these folders but git's own objects and logs, with its bytes."""
    found = {}
    for top in folders:
        for folder, names, files in os.walk(top):
            names[:] = [name for name in names if name not in ("objects", "logs", "refs", "hooks")]
            for name in files:
                path = Path(folder) / name
                found[path] = path.read_bytes()
    return found


def installed(repo):
    text = (repo.top / ".gitattributes").read_text(encoding="utf-8")
    return [
        line.removesuffix(" diff=difyflow merge=difyflow")
        for line in text.splitlines()
        if "diff=difyflow" in line
    ]


@pytest.mark.parametrize("where", [[], ["--local"], ["--global"]])
@pytest.mark.parametrize(
    "attributes", [None, b"", b"*.png binary", b"*.png binary\n", b"# caf\xe9\r\n* text=auto\r\n\n\n"]
)
def test_uninstall_leaves_everything_as_it_was(repo, home, dsl, where, attributes):
    repo.commit("one", {"flows/a.yml": dsl()})
    repo.git("config", "alias.d", "diff --stat")
    if attributes is not None:
        (repo.top / ".gitattributes").write_bytes(attributes)
    before = state(repo.top, home)
    assert run(["git", "install", *where]) == 0
    once = state(repo.top, home)
    assert once != before
    assert run(["git", "install", *where]) == 0
    assert state(repo.top, home) == once
    assert repo.git("check-attr", "diff", "flows/a.yml") == "flows/a.yml: diff: difyflow\n"
    assert run(["git", "uninstall", *where]) == 0
    assert state(repo.top, home) == before
    assert run(["git", "uninstall", *where]) == 0
    assert state(repo.top, home) == before


def tree(*tops):
    """Every file, folder and link in these folders, with what is in it and its mode; not git's objects."""
    found = {}
    for top in tops:
        for path in sorted(Path(top).rglob("*")):
            if not {"objects", "logs", "refs", "hooks"} & set(path.parts):
                inside = str(path.readlink()) if path.is_symlink() else path.is_file() and path.read_bytes()
                found[path] = (inside, path.lstat().st_mode)
    return found


TEXTS = st.one_of(
    st.none(),
    st.text(alphabet='ab= \t\r\n[]#;"\\é', max_size=40).map(lambda text: f"# {text.strip()}".encode()),
    st.lists(
        st.sampled_from(("[a]", "\tb = c", "# ours", "; x", "", '[a "b"]\r', '\tb = "#"', "\tb = c # d")),
        max_size=5,
    ).map(lambda lines: "\n".join(["[a]", *lines]).encode()),
    st.sampled_from((b"", b"\n", b"\xef\xbb\xbf[a]\n", b"# caf\xe9", b"[a]\n\tb = c\n\n\n")),
)


@settings(
    max_examples=min(40, settings().max_examples), suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    everywhere=st.booleans(),
    config=TEXTS,
    attributes=TEXTS,
    folders=st.sampled_from(("", "a", "a/difyflow", "a/b/c")),
    where=st.sampled_from((".gitconfig", "a/git/config", "new/deep/config")),
    linked=st.booleans(),
)
def test_install_and_uninstall_leave_files_and_folders_as_they_were(
    tmp_path_factory, everywhere, config, attributes, folders, where, linked
):
    top, home = tmp_path_factory.mktemp("repo"), tmp_path_factory.mktemp("home")
    (top / ".git").mkdir()
    (home / folders).mkdir(parents=True, exist_ok=True)
    places = Places(
        driver=home / "a/difyflow/git-driver" if everywhere else top / ".git/difyflow/driver",
        settings=home / where if everywhere else top / ".git/config",
        attributes=top / ".gitattributes",
        conflicts=top / ".git/difyflow/conflicts",
        is_global=everywhere,
    )
    for path, data in ((places.settings, config), (places.attributes, attributes)):
        if data is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            real = path.with_name("linked") if linked else path
            real.write_bytes(data)
            if linked:
                path.symlink_to(real.name)
    before = tree(top, home)
    install(places, None)
    install(places, None)
    assert tree(top, home) != before
    uninstall(places)
    assert tree(top, home) == before


@pytest.mark.parametrize("config", [None, b"# mine\n[alias]\n\td = diff"])
def test_a_home_without_a_folder_for_settings_has_none_afterwards(repo, home, dsl, config, monkeypatch):
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(home / "new/git/config"))
    if config is not None:
        (home / "new/git").mkdir(parents=True)
        (home / "new/git/config").write_bytes(config)
    repo.write({"flows/a.yml": dsl()})
    before = tree(home)
    assert run(["git", "install", "--global"]) == 0
    assert (home / ".config/difyflow/git-driver").is_file()
    assert run(["git", "uninstall", "--global"]) == 0
    assert tree(home) == before


@pytest.mark.parametrize("again", [False, True])
def test_what_an_earlier_version_installed_goes_too(repo, dsl, again):
    repo.commit("one", {"flows/a.yml": dsl()})
    before = tree(repo.top)
    assert run(["git", "install"]) == 0
    driver = repo.top / ".git/difyflow/driver"
    lines = driver.read_text(encoding="utf-8").splitlines(keepends=True)
    driver.write_text("".join(lines[:-1]), encoding="utf-8")
    if again:
        assert run(["git", "install"]) == 0
    assert run(["git", "uninstall"]) == 0
    assert tree(repo.top) == before


@pytest.mark.long
def test_reports_of_all_work_trees_go(repo, dsl, tmp_path):
    repo.commit("one", {"flows/a.yml": dsl()})
    repo.git("worktree", "add", "-q", str(tmp_path / "second"))
    before = tree(repo.top)
    assert run(["git", "install"]) == 0
    report = repo.top / ".git/worktrees/second/difyflow/conflicts/flows/a.yml.md"
    report.parent.mkdir(parents=True)
    report.write_bytes(b"x")
    assert run(["git", "uninstall"]) == 0
    assert tree(repo.top) == before


def test_what_others_write_in_between_stays(repo, dsl):
    repo.commit("one", {"a.yml": dsl(), ".gitattributes": "*.png binary\n"})
    assert run(["git", "install"]) == 0
    repo.git("config", "user.nickname", "x")
    with (repo.top / ".gitattributes").open("a", encoding="utf-8") as file:
        file.write("*.jpg binary\n")
    assert run(["git", "install"]) == 0
    assert run(["git", "uninstall"]) == 0
    assert (repo.top / ".gitattributes").read_text(encoding="utf-8") == "*.png binary\n*.jpg binary\n"
    assert repo.git("config", "user.nickname") == "x\n"
    assert "difyflow" not in (repo.top / ".git/config").read_text(encoding="utf-8")


def test_files_and_folders_that_hold_documents_are_named_and_nothing_wider(repo, dsl):
    repo.write(
        {
            "root.yml": dsl(),
            "docker-compose.yml": NOT_OURS,
            "only/a.yml": dsl(),
            "only/b.yaml": dsl(),
            "mixed/a b.yml": dsl(),
            "mixed/ci.yml": NOT_OURS,
            "odd [x]*/问.yml": dsl(),
            "ignored/a.yml": dsl(),
            ".gitignore": "ignored/\n",
        }
    )
    repo.git("add", "only", "mixed")  # the rest is untracked
    assert run(["git", "install"]) == 0
    assert installed(repo) == [
        "/root.yml",
        '"/mixed/a b.yml"',
        '"/odd \\\\[x\\\\]\\\\*/*.yml"',
        "/only/*.yaml",
        "/only/*.yml",
    ]
    for name in ("root.yml", "only/new.yml", "mixed/a b.yml", "odd [x]*/问.yml"):
        assert repo.git("-c", "core.quotePath=false", "check-attr", "diff", name).endswith(": difyflow\n"), (
            name
        )
    for name in ("docker-compose.yml", "mixed/ci.yml", "ignored/a.yml", "other/a.yml", "odd x/问.yml"):
        assert repo.git("check-attr", "diff", name).endswith(": unspecified\n"), name


def test_a_pattern_is_added_and_stays(repo, dsl):
    repo.commit("one", {"a.yml": dsl()})
    assert run(["git", "install", "--path", "flows/**/*.yml"]) == 0
    assert run(["git", "install", "--path", "more/*.yml"]) == 0
    assert run(["git", "install"]) == 0
    assert installed(repo) == ["flows/**/*.yml", "more/*.yml", "/a.yml"]


@pytest.mark.parametrize(
    "glob", ["*.yml", "*", "**/*.yml", "/*.yaml", "**", "/**/*.yml", "", " ", "!x", "a\nb"]
)
def test_a_pattern_for_everything_is_refused(repo, home, glob, capsys):
    before = state(repo.top, home)
    assert run(["git", "install", "--path", glob]) == 2
    assert "--path" in capsys.readouterr().err
    assert state(repo.top, home) == before


def test_nothing_of_this_machine_is_in_the_attributes(repo, dsl):
    repo.commit("one", {"flows/a.yml": dsl()})
    assert run(["git", "install"]) == 0
    text = (repo.top / ".gitattributes").read_text(encoding="utf-8")
    for place in (str(repo.top), sys.prefix, str(Path.home())):
        assert place not in text
    assert str(repo.top) not in (repo.top / ".git/config").read_text(encoding="utf-8")


@pytest.mark.long
def test_a_repository_may_be_moved(repo, tmp_path, dsl):
    repo.commit("one", {"flows/a.yml": dsl()})
    assert run(["git", "install"]) == 0
    os.chdir(tmp_path)
    shutil.move(repo.top, tmp_path / "moved")
    (tmp_path / "moved/flows/a.yml").write_text(dsl(number=2), encoding="utf-8")
    assert repo.git("diff", cwd=tmp_path / "moved").startswith("difyflow flows/a.yml\n")


@pytest.mark.long
def test_global_settings_serve_every_repository(make_repo, home, dsl, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert run(["git", "install", "--global"]) == 0
    one = make_repo("one")
    monkeypatch.chdir(one.top)
    one.commit("one", {"flows/a.yml": dsl()})
    assert run(["git", "install", "--global"]) == 0
    one.write({"flows/a.yml": dsl(number=2)})
    assert one.git("diff").startswith("difyflow flows/a.yml\n")
    assert "difyflow" not in (one.top / ".git/config").read_text(encoding="utf-8")
    assert (home / ".config/difyflow/git-driver").is_file()


def test_a_locked_config_is_said_and_left_alone(repo, dsl, capsys):
    repo.commit("one", {"a.yml": dsl()})
    (repo.top / ".git/config.lock").write_bytes(b"")
    before = (repo.top / ".git/config").read_bytes()
    assert run(["git", "install"]) == 2
    assert "config.lock" in capsys.readouterr().err
    assert (repo.top / ".git/config").read_bytes() == before


def test_what_cannot_be_read_is_said_before_anything_is_written(repo, dsl, capsys):
    repo.commit("one", {"a.yml": dsl()})
    (repo.top / ".gitattributes").mkdir()
    before = state(repo.top)
    assert run(["git", "install"]) == 2
    assert ".gitattributes: cannot be read" in capsys.readouterr().err
    assert state(repo.top) == before


@pytest.mark.usefixtures("home")
def test_outside_a_repository_that_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["git", "install"]) == 2
    assert "lies in no git repository" in capsys.readouterr().err
    assert run(["git", "uninstall"]) == 2


def test_both_places_at_once_are_refused(repo, capsys):
    assert run(["git", "install", "--global", "--local"]) == 2
    assert "leave one out" in capsys.readouterr().err
    assert not (repo.top / ".gitattributes").exists()
