"""The rule-based responder: answers without a model, so that a workflow can be seen at work.

It is used only when `demo` is asked for as the model endpoint. It makes question-and-answer lines from the
sentences of the text that it is given, picks a class by common characters, fills parameters by type, and
says the first sentences of the text to everything else. The same prompt always gets the same answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from difyflow.run.backends.local.sentences import is_chinese, question, sentences, spread

Prompt = Sequence[tuple[str, str]]
"""Messages as (role, text)."""

_CATEGORIES = re.compile(r'"categories"\s*:\s*(\[.*\])\s*,\s*"classification_instructions?"', re.DOTALL)
_INPUT_TEXT = re.compile(r'"input_text"\s*:\s*\["(.*)"\],\s*"categories"', re.DOTALL)
_STRUCTURE = re.compile(r"<structure>\s*(\{.*?\})\s*</structure>\s*.*<text>\n?(.*?)\n?</text>", re.DOTALL)
_COUNT = re.compile(
    r"(\d{1,3})\s*(?:个|条|组|对|则|道)|(\d{1,3})\s+(?:\w+\s+){0,2}?(?:samples|lines|questions|pairs)"
)
_TRIGGER = re.compile(
    r"(?:「触发词」|触发词|trigger(?: word| phrase)?|system prompt)\s*[:：]?\s*\n+\s*([^\n]+)", re.I
)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DEFAULT_COUNT, _MAX_COUNT = 10, 100
_SUMMARY = 3  # sentences
_ROLES = {"system": "system", "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant"}
_QUESTION_KEYS = ("instruction", "question", "prompt", "input_text", "query", "user")
_ANSWER_KEYS = ("output", "answer", "completion", "response", "assistant")


def respond(prompt: Prompt, *, schema: Mapping[str, object] | None = None) -> str:
    """The answer to a prompt; with a JSON Schema, a JSON object that fits it."""
    last = next((text for role, text in reversed(prompt) if role == "user"), prompt[-1][1] if prompt else "")
    if schema is not None:
        return _dump(_filled(schema, last))
    categories = _CATEGORIES.findall(last)
    if categories:
        return _classify(categories[-1], last)
    structure = _STRUCTURE.search(last)
    if structure:
        return _dump(_filled(json.loads(structure[1]), structure[2]))
    everything = "\n".join(text for _role, text in prompt)
    example = next(_objects(everything), None)
    if "jsonl" in everything.lower():
        return _samples(prompt, last, example)
    if example is not None and "json" in everything.lower():
        return _dump(example)
    return _summary(last)


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _objects(text: str) -> Iterator[dict[str, object]]:
    """The JSON objects that stand in a text."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    while at >= 0:
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            end = at + 1
        else:
            if isinstance(value, dict) and value:
                yield value
        at = text.find("{", end)


def _summary(text: str) -> str:
    found = sentences(text)[:_SUMMARY]
    return ("" if is_chinese(text) else " ").join(found) or text.strip()


def _samples(prompt: Prompt, last: str, example: Mapping[str, object] | None) -> str:
    """Question-and-answer lines in the form of the example, or as chat messages."""
    asked = _COUNT.search("\n".join(text for _role, text in prompt))
    count = min(int(asked[1] or asked[2]), _MAX_COUNT) if asked else _DEFAULT_COUNT
    trigger = _TRIGGER.search(last)
    content = last[: trigger.start()] if trigger else last
    system = trigger[1].strip() if trigger else ""
    found = sentences(content)
    if not found:
        return "文中没有可用的句子。" if is_chinese(last) else "There is no sentence to work with."
    chosen = spread(found, count)
    lines = []
    for number in range(count):
        rounds, place = divmod(number, len(chosen))
        sentence = chosen[place]
        asking = question(sentence, place + rounds)  # in every round another wording for each
        lines.append(_dump(_sample(example, system, asking, sentence)))
    return "\n".join(dict.fromkeys(lines))


def _sample(example: Mapping[str, object] | None, system: str, asking: str, answer: str) -> object:
    texts = {"system": system, "user": asking, "assistant": answer}
    for key, value in (example or {}).items():
        if isinstance(value, list) and value and all(isinstance(turn, dict) for turn in value):
            role_key, text_key = ("from", "value") if "from" in value[0] else ("role", "content")
            turns = [
                {role_key: turn[role_key], text_key: texts[_ROLES[str(turn[role_key])]]}
                for turn in value
                if str(turn.get(role_key)) in _ROLES
            ]
            return {key: turns}
    if example and all(isinstance(value, str) for value in example.values()):
        return {key: _field(key, texts) for key in example}
    roles = ("system", "user", "assistant") if system else ("user", "assistant")
    return {"messages": [{"role": role, "content": texts[role]} for role in roles]}


def _field(key: str, texts: Mapping[str, str]) -> str:
    if key in _QUESTION_KEYS:
        return texts["user"]
    if key in _ANSWER_KEYS:
        return texts["assistant"]
    return texts["system"] if key == "system" else ""


def _classify(categories: str, text: str) -> str:
    """The class whose name has most characters or words in common with the text; the first in doubt."""
    listed = [entry for entry in json.loads(categories) if isinstance(entry, dict)]
    wanted = _INPUT_TEXT.findall(text)
    words = _words(wanted[-1] if wanted else text)
    best = max(listed, key=lambda entry: len(_words(str(entry.get("category_name"))) & words))
    answer = {"keywords": sorted(_words(str(best["category_name"])) & words)[:5]}
    return _dump({**answer, "category_id": best["category_id"], "category_name": best["category_name"]})


def _words(text: str) -> set[str]:
    latin = {word for word in re.findall(r"[a-z0-9]+", text.lower()) if len(word) > 2}
    return latin | set(re.findall(r"[\u3400-\u9fff]{2}", text))


def _filled(schema: Mapping[str, object], text: str) -> object:
    """A value that fits a JSON Schema, taken from the text as far as rules can."""
    options = schema.get("enum")
    if isinstance(options, list) and options:
        return next((option for option in options if str(option) in text), options[0])
    kind = schema.get("type")
    if kind == "object":
        properties = schema.get("properties")
        named = properties if isinstance(properties, Mapping) else {}
        return {name: _filled(inner, text) for name, inner in named.items() if isinstance(inner, Mapping)}
    if kind == "array":
        return _filled_list(schema.get("items"), text)
    return _filled_scalar(kind, text)


def _filled_list(items: object, text: str) -> list[object]:
    schema = items if isinstance(items, Mapping) else {"type": "string"}
    if schema.get("type") == "string" and "enum" not in schema:
        return list(sentences(text)[:_SUMMARY]) or [text.strip()]
    if schema.get("type") in ("number", "integer"):
        return [
            json.loads(number)
            for number in _NUMBER.findall(text)[:_SUMMARY]
            if number.lstrip("-") == "0" or not number.lstrip("-").startswith("0")
        ]
    return [_filled(schema, text)]


def _filled_scalar(kind: object, text: str) -> object:
    if kind in ("number", "integer"):
        found = _NUMBER.search(text)
        value = float(found[0]) if found else 0.0
        return int(value) if kind == "integer" or value.is_integer() else value
    if kind == "boolean":
        return bool(text.strip())
    return _summary(text)[:200]
