"""Great Expectations as an engine: expectations over polars frames in, rows of the GATES table out."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from inspection.privacy import mask
from inspection.tables import GATES

Frame = pl.DataFrame | pl.LazyFrame
ROW = "row_id"
"""The column that names a row in a result: a call or recording id, else its number."""

NAMED_ROWS = 1000
"""Most rows that a result names; it always counts all of them."""

NAMED = {"result_format": "SUMMARY", "partial_unexpected_count": NAMED_ROWS, "unexpected_index_column_names": [ROW]}
"""A complete result names every failing row in Python: a minute for 100,000 of them, and hours for its pages."""


@dataclass(frozen=True)
class Expectation:
    """One expectation of a table. `kind` is the name of a Great Expectations class, `options` its arguments."""

    table: str
    kind: str
    severity: str  # critical | warning | info
    description: str
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Unique within a gate: attempts.call_id.ExpectColumnValuesToBeUnique."""
        return f"{self.table}.{self.options.get('column', 'table')}.{self.kind}"


def validate(
    gate: str, frames: Mapping[str, Frame], expectations: Sequence[Expectation], data_docs: Path | None = None
) -> pl.DataFrame:
    """GATES rows, one for each expectation in the given order, from one real checkpoint run in an ephemeral context.

    Each frame has the columns under test and, where rows can be named, a column `row_id`. With `data_docs` the
    library's own pages are built in that folder as well, masked; they fetch their looks from public networks.
    """
    import great_expectations as gx
    from great_expectations import expectations as classes

    for chatty in ("great_expectations", "great_expectations.data_context.types.base"):  # the second sets its own level
        logging.getLogger(chatty).setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    source = context.data_sources.add_pandas(gate)
    rows: list[dict[str, Any]] = []
    for table, frame in frames.items():
        mine = [expectation for expectation in expectations if expectation.table == table]
        batch = source.add_dataframe_asset(table).add_batch_definition_whole_dataframe("day")
        suite = context.suites.add(gx.ExpectationSuite(name=f"{gate}.{table}"))
        for expectation in mine:
            made = getattr(classes, expectation.kind)(
                **expectation.options, severity=expectation.severity, description=expectation.description,
                meta={"name": expectation.name},
            )  # fmt: skip
            suite.add_expectation(made)
        suite.save()
        definition = gx.ValidationDefinition(name=f"{gate}.{table}", data=batch, suite=suite)
        checkpoint = gx.Checkpoint(
            name=f"{gate}.{table}", validation_definitions=[context.validation_definitions.add(definition)], actions=[],
            result_format=NAMED,
        )  # fmt: skip
        result = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": _as_pandas(frame)})
        outcomes = {
            found.expectation_config.meta["name"]: found for run in result.run_results.values() for found in run.results
        }
        rows.extend(_row(gate, expectation, outcomes[expectation.name]) for expectation in mine)
    if data_docs is not None:
        _build_data_docs(context, data_docs / gate)
    order = {expectation.name: place for place, expectation in enumerate(expectations)}
    return pl.DataFrame(sorted(rows, key=lambda row: order[row["expectation"]]), schema=GATES, orient="row")


def _as_pandas(frame: Frame) -> Any:
    """The engine copies its frame for each expectation: what repeats (ids, codes) is a number there, not a string."""
    codes = [name for name, dtype in frame.collect_schema().items() if dtype == pl.String]
    return frame.lazy().with_columns(pl.col(codes).cast(pl.Categorical)).collect().to_pandas()


def _row(gate: str, expectation: Expectation, found: Any) -> dict[str, Any]:
    result = found.result or {}
    ids = [str(entry[ROW]) for entry in result.get("partial_unexpected_index_list") or [] if ROW in entry]
    error = _exception(found.exception_info or {})
    return {
        "gate": gate,
        "expectation": expectation.name,
        "description": expectation.description,
        "severity": expectation.severity,
        "success": bool(found.success),
        "observed": _observed(result, error),
        "unexpected_count": int(result.get("unexpected_count") or 0),
        "unexpected_ids": sorted(set(ids))[:NAMED_ROWS],
    }


def _exception(info: Mapping[str, Any]) -> str | None:
    """The message of an expectation that broke; the library keeps one for each metric, or one in all."""
    entries = [info, *(value for value in info.values() if isinstance(value, Mapping))]
    return next((str(entry["exception_message"]) for entry in entries if entry.get("exception_message")), None)


def _observed(result: Mapping[str, Any], error: str | None) -> str:
    if error:
        return f"could not be evaluated: {mask(str(error).splitlines()[0])[:200]}"
    if "observed_value" in result:
        return mask(json.dumps(result["observed_value"], ensure_ascii=False, default=str))[:200]
    of = f" of {result['element_count']}" if "element_count" in result else ""
    values = sorted({mask(str(value)) for value in result.get("partial_unexpected_list") or []})
    return f"{result.get('unexpected_count', 0)}{of}" + (f": {', '.join(values)[:160]}" if values else "")


def _build_data_docs(context: Any, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    site = {
        "class_name": "SiteBuilder",
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.resolve())},
    }
    context.add_data_docs_site("gates", site)
    context.build_data_docs(site_names=["gates"])
    for page in folder.rglob("*.html"):  # a mask is as long as what it hides, so the pages' own code stays whole
        text = page.read_text("utf-8")
        if (masked := mask(text)) != text:
            page.write_text(masked, "utf-8")
