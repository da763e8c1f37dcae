"""`python canary_run.py SETTINGS BUSINESS_DATE [broken]`: the daily flow over a day on which people say personal data.

No recogniser can be made to hear given words, so they are put into what was heard; `broken` fails the last gate.
"""

from __future__ import annotations

import sys
from dataclasses import replace

import polars as pl

from inspection.speech import hear as room
from inspection.speech.hear import Heard
from inspection.tables import TURNS, WORDS

THREAT = "再不还钱我就叫几个人去你家收拾你，"


def saying(heard: Heard, secrets: list[str]) -> Heard:
    """Each call ends with a threat by its agent that names all secrets, each of them touching Chinese characters."""
    said = THREAT + "".join(f"号码{secret}对吧，" for secret in secrets)
    last = heard.turns.group_by("call_id").agg(pl.col("turn_index").max() + 1)
    last = last.join(heard.audio.select("call_id", start_ms=pl.col("duration_ms") - 1), on="call_id")
    role = heard.turns.filter(pl.col("role").is_in(["agent", "robot"])).select("call_id", "role").unique("call_id")
    turns = last.join(role, on="call_id").with_columns(
        end_ms=pl.col("start_ms") + len(said),
        text=pl.lit(said),
        role_confidence=pl.lit(1.0),
        word_probability=pl.lit(0.9),
    )
    places = pl.DataFrame({"start": range(len(said))})
    words = turns.join(places, how="cross").with_columns(
        end=pl.col("start") + 1, start_ms=pl.col("start_ms") + pl.col("start"), probability=pl.lit(0.9)
    ).with_columns(end_ms=pl.col("start_ms") + 1)  # fmt: skip
    return replace(heard, turns=_under(heard.turns, turns, TURNS), words=_under(heard.words, words, WORDS))


def _under(frame: pl.DataFrame, more: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    return pl.concat([frame, more.select(list(schema)).cast(dict(schema))]).sort("call_id", "turn_index")


def unexplained(balance: pl.DataFrame) -> pl.DataFrame:
    return balance.with_columns(state=pl.lit("skipped"), reason=pl.lit(None, pl.String))


if __name__ == "__main__":
    from test_canary import SECRETS

    from inspection import day
    from inspection.cli.main import main

    settings, business_date, *broken = sys.argv[1:]
    hear, reconcile = room.hear, day.reconcile
    room.hear = lambda *given: saying(hear(*given), list(SECRETS.values()))
    if broken:
        day.reconcile = lambda *given: unexplained(reconcile(*given))
    sys.argv = ["inspection", "run", "--settings", settings, "--date", business_date, "--verbose"]
    main()
