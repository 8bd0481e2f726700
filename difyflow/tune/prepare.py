"""From a corpus to the folder of a job: checked, split, with what to do next."""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal

from difyflow.corpus import provenance
from difyflow.corpus.check import Tally, check
from difyflow.corpus.check import service as rules_of
from difyflow.corpus.samples import Sample, line_digest, opened, read_lines, read_samples
from difyflow.corpus.split import Split, in_parts, keys_of, split
from difyflow.corpus.unsigned import worded_as_demo
from difyflow.errors import InputError, UsageError
from difyflow.records.files import open_whole, write_whole
from difyflow.tune.job import JOB_FILE, DataFile, Job, read_job, save_job
from difyflow.tune.service import Service, need_way

SHEET = "STEPS.md"
DEMO = "demo"
_SHOWN = 20  # errors that are named
_LONGEST = 16 * 1024 * 1024
_OLD = (JOB_FILE, SHEET, "train.jsonl", "validation.jsonl", "test.jsonl")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a job shall be.

    Attributes:
        corpus: the `.jsonl` file.
        folder: where the job goes.
        service: its name.
        base: model to be tuned.
        provenance: side file that says where each line comes from; None = `x.provenance.jsonl` beside the
            corpus, if it is there.
        validation: share; None = what the service itself would take.
        test: share that is kept for `compare`.
        split_by: `document`, so that nothing leaks, or `line`.
        seed: of the split, and of the training where the service takes one.
        suffix, hyperparameters: for services with an API.
        allow_demo: take samples of the rule-based responder.
        force: write over an earlier job that was not submitted.
    """

    corpus: Path
    folder: Path
    service: str
    base: str
    provenance: Path | None = None
    validation: float | None = None
    test: float = 0.0
    split_by: Literal["document", "line"] = "document"
    seed: int = 0
    suffix: str = ""
    hyperparameters: Mapping[str, object] = field(default_factory=dict)
    allow_demo: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What `prepare` wrote; `notes` are lines for people."""

    job: Job
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Origins:
    """The documents of lines, and the digests of those that the demo responder wrote.

    Where no provenance is known, the wording tells the latter, if it is that of more than half.
    """

    sources: provenance.Sources
    demo: frozenset[str]
    known: bool

    def is_demo(self, sample: Sample) -> bool:
        """True if the demo responder wrote the sample, or without provenance if it reads so."""
        return line_digest(sample.raw) in self.demo if self.known else worded_as_demo(sample)


def prepare(plan: Plan) -> Prepared:
    """Checks and splits a corpus and writes the folder of a job.

    Raises:
        InputError: the corpus breaks rules of the service; the first ones are in `problems`.
        UsageError: the corpus or the folder cannot be used, samples of the demo responder, no such service,
            or one that cannot be told to train from here.
    """
    known = need_way(plan.service)
    _check_plan(plan, known)
    warnings = _checked(plan.corpus, known)
    origins = _origins(plan)
    found = _Corpus.of(plan.corpus, origins, by_document=plan.split_by == "document")
    if found.demo and not plan.allow_demo:
        raise _of_demo(plan, origins, found)
    parts, by, notes = _split(plan, known, found)
    _make_folder(plan)
    files = _write(plan, parts)
    job = Job(
        mark=f"difyflow-{secrets.token_hex(8)}",
        service=plan.service,
        base=plan.base,
        corpus=plan.corpus.name,
        corpus_sha256=found.sha256,
        trigger=found.trigger,
        train=files["train"],
        validation=files.get("validation"),
        test=files.get("test"),
        split_by=by,
        warnings=warnings,
        demo=found.demo,
        hyperparameters=dict(plan.hyperparameters),
        suffix=plan.suffix,
        seed=plan.seed or None,
    )
    if known.sheet is not None:
        write_whole(plan.folder / SHEET, known.sheet(_facts(job, known, plan.folder)).encode())
    save_job(plan.folder, job)
    return Prepared(job=job, notes=tuple(notes))


def _of_demo(plan: Plan, origins: _Origins, found: _Corpus) -> UsageError:
    said = f"{found.demo} of {found.samples} samples"
    return UsageError(
        f"{said} come from the rule-based responder, not from a model"
        if origins.known
        else f"{said} are worded as those of the rule-based responder, and no provenance says otherwise",
        path=str(plan.corpus),
        code="demo-corpus",
        hint="they are for trying things out; --allow-demo takes them all the same",
    )


def _check_plan(plan: Plan, known: Service) -> None:
    if not plan.base.strip() or any(sign.isspace() for sign in plan.base):
        raise UsageError(f"{plan.base!r} is no name of a model", hint="--base Qwen/Qwen2.5-7B-Instruct")
    if len(plan.suffix) > 64:
        raise UsageError("a suffix has at most 64 characters", code="suffix")
    if known.way == "console" and (plan.suffix or plan.hyperparameters):
        raise UsageError(
            f"{known.title} takes a suffix and hyper-parameters in the form of its console",
            code="console",
            hint="leave --suffix and --set out",
        )
    _check_folder(plan)


def _check_folder(plan: Plan) -> None:
    if plan.folder.exists() and not plan.folder.is_dir():
        raise UsageError("is no folder", path=str(plan.folder), code="exists")
    there = [name for name in _OLD if (plan.folder / name).exists()]
    if there and not plan.force:
        raise UsageError(
            f"holds {', '.join(there)} already",
            path=str(plan.folder),
            code="exists",
            hint="--force, or another folder",
        )
    if there and (plan.folder / JOB_FILE).exists():
        remote = read_job(plan.folder).remote
        if remote.job_id or remote.creating:
            raise UsageError(
                "this job was submitted already; written over, nobody could follow it any more",
                path=str(plan.folder),
                code="submitted",
                hint="prepare into another folder",
            )


def _checked(path: Path, known: Service) -> dict[str, int]:
    """The warnings by rule.

    Raises:
        InputError: there are errors.
    """
    errors: list[str] = []
    warnings: Counter[str] = Counter()
    count, tally = 0, Tally()
    with opened(path) as file:
        for item in check(read_lines(file), service=known.rules, tally=tally):
            if item.severity == "error":
                count += 1
                if len(errors) < _SHOWN:
                    where = f"line {item.line}: " if item.line else ""
                    errors.append(f"{where}{item.id}: {item.message}")
            else:
                warnings[item.id] += 1
    if errors:
        more = [f"and {count - len(errors)} more"] if count > len(errors) else []
        raise InputError(
            f"{path}: {known.title} would refuse it",
            problems=[*errors, *more],
            code="corpus-faults",
            hint=f"difyflow corpus check {path} --for {known.rules} names all; --fix mends the safe ones",
        )
    if set(tally.kinds) - {rules_of(known.rules).PLAIN}:
        raise UsageError(
            "holds preference pairs, and a job from here is supervised",
            path=str(path),
            code="preference",
            hint=f"difyflow corpus convert {path} --to openai --lossy keeps the preferred answers",
        )
    return dict(sorted(warnings.items()))


def _origins(plan: Plan) -> _Origins:
    path = plan.provenance or provenance.beside(plan.corpus)
    if plan.provenance is None and not path.is_file():
        return _Origins(provenance.Sources(), frozenset(), known=False)
    with opened(path) as file:
        sources = provenance.Sources(provenance.read(read_lines(file)))
        file.seek(0)
        entries = provenance.read(line for line in read_lines(file) if DEMO.encode() in line)
        demo = frozenset(str(one[provenance.KEY]) for one in entries if DEMO in provenance.models(one))
    if plan.provenance is not None and not len(sources):
        raise UsageError("is no provenance file", path=str(path), code="provenance")
    return _Origins(sources, demo, known=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Corpus:
    """What one pass over the corpus tells."""

    sha256: str
    samples: int
    demo: int
    trigger: str | None
    keys: Sequence[tuple[str, ...]]

    @staticmethod
    def of(path: Path, origins: _Origins, *, by_document: bool) -> _Corpus:
        digest = hashlib.sha256()
        keys: list[tuple[str, ...]] = []
        triggers: set[str] = set()
        demo = 0
        with opened(path) as file:
            for sample in read_samples(_seen(file, digest)):
                assert isinstance(sample, Sample)  # what is none is an error of the check
                if len(triggers) < 2:
                    triggers.add(sample.system)
                demo += origins.is_demo(sample)
                keys.append(keys_of(sample, origins.sources.of(sample.raw) if by_document else ()))
        return _Corpus(
            sha256=digest.hexdigest(),
            samples=len(keys),
            demo=demo if origins.known or demo * 2 > len(keys) else 0,
            trigger=triggers.pop() or None if len(triggers) == 1 else None,
            keys=keys,
        )


def _seen(file: BinaryIO, digest: hashlib._Hash) -> Iterator[bytes]:
    for line in read_lines(file):
        digest.update(line)
        yield line


def _split(plan: Plan, known: Service, found: _Corpus) -> tuple[Split, str, list[str]]:
    """The parts, what they were told apart by, and what people should know of them."""
    shares = {
        "validation": known.validation if plan.validation is None else plan.validation,
        "test": plan.test,
    }
    shares = {name: share for name, share in shares.items() if share}
    keys, by, notes = found.keys, plan.split_by, []
    documents = {key for item in keys for key in item if key.startswith("document:")}
    if by == "document" and len(documents) <= len(shares):
        keys, by = [tuple(key for key in item if key not in documents) for item in keys], "line"
        what = (
            "come from one document" if len(documents) == 1 else "do not say which documents they come from"
        )
        what = "come from too few documents" if len(documents) > 1 else what
        notes.append(
            f"the samples {what}: they are split one by one, "
            "so the validation shows what was learnt and not what carries over to other documents"
        )
    parts = split(keys, shares=shares or {"validation": 0.0}, seed=plan.seed)
    _check_train(parts.sizes[0], known)
    for name, size, wanted in zip(parts.names, parts.sizes, parts.wanted, strict=True):
        if by == "document" and name != "train" and abs(size / len(found.keys) - wanted) > 0.05:
            notes.append(
                f"{name} has {size / len(found.keys):.0%} of the samples, and {wanted:.0%} were wished: "
                "documents stay whole; --split-by line takes samples one by one"
            )
    return parts, by, notes


def _check_train(samples: int, known: Service) -> None:
    """What the service says of a whole file holds of the training data too, which is a part of the corpus."""
    rules = rules_of(known.rules)
    for fault in rules.whole(Tally(samples=samples, kinds={rules.PLAIN: samples})):
        if rules.RULES[fault.id] == "error":
            raise UsageError(
                f"the training data {fault.message}, and {known.title} would refuse that",
                code=fault.id,
                hint="add samples, or keep fewer for validation and test: --validation 0",
            )


def _make_folder(plan: Plan) -> None:
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
        for name in _OLD:
            (plan.folder / name).unlink(missing_ok=True)
    except OSError as err:
        raise UsageError(
            f"cannot be written: {err.strerror or err}", path=str(plan.folder), code="not-writable"
        ) from err


class _Part:
    """A data file while it is written."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._digest, self._size, self._samples = hashlib.sha256(), 0, 0

    def add(self, line: bytes) -> None:
        data = line.rstrip(b"\r\n") + b"\n"
        self._file.write(data)
        self._digest.update(data)
        self._size += len(data)
        self._samples += 1

    def done(self) -> DataFile:
        return DataFile(
            name=self._path.name, sha256=self._digest.hexdigest(), size=self._size, samples=self._samples
        )


def _write(plan: Plan, parts: Split) -> dict[str, DataFile]:
    with ExitStack() as stack:
        files = {}
        for name, size in zip(parts.names, parts.sizes, strict=True):
            if size:
                path = plan.folder / f"{name}.jsonl"
                files[name] = _Part(path, stack.enter_context(open_whole(path)))
        with opened(plan.corpus) as corpus:
            for name, line in in_parts(read_lines(corpus), parts):
                files[name].add(line)
        return {name: part.done() for name, part in files.items()}


def _facts(job: Job, known: Service, folder: Path) -> dict[str, str]:
    """What a sheet may name."""
    share = f"{known.validation:.0%}"
    trigger = " ".join((job.trigger or "").replace("`", "'").split())
    if job.validation:
        line = f"`{job.validation.name}`: {job.validation.samples} samples"
        step = f"choose a file of your own, and upload `{job.validation.name}`."
        if job.split_by == "document":
            step += " Its samples come from other documents than the training data."
    else:
        line = f"none: the service takes {share} of the training data"
        step = f"leave it at {share} of the training data."
    return {
        "name": folder.name,
        "folder": str(folder),
        "base": job.base,
        "train": job.train.name,
        "train_samples": str(job.train.samples),
        "validation_line": line,
        "validation_step": step,
        "trigger": f"`{trigger}`" if trigger else "differs, or there is none",
        "trigger_tail": f": `{trigger}`" if trigger else " as in the samples",
        "questions": str(folder / (job.test or job.validation or job.train).name),
        "key_env": known.key_env,
    }
