"""How likely a text is as a piece of some language, judged by its characters alone.

`encodings` decodes the same bytes in several ways and asks here which of the results is language. The
models are unigram models over classes of characters: within a class all characters are equally likely. The
classes need no data files: the frequent half of the Chinese, Japanese and Korean characters is what the
national standards put into their first level (GB 2312 rows 16 to 55, Big5 A440 to C67E, JIS X 0208 rows
16 to 47, KS X 1001 rows 16 to 40), and Python's codecs know these. On top of that stands a short list of
the most frequent characters. Latin texts in different code pages differ in a few letters only, so their
models also count function words.

A score is a natural logarithm of a probability: differences between scores of the same bytes are what counts.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

ASCII = -4.0
"""Any ASCII character, in every model."""
OTHER = -18.0
"""A character that a language does not use."""
CONTROL = -30.0
"""A zero, a control of the second block, a private-use or unassigned character: never in a text."""
BROKEN_WORD = -6.0
"""Two letters side by side that do not stand in one word: `cafÈ`, `cafй`."""
WORD = 1.5
"""One function word of the language."""

_HANS = (
    "的一是了我不在人们有来他这上着个地到大里说就去子得也和那要下看天时过出小么起你都把好还多没为又可家学只以主会"
    "样年想生同老中十从自面前头道它后然走很像见两用她国动进成回什边作对开而己些现山民候经发工向事命给长水几义三声"
    "于高手知理眼志点心战二问但身方实吃做叫当住听打真全才四已所之最光产情路分总条白话东次亲如被花口放儿常气五第使"
    "写军文运再果定许快明行因别外物活部门无往望新带先力完却站代员机更每风级少直意比连车重便化太指变社者日决百原各"
    "六本思解立早论共相今其书接应关信处记将千领或师结字加等法题建位海七女任件感准世且由表认流未该并平提确近农名改"
    "此必内识传业形量观体众通合友度公极数性种非何取入特教曰乎矣焉也哉与则君仁礼民安全"
)
_HANT = (
    "的一是了我不在人們有來他這上著個地到大裡說就去子得也和那要下看天時過出小麼起你都把好還多沒為又可家學只以主會"
    "樣年想生同老中十從自面前頭道它後然走很像見兩用她國動進成回什邊作對開而己些現山民候經發工向事命給長水幾義三聲"
    "於高手知理眼志點心戰二問但身方實吃做叫當住聽打真全才四已所之最光產情路分總條白話東次親如被花口放兒常氣五第使"
    "寫軍文運再果定許快明行因別外物活部門無往望新帶先力完卻站代員機更每風級少直意比連車重便化太指變社者日決百原各"
    "六本思解立早論共相今其書接應關信處記將千領或師結字加等法題建位海七女任件感準世且由表認流未該並平提確近農名改"
    "此必內識傳業形量觀體眾通合友度公極數性種非何取入特教曰乎矣焉也哉與則君仁禮民安全"
)
_HANGUL = (
    "이다는의에을를가은하고한도지로사기아그나서리시자대어해인들있보제일수정과전라부거면스주상오것성게만원조여유구장우"
    "관동공소간영모마물무생용국적중세문분했습니"
)
_CJK_SIGNS = "，。、；：？！“”‘’（）《》〈〉【】「」『』〔〕…—·～－％　・ー"
_QUOTES = "“”‘’–—…"
_WESTERN_SIGNS = "„‚•‹›€™" + "".join(map(chr, range(0xA0, 0xC0))) + "×÷"


@dataclass(frozen=True)
class Model:
    """The characters of a language in classes, each with the share of a running text that it makes up."""

    name: str
    groups: tuple[tuple[str, float], ...]
    words: str = ""
    """Function words that its neighbours do not have."""
    alphabet: bool = True
    """Written with letters, so that a capital inside a word is odd."""
    pair: float = -2.0
    """Cost of two accented letters side by side: rare in `größe`, everywhere in Cyrillic read as Latin."""
    floor: float = -6.5
    """A text of this language has a mean score per non-ASCII character above this."""

    def judge(self, text: str, counts: Mapping[str, int]) -> tuple[float, bool]:
        """Log-likelihood of a text, and whether it may be a text of this language at all.

        Args:
            text: the text.
            counts: how often each character occurs in it; many models look at one text.
        """
        table = _table(self)
        total = outside = solid = 0.0
        clean = True
        for char, count in counts.items():
            cost = table.get(char)
            if cost is None:
                cost = _unused(char)
            total += cost * count
            clean = clean and cost > CONTROL
            if not char.isascii():
                outside += cost * count
                solid += count
        if self.alphabet:
            total += self._words(text)
        return total, clean and (not solid or outside / solid > self.floor)

    def _words(self, text: str) -> float:
        mine = set(self.words.split())
        found = sum(word in mine for word in re.findall(r"[a-z]+", text[:20_000].lower()))
        broken = len(_BROKEN.findall(text[:20_000]))
        pairs = len(_PAIR.findall(text[:20_000]))
        return WORD * min(found, 20) + BROKEN_WORD * broken + self.pair * pairs


def _unused(char: str) -> float:
    if char.isascii() and char != "\x00":
        return ASCII if char.isprintable() or char in "\t\n\r\f\v" else OTHER
    return OTHER if char.isprintable() or char.isspace() else CONTROL


@cache
def _table(model: Model) -> dict[str, float]:
    table: dict[str, float] = {}
    for chars, share in model.groups:
        fresh = [char for char in dict.fromkeys(chars) if char not in table and not char.isascii()]
        table.update(dict.fromkeys(fresh, math.log(share / max(len(fresh), 1))))
    return table


# A capital after a small letter, or Latin next to another alphabet inside one word. The first half spells out
# the non-ASCII capitals only: `iPhone` is a word.
_BROKEN = re.compile(
    r"[a-zß-öø-ÿ][À-ÖØ-ÞĀĂĄĆČĎĐĘĚŁŃŇŐŒŘŚŠŤŮŰŸŹŻŽ]"
    r"|[A-Za-z][\u0370-\u06ff\u0e00-\u0e7f]|[\u0370-\u06ff\u0e00-\u0e7f][A-Za-z]"
    r"|[\u0430-\u044f\u03b1-\u03c9][\u0410-\u042f\u0391-\u03a9]"
    r"|(?:^|[^\u0e01-\u0e2e\u0e31-\u0e3a\u0e47-\u0e4e])[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]"
    r"|[A-Za-z][¿¡ºª³½×©®°¶¤¦¨¬¸¹¼¾±÷µ][a-z]"
)

_PAIR = re.compile("[ß-öø-ž](?=[ß-öø-ž])")


def _plane(codec: str, leads: range) -> str:
    return "".join(
        bytes((lead, trail)).decode(codec, "ignore") for lead in leads for trail in range(0x40, 0xFF)
    )


def _rows(codec: str, first: int, last: int) -> str:
    """Rows of a 94 by 94 national standard; row 1 has lead byte A1."""
    return "".join(
        bytes((0xA0 + row, trail)).decode(codec, "ignore")
        for row in range(first, last + 1)
        for trail in range(0xA1, 0xFF)
    )


def _span(first: int, last: int) -> str:
    return "".join(map(chr, range(first, last + 1)))


def _alphabet(small: str) -> tuple[tuple[str, float], ...]:
    return ((small, 0.7), (small.upper(), 0.05), (_QUOTES, 0.15), (_WESTERN_SIGNS, 0.1))


def _cjk() -> Iterator[Model]:
    signs = _CJK_SIGNS + _span(0xFF01, 0xFF5E)
    han = _span(0x4E00, 0x9FFF) + _span(0x3400, 0x4DBF)
    rare = ((han, 0.002), (_rows("gb2312", 1, 9), 0.005))
    yield Model(
        "simplified Chinese",
        (
            (_HANS, 0.45),
            (signs, 0.1),
            (_rows("gb2312", 16, 55), 0.42),
            (_rows("gb2312", 56, 87), 0.01),
            *rare,
        ),
        alphabet=False,
        floor=-10.0,
    )
    yield Model(
        "traditional Chinese",
        (
            (_HANT, 0.45),
            (signs, 0.1),
            (_plane("big5", range(0xA4, 0xC7)), 0.42),
            (_plane("big5", range(0xC9, 0xFA)), 0.01),
            *rare,
        ),
        alphabet=False,
        floor=-10.0,
    )
    yield Model(
        "Japanese",
        (
            (_span(0x3041, 0x3093), 0.45),
            (_CJK_SIGNS + _span(0xFF01, 0xFF5E), 0.1),
            (_span(0x30A1, 0x30F6), 0.1),
            (_rows("euc_jp", 16, 47), 0.3),
            (_rows("euc_jp", 48, 84), 0.01),
            (_span(0xFF61, 0xFF9F), 0.002),
            *rare,
        ),
        alphabet=False,
        floor=-10.0,
    )
    yield Model(
        "Korean",
        (
            (_HANGUL, 0.5),
            (_rows("euc_kr", 16, 40), 0.38),
            (signs, 0.05),
            (_rows("euc_kr", 42, 93), 0.005),
            (_span(0xAC00, 0xD7A3), 0.002),
            *rare,
        ),
        alphabet=False,
        floor=-9.0,
    )


def _alphabetic() -> Iterator[Model]:
    yield Model(
        "Western European",
        _alphabet("àâäáãåæçèéêëìíîïñòóôöõøœùúûüýÿß"),
        words="the and of is with for that are this was in on to by at or le la les de des du est"
        " dans une un pour que"
        " et sur qui au aux par plus der die und ist das nicht ein eine mit auf von zu im den dem"
        " sich auch los las"
        " el en y o por con del una como su che della di per il non sono a uma do da dos para com"
        " em het een van"
        " och att som ikke til og det er av ja ei si se on ce il elle vous nous sie wir",
    )
    yield Model(
        "Central European",
        _alphabet("ąćęłńóśźżčďěňřšťúůýžáéíőűăâîșțşţđöüĺľŕô"),
        words="nie jest oraz dla przez od do na w z i to jak jsem jsou ale nebo jako byl je se v k"
        " o s u po za by tak"
        " podle a az is hogy nem egy volt meg ez este care pentru din sunt cu pe la de ce ili kako"
        " koji som pre"
        " alebo ako si mi co",
        pair=-1.0,
    )
    yield Model("Turkish", _alphabet("çğıöşüâîİ"), words="ve bir bu olan ile gibi daha kadar ama", pair=-0.5)
    yield Model(
        "Baltic",
        _alphabet("āčēģīķļņšūžąęėįųõäöü"),
        words="ir un kas par no ar ja kad bet tai kaip ning see",
        pair=-1.0,
    )
    yield Model("Cyrillic", _alphabet(_span(0x430, 0x44F) + "ёіїєґў"))
    yield Model("Greek", _alphabet(_span(0x3B1, 0x3C9) + "άέήίόύώϊϋ"))
    yield Model("Hebrew", _alphabet(_span(0x5D0, 0x5EA)), floor=-5.0)
    yield Model("Arabic", _alphabet("ابتجحدرسعفقكلمنهويةىأإ"), floor=-5.0)
    yield Model(
        "Thai",
        (("านรกอเงตมยลวดทสแใไบปคพชหจผขะัิีึืุู่้็์โำ", 0.95), (_span(0xE01, 0xE3A) + _span(0xE40, 0xE5B), 0.02)),
        floor=-5.0,
    )


@cache
def models() -> dict[str, Model]:
    """All models by name."""
    return {model.name: model for model in (*_cjk(), *_alphabetic())}
