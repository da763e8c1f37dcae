"""Results: store (Parquet), publish (SQL), explain, gates (data validation)."""
