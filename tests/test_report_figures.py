"""The figures: they fit a page of A4 with readable letters, say what they count and keep apart in grey print."""

import io
import re
from itertools import pairwise

import polars as pl
import pytest
from PIL import Image
from report_factory import LAST, fill

from inspection.report import figures, judged, measures
from inspection.report.canvas import PAGE, PNG_DPI, SEVERITY, canvas
from inspection.report.sections import load_sections
from inspection.report.span import Span
from inspection.report.wording import wording

WORDS = wording("zh")


@pytest.fixture(scope="module")
def span(tmp_path_factory):
    return Span(fill(tmp_path_factory.mktemp("figures"), days=1, attempts=120), LAST, LAST)


@pytest.fixture(scope="module")
def drawn(span):
    """Every figure of the daily report and of the comparison, by its id."""
    rules = judged.rules(span, judged.rule_trend(span))
    made = [
        figures.scores(WORDS, measures.scored(span)),
        figures.trend(WORDS, measures.trend(span)),
        figures.rules(WORDS, rules),
        figures.coverage(WORDS, measures.summary(span)),
        figures.hours(WORDS, measures.hour_cells(span, "team"), "team", 30),
        figures.checkpoints(WORDS, judged.checkpoints(span), 30),
        figures.mismatch(WORDS, judged.mismatch(span, load_sections())),
        figures.comparison(WORDS, measures.compared(span, "agency"), "agency"),
    ]
    return {figure.id: figure for figure in made}


def written(figure) -> list[str]:
    """The texts of a drawing; matplotlib names each above its outlines."""
    return re.findall(r"<!-- (.*?) -->", figure.svg)


NAMES = ["scores", "trend", "rules", "coverage", "hours", "checkpoints", "mismatch", "comparison"]


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_fits_the_width_of_a_page(drawn, name):
    width = float(re.search(r'width="([0-9.]+)pt"', drawn[name].svg)[1])
    assert width <= 72 * PAGE
    with Image.open(io.BytesIO(drawn[name].png)) as image:
        assert image.size[0] == pytest.approx(width / 72 * PNG_DPI, abs=1)


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_by_itself_carries_its_title(drawn, name):
    """The page prints the title above the drawing; the PNG has it inside, in dark ink at the upper left."""
    with Image.open(io.BytesIO(drawn[name].png)).convert("L") as image:
        corner = image.crop((0, 0, image.width // 3, PNG_DPI // 4))
    assert corner.getextrema()[0] < 90


def test_each_step_of_the_funnel_is_drawn_with_its_share(drawn):
    texts = written(drawn["coverage"])
    assert {"拨打", "接通", "有录音", "有转写", "有得分"} <= set(texts)
    assert sum("占上一步" in text for text in texts) == 4


def test_what_disagrees_is_signed_and_not_coloured_only(drawn, span):
    matrix = judged.mismatch(span, load_sections())
    texts = written(drawn["mismatch"])
    assert sum(text.endswith("≠") for text in texts) == matrix.filter(~pl.col("agrees")).height > 0


def test_severities_differ_in_grey_and_by_their_marks():
    grey = [0.299 * int(c[1:3], 16) + 0.587 * int(c[3:5], 16) + 0.114 * int(c[5:], 16) for c in SEVERITY.values()]
    assert min(abs(one - two) for at, one in enumerate(grey) for two in grey[:at]) > 10
    assert len(set(figures.MARKERS)) == len(SEVERITY)


def test_names_of_lines_that_end_together_do_not_lie_on_each_other():
    with canvas(4, 3) as (_, axes):
        axes.set_ylim(0, 100)
        figures._name_lines(axes, pl.Series([0]).to_numpy(), {"a": (38.5, "k"), "b": (35.9, "k"), "c": (69.0, "k")})
        heights = sorted(text.xy[1] for text in axes.texts)
    assert min(after - before for before, after in pairwise(heights)) >= 7


def test_parts_of_a_checkpoint_are_not_drawn_beside_it(span):
    whole = judged.checkpoints(span)
    part = whole.head(1).with_columns(checkpoint_id=pl.lit("verbatim.amount"), title=pl.lit("一句话术"))
    texts = written(figures.checkpoints(WORDS, pl.concat([whole, part]), 30))
    assert "问候" in texts
    assert "一句话术" not in texts
