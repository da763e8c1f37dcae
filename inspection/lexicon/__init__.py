"""Words: load and lint, fold, compile, scan, choose."""
