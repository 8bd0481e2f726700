"""`workflow.features`: what an app offers besides its graph (dsl.md 3.1)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from difyflow.dsl.versions import upload_limits
from difyflow.nodes._record import NOTED, Many, Number, Record, Since

_IMAGES = (".JPG", ".JPEG", ".PNG", ".GIF", ".WEBP", ".SVG")
_BOTH = ("local_file", "remote_url")


class Switch(Record):
    """A feature that is on or off."""

    enabled: bool = False


class LegacyImage(Record):
    """File upload as it was before 0.10."""

    enabled: bool = False
    number_limits: int = 3
    transfer_methods: Many[str] = _BOTH
    detail: str | None = None


class FileUpload(Record):
    """Files that a chat takes; `fileUploadConfig` states the limits of the server that exported."""

    enabled: Annotated[bool, Since("0.11.0")] = False
    allowed_file_types: Many[str] = ("image",)
    allowed_file_extensions: Many[str] = _IMAGES
    allowed_file_upload_methods: Many[str] = _BOTH
    number_limits: int = 3
    image: LegacyImage = LegacyImage()
    fileUploadConfig: Annotated[dict[str, Number] | None, NOTED] = None


class TextToSpeech(Record):
    """Reads answers aloud."""

    enabled: bool = False
    language: str = ""
    voice: str = ""
    autoPlay: str | None = None


class Moderation(Record):
    """`sensitive_word_avoidance`; `type` is keywords, openai_moderation or api."""

    enabled: bool = False
    type: str | None = None
    config: dict[str, Any] | None = None


class Features(Record):
    """A workflow app uses file upload, speech and moderation; the rest is for chatflows."""

    file_upload: FileUpload = FileUpload()
    opening_statement: str = ""
    suggested_questions: Many[str] = ()
    suggested_questions_after_answer: Switch = Switch()
    text_to_speech: TextToSpeech = TextToSpeech()
    speech_to_text: Switch = Switch()
    retriever_resource: Switch = Field(default=Switch(enabled=True))
    sensitive_word_avoidance: Moderation = Moderation()


def default_features(version: str) -> Features:
    """What the editor of this DSL version writes for a new app on a server with default settings."""
    return Features(file_upload=FileUpload(fileUploadConfig=dict(upload_limits(version))))
