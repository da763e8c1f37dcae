"""Who is the agent: by the wiring, by the opening, by who talks; and what a reviewer's word changes."""

from __future__ import annotations

import hashlib

import polars as pl
import pytest

from inspection.settings import SpeechSettings
from inspection.speech.hear import Heard, hear
from inspection.speech.transcripts import TRANSCRIPT, TranscriptStore
from inspection.tables import ACOUSTICS, AUDIO, TURNS, WORDS

MODELS = "f" * 64
OPENING = "您好我是示例银行的工号一零二四本次通话将被录音请问您是张先生本人吗"
ANSWER = "喂是我什么事"
PLAIN = "下午三点左右的样子应该差不多"


def stored(folder, said: dict[int, str], layout: str = "stereo", call_id: str = "c") -> pl.DataFrame:
    """A call whose voices speak one after the other, 200 ms a character; the frame of calls to hear."""
    words, at = [], 500
    for voice, text in said.items():
        words += [
            {"voice": voice, "start_ms": at + i * 200, "end_ms": at + (i + 1) * 200, "text": char, "probability": 0.9}
            for i, char in enumerate(text)
        ]
        at = words[-1]["end_ms"] + 500 if words else at
    speech = [
        {"voice": voice, "start_ms": min(own), "end_ms": max(own) + 200}
        for voice in said
        if (own := [word["start_ms"] for word in words if word["voice"] == voice])
    ]
    row = {
        "audio_sha256": hashlib.sha256(call_id.encode()).hexdigest(), "speech_fingerprint": MODELS,
        "duration_ms": at + 4000, "channels": 2, "codec": "pcm_mulaw", "sample_rate_hz": 8000,
        "layout": layout, "quality_flags": [], "words": words, "speech": speech, "exclusive": [], "levels": [],
    }  # fmt: skip
    TranscriptStore(folder).add(pl.DataFrame([row], schema=TRANSCRIPT))
    return pl.DataFrame({"call_id": [call_id], "audio_sha256": [row["audio_sha256"]]})


def heard(folder, said, *, layout="stereo", agent_channel=None, kind="human", reviewed=None, **settings) -> Heard:
    calls = stored(folder, said, layout).with_columns(
        agent_channel=pl.lit(agent_channel, pl.Int8), agent_kind=pl.lit(kind), institution=pl.lit("示例银行")
    )
    return hear(calls, TranscriptStore(folder), MODELS, SpeechSettings(**settings), reviewed)


CASES = {  # said by voice, options, roles of voice 0 and 1, basis
    "the dialer's wiring": ({0: PLAIN, 1: PLAIN}, {"agent_channel": 1}, ("customer", "agent"), "dialer"),
    "a robot keeps its name": (
        {0: PLAIN, 1: PLAIN}, {"agent_channel": 0, "kind": "robot"}, ("robot", "customer"), "dialer"),
    "the firm's wiring": ({0: PLAIN, 1: PLAIN * 2}, {"settings": "left"}, ("agent", "customer"), "dialer"),
    "the dialer before the firm": (
        {0: PLAIN, 1: PLAIN}, {"settings": "left", "agent_channel": 1}, ("customer", "agent"), "dialer"),
    "who speaks the opening": ({0: ANSWER, 1: OPENING}, {"layout": "mono"}, ("customer", "agent"), "opening"),
    "channels swapped": ({0: OPENING, 1: ANSWER}, {"agent_channel": 1}, ("agent", "customer"), "opening"),
    "mono has no wiring": (
        {0: OPENING, 1: ANSWER}, {"agent_channel": 1, "layout": "mono"}, ("agent", "customer"), "opening"),
    "who talks": ({0: PLAIN * 6, 1: "三点"}, {"layout": "mono"}, ("agent", "customer"), "talk_pattern"),
    "nobody can tell": ({0: PLAIN, 1: PLAIN}, {"layout": "mono"}, ("unknown", "unknown"), "none"),
    "one voice alone says nothing": ({0: PLAIN}, {"layout": "mono"}, ("unknown",), "none"),
    "one voice that opens": ({0: OPENING}, {"layout": "mono"}, ("agent",), "opening"),
}  # fmt: skip


@pytest.mark.parametrize(("said", "options", "roles", "basis"), CASES.values(), ids=CASES)
def test_roles(tmp_path, said, options, roles, basis):
    options = dict(options)
    settings = {"agent_channel": options.pop("settings")} if "settings" in options else {}
    wiring = {"agent_channel": options.pop("agent_channel", None)}
    calls = stored(tmp_path, said, options.get("layout", "stereo")).with_columns(
        agent_channel=pl.lit(wiring["agent_channel"], pl.Int8),
        agent_kind=pl.lit(options.get("kind", "human")),
        institution=pl.lit("示例银行"),
    )
    found = hear(calls, TranscriptStore(tmp_path), MODELS, SpeechSettings(**settings))
    assert tuple(found.turns["role"]) == roles
    assert found.audio["role_basis"].to_list() == [basis]
    confidence = found.audio["role_confidence"][0]
    assert (confidence >= 0.6) == ("unknown" not in roles)
    assert (found.turns["role_confidence"] == confidence).all()


def test_swapped_channels_are_told_only_when_the_opening_is_clear(tmp_path):
    swapped = heard(tmp_path / "a", {0: OPENING, 1: ANSWER}, agent_channel=1)
    weak = heard(tmp_path / "b", {0: PLAIN, 1: "喂" + PLAIN}, agent_channel=1)
    right = heard(tmp_path / "c", {0: OPENING, 1: ANSWER}, agent_channel=0)
    flags = [call.audio["quality_flags"].to_list() for call in (swapped, weak, right)]
    assert flags == [[["swapped_channels"]], [[]], [[]]]


def test_below_the_threshold_nobody_is_named_and_nothing_is_counted_for_the_agent(tmp_path):
    found = heard(tmp_path, {0: PLAIN * 2, 1: PLAIN}, layout="mono", min_role_confidence=0.9)
    row = found.audio.row(0, named=True)
    assert set(found.turns["role"]) == {"unknown"}
    assert [row[name] for name in ("agent_voice", "agent_speech_ms", "customer_speech_ms", "first_agent_word_ms")] == [
        None
    ] * 4
    assert row["speech_ms"] > 0


def test_frames_keep_the_contract(tmp_path):
    found = heard(tmp_path, {0: OPENING, 1: ANSWER}, agent_channel=0)
    assert (found.audio.schema, found.turns.schema) == (AUDIO, TURNS)
    assert (found.words.schema, found.acoustics.schema) == (WORDS, ACOUSTICS)
    row = found.audio.row(0, named=True)
    assert row["first_agent_word_ms"] == 500
    assert row["dead_end_ms"] == 4500
    assert row["agent_speech_ms"] == len(OPENING) * 200
    assert row["customer_speech_ms"] == len(ANSWER) * 200
    assert row["speech_ms"] + row["silence_ms"] == row["duration_ms"]


def test_a_reviewer_is_believed_without_listening_again(tmp_path):
    found = heard(tmp_path, {0: PLAIN, 1: PLAIN}, layout="mono", reviewed={"c": 1})
    assert found.turns["role"].to_list() == ["customer", "agent"]
    row = found.audio.row(0, named=True)
    assert (row["role_basis"], row["role_confidence"], row["agent_voice"]) == ("reviewer", 1.0, 1)


@pytest.mark.parametrize(("kind", "side"), [("human", "agent"), ("robot", "robot")])
def test_a_reviewer_is_believed_against_dialer_and_opening(tmp_path, kind, side):
    said = {0: OPENING, 1: ANSWER * 4}
    before = heard(tmp_path, said, agent_channel=0, kind=kind)
    found = heard(tmp_path, said, agent_channel=0, kind=kind, reviewed={"c": 1, "another": 0})
    turned = {side: "customer", "customer": side}
    assert found.turns["role"].to_list() == [turned[role] for role in before.turns["role"]]
    assert found.words.equals(before.words)
    exchanged = [("agent_speech_ms", "customer_speech_ms"), ("customer_speech_ms", "agent_speech_ms")]
    assert all(found.audio[one].equals(before.audio[other]) for one, other in exchanged)
    own = found.turns.filter(pl.col("role") == side)
    assert found.audio["first_agent_word_ms"].to_list() == [own["start_ms"].min()]


def test_a_call_without_words_is_a_skip(tmp_path):
    found = heard(tmp_path, {})
    assert found.skips.select("call_id", "stage", "reason").rows() == [("c", "speech", "no_speech")]
    assert found.audio.is_empty()
    assert found.turns.is_empty()
