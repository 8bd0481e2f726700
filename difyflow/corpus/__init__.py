r"""Corpus tools: JSONL in, JSONL out.

Everything here is a plain function over iterators of physical lines (bytes, split at `\n` only); a file is
never held in memory. Lines come from `samples.read_lines`, which bounds how long one may be.
"""
