"""Write small models as checkpoints that `pyannote.audio` loads like any published one, in few bytes.

Loading copies the stored tensors into float32 parameters, so a checkpoint may store them in a smaller type. Half
precision is enough everywhere; the x-vector's convolutions are stored as whole numbers of 8 bits, see `folded_to_int8`.
"""

from __future__ import annotations

from pathlib import Path

import lightning
import pyannote.audio
import torch
from pyannote.audio import Model


def save(model: Model, state: dict[str, torch.Tensor], folder: Path) -> Path:
    """Write `folder`/pytorch_model.bin, the file that `Model.from_pretrained(folder)` opens. Returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "pytorch_model.bin"
    torch.save(
        {
            "state_dict": state,
            "hyper_parameters": dict(model.hparams),
            "pyannote.audio": {
                "versions": {"torch": torch.__version__, "pyannote.audio": pyannote.audio.__version__},
                "architecture": {"module": type(model).__module__, "class": type(model).__name__},
                "specifications": model.specifications,
            },
            "pytorch-lightning_version": lightning.__version__,
        },
        path,
    )
    return path


def halved(model: Model) -> dict[str, torch.Tensor]:
    """The state with every floating-point tensor in half precision."""
    return {
        name: tensor.detach().half() if tensor.is_floating_point() else tensor.detach()
        for name, tensor in model.state_dict().items()
    }


def folded_to_int8(model: Model) -> dict[str, torch.Tensor]:
    """The x-vector's state with its convolution weights in int8, the rest in half or full precision.

    Each output channel's weights are divided by a step so that they fit ±127. What follows a convolution is a leaky
    ReLU, which keeps a positive factor as it is, and a batch normalisation, which takes the factor out again when its
    stored mean and variance are scaled alike. So the numbers need no unpacking when they are loaded.
    """
    state = halved(model)
    for index in range(0, len(model.tdnns), 3):
        convolution, norm = model.tdnns[index], model.tdnns[index + 2]
        weight = convolution.weight.detach()
        step = weight.abs().amax(dim=(1, 2)) / 127
        variance = (norm.running_var + norm.eps) / step**2 - norm.eps
        state[f"tdnns.{index}.weight"] = torch.round(weight / step[:, None, None]).to(torch.int8)
        state[f"tdnns.{index}.bias"] = convolution.bias.detach() / step
        state[f"tdnns.{index + 2}.running_mean"] = norm.running_mean / step
        state[f"tdnns.{index + 2}.running_var"] = variance
    return state
