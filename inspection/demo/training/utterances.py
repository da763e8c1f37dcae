"""A bank of short spoken utterances for the diarization models, by voice.

The words carry no meaning: random words of the trade in random order, so that no sentence of the sample day can be
among them, and so that a model can only learn *who* speaks. A voice here is a formant variant at one pitch; whole
variants are held out, so that "unseen voice" means an unseen timbre and not merely an unseen pitch.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from multiprocessing import Pool
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from inspection.demo.training.voices import Voice, speak

BANK_RATE_HZ = 16_000
CACHE = Path("build/training/diarization")

WORDS = """
您好 先生 女士 今天 明天 昨天 上午 下午 晚上 月底 账单 逾期 还款 本金 利息 费用 金额 分期 银行 平台 客服 电话 信息
登记 核实 身份 姓名 号码 工作 单位 家里 朋友 情况 原因 困难 收入 工资 处理 办理 安排 时间 尽快 方便 清楚 明白 知道
记录 录音 通知 短信 系统 显示 欠款 账户 余额 协商 方案 减免 申请 材料 审核 通过 联系 回复 等待 影响 征信 责任 合同
约定 法律 规定 投诉 意见 理解 配合 感谢 再见 没有 可以 不行 怎么 为什么 什么 多少 哪里 谁 我 你 他 我们 现在 已经
马上 可能 一定 应该 如果 但是 因为 所以 一千 三百 五十 八块 六月 十五号 星期二 两个月 全部 部分 最后 首先 手机 微信
"""
BACKCHANNELS = "嗯 嗯嗯 哦 对 对对 好 好好 啊 是 是的是的 喂 行 唉"

# Timbres that sound human enough for a call; whispers, robots and croaks are left out.
TRAINING_VARIANTS = """
m1 m2 m4 m5 m6 m8 f1 f2 f4 f5 Alex Alicia Andrea Andy Annie antonio aunty belinda benjamin boris caleb Denis Diogo ed
edward Gene Gene2 gustave Henrique iven iven2 iven4 Jacky john kaukovalta Lee marcelo Marco max Michael michel Mike
Nguyen pablo paul pedro quincy RicishayMax RicishayMax3 rob robert sandro shelby steph steph2 travis victor zac anika
AnxiousAndy klatt2 klatt4 norbert grandma
"""
HELD_OUT_VARIANTS = "m3 m7 f3 adam linda david Hugo Mario miguel steph3 iven3 edward2 RicishayMax2 grandpa"
PITCHES = (30, 42, 54, 66, 78)


@dataclass(frozen=True)
class Bank:
    """Utterances of several voices.

    `voices[i]` speaks `sentences[i]` (1–8 s each) and `backchannels[i]` (under about 1 s), float32 at 16 kHz,
    trimmed so that the first and the last sample are speech.
    """

    voices: tuple[Voice, ...]
    sentences: tuple[tuple[np.ndarray, ...], ...]
    backchannels: tuple[tuple[np.ndarray, ...], ...]


def voices_of(variants: str, pitches_each: int, rng: random.Random) -> list[Voice]:
    """`pitches_each` voices for every variant, at different pitches and speeds."""
    return [
        Voice(variant, pitch, rng.randrange(165, 236))
        for variant in variants.split()
        for pitch in sorted(rng.sample(PITCHES, pitches_each))
    ]


def training_bank() -> Bank:
    """Two pitches of every training variant, 24 sentences each."""
    rng = random.Random(11)
    return _cached_bank("training", voices_of(TRAINING_VARIANTS, 2, rng), 24, rng)


def held_out_bank() -> Bank:
    """Two pitches of every held-out variant, 16 sentences each."""
    rng = random.Random(12)
    return _cached_bank("held_out", voices_of(HELD_OUT_VARIANTS, 2, rng), 16, rng)


def sentence(rng: random.Random) -> str:
    """Random words with commas, one to eight seconds long when spoken."""
    words = rng.choices(WORDS.split(), k=rng.choice((1, 2, 3, 4, 5, 6, 8, 10, 13)))
    return "".join(word + ("，" if rng.random() < 0.18 else "") for word in words[:-1]) + words[-1] + "。"


def trimmed(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Cut the silence before and after the speech, found by the level of 10 ms frames."""
    frame = rate_hz // 100
    frames = samples[: len(samples) // frame * frame].reshape(-1, frame)
    loud = np.flatnonzero(np.sqrt((frames**2).mean(axis=1)) > 0.02 * np.abs(samples).max())
    return samples[loud[0] * frame : (loud[-1] + 1) * frame] if len(loud) else samples[:0]


def _cached_bank(name: str, voices: list[Voice], sentences_each: int, rng: random.Random) -> Bank:
    """Speak everything once, on both cores, and keep it as int16 for the next run."""
    path = CACHE / f"{name}.npz"
    if not path.exists():
        short = BACKCHANNELS.split()
        texts = [[sentence(rng) for _ in range(sentences_each)] + rng.sample(short, 6) for _ in voices]
        with Pool(2) as pool:
            spoken = pool.starmap(_speak_all, zip(voices, texts, strict=True), chunksize=4)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez(
            path,
            samples=np.concatenate([piece for pieces in spoken for piece in pieces]),
            lengths=np.array([[len(piece) for piece in pieces] for pieces in spoken]),
        )
    stored = np.load(path)
    samples = stored["samples"].astype(np.float32) / 32768
    pieces = iter(np.split(samples, np.cumsum(stored["lengths"].ravel())[:-1]))
    rows = [[next(pieces) for _ in row] for row in stored["lengths"]]
    return Bank(
        tuple(voices),
        tuple(tuple(row[:sentences_each]) for row in rows),
        tuple(tuple(row[sentences_each:]) for row in rows),
    )


def _speak_all(voice: Voice, texts: list[str]) -> list[np.ndarray]:
    """The texts of one voice as trimmed int16 at 16 kHz."""
    pieces = []
    for text in texts:
        speech = speak(text, voice)
        samples = trimmed(_at_bank_rate(speech.samples, speech.rate_hz), BANK_RATE_HZ)
        pieces.append((samples / max(np.abs(samples).max(initial=0), 1e-3) * 0.9 * 32767).astype(np.int16))
    return pieces


def _at_bank_rate(samples: np.ndarray, rate_hz: int) -> np.ndarray:
    """Polyphase resampling to the bank's rate."""
    common = np.gcd(rate_hz, BANK_RATE_HZ)
    return resample_poly(samples, BANK_RATE_HZ // common, rate_hz // common).astype(np.float32)
