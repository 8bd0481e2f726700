"""Rules about the features of a workflow."""

from __future__ import annotations

from collections.abc import Iterator

from difyflow.lint.finding import Fix, Found
from difyflow.lint.rule import rule
from difyflow.lint.view import Plain, View

_FEATURES = ("workflow", "features")
_SWITCHES = ("suggested_questions_after_answer", "speech_to_text", "retriever_resource")

_ENUMS = {
    "allowed_file_types": ("image", "document", "audio", "video", "custom"),
    "allowed_file_upload_methods": ("local_file", "remote_url", "tool_file", "datasource_file"),
}


@rule("feat-type", severity="error", fix="safe")
def feat_type(view: View) -> Iterator[Found]:
    """A feature has another shape than Dify takes.

    What it does:
        Compares `features` with what the importer checks: mappings with a boolean `enabled`, text for
        `opening_statement`, a list of texts for `suggested_questions`. Those of chat count in chatflows only.

    Why is it bad:
        Dify refuses the import: "enabled in speech_to_text must be of boolean type".

    Example:
        ```yaml
        features: {speech_to_text: {enabled: 'yes'}}
        ```

    Use instead:
        ```yaml
        features: {speech_to_text: {enabled: true}}
        ```

    Fix safety:
        Safe: `features: null` becomes an empty mapping, which is what a missing one is.

    Dify:
        Every release (`WorkflowService.validate_features_structure`).
    """
    if not view.has_graph or view.kind != "app" or "features" not in view.workflow:
        return
    features = view.workflow["features"]
    if not isinstance(features, dict):
        fix = Fix("Write no features", ((_FEATURES, {}),)) if features is None else None
        yield Found(_FEATURES, "`features` is no mapping, and Dify refuses the import", fix=fix)
        return
    for key in ("text_to_speech", "sensitive_word_avoidance", *(_SWITCHES if view.is_chat else ())):
        yield from _switch(features, key)
    upload = features.get("file_upload")
    if upload and not isinstance(upload, dict):
        yield Found((*_FEATURES, "file_upload"), "`file_upload` is no mapping, and Dify refuses the import")
    if view.is_chat:
        yield from _opening(features)


def _switch(features: Plain, key: str) -> Iterator[Found]:
    value = features.get(key)
    if not value:
        return
    if not isinstance(value, dict):
        yield Found((*_FEATURES, key), f"`{key}` is no mapping, and Dify refuses the import")
    elif not isinstance(value.get("enabled") or False, bool):
        place = (*_FEATURES, key, "enabled")
        yield Found(place, f"`enabled` of {key} is neither true nor false, and Dify refuses the import")


def _opening(features: Plain) -> Iterator[Found]:
    if not isinstance(features.get("opening_statement") or "", str):
        yield Found((*_FEATURES, "opening_statement"), "the opening is no text, and Dify refuses the import")
    questions = features.get("suggested_questions") or []
    place = (*_FEATURES, "suggested_questions")
    if not isinstance(questions, list):
        yield Found(place, "the suggested questions are no list, and Dify refuses the import")
        return
    for index, question in enumerate(questions):
        if not isinstance(question, str):
            yield Found((*place, index), "a suggested question is no text, and Dify refuses the import")


@rule("feat-moderation-type", severity="error")
def feat_moderation_type(view: View) -> Iterator[Found]:
    """Moderation is on and does not say of which type.

    What it does:
        Finds an enabled `sensitive_word_avoidance` without `type`.

    Why is it bad:
        Dify refuses the import: "sensitive_word_avoidance.type is required".

    Example:
        ```yaml
        features: {sensitive_word_avoidance: {enabled: true}}
        ```

    Use instead:
        ```yaml
        features: {sensitive_word_avoidance: {enabled: true, type: keywords, config: {keywords: spam}}}
        ```

    Dify:
        Every release (`SensitiveWordAvoidanceConfigManager`).
    """
    value = _feature(view, "sensitive_word_avoidance")
    if value.get("enabled") is True and not value.get("type"):
        place = (*_FEATURES, "sensitive_word_avoidance", "type")
        yield Found(
            place, "moderation is on without a type (keywords, openai_moderation, api): the import fails"
        )


@rule("feat-upload-enum", severity="error")
def feat_upload_enum(view: View) -> Iterator[Found]:
    """The file upload allows a type or a method that does not exist.

    What it does:
        Compares `allowed_file_types` and `allowed_file_upload_methods` with what Dify knows.

    Why is it bad:
        Dify refuses the import: "validation errors for FileUploadConfig".

    Example:
        ```yaml
        features: {file_upload: {enabled: true, allowed_file_types: [pdf]}}
        ```

    Use instead:
        ```yaml
        features: {file_upload: {enabled: true, allowed_file_types: [document]}}
        ```

    Dify:
        Every release (`FileUploadConfig`).
    """
    upload = _feature(view, "file_upload")
    for key, known in _ENUMS.items():
        values = upload.get(key, [])
        place = (*_FEATURES, "file_upload", key)
        if not isinstance(values, list):
            yield Found(place, f"`{key}` is no list, and Dify refuses the import")
            continue
        for index, value in enumerate(values):
            if value not in known:
                text = f"{value!r} is not one of {', '.join(known)}, and Dify refuses the import"
                yield Found((*place, index), text)


@rule("feat-upload-empty", severity="warning")
def feat_upload_empty(view: View) -> Iterator[Found]:
    """The file upload is on and allows nothing.

    What it does:
        Finds an enabled `file_upload` with an empty list of types or of methods.

    Why is it bad:
        Every file is refused.

    Example:
        ```yaml
        features: {file_upload: {enabled: true, allowed_file_types: []}}
        ```

    Use instead:
        ```yaml
        features: {file_upload: {enabled: true, allowed_file_types: [image]}}
        ```

    Dify:
        Every release with `allowed_file_types` (0.11 on).
    """
    upload = _feature(view, "file_upload")
    if upload.get("enabled") is not True:
        return
    for key in _ENUMS:
        if upload.get(key) == []:
            yield Found((*_FEATURES, "file_upload", key), f"`{key}` is empty: every file is refused")


@rule("feat-ignored", severity="info")
def feat_ignored(view: View) -> Iterator[Found]:
    """A feature of chatflows is on in a workflow.

    What it does:
        Finds an opening, suggested questions, speech to text and citations in apps of mode `workflow`.

    Why is it bad:
        They have no effect there.

    Example:
        ```yaml
        app: {mode: workflow}
        workflow: {features: {opening_statement: Hello}}
        ```

    Use instead:
        Leave it out, or make the app a chatflow (`advanced-chat`).

    Dify:
        Every release (`WorkflowAppConfigManager`).
    """
    if view.mode != "workflow":
        return
    for key in ("opening_statement", "suggested_questions"):
        if _raw(view).get(key):
            yield Found((*_FEATURES, key), f"`{key}` has no effect in a workflow")
    for key in ("suggested_questions_after_answer", "speech_to_text"):
        if _feature(view, key).get("enabled") is True:
            yield Found((*_FEATURES, key, "enabled"), f"`{key}` has no effect in a workflow")


def _raw(view: View) -> Plain:
    found = view.workflow.get("features")
    return found if isinstance(found, dict) and view.kind == "app" and view.has_graph else {}


def _feature(view: View, key: str) -> Plain:
    found = _raw(view).get(key)
    return found if isinstance(found, dict) else {}
