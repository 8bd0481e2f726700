"""What is shown of a text that cannot be read: everything but what looks like a secret."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from difyflow.git.drivers import textconv
from difyflow.git.unreadable import hidden
from difyflow.terms.secrets import is_secret

KEY = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6"

BROKEN = f"""\
app:
  name: x
workflow:
  environment_variables:
  - description: ''
    id: 1
    name: DB
    selector:
    - env
    - DB
    value: hunter two
    value_type: secret
  - name: PEM
    value_type: secret
    value: "first
      second half"
  - name: URL
    value: https://example.com/plain
    value_type: string
  graph: [
    api_key: {KEY}
    "headers": "Authorization: Bearer {KEY}",
    token: 'q8Zk2Lw9Xr4Tn7Vb'
    code: |
      call(api_key="{KEY}", other=1)
      pem = -----BEGIN RSA PRIVATE KEY-----
      MIIEpAIBAAKCAQEA
      -----END RSA PRIVATE KEY-----
      after
"""


def test_secrets_are_masked_and_all_else_stays():
    shown = hidden(BROKEN.encode()).decode()
    for secret in (KEY, "hunter", "first", "second half", "q8Zk2Lw9Xr4Tn7Vb", "MIIE", "BEGIN"):
        assert secret not in shown, shown
    lines, before = shown.split("\n"), BROKEN.split("\n")
    assert len(lines) == len(before)
    same = [one for one, other in zip(lines, before, strict=True) if one == other]
    assert len(before) - len(same) == 10
    assert "    value: https://example.com/plain" in same and "      after" in same
    assert '      call(api_key="(sha256 ' in shown and '", other=1)' in shown


def test_the_text_for_git_is_without_them():
    shown = textconv(BROKEN.encode(), "x.yml", is_secret)
    assert shown.startswith(b"# not read as a Dify document: line ")
    assert shown.endswith(hidden(BROKEN.encode()))


@given(st.text(st.sampled_from("ab-: \n\"'"), max_size=40) | st.binary(max_size=40))
def test_other_texts_are_as_they_were(text):
    data = text.encode() if isinstance(text, str) else text
    assert hidden(data) == data


@pytest.mark.parametrize("line", ["value_type: secret", "- value_type: secret", "- - value_type: secret", ""])
def test_no_text_is_too_odd(line):
    assert hidden(line.encode()) == line.encode()
