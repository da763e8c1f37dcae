"""Offline quality inspection of debt-collection calls: audio in, defensible findings out."""
