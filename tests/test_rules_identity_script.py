# ruff: noqa: E501  tables of cases read best one case a line
"""Who is on the line, what became of the script, and what robots said against their approved sentences."""

from __future__ import annotations

import polars as pl
import pytest
from rules_kit import call, day, pack, verdicts

from inspection.rules.judge import judge
from inspection.rules.robot import differences

ASK = "agent: 您好，这里是示例银行，请问您是张先生本人吗"
IDENTITIES = {
    "plain yes": ([ASK, "customer: 对"], ["debtor"]),
    "yes in other words": ([ASK, "customer: 嗯，我就是，你说"], ["debtor"]),
    "a yes that answers nothing": (["agent: 今天天气好", "customer: 对"], []),
    "a yes too late": ([ASK, "agent: 喂", "agent: 听得到吗", "agent: 喂喂", "customer: 对"], []),
    "digits": (["agent: 请核对一下身份证后四位", "customer: 一二三四"], ["debtor"]),
    "no": ([ASK, "customer: 不是"], ["third_party"]),
    "a relative": ([ASK, "customer: 我是他爱人"], ["third_party"]),
    "no, a relative": ([ASK, "customer: 不是，我是他儿子"], ["third_party"]),
    "away": ([ASK, "customer: 他不在"], ["third_party"]),
    "wrong number": ([ASK, "customer: 你打错了"], ["third_party"]),
    "guarantor": ([ASK, "customer: 我是他的担保人"], ["guarantor"]),
    "handed over": ([ASK, "customer: 我是他妈妈，你等一下", ASK, "customer: 是我"], ["third_party", "debtor"]),
    "taken over": (
        [ASK, "customer: 是我", "agent: 您的账单", "customer: 我是他爱人，他去忙了"],
        ["debtor", "third_party"],
    ),
    "somebody else away": ([ASK, "customer: 是我", "agent: 您爱人在吗", "customer: 他不在"], ["debtor"]),
    "recorded voice": (["customer: 您拨打的用户暂时无法接通，请在提示音后留言", "agent: 您好"], ["voicemail"]),
    "talks of his own debt": (["agent: 您好", "customer: 这笔钱我没借过，不是我借的"], ["debtor"]),
    "an agent's own words": (["agent: 我是本人"], []),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_who_is_on_the_line(name):
    turns, expected = IDENTITIES[name]
    assert judge(pack(), day([call("c", *turns)])).identity["who"].to_list() == expected


def test_each_change_has_its_moment_and_words_and_its_certainty():
    turns = [ASK, "customer 9s: 我是他爱人，他不在"]
    row = judge(pack(), day([call("c", *turns)])).identity.row(0, named=True)
    assert (row["who"], row["turn_index"], row["quote"], row["confidence"]) == ("third_party", 1, "我是他爱人", 1.0)
    assert row["at_ms"] == 9000
    guessed = judge(pack(), day([call("c", "agent: 您好", "customer: 我没钱，不还了")])).identity
    assert guessed["confidence"].to_list() in ([], [0.5])


DEBT = "agent: 您的贷款已经逾期了"
DISCLOSURES = {
    "to the debtor": ([ASK, "customer: 对，是我", DEBT], {}, "pass"),
    "to a third party": ([ASK, "customer: 我是他同事", DEBT], {}, "fail"),
    "before anybody, who turns out a third party": ([DEBT, "customer: 我是他同事"], {}, "fail"),
    "before anybody": ([DEBT, "customer: 哦"], {}, "pass"),
    "on a contact's number": ([DEBT, "customer: 哦"], {"phone_owner": "contact"}, "fail"),
    "to a voicemail": (["customer: 请在提示音后留言", DEBT], {}, "fail"),
    "only a request to call back": ([ASK, "customer: 我是他同事", "agent: 请您转告他给示例银行回个电话"], {}, "pass"),
    "to a guarantor": ([ASK, "customer: 我是他的担保人", DEBT], {}, "pass"),
}


@pytest.mark.parametrize("name", DISCLOSURES)
def test_the_same_sentence_is_due_or_fatal_by_who_hears_it(name):
    turns, facts, verdict = DISCLOSURES[name]
    assert verdicts(judge(pack(), day([call("c", *turns, **facts)])).findings, "c")["CN-3P-02"] == verdict


def test_an_uncertain_identity_makes_disclosure_unsure():
    calls = [call("c", ASK, "customer: 我是他同事", DEBT, word_probability=0.3)]
    assert verdicts(judge(pack(), day(calls)).findings, "c")["CN-3P-02"] == "unsure"
    calls = [call("c", ASK.replace("agent", "unknown"), "unknown: 我是他同事", DEBT.replace("agent", "unknown"))]
    assert verdicts(judge(pack(), day(calls)).findings, "c")["CN-3P-02"] == "unsure"


OPEN = "agent: 您好，我是示例银行的，工号三零八六，本次通话会录音，请问您是张先生本人吗"
YES = "customer: 对，是我"
OWED = "agent: 您信用卡欠款三千二百元，已于十一月五号到期"
BYE = "agent: 感谢您的接听，再见"
HUMAN = {"stage": "M1", "agent_kind": "human"}
CHECKPOINTS = {
    "said in time": ([OPEN, YES, OWED, BYE], {}, {"CP1": "pass", "CP2": "pass", "CP3": "pass", "CP4": "pass", "CP5": "pass", "CP6": "pass", "CP11": "pass"}),
    "left out": (["agent: 您好", "customer: 你好啊，什么事情", "agent: 没什么事情，打个电话问候一下，想知道您最近过得还好吗", "customer: 还行吧"], {}, {"CP2": "missing", "CP4": "missing", "CP11": "missing"}),
    "too late": (["agent: 您好", "customer: 什么事情", "agent 40s: 我是示例银行的，本次通话会录音"], {}, {"CP2": "late", "CP4": "late"}),
    "within the tolerance of its deadline": (["agent: 您好", "agent 10.2s: 我是示例银行的"], {}, {"CP2": "unsure"}),
    "institution after the debt": (["agent: 您好，您的欠款该处理了", "agent: 我是示例银行的"], {}, {"CP2": "out_of_order"}),
    "amount before the person": ([OWED, OPEN, YES], {}, {"CP6": "out_of_order"}),
    "asked without an answer": ([OPEN, "customer: 什么银行，你再说一遍"], {}, {"CP5": "unsure"}),
    "closing in the middle": ([OPEN, YES, BYE, "customer 40s: 等一下，我还有话要说，你先别挂断电话"], {}, {"CP11": "out_of_order"}),
    "a third party answers": ([OPEN, "customer: 我是他同事", "agent: 请您转告他回个电话，再见"], {}, {"CP6": "not_applicable", "CP8": "not_applicable", "CP10": "pass"}),
    "a voicemail answers": (["customer: 您拨打的电话暂时无人接听，请在提示音后留言", "agent: 您好"], {}, {"CP2": "not_applicable", "CP5": "not_applicable"}),
    "a short call": (["agent: 您好"], {}, {"CP2": "not_applicable", "CP4": "not_applicable"}),
    "the customer hung up first": (["agent: 您好", "customer: 我不想听你们说话，不要再说了，你们这些人真烦"], {"term_reason": "customer"}, {"CP4": "not_applicable", "CP11": "not_applicable"}),
    "a promise not repeated": ([OPEN, YES, OWED, "customer: 我十五号还两千元", BYE], {}, {"CP9": "missing"}),
    "a promise repeated": ([OPEN, YES, OWED, "customer: 我十五号还两千元", "agent: 好的，我跟您确认一下，十五号还两千元", BYE], {}, {"CP9": "pass"}),
    "no promise": ([OPEN, YES, OWED, BYE], {}, {"CP9": "not_applicable"}),
    "a complaint taken up": ([OPEN, YES, "customer: 我要投诉你们", "agent: 非常抱歉，我帮您登记"], {}, {"CP12": "pass"}),
    "a complaint passed over": ([OPEN, YES, "customer: 我要投诉你们", "agent: 哦，那您还有别的事情吗，没有的话"], {}, {"CP12": "missing"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CHECKPOINTS)
def test_what_became_of_a_checkpoint(name):
    turns, facts, expected = CHECKPOINTS[name]
    table = judge(pack(), day([call("c", *turns, **HUMAN, **facts)])).checkpoints
    states = dict(table.select("checkpoint_id", "state").iter_rows())
    assert {key: states[key] for key in expected} == expected


def test_weak_words_and_uncertain_speakers_neither_pass_nor_fail_a_checkpoint():
    for change in ({"word_probability": 0.2}, {"role_confidence": 0.3}):
        table = judge(pack(), day([call("c", OPEN, YES, OWED, **HUMAN, **change)])).checkpoints
        assert set(table["state"]) <= {"unsure", "not_applicable"}


def test_a_transcript_with_far_too_few_characters_for_its_speech_misses_nothing_for_sure():
    turns = ["agent: 您好，今天给您打电话是想", "customer 30s: 好的"]
    for speech_ms, state in ((4_000, "missing"), (30_000, "unsure")):
        calls = [call("c", *turns, audio={"speech_ms": speech_ms}, **HUMAN)]
        states = dict(judge(pack(), day(calls)).checkpoints.select("checkpoint_id", "state").iter_rows())
        assert states["CP4"] == state


def test_a_deadline_counts_from_the_answer_even_when_the_recording_began_with_the_ringing():
    turns = ["agent 20s: 您好，我是示例银行的", YES]
    ringing = {"duration_ms": 30_000}
    facts = {**HUMAN, "talk_ms": 12_000}
    from datetime import timedelta

    from rules_kit import NOON

    heard = day([call("c", *turns, audio=ringing, **facts)])
    heard = heard.__class__(heard.attempts.with_columns(
        answered_at=pl.lit(NOON + timedelta(seconds=18)).dt.convert_time_zone("UTC").cast(pl.Datetime("ms", "UTC")),
        ended_at=pl.lit(NOON + timedelta(seconds=30)).dt.convert_time_zone("UTC").cast(pl.Datetime("ms", "UTC")),
    ), heard.audio, heard.turns, heard.words, heard.acoustics, heard.skips)  # fmt: skip
    states = dict(judge(pack(), heard).checkpoints.select("checkpoint_id", "state").iter_rows())
    assert states["CP2"] == "pass"


def test_the_dialers_script_wins_over_the_stage():
    table = judge(pack(), day([call("c", OPEN, YES, **HUMAN, script_id="human.M2")])).checkpoints
    assert table["script_id"].unique().to_list() == ["human.M2"]


TEMPLATE = "您好这里是示例银行本次通话会录音请问您是□本人吗"


@pytest.mark.parametrize(
    ("said", "run", "edits"),
    [
        ("您好这里是示例银行本次通话会录音请问您是张先生本人吗", 1, []),
        ("您好这里是示例银行请问您是张先生本人吗", 1, ["漏“本次通话会录音”"]),
        ("您好这里是示例银行本次通话会全程录音请问您是张先生本人吗", 1, ["多“全程”"]),
        ("您好这里是示范银行本次通话会录音请问您是张先生本人吗", 1, ["“例”说成“范”"]),
        ("您好这里是示范银行本次通话会录音请问您是张先生本人吗", 4, []),
    ],
)
def test_differences_read_word_by_word(said, run, edits):
    assert differences(TEMPLATE, said, run) == edits


ROBOT = {"stage": "M1", "agent_kind": "robot", "customer_name": "张先生", "amount_due_cents": 320_000}
R_OPEN = "robot: 您好，这里是示例银行贷后服务的智能客服，为保障您的权益，本次通话全程录音，请问您是张先生本人吗？"
R_AMOUNT = "robot: 谢谢您的配合，您名下信用卡欠款三千二百元，已于十一月五号到期，目前还没有收到您的还款。"
VERBATIM = {
    "word for word": ([R_OPEN, YES, R_AMOUNT], "pass", None),
    "two lines in one breath": (
        [R_OPEN, YES, R_AMOUNT + "持续逾期会产生罚息和违约金，也可能影响您的征信。"],
        "pass",
        None,
    ),
    "a part left out": ([R_OPEN.replace("本次通话全程录音，", ""), YES], "altered", "漏“本次通话全程录音”"),
    "another amount": ([R_OPEN, YES, R_AMOUNT.replace("三千", "九千")], "altered", "欠款九千二百元"),
    "something of its own": ([R_OPEN, YES, "robot: 今天天气不错我们来聊聊天吧"], "altered", "话术之外"),
}


@pytest.mark.parametrize("name", VERBATIM)
def test_a_robot_is_held_to_its_sentences(name):
    turns, state, words = VERBATIM[name]
    judged = judge(pack(), day([call("c", *turns, **ROBOT, word_probability=None)]))
    row = judged.checkpoints.filter(pl.col("checkpoint_id") == "verbatim").row(0, named=True)
    assert row["state"] == state
    assert words is None or words in row["detail"]
    assert verdicts(judged.findings, "c")["CN-ROBOT-03"] == {"pass": "pass", "altered": "fail"}[state]


def test_a_misheard_word_is_no_altered_script_but_a_missing_sentence_is():
    misheard = R_OPEN.replace("权益", "全意")
    state = {}
    for name, turn in (("misheard", misheard), ("left out", R_OPEN.replace("为保障您的权益，本次通话全程录音，", ""))):
        table = judge(pack(), day([call("c", turn, YES, **ROBOT, word_probability=0.8)])).checkpoints
        state[name] = table.filter(pl.col("checkpoint_id") == "verbatim")["state"].item()
    assert state == {"misheard": "pass", "left out": "altered"}
    weak = judge(
        pack(), day([call("c", R_OPEN.replace("本次通话全程录音，", ""), YES, **ROBOT, word_probability=0.2)])
    ).checkpoints
    assert weak.filter(pl.col("checkpoint_id") == "verbatim")["state"].item() == "unsure"
