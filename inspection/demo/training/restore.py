"""A training checkpoint from an exported recogniser, to train on where the training folder itself is gone.

    python -m inspection.demo.training.restore MODEL_FOLDER WORK_FOLDER --encoder-layers 6

The weights are those of `model.bin`, to the eight bits that it keeps. Encoder layers beyond the exported ones begin as
layers that change nothing, so the grown model hears as before and learns from there. The syllable head, which is thrown
away at export, and the optimizer begin anew.
"""

from __future__ import annotations

import argparse
import struct
from pathlib import Path

import numpy as np
import torch

from .batches import SYLLABLES
from .network import Recogniser
from .recogniser import GROWN_STEP
from .tokens import TRAINED, export_tokens

NUMBERS = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
"""CTranslate2's numbers for the types of a stored variable (`python/ctranslate2/specs/model_spec.py`)."""


def variables(path: Path) -> dict[str, np.ndarray]:
    """The variables of a CTranslate2 `model.bin` (format 6), float32, whole numbers divided by their scales."""
    raw, at = path.read_bytes(), 0

    def take(form: str) -> int:
        nonlocal at
        (value,) = struct.unpack_from(f"<{form}", raw, at)
        at += struct.calcsize(f"<{form}")
        return value

    def text() -> str:
        nonlocal at
        length = take("H")
        at += length
        return raw[at - length : at - 1].decode()

    version, kind = take("I"), text()
    if (version, kind) != (6, "WhisperSpec"):
        raise SystemExit(f"{path}: format {version}, {kind}: only a Whisper of format 6 can be restored")
    take("I")
    stored = {}
    for _ in range(take("I")):
        name = text()
        shape = [take("I") for _ in range(take("B"))]
        number, length = take("B"), take("I")
        stored[name] = np.frombuffer(raw[at : at + length], NUMBERS[number]).reshape(shape)
        at += length
    return {name: _unscaled(name, stored) for name in stored if not name.endswith("_scale")}


def _unscaled(name: str, stored: dict[str, np.ndarray]) -> np.ndarray:
    value = stored[name].astype(np.float32)
    scale = stored.get(f"{name}_scale")
    return value if scale is None else value / scale.reshape(-1, *[1] * (value.ndim - 1))


def restored(exported: dict[str, np.ndarray], encoder_layers: int) -> Recogniser:
    """The network that was exported, its encoder grown to `encoder_layers`."""
    width = exported["encoder/conv1/bias"].shape[0]
    had, decoder_layers = (
        sum(f"{part}/layer_{n}/ffn/linear_0/bias" in exported for n in range(99)) for part in ("encoder", "decoder")
    )
    network = Recogniser(len(TRAINED), len(SYLLABLES), width, width // 64, encoder_layers, decoder_layers)
    state = {
        f"encoder.{conv}.{part}": exported[f"encoder/{conv}/{part}"]
        for conv in ("conv1", "conv2")
        for part in ("weight", "bias")
    }
    for part, layers in (("encoder", had), ("decoder", decoder_layers)):
        state |= _norm(exported, f"{part}/layer_norm", f"{part}.layer_norm")
        for number in range(layers):
            state |= _layer(exported, f"{part}/layer_{number}", f"{part}.layers.{number}")
    row_of = {token: row for row, token in enumerate(export_tokens())}
    untrained = row_of["<|unk|>"]
    state["decoder.embed_tokens.weight"] = exported["decoder/embeddings/weight"][
        [row_of.get(token, untrained) for token in TRAINED]
    ]
    state["decoder.embed_positions.weight"] = exported["decoder/position_encodings/encodings"]
    missing, unexpected = network.load_state_dict({k: torch.tensor(v) for k, v in state.items()}, strict=False)
    grown = tuple(f"encoder.layers.{number}." for number in range(had, encoder_layers))
    known = ("encoder.embed_positions", "syllable_head", *grown)
    assert not unexpected and all(name.startswith(known) for name in missing), (missing, unexpected)
    with torch.no_grad():
        for layer in network.encoder.layers[had:]:
            for last in (layer.self_attn.out_proj, layer.fc2):
                last.weight.zero_(), last.bias.zero_()
    return network


def _norm(exported: dict[str, np.ndarray], source: str, target: str) -> dict[str, np.ndarray]:
    return {f"{target}.weight": exported[f"{source}/gamma"], f"{target}.bias": exported[f"{source}/beta"]}


def _layer(exported: dict[str, np.ndarray], source: str, target: str) -> dict[str, np.ndarray]:
    """A layer's parameters; the exporter stacked the projections that are computed together and gave keys a bias."""
    state = _norm(exported, f"{source}/self_attention/layer_norm", f"{target}.self_attn_layer_norm")
    state |= _norm(exported, f"{source}/ffn/layer_norm", f"{target}.final_layer_norm")
    stacks = {
        f"{source}/self_attention": (f"{target}.self_attn", (("q_proj", "k_proj", "v_proj"), ("out_proj",))),
        f"{source}/ffn": (target, (("fc1",), ("fc2",))),
    }
    if f"{source}/attention/linear_0/weight" in exported:
        state |= _norm(exported, f"{source}/attention/layer_norm", f"{target}.encoder_attn_layer_norm")
        stacks[f"{source}/attention"] = (
            f"{target}.encoder_attn", (("q_proj",), ("k_proj", "v_proj"), ("out_proj",)),
        )  # fmt: skip
    for origin, (home, groups) in stacks.items():
        for number, names in enumerate(groups):
            for part in ("weight", "bias"):
                pieces = np.split(exported[f"{origin}/linear_{number}/{part}"], len(names))
                state |= {
                    f"{home}.{name}.{part}": piece
                    for name, piece in zip(names, pieces, strict=True)
                    if (name, part) != ("k_proj", "bias")
                }
    return state


def main() -> None:
    parser = argparse.ArgumentParser(description="A training checkpoint from an exported recogniser.")
    parser.add_argument("exported", type=Path, help="the folder of the exported model")
    parser.add_argument("work", type=Path, help="the training's --work folder; checkpoint.pt is written there")
    parser.add_argument("--encoder-layers", type=int, default=4)
    arguments = parser.parse_args()
    network = restored(variables(arguments.exported / "model.bin"), arguments.encoder_layers)
    arguments.work.mkdir(parents=True, exist_ok=True)
    saved = {"network": network.state_dict(), "optimizer": None, "sizes": network.sizes}
    torch.save({**saved, "step": GROWN_STEP, "spent_s": 0.0}, arguments.work / "checkpoint.pt")


if __name__ == "__main__":
    main()
