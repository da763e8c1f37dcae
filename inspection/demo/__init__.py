"""The sample day and the small offline speech models."""
