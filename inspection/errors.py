"""The one exception tree, and the closed list of reasons for which a call is not inspected.

InspectionError                an expected failure: one clear line, its own exit code, no traceback
├── UsageError          2      a wrong argument or path on the command line
├── SettingsError       3      inspection.toml, environment
├── RulebookError       4      lexicon, script, rule or scorecard
├── IntakeError         5      dialer or recordings cannot be read
├── SpeechError         6      a model is missing or does not load
├── GateError           7      a data gate failed: nothing was published
├── ResultsError        8      store or publication cannot be written
└── InputError          9      a line of an input file is wrong
ContractError                  a bug: a room made a table that breaks tables.py; keeps its traceback
"""

from __future__ import annotations


class InspectionError(Exception):
    """An expected failure; `str(error)` is one line that names file, place and remedy, and holds no personal data.

    It is masked here, once, because it travels far: to the terminal, the scheduler's database, logs and mails.
    """

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        from inspection.privacy import mask  # looked up late: privacy raises these errors

        super().__init__(mask(str(message)))


class UsageError(InspectionError):
    exit_code = 2


class SettingsError(InspectionError):
    exit_code = 3


class RulebookError(InspectionError):
    exit_code = 4


class IntakeError(InspectionError):
    exit_code = 5


class SpeechError(InspectionError):
    exit_code = 6


class GateError(InspectionError):
    exit_code = 7


class ResultsError(InspectionError):
    exit_code = 8


class InputError(InspectionError):
    exit_code = 9


class ContractError(Exception):
    """A room broke the contract of tables.py; a bug, never a user's mistake."""


SKIP_REASONS = {
    "not_connected": "nobody answered, so there is nothing to hear",
    "recording_missing": "the dialer counts talk time but no recording was found",
    "recording_empty": "the recording has no bytes",
    "recording_truncated": "the recording ends in the middle of its data and too little of it can be heard",
    "recording_unreadable": "no decoder knows the recording's format",
    "recording_duplicate": "the same audio was already inspected for another call of the day",
    "recording_part": "other recordings of the same call hold its sound and were heard; this one was not",
    "recording_growing": "the recording was still being written",
    "recording_forbidden": "the location lies outside the allowed folders or hosts",
    "recording_too_long": "the recording exceeds the configured limit",
    "outcome_missing": "a recording without an outcome in the dialer",
    "silent": "the recording holds no sound",
    "no_speech": "the recording holds sound but no speech",
    "too_short": "the recording is shorter than the configured minimum",
    "speech_error": "listening failed on this recording; the run is marked red",
}
