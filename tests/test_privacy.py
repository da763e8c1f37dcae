"""Personal data: what is found, what is left alone, and that nothing of it survives in a log."""

from __future__ import annotations

import io
import itertools
import logging

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection.errors import SettingsError
from inspection.privacy import (
    MaskingFilter,
    guard_logs,
    mask,
    mask_column,
    mask_name,
    mask_person,
    mask_spans,
    masked_frame,
    pseudonym,
    pseudonyms,
)

FOUND = {
    "phone": [
        ("请打13812345678找我", "请打*******5678找我"),
        ("打１３８１２３４５６７８", "打*******５６７８"),
        ("号码是138 1234 5678。", "号码是*** **** 5678。"),
        ("号码是138-1234-5678。", "号码是***-****-5678。"),
        ("138.1234.5678", "***.****.5678"),
        ("+8613812345678", "+*********5678"),
        ("+86 138-1234-5678", "+** ***-****-5678"),
        ("一三八一二三四五六七八对吧", "*******五六七八对吧"),
        ("幺三八，幺二三四，五六七八对吧", "***，****，五六七八对吧"),
        ("1 3 8 1 2 3 4 5 6 7 8", "* * * * * * * 5 6 7 8"),
        ("座机010-12345678转", "座机***-****5678转"),
        ("座机075512345678转", "座机********5678转"),
        ("20261123-093015_13812345678-all.wav", "20261123-093015_*******5678-all.wav"),
        ("2026112309301513812345678.wav", "20261123093015*******5678.wav"),
        ("tel13812345678x.wav", "tel*******5678x.wav"),
    ],
    "id_card": [
        ("身份证11010519491231002X号", "身份证******************号"),
        ("身份证11010519491231002x号", "身份证******************号"),
        ("身份证110105 19491231 002X号", "身份证****** ******** ****号"),
        ("一一零一零五一九四九一二三一零零二X", "******************"),
        ("旧证110105491231002号", "旧证***************号"),
        ("身份证11010519491231002Ⅹ号", "身份证******************号"),
        ("身份证11010519491231002 X号", "身份证***************** *号"),
    ],
    "bank_card": [
        ("卡号4111111111111111吧", "卡号************1111吧"),
        ("卡号4111 1111 1111 1111吧", "卡号**** **** **** 1111吧"),
        ("卡号62284804 02564890018吧", "卡号******** *******0018吧"),
        ("卡号622848 0402564890018吧", "卡号****** *********0018吧"),
        ("六二二二零二一二三四五六七八九零一二八", "***************零一二八"),
    ],
    "email": [
        ("邮箱zhang.san@mail.example谢谢", "邮箱*********@mail.example谢谢"),
        ("13812345678@mail.example", "***********@mail.example"),
    ],
    "number": [
        ("身份证110105194912310021号", "身份证******************号"),  # born in a known province, wrong check digit
        ("一一三八一二三四五六七八", "************"),  # a doubled digit, as recognisers make them
        ("A12345678901234567890123", "A***********************"),
    ],
}

LEFT_ALONE = [
    "欠款五千三百二十一元，十五号前还",
    "一共三期，第一期一千二，第二期一千三",
    "1764000000.123456",  # a dialer's unique id
    "192.168.110.200",
    "2026-11-23 2026-11-24",
    "20261123-000123",
    "20261123 4111111111",  # a date before something of ten digits
    "卡号4111111111111112",  # fails Luhn
    "2026112300000000017",  # a running number that begins with its date
    "二零二六年十一月二十三日",
    "3f786850e387550fdab836ed7e6dc881de23001b",  # a fingerprint
]


@pytest.mark.parametrize(("kind", "text", "masked"), [(kind, *case) for kind, cases in FOUND.items() for case in cases])
def test_personal_data_is_found_and_hidden(kind: str, text: str, masked: str) -> None:
    assert mask(text) == masked
    assert [found for _, _, found in mask_spans(text)] == [kind]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_dates_amounts_and_ids_stay_readable(text: str) -> None:
    assert mask(text) == text


@settings(deadline=None)
@given(st.text(alphabet="138五六七八零 -，打@a.X号"))
def test_a_mask_keeps_every_place(text: str) -> None:
    masked = mask(text)
    assert len(masked) == len(text)
    assert all(new in (old, "*") for old, new in zip(text, masked, strict=True))
    assert mask(masked) == masked
    spans = mask_spans(text)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))


@settings(deadline=None)
@given(
    st.text(alphabet="的是我打号在，。 "),
    st.integers(3, 9),
    st.integers(0, 10**9 - 1),
    st.sampled_from(["{}", "{}号", "座机{}。"]),
)
def test_every_mobile_number_is_hidden_among_characters(before: str, second: int, rest: int, frame: str) -> None:
    number = f"1{second}{rest:09d}"
    assert number not in mask(before + frame.format(number))


def test_file_names_lose_numbers_of_any_country() -> None:
    assert mask_name("rec/20261123-093015_4155550123-all.wav") == "rec/20261123-093015_**********-all.wav"
    assert mask_name("20261123093015_C0001.wav") == "20261123093015_C0001.wav"


def test_names_keep_the_family_name_only() -> None:
    assert mask_person("张三丰") == "张**"
    assert mask_person("") == ""


def test_a_column_is_masked_like_its_texts() -> None:
    texts = [case[0] for cases in FOUND.values() for case in cases] + LEFT_ALONE + [None, ""]
    frame = pl.DataFrame({"quote": texts}).with_columns(mask_column("quote"))
    assert frame["quote"].to_list() == [None if text is None else mask(text) for text in texts]


def test_a_frame_that_leaves_is_masked_in_every_column_whatever_its_name() -> None:
    """Regression: an agent's name and a team that were numbers stood readable in page, workbook and Parquet."""
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    frame = pl.DataFrame(
        {
            "agent_id": ["13812345678", None], "team": ["zhang.san@mail.example组", "一组"], "calls": [1, 2],
            "related": [["c13812345678", "c1"], None], "audio_sha256": [digest, digest], "nothing": [None, None],
        },
        schema_overrides={"related": pl.List(pl.String)},
    )  # fmt: skip
    masked = masked_frame(frame)
    assert masked.schema == frame.schema
    assert masked.rows() == [
        ("*******5678", "*********@mail.example组", 1, ["c*******5678", "c1"], digest, None),
        (None, "一组", 2, None, digest, None),
    ]
    assert masked_frame(frame.clear()).schema == frame.schema


TEXTS = st.none() | st.sampled_from(["请打13812345678找我", "13812345678", "M1", "", "*******5678"])


@settings(max_examples=30, deadline=None)
@given(st.lists(TEXTS), st.lists(st.none() | st.lists(TEXTS, max_size=3)))
def test_values_masked_once_a_frame_are_those_masked_one_by_one(texts: list, lists: list) -> None:
    def one(text: str | None) -> str | None:
        return None if text is None else mask(text)

    column = masked_frame(pl.DataFrame({"x": texts}, schema={"x": pl.String}))
    assert column["x"].to_list() == list(map(one, texts))
    nested = masked_frame(pl.DataFrame({"x": lists}, schema={"x": pl.List(pl.String)}))
    assert nested["x"].to_list() == [None if row is None else list(map(one, row)) for row in lists]


def test_pseudonyms_need_a_key_and_depend_on_it() -> None:
    assert pseudonym("13812345678", "a") == pseudonym("13812345678", "a") != pseudonym("13812345678", "b")
    assert len(pseudonym("x", "k")) == 32
    with pytest.raises(SettingsError, match="pseudonym_key"):
        pseudonym("13812345678", "")
    column = pseudonyms(pl.Series(["x", None, "y", "x"]), "k")
    assert column.to_list() == [pseudonym("x", "k"), None, pseudonym("y", "k"), pseudonym("x", "k")]


def _logged(emit: object) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.addFilter(MaskingFilter())
    logger = logging.Logger("canary")
    logger.addHandler(handler)
    emit(logger)  # type: ignore[operator]
    return stream.getvalue()


def _crash(logger: logging.Logger) -> None:
    try:
        raise ValueError("号码13812345678")
    except ValueError:
        logger.exception("读13812345678失败")


@pytest.mark.parametrize(
    "emit",
    [
        lambda logger: logger.warning("call %s of %d", "13812345678", 3),
        lambda logger: logger.warning("打13812345678"),
        lambda logger: logger.warning("number %d", 13812345678),
        lambda logger: logger.warning("%(phone)s", {"phone": "13812345678"}),
        lambda logger: logger.warning("broken %d", "13812345678"),
        _crash,
    ],
)
def test_logs_never_hold_a_number(emit: object) -> None:
    text = _logged(emit)
    assert text and "13812345678" not in text
    assert "5678" in text


def test_guarded_logs_mask_every_logger(caplog: pytest.LogCaptureFixture) -> None:
    before = logging.getLogRecordFactory()
    try:
        guard_logs()
        guard_logs()
        logging.getLogger("some.library").warning("dialled %s", "13812345678")
    finally:
        logging.setLogRecordFactory(before)
    assert caplog.messages == ["dialled *******5678"]
