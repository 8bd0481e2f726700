import pytest

from difyflow.client.address import base_url, checked_key, shown_key
from difyflow.errors import UsageError


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("https://dify.example.com", "https://dify.example.com/v1"),
        ("https://dify.example.com/", "https://dify.example.com/v1"),
        ("https://dify.example.com/v1", "https://dify.example.com/v1"),
        (" https://dify.example.com/v1// ", "https://dify.example.com/v1"),
        ("https://dify.example.com/v1/workflows/run", "https://dify.example.com/v1"),
        ("http://10.0.0.3:5001/v1/", "http://10.0.0.3:5001/v1"),
        ("http://[::1]:5001", "http://[::1]:5001/v1"),
        ("HTTPS://Dify.Example.com", "https://dify.example.com/v1"),
        ("https://example.com/dify", "https://example.com/dify/v1"),
        ("https://example.com/dify/v1", "https://example.com/dify/v1"),
        ("https://example.com/dify/apps", "https://example.com/dify/v1"),
        ("https://dify.example.com/app/0f7c/workflow?x=1#top", "https://dify.example.com/v1"),
        ("https://dify.example.com/workflow/AbC", "https://dify.example.com/v1"),
        ("https://dify.example.com/signin", "https://dify.example.com/v1"),
        ("https://cloud.dify.ai/apps", "https://api.dify.ai/v1"),
        ("https://api.dify.ai/v1", "https://api.dify.ai/v1"),
    ],
)
def test_an_address_is_taken_as_people_paste_it(given, wanted):
    assert base_url(given) == wanted
    assert base_url(wanted) == wanted


@pytest.mark.parametrize(
    "text", ["", "dify.example.com", "ftp://x/v1", "https://", "http://h:99999", "http://[::1"]
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(UsageError):
        base_url(text)


def test_an_address_with_a_password_is_refused_without_showing_it():
    with pytest.raises(UsageError) as caught:
        base_url("https://me:geheim@dify.example.com/v1")

    assert "geheim" not in str(caught.value) and "dify.example.com" in str(caught.value)


def test_a_key_is_shown_by_its_last_four_characters():
    assert shown_key("app-0123456789abcdefWXYZ") == "...WXYZ"
    assert shown_key("short") == "..."
    assert checked_key(" app-x\n") == "app-x"
