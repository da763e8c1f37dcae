"""Training text: what people say in collection calls, in Chinese numerals, written for this project.

    for sentence in training_texts(seed=1, first=0, count=5): ...     # same arguments, same sentences
    python -m inspection.demo.training.texts                          # shows samples, and checks against the sample day

Three sources in `text/`: patterns of conversation (`sentences.txt`), words for random sequences (`words.txt`), and
patterns kept apart for the development set (`sentences_dev.txt`). No sentence of the sample day may be trained on:
`forbidden_sentences` reads the day's texts and `training_texts` leaves out everything that contains one of them.
"""

import re
from functools import cache
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
DAY_TEXTS = HERE.parent / "day" / "calls.yaml"
HAN = re.compile(r"[^\u4e00-\u9fffA-Z]")
# Shorter ones (喂, 是我, 好的) are words that no two speakers can avoid sharing.
SHORTEST_SENTENCE = 5

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华建国玉兰婷志鹏飞红梅斌波辉玲燕丹萍鑫晶倩颖琳欣怡佳慧莉洁雪云峰龙凯浩宇轩俊豪毅博文海山岩松柏林森阳晨曦光荣富贵福祥瑞康宁安东南西北春夏秋冬子梓涵诺彤思雨梦琪家豪振中立新秀珍淑凤"
BANKS = "工商银行 农业银行 中国银行 建设银行 交通银行 招商银行 浦发银行 中信银行 光大银行 民生银行 平安银行 兴业银行 广发银行 华夏银行 邮储银行 北京银行 上海银行 江苏银行 宁波银行 南京银行 徽商银行 恒丰银行 渤海银行 浙商银行 农村商业银行 微众银行 网商银行".split()  # fmt: skip
LENDERS = "消费金融公司 马上消费金融 招联金融 兴业消费 中银消费 捷信 小额贷款公司 安心贷 惠民分期 信用卡中心 优品分期 融通贷 好借钱包 极速贷 蓝海金融 远山银行 晨星消费金融 海川银行 明德消费金融 信诚银行 云杉普惠 天和小贷".split()  # fmt: skip
AGENCIES = "诚信资产管理公司 中和催收公司 华道数据公司 恒通律师事务所 瑞达外包公司 正合商务咨询公司 博远信息服务公司 安杰资产公司 众信法务咨询".split()
ROBOTS = "智能客服 智能语音助手 智能助理 机器人小安 小招 小慧 语音机器人 智能坐席".split()
CITIES = "北京 上海 广州 深圳 成都 武汉 杭州 南京 西安 长沙 郑州 重庆 苏州 东莞 昆明 合肥 福州 青岛 大连 沈阳".split()
DIGITS = "零一二三四五六七八九"
CHOICE = re.compile(r"\[([^\[\]]*)\]")
SLOT = re.compile(r"\{(\w+)\}")


def numeral(number: int) -> str:
    """A whole number below 100,000 as it is said: 1200 → 一千二百, 105 → 一百零五, 12 → 十二."""
    if number == 0:
        return "零"
    said, gap = "", False
    for unit, name in ((10000, "万"), (1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, unit)
        if digit:
            said += ("零" if gap and said else "") + DIGITS[digit] + name
            gap = False
        elif said and number:
            gap = True
    return said[1:] if said.startswith("一十") else said


def digits(rng: np.random.Generator, count: int) -> str:
    said = "".join(DIGITS[d] for d in rng.integers(0, 10, count))
    return said.replace("一", "幺") if rng.random() < 0.4 else said


def _money(rng) -> str:
    number = int(10 ** rng.uniform(1.5, 4.9))
    number = int(rng.choice([number, number // 10 * 10, number // 100 * 100, number // 1000 * 1000])) or 300
    said = numeral(number)
    if rng.random() < 0.35:
        said = said.replace("二千", "两千").replace("二百", "两百").replace("二万", "两万")
    cents = rng.random()
    if cents < 0.15:
        return f"{said}{rng.choice(['元', '块'])}{DIGITS[rng.integers(1, 10)]}角{DIGITS[rng.integers(1, 10)]}分"
    if cents < 0.25:
        return f"{said}点{DIGITS[rng.integers(0, 10)]}{DIGITS[rng.integers(1, 10)]}元"
    return said + str(rng.choice(["元", "块", "块钱", "元整", "多块", "左右"], p=[0.45, 0.2, 0.2, 0.05, 0.05, 0.05]))


def _date(rng) -> str:
    day = f"{numeral(int(rng.integers(1, 32)))}{rng.choice(['号', '日'])}"
    kinds = [
        f"{numeral(int(rng.integers(1, 13)))}月{day}", f"这个月{day}", f"下个月{day}", day, "明天", "后天", "今天", "月底",
        f"{rng.choice(['下', '这', '本'])}{rng.choice(['周', '星期', '礼拜'])}{rng.choice(list('一二三四五六'))}", "这两天", "下个月初",
        f"二零二{DIGITS[rng.integers(0, 10)]}年{numeral(int(rng.integers(1, 13)))}月",
    ]  # fmt: skip
    return str(rng.choice(kinds))


def _clock(rng) -> str:
    hour = str(rng.choice([numeral(int(rng.integers(1, 13))), "两"])).replace("十两", "十二")
    if hour == "二":
        hour = "两"
    return f"{rng.choice(['', '上午', '下午', '晚上', '中午'])}{hour}点{rng.choice(['', '', '半', '十分', '一刻', '钟', '二十', '四十五分'])}"


def _name(rng) -> str:
    return str(rng.choice(list(SURNAMES))) + "".join(rng.choice(list(GIVEN), rng.choice([1, 2], p=[0.35, 0.65])))


SLOTS = {
    "org": lambda rng: str(rng.choice(BANKS if rng.random() < 0.6 else LENDERS)) + str(rng.choice(["", "", "信用卡中心", "总行", "客服中心"])),
    "agency": lambda rng: str(rng.choice(AGENCIES)), "robot": lambda rng: str(rng.choice(ROBOTS)),
    "name": _name, "surname": lambda rng: str(rng.choice(list(SURNAMES))), "city": lambda rng: str(rng.choice(CITIES)),
    "title": lambda rng: str(rng.choice(["先生", "女士", "小姐", ""])), "money": _money, "date": _date, "clock": _clock,
    "digits": lambda rng: digits(rng, int(rng.integers(3, 9))), "digits4": lambda rng: digits(rng, 4),
    "phone": lambda rng: "幺" + digits(rng, 10) if rng.random() < 0.7 else str(rng.choice(["九五", "四零零", "零一零"])) + digits(rng, 4),
    "days": lambda rng: f"{numeral(int(rng.choice([rng.integers(1, 15), rng.integers(15, 120)])))}天",
    "count": lambda rng: str(rng.choice(list("两三四五六七八九十"))), "dayofmonth": lambda rng: f"{numeral(int(rng.integers(1, 29)))}号",
}  # fmt: skip


@cache
def patterns(file: str) -> tuple[str, ...]:
    lines = (HERE / "text" / file).read_text("utf-8").splitlines()
    return tuple(line for line in lines if line and not line.startswith("#"))


@cache
def words() -> tuple[str, ...]:
    return tuple(word for line in patterns("words.txt") for word in line.split())


def expand(pattern: str, rng: np.random.Generator) -> str:
    pattern = CHOICE.sub(lambda match: str(rng.choice(match[1].split("|"))), pattern)
    return SLOT.sub(lambda match: SLOTS[match[1]](rng), pattern)


@cache
def common_characters() -> tuple[str, ...]:
    """The 3,755 characters of GB 2312 level 1: with the training text's own they are the vocabulary."""
    codes = [bytes([row, column]) for row in range(0xB0, 0xD8) for column in range(0xA1, 0xFF)]
    return tuple(code.decode("gb2312") for code in codes if not (code[0] == 0xD7 and code[1] > 0xF9))


@cache
def alphabet() -> tuple[str, ...]:
    """Every character the recogniser can write, in a fixed order."""
    parts = [
        *common_characters(),
        *(HERE / "text" / "sentences.txt").read_text("utf-8"),
        *(HERE / "text" / "words.txt").read_text("utf-8"),
    ]
    parts += [SURNAMES, GIVEN, *BANKS, *LENDERS, *AGENCIES, *ROBOTS, *CITIES, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"]
    return tuple(sorted(set(normal("".join(parts)))))


def normal(text: str) -> str:
    """Han characters and capital letters only: what is transcribed and what error rates are counted on."""
    return HAN.sub("", text.upper())


def sentences_of(text: str) -> list[str]:
    return [sentence for part in re.split(r"[。？！?!]", text) if (sentence := normal(part))]


@cache
def forbidden_sentences(day_texts: Path = DAY_TEXTS) -> frozenset[str]:
    """Every sentence said in the sample day, normalised; a line of the day's file counts whole and by its sentences."""
    if not day_texts.exists():
        return frozenset()
    lines = re.findall(r"[\u4e00-\u9fffA-Za-z，。？！、：；?!,]+", day_texts.read_text("utf-8"))
    found = {sentence for line in lines for sentence in sentences_of(line)} | {normal(line) for line in lines}
    return frozenset(sentence for sentence in found if len(sentence) >= SHORTEST_SENTENCE)


def is_forbidden(text: str, forbidden: frozenset[str]) -> bool:
    """Whether the text, a sentence of it or a run of its clauses is a sentence of the sample day."""
    clauses = [clause for part in re.split(r"[，、。？！,?!]", text) if (clause := normal(part))]
    runs = ("".join(clauses[i:j]) for i in range(len(clauses)) for j in range(i + 1, len(clauses) + 1))
    return any(run in forbidden for run in runs)


def text_at(rng: np.random.Generator, longest: int = 34) -> str:
    """One utterance of at most `longest` characters: patterns, random words, numbers or single characters."""
    kind, wanted = rng.random(), int(rng.integers(2, longest - 3))
    if kind < 0.58:
        return _joined(lambda: expand(str(rng.choice(patterns("sentences.txt"))), rng), wanted, longest)
    if kind < 0.83:
        return _joined(lambda: str(rng.choice(words())) + str(rng.choice(["", "", "", "，"])), min(wanted, 24), longest)
    if kind < 0.92:
        slots = [slot for slot in SLOTS if slot not in ("title", "surname")]
        return _joined(
            lambda: SLOTS[str(rng.choice(slots))](rng) + str(rng.choice(["", "，"])), min(wanted, 20), longest
        )
    if kind < 0.97:
        return "".join(rng.choice(list(alphabet()[26:]), int(rng.integers(2, 12))))
    return (
        "".join(rng.choice(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), 3)) + str(rng.choice(words()))
        if kind < 0.975
        else str(rng.choice(words()))
    )


def _joined(make, wanted: int, longest: int) -> str:
    text = make()
    while (
        len(normal(text)) < wanted
        and len(
            normal(
                longer := text.rstrip("，？")
                + ("？" if text.endswith("？") else "，" * (text[-1] == "，" or len(text) > 6))
                + make()
            )
        )
        <= longest
    ):
        text = longer
    return text.strip("，") if len(normal(text)) <= longest else text[:longest].strip("，")


def training_texts(seed: int, first: int, count: int, longest: int = 34):
    """Utterances first … first+count−1; each depends only on seed and its number."""
    forbidden = forbidden_sentences()
    for number in range(first, first + count):
        rng = np.random.default_rng([seed, number])
        text = text_at(rng, longest)
        while is_forbidden(text, forbidden) or not normal(text):
            text = text_at(rng, longest)
        yield text


def development_texts(count: int, seed: int = 77) -> list[str]:
    rng = np.random.default_rng(seed)
    return [expand(str(rng.choice(patterns("sentences_dev.txt"))), rng)[:34] for _ in range(count)]


if __name__ == "__main__":
    for sample in training_texts(1, 0, 20):
        print(sample)
    covered = set(
        normal("".join(patterns("sentences.txt")) + "".join(words()) + SURNAMES + GIVEN + "".join(BANKS + LENDERS))
    )
    day = set("".join(forbidden_sentences()))
    print(f"{len(alphabet())} characters in the vocabulary; {len(forbidden_sentences())} sentences of the day left out")
    print("characters of the day met only at random in training:", "".join(sorted(day - covered)) or "none")
    print("characters of the day outside the vocabulary:", "".join(sorted(day - set(alphabet()))) or "none")
