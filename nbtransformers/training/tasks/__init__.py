"""What can be learnt, one file a task: its columns, its tokens, its batches, its metrics, its mistakes."""

from nbtransformers.request import TrainingTask
from nbtransformers.training.tasks.causal import Causal
from nbtransformers.training.tasks.classification import Classification
from nbtransformers.training.tasks.masked import Masked
from nbtransformers.training.tasks.multilabel import MultiLabel
from nbtransformers.training.tasks.regression import Regression
from nbtransformers.training.tasks.seq2seq import Seq2Seq
from nbtransformers.training.tasks.task import Task
from nbtransformers.training.tasks.tokens import Tokens

_ALL: tuple[Task, ...] = (
    Classification(),
    MultiLabel(),
    Regression(),
    Tokens(),
    Seq2Seq(),
    Causal(),
    Masked(),
)
TASKS: dict[TrainingTask, Task] = {task.name: task for task in _ALL}


def task_named(name: TrainingTask) -> Task:
    """The task of a name."""
    return TASKS[name]
