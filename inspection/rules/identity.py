"""Who is on the line at each moment: unknown until somebody says so, then debtor, guarantor, third party, voicemail.

    agent     请问您是张先生本人吗？       ask
    customer  不是，我是他爱人。           says third_party: from here on a debt must not be named
    customer  你等一下，我叫他。
    agent     请问您是张先生本人吗？       ask
    customer  对，是我。                   the reply affirms: debtor

A plain "对" counts only as the next answer to an identity question. Who answers it with 什么事, or talks about his own
debt without saying who he is, is taken for the debtor, not surely: what he is told then is `unsure`, never proof.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from inspection.rules.evidence import WHO
from inspection.rules.model import Identity

REPLY_WITHIN = 3
"""The answer to an identity question is the customer's next turn, at most this many turns later."""
OPENING = 4
"""A recorded voice on the staff's side begins within so many characters; later words tell of another call."""
WEAK_IDENTITY = 4
EXPLICIT, SOFT, IMPLIED = range(3)


def changes(turns: pl.DataFrame, said: pl.DataFrame, implied: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    """The changes of identity of all calls, sorted by call and time: `call, row, start, end, at_ms, who, why, quote`.

    turns: `call, turn_index, role, text, start_ms, why` in the order of calls, position is the row.
    said: matches of identity phrases, `row, phrase, start, end, start_ms, quote, why`; implied: hits by a customer
    that only a debtor says, same columns. `why` > 0 marks what may not prove anything (evidence.WHY).
    """
    speaker = said.with_columns(role=_at(turns["role"], said["row"]))
    listener = speaker.filter(pl.col("role").is_in(["customer", "unknown"]))
    told = listener.filter(pl.col("phrase") != "identity.ask").with_columns(
        who=pl.col("phrase").str.strip_prefix("identity."), sort=pl.lit(EXPLICIT)
    )
    told = told.with_columns(
        sort=pl.when(pl.col("who") == "absent").then(SOFT).otherwise(EXPLICIT),
        who=pl.col("who").replace({"absent": "third_party"}),
    )
    first = turns["call"].search_sorted(turns["call"].gather(speaker["row"])).cast(pl.UInt32)
    recorded = speaker.filter(
        ~pl.col("role").is_in(["customer", "unknown"]), pl.col("phrase") == "identity.voicemail",
        pl.col("row") == first, pl.col("start") <= OPENING,
    )  # fmt: skip
    recorded = recorded.with_columns(who=pl.lit("voicemail"), sort=pl.lit(EXPLICIT))
    asked = speaker.filter(pl.col("phrase") == "identity.ask", pl.col("role") != "customer")
    replies = _replies(turns, asked, told.filter(pl.col("sort") == EXPLICIT), identity)
    presumed = implied.with_columns(who=pl.lit("debtor"), sort=pl.lit(IMPLIED), why=pl.lit(WEAK_IDENTITY, pl.Int8))
    columns = ["row", "start", "end", "start_ms", "who", "why", "quote", "sort"]
    events = pl.concat([part.select(columns) for part in (told, recorded, replies, presumed)], how="vertical_relaxed")
    return _settle(events.with_columns(call=_at(turns["call"], events["row"]), at_ms=pl.col("start_ms")))


def _replies(turns: pl.DataFrame, asked: pl.DataFrame, told: pl.DataFrame, identity: Identity) -> pl.DataFrame:
    """The customer's next turn after each identity question, where it affirms or denies and says nothing plainer."""
    role = turns["role"].to_numpy()
    call = turns["call"].to_numpy()
    customer = np.flatnonzero(np.isin(role, ["customer", "unknown"]))
    question = np.unique(asked["row"].to_numpy())
    position = np.searchsorted(customer, question, side="right")
    inside = position < len(customer)
    answer = customer[position[inside]]
    question = question[inside]
    near = (call[answer] == call[question]) & (answer - question <= REPLY_WITHIN)
    rows = np.setdiff1d(np.unique(answer[near]), told["row"].to_numpy())
    reply = turns[rows].select("text", "start_ms", "why").with_columns(row=pl.Series(rows, dtype=pl.Int64))
    plain = pl.col("text").str.replace_all(r"[^\p{L}\p{N}]", "")
    presumed = plain.str.contains(identity.presume) if identity.presume else pl.lit(False)
    who = (
        pl.when(plain.str.contains(identity.deny))
        .then(pl.lit("third_party"))
        .when(plain.str.contains(identity.affirm) | presumed)
        .then(pl.lit("debtor"))
    )
    return reply.with_columns(
        who=who,
        why=pl.when(presumed & (pl.col("why") == 0)).then(pl.lit(WEAK_IDENTITY, pl.Int8)).otherwise("why"),
        start=pl.lit(0, pl.Int32),
        end=pl.col("text").str.len_chars().cast(pl.Int32),
        quote=pl.col("text"),
        sort=pl.lit(EXPLICIT),
    ).drop_nulls("who")


def _settle(events: pl.DataFrame) -> pl.DataFrame:
    """Only what changes the state: softer signs give way to plain ones, a recorded voice to a person, repetitions
    vanish."""
    events = events.sort("call", "row", "start", "sort", "who", maintain_order=True)
    said, recorded = (pl.col("sort") != IMPLIED) & (pl.col("why") == 0), pl.col("who") == "voicemail"
    plain = said & (pl.col("sort") == EXPLICIT)

    def earlier(what: pl.Expr) -> pl.Expr:
        return what.cast(pl.Int8).cum_max().shift(1, fill_value=0).over("call") == 1

    soft = ((pl.col("sort") == IMPLIED) & earlier(said)) | (
        (pl.col("sort") == SOFT) & earlier(plain & (pl.col("who") == "debtor"))
    )
    events = events.filter(~soft & ~(recorded & earlier(plain & ~recorded)))
    same = (pl.col("who") == pl.col("who").shift(1)) & (pl.col("call") == pl.col("call").shift(1))
    upgraded = (pl.col("why") == 0) & (pl.col("why").shift(1) > 0)
    return events.filter(~(same & ~upgraded).fill_null(False)).with_columns(
        confidence=pl.when(pl.col("why") == 0).then(1.0).otherwise(0.5),
        code=pl.col("who").replace_strict(list(WHO), list(range(len(WHO))), return_dtype=pl.Int8),
    )


def _at(column: pl.Series, rows: pl.Series) -> pl.Series:
    return column.gather(rows)
