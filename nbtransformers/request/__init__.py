"""What was asked for: one frozen dataclass a task, with no IPython, torch, DataFrame or model in it."""

from nbtransformers.request.answer import AnswerRequest
from nbtransformers.request.classify import ClassifyRequest, parse_labels
from nbtransformers.request.entities import AGGREGATIONS, Aggregation, EntitiesRequest
from nbtransformers.request.fill import FillRequest, parse_targets
from nbtransformers.request.refs import DataKind, DataRef, ModelKind, ModelRef, Objects
from nbtransformers.request.run import DATA_TYPES, DEVICES, LONG_TEXT, DataType, LongText, RunOptions
from nbtransformers.request.tokenize import TokenizeRequest

Request = AnswerRequest | ClassifyRequest | EntitiesRequest | FillRequest | TokenizeRequest
"""Any request."""

__all__ = [
    "AGGREGATIONS",
    "DATA_TYPES",
    "DEVICES",
    "LONG_TEXT",
    "Aggregation",
    "AnswerRequest",
    "ClassifyRequest",
    "DataKind",
    "DataRef",
    "DataType",
    "EntitiesRequest",
    "FillRequest",
    "LongText",
    "ModelKind",
    "ModelRef",
    "Objects",
    "Request",
    "RunOptions",
    "TokenizeRequest",
    "parse_labels",
    "parse_targets",
]
