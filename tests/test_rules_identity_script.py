# ruff: noqa: E501  tables of cases read best one case a line
"""Who is on the line, what became of the script, and what robots said against their approved sentences."""

from __future__ import annotations

from datetime import date

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
    "no, by the way": ([ASK, "customer: 不是我啊"], ["third_party"]),
    "no, politely": ([ASK, "customer: 不是的"], ["third_party"]),
    "another name": ([ASK, "customer: 对不起，我不姓张"], ["third_party"]),
    "the phone of her husband": ([ASK, "customer: 这是我老公的手机"], ["third_party"]),
    "busy elsewhere": ([ASK, "customer: 他在洗澡，你等下再打"], ["third_party"]),
    "yes, and a question": ([ASK, "customer: 是，你是机器人吗"], ["debtor"]),
    "her mother": ([ASK, "customer: 她是我妈妈，出去买菜了"], ["third_party"]),
    "her husband's debt": ([ASK, "customer: 就是我老公欠的那个钱是吧"], ["third_party"]),
    "a nurse": ([ASK, "customer: 我是保姆，张先生出门了"], ["third_party"]),
    "the wife of the person named": ([ASK, "customer: 我是张先生的太太"], ["third_party"]),
    "somebody who answers for him": ([ASK, "customer: 我是代接的"], []),
    "not the person named": ([ASK, "customer: 我不是张先生"], ["third_party"]),
    "gone out": ([ASK, "customer: 张先生出去了"], ["third_party"]),
    "dead": ([ASK, "customer: 他去世了"], ["third_party"]),
    "asked for by his whole name": (["agent: 请问您是张建国吗", "customer: 对"], ["debtor"]),
    "asked in short": (["agent: 喂，是张先生吗", "customer: 对"], ["debtor"]),
    "looked for": (["agent: 您好，我找一下张先生", "customer: 我就是"], ["debtor"]),
    "asked for something else": (["agent: 请问您是方便说话吗", "customer: 对"], []),
    "asked for her husband": (["agent: 接电话的是您先生吗", "customer: 对"], []),
    "she herself, her husband is out": ([ASK, "customer: 对，是我，我老公不在家"], ["debtor"]),
    "the husband is out": ([ASK, "customer: 我老公不在家"], ["third_party"]),
    "the husband is out, told later": ([ASK, "customer: 你哪里", "agent: 银行", "customer: 我老公不在家"], []),
    "called to the phone": (["agent: 请问张先生在吗", "customer: 在的，我叫他接电话"], ["third_party"]),
    "himself to the phone": (["agent: 请问张先生在吗", "customer: 我就是"], ["debtor"]),
    "an apology, no yes": ([ASK, "customer: 对不起啊现在开会呢"], []),
    "is it not mine": ([ASK, "customer: 是我，是不是我的信用卡有问题"], ["debtor"]),
    "I am, and so is my wife": ([ASK, "customer: 我是，我爱人跟我说过了"], ["debtor"]),
    "only asking what it is about": ([ASK, "customer: 喂，什么事"], ["debtor"]),
    "a number that the debtor changed": (
        [ASK, "customer: 是我", "agent: 您好", "customer: 我手机号上个月刚换的"],
        ["debtor"],
    ),
    "a debt not made in person": ([ASK, "customer: 是我", "agent: 您好", "customer: 这笔不是本人操作的"], ["debtor"]),
    "a name misspelt": ([ASK, "customer: 是我", "agent: 您好", "customer: 短信上名字打错了"], ["debtor"]),
    "an agent who tells of an earlier attempt": (["agent: 您好，昨天给您打电话暂时无法接通"], []),
    "an earlier attempt, told to the debtor": (
        [ASK, "customer: 是我", "agent: 暂时无法接通，昨天打了几次"],
        ["debtor"],
    ),
    "an assistant of the telephone": ([ASK, "customer: 您好，我是机主的智能语音助手，您可以留言"], ["voicemail"]),
    "an assistant that says whose it is": ([ASK, "customer: 我是他的智能助理，请问有什么需要转达"], ["voicemail"]),
    "a recorded voice taken for the agent": (
        ["agent: 您拨打的用户暂时无法接通，请在提示音后留言", "customer: 您好"],
        ["voicemail"],
    ),
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


def test_a_question_what_it_is_about_confirms_nobody():
    found = judge(pack(), day([call("c", ASK, "customer: 什么事情", DEBT)]))
    assert found.identity["confidence"].to_list() == [0.5]
    assert verdicts(found.findings, "c")["CN-3P-03"] == "unsure"


DEBT = "agent: 您的贷款已经逾期了"
DISCLOSURES = {
    "to the debtor": ([ASK, "customer: 对，是我", DEBT], {}, "pass"),
    "to a third party": ([ASK, "customer: 我是他同事", DEBT], {}, "fail"),
    "before anybody, who turns out a third party": ([DEBT, "customer: 我是他同事"], {}, "fail"),
    "before anybody": ([DEBT, "customer: 哦"], {}, "pass"),
    "on a contact's number": ([DEBT, "customer: 哦"], {"phone_owner": "contact"}, "fail"),
    "to a voicemail": (["customer: 请在提示音后留言", DEBT], {}, "fail"),
    "only a request to call back": ([ASK, "customer: 我是他同事", "agent: 请您转告他给示例银行回个电话"], {}, "pass"),
    "of the debtor, to his guarantor": (
        [ASK, "customer: 我是他的担保人", "agent: 请您督促他还款，他欠我们银行三千元"],
        {},
        "pass",
    ),
    "of the debtor, to his colleague": (
        [ASK, "customer: 我是他同事", "agent: 请您督促他还款，他欠我们银行三千元"],
        {},
        "fail",
    ),
    "by name, to the debtor": (
        [ASK, "customer: 是我", "agent: 张先生，您信用卡欠款三千二百元，已经逾期了"],
        {},
        "pass",
    ),
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
    "named in passing": (["agent: 您好，示例银行的，请问是张先生吗", YES], {}, {"CP2": "pass"}),
    "a bank that is not named": (["agent: 您好，您银行卡的事", "customer: 什么事情", "agent: 您在银行的事情，您还记得吗，就是那个卡，我想跟您聊一聊最近的情况"], {}, {"CP2": "missing"}),
    "left out": (["agent: 您好", "customer: 你好啊，什么事情", "agent: 没什么事情，打个电话问候一下，想知道您最近过得还好吗", "customer: 还行吧"], {}, {"CP2": "missing", "CP4": "missing", "CP11": "missing"}),
    "too late": (["agent: 您好", "customer: 什么事情", "agent 40s: 我是示例银行的，本次通话会录音"], {}, {"CP2": "late", "CP4": "late"}),
    "within the tolerance of its deadline": (["agent: 您好", "agent 10.2s: 我是示例银行的"], {}, {"CP2": "unsure"}),
    "institution after the debt": (["agent: 您好，您的欠款该处理了", "agent: 我是示例银行的"], {}, {"CP2": "out_of_order"}),
    "amount before the person": ([OWED, OPEN, YES], {}, {"CP6": "out_of_order"}),
    "asked without an answer": ([OPEN, "customer: 什么银行，你再说一遍"], {}, {"CP5": "unsure"}),
    "closing in the middle": ([OPEN, YES, BYE, "customer 40s: 等一下，我还有话要说，你先别挂断电话"], {}, {"CP11": "out_of_order"}),
    "a third party answers": ([OPEN, "customer: 我是他同事", "agent: 请您转告他回个电话，再见"], {}, {"CP6": "not_applicable", "CP8": "not_applicable", "CP10": "pass"}),
    "a voicemail answers": (["customer: 您拨打的电话暂时无人接听，请在提示音后留言", "agent: 您好"], {}, {"CP2": "not_applicable", "CP5": "not_applicable"}),
    "nobody confirmed, so no debt is told": ([OPEN, "customer: 你再说一遍，哪里", "agent: 示例银行，请问您是张先生本人吗", "customer: 听不清", BYE], {}, {"CP5": "unsure", "CP6": "not_applicable", "CP7": "not_applicable", "CP8": "not_applicable"}),
    "busy when asked": ([OPEN, "customer: 你等一下，我在开车", "agent: 好的，我晚点再给您打，再见"], {}, {"CP5": "not_applicable", "CP6": "not_applicable"}),
    "handed over to the debtor": ([OPEN, "customer: 我是他老婆，你等一下", "customer: 喂", "agent: 请问是张先生吗", "customer: 是", "agent: 您最近还好吗，我想跟您聊聊", BYE], {}, {"CP10": "not_applicable", "CP8": "missing"}),
    "a dispute before the amount": ([OPEN, "customer: 是我，我被人盗刷了", "agent: 我帮您登记核实", BYE], {}, {"CP6": "not_applicable"}),
    "a short call": (["agent: 您好"], {}, {"CP2": "not_applicable", "CP4": "not_applicable"}),
    "the customer hung up first": (["agent: 您好", "customer: 我不想听你们说话，不要再说了，你们这些人真烦"], {"term_reason": "customer"}, {"CP4": "not_applicable", "CP11": "not_applicable"}),
    "a promise not repeated": ([OPEN, YES, OWED, "customer: 我十五号还两千元", BYE], {}, {"CP9": "missing"}),
    "a promise repeated": ([OPEN, YES, OWED, "customer: 我十五号还两千元", "agent: 好的，我跟您确认一下，十五号还两千元", BYE], {}, {"CP9": "pass"}),
    "no promise": ([OPEN, YES, OWED, BYE], {}, {"CP9": "not_applicable"}),
    "a complaint taken up": ([OPEN, YES, "customer: 我要投诉你们", "agent: 非常抱歉，我帮您登记"], {}, {"CP12": "pass"}),
    "a dispute hung up on": ([OPEN, YES, OWED, "customer: 我没借过这笔钱"], {"term_reason": "customer"}, {"CP12": "not_applicable"}),
    "a dispute passed over until the customer hung up": ([OPEN, YES, OWED, "customer: 我没借过这笔钱", "agent: 您周五能来吗", "customer: 我没借过", "agent: 那周一呢", "customer: 算了"], {"term_reason": "customer"}, {"CP12": "missing"}),
    "a payment looked up": ([OPEN, YES, OWED, "customer: 我昨天已经还了", "agent: 好的，我帮您查一下", BYE], {"term_reason": "agent"}, {"CP12": "pass"}),
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


ROBOT = {
    "stage": "M1",
    "agent_kind": "robot",
    "customer_name": "张先生",
    "amount_due_cents": 320_000,
    "due_date": date(2026, 11, 5),
    "promise_date": date(2026, 11, 25),
}
R_OPEN = "robot: 您好，这里是示例银行贷后服务的智能客服，为保障您的权益，本次通话全程录音，请问您是张先生本人吗？"
R_AMOUNT = "robot: 谢谢您的配合，您名下信用卡欠款三千二百元，已于十一月五号到期，目前还没有收到您的还款。"
R_CONSEQUENCE = "robot: 持续逾期会产生罚息和违约金，也可能影响您的征信。"
R_CHANNEL = "robot: 您可以登录手机银行还款，或者转账到您的还款账户，请问您什么时候可以还款？"
R_PROMISE = "robot: 好的，我跟您确认一下，您在十一月二十五日还款三千二百元，我已经为您登记。"
R_BYE = "robot: 感谢您的接听，祝您生活愉快，再见。"
R_THIRD = "robot: 不好意思打扰了，请您转告他给示例银行回个电话，谢谢，再见。"
R_VOICEMAIL = "robot: 您好，这里是示例银行，请您方便的时候给我们回个电话，再见。"
R_CALLBACK = "robot: 好的，那我稍后再联系您，感谢您的接听，再见。"
I_SEE, I_PAY = "customer: 知道了", "customer: 我二十五号还，全部还清"
WALK = [R_OPEN, YES, R_AMOUNT, I_SEE, R_CONSEQUENCE, I_SEE, R_CHANNEL, I_PAY, R_PROMISE, R_BYE]


def instead(old: str, new: str) -> list[str]:
    """The whole walk with other words in it."""
    assert any(old in turn for turn in WALK)
    return [turn.replace(old, new) for turn in WALK]


VERBATIM = {
    "word for word": (WALK, {}, "pass", None),
    "two lines in one breath": ([R_OPEN, YES, R_AMOUNT + R_CONSEQUENCE[7:]], {}, "pass", None),
    "a part left out": ([R_OPEN.replace("本次通话全程录音，", ""), YES], {}, "altered", "漏“本次通话全程录音”"),
    "something of its own": ([R_OPEN, YES, "robot: 今天天气不错我们来聊聊天吧"], {}, "altered", "话术之外"),
    # slots against the account
    "another name": (instead("张先生", "李女士"), {}, "altered", "姓名“李女士”"),
    "another title": (instead("张先生", "张女士"), {}, "altered", "姓名“张女士”"),
    "a name of the same sound": (instead("张先生", "章先生"), {}, "unsure", "姓名“章先生”"),
    "no name": (instead("张先生", ""), {}, "altered", "没有说出姓名"),
    "the family name of a full name": (WALK, {"customer_name": "张三丰"}, "pass", None),
    "the family name of a masked name": (WALK, {"customer_name": "张**"}, "pass", None),
    "a family name of two characters": (instead("张先生", "欧阳先生"), {"customer_name": "欧阳女士"}, "altered", "欧阳先生"),
    "an account without a name": (instead("张先生", "李女士"), {"customer_name": None}, "pass", None),
    "another amount": (instead("欠款三千", "欠款九千"), {}, "altered", "金额“九千二百元”≠3200.00"),
    "no amount": (instead("欠款三千二百元", "欠款"), {}, "altered", "没有说出金额"),
    "figures with cents": (instead("欠款三千二百元", "欠款3200.00元"), {}, "pass", None),
    "words within an amount": (instead("欠款三千", "欠款足足三千"), {}, "altered", "足足三千二百元"),
    "another due date": (instead("十一月五号", "十一月七号"), {}, "altered", "到期日“十一月七号”≠2026-11-05"),
    "another promised amount": (instead("还款三千", "还款五千"), {}, "altered", "金额“五千二百元”"),
    "the amount that the customer named": ([t.replace("全部还清", "先还五百元").replace("还款三千二百", "还款五百") for t in WALK], {}, "pass", None),
    "another promised date": (instead("月二十五日", "月二十八日"), {}, "altered", "承诺日期“十一月二十八日”≠2026-11-25"),
    "the day that the customer named": (WALK, {"promise_date": None}, "pass", None),
    # the way through the lines
    "a line passed over": ([t for t in WALK if t != R_CONSEQUENCE], {}, "missing", "漏了整句：“持续逾期"),
    "lines swapped": ([R_OPEN, YES, R_CONSEQUENCE, I_SEE, R_AMOUNT, I_SEE, R_CHANNEL, I_PAY, R_PROMISE, R_BYE], {}, "out_of_order", "说早了：“持续逾期"),
    "lines swapped in one breath": ([R_OPEN, YES, R_CONSEQUENCE + R_AMOUNT[7:], I_SEE, R_CHANNEL, I_PAY, R_PROMISE, R_BYE], {}, "out_of_order", "说早了：“持续逾期"),
    "a promise not taken up": ([t for t in WALK if t != R_PROMISE], {}, "missing", "漏了整句：“好的，我跟您确认"),
    "no promise to take up": ([R_OPEN, YES, R_AMOUNT, I_SEE, R_CONSEQUENCE, I_SEE, R_CHANNEL, "customer: 再看吧", R_BYE], {}, "pass", None),
    "the robot ends the call": ([R_OPEN, YES, R_AMOUNT, I_SEE], {"term_reason": "agent"}, "missing", "漏了整句：“感谢您的接听"),
    "the customer ends the call": ([R_OPEN, YES, R_AMOUNT, I_SEE], {"term_reason": "customer"}, "pass", None),
    "nobody knows who ended the call": ([R_OPEN, YES, R_AMOUNT, I_SEE], {}, "pass", None),
    "a third party": ([R_OPEN, "customer: 他不在，我是他同事", R_THIRD], {"term_reason": "agent"}, "pass", None),
    "a voicemail": (["customer: 您拨打的电话暂时无人接听，请在提示音后留言", R_VOICEMAIL], {"term_reason": "agent"}, "pass", None),
    "another time": ([R_OPEN, YES, R_AMOUNT, "customer: 我现在不方便，晚上再打吧", R_CALLBACK], {"term_reason": "agent"}, "pass", None),
    "a refusal": ([R_OPEN, YES, R_AMOUNT, "customer: 没钱，我不还", R_BYE], {"term_reason": "agent"}, "pass", None),
    "a short call": ([R_OPEN[:12], YES], {"term_reason": "agent", "script_id": "robot.M1"}, "altered", None),
}  # fmt: skip


@pytest.fixture(scope="module")
def walked():
    return judge(
        pack(),
        day(
            [
                call(name, *turns, **ROBOT | facts, word_probability=None)
                for name, (turns, facts, *_) in VERBATIM.items()
            ]
        ),
    )


@pytest.mark.parametrize("name", VERBATIM)
def test_a_robot_is_held_to_its_sentences(walked, name):
    *_, state, words = VERBATIM[name]
    row = walked.checkpoints.filter(pl.col("call_id") == name, pl.col("checkpoint_id") == "verbatim").row(0, named=True)
    assert row["state"] == state, row["detail"]
    assert words is None or words in row["detail"]
    assert state != "pass" or row["detail"] is None
    assert verdicts(walked.findings, name)["CN-ROBOT-03"] == {"pass": "pass", "unsure": "unsure"}.get(state, "fail")


def test_a_slot_without_a_record_is_neither_passed_nor_failed(walked):
    rows = walked.checkpoints.filter(pl.col("call_id") == "an account without a name")
    assert dict(rows.select("checkpoint_id", "state").iter_rows())["verbatim.opening.name"] == "not_applicable"


EARS = {  # what the recogniser wrote for 张先生, how sure it was of the turn, what becomes of it
    "the same sound": ("章先生", 0.9, "pass"),
    "a southern accent": ("臧先生", 0.9, "unsure"),
    "a rhyme": ("江先生", 0.9, "unsure"),
    "nothing": ("", 0.9, "unsure"),
    "somebody else": ("李先生", 0.9, "altered"),
    "somebody else, hardly heard": ("李先生", 0.2, "unsure"),
}


@pytest.mark.parametrize("name", EARS)
def test_a_misheard_name_is_never_a_wrong_one(name):
    written, probability, state = EARS[name]
    table = judge(
        pack(), day([call("c", *instead("张先生", written), **ROBOT, word_probability=probability)])
    ).checkpoints
    assert table.filter(pl.col("checkpoint_id") == "verbatim")["state"].item() == state


def test_what_was_not_understood_may_be_the_line_that_is_missing():
    turns = [t if t != R_CONSEQUENCE else "robot: 迟徐玉七" for t in WALK]
    table = judge(pack(), day([call("c", *turns, **ROBOT, word_probability=0.2)])).checkpoints
    assert set(table.filter(pl.col("checkpoint_id").str.starts_with("verbatim"))["state"]) <= {"pass", "unsure"}


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
