"""Which endpoint and which key a model of the DSL file needs.

Only providers with an OpenAI-compatible endpoint are listed. The base URLs were looked up in November 2026,
in the providers' documentation or, where that was not at hand, in several public programs that use them. The
names are Dify's, without the plug-in path (`langgenius/siliconflow/siliconflow` and `siliconflow` are the
same).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from difyflow.errors import UsageError
from difyflow.run.backends.local.settings import DEMO, MODEL_KEY, ModelRule, Settings

_TABLE = """
anthropic      https://api.anthropic.com/v1/                                  ANTHROPIC_API_KEY
baichuan       https://api.baichuan-ai.com/v1                                 BAICHUAN_API_KEY
cohere         https://api.cohere.ai/compatibility/v1                         COHERE_API_KEY
deepseek       https://api.deepseek.com/v1                                    DEEPSEEK_API_KEY
fireworks      https://api.fireworks.ai/inference/v1                          FIREWORKS_API_KEY
google         https://generativelanguage.googleapis.com/v1beta/openai/       GEMINI_API_KEY
groq           https://api.groq.com/openai/v1                                 GROQ_API_KEY
hunyuan        https://api.hunyuan.cloud.tencent.com/v1                       HUNYUAN_API_KEY
localai        http://localhost:8080/v1                                       -
minimax        https://api.minimax.chat/v1                                    MINIMAX_API_KEY
mistralai      https://api.mistral.ai/v1                                      MISTRAL_API_KEY
modelscope     https://api-inference.modelscope.cn/v1                         MODELSCOPE_API_KEY
moonshot       https://api.moonshot.cn/v1                                     MOONSHOT_API_KEY
novita         https://api.novita.ai/v3/openai                                NOVITA_API_KEY
nvidia         https://integrate.api.nvidia.com/v1                            NVIDIA_API_KEY
ollama         http://localhost:11434/v1                                      -
openai         https://api.openai.com/v1                                      OPENAI_API_KEY
openrouter     https://openrouter.ai/api/v1                                   OPENROUTER_API_KEY
perplexity     https://api.perplexity.ai                                      PERPLEXITY_API_KEY
siliconflow    https://api.siliconflow.cn/v1                                  SILICONFLOW_API_KEY
spark          https://spark-api-open.xf-yun.com/v1                           SPARK_API_KEY
stepfun        https://api.stepfun.com/v1                                     STEPFUN_API_KEY
togetherai     https://api.together.xyz/v1                                    TOGETHER_API_KEY
tongyi         https://dashscope.aliyuncs.com/compatible-mode/v1              DASHSCOPE_API_KEY
volcengine_maas https://ark.cn-beijing.volces.com/api/v3                      ARK_API_KEY
wenxin         https://qianfan.baidubce.com/v2                                QIANFAN_API_KEY
x              https://api.x.ai/v1                                            XAI_API_KEY
xinference     http://localhost:9997/v1                                       -
yi             https://api.lingyiwanwu.com/v1                                 YI_API_KEY
zhipuai        https://open.bigmodel.cn/api/paas/v4                           ZHIPUAI_API_KEY
"""
_OTHER_NAMES = {"gemini": "google", "together": "togetherai", "mistral": "mistralai", "xai": "x"}
_WHY_NOT = {
    "azure_openai": "its address and deployment stand in the server's credentials",
    "bedrock": "AWS Bedrock signs its calls with AWS credentials",
    "sagemaker": "its address stands in the server's credentials",
    "vertex_ai": "Vertex AI signs its calls with a Google service account",
    "openai_api_compatible": "its address stands in the server's credentials",
}
_HINT = f"or --model-endpoint URL (key in {MODEL_KEY}), or --model-endpoint {DEMO} to try without a model"


def _rows() -> Iterator[tuple[str, ModelRule]]:
    for line in _TABLE.split("\n"):
        if line:
            name, url, key = line.split()
            yield name, ModelRule(base_url=url, key_env="" if key == "-" else key)


PROVIDERS: Mapping[str, ModelRule] = dict(_rows())
"""Base URL and key variable by provider; an empty key variable means that no key is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where one model is called.

    Attributes:
        base_url: empty for the rule-based responder.
        model: id that is sent.
        key: empty = none is sent. Never shown.
        key_env: variable that the key came from, for messages.
    """

    base_url: str
    model: str
    key: str = ""
    key_env: str = ""

    @property
    def is_demo(self) -> bool:
        """True for the rule-based responder."""
        return not self.base_url

    @property
    def address(self) -> str:
        """The base URL without user, password and query, fit to be shown."""
        parts = urlsplit(self.base_url)
        host = parts.netloc.rpartition("@")[2]
        return urlunsplit((parts.scheme, host, parts.path, "", ""))

    def __repr__(self) -> str:
        return f"Endpoint({self.model!r} at {self.address or DEMO})"


def provider_name(provider: str) -> str:
    """Dify's short provider name: the last part of the plug-in path, in lower case."""
    name = provider.strip().rpartition("/")[2].lower()
    return _OTHER_NAMES.get(name, name)


def find_endpoint(provider: str, model: str, settings: Settings) -> Endpoint | str:
    """The endpoint of a model, or in words what is missing.

    Order: `model_endpoint`, then the config file (`provider/model`, `provider`, `*`), then the table.

    Raises:
        UsageError: `model_endpoint` or a config file names something that is not an http(s) URL, or what
            stands in a key variable cannot be a key.
    """
    if settings.model_endpoint == DEMO:
        return Endpoint(base_url="", model=DEMO)
    name = provider_name(provider)
    rule = _configured(name, model, settings)
    if settings.model_endpoint is not None:
        return _endpoint(settings.model_endpoint, MODEL_KEY, rule.model or model, settings)
    known = PROVIDERS.get(name, ModelRule())
    base_url = rule.base_url or known.base_url
    if base_url is None:
        why = _WHY_NOT.get(name, "difyflow knows no OpenAI-compatible endpoint of it")
        return f"provider {provider!r}: {why}; name one in a model config file, {_HINT}"
    # A provider's key belongs to its own address: an address of the user's own takes none unless he says so.
    key_env = known.key_env if rule.base_url is None else ""
    key_env = rule.key_env if rule.key_env is not None else key_env
    if key_env and not settings.environ.get(key_env, "").strip():
        return f"provider {provider!r} needs a key: set {key_env}, {_HINT}"
    return _endpoint(base_url, key_env or "", rule.model or model, settings)


def _configured(provider: str, model: str, settings: Settings) -> ModelRule:
    rules = settings.models.rules
    for key in (f"{provider}/{model}", provider, "*"):
        if key in rules:
            return rules[key]
    return ModelRule()


def _endpoint(url: str, key_env: str, model: str, settings: Settings) -> Endpoint:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(
            f"not the URL of a model endpoint: {url!r}",
            code="model-endpoint",
            hint=f"it looks like https://api.example.com/v1, or is the word {DEMO}",
        )
    key = settings.environ.get(key_env, "").strip()
    if not (key.isascii() and key.isprintable()) or " " in key:
        raise UsageError(f"{key_env} holds no key: a key has no spaces and only ASCII signs", code="no-key")
    return Endpoint(base_url=url, model=model, key=key, key_env=key_env)
