"""The pages, the workbook and the files beside them: complete, self-contained, safe to open, free of personal data."""

import html
import re
import zipfile
from datetime import timedelta

import polars as pl
import pytest
from report_factory import ID_CARD, LAST, PHONE, fill, make_day
from test_report_listening import sound, write_wav

from inspection.errors import UsageError
from inspection.privacy import mask
from inspection.report.daily import write_day
from inspection.report.evidence import page_name, wanted_calls, write_calls, write_evidence
from inspection.report.span import Span
from inspection.report.topics import TOPICS, write_topic
from inspection.results.store import Store
from inspection.settings import ReportSettings, Settings
from inspection.tables import STORED

EVIL = "<script>alert(1)</script>"
FORMULA = '=HYPERLINK("x","y")'


def settings_for(folder, **report) -> Settings:
    return Settings(report=ReportSettings(folder=folder, evidence_pages=6, **report))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("report")


@pytest.fixture(scope="module")
def store(place):
    return fill(place / "store", days=3, attempts=120)


@pytest.fixture(scope="module")
def page(place, store):
    wav = sound(write_wav(place / "call.wav", seconds=12))
    return write_day(store, LAST, settings_for(place / "out"), lambda call_id: wav)


def text_of(path) -> str:
    """The page without its figures and its font."""
    return html.unescape(re.sub(r"<svg.*?</svg>|data:[^\"')]*", "", path.read_text("utf-8"), flags=re.DOTALL))


def test_report_lies_with_its_files(page):
    folder = page.parent
    assert page == folder / "report.html"
    assert folder.name == LAST.isoformat()
    assert (folder / "report.xlsx").stat().st_size
    assert len(list((folder / "figures").glob("*.png"))) >= 4
    assert {path.stem for path in (folder / "tables").glob("*.parquet")} >= {"alerts", "rules", "agents", "gates"}
    assert len(list((folder / "evidence").glob("*.html"))) == 6


def test_report_opens_without_any_network(page):
    for path in [page, *page.parent.glob("evidence/*.html")]:
        content = path.read_text("utf-8")
        sources = re.findall(r"""(?:src|href|xlink:href)=["']([^"'#]+)""", content)
        assert not [link for link in sources if re.match(r"(?:https?:)?//", link)]
        assert "default-src 'none'" in content


def test_links_lead_to_pages_that_are_there(page):
    links = set(re.findall(r'href="(evidence/[^"]+)"', page.read_text("utf-8")))
    assert links
    assert all((page.parent / link).is_file() for link in links)


def test_alerts_stand_before_everything_else(page):
    headings = re.findall(r"<h2>(.*?)</h2>", text_of(page))
    assert headings[0] == "投诉与自伤预警"
    assert len(headings) == 10


def test_figures_and_tables_are_in_the_page(page):
    content = page.read_text("utf-8")
    assert content.count("<figure") >= 6
    assert content.count("<table>") >= 18
    ids = re.findall(r'\bid="([^"]+)"', content)
    assert len(ids) == len(set(ids))


def test_small_numbers_are_marked_and_large_ones_are_not(place, store):
    def marked(folder, small_number):
        return (
            write_day(store, LAST, settings_for(folder, small_number=small_number))
            .read_text("utf-8")
            .count('class="small-number"')
        )

    assert marked(place / "none", 1) == 0
    assert marked(place / "all", 100_000) > 50


CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef]+")


def texts_of(store, start=LAST) -> set[str]:
    """Every text that the stored tables bring along: names, titles, words spoken, reasons; not the gates'."""
    frames = [store.day(name, day) for name in STORED if name != "gates" for day in (start, LAST)]
    texts = [frame[name] for frame in frames for name, dtype in frame.schema.items() if dtype == pl.String]
    return {text for text in pl.concat([column.unique().rename("") for column in texts]).drop_nulls() if text}


def house_words(content: str, given: set[str]) -> str:
    """What the house itself wrote: without transcripts, marks and every text that came with the data."""
    content = re.sub(r"<bdi.*?</bdi>|<style.*?</style>|<script>.*?</script>", "", content, flags=re.DOTALL)
    for text in sorted(given | {mask(text) for text in given}, key=len, reverse=True):
        content = content.replace(text, "")
    return content


def test_english_by_setting(place, store):
    path = write_day(store, LAST, settings_for(place / "english", language="en"))
    assert '<html lang="en">' in text_of(path)
    assert "every call has one id" in text_of(path)
    given = texts_of(store) | {"张*"}
    for page in [path, *path.parent.glob("evidence/*.html")]:
        assert CHINESE.findall(house_words(text_of(page), given)) == [], page
    drawn = house_words(" ".join(re.findall("<!-- .*? -->", path.read_text("utf-8"))), given)
    assert CHINESE.findall(drawn) == []
    heads = [
        column for sheet in pl.read_excel(path.parent / "report.xlsx", sheet_id=0).values() for column in sheet.columns
    ]
    assert CHINESE.findall(" ".join(heads)) == []


@pytest.mark.parametrize("topic", ["robots", "agencies"])
def test_topics_in_english(place, store, topic):
    path = write_topic(store, topic, LAST, LAST, settings_for(place / "english", language="en"))
    assert CHINESE.findall(house_words(text_of(path), texts_of(store))) == []


def test_every_call_for_a_person_is_listed_with_its_page(page, store):
    span = Span(store, LAST, LAST)
    calls = pl.read_parquet(page.parent / "tables" / "calls.parquet")
    assert calls["call_id"].to_list() == wanted_calls(span)
    assert set(calls["worst"]) >= {"alert", "fatal", "major", "unsure"}
    failed = store.day("findings", LAST).filter(pl.col("verdict") == "fail")
    assert calls["fail"].sum() == failed.height
    pages = {path.name for path in page.parent.glob("evidence/*.html")}
    table = re.search(r'id="table-calls">.*?</table>', page.read_text("utf-8"), re.DOTALL)[0]
    assert set(re.findall(r'href="evidence/([^"]+)"', table)) == pages
    assert 'type="search"' in table


def test_failures_and_doubts_are_listed_one_by_one(page, store):
    tables, found = page.parent / "tables", store.day("findings", LAST)
    listed = {name: pl.read_parquet(tables / f"{name}.parquet") for name in ("fatal", "lesser", "doubts")}
    assert set(listed["lesser"]["severity"]) == {"major", "minor"}
    assert sum(map(len, (listed["fatal"], listed["lesser"]))) == found.filter(pl.col("verdict") == "fail").height
    assert len(listed["doubts"]) == found.filter(pl.col("verdict") == "unsure").height


def test_the_same_store_gives_the_same_report(place, store):
    def files(folder):
        report = write_day(store, LAST, settings_for(folder)).parent
        return {path.relative_to(report): path.read_bytes() for path in sorted(report.rglob("*")) if path.is_file()}

    one, two = files(place / "one"), files(place / "two")
    assert one.keys() == two.keys()
    assert [name for name in one if one[name] != two[name]] == []


def test_pages_of_an_earlier_run_are_gone(place, store):
    stale = place / "again" / "0000000000000000.html"
    stale.parent.mkdir()
    stale.write_text("old", "utf-8")
    made = write_evidence(Span(store, LAST, LAST), stale.parent, settings_for(place)).pages
    assert set(stale.parent.iterdir()) == set(made.values())


@pytest.fixture(scope="module")
def hostile(place):
    """A store whose texts try to be markup, formulas and telephone numbers."""
    tables = make_day(LAST, 60, 3)
    everywhere = {"agent_id": f"{FORMULA}{EVIL}", "team": f"@SUM(1){EVIL}", "campaign": f"+1{EVIL}"}
    told = pl.lit(f"{EVIL}请打{PHONE}")
    tables["attempts"] = tables["attempts"].with_columns(**{key: pl.lit(text) for key, text in everywhere.items()})
    tables["turns"] = tables["turns"].with_columns(text=pl.col("text") + told)
    tables["hits"] = tables["hits"].with_columns(quote=told)
    tables["findings"] = tables["findings"].with_columns(reason=told, quote=told, title=pl.lit(f"{EVIL}标题"))
    tables["gates"] = tables["gates"].with_columns(observed=told)
    evil_store = Store(place / "hostile")
    evil_store.swap_day(LAST, tables)
    path = write_day(evil_store, LAST, settings_for(place / "hostile-out"), lambda call: None)
    write_topic(evil_store, "agent", LAST, LAST, settings_for(path.parent), value=everywhere["agent_id"])
    return path


def test_markup_in_the_data_stays_text(hostile):
    for path in hostile.parent.rglob("*.html"):
        content = path.read_text("utf-8")
        assert EVIL not in content
        assert "&lt;script&gt;" in content


def test_nothing_in_the_workbook_is_computed(hostile):
    books = list(hostile.parent.rglob("*.xlsx"))
    assert len(books) == 2
    for path in books:
        with zipfile.ZipFile(path) as book:
            sheets = [book.read(name) for name in book.namelist() if "worksheets/sheet" in name]
        assert len(sheets) > 4
        assert not any(b"<f>" in sheet or b"<f " in sheet or b"hyperlink" in sheet for sheet in sheets)


def test_formulas_survive_as_text(hostile):
    agents = pl.read_excel(hostile.parent / "report.xlsx", sheet_name="按坐席", engine="calamine")
    assert agents["坐席"].str.starts_with(FORMULA).all()


EMAIL = "zhang.san@mail.example"
DECIDES = {  # columns whose codes the house itself writes and reads; every other text is somebody else's
    "verdict", "severity", "status", "state", "role", "who", "kept", "category", "rule_id", "reason", "agent_kind",
    "timezone", "direction", "phone_owner", "phone_key", "debtor_id", "audio_sha256", "rulebook_fingerprint",
    "speech_fingerprint",
}  # fmt: skip


def planted(table: pl.DataFrame) -> pl.DataFrame:
    """The table with a number and an address in every text, call ids and lists of them included."""
    chosen = [name for name, dtype in table.schema.items() if dtype == pl.String and name not in DECIDES]
    lists = [name for name, dtype in table.schema.items() if dtype == pl.List(pl.String)]
    told = [
        pl.concat_str(pl.lit(f"{PHONE}_" if name == "call_id" else f"{PHONE} {EMAIL} "), pl.col(name)).alias(name)
        for name in chosen
    ]
    return table.with_columns(*told, *[pl.col(name).list.eval(PHONE + "_" + pl.element()) for name in lists])


@pytest.fixture(scope="module")
def canary(place):
    """Reports of a day and of every topic over a store that has personal data in every text of every table."""
    tables = {name: planted(table) for name, table in make_day(LAST, 60, 3).items()}
    sly, settings = Store(place / "sly"), settings_for(place / "sly-out")
    sly.swap_day(LAST, tables)
    write_day(sly, LAST, settings, lambda call: None)
    values = {"agent": tables["attempts"]["agent_id"][0], "rule": "CN-THR-01"}
    for topic in TOPICS:
        write_topic(sly, topic, LAST, LAST, settings, value=values.get(topic, ""))
    return settings.report.folder


def content_of(path) -> str:
    if path.suffix == ".parquet":
        return str(pl.read_parquet(path).to_dicts())
    if path.suffix != ".xlsx":
        return path.read_text("utf-8", "ignore")
    with zipfile.ZipFile(path) as book:
        return "".join(book.read(name).decode("utf-8", "ignore") for name in book.namelist())


def test_no_personal_number_reaches_any_output(canary, hostile, page):
    """The canary: planted in every text; looked for in pages, figures, workbooks, Parquet and names."""
    for folder in (canary, hostile.parent, page.parent):
        for path in (path for path in folder.rglob("*") if path.is_file()):
            assert not [secret for secret in (PHONE, ID_CARD, EMAIL) if secret in path.name + content_of(path)], path


def test_masked_calls_still_lead_to_their_pages(canary):
    path = canary / LAST.isoformat() / "report.html"
    links = re.findall(r'<a href="(evidence/[^"]+)">(\*{7}8000_[^<]+)</a>', path.read_text("utf-8"))
    assert len({href for href, _ in links}) == 6
    assert all((path.parent / href).is_file() for href, _ in links)


def test_an_empty_day_still_has_a_report(place):
    path = write_day(Store(place / "empty"), LAST, settings_for(place / "empty-out"))
    assert "没有投诉倾向" in text_of(path)
    assert not list(path.parent.glob("evidence/*.html"))


@pytest.mark.parametrize("limit", [0, 1, 5])
def test_pages_are_made_for_the_gravest_calls(place, store, limit):
    settings = Settings(report=ReportSettings(folder=place, evidence_pages=limit))
    span, folder = Span(store, LAST, LAST), place / f"limit{limit}"
    wanted = wanted_calls(span)
    evidence = write_evidence(span, folder, settings)
    assert evidence.wanted == len(wanted) > 5
    assert {page.name for page in folder.iterdir()} == {page_name(call) for call in wanted[:limit]}


def test_the_report_says_how_many_calls_have_no_page(page, store):
    assert f"共有 {len(wanted_calls(Span(store, LAST, LAST)))} 通电话需要人看" in text_of(page)


def test_self_harm_comes_before_every_other_call(store):
    span = Span(store, LAST, LAST)
    first = wanted_calls(span)[0]
    hits = span.table("hits").filter(pl.col("call_id") == first).collect()
    assert set(hits["category"]) & {"self_harm", "complaint"}


# --- evidence pages -------------------------------------------------------------------------------------------------


def one_call(place, store, recording=None, **changes):
    """The page of a call that failed a rule on words, after changes to its day's tables."""
    tables = {name: store.day(name, LAST) for name in make_day(LAST, 1, 1)}
    failed = tables["findings"].filter((pl.col("rule_id") == "CN-THR-01") & (pl.col("verdict") == "fail"))
    call_id = failed["call_id"][0]
    for name, change in changes.items():
        tables[name] = change(tables[name])
    changed = Store(place / "changed")
    changed.swap_day(LAST, tables)
    folder = place / "pages"
    made = write_calls(Span(changed, LAST, LAST), [call_id], folder, settings_for(place), lambda call: recording)
    return made[call_id].read_text("utf-8")


def test_evidence_is_marked_in_place_with_its_moment(tmp_path, store):
    content = one_call(tmp_path, store)
    assert re.search(r'<mark class="fatal" data-marks="m\d+[^"]*"[^>]*>叫几个人去你家</mark>', content)
    pins = re.findall(r'class="pin fatal" data-mark="(m\d+)" data-ms="(\d+)"', content)
    assert pins
    assert f'data-mark="{pins[0][0]}"' in content


def test_each_finding_says_what_was_expected(tmp_path, store):
    cards = re.findall(r'<div class="finding (?:fatal|major|minor)">.*?</div>', one_call(tmp_path, store), re.DOTALL)
    assert cards
    assert all("<b>应当如何</b> 应当先核实身份 &lt;b&gt;" in card for card in cards)


def test_a_checkpoint_without_a_title_is_named_by_its_id(tmp_path, store):
    untitled = one_call(
        tmp_path, store, checkpoints=lambda rows: rows.with_columns(title=pl.lit(None, dtype=pl.String))
    )
    assert "<td>CP5 </td>" in untitled
    assert "None" not in untitled


def test_the_account_is_masked_and_the_lineage_is_whole(tmp_path, store):
    content = one_call(tmp_path, store)
    assert "张三" not in content
    assert "张*" in content
    assert "5f" * 32 in content  # rulebook fingerprint
    assert "a1" * 32 in content  # speech fingerprint


def test_page_without_audio_says_so_and_still_shows_the_words(tmp_path, store):
    content = one_call(tmp_path, store)
    assert "<audio" not in content
    assert "没有可播放的录音" in content
    assert 'class="spoken"' in content


def test_page_with_audio_plays_and_draws_it(tmp_path, store):
    content = one_call(tmp_path, store, sound(write_wav(tmp_path / "a.wav", seconds=5)))
    assert 'src="data:audio/ogg;base64,' in content
    assert 'class="wave"' in content


def test_page_of_a_call_with_unknown_roles_warns(tmp_path, store):
    content = one_call(tmp_path, store, turns=lambda turns: turns.with_columns(role=pl.lit("unknown")))
    assert "角色可能颠倒或不明" in content
    assert "角色可能颠倒或不明" not in one_call(tmp_path, store)


def test_text_that_runs_from_right_to_left_stays_in_its_own_line(tmp_path, store):
    content = one_call(tmp_path, store, turns=lambda turns: turns.with_columns(text=pl.lit("שלום\u202e你好")))
    assert '<bdi dir="auto">' in content


def test_a_very_long_call_is_shown_whole(tmp_path, store):
    def longer(turns):
        parts = [turns.with_columns(pl.col("turn_index") + 100 * times) for times in range(60)]
        return pl.concat(parts)

    content = one_call(tmp_path, store, turns=longer)
    assert content.count('class="turn ') > 400
    assert "通话很长" in content


def test_a_call_without_turns_audio_or_scores_has_a_page(tmp_path, store):
    gone = {name: lambda frame: frame.clear() for name in ("turns", "words", "audio", "scores", "hits", "checkpoints")}
    assert "没有数据" in one_call(tmp_path, store, **gone)


def test_a_call_nobody_knows_has_no_page(tmp_path, store):
    span = Span(store, LAST, LAST)
    assert write_calls(span, ["nobody"], tmp_path, settings_for(tmp_path)) == {}


def test_a_phrase_over_a_breath_is_marked_in_both_turns(tmp_path, store):
    def stretched(hits):
        first = hits.filter(pl.col("entry_id") == "threat.visit").with_columns(
            end_turn_index=pl.col("turn_index") + 1, end=pl.lit(2, dtype=pl.Int32)
        )
        return pl.concat([hits.filter(pl.col("entry_id") != "threat.visit"), first])

    def marked_turns(content):
        lines = re.findall(r'<div class="turn .*?</div>', content, flags=re.DOTALL)
        return [n for n, line in enumerate(lines) if "威胁恐吓" in line]

    whole = marked_turns(one_call(tmp_path, store))
    split = marked_turns(one_call(tmp_path, store, hits=stretched))
    assert split == [whole[0], whole[0] + 1]


# --- topics ---------------------------------------------------------------------------------------------------------

VALUES = {"agent": "A001", "rule": "CN-THR-01"}


START = LAST - timedelta(days=2)
DAYS = [START + timedelta(days=number) for number in range(3)]
SHEETS = {
    "agent": {"agents", "alerts", "failures", "repeat", "agent_rules", "rules", "checkpoints", "mismatches", "trend"},
    "rule": {"rules", "failures", "unsure", "doubts", "agency", "team", "agents", "stage", "agent_kind", "trend"},
    "third-party": {"breaches", "failures", "disclosure", "agency", "team", "trend"},
    "robots": {"robot_rules", "robot_breaches", "deviations", "checkpoints", "agents", "campaign", "rules", "alerts",
               "failures", "trend"},
    "repeat": {"repeat", "failures", "agents", "agent_rules"},
    "agencies": {"comparison", "rule_agency", "team_comparison", "repeat", "coverage"},
}  # fmt: skip


@pytest.fixture(scope="module")
def topics(place, store):
    """The folder of each topic over three days."""

    def write(topic):
        value = VALUES.get(topic, "")
        return write_topic(store, topic, START, LAST, settings_for(place / "topics"), value=value)

    return {topic: write(topic).parent for topic in TOPICS}


def rows_of(store, name) -> pl.DataFrame:
    return pl.concat([store.day(name, day) for day in DAYS])


def table_of(folder, name) -> pl.DataFrame:
    return pl.read_parquet(folder / "tables" / f"{name}.parquet")


def tile(folder, label) -> str:
    content = text_of(folder / "report.html")
    return re.search(rf"<span>{label}</span><b>([^<]*)</b>", content)[1]


@pytest.mark.parametrize("topic", TOPICS)
def test_every_topic_has_its_tables_figures_and_workbook(topics, topic):
    folder = topics[topic]
    assert {path.stem for path in (folder / "tables").glob("*.parquet")} == SHEETS[topic]
    content = text_of(folder / "report.html")
    assert set(re.findall(r'id="table-(\w+)"', content)) == SHEETS[topic]
    assert len(pl.read_excel(folder / "report.xlsx", sheet_id=0)) == len(SHEETS[topic])
    assert len(list((folder / "figures").glob("*.png"))) >= 2
    assert "专题" in content
    links = set(re.findall(r'href="(evidence/[^"]+)"', content))
    assert all((folder / link).is_file() for link in links)


def test_a_topic_on_one_agent_holds_only_that_agents_calls(topics, store):
    attempts = rows_of(store, "attempts").filter(agent_id="A001")
    failures = table_of(topics["agent"], "failures")
    failed = rows_of(store, "findings").filter(pl.col("verdict") == "fail").join(attempts, on="call_id", how="semi")
    assert len(failures) == len(failed) > 0
    assert set(failures["agent_id"]) == {"A001"}
    assert set(table_of(topics["agent"], "agents")["agent_id"]) > {"A001"}  # its peers
    assert tile(topics["agent"], "拨打") == f"{len(attempts):,}"


def test_a_topic_on_one_rule_counts_that_rule_by_everybody(topics, store):
    found = rows_of(store, "findings").filter(rule_id="CN-THR-01")
    failed = found.filter(verdict="fail").height
    folder = topics["rule"]
    assert table_of(folder, "rules").select("rule_id", "fail").rows() == [("CN-THR-01", failed)]
    assert [table_of(folder, name)["fail"].sum() for name in ("agency", "team", "agents", "stage")] == [failed] * 4
    assert len(table_of(folder, "failures")) == failed
    assert len(table_of(folder, "doubts")) == found.filter(verdict="unsure").height
    assert tile(folder, "拨打") == f"{found['call_id'].n_unique():,}"


def test_the_third_party_topic_is_about_those_calls_alone(topics, store):
    others = rows_of(store, "identity").filter(pl.col("who") == "third_party")["call_id"]
    doubted = rows_of(store, "findings").filter(
        pl.col("rule_id").str.starts_with("CN-3P"), pl.col("verdict").is_in(["fail", "unsure"])
    )["call_id"]
    concerned = {*others, *doubted}
    folder = topics["third-party"]
    assert 0 < len(concerned) < rows_of(store, "audio").height
    assert tile(folder, "已质检") == f"{len(concerned):,}"
    assert table_of(folder, "agency")["inspected"].sum() == len(concerned)
    assert set(table_of(folder, "disclosure")["call_id"]) == set(others)
    assert set(table_of(folder, "failures")["rule_id"]) == {"CN-3P-02"}


def test_the_robot_topic_shows_their_own_rules_and_where_they_left_the_script(topics, store):
    robots = rows_of(store, "attempts").filter(agent_kind="robot").select("call_id")
    folder = topics["robots"]
    rules = table_of(folder, "robot_rules")
    own = rows_of(store, "findings").filter(rule_id="CN-ROBOT-03").join(robots, on="call_id", how="semi")
    assert rules["rule_id"].to_list() == ["CN-ROBOT-03"]
    assert rules["fail"].to_list() == [own.filter(verdict="fail").height]
    strayed = rows_of(store, "checkpoints").filter(pl.col("state").is_in(["late", "missing", "altered"]))
    strayed = strayed.join(robots, on="call_id", how="semi")
    listed = table_of(folder, "deviations")
    assert len(listed) == len(strayed)
    assert set(listed["deviation"]) == {"late", "missing", "altered"}
    assert "漏“本次通话将被录音”" in text_of(folder / "report.html")


def test_repeat_offenders_stand_against_all_their_calls(topics, store):
    folder = topics["repeat"]
    agents = table_of(folder, "repeat").select("agent_id", "agency", "team").unique()
    attempts = rows_of(store, "attempts").join(agents, on=["agent_id", "agency", "team"], how="semi")
    assert tile(folder, "拨打") == f"{len(attempts):,}"
    assert set(table_of(folder, "failures")["rule_id"]) <= set(table_of(folder, "repeat")["rule_id"])


RATES = {"rate": ("low", "high"), "fail_share": ("low", "high")}
RATES |= {name: (f"{name}_low", f"{name}_high") for name in ("coverage", "score", "fatal_share")}


@pytest.mark.parametrize("name", sorted(SHEETS["agencies"]))
def test_every_rate_of_the_agency_comparison_has_an_interval_that_holds_it(topics, name):
    table = table_of(topics["agencies"], name)
    for rate in set(table.columns) & set(RATES):
        low, high = RATES[rate]
        known = table.drop_nulls(rate)
        assert (known[low] <= known[rate]).all()
        assert (known[rate] <= known[high]).all()
        assert (known[low] < known[high]).any()


def test_three_agencies_are_compared(topics):
    assert len(table_of(topics["agencies"], "comparison")) == 3


WRONG = [
    ("weather", "", 0, "there is no such topic"),
    ("agent", "", 0, "say which agent"),
    ("agent", "nobody", 0, "nothing of agent"),
    ("robots", "", -1, "lies after"),
]


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_topic_is_explained(place, store, case):
    topic, value, days, told = case
    with pytest.raises(UsageError, match=told):
        write_topic(store, topic, LAST, LAST + timedelta(days=days), settings_for(place), value=value)
