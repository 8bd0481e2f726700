"""The code nodes of the workflow as functions; each stands alone, for a node holds its own text only."""

from __future__ import annotations

from typing import TypedDict


class Sections(TypedDict):
    """What `split` gives."""

    sections: list[str]
    report: str


class Written(TypedDict):
    """What `read` gives."""

    samples: str
    listing: str


class Checked(TypedDict):
    """What `keep` gives."""

    result: str


class Joined(TypedDict):
    """What `join` gives."""

    text: str
    report: str


def split(documents: list[str]) -> Sections:
    """Cuts documents into at most 30 sections, the most strings that a code node may return.

    A section ends before a heading, else after a sentence. It has about 800 characters, and more in a long
    document, up to 12,000; what does not fit then is refused, since cutting it off would lose it unseen.
    """
    import re

    most, small, large = 30, 800, 12000
    numbers = "一二三四五六七八九十百千0-9"
    heading = rf"(?:#{{1,6}}\s|第[{numbers}]{{1,6}}[章节篇编部]|[{numbers}]{{1,3}}、)[^\n]{{0,60}}\n"
    ending = r"(?:(?<=[。！？!?；;\n])(?![”’」』）])|(?<=[。！？!?；;][”’」』）])|$)"

    def unwrapped(text: str) -> str:
        """Puts lines together that a PDF broke within a sentence."""
        lines = re.sub(r"\r\n?", "\n", text)
        return re.sub(
            rf"(?<=[^\n]{{16}}[\u3400-\u9fff，、])\n(?!{heading})(?=[\u3400-\u9fff，。、；：！？”』」）])",
            "",
            lines,
        )

    def cut(text: str, limit: int) -> list[str]:
        """The sections of a document; a heading stands over each of its own."""
        found = [""]
        for block in re.split(rf"(?m)^(?={heading})", text):
            title = re.match(heading, block)
            pieces = re.findall(rf"[\s\S]{{1,{limit}}}{ending}|[\s\S]{{1,{limit}}}", block)
            for number, piece in enumerate(pieces):
                if len(found[-1]) > min(limit - len(piece), limit if number else limit // 2):
                    found.append(title[0] if title and number else "")
                found[-1] += piece
        return [section.strip() for section in found if re.search(r"\w", section)]

    texts = [unwrapped(document) for document in documents]
    limit = max(small, min(large, sum(map(len, texts)) // most))
    while sum(len(cut(text, limit)) for text in texts) > most and limit < large:
        limit = min(large, limit * 5 // 4)
    sections = [section for text in texts for section in cut(text, limit)]
    if not sections:
        raise ValueError("文档中没有文字(扫描件需要先做 OCR)/ the documents hold no text")
    if len(sections) > most:
        raise ValueError(
            f"分成 {len(sections)} 节,一次运行最多 {most} 节:请先拆分文档(difyflow batch --split)"
            f" / the text makes {len(sections)} sections, and a run takes {most}: split the documents"
        )
    return {"sections": sections, "report": f"{len(sections)} 节,每节约 {limit} 字以内"}


def read(text: str, trigger: str) -> Written:
    """Reads the samples that the model wrote; each gets the trigger phrase itself as its system message.

    What is not a JSON object with a question and an answer is left out.
    """
    import json

    found: dict[str, str] = {}
    rest = text.rpartition("</think>")[2]
    at = rest.find("{")
    while at >= 0:
        try:
            value, at_end = json.JSONDecoder().raw_decode(rest, at)
        except (ValueError, RecursionError):
            value, at_end = None, at + 1
        turns = (value.get("messages") or value.get("message")) if isinstance(value, dict) else None
        said = {
            turn["role"]: turn["content"].strip()
            for turn in (turns if isinstance(turns, list) else [])
            if isinstance(turn, dict)
            and isinstance(turn.get("role"), str)
            and isinstance(turn.get("content"), str)
        }
        if said.get("user") and said.get("assistant"):
            found.setdefault(said["user"], said["assistant"])
        at = rest.find("{", at_end)
    lines, listing = [], []
    for number, (question, answer) in enumerate(found.items(), start=1):
        roles = (("system", trigger), ("user", question), ("assistant", answer))
        messages = [{"role": role, "content": content} for role, content in roles]
        lines.append(json.dumps({"messages": messages}, ensure_ascii=False))
        listing.append(f"{number}. 问:{question}\n   答:{answer}")
    return {"samples": "\n".join(lines), "listing": "\n".join(listing)}


def keep(samples: str, verdict: str, section: str) -> Checked:
    """Keeps the samples that the checking model found to be backed by the section.

    Of a sample that it said nothing readable about, half of the pairs of characters in the answer must stand
    in the section.
    """
    import json
    import re

    said = dict(re.findall(r"(?m)^\W*(\d{1,3})\W*(有据|无据)", verdict.rpartition("</think>")[2]))

    def pairs(text: str) -> set[str]:
        plain = re.sub(r"[\W_]+", "", text)
        return {plain[at : at + 2] for at in range(len(plain) - 1)}

    kept, unbacked, by_rule = [], 0, 0
    for number, line in enumerate(samples.split("\n") if samples else [], start=1):
        word = said.get(str(number))
        if word is None:
            by_rule += 1
            asked = pairs(json.loads(line)["messages"][-1]["content"])
            backed = len(asked & pairs(section)) * 2 >= len(asked) > 0
        else:
            backed = word == "有据"
        if backed:
            kept.append(line)
        else:
            unbacked += 1
    result = {"lines": kept, "unbacked": unbacked, "by_rule": by_rule}
    return {"result": json.dumps(result, ensure_ascii=False)}


def join(rounds: list[str | None]) -> Joined:
    """Puts the samples of all sections together, each question once."""
    import json

    found = [json.loads(item) for item in rounds if item]
    lines: dict[str, str] = {}
    repeated = 0
    for line in (line for item in found for line in item["lines"]):
        question = json.loads(line)["messages"][1]["content"]
        repeated += question in lines
        lines.setdefault(question, line)
    if not lines:
        raise ValueError("没有一节写出可用的样本 / no section gave a sample that can be used")
    unbacked, by_rule = (sum(item[key] for item in found) for key in ("unbacked", "by_rule"))
    report = (
        f"{len(rounds)} 节,保留 {len(lines)} 个样本;原文无据 {unbacked} 个,重复 {repeated} 个,"
        f"失败 {len(rounds) - len(found)} 节;未得到模型核对、仅按字面核对 {by_rule} 个"
    )
    return {"text": "\n".join(lines.values()), "report": report}
