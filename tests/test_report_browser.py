"""The pages in a real browser: they sort, filter and jump to the evidence, and ask nobody for anything.

Needs Chromium; `INSPECTION_CHROMIUM` names it where it is not /usr/bin/chromium.
"""

import os
import re
from pathlib import Path

import polars as pl
import pytest
from report_factory import LAST, fill
from test_report_listening import sound, write_wav

from inspection.report import page as page_module
from inspection.report.daily import write_day
from inspection.report.evidence import page_name
from inspection.settings import ReportSettings, Settings

CHROMIUM = Path(os.environ.get("INSPECTION_CHROMIUM", "/usr/bin/chromium"))
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]

pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no Chromium at {CHROMIUM}: pages are not tried")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    place = tmp_path_factory.mktemp("browser")
    store = fill(place / "store", days=2, attempts=80)
    wav = sound(write_wav(place / "call.wav", seconds=40))
    settings = Settings(report=ReportSettings(folder=place / "out", evidence_pages=200))
    mute = store.day("findings", LAST).filter(pl.col("rule_id") == "CN-ABU-01", pl.col("verdict") == "fail")["call_id"]
    path = write_day(store, LAST, settings, lambda call: None if call in mute else wav)
    return path, store


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield started
        started.close()


@pytest.fixture
def open_page(browser):
    """Opens a file; afterwards fails the test if the page complained or asked for anything but itself."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    told, asked = [], []
    page.on("console", lambda message: told.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: told.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))

    def opened(path, anchor=""):
        page.goto(path.as_uri() + anchor)
        return page

    yield opened
    foreign = [url for url in asked if not url.startswith(("data:", "file:"))]
    files = [url for url in asked if url.startswith("file:") and not re.search(r"\.html(?:#.*)?$", url)]
    page.close()
    assert (told, foreign, files) == ([], [], [])


def evidence_of(report, rule):
    path, store = report
    failed = store.day("findings", LAST).filter(pl.col("rule_id") == rule, pl.col("verdict") == "fail")
    return path.parent / "evidence" / page_name(failed["call_id"][0])


def until(page, condition, tries=100):
    """Waits for a condition; the page's own policy forbids the browser's way of waiting, which is `eval`."""
    for _ in range(tries):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never came true: {condition}")


def column(card, place):
    return card.locator(f"tbody tr:not([hidden]) td:nth-child({place})").all_inner_texts()


def test_a_number_column_sorts_down_and_up(report, open_page):
    card = open_page(report[0]).locator("#table-agents")
    head = card.locator("thead th:nth-child(5)")
    before = sorted(int(text) for text in column(card, 5))
    head.locator("button").click()
    assert [int(text) for text in column(card, 5)] == before[::-1]
    assert head.get_attribute("aria-sort") == "descending"
    head.locator("button").click()
    assert [int(text) for text in column(card, 5)] == before
    assert head.get_attribute("aria-sort") == "ascending"


def test_a_text_column_sorts_and_empty_cells_stay_last(report, open_page):
    card = open_page(report[0]).locator("#table-coverage")
    for _ in range(2):
        card.locator("thead th:nth-child(2) button").click()
        assert column(card, 2)[-1] == "—"


def test_sorting_works_by_keyboard(report, open_page):
    page = open_page(report[0])
    button = page.locator("#table-agents thead th:nth-child(5) button")
    button.focus()
    page.keyboard.press("Enter")
    assert page.locator("#table-agents thead th:nth-child(5)").get_attribute("aria-sort") == "descending"


@pytest.mark.parametrize("text", ["机器人", "A001", "机器人 外包"])
def test_the_filter_keeps_rows_with_every_word(report, open_page, text):
    card = open_page(report[0]).locator("#table-agents")
    rows = card.locator("tbody tr").all_inner_texts()
    card.locator("input[type=search]").fill(text)
    kept = card.locator("tbody tr:not([hidden])").all_inner_texts()
    assert 0 < len(kept) < len(rows)
    assert kept == [row for row in rows if all(word in row for word in text.split())]
    assert card.locator("[data-count]").inner_text() == str(len(kept))


@pytest.fixture(scope="module")
def long_page(report, tmp_path_factory):
    """The report of a page that draws 5 rows at a time and holds 25; its exports hold all."""
    folder = tmp_path_factory.mktemp("long")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(page_module, "DRAWN_ROWS", 5)
        patch.setattr(page_module, "HELD_ROWS", 25)
        path = write_day(report[1], LAST, Settings(report=ReportSettings(folder=folder, evidence_pages=2)))
    return path, pl.read_parquet(path.parent / "tables" / "durations.parquet")


def test_a_long_table_is_drawn_in_part_and_says_where_the_rest_is(long_page, open_page):
    path, table = long_page
    card = open_page(path).locator("#table-durations")
    assert len(table) > 25
    assert column(card, 1) == table["call_id"][:5].to_list()
    assert card.locator("[data-count]").inner_text() == "25"
    told = card.locator(".note:not(.paper)").last.inner_text()
    assert f"另外 {len(table) - 25} 行" in told
    assert "tables/durations.parquet" in told
    card.locator("[data-more]").click()
    assert column(card, 1) == table["call_id"][:10].to_list()


def test_sorting_and_filtering_see_rows_not_drawn_yet(long_page, open_page):
    path, table = long_page
    held = table.head(25)
    card = open_page(path).locator("#table-durations")
    card.locator("thead th:nth-child(2) button").click()
    assert column(card, 1)[0] == held.sort("talk_ms", descending=True)["call_id"][0]
    last = held["call_id"][-1]
    card.locator("input[type=search]").fill(last)
    assert column(card, 1) == [last]
    assert card.locator("[data-count]").inner_text() == "1"
    assert not card.locator("[data-more]").is_visible()
    card.locator("input[type=search]").fill("")
    for _ in range(4):
        card.locator("[data-more]").click()
    assert sorted(column(card, 1)) == sorted(held["call_id"])


def test_rows_drawn_later_look_like_the_first(long_page, open_page):
    page = open_page(long_page[0])
    card = page.locator("#table-calls")
    before = card.locator("tbody").inner_html()
    first = card.locator("tbody tr").first.inner_html()
    card.locator("input[type=search]").fill(card.locator("tbody tr").first.inner_text().split("\t")[1])
    card.locator("input[type=search]").fill("")
    assert card.locator("tbody tr").first.inner_html() == first
    card.locator("[data-more]").click()
    rows = card.locator("tbody tr")
    assert rows.count() == 10
    assert len(before) < len(card.locator("tbody").inner_html())
    classes = [rows.nth(at).locator("td").nth(1).get_attribute("class") for at in (0, 9)]
    assert classes == ["call_id", "call_id"]


def test_one_heat_map_at_a_time_and_all_of_them_on_paper(report, open_page):
    page = open_page(report[0])
    shown = page.locator(".heat-map:visible")
    assert shown.count() == 1
    page.locator("[data-heat=heat-outcome]").click()
    assert shown.get_attribute("id") == "heat-outcome"
    page.emulate_media(media="print")
    assert shown.count() == 7
    colour = "getComputedStyle(document.querySelector('.heat td[style]')).printColorAdjust"
    assert page.evaluate(colour) == "exact"


@pytest.mark.parametrize("width", [390, 800])
def test_a_narrow_screen_scrolls_inside_its_tables_only(report, open_page, width):
    page = open_page(report[0])
    page.set_viewport_size({"width": width, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_report_leads_to_evidence_and_back(report, open_page):
    page = open_page(report[0])
    page.locator("#table-fatal tbody a").first.click()
    assert "通话证据页" in page.locator("h1").inner_text()
    page.locator("header a").click()
    assert page.locator("h1").inner_text() == "智能质检日报"


@pytest.mark.parametrize("what", ["mark.fatal", ".pin.fatal", ".finding.fatal button.go"])
def test_each_way_to_the_evidence_moves_the_player(report, open_page, what):
    page = open_page(evidence_of(report, "CN-THR-01"))
    until(page, "document.querySelector('audio').readyState >= 1")
    at = int(page.locator(".pin.fatal").first.get_attribute("data-ms")) / 1000
    page.evaluate("document.querySelector('audio').play = () => Promise.resolve()")  # only the jump is measured
    page.locator(what).first.click()
    assert page.evaluate("document.querySelector('audio').currentTime") == pytest.approx(max(at - 2, 0), abs=0.2)
    assert "chosen" in page.locator("mark.fatal").first.get_attribute("class")


def test_the_player_really_plays(report, open_page):
    page = open_page(evidence_of(report, "CN-THR-01"))
    page.locator("mark.fatal").first.click()
    start = page.evaluate("document.querySelector('audio').currentTime")
    until(page, f"document.querySelector('audio').currentTime > {start} + 0.3")
    assert page.locator(".turn.now").count() == 1


def test_keys_walk_the_marks_and_the_recording(report, open_page):
    page = open_page(evidence_of(report, "CN-THR-01"))
    until(page, "document.querySelector('audio').readyState >= 1")
    page.evaluate("document.querySelector('audio').play = () => Promise.resolve()")
    pins = page.locator(".pin")
    page.keyboard.press("j")
    assert pins.first.get_attribute("aria-current") == "true"
    page.keyboard.press("k")
    assert pins.last.get_attribute("aria-current") == "true"
    now = page.evaluate("document.querySelector('audio').currentTime")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("document.querySelector('audio').currentTime") == pytest.approx(now + 3, abs=0.2)


def test_a_click_on_the_waveform_seeks_there(report, open_page):
    page = open_page(evidence_of(report, "CN-THR-01"))
    until(page, "document.querySelector('audio').readyState >= 1")
    box = page.locator("svg.waveform").bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    half = page.evaluate("document.querySelector('audio').duration") / 2
    assert page.evaluate("document.querySelector('audio').currentTime") == pytest.approx(half, abs=0.5)


def test_an_address_may_name_the_mark(report, open_page):
    page = open_page(evidence_of(report, "CN-THR-01"), "#m1")
    assert page.locator("mark.chosen").count() >= 1


def test_without_audio_marks_still_lead_to_the_words(report, open_page):
    page = open_page(evidence_of(report, "CN-ABU-01"))
    assert page.locator("audio").count() == 0
    page.keyboard.press("j")
    assert page.locator("mark.chosen").count() >= 1
    page.keyboard.press(" ")


def test_only_sentences_with_evidence_on_request(report, open_page):
    page = open_page(evidence_of(report, "CN-THR-01"))
    everything = page.locator(".turn:visible").count()
    page.locator("#only").check()
    shown = page.locator(".turn:visible").count()
    assert 0 < shown < everything


def test_chinese_is_drawn_with_the_pages_own_font(report, open_page):
    page = open_page(report[0])
    page.evaluate("document.fonts.load('16px \"House Sans SC\"', '质检')")
    assert page.evaluate("document.fonts.check('16px \"House Sans SC\"', '质检')")
    wide = "(family) => { const c = document.createElement('canvas').getContext('2d'); c.font = '100px ' + family;"
    width = page.evaluate(wide + " return c.measureText('质检').width; }", '"House Sans SC"')
    assert width == pytest.approx(200, abs=1)


def test_every_table_fits_the_width_of_a_page(report, open_page):
    """703 px lie between the margins of A4; what is wider would shrink the whole print."""
    page = open_page(report[0])
    page.set_viewport_size({"width": 703, "height": 900})
    page.emulate_media(media="print")
    assert page.evaluate("document.documentElement.scrollWidth") <= 703


def test_paper_shows_the_whole_tables(report, open_page):
    page = open_page(report[0])
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).overflowY") == "visible"
    assert not page.locator(".tool").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
