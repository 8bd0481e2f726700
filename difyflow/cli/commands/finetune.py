"""Fine-tune a model on a corpus: prepare, submit, watch, compare."""

from __future__ import annotations

import click

_base_url = click.option(
    "--base-url", default="", metavar="URL", help="Where the service is; default: its documented address."
)
_key_env = click.option(
    "--key-env", default="", metavar="NAME", help="Variable with the key; default: the service's own."
)
_format = click.option(
    "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
)


@click.group()
def command() -> None:
    """Fine-tune a model on a corpus: prepare, submit, watch, compare.

    A job is a folder. SiliconFlow has no API for fine-tuning: its job holds a sheet
    of what to click, and `adopt` takes the name of the model that the console
    shows. OpenAI, Nebius and servers of exactly OpenAI's shape take a job from
    here. Keys come from the environment and are never arguments.

    \b
    Examples:
      difyflow finetune prepare corpus.jsonl --for siliconflow \\
          --base Qwen/Qwen2.5-7B-Instruct -o job/
      difyflow finetune adopt job/ 'ft:LoRA/Qwen/Qwen2.5-7B-Instruct:...'
      difyflow finetune compare job/ --models base,ckpt1 --questions job/validation.jsonl
    """


@command.command()
@click.argument("corpus")
@click.option("--for", "service", required=True, metavar="SERVICE", help="siliconflow, openai, nebius, ...")
@click.option("--base", required=True, metavar="MODEL", help="The model to be tuned.")
@click.option("-o", "--output", "folder", required=True, metavar="JOB", help="Folder of the job.")
@click.option("--validation", type=click.FloatRange(0, 0.9), metavar="SHARE", help="Default: the service's.")
@click.option("--test", type=click.FloatRange(0, 0.9), default=0.0, metavar="SHARE", help="Kept for compare.")
@click.option("--split-by", type=click.Choice(["document", "line"]), default="document", show_default=True)
@click.option(
    "--seed", type=click.IntRange(min=0), default=0, metavar="N", help="Of the split, and the training."
)
@click.option(
    "--suffix", default="", metavar="TEXT", help="For the name of the model, where there is an API."
)
@click.option("--set", "pairs", multiple=True, metavar="NAME=VALUE", help="A hyper-parameter, as n_epochs=3.")
@click.option("--provenance", metavar="FILE", help="Default: CORPUS.provenance.jsonl beside it.")
@click.option("--allow-demo", is_flag=True, help="Take samples that no model wrote.")
@click.option("--force", is_flag=True, help="Write over a job that was not submitted.")
@_format
def prepare(**options: object) -> int:
    """Check and split a corpus, and write the folder of a job.

    CORPUS is chat samples as JSONL. It is checked against the documented rules of
    the service; an error ends it. It is split by source document, so that nothing
    leaks, if its provenance says which those are; --split-by line splits samples
    one by one. The validation share is the service's own, 10 %.

    \b
    Examples:
      difyflow finetune prepare corpus.jsonl --for siliconflow \\
          --base Qwen/Qwen2.5-7B-Instruct -o job/
      difyflow finetune prepare corpus.jsonl --for openai --base gpt-4o-mini -o job/ \\
          --set n_epochs=2 --suffix law
    """
    from difyflow.cli import _finetune

    return _finetune.prepare(_finetune.PrepareOptions(**options))  # type: ignore[arg-type]  # click made these


@command.command()
@click.argument("folder")
@click.argument("model")
@click.option("--no-call", is_flag=True, help="Check the name's shape only.")
@_base_url
@_key_env
@_format
def adopt(folder: str, model: str, no_call: bool, base_url: str, key_env: str, format_: str) -> int:
    """Take the name of a tuned model that a console shows, and try one call.

    \b
    Examples:
      difyflow finetune adopt job/ 'ft:LoRA/Qwen/Qwen2.5-7B-Instruct:...-ckpt_step_182'
    """
    from difyflow.cli import _finetune

    return _finetune.adopt(folder, model, no_call, _finetune.Place(base_url, key_env), format_)


@command.command()
@click.argument("folder")
@_base_url
@_key_env
@_format
def submit(folder: str, base_url: str, key_env: str, format_: str) -> int:
    """Upload a job's files and start it, at most once.

    What the service has already, it is not sent again: not after an answer that was
    lost, and not when the command was killed. Services without OpenAI's
    fine_tuning.jobs are refused, with what is different.

    \b
    Examples:
      difyflow finetune submit job/
      difyflow finetune submit job/ --base-url http://localhost:8000/v1
    """
    from difyflow.cli import _finetune_jobs

    return _finetune_jobs.submit(folder, base_url, key_env, format_)


@command.command()
@click.argument("folder")
@click.option("--every", type=click.FloatRange(min=0.1), default=10, show_default=True, metavar="SECONDS")
@click.option("--once", is_flag=True, help="Look once and end.")
@_base_url
@_key_env
@_format
def watch(folder: str, every: float, once: bool, base_url: str, key_env: str, format_: str) -> int:
    """Follow a job: its events, and its losses as a curve.

    It may be broken off and begun again at any time: what was seen lies in
    JOB/events.jsonl. Times are UTC. Ends with the job: 0 if it succeeded, 1 if not.

    \b
    Examples:
      difyflow finetune watch job/
    """
    from difyflow.cli import _finetune_jobs

    options = _finetune_jobs.WatchOptions(every_s=every, once=once, format_=format_)
    return _finetune_jobs.watch(folder, base_url, key_env, options)


@command.command()
@click.argument("folder")
@_base_url
@_key_env
@_format
def checkpoints(folder: str, base_url: str, key_env: str, format_: str) -> int:
    """List the models that a job gave, and remember them for compare.

    \b
    Examples:
      difyflow finetune checkpoints job/
    """
    from difyflow.cli import _finetune_jobs

    return _finetune_jobs.checkpoints(folder, base_url, key_env, format_)


@command.command()
@click.argument("folder")
@_base_url
@_key_env
def cancel(folder: str, base_url: str, key_env: str) -> int:
    """Ask the service to end a job.

    \b
    Examples:
      difyflow finetune cancel job/
    """
    from difyflow.cli import _finetune_jobs

    return _finetune_jobs.cancel(folder, base_url, key_env)


@command.command()
@click.argument("folder")
@click.option("--models", required=True, metavar="A,B,...", help="base, ckpt1, ckpt2, last, or models' ids.")
@click.option("--questions", required=True, metavar="FILE", help="Samples as JSONL; answers are references.")
@click.option("-o", "--output", "out", metavar="DIR", help="Default: JOB/compare.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N questions.")
@click.option(
    "--set", "pairs", multiple=True, metavar="NAME=VALUE", help="As temperature=0.3, for all models."
)
@click.option("--concurrency", type=click.IntRange(1, 64), default=4, show_default=True, metavar="N")
@click.option("--judge", default="", metavar="MODEL", help="A model that compares answers pair by pair.")
@click.option("--judge-base-url", default="", metavar="URL", help="Default: as for the models.")
@click.option("--judge-key-env", default="", metavar="NAME", help="Variable with the judge's key.")
@click.option("--blind", is_flag=True, help="A page for people that does not say whose answer is whose.")
@click.option("--votes", metavar="FILE", help="Count the votes that a blind page saved.")
@_base_url
@_key_env
@_format
def compare(**options: object) -> int:
    """Ask several models the same questions and lay their answers side by side.

    Answers lie in DIR/answers.jsonl as they come: broken off, the command goes on
    when it is called again. Writes DIR/compare.csv and DIR/compare.html, or with
    --blind DIR/blind.html and DIR/blind.key.json. No score says that an answer is
    right; a judge sees each pair twice, in both orders, and where it says another
    thing the second time, nobody wins.

    \b
    Examples:
      difyflow finetune compare job/ --models base,ckpt1,ckpt2 --questions job/test.jsonl
      difyflow finetune compare job/ --models base,last --questions q.jsonl --judge gpt-4o
      difyflow finetune compare job/ --models base,last --questions q.jsonl --blind
    """
    from difyflow.cli import _finetune_compare

    return _finetune_compare.run(_finetune_compare.Options(**options))  # type: ignore[arg-type]  # click made these
