"""What was asked for: one frozen dataclass a task, with no IPython, torch, DataFrame or model in it."""

from nbtransformers.request.answer import AnswerRequest
from nbtransformers.request.attention import AttentionRequest
from nbtransformers.request.classify import ClassifyRequest, parse_labels
from nbtransformers.request.conversation import conversation_fault, is_conversation
from nbtransformers.request.decoding import DecodingOptions, parse_stop_strings
from nbtransformers.request.embed import POOLINGS, EmbedRequest, Pooling
from nbtransformers.request.entities import AGGREGATIONS, Aggregation, EntitiesRequest
from nbtransformers.request.explain import BASELINES, METHODS, USED_BY, Baseline, ExplainRequest, Method, parse_methods
from nbtransformers.request.fill import FillRequest, parse_targets
from nbtransformers.request.finetune import (
    ADAPTER_METHODS,
    TRAINING_METHODS,
    TRAINING_TASKS,
    FinetuneRequest,
    TrainingMethod,
    TrainingTask,
)
from nbtransformers.request.generate import GenerateRequest
from nbtransformers.request.positions import PositionsRequest
from nbtransformers.request.refs import DataKind, DataRef, ModelKind, ModelRef, Objects
from nbtransformers.request.run import DATA_TYPES, DEVICES, LONG_TEXT, DataType, LongText, RunOptions
from nbtransformers.request.similar import MEASURES, Measure, SimilarRequest
from nbtransformers.request.summarize import OF_PARTS, OfParts, SummarizeRequest
from nbtransformers.request.tokenize import TokenizeRequest
from nbtransformers.request.translate import PARTS_OF, PartsOf, TranslateRequest

Request = (
    AnswerRequest
    | AttentionRequest
    | ClassifyRequest
    | EmbedRequest
    | EntitiesRequest
    | ExplainRequest
    | FillRequest
    | FinetuneRequest
    | GenerateRequest
    | PositionsRequest
    | SimilarRequest
    | SummarizeRequest
    | TokenizeRequest
    | TranslateRequest
)
"""Any request."""

__all__ = [
    "ADAPTER_METHODS",
    "AGGREGATIONS",
    "BASELINES",
    "DATA_TYPES",
    "DEVICES",
    "LONG_TEXT",
    "MEASURES",
    "METHODS",
    "OF_PARTS",
    "PARTS_OF",
    "POOLINGS",
    "TRAINING_METHODS",
    "TRAINING_TASKS",
    "USED_BY",
    "Aggregation",
    "AnswerRequest",
    "AttentionRequest",
    "Baseline",
    "ClassifyRequest",
    "DataKind",
    "DataRef",
    "DataType",
    "DecodingOptions",
    "EmbedRequest",
    "EntitiesRequest",
    "ExplainRequest",
    "FillRequest",
    "FinetuneRequest",
    "GenerateRequest",
    "LongText",
    "Measure",
    "Method",
    "ModelKind",
    "ModelRef",
    "Objects",
    "OfParts",
    "PartsOf",
    "Pooling",
    "PositionsRequest",
    "Request",
    "RunOptions",
    "SimilarRequest",
    "SummarizeRequest",
    "TokenizeRequest",
    "TrainingMethod",
    "TrainingTask",
    "TranslateRequest",
    "conversation_fault",
    "is_conversation",
    "parse_labels",
    "parse_methods",
    "parse_stop_strings",
    "parse_targets",
]
