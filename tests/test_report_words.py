"""Every word of the report exists in every language, and the report's font can draw it."""

import io
import re
from pathlib import Path

import pytest
import yaml
from fontTools.ttLib import TTFont
from report_factory import LAST, fill

from inspection.errors import SKIP_REASONS
from inspection.report import font
from inspection.report.daily import every_sheet
from inspection.report.sections import load_sections
from inspection.report.sheets import CODES
from inspection.report.span import Span
from inspection.report.wording import LANGUAGES, wording
from inspection.settings import Settings
from inspection.speech.channels import QUALITY_FLAGS

PACKAGE = Path(font.__file__).parent


def keys(tree, path=""):
    if not isinstance(tree, dict):
        return {path}
    return set().union(*(keys(value, f"{path}.{key}") for key, value in tree.items()))


def values(tree):
    return [tree] if not isinstance(tree, dict) else [text for value in tree.values() for text in values(value)]


def test_languages_have_the_same_keys():
    assert keys(wording("zh").tree) == keys(wording("en").tree)


@pytest.mark.parametrize("language", LANGUAGES)
def test_placeholders_are_the_same_in_every_language(language):
    def slots(tree):
        return {name for text in values(tree["page"]) for name in re.findall(r"\{(\w+)\}", str(text))}

    assert slots(wording(language).tree) == slots(wording("zh").tree)


@pytest.mark.parametrize("language", LANGUAGES)
def test_codes_of_the_house_have_names(language):
    codes = wording(language).tree["codes"]
    assert set(codes["reason"]) == set(SKIP_REASONS)
    assert set(codes["flag"]) == set(QUALITY_FLAGS)
    assert set(CODES.values()) <= set(codes)
    for line in load_sections().heard:
        assert {line.heard, *line.agrees} <= set(codes["outcome"])
        assert set(line.categories) <= set(codes["category"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_categories_and_outcomes_of_the_pack_have_names(language):
    codes = wording(language).tree["codes"]
    pack = PACKAGE.parents[1] / "lexicons" / "zh-CN"
    assert {path.stem for path in (pack / "lexicon").glob("*.yaml")} <= set(codes["category"])
    dispositions = yaml.safe_load((pack / "dispositions.yaml").read_text("utf-8"))
    text = yaml.safe_dump(dispositions)
    named = set(re.findall(r"\b[A-Z][A-Z_]{2,}\b", text)) & set(wording("en").tree["codes"]["outcome"])
    assert named <= set(codes["outcome"])


def test_every_sheet_and_column_of_the_report_is_named(tmp_path):
    sheets = every_sheet(Span(fill(tmp_path, days=2, attempts=60), LAST, LAST), Settings())
    for words in map(wording, LANGUAGES):
        for name, sheet in sheets.items():
            assert words(f"sheets.{name}.title")
            for column in sheet.frame.columns:
                assert words(f"columns.{column}"), column


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_font_draws_every_word_of_the_report(language):
    drawable = set(map(chr, TTFont(font.FONT).getBestCmap()))
    templates = "".join(path.read_text("utf-8") for path in (PACKAGE / "templates").iterdir())
    words = "".join(map(str, values(wording(language).tree))) + templates
    assert {letter for letter in words if ord(letter) > 127} <= drawable


def test_the_font_holds_the_characters_of_gb2312():
    assert len(font.gb2312()) == 7445
    assert font.gb2312() <= set(map(chr, TTFont(font.FONT).getBestCmap()))


def test_a_pages_font_holds_the_pages_characters_and_no_others():
    packed = TTFont(io.BytesIO(font.page_font("质检日报 abc 质检")))
    assert set(map(chr, packed.getBestCmap())) == set("质检日报 abc")
    whole = TTFont(font.FONT)
    for letter in "质检a":
        assert packed["hmtx"][packed.getBestCmap()[ord(letter)]] == whole["hmtx"][whole.getBestCmap()[ord(letter)]]


def test_the_font_carries_its_licence_and_not_the_reserved_name():
    names = TTFont(font.FONT)["name"]
    assert names.getDebugName(1) == font.FAMILY
    assert "Open Font License" in names.getDebugName(13)
    assert "SIL OPEN FONT LICENSE" in (PACKAGE / "fonts" / "OFL.txt").read_text("utf-8")


def test_figures_draw_chinese_without_a_missing_glyph(recwarn):
    from inspection.report.canvas import canvas, finish

    with canvas(3, 2) as (sheet, axes):
        axes.set_title("按机构未通过占比")
        drawn = finish("scores", wording("zh"), sheet)
    assert drawn.png.startswith(b"\x89PNG")
    assert not [warning for warning in recwarn if "missing" in str(warning.message)]
