"""Audio in, transcript out: decode, channels, diarize, transcribe, roles, acoustics."""
