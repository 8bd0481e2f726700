"""From the provider in the file to an address and a key."""

from __future__ import annotations

from typing import Any

import pytest

from difyflow.errors import UsageError
from difyflow.run.backends.local.providers import PROVIDERS, Endpoint, find_endpoint, provider_name
from difyflow.run.backends.local.settings import ModelConfig, ModelRule, Settings


def find(provider: str, **settings: Any) -> Endpoint:
    found = find_endpoint(provider, "m", Settings(**settings))
    assert isinstance(found, Endpoint), found
    return found


@pytest.mark.parametrize("spelling", ["siliconflow", "langgenius/siliconflow/siliconflow", " SiliconFlow "])
def test_old_and_plugin_spelling_are_the_same_provider(spelling: str) -> None:
    assert provider_name(spelling) == "siliconflow"
    found = find(spelling, environ={"SILICONFLOW_API_KEY": "k"})
    assert (found.base_url, found.key, found.model) == ("https://api.siliconflow.cn/v1", "k", "m")


def test_plugins_that_are_named_otherwise_are_known() -> None:
    assert provider_name("langgenius/gemini/google") == provider_name("gemini") == "google"


@pytest.mark.parametrize("provider", ["ollama", "xinference", "localai"])
def test_servers_of_ones_own_need_no_key(provider: str) -> None:
    assert (find(provider).key, find(provider).base_url[:17]) == ("", "http://localhost:")


def test_every_other_provider_has_an_address_and_a_key_variable() -> None:
    for name, rule in PROVIDERS.items():
        assert rule.base_url is not None, name
        remote = not rule.base_url.startswith("http://localhost")
        assert rule.base_url.startswith("https://") is remote, name
        assert bool(rule.key_env) is remote, name


def test_the_endpoint_of_the_command_line_goes_before_everything() -> None:
    config = ModelConfig(rules={"openai": ModelRule(base_url="https://config.example/v1", model="other")})
    environ = {"OPENAI_API_KEY": "theirs", "DIFYFLOW_MODEL_KEY": "ours"}
    found = find("openai", model_endpoint="https://here.example/v1", models=config, environ=environ)
    assert (found.base_url, found.key, found.model) == ("https://here.example/v1", "ours", "other")


def test_a_providers_key_is_not_sent_to_another_address() -> None:
    config = ModelConfig(rules={"openai": ModelRule(base_url="https://mirror.example/v1")})
    assert find("openai", models=config, environ={"OPENAI_API_KEY": "k"}).key == ""
    named = ModelConfig(
        rules={"openai": ModelRule(base_url="https://mirror.example/v1", key_env="OPENAI_API_KEY")}
    )
    assert find("openai", models=named, environ={"OPENAI_API_KEY": "k"}).key == "k"


def test_the_closest_rule_of_a_config_file_counts() -> None:
    rules = {
        "*": ModelRule(base_url="http://any.example/v1"),
        "tongyi": ModelRule(base_url="http://tongyi.example/v1"),
        "tongyi/m": ModelRule(base_url="http://m.example/v1"),
    }
    models = ModelConfig(rules=rules)
    assert find("tongyi", models=models).base_url == "http://m.example/v1"
    del rules["tongyi/m"]
    assert find("tongyi", models=models).base_url == "http://tongyi.example/v1"
    assert find("acme", models=models).base_url == "http://any.example/v1"


def test_demo_needs_nothing_and_says_so() -> None:
    found = find("openai", model_endpoint="demo")
    assert (found.is_demo, found.model) == (True, "demo")


@pytest.mark.parametrize("key", ["钥匙", "two words", "a\nb"])
def test_what_cannot_be_a_key_is_not_sent(key: str) -> None:
    with pytest.raises(UsageError, match="OPENAI_API_KEY holds no key"):
        find("openai", environ={"OPENAI_API_KEY": key})
    assert find("openai", environ={"OPENAI_API_KEY": " sk-1\n"}).key == "sk-1"


def test_an_endpoint_does_not_show_what_is_secret() -> None:
    found = Endpoint(base_url="https://u:p@h.example/v1?k=s", model="m", key="sk-1", key_env="K")
    assert found.address == "https://h.example/v1"
    assert repr(found) == "Endpoint('m' at https://h.example/v1)"
