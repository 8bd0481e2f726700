"""SiliconFlow (SiliconCloud): fine-tuning in its console; no API for it is documented (2024 to autumn 2026).

Documented: the steps in the console, 10 % of the training set for validation unless a file is given, the
form of the data. Seen in public code: how a tuned model is named. Names and ranges of the training
parameters are not documented, so none are written down here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from difyflow.tune.service import Service, TunedName

_PREFIX = "ft:LoRA/"
_STEP = "-ckpt_step_"


def parse(name: str) -> TunedName | None:
    """The parts of `ft:LoRA/<base model>:<account>:<suffix>:<job>[-ckpt_step_<n>]`; None for any other name.

    The base model has a `/` and never a `:`.
    """
    if not name.startswith(_PREFIX):
        return None
    base, *rest = name.removeprefix(_PREFIX).split(":")
    rest, more = rest[:3], tuple(rest[3:])
    account, suffix, job = (*rest, "", "", "")[:3]
    job, mark, step = job.partition(_STEP)
    found = int(step) if mark and step.isascii() and step.isdigit() else None
    return TunedName(base, account, suffix, job, found, more)


def model_fault(name: str) -> str | None:
    """What is wrong with a tuned model's name; unknown parts are accepted, a part that is missing is not."""
    parts = parse(name)
    if parts is None:
        return f"it begins with {_PREFIX}"
    if any(sign.isspace() or not sign.isprintable() for sign in name):
        return "it has no spaces: was it cut when it was copied?"
    if not re.fullmatch(r"[^/\s]+/\S+", parts.base):
        return f"behind {_PREFIX} comes the base model, as in {_PREFIX}Qwen/Qwen2.5-7B-Instruct:..."
    if not parts.account or not parts.suffix or not parts.job:
        return "behind the base model come :account:suffix:job; is it cut off?"
    return None


def sheet(facts: Mapping[str, str]) -> str:
    """What to click."""
    return _SHEET.format_map(facts)


_SHEET = """\
# {name}: fine-tune on SiliconFlow (SiliconCloud)

SiliconFlow documents no API for fine-tuning: nothing was uploaded and nothing was started. These are the
steps in its console, and the files lie beside this sheet.

| | |
|---|---|
| base model | `{base}` |
| training data | `{train}`: {train_samples} samples |
| validation data | {validation_line} |
| system prompt of all samples | {trigger} |

1. Open https://cloud.siliconflow.cn, sign in, and go to 模型微调 (fine-tuning).
2. Create a task and give it a name. Letters, digits, `_` and `-` are safe: the name comes back inside the
   name of the model.
3. Choose the base model `{base}`.
   If the list does not have it, take one that it has, and prepare the job anew with that `--base`.
4. Upload `{train}` as the training data. The console checks it again.
5. Validation data: {validation_step}
6. Training parameters: the form shows their names, defaults and ranges; they are not documented elsewhere,
   so begin with what it proposes.
7. Start the task and wait. Training costs money; the console says how much.
8. When it has finished, copy the model's name. It looks like
   `ft:LoRA/{base}:<account>:<name>:<job>`,
   with `-ckpt_step_<n>` behind it for an earlier checkpoint.
9. Tell the job of each model that you want to try; one call shows that it answers:

   ```
   export {key_env}=sk-...
   difyflow finetune adopt {folder} 'ft:LoRA/...'
   ```

10. Ask the base model and the checkpoints the same questions, and keep the best:

    ```
    difyflow finetune compare {folder} --models base,ckpt1 --questions {questions}
    ```

11. Use it with the very same system prompt{trigger_tail}.
    In Dify: add it as a custom model of the SiliconFlow provider (whether that is possible depends on the
    version of its plugin), then put it into the app:

    ```
    difyflow model set app.yml --from MODEL --to 'ft:LoRA/...' --write
    ```
"""

SERVICE = Service(
    title="SiliconFlow",
    rules="siliconflow",
    way="console",
    difference="it documents no API for fine-tuning, its console does it",
    base_url="https://api.siliconflow.cn/v1",
    key_env="SILICONFLOW_API_KEY",
    validation=0.1,
    parse=parse,
    model_fault=model_fault,
    sheet=sheet,
)
