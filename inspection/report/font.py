"""One free CJK font for pages and figures, so that Chinese reads on machines that own no Chinese font.

`fonts/house-sans-sc.otf` is Noto Sans CJK SC Regular (SIL Open Font License 1.1, see fonts/OFL.txt), cut down to
GB 2312, Latin and the signs a report draws, and renamed as becomes a modified font.
`python -m inspection.report.font SOURCE.otf` cuts it again from the full font.
"""

from __future__ import annotations

import io
import sys
from functools import cache
from pathlib import Path
from typing import Any

FAMILY = "House Sans SC"
FONT = Path(__file__).parent / "fonts" / "house-sans-sc.otf"
SIGNS = "€£¥°±×÷·–—―‘’“”„†‡•…‰′″※←↑→↓↔⇄∞≈≠≤≥■□▲△▶▷▼▽◆◇○◎●★☆✓✗✕⚠☎【】「」『』〔〕《》〈〉、。，；：？！（）％～￥－＋／"


def gb2312() -> set[str]:
    """The 7,445 characters of GB 2312: 6,763 Chinese characters and the signs printed among them."""
    cells = (bytes([high, low]) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF))
    return set("".join(cell.decode("gb2312", "ignore") for cell in cells))


def cut(source: Path, characters: set[str]) -> bytes:
    """`source` reduced to `characters` under the house's name, as an OpenType file.

    Hinting and layout features are dropped and subroutines
    unfolded: what is left draws the same on paper, and each outline stands by itself.
    """
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(
        hinting=False,
        desubroutinize=True,
        layout_features=[],
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 7, 13, 14],
        notdef_outline=True,
        drop_tables=["BASE", "GSUB", "GPOS", "GDEF", "VORG", "vhea", "vmtx", "DSIG"],
    )
    font = TTFont(source, recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=sorted(map(ord, characters)))
    cutter.subset(font)
    _rename(font)
    packed = io.BytesIO()
    font.save(packed, reorderTables=False)
    return packed.getvalue()


def _rename(font) -> None:
    plain = FAMILY.replace(" ", "")
    names = {1: FAMILY, 3: f"{plain}-Regular", 4: f"{FAMILY} Regular", 6: f"{plain}-Regular"}
    for record in font["name"].names:
        if record.nameID in names:
            record.string = names[record.nameID]
    top = font["CFF "].cff
    top.fontNames[0] = f"{plain}-Regular"
    top.topDictIndex[0].FamilyName = FAMILY
    top.topDictIndex[0].FullName = f"{FAMILY} Regular"


def page_font(text: str) -> bytes:
    """A WOFF font that holds exactly the characters of a page: some 20 KB for a call, 80 KB for a report.

    The outlines of the house's font need no subroutines (see `cut`), so a page's font is put together from them as they
    are; the general subsetter takes a quarter of a second a page, which a night of evidence pages cannot spare.
    """
    from fontTools.fontBuilder import FontBuilder

    whole = _whole()
    glyphs = {ord(letter): whole["cmap"][ord(letter)] for letter in sorted(set(text)) if ord(letter) in whole["cmap"]}
    order = [".notdef", *dict.fromkeys(glyphs.values())]
    font = FontBuilder(whole["em"], isTTF=False)
    font.font.recalcBBoxes = font.font.recalcTimestamp = False
    font.setupGlyphOrder(order)
    font.setupCharacterMap(glyphs)
    about = {"FamilyName": FAMILY, "FontBBox": whole["box"]}
    font.setupCFF(FAMILY.replace(" ", ""), about, {name: whole["outline"](name) for name in order}, {})
    font.setupHorizontalMetrics({name: whole["widths"][name] for name in order})
    font.setupHorizontalHeader(ascent=whole["ascent"], descent=whole["descent"])
    font.setupNameTable({"familyName": FAMILY, "styleName": "Regular"})
    font.setupOS2(sTypoAscender=whole["ascent"], sTypoDescender=whole["descent"], usWinAscent=whole["ascent"])
    font.setupPost()
    head = font.font["head"]
    head.created = head.modified = 0
    head.xMin, head.yMin, head.xMax, head.yMax = whole["box"]
    font.font.flavor = "woff"
    packed = io.BytesIO()
    font.save(packed)
    return packed.getvalue()


@cache
def _whole() -> dict[str, Any]:
    """The house's font, read once: characters, outlines by glyph name, widths and heights."""
    from fontTools.ttLib import TTFont

    font = TTFont(FONT, lazy=False)
    outlines = font["CFF "].cff.topDictIndex[0].CharStrings
    heights = font["hhea"]
    return {
        "cmap": font.getBestCmap(),
        "outline": outlines.__getitem__,
        "widths": font["hmtx"].metrics,
        "box": list(font["CFF "].cff.topDictIndex[0].FontBBox),
        "em": font["head"].unitsPerEm,
        "ascent": heights.ascent,
        "descent": heights.descent,
    }


@cache
def figure_family() -> list[str]:
    """Make the font known to matplotlib and name it; DejaVu Sans draws what it lacks."""
    from matplotlib import font_manager

    font_manager.fontManager.addfont(FONT)
    return [FAMILY, "DejaVu Sans"]


if __name__ == "__main__":
    latin = {chr(code) for code in [*range(0x20, 0x7F), *range(0xA0, 0x180)]}
    FONT.write_bytes(cut(Path(sys.argv[1]), gb2312() | latin | set(SIGNS)))
    print(f"{FONT}: {FONT.stat().st_size:,} bytes")
