"""One set of settings for the house: defaults here, then `inspection.toml`, then the environment.

`inspection.toml` lives in the firm's working folder; relative paths in it are relative to that folder. An environment
variable such as `INSPECTION_SPEECH__BATCH_SIZE=16` wins over the file. Unknown keys are refused by name.
"""

from __future__ import annotations

import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from inspection.errors import SettingsError

PACKAGE = Path(__file__).parent
DEMO_MODELS = PACKAGE / "demo" / "models"


class Section(BaseModel):
    """A part of the settings; a misspelt key is an error, not a silent default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DialerSettings(Section):
    """Where the stored outcomes come from. The connection is only ever read."""

    name: str = "dialer"
    kind: Literal["mapping", "vicidial", "asterisk"] = "mapping"
    url: SecretStr = SecretStr("")
    """SQLAlchemy address of the dialer's database, or the path of a CSV, Excel or Parquet file (kind = mapping)."""
    mapping: Path | None = None
    """YAML file that names, for each column of the attempts contract, the source's column or a constant."""
    dispositions: Path | None = None
    """YAML file from the dialer's outcome codes to the canonical set; default: dispositions.yaml of the rulebook."""


Pair = Annotated[str, Field(pattern=r"^\w+/\w+$")]


class RecordingSettings(Section):
    """Where the recordings lie."""

    roots: tuple[str, ...] = ("recordings",)
    """Folders or addresses (file, http, sftp, s3) that may be read; nothing outside them ever is."""
    pattern: str = "**/*"
    max_bytes: int = Field(500_000_000, gt=0)
    min_ms: int = Field(1_000, ge=0)
    max_ms: int = Field(3 * 3600 * 1000, gt=0)
    settle_s: float = Field(30.0, ge=0)
    """A recording modified less than this many seconds ago is taken to be still growing."""
    sides: tuple[Pair, ...] = ("in/out", "rx/tx", "l/r", "left/right")
    """Endings of two mono files that hold a side of one call each (`x-in.wav`, `x-out.wav`); the first named becomes
    the left channel, so `speech.agent_channel` says whose it is. Empty: no files are joined so."""


class Listening(Section):
    """What a recogniser was trained for, in `listening.json` beside it; the defaults suit every full-size Whisper."""

    clip_max_s: float = Field(28.0, gt=0, le=30)
    short_windows: bool = False


@cache
def _listening_of(path: Path) -> Listening:
    """Raises SettingsError naming the file and the field."""
    if not path.is_file():
        return Listening()
    try:
        return Listening.model_validate_json(path.read_text("utf-8"))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "content"
        raise SettingsError(f"{path}: {place}: {first['msg']}") from None


class SpeechSettings(Section):
    """Everything in this section that can change a word is part of the speech fingerprint."""

    recogniser: str = str(DEMO_MODELS / "recogniser")
    """Directory of a CTranslate2 Whisper model, or a hub name such as `Systran/faster-whisper-large-v3`."""
    recogniser_revision: str | None = None
    diarizer: str = str(DEMO_MODELS / "diarization")
    """Directory of a pyannote pipeline (config.yaml), or a hub name."""
    diarizer_revision: str | None = None
    language: str = "zh"
    device: Literal["cpu", "cuda", "auto"] = "cpu"
    compute_type: str = "int8"
    cpu_threads: int = Field(0, ge=0)
    """0 lets CTranslate2 take all cores."""
    batch_size: int = Field(8, ge=1)
    calls_per_task: int = Field(100, ge=1)
    """Calls in one task of the flow; a killed run repeats at most the unfinished calls of one."""
    calls_per_batch: int = Field(16, ge=1)
    """Calls whose speech is laid together so that batches stay full; also bounds the memory of a run."""
    clip_max_s: float | None = Field(None, gt=0, le=30)
    """Longest stretch of speech given to the recogniser at once; unset: what its `listening.json` says, else 28."""
    short_windows: bool | None = None
    """Whether the encoder's window may be as short as the clip; unset: what its `listening.json` says, else no."""
    allow_download: bool = False
    """True lets a model given by its hub name be downloaded; otherwise it has to lie in the hub's local cache."""
    beam_size: int = Field(5, ge=1)
    hotwords: tuple[str, ...] = ()
    min_word_probability: float = Field(0.35, ge=0, le=1)
    """Below it, a word is too weak to accuse or to clear anyone."""
    min_role_confidence: float = Field(0.6, ge=0, le=1)
    agent_channel: Literal["left", "right", "unknown"] = "unknown"
    """The dialer's wiring, where the dialer itself does not say it per call."""

    @property
    def longest_clip_s(self) -> float:
        """`clip_max_s`, or what suits the recogniser."""
        return self.clip_max_s or self._trained_for.clip_max_s

    @property
    def windows_fit_clips(self) -> bool:
        """`short_windows`, or what suits the recogniser: Whisper models expect their full window of 30 s."""
        return self._trained_for.short_windows if self.short_windows is None else self.short_windows

    @property
    def _trained_for(self) -> Listening:
        return _listening_of(Path(self.recogniser).expanduser() / "listening.json")


class RulebookSettings(Section):
    path: Path = Path("lexicons/zh-CN")


class StoreSettings(Section):
    root: str = "out/store"
    transcripts: Path = Path("out/transcripts")
    """Immutable transcripts, keyed by audio SHA-256 and speech fingerprint."""
    work: Path = Path("out/work")
    """The unfinished day; may be deleted when no run is going on."""
    reviewed_roles: Path = Path("out/reviewed_roles.csv")
    """Calls whose agent a person named (`inspection roles CALL_ID --agent 0`); a CSV that may be edited."""


class PublishSettings(Section):
    url: SecretStr = SecretStr("")
    """SQLAlchemy address of the database that receives the results; empty: results stay in the store."""
    outcomes_table: str = ""
    """The dialer's own table in that database, for a view that stands beside it; `inspection publish --prepare`."""
    outcomes_call_id: str = "call_id"
    outcomes_code: str = "status"


class ReportSettings(Section):
    folder: Path = Path("out/reports")
    language: Literal["zh", "en"] = "zh"
    trend_days: int = Field(30, ge=1)
    small_number: int = Field(30, ge=1)
    """Shares of fewer calls than this are marked as small."""
    evidence_pages: int = Field(300, ge=0)
    """Most evidence pages a day makes by itself, the gravest calls first; others on request."""


class PrivacySettings(Section):
    pseudonym_key: SecretStr = SecretStr("")
    """Key of the keyed hash that turns debtors and numbers into pseudonyms; set it per firm and keep it secret."""
    retention_days: int = Field(5 * 365, ge=1)
    """Years kept after the call (5 a: 消费金融公司管理办法; 2 a for cards: 信用卡办法 Art. 68)."""


class NotifySettings(Section):
    webhook: SecretStr = SecretStr("")
    smtp_url: SecretStr = SecretStr("")
    recipients: tuple[str, ...] = ()


def _known_zone(name: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"unknown time zone {name!r}; use an IANA name such as Asia/Shanghai") from error
    return name


class Settings(BaseSettings):
    """All settings. Build it with `load`, which reads the file and explains mistakes."""

    model_config = SettingsConfigDict(
        env_prefix="INSPECTION_",
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        nested_model_default_partial_update=True,
    )

    firm: str = "示例银行"
    timezone: Annotated[str, AfterValidator(_known_zone)] = "Asia/Shanghai"
    dialer: DialerSettings = DialerSettings()
    recordings: RecordingSettings = RecordingSettings()
    speech: SpeechSettings = SpeechSettings()
    rulebook: RulebookSettings = RulebookSettings()
    store: StoreSettings = StoreSettings()
    publish: PublishSettings = PublishSettings()
    report: ReportSettings = ReportSettings()
    privacy: PrivacySettings = PrivacySettings()
    notify: NotifySettings = NotifySettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        **_: Any,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, init_settings


def load(path: Path | None = None, *, must_exist: bool = False) -> Settings:
    """Settings from `path` (default: `inspection.toml` in the current folder, if there is one) and the environment.

    must_exist: a run takes no defaults for a file that is not where it is looked for.

    Raises SettingsError naming the file and the key for anything unknown or out of range.
    """
    path = path or Path("inspection.toml")
    content: dict[str, Any] = {}
    if path.exists():
        try:
            content = tomllib.loads(path.read_text("utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: not valid TOML: {error}") from error
        except OSError as error:
            raise SettingsError(f"{path}: cannot be read: {error.strerror}") from error
    elif must_exist or path.name != "inspection.toml" or path.parent != Path("."):
        raise SettingsError(f"{path}: no such settings file; `inspection init DIR` writes one")
    try:
        settings = Settings(**content)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        key = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path}: {key}: {first['msg']}") from None
    return _anchored(settings, path.parent.resolve())


def _anchored(settings: Settings, base: Path) -> Settings:
    """Relative paths of the file are relative to the file's folder, whatever the current folder is."""

    def anchor(value: str | Path) -> Path:
        return value if Path(value).is_absolute() else base / value

    roots = tuple(root if "://" in root else str(anchor(root)) for root in settings.recordings.roots)
    store_root = settings.store.root if "://" in settings.store.root else str(anchor(settings.store.root))
    dialer = {key: anchor(value) for key in ("mapping", "dispositions") if (value := getattr(settings.dialer, key))}
    speech = {
        key: str(base / value)
        for key in ("recogniser", "diarizer")
        if (base / (value := getattr(settings.speech, key))).exists()
    }
    return settings.model_copy(
        update={
            "dialer": settings.dialer.model_copy(update=dialer),
            "recordings": settings.recordings.model_copy(update={"roots": roots}),
            "speech": settings.speech.model_copy(update=speech),
            "rulebook": RulebookSettings(path=anchor(settings.rulebook.path)),
            "store": StoreSettings(
                root=store_root,
                **{key: anchor(getattr(settings.store, key)) for key in ("transcripts", "work", "reviewed_roles")},
            ),
            "report": settings.report.model_copy(update={"folder": anchor(settings.report.folder)}),
        }
    )


def yesterday(timezone: str) -> date:
    """The business date that a nightly run inspects: the day before now in the firm's timezone."""
    from datetime import datetime, timedelta
    from zoneinfo import ZoneInfo

    return (datetime.now(ZoneInfo(timezone)) - timedelta(days=1)).date()
