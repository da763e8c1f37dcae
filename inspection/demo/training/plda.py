"""Fit the PLDA that the diarization pipeline always loads, from the embeddings of the training voices.

    python -m inspection.demo.training.plda

A minute on 2 cores, after the embedding model. Two files: xvec_transform.npz centres, whitens and reduces an embedding
by linear discriminants (`mean1`, `mean2`, `lda`), and plda.npz (`mu`, `tr`, `psi`) diagonalises the spread between
voices in a space where the spread within a voice is the identity. Agglomerative clustering does not use them; VBx does.
"""

from __future__ import annotations

import numpy as np
from pyannote.audio import Model
from scipy.linalg import eigh

from inspection.demo.training.embedding import embed
from inspection.demo.training.mixtures import MODELS, training_mixtures
from inspection.demo.training.segmentation import TRAINING_CALLS, build, frame_centres_ms

LDA_DIMENSION = 32
WINDOWS = 3_200


def spread(vectors: np.ndarray, voices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Covariance within voices and between their means, both (d, d), for vectors (n, d) and voices (n,)."""
    means = np.stack([vectors[voices == voice].mean(axis=0) for voice in np.unique(voices)])
    inner = vectors - means[np.unique(voices, return_inverse=True)[1]]
    ridge = 1e-4 * np.trace(np.cov(vectors.T)) / vectors.shape[1] * np.eye(vectors.shape[1])
    return inner.T @ inner / len(inner) + ridge, np.cov(means.T) + ridge


def unit(vectors: np.ndarray) -> np.ndarray:
    """Rows at length one."""
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def discriminants(vectors: np.ndarray, voices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Axes (d, d), best first, on which voices spread most for their inner spread of one, and that spread (d,)."""
    within, between = spread(vectors, voices)
    gains, axes = eigh(between, within)
    return axes[:, ::-1], gains[::-1]


def main() -> None:
    """Embed windows of the training voices and write both files."""
    model = Model.from_pretrained(MODELS / "embedding")
    vectors, voices = embed(model, training_mixtures(TRAINING_CALLS), frame_centres_ms(build()), WINDOWS, seed=7)
    vectors = vectors.astype(np.float64)
    mean1 = vectors.mean(axis=0)
    centred = np.sqrt(vectors.shape[1]) * unit(vectors - mean1)
    lda = discriminants(centred, voices)[0][:, :LDA_DIMENSION]
    reduced = centred @ lda
    mean2 = reduced.mean(axis=0)
    reduced = np.sqrt(LDA_DIMENSION) * unit(reduced - mean2)
    axes, psi = discriminants(reduced, voices)
    folder = MODELS / "plda"
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / "xvec_transform.npz", mean1=mean1, mean2=mean2, lda=lda)
    np.savez(folder / "plda.npz", mu=reduced.mean(axis=0), tr=axes.T, psi=psi)
    print(f"{len(vectors)} windows of {len(np.unique(voices))} voices, spread between {psi[0]:.1f} to {psi[-1]:.2f}")


if __name__ == "__main__":
    main()
