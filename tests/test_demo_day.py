"""The sample day: its texts, its recordings, its dialer's rows and the truth about them agree with each other."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import yaml

from inspection.demo import attempts as dialled
from inspection.demo import plants
from inspection.demo.encoding import FORMATS, decode
from inspection.demo.prepare import prepare
from inspection.demo.texts import DAY, load_day, numeral
from inspection.demo.truth import load_truth
from inspection.errors import SKIP_REASONS
from inspection.settings import load

DAY_TEXTS, TRUTH = load_day(), load_truth()
RECORDINGS = DAY / "recordings"
HEARD = TRUTH.calls.filter(pl.col("expected") == "inspected")
TRAINING_TEXT = Path(__file__).parent.parent / "inspection/demo/training/text"
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def intake(tmp_path_factory):
    from inspection.intake.day import take_in

    return take_in(load(prepare(tmp_path_factory.mktemp("demo"))), TRUTH.business_date)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (7, "七"), (10, "十"), (13, "十三"), (20, "二十"), (23, "二十三"), (105, "一百零五"), (110, "一百一十"),
        (860, "八百六十"), (1005, "一千零五"), (1050, "一千零五十"), (2180, "两千一百八十"), (10200, "一万零二百"),
        (12600, "一万两千六百"),
        (20500, "两万零五百"), (22000, "两万两千"), (120000, "十二万"), (100005, "十万零五"),
    ],
)  # fmt: skip
def test_amounts_are_said_as_chinese_numerals(number, said):
    assert numeral(number) == said


def test_the_day_is_as_varied_as_it_claims():
    facts = [call.facts for call in DAY_TEXTS.calls if call.expected == "inspected"]
    planted = set(TRUTH.planted["violation"])
    assert HEARD.height >= 34
    assert 0.4 <= HEARD["clean"].mean() <= 0.6
    assert HEARD.filter(pl.col("layout") == "mono").height >= 8
    assert {one["stage"] for one in facts} == {"M0", "M1", "M2"}
    assert len({one["staff"] for one in facts}) >= 6
    assert len({one["campaign"] for one in facts}) >= 3
    assert len({DAY_TEXTS.agency(call) for call in DAY_TEXTS.calls}) >= 3
    assert {"debtor", "third_party", "voicemail"} == set(HEARD["who"])
    assert set(TRUTH.calls["format"]) == set(FORMATS)
    assert planted == set(DAY_TEXTS.violations), "a violation of the table is planted nowhere, or the other way round"


def test_planted_faults_are_all_there():
    faults = {
        "zero_bytes", "truncated", "text_named_wav", "silence", "hold_tone", "same_channel_twice", "empty_channel",
        "swapped_channels", "duplicate", "no_recording", "not_in_dialer",
    }  # fmt: skip
    assert set(TRUTH.calls["fault"].drop_nulls()) == faults
    assert set(TRUTH.calls["expected"]) - {"inspected"} <= set(SKIP_REASONS)


def test_every_spoken_amount_and_date_is_the_accounts_unless_planted():
    """Amounts are said through slots; a literal amount is allowed only where the table of violations says so."""
    for call in DAY_TEXTS.calls:
        amount = numeral(call.facts["amount"]) + "元"
        for turn in call.turns:
            if turn.role != "customer" and "wrong_amount" not in turn.breaks:
                said = re.findall(r"欠款([一二两三四五六七八九十百千万零]+元)", turn.text)
                assert set(said) <= {amount}, (call.id, turn.text)


def test_no_sentence_of_the_day_is_in_the_training_text():
    """Short answers such as 是我 are everybody's; eight characters and more are this day's own."""
    said = {part for call in DAY_TEXTS.calls for turn in call.turns for part in re.split(r"[，。？！]", turn.text)}
    own = {part for part in said if len(part) >= 8}
    for path in sorted(TRAINING_TEXT.glob("*.txt")):
        text = path.read_text("utf-8")
        assert not [part for part in own if part in text], path.name
    assert len(own) > 250


def test_all_recordings_together_are_small_enough():
    files = [path for path in RECORDINGS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 15_000_000
    assert {path.relative_to(RECORDINGS).as_posix() for path in files} == set(TRUTH.calls["recording"].drop_nulls())


@pytest.mark.parametrize("call", HEARD.to_dicts(), ids=HEARD["id"].to_list())
def test_each_character_is_where_the_truth_says(call):
    """Speech is loud inside the characters' times and quiet outside them, on the wire of its role."""
    sound = decode(RECORDINGS / call["recording"])
    true = TRUTH.characters.filter(pl.col("call_id") == call["call_id"])
    spoken = np.zeros(sound.shape[1], bool)
    for start, end in true.select("start_ms", "end_ms").iter_rows():
        spoken[start * 8 : end * 8] = True
    level = (sound**2).mean(axis=0)
    assert true["end_ms"].max() * 8 < sound.shape[1]
    assert 20 <= sound.shape[1] / 8000 <= 90
    assert sound.shape[0] == FORMATS[call["format"]].channels
    assert level[spoken].mean() > 10 * level[~_near(spoken)].mean() or call["who"] == "voicemail"


def _near(spoken: np.ndarray, margin: int = 1600) -> np.ndarray:
    """Spoken samples and those within 0.2 s of them."""
    return np.convolve(spoken, np.ones(2 * margin + 1), "same") > 0.5


def test_wires_carry_the_roles_the_truth_names():
    for call in HEARD.filter((pl.col("layout") == "stereo") & pl.col("fault").is_null()).to_dicts():
        sound = decode(RECORDINGS / call["recording"])
        channel = _agent_channel(call["id"])
        for role, wire in (("agent", channel), ("customer", 1 - channel)):
            energy = np.zeros(2)
            side = pl.col("role") == "customer" if role == "customer" else pl.col("role") != "customer"
            for start, end in _of(call).filter(side).select("start_ms", "end_ms").iter_rows():
                energy += (sound[:, start * 8 : end * 8] ** 2).sum(axis=1)
            assert energy.argmax() == wire, (call["id"], role)


def _of(call: dict) -> pl.DataFrame:
    return TRUTH.characters.filter(pl.col("call_id") == call["call_id"])


def _agent_channel(call_id: str) -> int:
    audio = next(call.audio for call in DAY_TEXTS.calls if call.id == call_id)
    return audio.get("agent_channel") or 0


@pytest.mark.parametrize(
    ("fault", "channels"),
    [
        ("same_channel_twice", "equal"),
        ("empty_channel", "one silent"),
        ("swapped_channels", "crossed"),
        ("", "as wired"),
    ],
)
def test_wiring_faults(fault, channels):
    agent, customer = np.full(8, 0.5, np.float32), np.full(8, 0.25, np.float32)
    left, right = plants.wired(agent, customer, 2, 0, fault)
    seen = {
        "equal": bool((left == right).all()),
        "one silent": bool((left == agent).all() and not right.any()),
        "crossed": bool((left == customer).all() and (right == agent).all()),
        "as wired": bool((left == agent).all() and (right == customer).all()),
    }
    assert [name for name, is_so in seen.items() if is_so] == [channels]


def test_the_dialer_lists_every_call_and_its_recording_is_found(intake):
    listed = TRUTH.calls.drop_nulls("call_id")
    matched = dict(
        intake.recordings.select(pl.col("location").str.split("recordings/").list.last(), "call_id").iter_rows()
    )
    assert intake.attempts.height == TRUTH.listed
    assert set(listed["call_id"]) <= set(intake.attempts["call_id"])
    assert matched == dict(TRUTH.calls.drop_nulls("recording").select("recording", "call_id").iter_rows())
    assert set(intake.recordings["matched_by"].drop_nulls()) == {"hint", "call_id", "phone_time"}
    assert set(intake.attempts["outcome"]) >= {"PTP", "REFUSE", "NO_ANSWER", "VOICEMAIL", "COMPLAINT"}
    assert "UNMAPPED" not in set(intake.attempts["outcome"])


def test_hours_and_frequencies_are_legal_except_where_planted(intake):
    """Counted here from the rows themselves, apart from the rules that the product judges by."""
    local = intake.attempts.with_columns(clock=pl.col("dialed_at").dt.convert_time_zone("Asia/Shanghai").dt.time())
    late = local.filter((pl.col("clock").dt.hour() >= 22) | (pl.col("clock").dt.hour() < 8))
    connected = local.filter(pl.col("answered_at").is_not_null()).group_by("debtor_id").len()
    unanswered = local.filter(pl.col("answered_at").is_null()).group_by("phone_key").len()
    planted = TRUTH.planted.group_by("violation").agg("call_id")
    calls = dict(planted.iter_rows())
    assert set(late["call_id"]) == set(calls["hours"])
    assert connected["len"].sort(descending=True).to_list()[:2] == [4, 1]
    assert unanswered["len"].sort(descending=True).to_list()[0] == 7 == len(calls["attempts"])
    assert unanswered.filter(pl.col("len") > 6).height == 1


def test_the_dialers_numbers_and_codes():
    assert all(re.fullmatch(r"1990000\d{4}", dialled.phone(index)) for index in (101, 819, 3200))
    codes = yaml.safe_load((DAY / "dispositions.yaml").read_text("utf-8"))["codes"]
    assert codes == {code: canonical for code, (_, canonical) in dialled.RESULTS.items()}


def test_a_recording_is_made_again_the_same(tmp_path):
    """A rebuilt call has the bytes of the committed one; needs the build-time tools."""
    from inspection.demo.build_day import synthesise_all
    from inspection.demo.encoding import encode
    from inspection.demo.training.voices import available

    if not available():
        pytest.skip("espeak-ng is not installed; it is needed only to rebuild the day")
    call = next(call for call in DAY_TEXTS.calls if call.id == "r11")
    heard = synthesise_all(DAY_TEXTS, frozenset({call.id}))[call.id]
    target = FORMATS[call.audio["format"]]
    encode(plants.wired(heard.agent, heard.customer, 2, 0, ""), target, tmp_path / "again.wav")
    kept = TRUTH.calls.filter(pl.col("id") == "r11").item(0, "recording")
    assert (tmp_path / "again.wav").read_bytes() == (RECORDINGS / kept).read_bytes()


def test_characters_file_covers_what_is_said():
    kept = set((DAY / "characters.txt").read_text("utf-8").strip())
    said = Counter(char for call in DAY_TEXTS.calls for turn in call.turns for char in HAN.findall(turn.text))
    assert kept == set(said)
