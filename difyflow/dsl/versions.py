"""What the editors of the DSL versions write differently (dsl.md 2.1, 3.1, 4.3, 4.6; raw exports)."""

from __future__ import annotations

from difyflow.nodes._record import numbers

LATEST = "0.6.0"
"""The newest DSL version whose exports we have seen; 0.7.0 is known from documentation only."""


def node_width(version: str) -> int:
    """Width of a node on the canvas: 244 pixels until 0.4.0, 242 from 0.5.0 (most raw exports)."""
    return 244 if numbers(version) < (0, 5, 0) else 242


def writes_loop_flags(version: str) -> bool:
    """True if edges carry `isInLoop`: loops came with Dify 1.1, which still wrote 0.1.5; seen from 0.2.0."""
    return numbers(version) >= (0, 2, 0)


def upload_limits(version: str) -> dict[str, int]:
    """`fileUploadConfig` that a server with default settings writes, in MB and numbers of files."""
    limits = {
        "audio_file_size_limit": 50,
        "batch_count_limit": 5,
        "file_size_limit": 15,
        "image_file_size_limit": 10,
        "video_file_size_limit": 100,
        "workflow_file_upload_limit": 10,
    }
    if numbers(version) >= (0, 5, 0):
        limits |= {"image_file_batch_limit": 10, "single_chunk_attachment_limit": 10}
    if numbers(version) >= (0, 6, 0):
        limits |= {"attachment_image_file_size_limit": 2, "file_upload_limit": 20}
    return limits
