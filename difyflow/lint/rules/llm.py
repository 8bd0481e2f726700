"""Rules about LLM nodes: prompts, context, memory, structured output."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from difyflow.dsl.edit import Path
from difyflow.lint._consequence import when_run
from difyflow.lint._shape import shown
from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import NodeView, View


@rule("llm-prompt-shape", severity="error")
def llm_prompt_shape(view: View) -> Iterator[Found]:
    """The prompt has the form of the other kind of model.

    What it does:
        Compares the prompt with `model.mode`: chat models take a list of messages, completion models one
        mapping with `text`.

    Why is it bad:
        The editor breaks when such a node is opened ("Application error"). At run time Dify goes by the form
        of the prompt and hands a chat model what is meant for a completion model.

    Example:
        ```yaml
        model: {provider: langgenius/openai/openai, name: gpt-4o, mode: chat}
        prompt_template: {text: 'Sum up: {{#start.text#}}'}
        ```

    Use instead:
        ```yaml
        model: {provider: langgenius/openai/openai, name: gpt-4o, mode: chat}
        prompt_template: [{role: user, text: 'Sum up: {{#start.text#}}'}]
        ```

    Dify:
        Every release (`default.ts` of llm; Dify issue 5448).
    """
    for node in view.of("llm"):
        model, prompt = node.raw.get("model"), node.raw.get("prompt_template")
        mode = model.get("mode") if isinstance(model, dict) else None
        if mode == "chat" and isinstance(prompt, dict):
            message = "a chat model takes a list of messages, each with role and text; this is one mapping"
            yield Found(node.at("prompt_template"), message)
        elif mode == "completion" and isinstance(prompt, list):
            message = "a completion model takes one mapping with text; this is a list of messages"
            yield Found(node.at("prompt_template"), message)


@rule("llm-prompt-empty", severity="error")
def llm_prompt_empty(view: View) -> Iterator[Found]:
    """An LLM node says nothing to its model.

    What it does:
        Finds LLM nodes whose messages are all empty and that have no memory, which would bring the user's
        question, and no files to look at.

    Why is it bad:
        The run fails: "No prompt found in the LLM configuration."

    Example:
        ```yaml
        prompt_template: [{role: system, text: ''}]
        ```

    Use instead:
        ```yaml
        prompt_template: [{role: system, text: You sum up.}, {role: user, text: '{{#start.text#}}'}]
        ```

    Dify:
        Every release since 0.14 (`fetch_prompt_messages`); the editor marks the node red, too.
    """
    for node in view.of("llm"):
        prompt = node.raw.get("prompt_template")
        listed = prompt if isinstance(prompt, list) else [prompt]
        messages = _messages(node)
        if len(messages) < len(listed) or any(_says(item) for item in messages):
            continue
        if not node.raw.get("memory") and not _sees(node):
            yield Found(
                node.at("prompt_template"),
                'every message is empty: the run fails with "No prompt found"; say what the model shall do',
                severity=when_run(view, node) if view.holds("0.14.0") else "warning",
            )


def _says(message: Mapping[str, object]) -> bool:
    key = "jinja2_text" if message.get("edition_type") == "jinja2" else "text"
    text = message.get(key)
    return bool(text.strip()) if isinstance(text, str) else text is not None


def _sees(node: NodeView) -> bool:
    vision = node.raw.get("vision")
    return isinstance(vision, dict) and bool(vision.get("enabled"))


@rule("llm-context", severity="warning")
def llm_context(view: View) -> Iterator[Found]:
    """Context and the prompt do not fit together.

    What it does:
        Finds LLM nodes that switch `context` on and choose no variable, whose prompt says `{{#context#}}`
        though no context is on, or that have a context of which the prompt does not speak.

    Why is it bad:
        The model answers without the knowledge that was looked up for it: `{{#context#}}` becomes nothing,
        or the passages are fetched and go nowhere (for information only: the prompt may name them some other
        way). The run succeeds all the same.

    Example:
        ```yaml
        context: {enabled: false, variable_selector: []}
        prompt_template: [{role: system, text: 'Answer from: {{#context#}}'}]
        ```

    Use instead:
        ```yaml
        context: {enabled: true, variable_selector: [search, result]}
        prompt_template: [{role: system, text: 'Answer from: {{#context#}}'}]
        ```

    Dify:
        Every release (`LLMNode._fetch_context`, `handle_list_messages`).
    """
    for node in view.of("llm"):
        context = node.raw.get("context")
        if not isinstance(context, dict):
            continue
        used = next((place for place, text in _texts(node) if "{{#context#}}" in text), None)
        chosen = bool(context.get("variable_selector"))
        if context.get("enabled") and not chosen:
            message = (
                "context is on, but no variable is chosen for it: the model gets no knowledge; choose one"
            )
            yield Found(node.at("context", "variable_selector"), message)
        elif used is not None and not context.get("enabled"):
            message = "{{#context#}} stands for nothing here, since the node's context is off; switch it on"
            yield Found(used, message, text="{{#context#}}")
        elif (
            context.get("enabled")
            and used is None
            and not any(message.get("edition_type") == "jinja2" for message in _messages(node))
        ):
            message = "the context goes nowhere: no message says {{#context#}}"
            yield Found(node.at("context", "enabled"), message, severity="info")


def _messages(node: NodeView) -> Sequence[Mapping[str, object]]:
    prompt = node.raw.get("prompt_template")
    found = prompt if isinstance(prompt, list) else [prompt]
    return [item for item in found if isinstance(item, dict)]


def _texts(node: NodeView) -> Iterator[tuple[Path, str]]:
    """The plain messages of an LLM node with their places."""
    prompt = node.raw.get("prompt_template")
    if isinstance(prompt, dict) and isinstance(prompt.get("text"), str):
        yield node.at("prompt_template", "text"), prompt["text"]
    for index, item in enumerate(prompt if isinstance(prompt, list) else []):
        if (
            isinstance(item, dict)
            and isinstance(item.get("text"), str)
            and item.get("edition_type") != "jinja2"
        ):
            yield node.at("prompt_template", index, "text"), item["text"]


@rule("llm-memory-query", severity="warning")
def llm_memory_query(view: View) -> Iterator[Found]:
    """The last user message of a chat with memory does not hold the question.

    What it does:
        Finds chat models with memory whose `query_prompt_template` does not say `{{#sys.query#}}`.

    Why is it bad:
        The model gets the conversation so far and not what the user has just asked. The editor marks the
        node red and refuses to publish; the run goes on.

    Example:
        ```yaml
        memory: {window: {enabled: false, size: 10}, query_prompt_template: 'Answer briefly.'}
        ```

    Use instead:
        ```yaml
        memory: {window: {enabled: false, size: 10}, query_prompt_template: "Answer briefly: {{#sys.query#}}"}
        ```

    Dify:
        Every release (`default.ts` of llm).
    """
    for node in view.of("llm"):
        memory, model = node.raw.get("memory"), node.raw.get("model")
        if not isinstance(memory, dict) or not isinstance(model, dict) or model.get("mode") != "chat":
            continue
        query = memory.get("query_prompt_template")
        if view.is_chat and isinstance(query, str) and query and "{{#sys.query#}}" not in query:
            place = node.at("memory", "query_prompt_template")
            yield Found(
                place, "the user's question is missing from the last message; add {{#sys.query#}} to it"
            )


@rule("llm-memory-workflow", severity="info")
def llm_memory_workflow(view: View) -> Iterator[Found]:
    """A node remembers a conversation in an app that has none.

    What it does:
        Finds `memory` in model nodes of a workflow app.

    Why is it bad:
        Only chatflows have conversations: here the memory is always empty, and `{{#sys.query#}}` in it, too.

    Example:
        ```yaml
        memory: {window: {enabled: true, size: 10}}
        ```

    Use instead:
        ```yaml
        memory: null
        ```

    Dify:
        Every release (`fetch_memory`).
    """
    if view.mode != "workflow":
        return
    for node in view.of("llm", "question-classifier", "parameter-extractor"):
        memory = node.raw.get("memory")
        window = memory.get("window") if isinstance(memory, dict) else None
        if isinstance(window, dict) and window.get("enabled"):
            yield Found(
                node.at("memory"), "a workflow app has no conversation, so this memory is always empty"
            )


@rule("llm-jinja-variables", severity="warning")
def llm_jinja_variables(view: View) -> Iterator[Found]:
    """A name for Jinja2 messages is empty or has no variable.

    What it does:
        Finds entries of `prompt_config.jinja2_variables` without a name or a chosen variable, in nodes that
        have a Jinja2 message.

    Why is it bad:
        The name renders as nothing. The editor marks the node red and refuses to publish.

    Example:
        ```yaml
        prompt_config: {jinja2_variables: [{variable: text, value_selector: []}]}
        ```

    Use instead:
        ```yaml
        prompt_config: {jinja2_variables: [{variable: text, value_selector: [start, text]}]}
        ```

    Dify:
        Every release (`default.ts` of llm; `render_jinja2_message`).
    """
    for node in view.of("llm"):
        config = node.raw.get("prompt_config")
        listed = config.get("jinja2_variables") if isinstance(config, dict) else None
        if not any(message.get("edition_type") == "jinja2" for message in _messages(node)):
            continue
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            if not isinstance(item, dict):
                continue
            for key, what in (("variable", "name"), ("value_selector", "variable")):
                if item.get(key) in ("", []):
                    place = node.at("prompt_config", "jinja2_variables", index, key)
                    yield Found(place, f"this Jinja2 variable has no {what}: it renders as nothing")


@rule("llm-structured-schema", severity="error")
def llm_structured_schema(view: View) -> Iterator[Found]:
    """Structured output is on without a schema that can be used.

    What it does:
        Finds LLM nodes with structured output whose `structured_output.schema` is missing, is no mapping or
        is no JSON schema of an object.

    Why is it bad:
        Without a mapping the run fails ("Invalid structured output schema"). A root that is no object is a
        warning: the outputs that the editor offers are then none that the model can give.

    Example:
        ```yaml
        structured_output_enabled: true
        structured_output: {schema: null}
        ```

    Use instead:
        ```yaml
        structured_output_enabled: true
        structured_output: {schema: {type: object, properties: {name: {type: string}}, required: [name]}}
        ```

    Dify:
        1.3 and later (`fetch_structured_output_schema`).
    """
    for node in view.of("llm"):
        enabled = node.raw.get("structured_output_enabled") or node.raw.get("structured_output_switch_on")
        found = node.raw.get("structured_output")
        if enabled is not True or not isinstance(found, dict):
            continue
        schema, place = found.get("schema"), node.at("structured_output", "schema")
        if not isinstance(schema, dict) or not schema:
            message = f"the schema is {shown(schema)}; it must be a JSON schema of an object"
            yield Found(place, message, severity="warning" if schema == {} else when_run(view, node))
            continue
        if schema.get("type") != "object":
            message = f"the root of the schema is of type {shown(schema.get('type'))}; it must be object"
            yield Found((*place, "type"), message, severity="warning")
        yield from _undefined(schema, place)


def _undefined(schema: Mapping[str, object], place: Path) -> Iterator[Found]:
    """Required properties that the schema does not have."""
    required, properties = schema.get("required"), schema.get("properties")
    if isinstance(required, list) and isinstance(properties, dict):
        for index, name in enumerate(required):
            if isinstance(name, str) and name not in properties:
                known = ", ".join(map(str, properties)) or "none"
                message = f"{name!r} is required and is no property; properties: {known}"
                yield Found((*place, "required", index), message, severity="warning")
