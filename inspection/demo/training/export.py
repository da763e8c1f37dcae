"""From a training checkpoint to the folder that `faster_whisper.WhisperModel(path)` loads.

python -m inspection.demo.training.export CHECKPOINT FOLDER
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import torch

from .network import Recogniser
from .tokens import END, LANGUAGES, export_rows, export_tokens, write_listening, write_preprocessor, write_tokenizer

MODEL_FILES = (
    "model.bin",
    "config.json",
    "vocabulary.json",
    "tokenizer.json",
    "preprocessor_config.json",
    "listening.json",
)


def export(network: Recogniser, folder: Path, quantization: str = "int8") -> None:
    """Write the model's files into `folder`, replacing a former model only when all of them are there."""
    from ctranslate2.converters.transformers import WhisperLoader
    from ctranslate2.specs import whisper_spec

    weights = {name: value.detach().float().clone() for name, value in network.state_dict().items()}
    full = _with_vocabulary(network, weights)
    encoder, decoder = full.encoder, full.decoder
    decoder_layers, heads = len(decoder.layers), decoder.layers[0].encoder_attn.heads
    spec = whisper_spec.WhisperSpec(len(encoder.layers), encoder.layers[0].self_attn.heads, decoder_layers, heads)
    loader = WhisperLoader()
    for part in (encoder, decoder):  # what the converter asks of a configured model
        part.config = type("Config", (), {"scale_embedding": False})()
    loader.set_encoder(spec.encoder, encoder)
    loader.set_decoder(spec.decoder, decoder)
    loader.set_linear(spec.decoder.projection, decoder.embed_tokens)
    spec.register_vocabulary(export_tokens())
    spec.config.suppress_ids, spec.config.suppress_ids_begin = [], [END]
    spec.config.alignment_heads = [[decoder_layers - 1, head] for head in range(heads)]
    spec.config.lang_ids = list(range(END + 2, END + 2 + len(LANGUAGES)))
    spec.validate()
    spec.optimize(quantization=quantization)
    with tempfile.TemporaryDirectory() as made:
        spec.save(made)
        write_tokenizer(Path(made) / "tokenizer.json")
        write_preprocessor(Path(made) / "preprocessor_config.json")
        write_listening(Path(made) / "listening.json")
        folder.mkdir(parents=True, exist_ok=True)
        for name in MODEL_FILES:
            shutil.copy(Path(made) / name, folder / (name + ".new"))
        for name in MODEL_FILES:
            (folder / (name + ".new")).replace(folder / name)


def _with_vocabulary(network: Recogniser, weights: dict) -> Recogniser:
    width = weights["decoder.embed_tokens.weight"].shape[1]
    weights["decoder.embed_tokens.weight"] = weights["decoder.embed_tokens.weight"][export_rows()]
    full = Recogniser(
        len(weights["decoder.embed_tokens.weight"]), len(weights["syllable_head.weight"]), width,
        network.decoder.layers[0].encoder_attn.heads, len(network.encoder.layers), len(network.decoder.layers),
    )  # fmt: skip
    full.load_state_dict(weights)
    return full.eval()


def load_network(checkpoint: Path) -> Recogniser:
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    network = Recogniser(*saved["sizes"])
    network.load_state_dict(saved["network"])
    return network


def main() -> None:
    parser = argparse.ArgumentParser(description="Export a training checkpoint for faster-whisper.")
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("folder", type=Path)
    arguments = parser.parse_args()
    export(load_network(arguments.checkpoint), arguments.folder)
    size = sum((arguments.folder / name).stat().st_size for name in MODEL_FILES)
    print(f"{arguments.folder}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
