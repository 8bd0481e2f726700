import pytest

from difyflow.client.proxies import proxy_for, without_password


def test_the_proxy_is_that_of_the_environment_and_its_password_is_hidden(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://me:geheim@proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "internal.example,127.0.0.1")

    assert proxy_for("https://dify.example.com/v1") == "http://...@proxy.example:3128"
    assert proxy_for("https://internal.example/v1") == ""
    assert proxy_for("http://dify.example.com/v1") == ""


@pytest.mark.parametrize(
    ("url", "shown"),
    [("http://p:1", "http://p:1"), ("u:pw@p:1", "...@p:1"), ("http://a:b@c@p", "http://...@p"), ("", "")],
)
def test_no_password_is_left_in_an_address(url, shown):
    assert without_password(url) == shown
