"""The training text and the synthetic voices: what must hold for the recogniser's figures to mean anything."""

import numpy as np
import pytest

from inspection.demo.training import said, telephone, texts, voices
from inspection.demo.training.listening import aligned

needs_synthesiser = pytest.mark.skipif(not voices.available(), reason="espeak-ng is not installed: a build-time tool")


def test_the_same_numbers_give_the_same_text():
    once = list(texts.training_texts(seed=3, first=40, count=30))
    again = list(texts.training_texts(seed=3, first=50, count=20))
    assert once[10:] == again
    assert once != list(texts.training_texts(seed=4, first=40, count=30))


def test_training_text_is_han_characters_with_pauses():
    allowed = set(texts.alphabet()) | set("，、。？！")
    for text in texts.training_texts(seed=20, first=0, count=500):
        assert set(text) <= allowed, text
        assert 0 < len(texts.normal(text)) <= 34


def test_no_sentence_of_the_sample_day_is_trained_on():
    forbidden = texts.forbidden_sentences()
    if not forbidden:
        pytest.skip("the sample day's texts are not here")
    for text in texts.training_texts(seed=20, first=0, count=2000):
        assert not texts.is_forbidden(text, forbidden), text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("好，我明天下午一定还。", True),
        ("对，我明天下午一定还，再见", True),
        ("那，我明天，下午一定还吗", True),
        ("我明天一定还", False),
    ],
)
def test_a_forbidden_sentence_is_found_inside_an_utterance(text, said):
    assert texts.is_forbidden(text, frozenset({"我明天下午一定还"})) is said


def test_every_character_of_the_day_can_be_written():
    assert set("".join(texts.forbidden_sentences())) <= set(texts.alphabet())


def test_development_sentences_come_from_other_patterns():
    assert not set(texts.patterns("sentences_dev.txt")) & set(texts.patterns("sentences.txt"))


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (5, "五"),
        (12, "十二"),
        (105, "一百零五"),
        (110, "一百一十"),
        (1005, "一千零五"),
        (1200, "一千二百"),
        (20050, "二万零五十"),
    ],
)
def test_numbers_are_said_as_chinese_numerals(number, words):
    assert said.numeral(number) == words


@needs_synthesiser
def test_character_times_are_those_of_the_sound():
    speech = voices.speak("您好，请问是王先生吗？", voices.VOICES["f2"])
    assert "".join(char for char, *_ in speech.marks) == "您好请问是王先生吗"
    assert all(a[1] < a[2] <= b[1] for a, b in zip(speech.marks, speech.marks[1:], strict=False))
    (_, _, before), (_, after, _) = speech.marks[1], speech.marks[2]
    assert after - before > 80, "the comma is a pause"
    loud = np.abs(speech.samples)
    pause = loud[(before + 40) * speech.rate_hz // 1000 : (after - 20) * speech.rate_hz // 1000]
    assert pause.max() < 0.1 * loud.max()


@needs_synthesiser
def test_what_cannot_be_said_is_refused():
    with pytest.raises(ValueError, match="Chinese numerals"):
        voices.speak("欠款1200元", voices.VOICES["m1"])


def test_without_the_synthesiser_one_line_says_so(monkeypatch):
    voices._library.cache_clear()
    monkeypatch.setattr(voices, "LIBRARY", "libnowhere.so.9")
    assert not voices.available()
    with pytest.raises(voices.SynthesiserMissing, match="espeak-ng is not installed"):
        voices.speak("您好", voices.VOICES["m1"])
    voices._library.cache_clear()


@pytest.mark.parametrize("codec", telephone.CODECS)
def test_a_telephone_line_keeps_length_and_time(codec):
    rng = np.random.default_rng(1)
    sound = np.zeros(22050, np.float32)
    sound[8000:9000] = np.sin(np.arange(1000) * 0.3).astype(np.float32)
    narrow = telephone.line(sound, 22050, rng, codec=codec, level=0.5, noise=0.0, hum=0.0)
    assert narrow.dtype == np.float32 and len(narrow) == 8000 and len(telephone.to_16k(narrow)) == 16000
    loudest = np.argmax(np.convolve(narrow**2, np.ones(360), "same"))
    assert abs(loudest / 8000 - 8500 / 22050) < 0.02


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [("您好", "您好", 0), ("请问您贵姓", "请您贵姓", 1), ("好的", "号的了", 2), ("", "嗯", 1), ("再见", "", 2)],
)
def test_errors_are_counted_by_the_cheapest_alignment(said, heard, errors):
    pairs, distance = aligned(said, heard)
    assert distance == errors
    assert all(said[a] == heard[b] for a, b in pairs)
