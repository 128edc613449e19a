"""Formats: what is written is read back equal, and what strangers write does no harm."""
