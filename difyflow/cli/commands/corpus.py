"""Collect, check, dedupe, split, count and convert training samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import click

_SERVICES = ["siliconflow", "openai", "llamafactory"]
_FORMATS = ["messages", "alpaca", "sharegpt", "openai", "dpo"]
_Command = TypeVar("_Command", bound=Callable[..., object])


def _shared(command: _Command) -> _Command:
    """The options that every corpus command has."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        click.option(
            "--format", "format_", type=click.Choice(["text", "json"]), default="text", show_default=True
        ),
        click.option("--force", is_flag=True, help="Overwrite what is there."),
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def command() -> None:
    """Collect, check, dedupe, split, count and convert training samples.

    A corpus is a JSONL file with one sample a line; - is standard input. Where
    samples come from stands in x.provenance.jsonl beside x.jsonl and goes along
    with every step.

    \b
    Examples:
      difyflow corpus collect batch-out/ -o corpus.jsonl
      difyflow corpus check corpus.jsonl --for siliconflow --deep --documents docs/
      difyflow corpus dedupe corpus.jsonl --near -o clean.jsonl
      difyflow corpus split clean.jsonl -o parts/ --validation 0.1 --test 0.1
      difyflow corpus stats clean.jsonl --html clean.html
      difyflow corpus convert clean.jsonl --to sharegpt -o data/fire.json
    """


@command.command()
@click.argument("sources", nargs=-1)
@click.option("-o", "--output", metavar="FILE", help="Default: standard output, without the side files.")
@click.option(
    "--output-name", default="", metavar="NAME", help="Which output of a run, if there are several."
)
@click.option("--encoding", default="", metavar="NAME", help="Of text files; default: UTF-8.")
@_shared
def collect(**options: object) -> int:
    """Collect samples from run results, batch folders and text files.

    SOURCES are batch folders, results (`run --format json`, results.jsonl), any
    file with what a model printed, or -. What is not yet JSONL is mended where it
    can be read in one way only; the rest goes to x.rejected.jsonl beside -o
    x.jsonl, and where each line comes from to x.provenance.jsonl.

    \b
    Examples:
      difyflow corpus collect batch-out/ more.txt -o corpus.jsonl
      pbpaste | difyflow corpus collect - > corpus.jsonl
    """
    from difyflow.cli import _corpus_collect

    return _corpus_collect.run(_corpus_collect.Options(**options))  # type: ignore[arg-type]  # click has made these types


@command.command()
@click.argument("file")
@click.option("--for", "service", required=True, type=click.Choice(_SERVICES), help="Whose rules.")
@click.option("--deep", is_flag=True, help="Also what is valid and yet teaches wrong things; see above.")
@click.option("--documents", metavar="DIR", help="With --deep: the documents that answers must stand in.")
@click.option("--provenance", metavar="FILE", help="Default: x.provenance.jsonl beside x.jsonl.")
@click.option("--fix", is_flag=True, help="Mend what is safe to mend, into -o, and check that.")
@click.option("-o", "--output", metavar="FILE", help="With --fix: the mended file.")
@click.option("--allow-demo", is_flag=True, help="Take samples that the demo responder made.")
@click.option(
    "--max", "max_", type=click.IntRange(min=0), default=20, show_default=True, help="Shown per rule."
)
@click.option("--strict", is_flag=True, help="Warnings exit with 1 too.")
@_shared
def check(**options: object) -> int:
    """Check a corpus against the rules of a fine-tuning service.

    Each finding has a line, a name and a severity; errors exit with 1. --deep adds
    a second pass: near-identical questions, one answer to many questions, refusals
    and phrases of assistants, answers that do not stand in the source, a system
    text that is not the same everywhere, mixed languages, too short or too long.

    \b
    Examples:
      difyflow corpus check corpus.jsonl --for siliconflow
      difyflow corpus check corpus.jsonl --for openai --fix -o fixed.jsonl
    """
    from difyflow.cli import _corpus_check

    return _corpus_check.run(_corpus_check.Options(**options))  # type: ignore[arg-type]  # click has made these types


@command.command()
@click.argument("file")
@click.option("-o", "--output", metavar="FILE", help="Default: standard output.")
@click.option("--exact", "kind", flag_value="exact", default="exact", help="The same bytes; the default.")
@click.option(
    "--normalised", "kind", flag_value="normalised", help="But for case, width, spaces, punctuation."
)
@click.option("--near", "kind", flag_value="near", help="Most of the text; needs difyflow[corpus].")
@click.option("--threshold", type=float, help="For --near: common shingles; default: 0.8.")
@click.option("--memory", type=click.IntRange(min=1), default=512, show_default=True, metavar="MB")
@click.option("--report", metavar="FILE", help="Name every dropped line in this JSONL file.")
@_shared
def dedupe(**options: object) -> int:
    """Remove duplicates; the first of its kind is kept.

    What is dropped is told with the line that is kept in its place. Near duplicates
    share most of their runs of five characters, so Chinese needs no spaces; the
    similarity of every pair is counted exactly. Above --memory digests go to disk.

    \b
    Examples:
      difyflow corpus dedupe corpus.jsonl -o unique.jsonl
      difyflow corpus dedupe corpus.jsonl --near --threshold 0.85 -o clean.jsonl --report dropped.jsonl
    """
    from difyflow.cli import _corpus_dedupe

    return _corpus_dedupe.run(_corpus_dedupe.Options(**options))  # type: ignore[arg-type]  # click has made these types


@command.command()
@click.argument("file")
@click.option("-o", "--output", required=True, metavar="DIR", help="For train.jsonl, validation.jsonl, ...")
@click.option("--validation", type=float, default=0.1, show_default=True, metavar="SHARE")
@click.option("--test", type=float, default=0.0, show_default=True, metavar="SHARE")
@click.option("--seed", type=int, default=0, show_default=True, help="Another number, another split.")
@click.option("--by", type=click.Choice(["document", "line"]), default="document", show_default=True)
@click.option("--near", is_flag=True, help="Keep near duplicates together too; needs difyflow[corpus].")
@click.option("--provenance", metavar="FILE", help="Default: x.provenance.jsonl beside x.jsonl.")
@_shared
def split(**options: object) -> int:
    """Split a corpus into train, validation and test, by source document.

    Samples of one document, and samples with the same text or question, go into
    one part, so that nothing leaks; sizes are as near to the shares as that
    allows, and are told. The same file and seed give the same parts.

    \b
    Examples:
      difyflow corpus split corpus.jsonl -o parts/
      difyflow corpus split corpus.jsonl -o parts/ --validation 0.1 --test 0.1 --near
    """
    from difyflow.cli import _corpus_split

    return _corpus_split.run(_corpus_split.Options(**options))  # type: ignore[arg-type]  # click has made these types


@command.command()
@click.argument("file")
@click.option("-o", "--output", metavar="FILE", help="Default: standard output.")
@click.option("--to", required=True, type=click.Choice(_FORMATS), help="Format to write.")
@click.option("--from", "from_", default="", metavar="FORMAT", help="Default: each line tells by its keys.")
@click.option("--array", "lines", flag_value=False, default=True, help="One JSON array, in place of JSONL.")
@click.option("--dataset-info", metavar="FILE", help="Add an entry to LLaMA-Factory's dataset_info.json.")
@click.option("--name", default="", help="Of that entry; default: the name of -o.")
@click.option("--lossy", is_flag=True, help="Leave out what the format has no place for, and tell it.")
@click.option("--skip", is_flag=True, help="Leave out lines that do not fit, and tell it.")
@_shared
def convert(**options: object) -> int:
    """Convert samples between formats; nothing is lost in silence.

    Formats: messages (role and content only, as SiliconFlow takes it), openai
    (with tools and weights), dpo (OpenAI's preference pairs), alpaca and sharegpt
    (LLaMA-Factory's, also with chosen and rejected answers). A line with something
    that the format cannot hold is told, and then nothing is written.

    \b
    Examples:
      difyflow corpus convert corpus.jsonl --to alpaca -o data/fire.jsonl \\
          --dataset-info data/dataset_info.json
      difyflow corpus convert pairs.jsonl --to messages --lossy -o preferred.jsonl
    """
    from difyflow.cli import _corpus_convert

    return _corpus_convert.run(_corpus_convert.Options(**options))  # type: ignore[arg-type]  # click has made these types


@command.command()
@click.argument("file")
@click.option("--tokenizer", metavar="FILE", help="tokenizer.json of the model; default: an estimate.")
@click.option("--documents", metavar="DIR", help="To see which part of each document gave samples.")
@click.option("--provenance", metavar="FILE", help="Default: x.provenance.jsonl beside x.jsonl.")
@click.option("--price", type=click.FloatRange(min=0), metavar="P", help="What a million tokens cost.")
@click.option("--epochs", type=click.IntRange(min=1), default=1, show_default=True, help="For the cost.")
@click.option("--currency", default="", metavar="NAME", help="For the cost.")
@click.option("--near", is_flag=True, help="Count near duplicates too; needs difyflow[corpus].")
@click.option("--html", metavar="FILE", help="A page with charts and the samples.")
@click.option(
    "--for", "service", type=click.Choice(_SERVICES), help="On the page: findings by its rules too."
)
@click.option("--page-samples", type=click.IntRange(min=1), default=2000, show_default=True, metavar="N")
@_shared
def stats(**options: object) -> int:
    """Count samples, lengths, tokens, languages, duplicates, coverage and cost.

    Tokens are an estimate, and labelled so, unless --tokenizer names the model's
    own tokenizer.json (needs difyflow[tokens]). The page of --html stands alone:
    samples to page through, filtered by finding or text, and charts.

    \b
    Examples:
      difyflow corpus stats corpus.jsonl --price 3.5 --epochs 3 --currency CNY
      difyflow corpus stats corpus.jsonl --documents docs/ --html corpus.html
    """
    from difyflow.cli import _corpus_stats

    return _corpus_stats.run(_corpus_stats.Options(**options))  # type: ignore[arg-type]  # click has made these types
