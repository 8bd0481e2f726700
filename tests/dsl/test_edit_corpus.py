"""A change to a real file and back again gives the same bytes; skipped without the corpus."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from difyflow.dsl.edit import DELETE, Insert, edit
from difyflow.dsl.edit import Path as Place
from difyflow.dsl.reader import Document, read_document
from difyflow.errors import ReadError

Change = dict[Place, object]
Kind = Callable[[object], Iterator[tuple[Change, Change]]]
NODES = ("workflow", "graph", "nodes")


@pytest.fixture(scope="module")
def files(corpus_dir: Path) -> list[Path]:
    return sorted((corpus_dir / "dsl").glob("*.yml"))


def documents(files: list[Path]) -> Iterator[Document]:
    for file in files:
        try:
            yield read_document(file.read_bytes(), name=file.name)
        except ReadError:
            continue


def value_at(data: object, path: Place) -> object:
    for step in path:
        data = data[step]  # type: ignore[index]
    return data


def nodes(data: object) -> Iterator[tuple[Place, dict[str, object]]]:
    workflow = data.get("workflow") if isinstance(data, dict) else None
    graph = workflow.get("graph") if isinstance(workflow, dict) else None
    for index, node in enumerate((graph.get("nodes") if isinstance(graph, dict) else None) or []):
        if isinstance(node, dict) and isinstance(node.get("data"), dict):
            yield (*NODES, index), node


def titles(data: object) -> Iterator[tuple[Change, Change]]:
    for path, node in nodes(data):
        title = node["data"].get("title")  # type: ignore[attr-defined]
        if isinstance(title, str):
            place = (*path, "data", "title")
            yield {place: f"{title} (neu: 新 #1)"}, {place: title}


def prompts(data: object) -> Iterator[tuple[Change, Change]]:
    for path, node in nodes(data):
        template = node["data"].get("prompt_template")  # type: ignore[attr-defined]
        for index, message in enumerate(template if isinstance(template, list) else []):
            text = message.get("text")
            if isinstance(text, str) and text:
                place = (*path, "data", "prompt_template", index, "text")
                half = len(text) // 2
                yield {place: f"{text[:half]} CHANGED: it's {text[half:]}"}, {place: text}
                yield {place: f"{text} ... and more"}, {place: text}


def temperatures(data: object) -> Iterator[tuple[Change, Change]]:
    for path, node in nodes(data):
        model = node["data"].get("model")  # type: ignore[attr-defined]
        params = model.get("completion_params") if isinstance(model, dict) else None
        if isinstance(params, dict) and isinstance(params.get("temperature"), int | float):
            place = (*path, "data", "model", "completion_params", "temperature")
            yield {place: 0.15}, {place: params["temperature"]}


def positions(data: object) -> Iterator[tuple[Change, Change]]:
    for path, node in nodes(data):
        position = node.get("position")
        if isinstance(position, dict) and {"x", "y"} <= position.keys():
            there = {(*path, "position", key): 123.5 for key in "xy"}
            yield there, {(*path, "position", key): position[key] for key in "xy"}


def new_keys(data: object) -> Iterator[tuple[Change, Change]]:
    added = {"retry_enabled": True, "list": ["a b", {"k": "v: w"}, []], "text": "1\n2"}
    for path, node in nodes(data):
        place = (*path, "data", "retry_config_2")
        yield {place: added}, {place: DELETE}
        if "aaa" not in node:
            yield {(*path, "aaa"): 1}, {(*path, "aaa"): DELETE}


def new_items(data: object) -> Iterator[tuple[Change, Change]]:
    made = {"data": {"title": "New", "type": "code"}, "id": "new", "position": {"x": 1, "y": 2}}
    found = [path[-1] for path, _ in nodes(data)]
    for index in {0, len(found) // 2, *([len(found)] if found else [])} if len(found) > 0 else ():
        place = (*NODES, index)
        yield {place: Insert((made, "text"))}, {place: DELETE, (*NODES, index + 1): DELETE}
    variables = next((p for p, n in nodes(data) if isinstance(n["data"].get("variables"), list)), None)  # type: ignore[attr-defined]
    if variables is not None:
        there = value_at(data, (*variables, "data", "variables"))
        place = (*variables, "data", "variables", len(there))  # type: ignore[arg-type]
        yield {place: {"label": "L", "variable": "v"}}, {place: DELETE}


def merged(changes: list[tuple[Change, Change]]) -> tuple[Change, Change]:
    there, back = ([pair[side] for pair in reversed(changes)] for side in (0, 1))
    return {p: v for one in there for p, v in one.items()}, {p: v for one in back for p, v in one.items()}


KINDS: list[Kind] = [titles, prompts, temperatures, positions, new_keys, new_items]


def lost(document: Document, kind: Kind) -> list[str]:
    """The changes of this kind after which the way back ends elsewhere.

    Texts are changed one at a time: the others show how the author quotes.
    """
    changes = list(kind(document.source.data))
    tried = [*changes[:2], *changes[len(changes) // 2 :][:1]]
    if kind in (temperatures, positions, new_keys):
        tried = [merged(changes)]
    found = []
    for there, back in tried:
        if not there:
            continue
        changed = edit(document, there)
        if changed == document.source.text:
            found.append("no change")
        if edit(read_document(changed, name=document.name), back) != document.source.text:
            found.append(str(there)[:300])
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_a_change_there_and_back_gives_the_same_bytes(files: list[Path], kind: Kind) -> None:
    some = list(documents(files[KINDS.index(kind) :: 100]))
    assert len(some) >= 2
    assert {document.name: found for document in some if (found := lost(document, kind))} == {}


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_change_there_and_back_gives_the_same_bytes_in_every_file(files: list[Path], kind: Kind) -> None:
    every = list(documents(files))
    assert len(every) > 250
    assert {document.name: found for document in every if (found := lost(document, kind))} == {}
