"""The options of the magics: groups that several share, each option with its help."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nbtransformers.errors import UserError, nearest, shown
from nbtransformers.request import (
    AGGREGATIONS,
    BASELINES,
    DATA_TYPES,
    DEVICES,
    LONG_TEXT,
    MEASURES,
    OF_PARTS,
    PARTS_OF,
    POOLINGS,
    TRAINING_METHODS,
    TRAINING_TASKS,
)
from nbtransformers.request.catalog import ROWS, SORTS


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a magic.

    Attributes:
        name: as it is typed, without `--`.
        help: one line.
        metavar: what stands for its value in the help; None makes it a flag.
        convert: its value from text.
        choices: the values it takes, for help and completion.
        short: a one-letter form.
        several: whether the list that a `{variable}` holds is its value.
        repeats: whether it may be given more than once; its value is then a list.
    """

    name: str
    help: str
    metavar: str | None = None
    convert: Callable[[str, str], Any] = lambda name, text: text
    choices: tuple[str, ...] = ()
    short: str | None = None
    several: bool = False
    repeats: bool = False

    @property
    def key(self) -> str:
        """The name of the argument of the public function that it stands for."""
        return self.name.replace("-", "_")


def whole_number(name: str, text: str) -> int:
    """`1,024` or `1024` to a number."""
    try:
        return int(text.replace(",", "").replace("_", ""))
    except ValueError:
        raise UserError(
            f"`--{name}` is {shown(text)}, not a whole number.", hint=f"Type a number such as `--{name} 8`."
        ) from None


def number(name: str, text: str) -> float:
    """`0.5` to a number."""
    try:
        return float(text)
    except ValueError:
        raise UserError(
            f"`--{name}` is {shown(text)}, not a number.", hint=f"Type a number such as `--{name} 0.5`."
        ) from None


def converted(option: Option, text: str) -> Any:
    """The value of an option from text.

    Raises:
        UserError: when it is none of its choices, or cannot be converted.
    """
    kind = text.split(":")[0] if option.name == "device" else text
    if option.choices and kind not in option.choices:
        near = nearest(text, option.choices)
        hint = f"Did you mean `--{option.name} {near}`?" if near else f"It takes {', '.join(option.choices)}."
        raise UserError(f"`--{option.name}` cannot be {shown(text)}.", hint=hint)
    return option.convert(option.name, text)


INPUT = (
    Option("column", "the column of a table that holds the texts", "NAME"),
    Option("whole", "the cell is one text, not one a line"),
    Option("encoding", "how a text file is encoded (default: guessed, and said)", "NAME"),
    Option("split", "the split of a dataset", "NAME"),
    Option("subset", "the configuration of a Hub dataset", "NAME"),
)
PAIRS = (
    Option("question", "the column of a table that holds the questions (default: question)", "NAME"),
    Option("context", "the column of the contexts (default: context); or the variable or file that holds them", "NAME"),
    *(option for option in INPUT if option.name in ("encoding", "split", "subset")),
)
CELL = (Option("cell", "in place of texts: the cells that have this tag", "TAG"),)
_GATE = (
    Option("allow-pickle", "load pickled weights, which can run any code"),
    Option("trust-remote-code", "run the code that comes with the model"),
    Option("allow-large", "load it even if it does not seem to fit into memory"),
)
MODEL = (
    Option("model", "a bundled name, a folder, a Hub id, or a variable", "NAME", short="m"),
    Option("revision", "a Hub model's branch, tag or commit", "REV"),
    Option("tokenizer", "the variable that holds a model variable's tokenizer", "VARIABLE"),
    *_GATE,
)
MODEL_ALONE = tuple(option for option in MODEL if option.name != "tokenizer")
TOKENIZERS = (
    Option("model", "whose tokenizer; repeat it to compare several", "NAME", short="m", repeats=True),
    Option("revision", "a Hub model's branch, tag or commit", "REV"),
    Option("trust-remote-code", "run the code that comes with the tokenizer"),
)
RUN = (
    Option("device", "where to run", "DEVICE", choices=DEVICES),
    Option("dtype", "the type of the weights", "TYPE", choices=DATA_TYPES),
    Option("batch-tokens", "tokens in a batch (default: found by a short probe)", "N", whole_number),
    Option("threads", "CPU threads (default: found by the same probe)", "N", whole_number),
    Option("max-length", "tokens read of one text (default: the model's limit)", "N", whole_number),
    Option("long", "what happens to a longer text (default: truncate)", "RULE", choices=LONG_TEXT),
    Option("memory-budget", "what all loaded models may take together (default: what the memory holds)", "SIZE"),
)
RUN_ONE_TEXT = (
    *(option for option in RUN if option.name in ("device", "dtype", "max-length", "memory-budget")),
    Option("long", "what happens to a longer text (default: error)", "RULE", choices=("truncate", "error")),
)
RUN_EXPLAIN = (
    *RUN_ONE_TEXT,
    Option(
        "batch-tokens", "tokens that the model reads at once (default: what fits into a gibibyte)", "N", whole_number
    ),
    Option("threads", "CPU threads (default: found by timing the first passes)", "N", whole_number),
)
RUN_WHOLE = (
    *(option for option in RUN if option.name != "long"),
    Option("long", "what happens to a longer text (default: window)", "RULE", choices=LONG_TEXT),
)
BACKGROUND = (Option("background", "return at once; `.result` of the value waits for the result"),)
OUTPUT = (Option("out", "keep the result in this variable", "NAME", short="o"),)
OUTPUT_OR_FILE = (
    *OUTPUT,
    Option("to", "a Parquet file that the results go to as they come, not into memory", "FILE"),
    Option("resume", "go on with that file where an earlier run was stopped"),
    Option("overwrite", "begin that file anew, whatever is there"),
)
TOKENIZE = (
    Option("no-special-tokens", "leave out the tokens that the model expects around a text"),
    Option("max-length", "tokens that a text may have (default: the tokenizer's limit)", "N", whole_number),
    Option("batch-size", "texts in the batch whose padding is shown (default: 32)", "N", whole_number),
)
CLASSIFY = (
    Option("labels", "zero-shot labels, separated by commas", "A,B,C", short="l", several=True),
    Option("template", "the sentence a zero-shot label is put into, with {} for the label", "TEXT"),
    Option("multi-label", "score each label on its own"),
    Option("threshold", "a multi-label label is assigned at this score or above (default: 0.5)", "P", number),
    Option("top-k", "how many labels a row shows", "K", whole_number, short="k"),
)
ENTITIES = (
    Option("labels", "the types of entities to keep, separated by commas", "A,B", short="l", several=True),
    Option("aggregation", "how the pieces of a word become one (default: first)", "HOW", choices=AGGREGATIONS),
    Option("threshold", "leave out an entity with a lower score (default: 0)", "P", number),
)
FILL = (
    Option("top-k", "how many fillings each mask has (default: 5)", "K", whole_number, short="k"),
    Option("targets", "the only words to choose from, separated by commas", "A,B", several=True),
)
ANSWER = (
    Option("top-k", "how many answers a row has (default: 1)", "K", whole_number, short="k"),
    Option("max-answer-length", "tokens of an answer at most (default: 30)", "N", whole_number),
    Option("no-answer", "let a row have no answer, where the model says that its context holds none"),
    Option("generate", "have a chat or sequence-to-sequence model write the answer"),
)
EMBED = (
    Option("pooling", "how token vectors become one (default: as the model says)", "HOW", choices=POOLINGS),
    Option("prompt", "what is put before every text (default: as the model says)", "TEXT"),
    Option("prompt-name", "which of the model's own prompts to put there", "NAME"),
    Option("dimensions", "keep only so many numbers of each vector", "N", whole_number),
)
NORMALIZE = (
    Option("normalize", "bring every vector to length 1 (default: as the model says)"),
    Option("no-normalize", "leave every vector as long as it is"),
)
SIMILAR = (
    Option("other", "a second list to compare with: a variable, a file or a dataset", "NAME", several=True),
    Option("query", "find the nearest to this text", "TEXT", short="q"),
    Option("top-k", "how many of the nearest, or of the closest pairs (default: 10)", "K", whole_number, short="k"),
)
POSITIONS = (
    Option("length", "how many positions (default: those of a model's table, else some hundred)", "N", whole_number),
    Option("dim", "the formula's dimensions (default: 64)", "N", whole_number),
)
MEASURE = (Option("measure", "how to compare (default: as the model says, or cosine)", "HOW", choices=MEASURES),)

ATTENTION = (
    Option("pair", "a second text that the model reads behind it, as one input", "TEXT"),
    Option("row", "of a batch that a tokenizer has made, the row to look at (default: 0)", "N", whole_number),
    Option("target", "what the decoder of an encoder-decoder reads (default: what it writes)", "TEXT", short="t"),
)
EXPLAIN = (
    Option(
        "target", "a label, a token, or a piece of the text (default: what the model predicts)", "TARGET", short="t"
    ),
    Option("pair", "a second text that the model reads behind it, as one input", "TEXT"),
    Option("question", "what the text is to answer, for a model for question answering", "TEXT"),
)
ATTRIBUTION = (
    Option(
        "method",
        "integrated_gradients (default), input_x_gradient, occlusion; or several, separated by commas",
        "A,B",
        several=True,
    ),
    Option("baseline", "what a token is compared with (default: as suits the method)", "WHAT", choices=BASELINES),
    Option(
        "steps", "points of integrated gradients (default: until the completeness gap is within 1%)", "N", whole_number
    ),
)
PROMPTS = (
    Option("lines", "the cell is one prompt a line, and not one in all"),
    *(option for option in INPUT if option.name != "whole"),
)
WHOLE_TEXTS = (
    Option("lines", "the cell is one text a line, and not one in all"),
    *(option for option in INPUT if option.name != "whole"),
)
GENERATE = (
    Option("chat", "hand each prompt over as a message, in the model's chat template"),
    Option("system", "a message before it that says how to answer; it makes a chat of it", "TEXT"),
    Option("messages", "each prompt is a conversation: a JSON list of messages with role and content"),
)
DECODING = (
    Option("max-new-tokens", "new tokens of a row at most (default: 100)", "N", whole_number),
    Option("min-new-tokens", "new tokens at least; raises the default maximum", "N", whole_number),
    Option("do-sample", "draw each token (default: as the model's own settings say)"),
    Option("no-do-sample", "take the likeliest token, whatever these say"),
    Option("temperature", "draw; below 1 likely tokens become likelier, above 1 less so", "T", number),
    Option("top-k", "draw among so many of the likeliest tokens; 0 is all", "K", whole_number),
    Option("top-p", "draw among the likeliest that together are as likely as this", "P", number),
    Option("min-p", "draw among those that are this share as likely as the likeliest", "P", number),
    Option("typical-p", "draw among the most typical that together are as likely as this", "P", number),
    Option("repetition-penalty", "above 1, a token that was there becomes less likely", "X", number),
    Option("no-repeat-ngram-size", "no so many tokens in a row come twice", "N", whole_number),
    Option("num-beams", "follow so many texts at once, and give the likeliest", "N", whole_number),
    Option("length-penalty", "of a beam search: above 0 prefers long texts, below 0 short ones", "X", number),
    Option("early-stopping", "of a beam search: end with the first so many texts"),
    Option("seed", "what random numbers begin with; row i has this plus i (default: 0)", "N", whole_number),
    Option("stop-strings", "a text ends once it holds this; may be repeated", "TEXT", repeats=True),
)
SUMMARIZE = (Option("parts", "of a long text, the summaries of its parts (default: again)", "HOW", choices=OF_PARTS),)
TRANSLATE = (
    Option("source", "the language of the texts: the model's code, de, or German (default: the model's own)", "LANG"),
    Option("target", "the language to translate into; ? lists what the model knows", "LANG", short="t"),
    Option("parts", "what is translated at once (default: lines)", "HOW", choices=PARTS_OF),
)
# How many tokens may be new is for each of these tasks to say.
DECODING_TEXTS = (
    Option("max-new-tokens", "new tokens at most (default: as a text, or the model, needs)", "N", whole_number),
    *DECODING[1:],
)
RUN_WRITING = (
    *(option for option in RUN if option.name in ("device", "dtype", "memory-budget")),
    Option("batch-tokens", "tokens in a batch, of prompts and what they may become", "N", whole_number),
    Option("threads", "CPU threads (default: found by timing the first tokens)", "N", whole_number),
)
RUN_REWRITING = (
    *(option for option in RUN if option.name != "long"),
    Option("long", "what happens to a longer text (default: window, in parts)", "RULE", choices=LONG_TEXT),
)


def with_sampling(given: dict[str, Any]) -> dict[str, Any]:
    """Option values, with the two flags about drawing as the one argument that they are."""
    values = dict(given)
    drawn, not_drawn = values.pop("do_sample", None), values.pop("no_do_sample", None)
    if drawn and not_drawn:
        raise UserError("There is `--do-sample`, and also `--no-do-sample`.", hint="Remove one of them.")
    return {**values, **({"do_sample": bool(drawn)} if drawn or not_drawn else {})}


FINETUNE_DATA = (
    Option("text", "the column of the texts (default: found)", "NAME"),
    Option("label", "the column of what is to be learnt; several, separated by commas, are labels of 0 and 1", "NAME"),
    Option("pair", "the column of the second texts, for sentence pairs", "NAME"),
    Option("test", "the examples to evaluate on: a variable, a file, a Hub dataset (default: a share)", "DATA"),
    Option("test-share", "how much is kept to evaluate on where there is no split (default: 0.2)", "P", number),
    Option("data", "the examples, in place of an expression", "DATA"),
    *(option for option in INPUT if option.name in ("encoding", "split", "subset")),
)
FINETUNE = (
    Option("task", "what is learnt (default: as data and model suggest)", "TASK", choices=TRAINING_TASKS),
    Option("method", "what is trained (default: full)", "METHOD", choices=TRAINING_METHODS),
    Option("epochs", "how often every example is seen (default: 3)", "N", number),
    Option("lr", "the learning rate at its highest (default: 5e-5; for adapters 2e-4, for head 1e-3)", "LR", number),
    Option("find-lr", "look for a learning rate first, and use it unless --lr is given"),
    Option("batch-size", "examples in a batch (default: 16)", "N", whole_number),
    Option("grad-accum", "batches that make a step (default: 1)", "N", whole_number),
    Option("warmup", "the share of all steps in which the learning rate rises (default: 0.1)", "P", number),
    Option("schedule", "how it falls after that: linear, cosine, constant, … (default: linear)", "NAME"),
    Option("weight-decay", "of AdamW (default: 0.01)", "X", number),
    Option("max-length", "tokens read of an example (default: the model's limit)", "N", whole_number),
    Option("seed", "of everything that is drawn (default: 42)", "N", whole_number),
    Option("bf16", "compute in bfloat16"),
    Option("early-stopping", "end after so many evaluations without an improvement", "N", whole_number),
    Option(
        "metric",
        "what says which checkpoint is the best, such as f1; module:function is your own, of which more is better "
        "unless there is --greater-is-better false",
        "NAME",
    ),
    Option("collator", "module:function of your own, which makes batches", "NAME"),
    Option("lora-rank", "of the matrices of an adapter (default: 8)", "N", whole_number),
    Option("lora-alpha", "an adapter counts by this over its rank (default: 16)", "X", number),
    Option("lora-dropout", "the share of its inputs that it leaves out while it learns (default: 0.05)", "P", number),
    Option("lora-modules", "the layers that have one, separated by commas (default: as is usual)", "NAMES"),
    Option("report-to", "where reports go besides: tensorboard, trackio, wandb, mlflow", "A,B"),
    Option("device", "where to train", "DEVICE", choices=DEVICES),
    Option("gpus", "how many GPUs share each batch (default: 1)", "N", whole_number),
)
RUNS_FOLDER = (Option("folder", "where the runs are (default: nbtransformers-runs)", "FOLDER"),)
RUN_OF_TRAINING = (
    Option("name", "what the run is called (default: a free name)", "NAME"),
    *RUNS_FOLDER,
    Option("wait", "keep the cell until the run has ended; an interrupt then stops it well"),
    *OUTPUT,
)
RUNS = (
    Option("diff", "in what two runs differ"),
    Option("yes", "delete without asking"),
    *RUNS_FOLDER,
    *OUTPUT,
)

LISTED = (
    Option("task", "the Hub's word for a task, such as text-classification, or a magic's name", "TASK"),
    Option("search", "words of the name, in place of those on the line", "WORDS"),
    Option("language", "a code, such as en, or multilingual", "CODE"),
    Option("library", "the library that made them, such as sentence-transformers", "NAME"),
    Option("licence", "as the Hub writes it, such as apache-2.0", "NAME"),
    Option("max-size", "parameters (350M) or bytes of weights (2GB) at most", "SIZE"),
    Option("size", "with `datasets`: how many rows they have, in the Hub's words", "ROWS", choices=ROWS),
    Option("sort", "how those of the Hub are sorted (default: downloads)", "HOW", choices=SORTS),
    Option("limit", "how many of the Hub (default: 30)", "N", whole_number),
    Option("local-only", "leave the Hub out"),
)
OF_ONE_LISTED = (
    Option("revision", "a model's branch, tag or commit", "REV"),
    Option("pin", "with `use`: set the commit that it is at now"),
    Option("allow-pickle", "with `download`: fetch pickled weights where there are no others"),
    Option("split", "with `preview`: the split whose rows are shown (default: train, or the first)", "NAME"),
    Option("subset", "with `preview`: the configuration of a dataset that has several", "NAME"),
    Option("rows", "with `preview`: how many rows (default: 5)", "N", whole_number),
)

# The options whose defaults a user can set. Not those that the data or the question decide; and none that lets a model
# run code: a pyproject.toml that came with somebody's notebook must not be able to.
SETTABLE = (
    *("model", "device", "dtype", "batch-tokens", "threads", "max-length", "long"),
    *("threshold", "top-k", "batch-size", "aggregation", "memory-budget", "folder"),
)
# Those that mean something of its own to each task that has them: a default is for the one that it is named here for.
SET_FOR = {"threshold": "classify", "top-k": "classify", "batch-size": "tokenize"}
