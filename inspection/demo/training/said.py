"""How amounts, dates, numbers and names are said: the slots of the training sentences."""

from pathlib import Path

import numpy as np

DIGITS = "零一二三四五六七八九"
TEXT_FOLDER = Path(__file__).parent / "text"
LINES = [line for line in (TEXT_FOLDER / "names.txt").read_text("utf-8").splitlines() if ": " in line]
# Surnames and given names are a string of characters, the others a list of names.
NAMES = {key: said.split() if " " in said else said for key, _, said in (line.partition(": ") for line in LINES)}


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


def _day(rng) -> str:
    return f"{numeral(int(rng.integers(1, 32)))}{rng.choice(['号', '日'])}"


def _month(rng) -> str:
    return f"{numeral(int(rng.integers(1, 13)))}月"


def _date(rng) -> str:
    day = _day(rng)
    kinds = [f"{_month(rng)}{day}", f"这个月{day}", f"下个月{day}", day, "明天", "后天", "今天", "月底"]
    week = f"{rng.choice(['下', '这', '本'])}{rng.choice(['周', '星期', '礼拜'])}"
    kinds += [f"{week}{rng.choice(list('一二三四五六'))}", "这两天", "下个月初"]
    kinds += [f"二零二{DIGITS[rng.integers(0, 10)]}年{_month(rng)}"]
    return str(rng.choice(kinds))


def _clock(rng) -> str:
    hour = str(rng.choice([numeral(int(rng.integers(1, 13))), "两"])).replace("十两", "十二")
    if hour == "二":
        hour = "两"
    part = rng.choice(["", "上午", "下午", "晚上", "中午"])
    return f"{part}{hour}点{rng.choice(['', '', '半', '十分', '一刻', '钟', '二十', '四十五分'])}"


def _name(rng) -> str:
    surname = str(rng.choice(list(NAMES["surnames"])))
    return surname + "".join(rng.choice(list(NAMES["given"]), rng.choice([1, 2], p=[0.35, 0.65])))


def _org(rng) -> str:
    return str(rng.choice(NAMES["banks"] if rng.random() < 0.6 else NAMES["lenders"])) + str(
        rng.choice(["", "", "信用卡中心", "总行", "客服中心"])
    )


def _phone(rng) -> str:
    if rng.random() < 0.7:
        return "幺" + digits(rng, 10)
    return str(rng.choice(["九五", "四零零", "零一零"])) + digits(rng, 4)


def _one_of(*choices: str):
    return lambda rng: str(rng.choice(choices))


SLOTS = {
    "org": _org,
    "agency": lambda rng: str(rng.choice(NAMES["agencies"])),
    "robot": lambda rng: str(rng.choice(NAMES["robots"])),
    "name": _name,
    "surname": lambda rng: str(rng.choice(list(NAMES["surnames"]))),
    "city": lambda rng: str(rng.choice(NAMES["cities"])),
    "title": _one_of("先生", "女士", "小姐", ""),
    "money": _money,
    "date": _date,
    "clock": _clock,
    "digits": lambda rng: digits(rng, int(rng.integers(3, 9))),
    "digits4": lambda rng: digits(rng, 4),
    "phone": _phone,
    "days": lambda rng: f"{numeral(int(rng.choice([rng.integers(1, 15), rng.integers(15, 120)])))}天",
    "count": _one_of(*"两三四五六七八九十"),
    "dayofmonth": lambda rng: f"{numeral(int(rng.integers(1, 29)))}号",
}
