"""What was asked for: one frozen dataclass a task, with no IPython, torch, DataFrame or model in it."""

from nbtransformers.request.classify import ClassifyRequest, parse_labels
from nbtransformers.request.entities import AGGREGATIONS, Aggregation, EntitiesRequest
from nbtransformers.request.refs import DataKind, DataRef, ModelKind, ModelRef, Objects
from nbtransformers.request.run import DATA_TYPES, DEVICES, LONG_TEXT, DataType, LongText, RunOptions
from nbtransformers.request.tokenize import TokenizeRequest

Request = ClassifyRequest | EntitiesRequest | TokenizeRequest
"""Any request."""

__all__ = [
    "AGGREGATIONS",
    "DATA_TYPES",
    "DEVICES",
    "LONG_TEXT",
    "Aggregation",
    "ClassifyRequest",
    "DataKind",
    "DataRef",
    "DataType",
    "EntitiesRequest",
    "LongText",
    "ModelKind",
    "ModelRef",
    "Objects",
    "Request",
    "RunOptions",
    "TokenizeRequest",
    "parse_labels",
]
