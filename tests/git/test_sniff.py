"""Which files may be documents: the same answer in Python and in the shell script that git calls."""

from __future__ import annotations

import os
import re
import subprocess

import pytest

from difyflow.dsl.reader import read
from difyflow.errors import ReadError
from difyflow.git.sniff import may_be_dsl

CASES = [
    (b"app: {}\nworkflow: {}\n", True),
    (b"app:\n  name: x\nkind: app\n", True),
    (b"\xef\xbb\xbfapp:\n  name: x\nmodel_config: {}\n", True),
    (b"\"app\": {}\n'workflow': {}\n", True),
    (b"workflow:\n  x: 1\napp :\n  x: 1\n", True),
    (b"rag_pipeline: {}\nkind: rag_pipeline\n", True),
    (b"# a comment\r\napp:\r\n  x: 1\r\nkind: app\r\n", True),
    (b"app: x\n", False),
    (b" app: x\n workflow: y\n", False),
    (b"application: x\nworkflow: y\n", False),
    (b"services:\n  app: 1\nkind: x\n", False),
    (b"#app:\nworkflow:\n", False),
    (b"", False),
    (b"\x00\xff\xfe", False),
]


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_python_and_the_shell_agree(root, tmp_path, data, expected):
    file = tmp_path / "x.yml"
    file.write_bytes(data)
    assert may_be_dsl(data) is expected
    script = (root / "difyflow/git/driver.sh").read_text(encoding="utf-8")
    question = re.search(r"^is_dsl\(\) \{.*?^\}", script, re.MULTILINE | re.DOTALL).group()
    done = subprocess.run(
        ["sh", "-c", f'{question}\nis_dsl "$1"', "sh", str(file)], env=os.environ, check=False
    )
    assert (done.returncode == 0) is expected


def test_every_document_of_the_corpus_passes(corpus_dir):
    passed = 0
    for file in sorted((corpus_dir / "dsl").glob("*.yml"))[::40]:
        try:
            app = read(file.read_bytes())
        except ReadError:
            continue
        assert may_be_dsl(file.read_bytes()), file.name
        assert may_be_dsl(app.render().encode()), file.name
        passed += 1
    assert passed > 5
