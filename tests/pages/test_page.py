"""The shell of every page: its policy fits its script and style and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from difyflow.pages._page import page


def only(pattern: str, text: str) -> str:
    """The one place that fits."""
    (found,) = re.findall(pattern, text, re.S)
    return str(found)


def policy(text: str) -> str:
    return only(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text).replace("&#39;", "'")


def digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def test_the_policy_names_the_very_script_and_style_of_the_page() -> None:
    text = page("x", "<p>y</p>", style="p { margin: 0 }", script="'use strict'; /* 语 */")
    style, script = (
        only(r"<style>(.*?)</style>", text),
        only(r"<script>(.*?)</script>", text),
    )
    assert policy(text).split("; ") == [
        "default-src 'none'",
        f"style-src '{digest(style)}'",
        f"script-src '{digest(script)}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_a_page_without_a_script_may_run_none() -> None:
    text = page("x", "y")
    assert "<script" not in text
    assert "script-src 'none'" in policy(text)


def test_the_policy_comes_before_anything_that_it_governs() -> None:
    text = page("x", "y", script="z")
    assert text.index("Content-Security-Policy") < text.index("<style>") < text.index("<script>")


@pytest.mark.parametrize("title", ["</title><script>alert(1)</script>", "", "a & b"])
def test_the_title_is_text(title: str) -> None:
    found = only(r"<title>(.*?)</title>", page(title, ""))
    assert "<" not in found
    assert found
