"""What forms share."""

CODE = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "class": "field--mono"}
"""Attributes of a field whose text is taken literally."""
