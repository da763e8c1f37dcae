"""Words that nobody said are left out; what people do say stays, however often."""

from __future__ import annotations

import numpy as np
import pytest

from inspection.speech.guards import inventions, over_speech, spoken_words
from inspection.speech.transcribe import Word


def words(text: str, each_ms: int = 200) -> list[Word]:
    """One word a character, or a word a blank where there are blanks."""
    pieces = [f" {piece}" for piece in text.split()] if " " in text else list(text)
    return [Word(i * each_ms, (i + 1) * each_ms, piece, 0.9) for i, piece in enumerate(pieces)]


KEPT = [
    "您好请问是张先生本人吗",
    "好好好好",
    "对对对对对",
    "喂喂喂你好",
    "我没钱我没钱我没钱",
    "一千一百一十一元",
    "卡号是八八八八八六六",
    "再见再见再见",
    "thank you for your time",
    "谢谢您的接听再见",
]
LEFT_OUT = [  # said, kept, flag
    ("请不吝点赞订阅转发打赏支持明镜与点点栏目", "", "invented_text"),
    ("字幕by索兰娅", "", "invented_text"),
    ("好的，谢谢观看", "好的，", "invented_text"),
    (" Thanks for watching!", "", "invented_text"),
    ("您好还还还还还还还还还还还还", "您好还还", "repeated_text"),
    ("您的账单" + "您的账单" * 5, "您的账单" * 2, "repeated_text"),
    ("对的" * 8 + "再见", "对的" * 2 + "再见", "repeated_text"),
]


@pytest.mark.parametrize("said", KEPT)
def test_what_people_say_stays(said):
    kept, flags = spoken_words(words(said))
    assert (kept, flags) == (words(said), set())


@pytest.mark.parametrize(("said", "kept", "flag"), LEFT_OUT)
def test_inventions_and_loops_are_left_out_and_told(said, kept, flag):
    left, flags = spoken_words(words(said))
    assert "".join(word.text for word in left) == kept
    assert flags == {flag}


def test_words_piled_up_without_duration_are_inventions():
    piled = words("您好") + [Word(400, 400, char, 0.3) for char in "我们的一是"]
    kept, flags = spoken_words(piled)
    assert [word.text for word in kept] == ["您", "好"]
    assert flags == {"invented_text"}


def test_two_short_words_are_no_pile():
    said = [*words("您好"), Word(400, 400, "吗", 0.5), Word(400, 410, "呢", 0.5)]
    assert spoken_words(said) == (said, set())


def test_nothing_said_is_nothing_kept():
    assert spoken_words([]) == ([], set())


@pytest.mark.parametrize(
    ("at", "there"),
    [(0, False), (900, True), (1_500, True), (2_150, True), (2_500, False), (5_100, True), (9_000, False)],
)
def test_a_word_needs_speech_under_it(at, there):
    spans = [(1_000, 2_000), (5_000, 5_200)]
    assert over_speech([Word(at - 50, at + 50, "您", 1.0)], spans).tolist() == [there]


def test_without_any_speech_no_word_stands():
    assert not over_speech(words("您好"), []).any()


def test_known_inventions_are_written_as_they_are_searched():
    assert all(phrase == phrase.lower() and phrase.isalnum() and len(phrase) >= 3 for phrase in inventions())
    assert np.all(np.diff([len(phrase) for phrase in inventions()]) <= 0)
