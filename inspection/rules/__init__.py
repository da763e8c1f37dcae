"""Judgement: script, identity, conditions, cross-call rules, scorecard."""
