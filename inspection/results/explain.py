"""The chain from a score to the sound: components, findings, rules, words with their times, models, audio hash."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import polars as pl

from inspection.lexicon.pattern import abridged
from inspection.privacy import mask
from inspection.results.store import Store

SHOWN = [
    "attempts", "reconciliation", "skips", "audio", "turns", "words", "hits", "checkpoints", "identity", "findings",
    "components", "scores", "recordings",
]  # fmt: skip
TEXTS = {
    "attempts": ["outcome_raw"], "skips": ["detail"], "hits": ["term", "quote"], "checkpoints": ["quote", "detail"],
    "identity": ["quote"], "findings": ["quote", "reason"],
}  # fmt: skip
"""Columns that may hold what somebody said; they are masked before anything is printed."""

ATTEMPT = """\
call {call_id}
  dialled    {dialled}
  by         {agent_kind} {agent_id}, {agency} ({agency_type}), {campaign}
  to         debtor {debtor_id}, number …{phone_last4} ({phone_owner}), stage {stage}
  outcome    {outcome} (dialer's code {outcome_raw}), talked {talk_ms:.0f} ms"""
SCORE = """\
score {shown} ({band}), verdict {verdict}, fatal rules: {fatal_list}
  scorecard {scorecard}: {earned:g} of {possible:g} points, {unsure} for a person"""
COMPONENT = "    {earned:>5g} / {possible:<5g} {component} by {rule_id}: {verdict}"
FINDING = """\
  {loud} {rule_id} v{rule_version} {title} ({severity}, {status})
    reason     {reason}"""
HIT = "    by         {entry_id} v{entry_version} “{term}” via {via}, confidence {confidence:.2f}"
WORD = "{text}@{start_ms}–{end_ms} p={probability:.2f}"
CLEARED = "  {entry_id} v{entry_version} {role} {span}: {quote} — cleared by {cleared_by}"
CHECKPOINT = "  {checkpoint_id} {title}: {state} {at} {quote}"
IDENTITY = "from {at} the customer is {who} ({confidence:.2f}): {quote}"
AUDIO = """\
audio SHA-256 {audio_sha256}
  {duration_ms} ms, {codec}, {layout}, quality flags: {flags}
  roles by {role_basis}, confidence {role_confidence:.2f}; word probability {word_probability:.2f}"""
RECORDING = "  recording {recording_id}, matched by {matched_by}, {size_bytes} bytes"
LINEAGE = """\
rulebook {rulebook_version}, fingerprint {rulebook_fingerprint}
speech models {speech_fingerprint}
run {run_id} of {business_date}, program {package_version}"""


def explain(store: Store, call_id: str) -> str:
    """Why a call has its score, in plain text without personal data; for a skipped call, where and why it ended.

    Raises ResultsError when no day lists the call.
    """
    business_date = store.find(call_id)
    call = {
        name: store.table(name, business_date, business_date).filter(pl.col("call_id") == call_id).collect()
        for name in SHOWN
    }
    name = call["attempts"]["customer_name"][0] or ""
    for table, columns in TEXTS.items():
        hidden = (
            pl.col(column).map_elements(lambda text: _hide(text, name), return_dtype=pl.String) for column in columns
        )
        call[table] = call[table].with_columns(hidden)
    parts = [_attempt, _ending, _score, _findings, _cleared, _checkpoints, _identity, _audio]
    lines = [line for part in parts for line in part(call)]
    run = store.runs(business_date, business_date).collect()
    whole = "\n".join([*lines, *(_line(LINEAGE, row) for row in run.iter_rows(named=True))])
    return "\n".join(map(mask, whole.splitlines()))  # ids, agents and teams may be made of numbers as well


def _attempt(call: dict[str, pl.DataFrame]) -> Iterator[str]:
    row = call["attempts"].row(0, named=True)
    dialled = row["dialed_at"].astimezone(ZoneInfo(row["timezone"])) if row["dialed_at"] else None
    yield _line(ATTEMPT, row, dialled=f"{dialled:%Y-%m-%d %H:%M:%S} {row['timezone']}" if dialled else "unknown")


def _ending(call: dict[str, pl.DataFrame]) -> Iterator[str]:
    for row in call["reconciliation"].iter_rows(named=True):
        yield f"ended as {row['state']}" + (f": {row['reason']}" if row["reason"] else "")
    for row in call["skips"].iter_rows(named=True):
        yield f"  skipped in {row['stage']}: {row['reason']}" + (f" ({row['detail']})" if row["detail"] else "")


def _score(call: dict[str, pl.DataFrame]) -> Iterator[str]:
    for row in call["scores"].iter_rows(named=True):
        shown = "–" if row["score"] is None else f"{row['score']:.1f}"
        yield _line(SCORE, row, shown=shown, fatal_list=", ".join(row["fatal_rules"] or []) or "none")
    for row in call["components"].sort("component").iter_rows(named=True):
        yield _line(COMPONENT, row)


def _findings(call: dict[str, pl.DataFrame]) -> Iterator[str]:
    told = call["findings"].filter(pl.col("verdict").is_in(["fail", "unsure"])).sort("rule_id", "start_ms")
    yield f"findings: {told.height} to argue about, {call['findings'].height - told.height} passed or not applicable"
    for row in told.iter_rows(named=True):
        yield _line(FINDING, row, loud=row["verdict"].upper())
        if row["quote"]:
            yield f"    words      {row['role']} {_span(row)}: {row['quote']}"
        if row["confidence"] is not None:
            yield f"    confidence {row['confidence']:.2f}"
        yield from _proof(call, row)
        if row["expected"]:
            yield f"    expected   {row['expected']}"
        if row["related_calls"]:
            yield f"    with calls {', '.join(row['related_calls'])}"
        if row["source"]:
            yield f"    source     {row['source']}"


def _proof(call: dict[str, pl.DataFrame], finding: dict) -> Iterator[str]:
    """The hits under a finding's place, and each word of it with its time and probability."""
    if finding["turn_index"] is None or finding["start"] is None:
        return
    here = pl.col("turn_index") == finding["turn_index"]
    here &= (pl.col("start") < finding["end"]) & (pl.col("end") > finding["start"])
    for hit in call["hits"].filter(here & pl.col("kept")).iter_rows(named=True):
        yield _line(HIT, hit | {"term": hit["term"] and abridged(hit["term"], hit["quote"])})
        yield from (f"               {step}" for step in hit["steps"] or [])
    text = _masked_turn(call, finding["turn_index"])
    words = call["words"].filter(here).sort("start").iter_rows(named=True)
    shown = [_line(WORD, word, text=text[word["start"] : word["end"]]) for word in words]
    if shown:
        yield f"    heard      {'  '.join(shown)}"


def _masked_turn(call: dict[str, pl.DataFrame], turn_index: int) -> str:
    turn = call["turns"].filter(pl.col("turn_index") == turn_index)["text"]
    return _hide(turn[0] if len(turn) else "", call["attempts"]["customer_name"][0] or "")


def _cleared(call: dict[str, pl.DataFrame]) -> Iterator[str]:
    cleared = call["hits"].filter(~pl.col("kept")).sort("start_ms", "start")
    yield f"found and cleared: {cleared.height}"
    for hit in cleared.iter_rows(named=True):
        yield _line(CLEARED, hit, span=_span(hit))
        yield from (f"    {step}" for step in hit["steps"] or [])


def _checkpoints(call: dict[str, pl.DataFrame]) -> Iterator[str]:
    for (script,), rows in call["checkpoints"].group_by("script_id", maintain_order=True):
        yield f"script {script}"
        for row in rows.iter_rows(named=True):
            at = "" if row["at_ms"] is None else f"at {_clock(row['at_ms'])}"
            yield _line(CHECKPOINT, row | {"at": at, "quote": row["quote"] or ""}).rstrip()


def _identity(call: dict[str, pl.DataFrame]) -> Iterator[str]:
    for row in call["identity"].sort("at_ms").iter_rows(named=True):
        yield _line(IDENTITY, row | {"at": _clock(row["at_ms"]), "quote": row["quote"] or ""})


def _audio(call: dict[str, pl.DataFrame]) -> Iterator[str]:
    for row in call["audio"].iter_rows(named=True):
        yield _line(AUDIO, row, flags=", ".join(row["quality_flags"] or []) or "none")
    for row in call["recordings"].iter_rows(named=True):
        yield _line(RECORDING, row)


class _Unknown:
    """What is null, under any format."""

    def __format__(self, _: str) -> str:
        return "–"


def _line(template: str, row: dict, **more: object) -> str:
    return template.format(**{name: _Unknown() if value is None else value for name, value in (row | more).items()})


def _hide(text: str, name: str) -> str:
    text = mask(text)
    return text.replace(name, name[:1] + "*" * (len(name) - 1)) if len(name) > 1 else text


def _span(row: dict) -> str:
    return f"{_clock(row['start_ms'])}–{_clock(row['end_ms'])}"


def _clock(milliseconds: int | None) -> str:
    """72345 → 1:12.345"""
    return "?" if milliseconds is None else f"{milliseconds // 60000}:{milliseconds % 60000 / 1000:06.3f}"
