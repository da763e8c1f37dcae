"""Offline quality inspection of debt-collection calls: audio in, defensible findings out. Nothing calls home."""

from inspection import offline

offline.silence()
