# ruff: noqa: E501  tables of cases read best one case a line
"""The zh-CN pack: every rule of the catalogue is there, and each tells a violation from its innocent neighbour."""

from __future__ import annotations

import re
from datetime import date

import pytest
from rules_kit import PACKS, call, day, pack, verdicts

from inspection.lexicon.safe_yaml import read_yaml
from inspection.rules.judge import judge

CATALOGUE = {
    "CN-HOUR-01", "CN-FREQ-01", "CN-FREQ-02", "CN-FREQ-03", "CN-FREQ-04", "CN-3P-01", "CN-3P-02", "CN-3P-03", "CN-3P-04",
    "CN-3P-05", "CN-ID-01", "CN-ID-02", "CN-ID-03", "CN-IMP-01", "CN-THR-01", "CN-ABU-01", "CN-FALSE-01", "CN-FALSE-02",
    "CN-FALSE-03", "CN-FEE-01", "CN-LOAN-01", "CN-PRIV-01", "CN-PRIV-02", "CN-PUB-01", "CN-PROM-01", "CN-CMP-01", "CN-CMP-02",
    "CN-REC-01", "CN-REC-02", "CN-REC-03", "CN-PTP-01", "CN-DISP-01", "CN-VULN-01", "CN-ROBOT-01", "CN-ROBOT-02", "CN-REF-01",
    "CN-END-01", "A-SIL", "A-OPEN", "A-HANG", "A-OVER", "A-SPEED", "A-LOUD", "A-LEN", "A-MONO",
}  # fmt: skip
FATAL = {
    "CN-HOUR-01", "CN-FREQ-01", "CN-3P-02", "CN-3P-04", "CN-3P-05", "CN-ID-03", "CN-IMP-01", "CN-THR-01", "CN-ABU-01",
    "CN-FALSE-01", "CN-FEE-01", "CN-LOAN-01", "CN-PRIV-01", "CN-PRIV-02", "CN-PUB-01", "CN-REC-02", "CN-CMP-03",
}  # fmt: skip


def test_every_rule_of_the_catalogue_is_in_the_pack_with_its_severity():
    rules = {rule.id: rule for rule in pack().rules}
    assert set(rules) >= CATALOGUE
    assert {rule.id for rule in rules.values() if rule.severity == "fatal"} == FATAL


@pytest.mark.parametrize("name", ["zh-CN", "en-US"])
def test_every_rule_writes_out_whether_it_is_live_or_on_trial(name):
    rules = [rule for path in sorted((PACKS / name / "rules").glob("*.yaml")) for rule in read_yaml(path)]
    assert len(rules) > 40 and not [rule["id"] for rule in rules if "status" not in rule]


@pytest.mark.parametrize("name", ["zh-CN", "en-US"])
def test_every_rule_says_what_it_expects(name):
    said = {rule.id: rule.expected for rule in pack(name).rules}
    assert not [rule for rule, sentence in said.items() if not re.search(r"..[。.]$", sentence)]
    assert not [rule.id for rule in pack(name).rules if rule.expected == rule.reason]


def test_what_was_expected_stands_with_what_failed_and_nowhere_else():
    heard = day([call("c1", "agent: 您好，再不还钱就上门找你")])
    findings = judge(pack(), heard).findings
    expected = {rule.id: rule.expected for rule in pack().rules}
    told = {"CN-THR-01", *findings.filter(findings["verdict"].is_in(["fail", "unsure"]))["rule_id"]}
    found = dict(findings.select("rule_id", "expected").iter_rows())
    assert found == {rule: expected[rule] if rule in told else None for rule in found}


OPEN = "agent: 您好，我是示例银行的，工号三零八六，本次通话会录音，请问您是张先生本人吗"
YES = "customer: 对，是我"
THIRD = "customer: 他不在，我是他同事"
OWED = "agent: 您信用卡欠款三千二百元，已于十一月五号到期"
OWN, OUT = {"agency_type": "own"}, {"agency_type": "agency"}
ACCOUNT = {"amount_due_cents": 320_000, "due_date": date(2026, 11, 5), "dpd": 15}
ROBOT, HUMAN = {"agent_kind": "robot"}, {"agent_kind": "human"}

REFUSED = ["robot: 请问您什么时候还款", "customer: 没钱，不还", "robot: 请问您今天能还吗", "customer: 说了不还就是不还"]

PAIRS = [  # rule, turns, facts, verdict
    ("CN-THR-01", ["agent: 再不还钱就上门找你"], {}, "fail"),
    ("CN-THR-01", ["agent: 网点可以提供上门服务"], {}, "pass"),
    ("CN-THR-01", ["customer: 我要报警"], {}, "pass"),
    ("CN-ABU-01", ["agent: 他妈的，你这个废物"], {}, "fail"),
    ("CN-ABU-01", ["agent: 孩子是他妈妈在带吗"], {}, "pass"),
    ("CN-IMP-01", ["agent: 我是公安局经侦支队的"], {}, "fail"),
    ("CN-IMP-01", ["agent: 我们提供精准服务"], {}, "pass"),
    ("CN-FALSE-01", ["agent: 你不还钱要坐牢的"], {}, "fail"),
    ("CN-FALSE-01", ["customer: 请问会坐牢吗", "agent: 不会坐牢的"], {}, "pass"),
    ("CN-FALSE-02", [OPEN, YES, OWED], ACCOUNT, "pass"),
    ("CN-FALSE-02", [OPEN, YES, OWED.replace("三千", "八千")], ACCOUNT, "unsure"),
    ("CN-FALSE-02", [OPEN, YES, OWED.replace("三千", "八千"), YES, OWED.replace("三千", "八千")], ACCOUNT, "fail"),
    ("CN-FALSE-02", [OPEN, YES, OWED.replace("五号", "七号")], ACCOUNT, "unsure"),
    ("CN-FALSE-02", [OPEN, YES, OWED.replace("五号", "七号"), YES, OWED.replace("五号", "七号")], ACCOUNT, "fail"),
    ("CN-FALSE-02", [OPEN, YES, "agent: 您已经逾期四十天"], ACCOUNT, "unsure"),
    ("CN-FALSE-02", [OPEN, YES, "agent: 您一共要还八千六"], ACCOUNT, "unsure"),
    ("CN-FALSE-02", [OPEN, YES, "agent: 您一共要还八千六", "customer: 这么多", "agent: 对，一共要还八千六"], ACCOUNT, "fail"),
    ("CN-FALSE-02", [OPEN, YES, "agent: 您一共要还三千二"], ACCOUNT, "pass"),
    ("CN-FALSE-02", [OPEN, YES, "agent: 您一共要还八千六", "customer: 这么多", "agent: 对，一共要还八千六"], {"amount_due_cents": 861_235}, "unsure"),
    ("CN-FALSE-02", [OPEN, YES, "agent: 您一共要还三千多"], ACCOUNT, "pass"),
    ("CN-FALSE-02", [OPEN, YES, "agent: 您每期应还三百五"], ACCOUNT, "pass"),
    ("CN-FALSE-02", [OPEN, YES, OWED], {}, "not_applicable"),
    ("CN-FALSE-03", ["agent: 我们会向法院起诉"], {"stage": "M1"}, "fail"),
    ("CN-FALSE-03", ["agent: 我们会向法院起诉"], {"stage": "M2"}, "pass"),
    ("CN-FALSE-03", ["agent: 这个阶段我们不会起诉您"], {"stage": "M1"}, "pass"),
    ("CN-FALSE-03", ["customer: 不会起诉我吧", "agent: 起诉要看后续情况"], {"stage": "M1"}, "pass"),
    ("CN-FALSE-03", ["customer: 你们会起诉吗", "agent: 起诉要看后续情况"], {"stage": "M1"}, "pass"),
    ("CN-FALSE-03", ["agent: 可能影响您的征信"], {"stage": "M0"}, "fail"),
    ("CN-FEE-01", ["agent: 您转到我个人账户就行"], {}, "fail"),
    ("CN-FEE-01", ["agent: 请您转账到还款账户"], {}, "pass"),
    ("CN-LOAN-01", ["agent: 你可以去网贷平台再借一笔"], {}, "fail"),
    ("CN-LOAN-01", ["agent: 请您不要以贷养贷"], {}, "pass"),
    ("CN-PRIV-01", ["agent: 您加我微信吧"], OUT, "fail"),
    ("CN-PRIV-01", ["agent: 你记一下我的私人号码"], OUT, "fail"),
    ("CN-PRIV-01", ["agent: 您问能不能加我微信，我们规定不可以"], OUT, "pass"),
    ("CN-PRIV-01", ["agent: 您加我微信吧"], OWN, "not_applicable"),
    ("CN-PRIV-01", ["agent: 您不用加我微信"], OUT, "pass"),
    ("CN-PRIV-01-OWN", ["agent: 您加我微信吧"], OWN, "fail"),
    ("CN-PRIV-02", ["agent: 把验证码念一下"], {}, "fail"),
    ("CN-PRIV-02", ["agent: 不要把验证码告诉任何人"], {}, "pass"),
    ("CN-PUB-01", ["agent: 我们会把公告贴到你们村里"], {}, "fail"),
    ("CN-PUB-01", ["agent: 请您关注我行公众号"], {}, "pass"),
    ("CN-PUB-01", ["agent: 把您的照片发到您老家的群里，让乡亲们都看看"], {}, "fail"),
    ("CN-PUB-01", ["customer: 那我发朋友圈了啊", "agent: 发朋友圈解决不了问题"], {}, "pass"),
    ("CN-PUB-01", ["agent: 我把还款方式发到您手机上"], {}, "pass"),
    ("CN-PUB-01", ["agent: 我们不会发朋友圈曝光您"], {}, "pass"),
    ("CN-PUB-01", ["agent: 如果有人说要把您的照片贴到小区，请您举报"], {}, "pass"),
    ("CN-PUB-01", ["agent: 我把您照片贴到小区，看您还不还"], {}, "fail"),
    ("CN-PROM-01", ["agent: 我保证减免全部利息"], {}, "fail"),
    ("CN-PROM-01", ["agent: 我保证减免全部利息"], {"waiver_code": "W1"}, "not_applicable"),
    ("CN-CMP-01", ["agent: 投诉也没用"], {}, "fail"),
    ("CN-CMP-01", ["agent: 您可以拨打客服热线投诉"], {}, "pass"),
    ("CN-CMP-02", ["customer: 我要投诉你们", "agent: 请使用文明用语", "customer: 嗯"], {}, "fail"),
    ("CN-CMP-02", ["customer: 我要投诉你们", "agent: 非常抱歉，我帮您登记"], {}, "pass"),
    ("CN-CMP-02", ["customer: 好的"], {}, "not_applicable"),
    ("CN-CMP-02", ["agent: 您好", "customer: 我要投诉你们"], {"term_reason": "customer"}, "unsure"),
    ("CN-CMP-02", ["agent: 您好", "customer: 我要投诉你们"], {"term_reason": "agent"}, "fail"),
    ("CN-CMP-02", ["customer: 我要投诉你们", "agent: 哦", "customer: 我要投诉你们"], {"term_reason": "customer"}, "fail"),
    ("CN-CMP-03", ["agent: 您好", "customer: 我不想活了"], {"term_reason": "customer"}, "unsure"),
    ("CN-CMP-03", ["agent: 您好", "customer: 我不想活了"], {"term_reason": "agent"}, "fail"),
    ("CN-VULN-01", ["customer: 我不想活了", "agent: 您的安全最重要，那您什么时候还款"], {}, "fail"),
    ("CN-VULN-01", ["customer: 我不想活了", "agent: 您的安全最重要，我马上帮您处理"], {}, "pass"),
    ("CN-CMP-03", ["customer: 我不想活了", "agent: 那你先把钱还了"], {}, "fail"),
    ("CN-CMP-03", ["customer: 我不想活了", "agent: 您的安全最重要，身边有家人陪着吗"], {}, "pass"),
    ("CN-CMP-03", ["customer: 今天热死了", "agent: 是啊"], {}, "not_applicable"),
    ("CN-VULN-01", ["customer: 我在住院，失业了", "agent: 我不管，今天必须还"], {}, "fail"),
    ("CN-VULN-01", ["customer: 我在住院，失业了", "agent: 祝您早日康复"], {}, "pass"),
    ("CN-REF-01", ["agent: 今天必须还，没有商量"], {}, "fail"),
    ("CN-REF-01", ["agent: 今天是最后还款日"], {}, "pass"),
    ("CN-REF-01", ["agent: 可能影响征信", "customer: 知道", "agent: 会有罚息的"], {}, "fail"),
    ("CN-REF-01", ["customer: 我还不起", "agent: 您看", "customer: 真的还不起", "agent: 那您什么时候还"], {}, "fail"),
    ("CN-REF-01", ["customer: 我没钱，不还", "agent: 那您什么时候还"], {}, "pass"),
    ("CN-FALSE-03", ["customer: 逾期了会怎么样", "agent: 会产生罚息"], {"stage": "M0"}, "pass"),
    ("CN-REF-01", ["agent: 可能影响征信", "customer: 那征信怎么办", "agent: 还上之后不再影响征信"], {}, "pass"),
    ("CN-3P-04", [OPEN, THIRD, "agent: 那你帮他还一下"], {}, "fail"),
    ("CN-3P-04", [OPEN, THIRD, "customer: 我帮他还", "agent: 好的，您帮他还也可以"], {}, "pass"),
    ("CN-3P-04", [OPEN, THIRD, "agent: 请转告他回个电话"], {}, "pass"),
    ("CN-3P-04", [OPEN, "customer: 我是他老婆", "agent: 夫妻共同债务您也有义务还的"], {}, "fail"),
    ("CN-3P-04", [OPEN, THIRD, "agent: 不需要您帮他还款"], {}, "pass"),
    ("CN-3P-04", [OPEN, YES, "agent: 您今天能还吗"], {}, "not_applicable"),
    ("CN-3P-02", [OPEN, THIRD, "agent: 你转告他还钱"], {}, "fail"),
    ("CN-3P-02", [OPEN, THIRD, "agent: 请转告他回个电话"], {}, "pass"),
    ("CN-3P-02", ["agent: 请问您是李女士吗", "customer: 是我", "agent: 您本期账单逾期三天了"], {}, "pass"),
    ("CN-3P-02", ["agent: 请问您是李女士吗", "customer: 嗯", "agent: 您本期账单逾期三天了"], {}, "pass"),
    ("CN-3P-03", ["agent: 您的贷款逾期了", YES], {}, "fail"),
    ("CN-3P-03", ["agent: 您的贷款没有逾期", YES], {}, "fail"),  # a debt is told by being named
    ("CN-3P-03", [OPEN, YES, OWED], {}, "pass"),
    ("CN-ID-03", ["agent: 您好，我是示例银行的", YES], OUT, "fail"),
    ("CN-ID-03", ["agent: 您好，示例银行的，请问是张先生吗", YES], OUT, "fail"),
    ("CN-ID-03", ["agent: 您好，我是受示例银行委托的工作人员", YES], OUT, "pass"),
    ("CN-ID-03", ["agent: 您好，我是示例银行的", YES], OWN, "not_applicable"),
    ("CN-ROBOT-01", ["robot: 请问您什么时候还款", "customer: 转人工"], ROBOT | {"term_reason": "customer"}, "unsure"),
    ("CN-ROBOT-01", [*REFUSED, "robot: 请您尽快处理", "customer: 我就是不还"], ROBOT | {"term_reason": "customer"}, "fail"),
    ("CN-ROBOT-01", ["robot: 您好", "customer: 转人工", "robot: 请问您什么时候还款"], ROBOT, "fail"),
    ("CN-ROBOT-01", ["robot: 您好", "customer: 转人工", "robot: 好的，马上为您转接人工客服"], ROBOT, "pass"),
    ("CN-ROBOT-01", ["robot: 您好", "customer: 好的"], ROBOT, "not_applicable"),
    ("CN-ROBOT-01", [*REFUSED, "robot: 请问您今天还款吗"], ROBOT, "fail"),
    ("CN-ROBOT-01", [*REFUSED, "robot: 您的情况我帮您记录，稍后由人工客服与您联系，再见"], ROBOT, "pass"),
    ("CN-ROBOT-01", REFUSED, {**ROBOT, "term_reason": "agent"}, "fail"),
    ("CN-ROBOT-01", REFUSED, {**ROBOT, "term_reason": "customer"}, "pass"),
    ("CN-ROBOT-01", REFUSED, ROBOT, "not_applicable"),
    ("CN-ROBOT-01", [*REFUSED[:2], "robot: 请问您今天还款吗"], ROBOT, "not_applicable"),
    ("CN-ROBOT-01", ["customer 2s: 你们烦死了", "robot 8s: 请问您什么时候还款", "customer 34s: 气死我了", "robot 40s: 好的"], ROBOT, "fail"),
    ("CN-ROBOT-01", ["customer 2s: 你们烦死了", "robot 8s: 请问您什么时候还款", "customer 34s: 气死我了", "robot 40s: 马上为您转接人工"], ROBOT, "pass"),
    ("CN-ROBOT-01", ["customer 2s: 你们烦死了", "robot 8s: 请问您什么时候还款", "customer 20s: 气死我了", "robot 40s: 好的"], ROBOT, "pass"),
    ("CN-PTP-01", [YES, "customer: 我十五号还两千元"], {"outcome": "PTP"}, "pass"),
    ("CN-PTP-01", [YES, "customer: 十五号还两千"], {"outcome": "PTP"}, "pass"),
    ("CN-PTP-01", [YES, "customer: 十五号先还个两三千"], {"outcome": "PTP"}, "pass"),
    ("CN-PTP-01", [YES, "customer: 明天全还了"], {"outcome": "PTP"}, "pass"),
    ("CN-PTP-01", [YES, "customer: 十五号分三期还"], {"outcome": "PTP"}, "fail"),
    ("CN-PTP-01", [YES, "customer: 过两天还吧"], {"outcome": "PTP"}, "fail"),
    ("CN-PTP-01", [YES, "customer: 我十五号还"], {"outcome": "PTP"}, "fail"),
    ("CN-PTP-01", [YES, "customer: 过两天还吧"], {"outcome": "CALLBACK"}, "not_applicable"),
    ("CN-PTP-01", [YES, "customer: 我争取二十号还两千"], {"outcome": "PTP"}, "fail"),
    ("CN-PTP-01", [YES, "customer: 我现在就转两千"], {"outcome": "PTP"}, "pass"),
    ("CN-PTP-01", [YES, "agent: 那您十五号之前还两千可以吗", "customer: 可以的"], {"outcome": "PTP"}, "pass"),
    ("CN-PTP-01", [YES, "agent: 十五号两千块能处理吗", "customer: 嗯，没问题"], {"outcome": "PTP"}, "pass"),
    ("CN-PTP-01", [YES, "agent: 那您十五号之前还两千可以吗", "customer: 不可以"], {"outcome": "PTP"}, "fail"),
    ("CN-PTP-01", [YES, "agent: 那您十五号之前还两千可以吗", "customer: 再说吧"], {"outcome": "PTP"}, "fail"),
    ("CN-PTP-01", [YES, "agent: 那您十五号之前还两千行不行", "customer: 可以晚几天吗"], {"outcome": "PTP"}, "fail"),
    ("CN-PTP-01", [YES, "agent: 您两千的账单是十五号到期的", "customer: 好的"], {"outcome": "PTP"}, "fail"),
    ("CN-PTP-01", [YES, "customer: 二十五号吧", "agent: 二十五号还三千二百元是吧", "customer: 对"], {"outcome": "PTP"}, "pass"),
    ("CN-DISP-01", ["customer: 我要投诉你们"], {"outcome": "NEGOTIATE"}, "fail"),
    ("CN-DISP-01", ["customer: 我要投诉你们"], {"outcome": "COMPLAINT"}, "not_applicable"),
    ("CN-DISP-02", ["customer: 不要再打给我了"], {"outcome": "REFUSE"}, "fail"),
    ("CN-DISP-02", ["customer: 别打我手机，打座机吧"], {"outcome": "REFUSE"}, "pass"),
    ("CN-DISP-03", ["customer: 喂，你好"], {"outcome": "NO_ANSWER", "talk_ms": 20_000}, "fail"),
    ("CN-DISP-03", ["customer: 喂，你好"], {"outcome": "NO_ANSWER", "talk_ms": 19_999}, "pass"),
    ("CN-DISP-03", ["customer: 那个事情再说", "agent: 好", "customer: 嗯再说"], {"outcome": "BUSY", "talk_ms": 20_000}, "fail"),
    ("CN-DISP-03", ["customer: 您好，您拨打的号码是空号，请核对后再拨"], {"outcome": "EMPTY_NUMBER", "talk_ms": 30_000}, "pass"),
    ("CN-DISP-03", [], {"outcome": "NO_ANSWER", "talk_ms": 60_000}, "not_applicable"),
    ("CN-DISP-04", [OPEN, YES], {"outcome": "NON_OWNER"}, "fail"),
    ("CN-DISP-04", [OPEN, THIRD], {"outcome": "NON_OWNER"}, "pass"),
    ("CN-DISP-05", [OPEN, THIRD], {"outcome": "PTP"}, "fail"),
    ("CN-DISP-05", [OPEN, YES], {"outcome": "PTP"}, "pass"),
    ("CN-DISP-06", ["customer: 我明天还两千元"], {"outcome": "REFUSE"}, "fail"),
    ("CN-DISP-06", ["customer: 我明天还两千元", "customer: 算了，我不会还的"], {"outcome": "REFUSE"}, "pass"),
    ("CN-DISP-07", [OPEN, YES], {"outcome": "VOICEMAIL"}, "fail"),
    ("CN-DISP-07", ["customer: 您拨打的电话暂时无人接听，请在提示音后留言", "robot: 您好"], {"outcome": "VOICEMAIL"}, "pass"),
    ("CN-DISP-09", ["agent: 您好，您好，听得到吗"], {"outcome": "PTP"}, "fail"),
    ("CN-DISP-09", ["agent: 您好", "customer: 你好"], {"outcome": "PTP"}, "pass"),
    ("CN-CP-06", [OPEN, YES, "customer: 过两天还吧", "agent: 好的再见"], {**HUMAN, "stage": "M1"}, "fail"),
    ("CN-CP-06", [OPEN, YES, "customer: 我在开会，晚点再打", "agent: 好的再见"], {**HUMAN, "stage": "M1"}, "not_applicable"),
    ("CN-END-01", [OPEN, YES, OWED, "agent: 感谢您的接听，再见"], {**HUMAN, "stage": "M1"}, "pass"),
    ("CN-END-01", [OPEN, YES, OWED, "agent: 就这样"], {**HUMAN, "stage": "M1"}, "fail"),
    ("CN-END-01", [OPEN, YES, OWED, "customer: 我挂了"], {**HUMAN, "stage": "M1", "term_reason": "customer"}, "not_applicable"),
    ("CN-ID-02", [OPEN.replace("工号三零八六，", ""), YES, OWED], {**HUMAN, "stage": "M1"}, "fail"),
]  # fmt: skip


@pytest.fixture(scope="module")
def found():
    calls = [call(f"{i:03}", *turns, **facts) for i, (_, turns, facts, _) in enumerate(PAIRS)]
    return judge(pack(), day(calls)).findings


@pytest.mark.parametrize(
    "number", range(len(PAIRS)), ids=[f"{rule}-{i}-{verdict}" for i, (rule, _, _, verdict) in enumerate(PAIRS)]
)
def test_a_rule_tells_a_violation_from_its_innocent_neighbour(found, number):
    rule, turns, facts, verdict = PAIRS[number]
    assert verdicts(found, f"{number:03}")[rule] == verdict, (turns, facts)


SOUNDS = [
    ("A-SIL", ["silence 2s 8s none"], {}, "fail"), ("A-SIL", ["silence 2s 7.9s none"], {}, "pass"),
    ("A-OVER", ["interruption 2s 1s agent"], {}, "fail"), ("A-OVER", ["interruption 2s 1s customer"], {}, "pass"),
    ("A-OPEN", [], {"first_agent_word_ms": 3001}, "fail"), ("A-OPEN", [], {"first_agent_word_ms": 3000}, "pass"),
    ("A-HANG", [], {"dead_end_ms": 5001}, "fail"), ("A-HANG", [], {"dead_end_ms": 5000}, "pass"),
    ("A-SPEED", ["fast_speech 1s 3s agent 340", "fast_speech 6s 3s agent 350"], {}, "fail"), ("A-SPEED", ["fast_speech 1s 3s agent 340"], {}, "pass"),
    ("A-LOUD", ["loud 1s 2s agent 3.2"], {}, "fail"), ("A-LOUD", ["loud 1s 2s customer 3.2"], {}, "pass"),
    ("A-MONO", [], {"layout": "mono"}, "fail"), ("A-MONO", [], {"layout": "stereo"}, "pass"),
    ("A-LEN", [], {"customer_speech_ms": 0}, "fail"), ("A-LEN", [], {"customer_speech_ms": 900}, "pass"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(SOUNDS)))
def test_what_the_waveform_shows(number):
    rule, sound, audio, verdict = SOUNDS[number]
    calls = [
        call("c", "agent: 您好，请问有什么可以帮您", "customer 20s: 没有", sound=sound, audio=audio),
        call("d", "agent: 您好"),
    ]
    findings = judge(pack(), day(calls)).findings
    assert verdicts(findings, "c")[rule] == verdict
    assert verdicts(findings, "d")[rule] == "not_applicable", "without a recording nothing is known"


MISMATCHES = {  # turns, facts, words of the sentence that proves it, or what the reason says was looked for
    "CN-DISP-01": (["customer: 我要投诉你们"], {"outcome": "REFUSE"}, "投诉", ""),
    "CN-DISP-02": (["customer: 不要再打给我了"], {"outcome": "REFUSE"}, "不要再打", ""),
    "CN-DISP-03": (["agent: 请问", "customer: 喂，哪位"], {"outcome": "NO_ANSWER", "talk_ms": 25_000}, "哪位", "客户说了 1 次话"),
    "CN-DISP-04": ([OPEN, YES], {"outcome": "NON_OWNER"}, "对，是我", ""),
    "CN-DISP-05": ([OPEN, THIRD], {"outcome": "PTP"}, "他不在", ""),
    "CN-DISP-06": (["customer: 我明天还两千元"], {"outcome": "REFUSE"}, "明天还", ""),
    "CN-DISP-07": (["agent: 喂", "customer: 哪位", "agent: 我", "customer: 再说", "agent: 好", "customer: 嗯"], {"outcome": "VOICEMAIL"}, "哪位", "客户说了 3 次话"),
    "CN-DISP-09": (["agent: 您好，听得到吗"], {"outcome": "PTP"}, None, "查找客户说的话，整通没有一句"),
    "CN-PTP-01": ([YES, "customer: 过两天还吧"], {"outcome": "PTP"}, "过两天还", "未同时找到"),
}  # fmt: skip


@pytest.fixture(scope="module")
def mismatched():
    return judge(pack(), day([call(rule, *turns, **facts) for rule, (turns, facts, *_) in MISMATCHES.items()])).findings


@pytest.mark.parametrize("rule", MISMATCHES)
def test_a_mismatch_quotes_its_sentence_or_says_what_was_sought(mismatched, rule):
    *_, quote, sought = MISMATCHES[rule]
    row = mismatched.filter(call_id=rule, rule_id=rule).row(0, named=True)
    assert row["verdict"] == "fail" and sought in row["reason"] and row["expected"]
    assert (row["quote"] is None) if quote is None else quote in row["quote"]


def test_a_sentence_names_money_as_it_is_written():
    """Regression: an officer read 账户应还 320000 分."""
    turns = [OPEN, YES, OWED.replace("三千", "八千"), YES, OWED.replace("三千", "八千")]
    findings = judge(pack(), day([call("c", *turns, **ACCOUNT)])).findings
    [reason] = findings.filter(rule_id="CN-FALSE-02")["reason"]
    assert "账户应还 3200.00 元，到期日 2026-11-05，逾期 15 天" in reason


def test_loudness_agitates_only_beside_angry_words():
    turns = ["customer 2s: 你们烦死了", "robot 8s: 请问您什么时候还款", "customer 45s: 嗯"]
    loud = {"loud": turns, "calm words": [turns[0].replace("你们烦死了", "你好"), *turns[1:]]}
    calls = [call(name, *said, sound=["loud 40s 3s customer 3.4"], **ROBOT) for name, said in loud.items()]
    findings = judge(pack(), day(calls)).findings
    assert verdicts(findings, "loud")["CN-ROBOT-01"] == "fail"
    assert verdicts(findings, "calm words")["CN-ROBOT-01"] == "not_applicable"
