"""An exported recogniser becomes a training checkpoint again: the same weights, also when its encoder is grown."""

import ctranslate2
import numpy as np
import pytest
import torch
from faster_whisper.feature_extractor import FeatureExtractor

from inspection.demo.prepare import DAY
from inspection.demo.training.restore import restored, variables
from inspection.demo.training.tokens import END, NUMBER, TRAINED, export_tokens
from inspection.settings import DEMO_MODELS
from inspection.speech.decode import RATE_HZ, decode

MODEL = DEMO_MODELS / "recogniser"
FROM_S, CLIP_S = 5, 3


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    path = min((DAY / "recordings").rglob("*131_1052.wav"))
    samples = decode(path.read_bytes(), name=path.name).samples[0][FROM_S * RATE_HZ : (FROM_S + CLIP_S) * RATE_HZ]
    features = FeatureExtractor(feature_size=80)(samples)[None, :, : 100 * CLIP_S]
    return np.pad(features, ((0, 0), (0, 0), (0, 100)))  # a window goes on with nothing after the clip


def states(network, features: np.ndarray) -> torch.Tensor:
    """The encoder's states of the whole window."""
    encoder = network.encoder
    x = encoder._listen(torch.tensor(features).transpose(1, 2))
    x = x + encoder.embed_positions.weight[: x.shape[1]]
    for layer in encoder.layers:
        x = layer.feed(layer.attend(x, torch.zeros(1, 1, 1, x.shape[1])))
    return encoder.layer_norm(x)


def written(network, features: np.ndarray, length: int) -> list[str]:
    """The likeliest tokens, one after the other."""
    memory = states(network, features)
    tokens = ["<|startoftranscript|>", "<|zh|>", "<|transcribe|>", "<|notimestamps|>"]
    for _ in range(length):
        numbers = torch.tensor([[NUMBER[token] for token in tokens]])
        scores, _ = network.decoder(numbers, memory, torch.zeros(memory.shape[1]))
        tokens.append(TRAINED[int(scores[0, -1].argmax())])
    return tokens[4:]


@pytest.mark.parametrize("more_layers", [0, 2])
@torch.inference_mode()
def test_the_restored_network_writes_what_the_exported_one_writes(features, more_layers):
    stored = variables(MODEL / "model.bin")
    layers = sum(f"encoder/layer_{number}/ffn/linear_0/bias" in stored for number in range(99))
    network = restored(stored, layers + more_layers)
    exported = ctranslate2.models.Whisper(str(MODEL), compute_type="float32")
    heard = exported.encode(ctranslate2.StorageView.from_array(np.ascontiguousarray(features)))
    np.testing.assert_allclose(states(network, features).numpy(), np.array(heard), atol=1e-3)
    names = export_tokens()
    prompt = [END + 1, *(names.index(token) for token in ("<|zh|>", "<|transcribe|>", "<|notimestamps|>"))]
    said = exported.generate(heard, [prompt], beam_size=1, max_length=40)[0].sequences_ids[0]
    assert len(said) > 4
    assert written(network, features, len(said)) == [names[number] for number in said]


def test_another_kind_of_file_is_refused(tmp_path):
    (tmp_path / "model.bin").write_bytes(b"\x06\0\0\0\x04\0Bert"[:9] + b"\0" + b"\0" * 8)
    with pytest.raises(SystemExit, match="only a Whisper"):
        variables(tmp_path / "model.bin")
