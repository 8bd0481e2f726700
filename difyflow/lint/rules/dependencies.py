"""Rules about plugins, agent packages, pipelines and snippets."""

from __future__ import annotations

import re
from collections.abc import Iterator

from difyflow.lint.finding import Found
from difyflow.lint.rule import rule
from difyflow.lint.view import Plain, View
from difyflow.nodes._record import is_plugin_name

_KEYS = {
    "github": ("repo", "version", "package", "github_plugin_unique_identifier"),
    "marketplace": ("marketplace_plugin_unique_identifier",),
    "package": ("plugin_unique_identifier",),
}
_IDENTIFIER = re.compile(r"[^/\s]+/[^/:\s]+:\d+(\.\d+)*[^@\s]*@[0-9a-f]+")
_MAX_NAME = 255


def _dependencies(view: View) -> Iterator[tuple[int, Plain, Plain]]:
    found = view.data.get("dependencies")
    for index, item in enumerate(found if isinstance(found, list) else ()):
        if isinstance(item, dict) and isinstance(item.get("value"), dict):
            yield index, item, item["value"]


def _identifier(value: Plain) -> tuple[str, str] | None:
    for key in (
        "marketplace_plugin_unique_identifier",
        "plugin_unique_identifier",
        "github_plugin_unique_identifier",
    ):
        found = value.get(key)
        if isinstance(found, str):
            return key, found
    return None


@rule("dep-shape", severity="error", since="1.0")
def dep_shape(view: View) -> Iterator[Found]:
    """A dependency has another shape than Dify takes.

    What it does:
        Looks at `dependencies`: a list of mappings with a `type` (`marketplace`, `package`, `github`) and a
        `value` that names the plugin.

    Why is it bad:
        Dify refuses the import: "validation errors for PluginDependency".

    Example:
        ```yaml
        dependencies: [langgenius/openai]
        ```

    Use instead:
        ```yaml
        dependencies:
        - {type: marketplace, value: {marketplace_plugin_unique_identifier: 'langgenius/openai:0.0.7@11e...'}}
        ```

    Dify:
        1.0 and later (`PluginDependency`).
    """
    found = view.data.get("dependencies")
    if not found:
        return
    if not isinstance(found, list):
        yield Found(("dependencies",), "the dependencies are no list, and Dify refuses the import")
        return
    for index, item in enumerate(found):
        value = item.get("value") if isinstance(item, dict) else None
        kind = item.get("type") if isinstance(item, dict) else None
        fits = isinstance(value, dict) and any(all(key in value for key in keys) for keys in _KEYS.values())
        if not isinstance(kind, str) or kind not in _KEYS:
            place = ("dependencies", index, "type")
            yield Found(
                place,
                f"{kind!r} is no type of dependency: Dify refuses the import; it has: {', '.join(_KEYS)}",
            )
        elif not fits:
            place = ("dependencies", index, "value")
            yield Found(
                place,
                f"the value names no plugin, and Dify refuses the import; it needs {', '.join(_KEYS[kind])}",
            )


@rule("dep-identifier", severity="warning", since="1.0")
def dep_identifier(view: View) -> Iterator[Found]:
    """A dependency names its plugin in another form than the marketplace.

    What it does:
        Compares the name with `author/plugin:1.2.3@<sha256>`.

    Why is it bad:
        Dify finds no such plugin and offers none to install.

    Example:
        ```yaml
        value: {marketplace_plugin_unique_identifier: openai}
        ```

    Use instead:
        ```yaml
        value: {marketplace_plugin_unique_identifier: 'langgenius/openai:0.0.7@11ec...'}
        ```

    Dify:
        1.0 and later.
    """
    for index, _, value in _dependencies(view):
        named = _identifier(value)
        if named is not None and not _IDENTIFIER.fullmatch(named[1]):
            place = ("dependencies", index, "value", named[0])
            yield Found(place, f"{named[1]!r} is not of the form author/plugin:1.2.3@<sha256>")


@rule("dep-type-value", severity="info", since="1.0")
def dep_type_value(view: View) -> Iterator[Found]:
    """The value of a dependency is that of another type.

    What it does:
        Compares the keys of `value` with `type`.

    Why is it bad:
        Dify reads it by its keys; other tools may go by the type.

    Example:
        ```yaml
        {type: marketplace, value: {plugin_unique_identifier: ...}}
        ```

    Use instead:
        ```yaml
        {type: marketplace, value: {marketplace_plugin_unique_identifier: ...}}
        ```

    Dify:
        1.0 and later (`PluginDependency.value` is a plain union).
    """
    for index, item, value in _dependencies(view):
        keys = _KEYS.get(str(item.get("type")))
        fits = any(all(key in value for key in other) for other in _KEYS.values())
        if keys is not None and fits and not all(key in value for key in keys):
            yield Found(
                ("dependencies", index, "value"), f"a value of type {item['type']} has: {', '.join(keys)}"
            )


@rule("dep-missing", severity="info", since="1.0")
def dep_missing(view: View) -> Iterator[Found]:
    """A plugin that a node uses is not among the dependencies.

    What it does:
        Compares the providers of models and tools (`author/plugin/name`) with `dependencies`, where there are
        any.

    Why is it bad:
        Dify does not offer to install it; the node stays red until someone does.

    Example:
        ```yaml
        dependencies: []
        data: {type: llm, model: {provider: langgenius/openai/openai, ...}}
        ```

    Use instead:
        The dependency that an export has.

    Dify:
        1.0 and later (`DependenciesAnalysisService`).
    """
    if not view.data.get("dependencies"):
        return
    declared = {
        named[1].partition(":")[0] for _, _, value in _dependencies(view) if (named := _identifier(value))
    }
    told: set[str] = set()
    for path, provider in _providers(view):
        plugin = provider.rpartition("/")[0]
        if plugin not in declared and plugin not in told:
            told.add(plugin)
            yield Found(path, f"the plugin {plugin} is not among the dependencies")


def _providers(view: View) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """The plugin providers that nodes name, with their places."""
    for node in view.of("llm", "question-classifier", "parameter-extractor"):
        model = node.raw.get("model")
        provider = model.get("provider") if isinstance(model, dict) else None
        if isinstance(provider, str) and is_plugin_name(provider):
            yield node.at("model", "provider"), provider
    for node in view.of("tool"):
        provider = node.raw.get("provider_id")
        if isinstance(provider, str) and is_plugin_name(provider):
            yield node.at("provider_id"), provider


@rule("dep-unused", severity="info", since="1.0")
def dep_unused(view: View) -> Iterator[Found]:
    """A plugin among the dependencies is used nowhere.

    What it does:
        Looks for the plugin's name (`author/plugin`) in the whole document.

    Why is it bad:
        Who imports the app is asked to install something that it does not need.

    Example:
        ```yaml
        dependencies: [{type: marketplace, value: {marketplace_plugin_unique_identifier: 'a/b:0.0.1@0f'}}]
        ```

    Use instead:
        Remove it.

    Dify:
        1.0 and later; an export has what its nodes use.
    """
    used = set(_words(view.workflow)) | set(_words(view.data.get("model_config")))
    used |= set(_words(view.data.get("agent_packages")))
    for index, _, value in _dependencies(view):
        named = _identifier(value)
        plugin = named[1].partition(":")[0] if named else ""
        if plugin.count("/") == 1 and plugin not in used:
            yield Found(("dependencies", index), f"nothing in the document uses the plugin {plugin}")


def _words(value: object) -> Iterator[str]:
    """Texts that may name a plugin, without what names something in it."""
    todo = [value]
    while todo:
        match todo.pop():
            case str() as text if 2 < len(text) < _MAX_NAME and "/" in text:
                yield "/".join(text.partition(":")[0].split("/")[:2])
            case dict() as found:
                todo.extend(found.values())
            case list() as found:
                todo.extend(found)
            case _:
                pass


@rule("agent-package", severity="error")
def agent_package(view: View) -> Iterator[Found]:
    """An agent package is missing, or of a shape that Dify refuses.

    What it does:
        Looks up every `package_ref` in `agent_packages`, and at the packages: `schema_version: 1`, a name of
        1 to 255 characters.

    Why is it bad:
        Dify refuses the import.

    Example:
        ```yaml
        agent: {package_ref: agent_2}
        agent_packages: {agent_1: {...}}
        ```

    Use instead:
        ```yaml
        agent: {package_ref: agent_1}
        agent_packages: {agent_1: {...}}
        ```

    Dify:
        1.16 and later (`AgentDslService`; from documentation).
    """
    packages = view.data.get("agent_packages")
    known = packages if isinstance(packages, dict) else {}
    agent = view.data.get("agent")
    if view.mode == "agent":
        found = agent.get("package_ref") if isinstance(agent, dict) else None
        if not isinstance(found, str) or found not in known:
            yield Found(
                ("agent", "package_ref"), f"there is no agent package {found!r}: Dify refuses the import"
            )
    for node in view.of("agent"):
        binding = node.raw.get("agent_binding")
        found = binding.get("package_ref") if isinstance(binding, dict) else None
        if found is not None and (not isinstance(found, str) or found not in known):
            yield Found(node.at("agent_binding", "package_ref"), f"there is no agent package {found!r}")
    for key, package in known.items():
        place = ("agent_packages", key)
        if not isinstance(package, dict) or package.get("schema_version") != 1:
            yield Found(
                (*place, "schema_version"), "the package is not of schema version 1: Dify refuses the import"
            )
            continue
        metadata = package.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        if not isinstance(name, str) or not 1 <= len(name) <= _MAX_NAME:
            yield Found((*place, "metadata", "name"), "the package has no name of 1 to 255 characters")


@rule("pipeline-index-missing", severity="error", since="1.9")
def pipeline_index_missing(view: View) -> Iterator[Found]:
    """A pipeline has no node that writes the index.

    What it does:
        Finds documents of the kind `rag_pipeline` without a `knowledge-index` node.

    Why is it bad:
        Dify refuses the import: "DSL is not valid, please check the Knowledge Index node".

    Example:
        ```yaml
        kind: rag_pipeline
        nodes: [{id: source, data: {type: datasource}}]
        ```

    Use instead:
        ```yaml
        kind: rag_pipeline
        nodes: [{id: source, data: {type: datasource}}, {id: index, data: {type: knowledge-index}}]
        ```

    Dify:
        1.9 and later (`RagPipelineDslService`).
    """
    if view.kind == "rag_pipeline" and not any(True for _ in view.of("knowledge-index")):
        yield Found(
            ("workflow", "graph", "nodes"), "a pipeline needs a knowledge-index node: the import is refused"
        )


@rule("snippet-forbidden-node", severity="error", since="1.15")
def snippet_forbidden_node(view: View) -> Iterator[Found]:
    """A snippet has a node that no snippet may have.

    What it does:
        Finds `start`, `human-input` and `knowledge-retrieval` in documents of the kind `snippet`.

    Why is it bad:
        Dify refuses the import.

    Example:
        ```yaml
        kind: snippet
        nodes: [{id: start, data: {type: start}}]
        ```

    Use instead:
        The inputs of a snippet are its `input_fields`, which texts name `{{#start.name#}}`.

    Dify:
        1.15 and later (`SnippetDslService`).
    """
    if view.kind == "snippet":
        for node in view.of("start", "human-input", "knowledge-retrieval"):
            yield Found(node.at("type"), f"a snippet has no {node.kind}: Dify refuses the import")
