"""Rules about nodes that call a model: the model, prompts, memory, vision, structured output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from difyflow.dsl.edit import Path
from difyflow.lint._consequence import when_run
from difyflow.lint._shape import shown
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import View

_TYPES = ("llm", "question-classifier", "parameter-extractor")


@rule("model-missing", severity="error")
def model_missing(view: View) -> Iterator[Found]:
    """A node has no model chosen.

    What it does:
        Finds model nodes whose `model` has an empty provider or name.

    Why is it bad:
        The run fails at this node. The editor marks it red and refuses to publish.

    Example:
        ```yaml
        model: {provider: '', name: '', mode: chat, completion_params: {}}
        ```

    Use instead:
        ```yaml
        model: {provider: langgenius/openai/openai, name: gpt-4o-mini, mode: chat, completion_params: {}}
        ```

    Dify:
        Every release (`fetch_model_config`; recorded at 0.15.3 and 1.12.1: "Model not exist.").
    """
    for node in view.of(*_TYPES):
        model = node.raw.get("model")
        if not isinstance(model, dict):
            continue
        for key in ("provider", "name"):
            value = model.get(key)
            if isinstance(value, str) and not value.strip():
                message = f"no model {key} is given, and the run fails here; choose a model"
                yield Found(node.at("model", key), message, severity=when_run(view, node))


@rule("model-mode", severity="error")
def model_mode(view: View) -> Iterator[Found]:
    """The mode of a model is neither chat nor completion.

    What it does:
        Finds values of `model.mode` other than `chat` and `completion`.

    Why is it bad:
        Since Dify 1.14 the node cannot be built, and no run begins. Older releases take any text and then
        read the prompt in a way that nobody can foresee: for them it is a warning.

    Example:
        ```yaml
        model: {provider: langgenius/openai/openai, name: gpt-4o, mode: llm}
        ```

    Use instead:
        ```yaml
        model: {provider: langgenius/openai/openai, name: gpt-4o, mode: chat}
        ```

    Dify:
        1.14 and later (graphon `ModelConfig.mode: LLMMode`).
    """
    for node in view.of(*_TYPES):
        model = node.raw.get("model")
        mode = model.get("mode") if isinstance(model, dict) else None
        if isinstance(mode, str) and mode not in ("chat", "completion"):
            message = f"{mode!r} is no mode of a model; write chat or completion"
            yield Found(
                node.at("model", "mode"), message, severity=None if view.holds("1.14.0") else "warning"
            )


_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 2),
    "top_p": (0, 1),
    "presence_penalty": (-2, 2),
    "frequency_penalty": (-2, 2),
}


@rule("model-parameter", severity="warning")
def model_parameter(view: View) -> Iterator[Found]:
    """A model parameter lies outside of what any provider takes.

    What it does:
        Finds `temperature` outside of 0 to 2, `top_p` outside of 0 to 1, penalties outside of -2 to 2, a
        `max_tokens` that is not positive, and values of these that are no numbers.

    Why is it bad:
        Dify checks parameters against the model's own rules, which a file does not hold; most models refuse
        such a value, and the run fails. Nobody can be certain for all models, so it is a warning.

    Example:
        ```yaml
        completion_params: {temperature: 7}
        ```

    Use instead:
        ```yaml
        completion_params: {temperature: 0.7}
        ```

    Dify:
        Every release (`_validate_and_filter_model_parameters`).
    """
    for path, parameters in _parameters(view):
        for name, value in parameters.items():
            said = _out_of_range(str(name), value)
            if said:
                yield Found((*path, str(name)), said)


def _out_of_range(name: str, value: object) -> str:
    if name in _RANGES:
        low, high = _RANGES[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            return f"{name} is {shown(value)}, and models want a number from {low} to {high}"
        if not low <= value <= high:
            return f"{name} is {value}, and models take {low} to {high}"
    if name == "max_tokens" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        return f"max_tokens is {shown(value)}, and models want a whole number from 1"
    return ""


def _parameters(view: View) -> Iterator[tuple[Path, Mapping[object, object]]]:
    for node in view.of(*_TYPES):
        model = node.raw.get("model")
        found = model.get("completion_params") if isinstance(model, dict) else None
        if isinstance(found, dict):
            yield node.at("model", "completion_params"), found


@rule("model-vision", severity="warning")
def model_vision(view: View) -> Iterator[Found]:
    """A node shall see files, and none are chosen.

    What it does:
        Finds model nodes with vision on whose `variable_selector` is empty.

    Why is it bad:
        The model sees nothing. The editor marks the node red and refuses to publish.

    Example:
        ```yaml
        vision: {enabled: true, configs: {detail: high, variable_selector: []}}
        ```

    Use instead:
        ```yaml
        vision: {enabled: true, configs: {detail: high, variable_selector: [sys, files]}}
        ```

    Dify:
        Every release with the field (0.11 and later; `default.ts` of the model nodes).
    """
    for node in view.of(*_TYPES):
        vision = node.raw.get("vision")
        configs = vision.get("configs") if isinstance(vision, dict) else None
        if (
            vision
            and isinstance(configs, dict)
            and vision.get("enabled")
            and configs.get("variable_selector") == []
        ):
            place = node.at("vision", "configs", "variable_selector")
            yield Found(place, "vision is on, but no files are chosen; choose them, or switch it off")
