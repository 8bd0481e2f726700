"""What git shows with our drivers, in real repositories."""

from __future__ import annotations

import os
import subprocess

import pytest

from difyflow.cli.main import run

PLAIN = "".join(f"line {number}: x\n" for number in range(40))


@pytest.fixture
def ready(repo, dsl):
    """A repository with drivers and two documents."""
    repo.commit("one", {"flows/a.yml": dsl(), "flows/b.yml": dsl(name="b")})
    assert run(["git", "install"]) == 0
    repo.commit("drivers")
    return repo


@pytest.fixture
def broken(home):
    """A `difyflow` on the PATH that says so when it is called."""
    command = home / "bin" / "difyflow"
    command.write_text("#!/bin/sh\necho 'Python was started' >&2\nexit 99\n", encoding="utf-8")
    return command


def test_git_diff_speaks_of_nodes(ready, dsl):
    ready.write({"flows/a.yml": dsl(number=2, x=999)})
    shown = ready.git("diff")
    assert shown.startswith("difyflow flows/a.yml\n--- a/flows/a.yml\n+++ b/flows/a.yml\n")
    assert '"Count" (code b)' in shown
    assert "x: 999" not in shown


@pytest.mark.long
def test_git_log_and_show_speak_of_nodes_when_asked(ready, dsl):
    ready.write({"flows/a.yml": dsl(number=2, x=999)})
    shown = ready.git("diff")
    ready.commit("two")
    assert ready.git("show", "--ext-diff", "--format=") == shown
    assert ready.git("log", "-p", "-1", "--ext-diff", "--format=").lstrip() == shown


@pytest.mark.long
def test_git_log_show_and_blame_have_a_line_per_field(ready, dsl):
    ready.commit("two", {"flows/a.yml": dsl(number=2, x=999)})
    shown = ready.git("show", "--format=")
    assert '-    | return {"n": 1}\n+    | return {"n": 2}\n' in shown
    assert "node Count (code b)" in shown
    assert "999" not in shown
    assert ready.git("log", "-p", "-1", "--format=").lstrip() == shown
    blamed = ready.git("blame", "-s", "flows/a.yml").splitlines()
    two = ready.git("rev-parse", "--short=8", "HEAD").strip()
    assert [line.split(")", 1)[1] for line in blamed if line.startswith(two)] == ['     | return {"n": 2}']


@pytest.mark.long
def test_layout_alone_is_one_line(ready, dsl):
    ready.write({"flows/a.yml": dsl(x=999)})
    assert ready.git("diff").endswith("\nLayout: 1 node moved\n")
    ready.commit("two")
    assert "@@" not in ready.git("show", "--format=")


@pytest.mark.long
def test_secrets_are_shown_nowhere(ready, dsl):
    def with_secret(value):
        variable = f"  environment_variables:\n  - name: KEY\n    value: {value}\n    value_type: secret\n"
        return dsl().replace("workflow:\n", f"workflow:\n{variable}")

    ready.commit("two", {"flows/a.yml": with_secret("hunter2-first")})
    ready.write({"flows/a.yml": with_secret("hunter2-second")})
    for shown in (ready.git("diff"), ready.git("show", "--format="), ready.git("blame", "flows/a.yml")):
        assert "hunter2" not in shown
    assert "sha256" in ready.git("diff")


# --- files that are no documents: git's own output, and no Python ---


def both(repo, *arguments):
    """What git prints with our attributes, and without them."""
    with_ours = repo.run(*arguments)
    file = repo.top / ".gitattributes"
    text = file.read_bytes()
    file.write_bytes(b"")
    repo.git("update-index", "-q", "--assume-unchanged", ".gitattributes")
    without = repo.run(*arguments)
    file.write_bytes(text)
    repo.git("update-index", "-q", "--no-assume-unchanged", ".gitattributes")
    return with_ours, without


def outputs(done):
    return done.returncode, done.stdout, done.stderr


OPTIONS = (
    [], ["-w"], ["-U1"], ["--unified=0"], ["--word-diff"], ["--color=always"], ["--full-index"],
    ["--no-prefix"], ["--stat"], ["-M"], ["--binary"], ["-R"], ["--histogram", "-b"], ["HEAD"], ["--cached"],
    ["--ws-error-highlight=all", "--color"], ["--line-prefix=* |"], ["--output-indicator-new=>"],
    ["--word-diff-regex=[^ ]*"], ["-Iline thirty"], ["-I", "thirty"], ["--ignore-matching-lines", "line  20"],
    ["--anchored=line 3: x"], ["--patience", "--anchored", "line 3: x"], ["--color=always", "--color-moved"],
    ["--color=always", "--color-moved=dimmed-zebra", "--color-moved-ws=ignore-all-space"],
    ["--color-words=."], ["-W"], ["--function-context"], ["--diff-algorithm", "minimal"], ["-B"], ["-D"],
    ["-p", "--stat"], ["--patch-with-raw"], ["--summary", "-p"], ["--ignore-space-at-eol"], ["--numstat"],
    ["--no-indent-heuristic"], ["--inter-hunk-context", "20"], ["--src-prefix", "old side/"], ["--shortstat"],
    ["--name-status"], ["--compact-summary"], ["--dirstat"], ["--ignore-blank-lines"],
)  # fmt: skip


@pytest.fixture
def odd(ready):
    """Files of all sorts that are no documents, changed in the work tree."""
    ready.commit(
        "two",
        {
            "flows/text.yml": PLAIN,
            "flows/gone.yml": PLAIN + "gone\n",
            "flows/moved from.yml": PLAIN + "moved\n",
            "flows/run.yml": "#!/bin/sh\n",
            "flows/问.yml": "a\n",
            "flows/crlf.yml": "a\r\nb\r\n",
            "flows/no-end.yml": "a\nb",
            "flows/empty.yml": "",
            "flows/data.yml": bytes(range(256)),
        },
    )
    (ready.top / "flows/link.yml").symlink_to("text.yml")
    ready.commit("link")
    (ready.top / "flows/gone.yml").unlink()
    (ready.top / "flows/run.yml").chmod(0o755)
    (ready.top / "flows/link.yml").unlink()
    (ready.top / "flows/link.yml").symlink_to("gone.yml")
    ready.git("mv", "flows/moved from.yml", "flows/moved to.yml")
    ready.write(
        {
            "flows/text.yml": PLAIN.replace("line 20: x", "line  20: x").replace("line 30", "line thirty"),
            "flows/moved to.yml": PLAIN + "moved!\n",
            "flows/问.yml": "b\n",
            "flows/crlf.yml": "a\r\nc\r\n",
            "flows/no-end.yml": "a\nc",
            "flows/empty.yml": "now\n",
            "flows/data.yml": bytes(reversed(range(256))),
            "flows/new.yml": "new\n",
        }
    )
    ready.git("add", "-N", "flows/new.yml")
    return ready


FEW = ("flows/text.yml", "flows/no-end.yml", "flows/moved from.yml", "flows/moved to.yml")


def compare_with_git(repo, options, paths):
    ours, theirs = both(repo, "diff", *options, *([] if options == ["HEAD"] else ["--"]), *paths)
    assert outputs(ours) == outputs(theirs), options
    assert "Python" not in ours.stderr
    assert ours.stdout


@pytest.mark.usefixtures("broken")
def test_a_file_that_is_no_document_gets_gits_own_output(odd):
    compare_with_git(odd, [], ["flows"])


@pytest.mark.long
@pytest.mark.usefixtures("broken")
def test_so_it_does_with_every_option(odd):
    for options in OPTIONS:
        compare_with_git(odd, options, ["flows"] if options == ["HEAD"] else FEW)


@pytest.mark.long
@pytest.mark.usefixtures("broken")
def test_so_it_does_with_gits_settings(odd):
    for setting in ("diff.mnemonicPrefix=true", "diff.noprefix=true", "core.autocrlf=true", "diff.context=1"):
        for options in ([], ["HEAD"], ["--cached"], ["HEAD~1", "HEAD"], ["HEAD~1..HEAD"], ["-R"]):
            ours, theirs = both(odd, "-c", setting, "diff", *options, "--", *FEW, "flows/crlf.yml")
            # not what it warns of: of line ends git does so once more when it gives a file to a driver
            assert (ours.returncode, ours.stdout) == (theirs.returncode, theirs.stdout), (setting, options)


@pytest.mark.long
@pytest.mark.usefixtures("broken")
def test_in_the_log_it_gets_gits_own_output_too(ready):
    ready.commit("two", {"flows/text.yml": PLAIN, "flows/crlf.yml": "a\r\n", "flows/no-end.yml": "a"})
    ready.commit("three", {"flows/text.yml": PLAIN * 2, "flows/crlf.yml": "b\r\n", "flows/no-end.yml": "b"})
    for arguments in (["log", "-p", "-2"], ["show"], ["blame", "flows/text.yml"], ["show", "--ext-diff"]):
        ours, theirs = both(ready, *arguments)
        assert outputs(ours) == outputs(theirs)


@pytest.mark.long
@pytest.mark.usefixtures("broken")
def test_a_submodule_that_is_matched_is_gits_own_affair(ready, make_repo):
    other = make_repo("other")
    other.commit("one", {"x.txt": "1\n"})
    ready.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.top), "flows/sub.yml")
    ready.commit("two")
    ready.write({"flows/sub.yml/x.txt": "2\n"})
    ready.git("-c", "user.name=Ann", "commit", "-qam", "in it", cwd=ready.top / "flows/sub.yml")
    ours, theirs = both(ready, "diff")
    assert outputs(ours) == outputs(theirs)
    assert "Subproject commit" in ours.stdout


# --- documents that cannot be read, or come and go ---


@pytest.mark.long
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("app: [\nworkflow: {\n", "not valid YAML"),
        ("<<<<<<< HEAD\napp: {}\n=======\nkind: app\n>>>>>>> x\nworkflow: {}\n", "conflict markers"),
        ("app: {}\nworkflow: {}\n" + "\x00", ""),
    ],
)
def test_a_side_that_cannot_be_read_is_said_and_git_shows_it_itself(ready, text, says):
    ready.write({"flows/a.yml": text})
    done = ready.run("diff")
    assert done.returncode == 0
    assert done.stdout.startswith("diff --git a/flows/a.yml b/flows/a.yml\n")
    assert says in done.stderr
    ready.commit("two")
    assert ready.run("show").returncode == 0
    assert ready.run("blame", "flows/a.yml").returncode == 0


@pytest.mark.long
def test_a_document_that_comes_goes_or_moves_is_shown(ready, dsl):
    ready.git("mv", "flows/a.yml", "flows/c.yml")
    ready.write({"flows/c.yml": dsl(number=2), "flows/new.yml": dsl(name="new").replace("id: b", "id: c")})
    ready.git("add", "-A")
    shown = ready.git("diff", "--cached", "-M", "--", "flows/a.yml", "flows/c.yml")
    assert shown.startswith("difyflow flows/a.yml -> flows/c.yml\n--- a/flows/a.yml\n+++ b/flows/c.yml\n")
    assert "--- /dev/null\n+++ b/flows/new.yml\n" in ready.git("diff", "--cached", "--", "flows/new.yml")
    ready.git("commit", "-qm", "two")
    ready.git("rm", "-q", "flows/b.yml")
    assert "--- a/flows/b.yml\n+++ /dev/null\n" in ready.git("diff", "--cached")


@pytest.mark.long
def test_without_difyflow_git_goes_on_by_itself(ready, home, dsl):
    (home / "bin/difyflow").unlink()
    driver = ready.top / ".git/difyflow/driver"
    lines = driver.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line if not line.startswith("python=") else "python='/gone/python'\n" for line in lines]
    driver.write_text("".join(kept), encoding="utf-8")
    ready.write({"flows/a.yml": dsl(number=2)})
    done = ready.run("diff", PATH="/usr/local/bin:/usr/bin:/bin")
    assert done.returncode == 0
    assert '-          return {"n": 1}' in done.stdout
    assert "difyflow git install" in done.stderr
    driver.unlink()
    driver.parent.rmdir()
    assert ready.run("diff", "--no-ext-diff", "--no-textconv").returncode == 0


@pytest.mark.long
def test_the_interpreter_serves_where_no_difyflow_is_on_the_path(ready, home, dsl):
    (home / "bin/difyflow").unlink()
    ready.write({"flows/a.yml": dsl(number=2)})
    assert ready.git("diff", PATH="/usr/local/bin:/usr/bin:/bin").startswith("difyflow flows/a.yml\n")
    (home / "bin/difyflow").write_text(
        "#!/gone/python\n", encoding="utf-8"
    )  # of an environment that was moved
    (home / "bin/difyflow").chmod(0o755)
    assert ready.run("diff").stdout.startswith("difyflow flows/a.yml\n")


def test_a_clone_without_drivers_has_gits_own_output(ready, tmp_path, dsl):
    ready.git("clone", "-q", str(ready.top), str(tmp_path / "clone"))
    (tmp_path / "clone/flows/a.yml").write_text(dsl(number=2), encoding="utf-8")
    done = ready.run("diff", cwd=tmp_path / "clone")
    assert (done.returncode, done.stderr) == (0, "")
    assert '+          return {"n": 2}' in done.stdout


@pytest.mark.long
def test_git_difftool_shows_the_same(ready, dsl):
    ready.write({"flows/a.yml": dsl(number=2)})
    shown = ready.git("difftool", "--no-prompt", "--tool=difyflow")
    assert '"Count" (code b)' in shown


@pytest.mark.long
def test_git_difftool_shows_whole_folders_file_by_file(ready, dsl):
    ready.commit("two", {"flows/text.yml": "old\n", "flows/gone.yml": dsl(name="gone")})
    (ready.top / "flows/gone.yml").unlink()
    ready.write(
        {"flows/a.yml": dsl(number=2), "flows/text.yml": "new\n", "flows/in/né w.yml": dsl(name="new")}
    )
    ready.git("add", "-A")
    shown = ready.git("difftool", "--dir-diff", "--no-prompt", "--tool=difyflow", "HEAD")
    assert '"Count" (code b)' in shown and "-old\n+new\n" in shown
    assert "- gone" in shown and "+ new" in shown and "né w.yml" in shown
    assert "120000" not in shown  # as links to the work tree are shown
    assert {line[:2] for line in ready.git("status", "--short", "--no-renames").splitlines()} == {
        "M ", "D ", "A "
    }  # fmt: skip


@pytest.mark.long
def test_other_work_trees_have_the_drivers_too(ready, tmp_path, dsl):
    ready.git("worktree", "add", "-q", str(tmp_path / "other"))
    (tmp_path / "other/flows/a.yml").write_text(dsl(number=2), encoding="utf-8")
    assert ready.git("diff", cwd=tmp_path / "other").startswith("difyflow flows/a.yml\n")
    assert ready.git("diff", cwd=tmp_path / "other/flows").startswith("difyflow flows/a.yml\n")


@pytest.mark.long
def test_colour_is_gits_choice(ready, dsl):
    ready.write({"flows/a.yml": dsl(number=2)})
    assert "\x1b[" not in ready.git("diff")
    assert "\x1b[" in ready.git("-c", "color.diff=always", "diff")
    assert "\x1b[" in ready.git("diff", "--color=always")
    assert "\x1b[" not in ready.git("-c", "color.diff=always", "diff", "--no-color")
    assert os.environ.get("GIT_PAGER_IN_USE") is None


@pytest.mark.long
def test_what_git_reads_itself_stays_a_patch(ready, dsl, tmp_path):
    """`add -p`, `format-patch`, `apply`, `am`: whoever needs a patch gets one."""
    ready.write({"flows/a.yml": dsl(number=2)})
    done = subprocess.run(
        ["git", "add", "-p"], cwd=ready.top, input="y\n", capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    assert ready.git("show", ":flows/a.yml") == dsl(number=2)
    ready.git("commit", "-qm", "two")
    patch = tmp_path / "p.patch"
    patch.write_text(ready.git("format-patch", "-1", "--stdout"), encoding="utf-8")
    other = tmp_path / "q.patch"
    other.write_text(ready.git("diff", "--no-ext-diff", "--no-textconv", "HEAD~1"), encoding="utf-8")
    ready.git("reset", "-q", "--hard", "HEAD~1")
    ready.git("am", "-q", str(patch))
    assert (ready.top / "flows/a.yml").read_text(encoding="utf-8") == dsl(number=2)
    ready.git("reset", "-q", "--hard", "HEAD~1")
    ready.git("apply", str(other))
    assert (ready.top / "flows/a.yml").read_text(encoding="utf-8") == dsl(number=2)
    ready.git("stash", "-q")
    assert "difyflow flows/a.yml" in ready.git("stash", "show", "-p", "--ext-diff")


@pytest.mark.long
def test_a_reader_who_has_seen_enough_is_no_fault(ready, dsl):
    """As when a pager is left: git says nothing then, so nor do we."""
    files = {f"flows/f{number}.yml": dsl(name=f"n{number}") for number in range(3)}
    ready.commit("two", {**files, "flows/text.yml": PLAIN})
    ready.write({name: dsl(name="n", number=7) + "# c\n" * 400 for name in files})
    ready.write({"flows/text.yml": PLAIN * 400, "flows/a.yml": "app: [\nworkflow:\n" + PLAIN * 400})
    for options in ([], ["--no-ext-diff"]):
        done = subprocess.run(
            ["sh", "-c", 'git diff "$@" | head -n 1', "sh", *options],
            cwd=ready.top,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert "died" not in done.stderr and "Traceback" not in done.stderr, done.stderr


@pytest.mark.long
def test_a_search_in_history_looks_at_the_lines_that_are_shown_or_at_the_bytes(ready, dsl):
    ready.commit("two", {"flows/a.yml": dsl(title="Sought")})
    assert ready.git("log", "--format=%s", "-Snode Sought").split() == ["two"]
    assert ready.git("log", "--format=%s", "-Stitle: Sought") == ""
    assert ready.git("log", "--format=%s", "--no-textconv", "-Stitle: Sought").split() == ["two"]
    assert ready.git("grep", "-c", "title: Sought") == "flows/a.yml:1\n"


@pytest.mark.long
def test_what_scripts_read_is_of_bytes(ready, dsl):
    """Plumbing, patch ids and merges in memory see no driver of ours but the merge driver."""
    ready.git("checkout", "-q", "-b", "work")
    ready.commit("theirs", {"flows/a.yml": dsl(number=2)})
    ready.git("checkout", "-q", "main")
    ready.commit("ours", {"flows/a.yml": dsl(title="Sum")})
    for arguments in (["diff-tree", "-p", "work"], ["format-patch", "--stdout", "-1", "work"]):
        assert '-          return {"n": 1}' in ready.git(*arguments)
    assert ready.git("cherry", "main", "work").startswith("+ ")
    tree = ready.git("merge-tree", "--write-tree", "main", "work").strip()
    assert ready.git("show", f"{tree}:flows/a.yml") == dsl(title="Sum", number=2)
    shown = ready.git("range-diff", "main~1..main", "work~1..work", "--creation-factor=100")
    assert "node Count (code b)" in shown


@pytest.mark.long
def test_revert_and_a_mailed_patch_merge_by_nodes_and_an_unfinished_merge_shows_lines(ready, dsl, tmp_path):
    ready.commit("two", {"flows/a.yml": dsl(number=2)})
    mail = tmp_path / "mail.patch"
    mail.write_text(ready.git("format-patch", "--stdout", "-1"), encoding="utf-8")
    ready.commit("three", {"flows/a.yml": dsl(number=2, title="Sum")})
    ready.git("revert", "--no-edit", "HEAD~1")
    assert ready.git("show", ":flows/a.yml") == dsl(title="Sum")
    ready.commit("far", {"flows/a.yml": dsl(title="Sum").replace("variables: []", "variables:  []")})
    ready.git("am", "-q", "-3", str(mail))
    assert 'return {"n": 2}' in ready.git("show", ":flows/a.yml")
    ready.git("checkout", "-q", "-b", "work", "HEAD~1")
    ready.commit("theirs", {"flows/a.yml": dsl(title="Sum", number=9)})
    assert ready.run("merge", "main").returncode == 1
    ready.write({"flows/a.yml": dsl(title="Sum", number=11)})
    shown = ready.git("diff")
    assert shown.startswith("diff --cc flows/a.yml\n") and '++    | return {"n": 11}' in shown
