"""The contract between rooms: one polars schema a table, no logic beyond checking it.

Times inside a call are integer milliseconds from the start of its audio (`_ms`, half-open). Places in text are
half-open code-point offsets into the turn's raw text (`start`, `end`). Times of day are UTC instants (`_at`); the
firm's timezone, kept beside them, decides what "22:00" means. Money is integer cents (分).
"""

from __future__ import annotations

import polars as pl

from inspection.errors import ContractError

INSTANT = pl.Datetime("ms", "UTC")

# --- what the dialer says -------------------------------------------------------------------------------------------

ATTEMPTS = pl.Schema(
    {
        "call_id": pl.String,  # unique per attempt, as the dialer names it
        "business_date": pl.Date,  # date of `dialed_at` in `timezone`
        "linked_call_id": pl.String,  # groups the legs and transfers of one conversation
        "dialer": pl.String,  # name of the source in the settings
        "direction": pl.String,  # outbound | inbound
        "debtor_id": pl.String,  # pseudonym (keyed hash), see inspection.privacy
        "case_id": pl.String,
        "customer_name": pl.String,  # in the clear until the store; pages and published tables mask it
        "phone_key": pl.String,  # keyed hash of the number
        "phone_last4": pl.String,
        "phone_owner": pl.String,  # debtor | contact | guarantor | professional (lawyer, bureau, creditor) | unknown
        "stage": pl.String,  # M0 | M1 | M2
        "dpd": pl.Int32,  # days past due
        "product": pl.String,
        "institution": pl.String,
        "agency": pl.String,
        "agency_type": pl.String,  # own | agency (自营 | 委外)
        "team": pl.String,
        "campaign": pl.String,
        "agent_kind": pl.String,  # robot | human
        "agent_id": pl.String,
        "dialed_at": INSTANT,
        "answered_at": INSTANT,  # null when nobody answered
        "ended_at": INSTANT,
        "timezone": pl.String,  # IANA name of the place whose clock the hour rules read
        "talk_ms": pl.Int64,  # answer to end as the dialer counts it; 0 when not answered
        "term_reason": pl.String,  # agent | customer | system | unknown: who hung up
        "outcome_raw": pl.String,
        "outcome": pl.String,  # canonical code of domain §5.5, or UNMAPPED
        "recording_hint": pl.String,  # file name or location the dialer gives, never trusted as a path
        "agent_channel": pl.Int8,  # 0 | 1 by the dialer's wiring, null when unknown
        "amount_due_cents": pl.Int64,
        "due_date": pl.Date,
        "promise_date": pl.Date,
        "consent_window": pl.Boolean,  # the debtor agreed to calls outside the usual hours
        "do_not_call": pl.Boolean,  # a stop flag (停催/投诉/DNC) stood before this attempt
        "waiver_code": pl.String,  # approved waiver that makes a promise of reduction true
        "script_id": pl.String,
        "recording_deleted_at": INSTANT,  # when the recording was deleted, where it was
        "recording_keep_until": pl.Date,  # last day on which the archive keeps the recording, by its own plan
        # What a collection system may know besides. Null is unknown: the rules that need it are not applicable.
        "debtor_region": pl.String,  # state or province where the debtor lives, as the pack's tables name it: MA
        "phone_kind": pl.String,  # mobile | landline | voip
        "automated_consent": pl.Boolean,  # consent to robots and automated dialling of this number is on file
        "call_consent_on": pl.Date,  # day on which the debtor last agreed, to the caller, to be called again
        "inconvenient": pl.Boolean,  # the debtor had named this time or place inconvenient, or an employer forbids it
        "first_contact": pl.Boolean,  # nobody had told the debtor of this debt before, by call or letter
        "time_barred": pl.Boolean,  # the time in which the debt may be sued for has run out
    }
)

HISTORY = pl.Schema(
    {
        **{
            name: ATTEMPTS[name]
            for name in (
                "call_id", "direction", "debtor_id", "case_id", "phone_key", "phone_owner", "dialed_at", "answered_at",
                "ended_at", "timezone", "talk_ms", "outcome", "promise_date", "call_consent_on",
            )
        },
        "said": pl.List(pl.String),  # categories that the customer voiced, such as do_not_call
    }
)  # fmt: skip
"""What rules that look across calls want to know of earlier days: a month of them is held at once."""

RECORDINGS = pl.Schema(
    {
        "recording_id": pl.String,  # SHA-256 of location relative to its root
        "call_id": pl.String,  # null when no attempt matches
        "location": pl.String,
        "size_bytes": pl.Int64,
        "modified_at": INSTANT,
        "audio_sha256": pl.String,
        "matched_by": pl.String,  # hint | call_id | phone_time | null
        # How a call is put together from its recordings; all three are null for one that is not heard.
        "take": pl.Int32,  # 0-based place among those that follow one another; two sides of one call share it
        "side": pl.Int8,  # 0 left | 1 right, where two mono files hold a side each; else null
        "from_ms": pl.Int64,  # what lies before is heard in the take before
    }
)

SKIPS = pl.Schema(
    {
        "call_id": pl.String,  # null for a recording without an outcome
        "recording_id": pl.String,
        "stage": pl.String,  # intake | speech | judgement
        "reason": pl.String,  # a code of inspection.errors.SKIP_REASONS
        "detail": pl.String,  # one line, no personal data
    }
)

# --- what was heard -------------------------------------------------------------------------------------------------

AUDIO = pl.Schema(
    {
        "call_id": pl.String,
        "audio_sha256": pl.String,
        "speech_fingerprint": pl.String,
        "duration_ms": pl.Int64,
        "channels": pl.Int8,
        "codec": pl.String,
        "sample_rate_hz": pl.Int32,
        "layout": pl.String,  # stereo | mono | mono_in_stereo
        "quality_flags": pl.List(pl.String),  # codes of inspection.speech.channels.QUALITY_FLAGS
        "role_confidence": pl.Float32,
        "role_basis": pl.String,  # dialer | opening | talk_pattern | reviewer | none
        "word_probability": pl.Float32,  # mean over words, null when no word
        "speech_ms": pl.Int64,
        "agent_speech_ms": pl.Int64,
        "customer_speech_ms": pl.Int64,
        "overtalk_ms": pl.Int64,
        "silence_ms": pl.Int64,
        "first_agent_word_ms": pl.Int64,
        "dead_end_ms": pl.Int64,  # silence after the last word
        "agent_voice": pl.Int8,  # channel (stereo) or diarized speaker (mono) taken for the agent; null when unsure
    }
)

TURNS = pl.Schema(
    {
        "call_id": pl.String,
        "turn_index": pl.Int32,  # 0-based by start_ms within the call
        "role": pl.String,  # agent | robot | customer | unknown
        "start_ms": pl.Int64,
        "end_ms": pl.Int64,
        "text": pl.String,
        "role_confidence": pl.Float32,
        "word_probability": pl.Float32,
    }
)

WORDS = pl.Schema(
    {
        "call_id": pl.String,
        "turn_index": pl.Int32,
        "start": pl.Int32,  # code-point offsets in the turn's text
        "end": pl.Int32,
        "start_ms": pl.Int64,
        "end_ms": pl.Int64,
        "probability": pl.Float32,
    }
)

ACOUSTICS = pl.Schema(
    {
        "call_id": pl.String,
        "start_ms": pl.Int64,
        "end_ms": pl.Int64,
        "kind": pl.String,  # silence | overtalk | interruption | fast_speech | loud
        "role": pl.String,  # who did it: agent | robot | customer | unknown | none
        "value": pl.Float64,  # in the kind's unit: ms, ms, ms, characters a minute, z-score
    }
)

# --- what it means --------------------------------------------------------------------------------------------------

HITS = pl.Schema(
    {
        "call_id": pl.String,
        "turn_index": pl.Int32,
        "role": pl.String,
        "category": pl.String,
        "entry_id": pl.String,
        "entry_version": pl.Int32,
        "term": pl.String,  # the term or pattern as the lexicon writes it
        "quote": pl.String,  # the raw words
        "start": pl.Int32,
        "end": pl.Int32,
        "end_turn_index": pl.Int32,  # differs from turn_index when the phrase runs over a breath
        "start_ms": pl.Int64,
        "end_ms": pl.Int64,
        "via": pl.String,  # text | homophone
        "confidence": pl.Float32,
        "severity": pl.String,  # fatal | major | minor | info
        "status": pl.String,  # live | trial
        "kept": pl.Boolean,
        # the step: role | covered | exception | a guard of guards.yaml | ordinary | waiver | window
        "cleared_by": pl.String,
        "steps": pl.List(pl.String),  # how it was found, the steps it passed, the one that cleared it
    }
)

CHECKPOINTS = pl.Schema(
    {
        "call_id": pl.String,
        "script_id": pl.String,
        "checkpoint_id": pl.String,
        "title": pl.String,
        "state": pl.String,  # pass | late | missing | out_of_order | altered | not_applicable | unsure
        "mandatory": pl.Boolean,
        "at_ms": pl.Int64,  # from the start of the audio; null when not found
        "deadline_ms": pl.Int64,
        "turn_index": pl.Int32,
        "start": pl.Int32,
        "end": pl.Int32,
        "quote": pl.String,
        "confidence": pl.Float32,
        "detail": pl.String,  # readable difference or reason
    }
)

IDENTITY = pl.Schema(
    {
        "call_id": pl.String,
        "at_ms": pl.Int64,
        "turn_index": pl.Int32,
        "who": pl.String,  # debtor | guarantor | third_party | voicemail | unknown
        "quote": pl.String,
        "confidence": pl.Float32,
    }
)

EVIDENCE = pl.Schema(
    {
        "call_id": pl.String,
        "start_ms": pl.Int64,
        "end_ms": pl.Int64,
        "turn_index": pl.Int32,
        "role": pl.String,
        "kind": pl.String,  # hit | checkpoint | identity | acoustic | fact
        "id": pl.String,
        "confidence": pl.Float32,
        "quote": pl.String,
    }
)

FINDINGS = pl.Schema(
    {
        "call_id": pl.String,
        "rule_id": pl.String,
        "rule_version": pl.Int32,
        "title": pl.String,
        "verdict": pl.String,  # fail | pass | unsure | not_applicable
        "severity": pl.String,  # fatal | major | minor | info
        "status": pl.String,  # live | trial
        "role": pl.String,
        "turn_index": pl.Int32,
        "start": pl.Int32,
        "end": pl.Int32,
        "start_ms": pl.Int64,
        "end_ms": pl.Int64,
        "quote": pl.String,
        "confidence": pl.Float32,
        "reason": pl.String,  # one sentence a reviewer can argue with
        "expected": pl.String,  # what the rule asks for, as it stood then; null where nothing failed
        "related_calls": pl.List(pl.String),  # the other calls that prove a cross-call rule
        "source": pl.String,
    }
)

COMPONENTS = pl.Schema(
    {
        "call_id": pl.String,
        "scorecard": pl.String,
        "component": pl.String,
        "rule_id": pl.String,
        "verdict": pl.String,
        "earned": pl.Float64,
        "possible": pl.Float64,  # 0 when not applicable or trial
    }
)

SCORES = pl.Schema(
    {
        "call_id": pl.String,
        "scorecard": pl.String,
        "earned": pl.Float64,
        "possible": pl.Float64,
        "score": pl.Float64,  # 0..100, 0 when fatal; null when nothing was possible
        "band": pl.String,
        "fatal": pl.Boolean,
        "fatal_rules": pl.List(pl.String),
        "unsure": pl.Int32,  # findings that a person has to settle
        "verdict": pl.String,  # fail | pass | unsure
    }
)

# --- the day --------------------------------------------------------------------------------------------------------

RECONCILIATION = pl.Schema(
    {
        "call_id": pl.String,
        "recording_id": pl.String,
        "answered": pl.Boolean,
        "has_recording": pl.Boolean,
        "has_transcript": pl.Boolean,
        "has_score": pl.Boolean,
        "state": pl.String,  # inspected | skipped | not_connected | surplus_recording
        "reason": pl.String,
        "talk_ms": pl.Int64,
        "duration_ms": pl.Int64,
    }
)

RUNS = pl.Schema(
    {
        "business_date": pl.Date,
        "run_id": pl.String,  # hash of inputs and fingerprints: the same work has the same id
        "listed": pl.Int32,
        "inspected": pl.Int32,
        "skipped": pl.Int32,
        "rulebook_fingerprint": pl.String,
        "rulebook_version": pl.String,
        "speech_fingerprint": pl.String,
        "package_version": pl.String,
    }
)

GATES = pl.Schema(
    {
        "gate": pl.String,  # intake | speech | publish
        "expectation": pl.String,
        "description": pl.String,
        "severity": pl.String,  # critical | warning | info
        "success": pl.Boolean,
        "observed": pl.String,
        "unexpected_count": pl.Int64,
        "unexpected_ids": pl.List(pl.String),
    }
)

STORED = {  # what the store keeps for each business date
    "attempts": ATTEMPTS,
    "recordings": RECORDINGS,
    "skips": SKIPS,
    "audio": AUDIO,
    "turns": TURNS,
    "words": WORDS,
    "acoustics": ACOUSTICS,
    "hits": HITS,
    "checkpoints": CHECKPOINTS,
    "identity": IDENTITY,
    "findings": FINDINGS,
    "components": COMPONENTS,
    "scores": SCORES,
    "reconciliation": RECONCILIATION,
    "gates": GATES,
    "runs": RUNS,
}


def empty(schema: pl.Schema) -> pl.DataFrame:
    """A frame of that schema without rows."""
    return pl.DataFrame(schema=schema)


def conform(frame: pl.DataFrame, schema: pl.Schema, *, table: str) -> pl.DataFrame:
    """The frame with exactly the schema's columns, in its order and dtypes.

    Missing columns become null; surplus columns are a ContractError, as is a value that cannot be cast: both are
    mistakes of the room that made the frame, so they carry the table's name and are never repaired silently.
    """
    surplus = [name for name in frame.columns if name not in schema]
    if surplus:
        raise ContractError(f"table {table}: columns {surplus} are not in its schema")
    if frame.schema == schema:
        return frame
    present = [
        pl.col(name).cast(dtype) if name in frame.columns else pl.lit(None, dtype).alias(name)
        for name, dtype in schema.items()
    ]
    try:
        return frame.select(present)
    except pl.exceptions.PolarsError as error:
        raise ContractError(f"table {table}: {error}") from error
