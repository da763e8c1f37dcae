"""Generated days for the benchmarks: any number of turns of collection talk with planted violations.

A turn is one to three clauses put together from parts written here, with amounts, dates and names of their own, a
hesitation now and then, and some characters written as others that sound alike, as a recogniser does; a share of the
turns comes from a pack's own cases, so that searching and choosing have work to do. A robot says its script's lines.
About half of the turns of a day are then like no other. The same seed gives the same day.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from inspection.lexicon.fold import codes_of
from inspection.lexicon.ragged import strings
from inspection.lexicon.shipped import shipped
from inspection.tables import ATTEMPTS, TURNS, WORDS, conform

TURNS_PER_CALL = 20
POOL = 50_000
"""Different clauses of one role from which turns are put together."""
SEVERAL, HESITANT, MISHEARD = 0.4, 0.15, 0.03
"""Shares: turns of more than one clause, turns that begin with a hesitation, characters that are written wrong."""

_AGENT = [
    "您好，请问是{name}{title}本人吗？",
    "您好，我这边是{bank}信用卡中心的，工号{number}",
    "本次通话会录音，请您知悉",
    "您的{product}截至{day}欠款{amount}元，已经逾期{days}天了",
    "请问您这边大概什么时候可以处理呢",
    "您看{when}之前能还上吗",
    "那我这边给您备注一下，{when}会再跟您核实",
    "逾期会影响您的个人征信记录，请您尽快安排",
    "还款可以通过{channel}操作",
    "如果您有困难，可以提交材料申请分期，以审批结果为准",
    "好的，感谢您的配合，祝您生活愉快，再见",
    "请您核对一下账单金额，最低还款额是{amount}元",
    "您之前说的{when}还款，我们没有查到入账",
    "我帮您查询一下，请您稍等",
    "这个费用是按照合同约定收取的利息和违约金",
    "您可以拨打客服热线咨询或者投诉",
    "那麻烦您转告一下让他回个电话",
    "我们的系统显示您的账户还没有还清",
    "请您保持电话畅通，后续会有工作人员跟您联系",
    "您这个月的账单日是{day}，还款日是{day}",
    "嗯，那个，您先听我说一下这个情况",
]
_CUSTOMER = [
    "是我，你说",
    "你是哪里的",
    "我知道了",
    "我{when}还",
    "现在手头有点紧，过两天吧",
    "我在上班，不方便说话",
    "我已经还过了呀",
    "能不能少还一点，我最近没有工作",
    "工资{day}才发",
    "好的，好的，我尽快处理",
    "利息怎么这么高",
    "我不是{name}，你打错了",
    "那我{when}转{amount}块过去",
    "你们一天打好几个电话",
    "我考虑一下再说",
    "嗯",
    "哦，行吧",
    "我问一下家里人再给你回复",
    "这个钱我肯定会还的，就是晚几天",
    "你加我微信把账单发给我看看",
    "我在开车，晚上再打",
    "不用了，谢谢",
    "可以，没问题",
]
_HESITATIONS = ["嗯，", "呃，", "那个，", "就是说，", "啊，", "这个这个，", "喂，", "哎，"]
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾"
_DIGITS = "零一二三四五六七八九"
_SLOTS = {
    "title": ["先生", "女士"],
    "bank": ["示例银行", "某某银行", "受银行委托"],
    "product": ["信用卡", "消费贷款", "分期账户", "装修贷"],
    "when": ["明天", "周五", "下周一", "今天下午", "月底", "十号", "这两天", "发工资以后"],
    "channel": ["手机银行", "官方APP", "微信公众号", "柜台"],
}


def day(turns: int, cases: list[tuple[str, str]], *, seed: int = 7, planted: float = 0.005) -> pl.DataFrame:
    """TURNS of `turns` rows in calls of 20; `cases` are (role, sentence) planted in a share of the turns."""
    rng = np.random.default_rng(seed)
    index = np.arange(turns) % TURNS_PER_CALL
    agent = index % 2 == 0
    pools = {"agent": _pool(_AGENT, seed), "customer": _pool(_CUSTOMER, seed + 1)}
    clauses = [
        np.where(agent, *(pools[role].take(rng.integers(0, POOL, turns)) for role in ("agent", "customer")))
        for _ in range(3)
    ]
    more = rng.random(turns)
    clauses[1:] = ["，" + clause for clause in clauses[1:]]
    clauses[1][more > SEVERAL], clauses[2][more > SEVERAL / 4] = "", ""
    hesitation = np.array(["", *_HESITATIONS], object)[
        np.where(rng.random(turns) < HESITANT, rng.integers(1, len(_HESITATIONS) + 1, turns), 0)
    ]
    text = hesitation + clauses[0] + clauses[1] + clauses[2]
    for role, speaks in (("agent", agent), ("customer", ~agent)):
        say = np.array([sentence for who, sentence in cases if who == role], object)
        where = np.flatnonzero(speaks & (rng.random(turns) < planted))
        text[where] = say[rng.integers(0, len(say), len(where))]
    call = np.arange(turns) // TURNS_PER_CALL
    return pl.DataFrame(
        {
            "call_id": pl.Series(call).cast(pl.String).str.zfill(9),
            "turn_index": index,
            "role": pl.Series(np.where(agent, "agent", "customer")),
            "start_ms": index * 3000,
            "end_ms": index * 3000 + 2500,
            "text": misheard(pl.Series(text, dtype=pl.String), seed=seed),
            "role_confidence": pl.repeat(1.0, turns, eager=True),
            "word_probability": pl.repeat(0.9, turns, eager=True),
        }
    ).cast(dict(TURNS))


def misheard(texts: pl.Series, *, share: float = MISHEARD, seed: int = 3) -> pl.Series:
    """The texts with a share of their Chinese characters written as others of the same sound."""
    rng = np.random.default_rng(seed)
    codes = codes_of(texts.str.join("").item()).copy()
    usual = np.unique(shipped().ordinary)
    usual = usual[shipped().reading[usual] >= 0]
    usual = usual[np.argsort(shipped().reading[usual], kind="stable")]
    number = np.bincount(shipped().reading[usual], minlength=len(shipped().syllables))
    sound = shipped().reading[codes].astype(np.int64)
    wrong = np.flatnonzero((rng.random(len(codes)) < share) & (codes >= 0x4E00) & (sound >= 0))
    wrong = wrong[number[sound[wrong]] > 0]
    alike = rng.integers(0, number[sound[wrong]])
    codes[wrong] = usual[(np.cumsum(number) - number)[sound[wrong]] + alike]
    return strings(codes, texts.str.len_chars().to_numpy().astype(np.int64))


def calls_of(turns: pl.DataFrame, *, seed: int = 5) -> pl.DataFrame:
    """ATTEMPTS for the calls of `turns`: stages, robots and people, own staff and agencies, outcomes and accounts."""
    ids = turns["call_id"].unique(maintain_order=True)
    rng, count = np.random.default_rng(seed), len(ids)

    def drawn(*values: object) -> pl.Series:
        return pl.Series(values).gather(rng.integers(0, len(values), count))

    dialed = pl.Series(rng.integers(0, 11 * 3600, count)) * 1000 + 1_795_136_400_000  # 2026-11-20 09:00 in Shanghai
    frame = pl.DataFrame(
        {
            "call_id": ids, "direction": drawn("outbound"), "timezone": drawn("Asia/Shanghai"),
            "debtor_id": pl.Series(rng.integers(0, count, count)).cast(pl.String),
            "case_id": pl.Series(rng.integers(0, count, count)).cast(pl.String),
            "phone_key": pl.Series(rng.integers(0, count, count)).cast(pl.String),
            "phone_owner": drawn("debtor", "debtor", "debtor", "contact"), "stage": drawn("M0", "M1", "M2"),
            "agent_kind": drawn("robot", "human"), "agency_type": drawn("own", "agency"),
            "outcome": drawn("PTP", "REFUSE", "CALLBACK", "NON_OWNER", "OTHER"),
            "term_reason": drawn("agent", "customer"),
            "talk_ms": pl.repeat(60_000, count, eager=True), "dpd": rng.integers(0, 60, count),
            "amount_due_cents": rng.integers(10_000, 2_000_000, count), "customer_name": drawn("张先生", "李女士"),
            "due_date": (pl.Series(rng.integers(0, 60, count)) + 20_700).cast(pl.Int32).cast(pl.Date),
            "dialed_at": dialed, "answered_at": dialed + 6_000, "ended_at": dialed + 66_000,
        }
    )  # fmt: skip
    return conform(frame, ATTEMPTS, table="attempts")


def with_robots(
    turns: pl.DataFrame, calls: pl.DataFrame, lines: Mapping[str, Sequence[str]] | None = None
) -> pl.DataFrame:
    """The turns with the agent's side as the robot's in the calls that a robot made.

    lines: for each stage the sentences of its robot, which it then says in order, over and over, with slots filled.
    """
    known = turns.select("call_id").join(calls, on="call_id", how="left", maintain_order="left")
    robot = (turns["role"] == "agent") & (known["agent_kind"] == "robot")
    turns = turns.with_columns(role=pl.when(robot).then(pl.lit("robot")).otherwise("role"))
    if lines is None:
        return turns
    spoken = known.filter(robot).with_columns(turn=turns["turn_index"].filter(robot) // 2)
    said = pl.concat(
        [
            part.with_columns(line=pl.Series(lines[stage], dtype=pl.String).gather(part["turn"] % len(lines[stage])))
            for (stage,), part in spoken.with_row_index("place").group_by("stage", maintain_order=True)
        ]
    ).sort("place")
    due = pl.format("{}月{}号", pl.col("due_date").dt.month(), pl.col("due_date").dt.day())
    slots = {
        "name": pl.col("customer_name"),
        "amount": pl.format("{}元", pl.col("amount_due_cents") // 100),
        "due": due,
    }
    text = pl.col("line")
    for name, value in slots.items():
        text = text.str.replace_all(f"{{{name}}}", value, literal=True)
    text = text.str.replace_all(r"\{promise\}", "月底").str.replace_all(r"\{\w+\}", "某某公司")
    heard = misheard(said.select(text).to_series())
    return turns.with_columns(text=turns["text"].scatter(robot.arg_true(), heard))


def words_of(turns: pl.DataFrame) -> pl.DataFrame:
    """WORDS for every turn: one word a character, evenly spread over the turn."""
    row = np.repeat(np.arange(len(turns)), lengths := turns["text"].str.len_chars().to_numpy())
    offset = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    start, size = (
        turns["start_ms"].to_numpy()[row],
        (turns["end_ms"] - turns["start_ms"]).to_numpy()[row] / lengths[row],
    )
    taken = turns.select("call_id", "turn_index")[row]
    return taken.with_columns(
        start=pl.Series(offset),
        end=pl.Series(offset + 1),
        start_ms=pl.Series((start + offset * size).astype(np.int64)),
        end_ms=pl.Series((start + (offset + 1) * size).astype(np.int64)),
        probability=pl.lit(0.9),
    ).cast(dict(WORDS))


def invented_terms(count: int, *, seed: int = 11) -> list[str]:
    """Phrases of three to six common characters, for a lexicon far larger than any pack."""
    rng = random.Random(seed)
    common = sorted({c for sentence in _AGENT + _CUSTOMER for c in sentence if "一" <= c <= "鿿"})
    rare = [chr(code) for code in range(0x5000, 0x5A00)]
    return [
        "".join(rng.choices(common, k=rng.randint(2, 4)) + rng.choices(rare, k=rng.randint(1, 2))) for _ in range(count)
    ]


def _pool(sentences: list[str], seed: int) -> np.ndarray:
    rng = random.Random(seed)
    return np.array([rng.choice(sentences).format(**_slots(rng)) for _ in range(POOL)], object)


def _slots(rng: random.Random) -> dict[str, str]:
    day, amount = rng.randint(1, 31), rng.randint(100, 60_000)
    drawn = {name: rng.choice(values) for name, values in _SLOTS.items()}
    return drawn | {
        "name": rng.choice(_SURNAMES),
        "number": rng.choice([f"{amount % 10_000:04d}", "".join(_DIGITS[int(c)] for c in f"{amount % 10_000:04d}")]),
        "day": rng.choice([f"{day}号", f"{spoken(day)}号", "月底"]),
        "days": rng.choice([str(amount % 90 + 1), spoken(amount % 90 + 1)]),
        "amount": rng.choice([str(amount), f"{amount:,}", f"{amount / 10:.2f}", spoken(amount)]),
    }


def spoken(number: int) -> str:
    """A number below a hundred thousand as it is said: 12,305 is 一万两千三百零五, 15 is 十五."""
    digits = zip((int(c) for c in f"{number:05d}"), ("万", "千", "百", "十", ""), strict=True)
    said = re.sub("零+", "零", "".join(_DIGITS[digit] + unit if digit else "零" for digit, unit in digits)).strip("零")
    return (said.removeprefix("一") if 10 <= number < 20 else said).replace("二千", "两千")


__all__ = ["calls_of", "day", "invented_terms", "misheard", "spoken", "with_robots", "words_of"]
