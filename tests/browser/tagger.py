"""A token classifier that knows a few names in three scripts, for notebooks: its weights are written by hand."""

from __future__ import annotations

from typing import Any

NAMES = {
    "B-PER": ("ada", "charles", "李", "مريم", "جون"),
    "I-PER": ("lovelace", "babbage", "娜", "حداد", "سميث"),
    "B-LOC": ("london", "paris", "北", "伦", "باريس"),
    "I-LOC": ("京", "敦"),
    "B-ORG": ("reuters", "رويترز"),
    "I-ORG": (),
}
_OTHERS = "met in and wrote to from with went is report loved it nothing to see here bold".split()  # noqa: SIM905


def tagger() -> tuple[Any, Any]:
    """The model and its tokenizer."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    letters = [chr(code) for code in range(33, 127) if not chr(code).isupper()]
    pieces = [*(name for names in NAMES.values() for name in names), *_OTHERS, *letters, *(f"##{c}" for c in letters)]
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *dict.fromkeys(pieces)]
    made = Tokenizer(models.WordPiece({word: number for number, word in enumerate(words)}, unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]", sep_token="[SEP]"
    )
    labels = ["O", *NAMES]
    config = BertConfig(
        vocab_size=len(words),
        max_position_embeddings=128,
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
        **{"hidden_size": 16, "num_hidden_layers": 0, "num_attention_heads": 1, "intermediate_size": 16},
    )
    torch.manual_seed(0)
    model = BertForTokenClassification(config).eval()
    of_word = {name: labels.index(label) for label, names in NAMES.items() for name in names}
    with torch.no_grad():
        embeddings = model.bert.embeddings
        embeddings.position_embeddings.weight.zero_()
        embeddings.token_type_embeddings.weight.zero_()
        for number, word in enumerate(words):
            embeddings.word_embeddings.weight[number] = torch.eye(16)[of_word.get(word, 0)] + 0.01 * torch.randn(16)
        model.classifier.weight.copy_(torch.eye(16)[: len(labels)] * 2)
    return model, tokenizer
