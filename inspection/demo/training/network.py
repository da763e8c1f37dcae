"""A small Whisper: the published architecture with the parameter names that the CTranslate2 converter reads.

Written out here, and not taken from a library, for three things a short training needs:
- cross-attention weights come out, so that attention can be guided by the true times of the characters;
- windows are trimmed to the speech, while the model still learns to live in the fixed window of 3,000 frames
  (see `Encoder.forward`);
- the vocabulary is small in training and padded only at export.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

WINDOW_POSITIONS = 1500  # encoder positions of the fixed 30 s window, 20 ms each
TEXT_POSITIONS = 448
SAMPLED_PADDING = 24


class Attention(nn.Module):
    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.q_proj, self.v_proj, self.out_proj = (nn.Linear(width, width) for _ in range(3))
        self.k_proj = nn.Linear(width, width, bias=False)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x: Tensor, memory: Tensor, mask: Tensor) -> Tensor:
        """x (batch, n, width), memory (batch, m, width), mask added to the scores (batch, heads, n, m)."""
        q, k, v = self._split(self.q_proj(x)), self._split(self.k_proj(memory)), self._split(self.v_proj(memory))
        # written out: on a CPU in bfloat16 this is three times as quick as the library's fused attention
        weights = (q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1]) + mask.to(q.dtype)).softmax(-1)
        return self.out_proj((weights @ v).transpose(1, 2).flatten(2))

    def watched(self, x: Tensor, memory: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The same, with the attention weights (batch, heads, n, m) in float32."""
        q, k, v = self._split(self.q_proj(x)), self._split(self.k_proj(memory)), self._split(self.v_proj(memory))
        scores = (q @ k.transpose(-1, -2)).float() / math.sqrt(q.shape[-1]) + mask
        weights = scores.softmax(-1)
        return self.out_proj((weights.to(v.dtype) @ v).transpose(1, 2).flatten(2)), weights


class Layer(nn.Module):
    def __init__(self, width: int, heads: int, crossed: bool):
        super().__init__()
        self.self_attn, self.self_attn_layer_norm = Attention(width, heads), nn.LayerNorm(width)
        if crossed:
            self.encoder_attn, self.encoder_attn_layer_norm = Attention(width, heads), nn.LayerNorm(width)
        self.fc1, self.fc2, self.final_layer_norm = (
            nn.Linear(width, 4 * width),
            nn.Linear(4 * width, width),
            nn.LayerNorm(width),
        )
        self.activation_fn = nn.GELU()

    def attend(self, x: Tensor, mask: Tensor) -> Tensor:
        normed = self.self_attn_layer_norm(x)
        return x + self.self_attn(normed, normed, mask)

    def feed(self, x: Tensor) -> Tensor:
        return x + self.fc2(self.activation_fn(self.fc1(self.final_layer_norm(x))))


class Encoder(nn.Module):
    def __init__(self, width: int, heads: int, layers: int, mels: int = 80):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv1d(mels, width, 3, padding=1), nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(WINDOW_POSITIONS, width)
        self.embed_positions.weight = nn.Parameter(sinusoids(WINDOW_POSITIONS, width), requires_grad=False)
        self.layers = nn.ModuleList(Layer(width, heads, crossed=False) for _ in range(layers))
        self.layer_norm = nn.LayerNorm(width)

    def _listen(self, features: Tensor) -> Tensor:
        x = functional.gelu(self.conv1(features.transpose(1, 2)))
        return functional.gelu(self.conv2(x)).transpose(1, 2)

    @staticmethod
    def _window(inside: int, generator: torch.Generator) -> int:
        whole, share = torch.rand(2, generator=generator).tolist()
        longest = WINDOW_POSITIONS - inside
        return WINDOW_POSITIONS if whole < 0.5 else inside + max(1, round(longest * share**3))

    def forward(self, features: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Features (batch, frames, 80), zero after each utterance → states (batch, m, width), mask (m,) for attention.

        The product's window goes on with zeros up to 3,000 frames. Running all of it would make a step ten times as
        long, so a few positions of that silence are drawn and each stands for many: its attention score is raised by
        the logarithm of how many. Their input is exact, because zeros give the same convolution everywhere.

        CTranslate2 takes shorter windows too, and a short window is ten times less work, so half of the steps end
        their window somewhere before 30 s and the model minds neither.
        """
        x = self._listen(features)
        inside = x.shape[1]
        silence = self._listen(features.new_zeros(1, 16, features.shape[2]))[:, 4:5]
        window = self._window(inside, generator)
        drawn = torch.randint(inside, window, (SAMPLED_PADDING,), generator=generator)
        positions = self.embed_positions.weight
        x = torch.cat([x + positions[:inside], (silence + positions[drawn]).expand(len(x), -1, -1)], 1)
        mask = torch.zeros(x.shape[1])
        mask[inside:] = math.log((window - inside) / SAMPLED_PADDING)
        for layer in self.layers:
            x = layer.feed(layer.attend(x, mask[None, None, None]))
        return self.layer_norm(x), mask


class Decoder(nn.Module):
    def __init__(self, width: int, heads: int, layers: int, vocabulary: int):
        super().__init__()
        self.embed_tokens, self.embed_positions = nn.Embedding(vocabulary, width), nn.Embedding(TEXT_POSITIONS, width)
        self.layers = nn.ModuleList(Layer(width, heads, crossed=True) for _ in range(layers))
        self.layer_norm = nn.LayerNorm(width)

    def forward(self, tokens: Tensor, memory: Tensor, memory_mask: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Tokens (batch, n) → scores (batch, n, vocabulary), and each layer's cross-attention (batch, heads, n, m)."""
        n = tokens.shape[1]
        x = self.embed_tokens(tokens) + self.embed_positions.weight[:n]
        causal = torch.full((n, n), -1e4).triu(1)
        watched = []
        for layer in self.layers:
            x = layer.attend(x, causal[None, None])
            heard, weights = layer.encoder_attn.watched(layer.encoder_attn_layer_norm(x), memory, memory_mask)
            watched.append(weights)
            x = layer.feed(x + heard)
        return self.layer_norm(x) @ self.embed_tokens.weight.T, watched


class Recogniser(nn.Module):
    """Encoder, decoder, and a head on the encoder (thrown away at export) that names the syllable at each position."""

    def __init__(  # noqa: PLR0917 - saved with the checkpoint in this order
        self,
        vocabulary: int,
        syllables: int,
        width: int = 128,
        heads: int = 2,
        encoder_layers: int = 4,
        decoder_layers: int = 2,
    ):
        super().__init__()
        self.sizes = (vocabulary, syllables, width, heads, encoder_layers, decoder_layers)
        self.encoder, self.decoder = (
            Encoder(width, heads, encoder_layers),
            Decoder(width, heads, decoder_layers, vocabulary),
        )
        self.syllable_head = nn.Linear(width, syllables)
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1 and parameter.requires_grad and "conv" not in name:
                nn.init.normal_(parameter, std=0.02 if "embed" in name else parameter.shape[1] ** -0.5)
            elif name.endswith("bias"):
                nn.init.zeros_(parameter)


def sinusoids(length: int, width: int) -> Tensor:
    """Whisper's fixed position code (length, width): sines, then cosines, of wave lengths from 2π to 10,000 · 2π."""
    rates = torch.exp(-math.log(10000) / (width // 2 - 1) * torch.arange(width // 2))
    angles = torch.arange(length)[:, None] * rates[None]
    return torch.cat([angles.sin(), angles.cos()], 1)
