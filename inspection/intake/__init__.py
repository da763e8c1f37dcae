"""Dialer outcomes and recordings come in: connectors, matching, reconciliation."""
