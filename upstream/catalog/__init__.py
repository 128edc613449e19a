"""The APIs as data: what each reference documents, read by the form, the judge, the reference page and the docs.

One TOML file per API; words and controls that several APIs share stand in `common.toml`.
"""

from upstream.catalog.judge import (
    Judgement,
    JudgementWarning,
    OtherType,
    OutOfRange,
    TooManyItems,
    UnknownChoice,
)
from upstream.catalog.loader import API_IDS, UnknownApi, api, apis
from upstream.catalog.model import Api, Field, Group, Images, Parameter, Reference, Slider, Words
from upstream.catalog.table import CatalogError

__all__ = [
    "API_IDS",
    "Api",
    "CatalogError",
    "Field",
    "Group",
    "Images",
    "Judgement",
    "JudgementWarning",
    "OtherType",
    "OutOfRange",
    "Parameter",
    "Reference",
    "Slider",
    "TooManyItems",
    "UnknownApi",
    "UnknownChoice",
    "Words",
    "api",
    "apis",
]
