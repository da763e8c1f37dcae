"""Token numbers: those that are trained, and the whole list at export.

The exported list keeps Whisper's special tokens in Whisper's order with the 1,501 timestamps at the end. It is short,
which keeps the model small and quick: what makes CTranslate2 4 take a Whisper for multilingual is a token that is the
empty text, as in Whisper's own vocabulary. Older releases counted instead and asked for 51,865 tokens; without either,
the language is ignored and Chinese words get no times.
"""

import json
from pathlib import Path

from .texts import alphabet

LANGUAGE_CODES = """
en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr
bg lt la mi ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn
yo so af oc ka be tg sd gu am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su
"""
LANGUAGES = LANGUAGE_CODES.split()
SPECIALS = [
    *("<|endoftext|>", "<|startoftranscript|>"),
    *(f"<|{code}|>" for code in LANGUAGES),
    *("<|translate|>", "<|transcribe|>", "<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
]
TIMESTAMPS = [f"<|{0.02 * step:.2f}|>" for step in range(1501)]
TRAINED_TIMESTAMPS = 501  # up to 10 s: longer clips are not trained on

CHARACTERS = alphabet()
TRAINED = [
    *CHARACTERS,
    *("<|endoftext|>", "<|startoftranscript|>", "<|zh|>", "<|transcribe|>"),
    *("<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
    *TIMESTAMPS[:TRAINED_TIMESTAMPS],
    "never",
]
NUMBER = {token: number for number, token in enumerate(TRAINED)}
NEVER = NUMBER["never"]
NEVER_COUNT = 47563  # more than are exported: the untrained tokens learn to stay far out of the way
END = len(CHARACTERS) + 2


def timestamp(time_ms: int) -> int:
    return NUMBER["<|0.00|>"] + min(round(time_ms / 20), TRAINED_TIMESTAMPS - 1)


def export_tokens() -> list[str]:
    """All tokens in order: characters, unknown, the empty text, Whisper's specials, the timestamps."""
    return [*CHARACTERS, "<|unk|>", "", *SPECIALS, *TIMESTAMPS]


def export_rows() -> list[int]:
    """For each exported token, the trained row that it gets."""
    return [NUMBER.get(token, NEVER) for token in export_tokens()]


def write_tokenizer(path: Path) -> None:
    """One token for each character; whatever is unknown is `<|unk|>`, blanks are nothing."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    tokens = export_tokens()
    tokenizer = Tokenizer(models.WordLevel({token: number for number, token in enumerate(tokens)}, unk_token="<|unk|>"))
    tokenizer.normalizer = normalizers.Replace(Regex(r"\s"), "")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.add_special_tokens(
        [AddedToken(token, special=True, normalized=False) for token in [*SPECIALS, *TIMESTAMPS]]
    )
    tokenizer.save(str(path), pretty=False)
    assert tokenizer.token_to_id("<|0.00|>") == END + len(SPECIALS), "the tokenizer moved the special tokens"


def write_preprocessor(path: Path) -> None:
    path.write_text(
        json.dumps({"feature_size": 80, "sampling_rate": 16000, "hop_length": 160, "chunk_length": 30, "n_fft": 400})
        + "\n"
    )


def write_listening(path: Path) -> None:
    """How the model wants to be given clips: short, as those it was mostly trained on, each in a window of its own."""
    path.write_text(json.dumps({"clip_max_s": 4.0, "short_windows": True}) + "\n")
