"""The lines of a program that take texts through a model, a batch at a time: tokens, outputs, means over windows."""

from __future__ import annotations

from dataclasses import dataclass

from nbtransformers.codegen.layout import call
from nbtransformers.codegen.literals import INDENT
from nbtransformers.request import LongText
from nbtransformers.results.recipe import ProgramPadding

_BATCH_TOKENS = 8_192
_BATCH_TEXTS = 32


@dataclass(frozen=True, slots=True)
class Batches:
    """How texts go through a model.

    Attributes:
        texts: the first arguments of the tokenizer.
        truncation: its argument of that name.
        limit: tokens of a text that are read; 0 is no limit.
        stride: tokens that two windows of a long text share.
        long: what happens to a longer text.
        padding: how a batch is brought to one length.
        outputs: the variable for the outputs, a tensor `[item, output]`.
        width: outputs of an item, as an expression.
        forward: a batch, `inputs`, to outputs, as an expression.
        own_tokenizer: whether the tokenizer is one of the user's.
    """

    texts: list[str]
    truncation: str
    limit: int
    stride: int
    long: LongText
    padding: ProgramPadding
    outputs: str
    width: str
    forward: str
    own_tokenizer: bool

    @property
    def is_windowed(self) -> bool:
        """Whether a text may be read in several windows."""
        return self.long == "window" and bool(self.limit)

    @property
    def why(self) -> str:
        """Why the batches are as they are, as a comment."""
        if self.padding == "never":
            return "# A batch is one text: padding would change what this model says."
        return "# Texts of about one length share a batch, so that little of it is padding."

    def tokens(self) -> tuple[str, list[str]]:
        """How long texts are read, in a sentence; and the lines that leave the tokens in `items`."""
        limit = self.limit
        cut = [*self.texts, f"truncation={self.truncation}", f"max_length={limit}"]
        whole = call("encoded = tokenizer(", self.texts)
        if not limit:
            said, lines = "The model reads texts of any length.", whole
        elif self.long == "truncate":
            said = f"The model reads {limit} tokens of a text; the rest is cut off."
            lines = call("encoded = tokenizer(", cut)
        elif self.long == "window":
            said = f"More than {limit} of them are read in windows, which overlap."
            windows = [*cut, f"stride={self.stride}", "return_overflowing_tokens=True"]
            owner = 'owner = torch.tensor(encoded.pop("overflow_to_sample_mapping"), dtype=torch.long)'
            lines = [*call("encoded = tokenizer(", windows), "# The text of each window.", owner]
        else:
            said = f"The model reads {limit} tokens, and no text may have more."
            longest = 'longest = max(map(len, encoded["input_ids"]), default=0)'
            error = f'{INDENT}raise ValueError(f"A text has {{longest}} tokens, and the model reads {limit}.")'
            lines = [*whole, longest, f"if longest > {limit}:", error]
        items = 'items = [{key: encoded[key][i] for key in encoded} for i in range(len(encoded["input_ids"]))]'
        return said, [*lines, items]

    def collate(self) -> tuple[list[str], tuple[str, ...]]:
        """The lines for `collate`, which makes a batch of items, and the imports of `run` and of these."""
        side, padder, imports = [], "tokenizer", ("import torch", "from transformers import DataCollatorWithPadding")
        if self.padding in ("left", "right"):
            if self.own_tokenizer:
                padder, imports = "padder", (*imports, "import copy")
                side = ["padder = copy.deepcopy(tokenizer)  # so that your own stays as it is"]
            side.append(f'{padder}.padding_side = "{self.padding}"')
        never = ", padding=False" if self.padding == "never" else ""
        return [*side, f"collate = DataCollatorWithPadding({padder}{never})"], imports

    def run(self) -> list[str]:
        """The lines that take `items` through the model."""
        size = 1 if self.padding == "never" else max(1, min(_BATCH_TEXTS, _BATCH_TOKENS // (self.limit or 1_024)))
        return [
            'order = sorted(range(len(items)), key=lambda i: len(items[i]["input_ids"]))',
            f"{self.outputs} = torch.empty(len(items), {self.width})",
            "with torch.inference_mode():  # keeps nothing that only training needs",
            f"    for start in range(0, len(order), {size}):",
            f"        batch = order[start : start + {size}]",
            "        inputs = collate([items[i] for i in batch]).to(device)",
            f"        {self.outputs}[batch] = {self.forward}.float().cpu()",
        ]

    def means(self, units: str) -> list[str]:
        """The lines that make of the outputs of windows those of their texts; `units` is how many those are."""
        name = self.outputs
        return [
            "# The windows of a text are averaged, a longer one counting for more.",
            'tokens = torch.tensor([float(len(item["input_ids"])) for item in items])[:, None]',
            f"sums = torch.zeros({units}, {self.width}).index_add(0, owner, {name} * tokens)",
            f"{name} = sums / torch.zeros({units}, 1).index_add(0, owner, tokens)",
        ]
