"""What can be learnt, one file a task: its columns, its tokens, its batches, its metrics, its mistakes."""

from nbtransformers.request import TrainingTask
from nbtransformers.training.tasks.classification import Classification
from nbtransformers.training.tasks.task import Task

TASKS: dict[TrainingTask, Task] = {task.name: task for task in (Classification(),)}


def task_named(name: TrainingTask) -> Task:
    """The task of a name."""
    return TASKS[name]
