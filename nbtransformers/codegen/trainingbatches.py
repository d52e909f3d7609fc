"""The lines of a program that make batches of rows: padded, and of words to fill in with masks."""

from __future__ import annotations

from nbtransformers.codegen.layout import Part, definition
from nbtransformers.request import FinetuneRequest
from nbtransformers.results.trainingrecipe import TrainingRecipe

_COLLATORS = {
    "tokens": ("DataCollatorForTokenClassification", "tokenizer"),
    "causal": ("DataCollatorForTokenClassification", "tokenizer"),
    "seq2seq": ("DataCollatorForSeq2Seq", "tokenizer, model"),
}


def collator_parts(request: FinetuneRequest, recipe: TrainingRecipe) -> list[Part]:
    """The parts that leave what makes batches in `collator`."""
    if request.collator is not None:
        return [_own(request.collator)]
    if recipe.training_task == "masked":
        return [*_MASKED, _masking_collator(request.seed), *_masked_test(request.seed)]
    name, given = _COLLATORS.get(recipe.training_task, ("DataCollatorWithPadding", "tokenizer"))
    return [Part([f"collator = {name}({given})"], (f"from transformers import {name}",))]


def _own(path: str) -> Part:
    module, _, function = path.partition(":")
    said = "# Your own. In the run, what it draws at random follows from the rows of a batch."
    return Part([said, "collator = own_collator"], own=(f"from {module} import {function} as own_collator",))


_MASKED = [
    Part(
        [
            "masking = DataCollatorForLanguageModeling(tokenizer)",
            "padding = DataCollatorForTokenClassification(tokenizer)",
        ],
        (
            "from transformers import DataCollatorForLanguageModeling",
            "from transformers import DataCollatorForTokenClassification",
        ),
    ),
    definition(
        "masked(batch, generator)",
        "The tokens of a batch with 15% of each row masked, one at least; and what stood there.",
        [
            'ids = batch["input_ids"]',
            "special = [",
            "    tokenizer.get_special_tokens_mask(row, already_has_special_tokens=True)",
            "    for row in ids.tolist()",
            "]",
            "ordinary = 1 - torch.tensor(special)",
            "masking.generator = generator",
            "inputs, labels = masking.torch_mask_tokens(ids.clone(), 1 - ordinary)",
            "bare = ((labels == -100).all(dim=1) & ordinary.any(dim=1)).nonzero().flatten()",
            "if len(bare):",
            "    places = torch.multinomial(ordinary[bare].float(), 1, generator=generator).flatten()",
            "    labels[bare, places] = ids[bare, places]",
            "    inputs[bare, places] = tokenizer.mask_token_id",
            "return inputs, labels",
        ],
        ("import torch",),
    ),
]


def _masking_collator(seed: int) -> Part:
    return definition(
        "MaskingCollator(TrainerCallback)",
        "Makes a batch with masks: others in each epoch, the same whenever the program runs.",
        [
            "",
            "epoch = 0",
            "",
            "def on_epoch_begin(self, args, state, control, **others):",
            "    self.epoch = round(state.epoch)",
            "",
            "def __call__(self, rows):",
            '    if "labels" in rows[0]:  # a row to be evaluated has its masks',
            "        return padding(rows)",
            '    ids = np.concatenate([row["input_ids"] for row in rows]).astype(np.int64)',
            f"    seeds = np.random.SeedSequence([{seed}, self.epoch + 1, zlib.crc32(ids.tobytes())])",
            "    generator = torch.Generator().manual_seed(int(seeds.generate_state(1)[0]))",
            '    batch = tokenizer.pad(rows, return_tensors="pt")',
            '    batch["input_ids"], batch["labels"] = masked(batch, generator)',
            "    return batch",
        ],
        ("import numpy as np", "import torch", "import zlib", "from transformers import TrainerCallback"),
    )


def _masked_test(seed: int) -> list[Part]:
    return [
        Part(
            [
                "# What is evaluated has the same masks each time.",
                "collator = MaskingCollator()",
                f"generator = torch.Generator().manual_seed({seed})",
            ],
            ("import torch",),
        ),
        definition(
            "with_masks(rows)",
            "Rows to be evaluated, with masks and labels.",
            [
                'batch = tokenizer.pad(dict(rows), return_tensors="pt")',
                'lengths = batch["attention_mask"].sum(dim=1).tolist()',
                "inputs, labels = masked(batch, generator)",
                "return {",
                '    "input_ids": [row[:length] for row, length in zip(inputs.tolist(), lengths)],',
                '    "labels": [row[:length] for row, length in zip(labels.tolist(), lengths)],',
                "}",
            ],
        ),
        Part(["test = test.map(with_masks, batched=True, load_from_cache_file=False)"]),
    ]
