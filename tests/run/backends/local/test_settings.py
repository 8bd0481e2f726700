"""The config file with endpoints by model."""

from __future__ import annotations

from typing import Any

import pytest

from difyflow.errors import UsageError
from difyflow.run.backends.local.settings import ModelConfig, ModelRule, Settings

TOML = (
    '[models."siliconflow/Qwen/Qwen2.5-7B-Instruct"]\nbase_url = "http://127.0.0.1:8000/v1"\nkey_env = "K"\n'
)
YAML = """
models:
  siliconflow/Qwen/Qwen2.5-7B-Instruct:
    base_url: http://127.0.0.1:8000/v1
    key_env: K
"""


@pytest.mark.parametrize(("name", "text"), [("m.toml", TOML), ("m.yaml", YAML)])
def test_a_config_file_is_read(tmp_path: Any, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    rule = ModelRule(base_url="http://127.0.0.1:8000/v1", key_env="K")
    assert ModelConfig.read(path).rules == {"siliconflow/Qwen/Qwen2.5-7B-Instruct": rule}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a mapping `models`"),
        ("models = 1", "a mapping `models`"),
        ("[models]\nx = 1", "models.x: needs a mapping"),
        ('[models.x]\nurl = "http://a"', "models.x.url: texts named base_url, key_env, model"),
        ("[models.x]\nbase_url = 1", "models.x.base_url: texts"),
        ("[models", "cannot read the model config"),
    ],
)
def test_a_config_file_of_another_shape_is_refused(tmp_path: Any, text: str, words: str) -> None:
    path = tmp_path / "m.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words) as caught:
        ModelConfig.read(path)
    assert caught.value.path == str(path)


def test_a_missing_config_file_is_refused(tmp_path: Any) -> None:
    with pytest.raises(UsageError, match="cannot read the model config"):
        ModelConfig.read(tmp_path / "none.toml")


def test_settings_do_not_show_keys() -> None:
    shown = repr(Settings(environ={"K": "sk-1"}, code_key="sk-2", environment_variables={"T": "sk-3"}))
    assert "sk-" not in shown
