"""What in a text looks like a key, a token or a password: by its shape, or by the name that it stands under.

Made so that it stays silent rather than cry wolf: placeholders (`sk-xxx`, `YOUR_KEY`, `<token>`), references
and words of a language are no secrets.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

Path = tuple[str | int, ...]
"""Keys and list indexes from the root of a document."""

HIDDEN = "***"
"""What stands for a secret where it is not to be shown."""


@dataclass(frozen=True, slots=True)
class Span:
    """A secret in a text.

    Attributes:
        start, end: character offsets.
        what: what it is, in words.
    """

    start: int
    end: int
    what: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """A well-known form of keys; `hint` is a part of every one, so that most texts need no search."""

    hint: str
    pattern: str
    what: str

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Where it occurs."""
        return _compiled(rf"(?<![A-Za-z0-9_-])(?:{self.pattern})(?![A-Za-z0-9_-])").finditer(text)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when it is needed first: few texts need any, and git waits for the start of each process."""
    return re.compile(pattern)


_SHAPES = (
    _Shape("sk-", r"sk-(?:proj-|ant-(?:api|admin)\d\d-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,200}", "an API key"),
    _Shape("sk_", r"sk_live_[A-Za-z0-9]{16,120}", "a Stripe key"),
    _Shape("rk_", r"rk_live_[A-Za-z0-9]{16,120}", "a Stripe key"),
    _Shape("AKIA", r"AKIA[A-Z0-9]{16}", "an AWS access key"),
    _Shape("ASIA", r"ASIA[A-Z0-9]{16}", "an AWS access key"),
    _Shape("LTAI", r"LTAI[A-Za-z0-9]{12,26}", "an Alibaba Cloud access key"),
    _Shape("AKID", r"AKID[A-Za-z0-9]{32}", "a Tencent Cloud key"),
    _Shape("AIza", r"AIza[A-Za-z0-9_-]{35}", "a Google API key"),
    *(_Shape(f"gh{kind}_", rf"gh{kind}_[A-Za-z0-9]{{36,255}}", "a GitHub token") for kind in "pousr"),
    _Shape("github_pat_", r"github_pat_[A-Za-z0-9_]{40,255}", "a GitHub token"),
    _Shape("glpat-", r"glpat-[A-Za-z0-9_-]{20,64}", "a GitLab token"),
    _Shape("xox", r"xox[abeoprs]-[A-Za-z0-9-]{10,250}", "a Slack token"),
    _Shape("hf_", r"hf_[A-Za-z0-9]{30,64}", "a Hugging Face token"),
    _Shape("gsk_", r"gsk_[A-Za-z0-9]{40,64}", "a Groq key"),
    _Shape("xai-", r"xai-[A-Za-z0-9]{40,120}", "an xAI key"),
    _Shape("tvly-", r"tvly-(?:dev-|prod-)?[A-Za-z0-9]{20,64}", "a Tavily key"),
    _Shape("pplx-", r"pplx-[A-Za-z0-9]{32,64}", "a Perplexity key"),
    _Shape("r8_", r"r8_[A-Za-z0-9]{30,64}", "a Replicate token"),
    _Shape("jina_", r"jina_[A-Za-z0-9_-]{40,100}", "a Jina key"),
    _Shape("fc-", r"fc-[a-f0-9]{32}", "a Firecrawl key"),
    _Shape("ntn_", r"ntn_[A-Za-z0-9]{40,60}", "a Notion token"),
    _Shape("secret_", r"secret_[A-Za-z0-9]{43}", "a Notion token"),
    _Shape("SG.", r"SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{16,64}", "a SendGrid key"),
    _Shape("npm_", r"npm_[A-Za-z0-9]{36}", "an npm token"),
    _Shape("pypi-", r"pypi-[A-Za-z0-9_-]{50,250}", "a PyPI token"),
    _Shape("lin_api_", r"lin_api_[A-Za-z0-9]{32,64}", "a Linear key"),
    _Shape("bce-v3", r"bce-v3/ALTAK-[A-Za-z0-9]{16,40}/[a-f0-9]{32,64}", "a Baidu Cloud key"),
    _Shape("app-", r"app-[A-Za-z0-9]{24}", "a Dify app key"),
    _Shape("dataset-", r"dataset-[A-Za-z0-9]{24}", "a Dify knowledge key"),
    _Shape(
        "eyJ",
        r"eyJ[A-Za-z0-9_-]{10,2000}\.eyJ[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,2000}",
        "a JSON web token",
    ),
    _Shape("PRIVATE KEY", r"-----BEGIN (?:[A-Z]{2,10} )?PRIVATE KEY-----", "a private key"),
    _Shape(
        "hooks.slack.com",
        r"hooks\.slack\.com/services/T[A-Z0-9]{6,14}/B[A-Z0-9]{6,14}/[A-Za-z0-9]{20,32}",
        "a Slack webhook",
    ),
    _Shape(
        "/webhooks/", r"discord(?:app)?\.com/api/webhooks/\d{15,22}/[A-Za-z0-9_-]{50,90}", "a Discord webhook"
    ),
    _Shape("/v2/hook/", r"open-apis/bot/v2/hook/[0-9a-f-]{36}", "a Feishu webhook"),
    _Shape("webhook/send?key=", r"webhook/send\?key=[0-9a-f-]{36}", "a WeCom webhook"),
    _Shape("robot/send?access_token=", r"robot/send\?access_token=[0-9a-f]{40,80}", "a DingTalk webhook"),
)

_IN_URL = r"://[^\s/:@'\"{}<>]{1,100}:([^\s/@'\"{}<>]{3,200})@[^\s/@]"
_WORD = (
    r"(?:api[_-]?key|secret|access[_-]?token|auth[_-]?token|refresh[_-]?token|private[_-]?key"
    r"|passwd|password|credential|app[_-]?key|bearer)[A-Za-z0-9_-]{0,20}"
)
_NAME = rf"[A-Za-z0-9_-]{{0,40}}{_WORD}"
# Begins with the word itself: what stands before it would be tried at every place.
_ASSIGNED = (
    rf"(?i)({_WORD}|(?<![A-Za-z0-9_-])token)[\"']?[ \t]{{0,3}}(?:=|:|=>)[ \t]{{0,3}}"
    r"[\"']([^\"'\s]{8,300})[\"']"
)
_PARAMETER = rf"(?i)[?&]({_NAME}|token|key|sign|signature)=([^&\s\"'#]{{8,300}})"
_HEADER = (
    r"(?im)^[ \t]*(authorization|proxy-authorization|cookie|set-cookie|[a-z0-9-]{0,30}"
    r"(?:api-?key|token|secret)"
    r"[a-z0-9-]{0,20})[ \t]*:[ \t]*(?:(?:bearer|basic|token|apikey|api-key)[ \t]+)?(\S{8,2000})"
)
_SECRET_NAME = rf"(?i)(?:{_NAME}|token|key|pass|pwd|sk|ak)"
_BEARER = r"(?i)(?<![a-z])(?:bearer|basic)[ \t]+([A-Za-z0-9_.~+/=-]{16,2000})"

_PLACEHOLDERS = (
    r"(?i)your|example|placeholder|xxx|replace|changeme|change_me|change-me|dummy|sample|1234567|abcdef|qwerty|insert"
    r"|todo|secret_?key|api_?key|api-key|token_?here|-here|_here|redacted|hidden|\*\*|\.\.\.|…|env\.|process\.|getenv"
    r"|os\.|mysecret|mytoken|my-|my_|test-|test_|foobar|undefined|none|null|fake|demo"
)


Shapes = tuple[_Shape, ...]


def shapes_in(text: str) -> Shapes:
    """The well-known shapes that may occur in a text, or in any part of it."""
    return tuple(shape for shape in _SHAPES if shape.hint in text)


def find_secrets(text: str, *, place: str = "", shapes: Shapes = _SHAPES) -> tuple[Span, ...]:
    """The secrets in a text, in order and without overlaps.

    Args:
        text: any text.
        place: what it is: `headers` (lines of `name:value`), `code`, `url`, or something else, for which
            only well-known shapes count.
        shapes: those to look for, where others cannot occur; see `shapes_in`.
    """
    found = [*_of_shapes(text, shapes)]
    if "://" in text and "@" in text:
        found += _where(_IN_URL, text, 1, "a password in a URL")
    if "?" in text:
        found += _named(_PARAMETER, text, "a key in a URL")
    if place == "headers":
        found += _named(_HEADER, text, "a key in a header")
    elif place in ("code", "body"):
        found += _named(_ASSIGNED, text, "a key in plain text")
        found += _where(_BEARER, text, 1, "a key in a header")
    return _apart(found)


def _of_shapes(text: str, shapes: Shapes) -> Iterator[Span]:
    for shape in shapes:
        if shape.hint in text:
            for match in shape.finditer(text):
                if shape.what == "a private key" or looks_real(match.group()):
                    yield Span(match.start(), match.end(), shape.what)


def _where(pattern: str, text: str, group: int, what: str) -> Iterator[Span]:
    for match in _compiled(pattern).finditer(text):
        if looks_real(match.group(group)):
            yield Span(match.start(group), match.end(group), what)


def _named(pattern: str, text: str, what: str) -> Iterator[Span]:
    for match in _compiled(pattern).finditer(text):
        if looks_real(match.group(2)):
            yield Span(match.start(2), match.end(2), f"{what} ({match.group(1)})")


def _apart(found: list[Span]) -> tuple[Span, ...]:
    """In order; of two that overlap, the first."""
    kept: list[Span] = []
    for span in sorted(found, key=lambda item: (item.start, -item.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return tuple(kept)


def looks_real(value: str) -> bool:
    """True for what a machine has made: long, mixed, without words that people put in its place."""
    from urllib.parse import unquote  # most values are not asked about, and it takes its time

    value = unquote(value).strip("\"',;)")
    if (
        len(value) < 8
        or "{{" in value
        or "}}" in value
        or value[0] in "<$%{[("
        or _compiled(_PLACEHOLDERS).search(value)
    ):
        return False
    if not value.isascii() or (value.isalpha() and (value.islower() or value.isupper()) and len(value) < 24):
        return False
    if not any(char.isdigit() for char in value) and len(value) < 24:
        return False
    letters = Counter(value)
    if max(letters.values()) > len(value) * 0.4:
        return False
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in letters.values())
    return entropy >= 3.0


def is_secret(path: Path, value: object) -> bool:
    """True if a value of a DSL document must not be shown: by its shape, or by where it lies.

    Args:
        path: from the root of the document.
        value: what lies there.
    """
    if not isinstance(value, str) or not value.strip() or _is_reference(value):
        return False
    names = [part for part in path if isinstance(part, str)]
    last = names[-1] if names else ""
    if path[:2] == ("workflow", "environment_variables") and last == "value":
        return looks_real(value) or bool(find_secrets(value))
    if names[-2:] == ["config", "api_key"] or last in ("credential_id", "api_key", "password"):
        return not _compiled(_PLACEHOLDERS).search(value)
    return bool(find_secrets(value, place=place_of(path)))


def place_of(path: Path) -> str:
    """What kind of text lies at a path of a DSL document, for `find_secrets`."""
    last = next((part for part in reversed(path) if isinstance(part, str)), "")
    if last in ("headers", "code", "params"):
        return "headers" if last in ("headers", "params") else "code"
    return "body" if "body" in path else ""


def is_secret_name(name: str) -> bool:
    """True for a variable's name that promises a secret: `API_KEY`, `token`, `db_password`."""
    return _compiled(_SECRET_NAME).fullmatch(name) is not None


def _is_reference(value: str) -> bool:
    return value.startswith("{{#") and value.endswith("#}}")
