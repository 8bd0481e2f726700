# ruff: noqa: E501
"""Writes `jsonl_cases/made_*.json`: known samples, rendered as a model might misprint them.

The truth is known before the mangling and never comes from the collector. Run by hand:
`python tests/records/make_jsonl_cases.py`. The manglers are also used by the property tests.
"""

from __future__ import annotations

import html
import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

Turn = tuple[str, str]
Chat = tuple[Turn, ...]

SYSTEMS = ("你是消防系统专家", "你是当代大儒", '你是一位严谨的 Python 老师:回答要"短"', "你是“川菜”师傅")
PROSE = (
    ("家里的火灾报警器怎么安装?", "根据《家用火灾安全系统》(GB22370—2008)的规定,安装应符合制造商的要求:避开高温、潮湿和尘土多的地方。"),
    ("什么叫\"预防为主,防消结合\"?", "这是消防工作的方针:\"预防为主\"指把防火放在首位,\"防消结合\"指防火与灭火并重。"),
    ("孔子说的“学而时习之”是什么意思？", "子曰：“学而时习之，不亦说乎？”意思是：学了又按时温习，不也高兴吗？"),
    ("他问:\"灭火器过期了还能用吗?\"", "答:\"不能。\"过期的灭火器压力不足,应当送修或报废;压力表指针在\"红区\"时也一样。"),
    ("怎么理解“己所不欲，勿施于人”？", "自己不想要的，不要加给别人。子贡问曰：“有一言而可以终身行之者乎？”子曰：“其‘恕’乎！”"),
    ("声压级75dB(A计权)是多响?", "大约相当于:繁忙路口的噪声;标准要求3米处≥75dB、≤120dB,既\"听得见\"又\"不伤耳\"。"),
    ("“明火”、“阴燃”有什么区别？", "区别在于:有没有火焰。“明火”有可见火焰;“阴燃”只冒烟,例如:烟头落在被褥上。"),
    ("做麻婆豆腐要注意什么？", "要点有三：一、豆腐“焯水”去腥；二、肉末煸至“酥香”；三、勾芡分三次。记住口诀：“麻、辣、烫、香、酥、嫩、鲜、活”。"),
    ("合同里写\"不可抗力\",包括疫情吗?", "要看约定:若写明\"包括但不限于自然灾害、疫情\",则包括;若没有写,按《民法典》第180条:\"不能预见、不能避免且不能克服\"来判断。"),
    ("老师说:\"请用'虽然……但是……'造句\"", "例句:'虽然下着雨,但是他准时到了。'老师批语:\"好!\""),
    ("电源是220V、50Hz,\"备用电源\"呢?", "备用电源应为可多次充放电的蓄电池:24小时内充至额定容量80%以上。"),
    ("论语里“君子不器”怎么讲?", "“器”是器具:各有一用,不能相通。君子不是器具,意思是:不应只有一种用处。"),
    ("厨房着火,先关气还是先灭火?", "看火势:火小时先关阀门;火大时先用\"灭火毯\"盖住,再关阀门。口诀:\"一关、二盖、三报警\"。"),
    ("\"119\"打通后说什么?", "说清四件事:1.地点;2.什么东西在烧;3.有没有人被困;4.你的电话。对方说\"可以挂了\"再挂。"),
    ("他说“好吧”,她说“算了”,这是吵架吗?", "不一定。“好吧”可能是妥协:也可能是“懒得再说”。要看语气。"),
)  # fmt: skip
AWKWARD = (
    ("怎么写一个 JSON 对象?", "写作 {\"name\": \"张三\", \"age\": 18},注意:键要加双引号。"),
    ("Python 怎么打印?", "```python\nprint('你好', \"世界\")\n```\n输出:\n\t你好 世界"),
    ("正则 \\d+ 是什么?", "\\d 匹配数字,+ 表示\"一个或多个\";Windows 路径写作 C:\\new\\temp。"),
    ("</think> 是什么?", "是思考标签的结尾,开头是 <think>。全角符号:｛｝［］：，“”。"),
    ("二次公式?", "$x=\\frac{-b\\pm\\sqrt{b^2-4ac}}{2a}$,其中 a≠0。🔥"),
    ("HTML 里 & 怎么写?", "写作 &amp;,小于号写作 &lt;,<br> 是换行。"),
    ("聊天记录长什么样?", "像 {\"role\": \"user\", \"content\": \"你好\"} 这样,放在 {\"messages\": [...]} 里。"),
    ("以\"}]}结尾行吗?", "行:\"}]}\n但要转义。it's ok, 'single' 也行。"),
    ("空行和制表符?", "第一行\n\n第三行\t列二\r\n末行 "),
    ("What's \"JSONL\"?", "One object per line: {...}\\n. Don't add commas, e.g. [1,2,]."),
)  # fmt: skip

Mangler = Callable[[list[Chat], random.Random], str]


def as_data(chat: Chat) -> dict[str, Any]:
    return {"messages": [{"role": role, "content": content} for role, content in chat]}


def line(chat: Chat) -> str:
    return json.dumps(as_data(chat), ensure_ascii=False)


def lines(chats: list[Chat]) -> list[str]:
    return [line(chat) for chat in chats]


def pretty(chat: Chat, indent: int = 2) -> str:
    return json.dumps(as_data(chat), ensure_ascii=False, indent=indent)


def outside_strings(text: str, change: Callable[[str], str]) -> str:
    """Applies `change` to what stands outside the strings of JSON `text`."""
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', text)
    return "".join(piece if at % 2 else change(piece) for at, piece in enumerate(pieces))


def each_string(text: str, change: Callable[[str], str]) -> str:
    """Replaces each string of JSON `text`, quotes included."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', lambda found: change(found.group()), text)


def fenced(chats: list[Chat], rng: random.Random) -> str:
    mark = rng.choice(["```jsonl", "```json", "```", "~~~json", "```JSONL"])
    close = mark[:3]
    blank = rng.choice(["", "\n"])
    return f"{mark}\n{blank}" + "\n".join(lines(chats)) + f"\n{close}{blank}"


INTROS = (
    "好的,以下是根据「内容」生成的数据:", "根据您的要求，我整理了如下 JSONL：\n", "Sure! Here are the samples:",
    "说明:每行一条数据,格式为 {role, content}。", "**输出**：\n\n---", "# 问答数据\n> 触发词:\"专家\"",
)  # fmt: skip
OUTROS = (
    "\n以上数据仅供参考,如需\"更多\"请告诉我。", "\n注意:{占位符} 需要替换。", "", "\n\n---\n希望对您有帮助!", "\n(共 3 条)",
)  # fmt: skip


def prose_around(chats: list[Chat], rng: random.Random) -> str:
    middle = rng.choice(["\n", "\n\n下面是另一条:\n", "\n\n"])
    return rng.choice(INTROS) + "\n" + middle.join(lines(chats)) + rng.choice(OUTROS)


def thinking(chats: list[Chat], rng: random.Random) -> str:
    draft = line((("user", "草稿问题"), ("assistant", "草稿回答")))
    open_, close = rng.choice([
        ("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<reasoning>", "</reasoning>"),
        ("<think>\n", "\n</think>\n"), ("", "\n</think>\n"),
        ('<details style="color:gray;" open> <summary> Thinking... </summary>\n', "\n</details>\n"),
    ])  # fmt: skip
    thought = rng.choice(
        ['用户想要"十条"数据,格式:{"messages": [...]}。', f"先试一条:\n{draft}\n不错。", "嗯。"]
    )
    return open_ + thought + close + "\n".join(lines(chats))


def pretty_printed(chats: list[Chat], rng: random.Random) -> str:
    indent = rng.choice([0, 1, 2, 4])
    return rng.choice(["\n", "\n\n", ",\n"]).join(pretty(chat, indent) for chat in chats)


def array(chats: list[Chat], rng: random.Random) -> str:
    data = [as_data(chat) for chat in chats]
    text = json.dumps(data, ensure_ascii=False, indent=rng.choice([None, 2]))
    return rng.choice([text, f"```json\n{text}\n```", text.replace("[", "[\n", 1)])


def wrapper(chats: list[Chat], rng: random.Random) -> str:
    key = rng.choice(["samples", "data", "results", "数据", "messages"])
    data: Any = {key: [as_data(chat) for chat in chats]}
    if rng.random() < 0.5:
        data = {"count": len(chats), "note": '格式:{"messages": [...]}', **data}
    return json.dumps(data, ensure_ascii=False, indent=rng.choice([None, 2, 4]))


def one_line(chats: list[Chat], rng: random.Random) -> str:
    return rng.choice([" ", "", ", ", ";", "\\n", "，"]).join(lines(chats))


def listed(chats: list[Chat], rng: random.Random) -> str:
    mark = rng.choice(
        ["{}. ", "- ", "* ", "{}、", "({}) ", "第{}条：", "• ", "{}) ", "**{}.** ", "[{}] ", "> "]
    )
    gap = rng.choice(["\n", "\n\n"])
    return gap.join(mark.format(at) + one for at, one in enumerate(lines(chats), 1))


def raw_newlines(chats: list[Chat], rng: random.Random) -> str:
    del rng
    return "\n".join(
        one.replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\r") for one in lines(chats)
    )


def trailing_commas(chats: list[Chat], rng: random.Random) -> str:
    def change(piece: str) -> str:
        piece = piece.replace("}, {", "}, {").replace("}]", "},]") if rng.random() < 0.7 else piece
        return piece.replace("]}", "],}").replace("}]", rng.choice(["} ,]", "},\n]"]))

    end = rng.choice([",", ""])
    return "\n".join(outside_strings(one, change) + end for one in lines(chats))


def trailing_commas_in_messages(chats: list[Chat], rng: random.Random) -> str:
    text = "\n".join(pretty(chat) if rng.random() < 0.5 else line(chat) for chat in chats)
    return outside_strings(text, lambda piece: re.sub(r"(\s*)}", r",\1}", piece))


def missing_commas(chats: list[Chat], rng: random.Random) -> str:
    def change(piece: str) -> str:
        if piece == ", ":
            return rng.choice([" ", ", ", "\n"])
        return piece.replace("}, {", rng.choice(["} {", "}\n{", "}, {"]))

    return "\n".join(outside_strings(one, change) for one in lines(chats))


FULL = str.maketrans("{}[]:,", "｛｝［］：，")


def full_width(chats: list[Chat], rng: random.Random) -> str:
    some = str.maketrans(
        {sign: wide for sign, wide in zip("{}[]:,", "｛｝［］：，", strict=True) if rng.random() < 0.6}
    )
    table = rng.choice([FULL, some])
    return "\n".join(outside_strings(one, lambda piece: piece.translate(table)) for one in lines(chats))


def curly_quotes(chats: list[Chat], rng: random.Random) -> str:
    left, right = rng.choice(["“”", "“”", "””"])
    keys_only = rng.random() < 0.4

    def change(string: str) -> str:
        if keys_only and string not in ('"messages"', '"role"', '"content"'):
            return string
        return left + string[1:-1] + right

    return "\n".join(each_string(one, change) for one in lines(chats))


def full_width_and_curly(chats: list[Chat], rng: random.Random) -> str:
    text = full_width(chats, rng)
    return each_string(text, lambda string: f"“{string[1:-1]}”")


def python_dicts(chats: list[Chat], rng: random.Random) -> str:
    data = [as_data(chat) for chat in chats]
    return rng.choice(
        [str(data), "\n".join(map(str, data)), "data = [\n" + ",\n".join(map(str, data)) + ",\n]"]
    )


def single_quotes(chats: list[Chat], rng: random.Random) -> str:
    def change(string: str) -> str:
        inner = string[1:-1].replace('\\"', '"')
        return "'" + inner.replace("'", rng.choice(["\\'"])) + "'"

    return "\n".join(each_string(one, change) for one in lines(chats))


def other_key(chats: list[Chat], rng: random.Random) -> str:
    key = rng.choice(["message", "Messages", "MESSAGES", "conversations", "消息", "对话"])
    return "\n".join(one.replace('"messages"', f'"{key}"', 1) for one in lines(chats))


def other_case(chats: list[Chat], rng: random.Random) -> str:
    kind = rng.choice([str.upper, str.capitalize])
    pattern = re.compile(r'"(?:role|content)"(?=:)|(?<="role": )"\w+"')
    return "\n".join(
        pattern.sub(lambda found: kind(found.group().strip('"')).join('""'), one) for one in lines(chats)
    )


CHINESE = {"system": "系统", "user": "用户", "assistant": "助手"}


def chinese_roles(chats: list[Chat], rng: random.Random) -> str:
    keys = rng.random() < 0.5
    found = []
    for chat in chats:
        names = ("角色", "内容") if keys else ("role", "content")
        messages = [dict(zip(names, (CHINESE[role], content), strict=True)) for role, content in chat]
        found.append(json.dumps({"messages": messages}, ensure_ascii=False))
    return "\n".join(found)


def raw_inner_quotes(chats: list[Chat], rng: random.Random) -> str:
    style = rng.choice([lines, lambda all_: [pretty(chat) for chat in all_]])
    return "\n".join(style(chats)).replace('\\"', '"')


def raw_inner_quotes_and_newlines(chats: list[Chat], rng: random.Random) -> str:
    return raw_newlines(chats, rng).replace('\\"', '"')


def raw_inner_curly(chats: list[Chat], rng: random.Random) -> str:
    return curly_quotes(chats, rng).replace('\\"', '"')


def commented(chats: list[Chat], rng: random.Random) -> str:
    comment = rng.choice(["// 系统提示", "# 触发词", "/* 说明: {} */"])

    def change(piece: str) -> str:
        return re.sub(r"\[\n|,\n", lambda found: found.group()[:1] + " " + comment + "\n", piece)

    return "\n".join(outside_strings(pretty(chat), change) for chat in chats)


def with_marks(chats: list[Chat], rng: random.Random) -> str:
    mark = rng.choice(["\ufeff", "\u200b", "\x00", "\u3000", "\u00a0", "\u200e"])
    return mark + (mark + "\n" + mark).join(lines(chats)) + mark


def marks_inside(chats: list[Chat], rng: random.Random) -> str:
    mark = rng.choice(["\u200b", "\u3000", "\u00a0", "\ufeff"])
    return "\n".join(outside_strings(one, lambda piece: piece.replace(" ", mark)) for one in lines(chats))


def html_escaped(chats: list[Chat], rng: random.Random) -> str:
    text = html.escape("\n".join(lines(chats)))
    return rng.choice([text, f"<pre>\n{text}\n</pre>", f"{text}\n"])


def encoded_twice(chats: list[Chat], rng: random.Random) -> str:
    ascii_ = rng.random() < 0.3
    strings = [json.dumps(one, ensure_ascii=ascii_) for one in lines(chats)]
    return rng.choice(
        ["\n".join(strings), "[" + ", ".join(strings) + "]", "[\n" + ",\n".join(strings) + "\n]"]
    )


def escaped_objects(chats: list[Chat], rng: random.Random) -> str:
    del rng
    return "\n".join(json.dumps(one, ensure_ascii=False)[1:-1] for one in lines(chats))


def escaped_apostrophes(chats: list[Chat], rng: random.Random) -> str:
    del rng
    return "\n".join(lines(chats)).replace("'", "\\'")


def crlf(chats: list[Chat], rng: random.Random) -> str:
    return rng.choice([fenced, pretty_printed, prose_around])(chats, rng).replace("\n", "\r\n")


def extra_members(chats: list[Chat], rng: random.Random) -> str:
    found = []
    for at, chat in enumerate(chats, 1):
        extra = {"id": at, "tags": ["消防", {"来源": '标准:"GB"'}], "ok": None}
        data = {**as_data(chat), **extra} if rng.random() < 0.5 else {**extra, **as_data(chat)}
        found.append(json.dumps(data, ensure_ascii=False))
    return "\n".join(found)


def content_first(chats: list[Chat], rng: random.Random) -> str:
    del rng
    swapped = [{"messages": [{"content": content, "role": role} for role, content in chat]} for chat in chats]
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in swapped)


def loose_messages(chats: list[Chat], rng: random.Random) -> str:
    inner = rng.choice(["\n", ",\n"])
    groups = [
        inner.join(json.dumps(m, ensure_ascii=False) for m in as_data(chat)["messages"]) for chat in chats
    ]
    return "\n\n".join(groups) + "\n"


def bare_lists(chats: list[Chat], rng: random.Random) -> str:
    indent = rng.choice([None, 2])
    return "\n".join(
        json.dumps(as_data(chat)["messages"], ensure_ascii=False, indent=indent) for chat in chats
    )


def roles_as_keys(chats: list[Chat], rng: random.Random) -> str:
    flat = rng.random() < 0.5
    data = [
        dict(chat) if flat else {"messages": [{role: content} for role, content in chat]} for chat in chats
    ]
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in data)


def ascii_escaped(chats: list[Chat], rng: random.Random) -> str:
    text = "\n".join(json.dumps(as_data(chat)) for chat in chats)
    return text.upper().replace("\\U", "\\u") if rng.random() < 0 else text


def missing_closers(chats: list[Chat], rng: random.Random) -> str:
    cut = rng.choice([lambda one: one[:-1], lambda one: one[:-2] + "}", lambda one: one[:-3] + "]}"])
    return "\n".join(cut(one) for one in lines(chats)) + rng.choice(
        ["\n```", "\n以上。", "\n" + line(chats[0])]
    )


def extra_closers(chats: list[Chat], rng: random.Random) -> str:
    return "\n".join(one + rng.choice(["}", "]}", "]", "},"]) for one in lines(chats))


def unquoted_keys(chats: list[Chat], rng: random.Random) -> str:
    pattern = re.compile(r'"(messages|role|content)"(?=: )')
    del rng
    return "\n".join(pattern.sub(r"\1", one) for one in lines(chats))


def written_out_blanks(chats: list[Chat], rng: random.Random) -> str:
    del rng
    return "\n".join(
        outside_strings(pretty(chat), lambda piece: piece.replace("\n", "\\n")) for chat in chats
    )


def cut_off(chats: list[Chat], rng: random.Random) -> str:
    """The last sample stops somewhere in its content or signs; only the others can be saved."""
    last = line(chats[-1])
    start = last.index('"messages"')
    return "\n".join([*lines(chats[:-1]), last[: rng.randrange(start, len(last) - 1)]])


def lost_quote(chats: list[Chat], rng: random.Random) -> str:
    """The first sample lacks the quote that ends its first content; the others can be saved."""
    del rng
    found = lines(chats)
    found[0] = found[0].replace('"}, {"role"', '}, {"role"', 1)
    return "\n".join(found)


MADE: dict[str, tuple[Mangler, str]] = {
    # kind: (mangler, which samples it suits: any, prose, apostrophe-free, ...)
    "code-fence": (fenced, "any"),
    "prose-around": (prose_around, "any"),
    "thinking": (thinking, "any"),
    "pretty-printed": (pretty_printed, "any"),
    "array": (array, "any"),
    "wrapper": (wrapper, "any"),
    "one-line": (one_line, "any"),
    "list-markers": (listed, "any"),
    "raw-newlines": (raw_newlines, "multi-line"),
    "trailing-commas": (trailing_commas, "any"),
    "trailing-commas-in-messages": (trailing_commas_in_messages, "any"),
    "missing-commas": (missing_commas, "any"),
    "full-width": (full_width, "any"),
    "curly-quotes": (curly_quotes, "prose"),
    "full-width-and-curly": (full_width_and_curly, "prose"),
    "python-dicts": (python_dicts, "any"),
    "single-quotes": (single_quotes, "prose"),
    "other-key": (other_key, "any"),
    "other-case": (other_case, "any"),
    "chinese-roles": (chinese_roles, "any"),
    "raw-inner-quotes": (raw_inner_quotes, "prose"),
    "raw-inner-quotes-and-newlines": (raw_inner_quotes_and_newlines, "prose"),
    "raw-inner-quotes-in-curly": (raw_inner_curly, "prose"),
    "comments": (commented, "any"),
    "marks-around": (with_marks, "any"),
    "marks-inside": (marks_inside, "any"),
    "html-escaped": (html_escaped, "any"),
    "encoded-twice": (encoded_twice, "any"),
    "escaped-objects": (escaped_objects, "any"),
    "escaped-apostrophes": (escaped_apostrophes, "any"),
    "crlf": (crlf, "any"),
    "extra-members": (extra_members, "any"),
    "content-first": (content_first, "any"),
    "loose-messages": (loose_messages, "any"),
    "bare-lists": (bare_lists, "any"),
    "roles-as-keys": (roles_as_keys, "any"),
    "ascii-escaped": (ascii_escaped, "any"),
    "missing-closers": (missing_closers, "any"),
    "extra-closers": (extra_closers, "any"),
    "unquoted-keys": (unquoted_keys, "any"),
    "written-out-blanks": (written_out_blanks, "any"),
    "cut-off": (cut_off, "any"),
    "lost-quote": (lost_quote, "prose"),
}
LOSSLESS = sorted(
    kind
    for kind, (_, suits) in MADE.items()
    if suits == "any" and kind not in ("cut-off", "loose-messages", "roles-as-keys")
)
"""Kinds that lose nothing whatever the contents are, and the number of turns."""
PER_KIND = 9


def expected(kind: str, text: str, chats: list[Chat]) -> list[Chat]:
    """What must be saved, known from how `text` was made."""
    if kind == "cut-off":
        return chats[:-1]
    if kind == "lost-quote":
        return chats[1:]
    if kind == "missing-closers" and text.endswith(line(chats[0])):
        return [*chats, chats[0]]
    return chats


def rejected(kind: str, text: str) -> list[str]:
    """Why something must be rejected."""
    if kind == "cut-off":
        return ["unfinished"]
    if kind == "lost-quote":
        return ["unclosed-string"]
    return ["in-thinking"] * text.count("草稿问题")


def pick(kind: str, suits: str, rng: random.Random) -> list[Chat]:
    pool = list(PROSE) if suits == "prose" or rng.random() < 0.6 else list(AWKWARD)
    if suits == "multi-line":
        pool = [
            (q.replace("?", "?\n", 1), a.replace(":", ":\n\t", 1).replace("：", "：\n", 1)) for q, a in PROSE
        ]
    chats = []
    for question, answer in rng.sample(pool, rng.randint(2, 4)):
        turns = [("user", question), ("assistant", answer)]
        if kind not in ("roles-as-keys", "loose-messages") and rng.random() < 0.2:
            turns += [("user", "还有呢?"), ("assistant", "没有了:就这些。")]
        if kind == "loose-messages" or rng.random() < 0.8:
            turns.insert(0, ("system", rng.choice(SYSTEMS)))
        chats.append(tuple(turns))
    return chats


def write(folder: Path) -> None:
    for kind, (mangle, suits) in MADE.items():
        rng = random.Random(kind)
        cases = []
        for _ in range(PER_KIND):
            chats = pick(kind, suits, rng)
            text = mangle(chats, rng)
            found = {"text": text, "samples": expected(kind, text, chats), "rejects": rejected(kind, text)}
            cases.append(found)
        target = folder / f"made_{kind.replace('-', '_')}.json"
        target.write_text(
            json.dumps(cases, ensure_ascii=False, indent=1) + "\n", encoding="utf-8", newline="\n"
        )


if __name__ == "__main__":
    write(Path(__file__).parent / "jsonl_cases")
