"""What a program can be written from, of any task."""

from __future__ import annotations

from nbtransformers.results.attentionrecipe import AttentionDifferenceRecipe, AttentionRecipe
from nbtransformers.results.explainrecipe import ExplainRecipe
from nbtransformers.results.modelrecipe import DownloadRecipe, UseRecipe
from nbtransformers.results.positionsrecipe import PositionsRecipe
from nbtransformers.results.previewrecipe import PreviewRecipe
from nbtransformers.results.recipe import (
    AnswerRecipe,
    EmbedRecipe,
    EntitiesRecipe,
    FillRecipe,
    Recipe,
    SimilarRecipe,
    TokenizeRecipe,
)
from nbtransformers.results.trainingrecipe import TrainingRecipe
from nbtransformers.results.writingrecipe import GenerateRecipe, RewriteRecipe, WrittenAnswerRecipe

ProgramRecipe = (
    Recipe
    | AnswerRecipe
    | AttentionDifferenceRecipe
    | AttentionRecipe
    | DownloadRecipe
    | EmbedRecipe
    | EntitiesRecipe
    | ExplainRecipe
    | FillRecipe
    | GenerateRecipe
    | PositionsRecipe
    | PreviewRecipe
    | RewriteRecipe
    | SimilarRecipe
    | TokenizeRecipe
    | TrainingRecipe
    | UseRecipe
    | WrittenAnswerRecipe
)
"""The recipe of any task."""
