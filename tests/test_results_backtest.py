"""A candidate rulebook against the stored verdicts: what would turn, and that nothing is written."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest
import sample_store
import yaml

from inspection.demo.prepare import BUSINESS_DATE
from inspection.results import backtest
from inspection.results.store import Store
from inspection.rules.rulebook import load_rulebook


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    """One day only: a day before it would be history that the stored verdicts did not have."""
    return sample_store.fill(tmp_path_factory.mktemp("backtest"), days=1)


def candidate(settings, folder: Path, change) -> Path:
    """A copy of the pack with the thresholds of rulebook.yaml changed."""
    pack = folder / "pack"
    shutil.copytree(settings.rulebook.path, pack)
    path = pack / "rulebook.yaml"
    content = yaml.safe_load(path.read_text("utf-8"))
    change(content)
    path.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return pack


def versions(store: Store) -> set[str]:
    return {path.read_text() for path in Path(store.root).glob("days/*.json")}


def test_the_same_rulebook_turns_nothing(settings):
    store = Store(settings.store.root)
    turned = backtest.compare(store, load_rulebook(settings.rulebook.path), BUSINESS_DATE, BUSINESS_DATE)
    assert turned.is_empty()


def test_a_stricter_frequency_turns_passes_into_failures_and_writes_nothing(settings, tmp_path):
    store = Store(settings.store.root)
    before = versions(store)

    def stricter(content):
        content["thresholds"]["effective_calls_per_debtor_day"]["value"] = 1

    book = load_rulebook(candidate(settings, tmp_path, stricter))
    turned = backtest.compare(store, book, BUSINESS_DATE - timedelta(days=5), BUSINESS_DATE)
    frequency = turned.filter(rule_id="CN-FREQ-01")
    assert set(frequency["before"]) == {"pass"}
    assert set(frequency["after"]) == {"fail"}
    assert set(turned["business_date"]) == {BUSINESS_DATE}
    assert backtest.summary(turned).filter(rule_id="CN-FREQ-01")["calls"].sum() == frequency.height
    assert versions(store) == before


def test_a_range_without_days_is_empty(settings):
    book = load_rulebook(settings.rulebook.path)
    long_ago = BUSINESS_DATE - timedelta(days=400)
    assert backtest.compare(Store(settings.store.root), book, long_ago, long_ago).schema == backtest.COMPARISON
