"""Which line has the first comment."""

import pytest

from difyflow.dsl import _yaml


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\n", None),
        ("# x\na: 1\n", 1),
        ("a: 1 # x\n", 1),
        ("a: '# x'\nb: \"y # z\"\nc: x#y\n", None),
        ("a: |\n  # not one\n  x\nb: >-\n  # y\n", None),
        ("a: |\n  # not one\n# one\nb: 1\n", 3),
        ("a: | # one\n  x\n", 1),
        ("a: [1, # one\n 2]\n", 1),
        ("a:\n  - {b: c} # one\n", 2),
        ("a: x\n  # one\nb: y # z\n", 2),
        ("a: &x '#'\nb: *x\nc: *x # one\n", 3),
        ("'#': '#'\n'a #b': c\n", None),
        ("a: 'x\n  # y'\n\nb:\n# one", 5),
        ("a: x\r\nb: |\r\n  # y\r\n# one\r\n", 4),
    ],
)
def test_a_sign_in_a_text_is_no_comment(text, line):
    assert _yaml.first_comment(_yaml.compose(text, name="x")) == line
