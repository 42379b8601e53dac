#!/usr/bin/env python3
"""Makes the fonts that receipts fall back to, from the ones that Google publishes on npm.

Usage: pip install fonttools==4.68.0
       for font in noto-sans@0.4.2 noto-sans-hebrew@0.4.1 noto-sans-arabic@0.4.3 noto-sans-thai@0.4.2 noto-sans-sc@0.4.3 \\
           noto-sans-kr@0.4.3 noto-emoji@0.4.7; do npm pack @expo-google-fonts/$font; done
       for pack in *.tgz; do mkdir -p ${pack%-*} && tar xzf $pack -C ${pack%-*} --strip-components=1; done
       make_fonts.py OUTPUT_FOLDER

Hinting goes, since nobody reads a receipt at ten pixels. Of Han there are the characters of GB 2312, of the first level of Big5 and
of JIS X 0208, of Hangul those of KS X 1001: what names are made of. The fonts are licensed under the SIL Open Font License 1.1, see
OFL.txt; none of them has the reserved name "Source" in its own name.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

LETTERS = ["kern", "liga", "ccmp", "locl", "mark", "mkmk", "calt", "init", "medi", "fina", "isol", "rlig"]
TABLES = ["vhea", "vmtx", "BASE", "STAT", "gasp", "prep"]


def span(first, last):
    return set(range(first, last + 1))


def two_bytes(codec, leads=span(0x81, 0xFE)):
    """The characters that a codec writes in two bytes."""
    found = set()
    for lead in leads:
        for trail in span(0x40, 0xFE):
            try:
                text = bytes([lead, trail]).decode(codec)
            except UnicodeDecodeError:
                continue
            if len(text) == 1:
                found.add(ord(text))
    return found


def make(package, family, name, characters, folder, features=LETTERS):
    [source] = Path().glob(f"expo-google-fonts-{package}*/400Regular/{family}_400Regular.ttf")
    options = subset.Options()
    options.layout_features = features
    options.hinting = False
    options.notdef_outline = True
    options.glyph_names = False
    options.name_IDs = [0, 1, 2, 13, 14]
    options.name_languages = [0x409]
    options.drop_tables += TABLES
    font = subset.load_font(source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=characters or set(TTFont(source).getBestCmap()) - span(0x20, 0x7F))
    subsetter.subset(font)
    subset.save_font(font, folder / f"noto-{name}.ttf", options)


def main():
    folder = Path(sys.argv[1])
    latin = (span(0x20, 0x52F) | span(0x1E00, 0x1FFF) | span(0x2000, 0x20CF) | span(0x2100, 0x214F) | span(0x2C60, 0x2C7F)
             | span(0xA720, 0xA7FF))
    chinese = two_bytes("gb2312") | two_bytes("big5", span(0xA4, 0xC6))
    han = {c for c in chinese | two_bytes("euc_jp") if 0x3000 <= c <= 0x9FFF or 0xFF00 <= c <= 0xFFEF}
    make("noto-sans-0", "NotoSans", "latin", latin, folder)
    make("noto-sans-hebrew", "NotoSansHebrew", "hebrew", span(0x590, 0x5FF) | span(0xFB1D, 0xFB4F) | {0x20}, folder)
    make("noto-sans-arabic", "NotoSansArabic", "arabic", span(0x600, 0x6FF) | span(0x750, 0x77F) | {0x20, 0x200C, 0x200D}, folder)
    make("noto-sans-thai", "NotoSansThai", "thai", span(0xE00, 0xE7F) | {0x20}, folder)
    make("noto-sans-sc", "NotoSansSC", "han", han, folder, ["ccmp"])
    make("noto-sans-kr", "NotoSansKR", "hangul", {c for c in two_bytes("euc_kr") if 0xAC00 <= c <= 0xD7A3}, folder, ["ccmp"])
    make("noto-emoji", "NotoEmoji", "emoji", set(), folder)


main()
