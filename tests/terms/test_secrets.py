"""What is taken for a secret, and above all what is not. No real key stands here: they are put together."""

from __future__ import annotations

import pytest

from difyflow.terms.secrets import find_secrets, is_secret, is_secret_name, looks_real

RANDOM = "q7Zp2LmX9vRt4KwB8nYsQ3jH6dFc"
HEX = "9f86d081884c7d659a2feaa0c55ad015"


def _key(start: str, length: int) -> str:
    return start + (RANDOM * 8)[:length]


@pytest.mark.parametrize(
    "key",
    [
        _key("sk-", 48),
        _key("sk-" + "proj-", 80),
        _key("sk-" + "ant-api03-", 90),
        "AK" + "IA" + "Q7ZP2LMX9VRT4KWB",
        "LT" + "AI" + RANDOM[:20],
        "AI" + "za" + (RANDOM * 2)[:35],
        _key("gh" + "p_", 36),
        _key("github" + "_pat_", 60),
        _key("gl" + "pat-", 20),
        "xox" + "b-" + "2847561930-" + RANDOM[:24],
        _key("hf" + "_", 34),
        _key("tv" + "ly-", 32),
        "app" + "-" + RANDOM[:24],
        "dataset" + "-" + RANDOM[:24],
        "eyJ" + RANDOM + ".eyJ" + RANDOM + "." + RANDOM,
        "-----BEGIN RSA PRIVATE" + " KEY-----",
        "https://hooks.slack" + ".com/services/T02QX8ZP1/B05LM9RT3/" + RANDOM[:24],
        "https://oapi.dingtalk.com/robot/send" + "?access_token=" + HEX + HEX,
    ],
)
def test_well_known_shapes_are_found_in_any_text(key: str) -> None:
    (found,) = find_secrets(f"Use this: {key} and tell nobody.")
    assert found.what


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (f"Content-Type: application/json\nAuthorization: Bearer {RANDOM}", "headers"),
        (f"x-api-key:{HEX}", "headers"),
        (f"api_key = '{RANDOM}'", "code"),
        (f'{{"client_secret": "{RANDOM}"}}', "body"),
        (f"requests.get(url, headers={{'Authorization': 'Bearer {RANDOM}'}})", "code"),
        (f"https://api.example.com/v1?api_key={HEX}&q=1", ""),
        (f"postgres://admin:{RANDOM[:14]}@db.internal:5432/app", ""),
    ],
)
def test_values_under_a_telling_name_are_found(text: str, place: str) -> None:
    (found,) = find_secrets(text, place=place)
    assert text[found.start : found.end] in (RANDOM, HEX, RANDOM[:14])


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", ""),
        ("sk-your-api-key-goes-here-please-1", ""),
        ("sk-1234567890abcdef1234567890abcdef", ""),
        ("app-xxxxxxxxxxxxxxxxxxxxxxxx", ""),
        ("Authorization: Bearer {{#env.API_KEY#}}", "headers"),
        ("Authorization: Bearer YOUR_API_KEY", "headers"),
        ("Authorization: Bearer <token>", "headers"),
        ("Authorization:{{#env.TOKEN#}}\nContent-Type:application/json", "headers"),
        ("api_key = os.environ['API_KEY']", "code"),
        ("api_key = 'your-api-key-here'", "code"),
        ("password = 'changeme'", "code"),
        ("token = 'none of your business'", "code"),
        ("secret = get_secret('name')", "code"),
        ("def main(api_key: str, token: str):\n    return {'result': api_key}", "code"),
        ("https://user:password@example.com/x", ""),
        ("https://api.example.com/v1?api_key={{#env.KEY#}}", ""),
        ("The password must have 8 characters and a digit.", ""),
        ("task-a1b2c3d4e5f6a7b8c9d0e1f2", ""),
        ("risk-assessment-for-the-second-quarter", ""),
        ("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAUA", ""),
        ("langgenius/openai:0.0.7@" + HEX * 2, ""),
        ("token: string\nkey: value", "code"),
        ("密钥: 请填写您的密钥", ""),
    ],
)
def test_placeholders_references_and_words_are_none(text: str, place: str) -> None:
    assert find_secrets(text, place=place) == ()


def test_a_long_text_costs_time_in_proportion() -> None:
    for text in (
        "a" * 50_000,
        "api_" * 12_000,
        "sk-" * 15_000,
        "?key=" * 10_000,
        "://a:" * 10_000,
        "\n " * 20_000,
    ):
        for place in ("", "headers", "code"):
            assert find_secrets(text, place=place) == ()


@pytest.mark.parametrize(
    ("path", "value", "wanted"),
    [
        (("workflow", "environment_variables", 0, "value"), RANDOM, True),
        (("workflow", "environment_variables", 0, "value"), "production", False),
        (("workflow", "graph", "nodes", 0, "data", "authorization", "config", "api_key"), RANDOM, True),
        (
            ("workflow", "graph", "nodes", 0, "data", "authorization", "config", "api_key"),
            "{{#env.K#}}",
            False,
        ),
        (("workflow", "graph", "nodes", 0, "data", "headers"), f"X-Api-Key:{RANDOM}", True),
        (("workflow", "graph", "nodes", 0, "data", "title"), "Ask the model", False),
        (("workflow", "graph", "nodes", 0, "data", "timeout"), 3, False),
    ],
)
def test_a_value_is_a_secret_by_its_shape_or_its_place(
    path: tuple[str | int, ...], value: object, wanted: bool
) -> None:
    assert is_secret(path, value) is wanted


def test_names_promise_secrets() -> None:
    assert all(map(is_secret_name, ("API_KEY", "openai_api_key", "token", "db_password", "CLIENT_SECRET")))
    assert not any(map(is_secret_name, ("region", "monkey", "keyword", "author", "base_url")))


def test_what_people_write_does_not_look_real() -> None:
    assert not any(
        map(looks_real, ("hello world", "password1", "aaaaaaaa1", "my-secret-1", "2024-01-01", ""))
    )
