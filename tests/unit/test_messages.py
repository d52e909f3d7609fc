"""Every message that a user can meet, word for word, through the door that they meet it at."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import helpers
import pandas as pd
import pytest
from datasets import Dataset, DatasetDict
from helpers import Terminal

import nbtransformers
import nbtransformers as nbt
from nbtransformers.doors.door import in_python
from nbtransformers.errors import UserError

# What a user may have in a notebook; the table below names these.
SETUP = """
import pandas as pd, numpy as np
texts = ["a joy", "too long"]
df = pd.DataFrame({"review": ["a joy"], "title": ["good"], "stars": [5]})
numbers = pd.DataFrame({"stars": [5]})
twins = pd.DataFrame([["a", "b"]], columns=["review", "review"])
topics = ["politics", "sport"]
used = (text for text in texts)
list(used)
z = 5
"""

# Line or cell, and what is said. `{M}` is the folder of tiny models.
MAGIC = [
    # the line
    ("%classify texts --modle minilm", "%classify has no option --modle. Did you mean --model?"),
    (
        "%%classify --qqq\na joy",
        "%%classify has no option --qqq. It has --column, --whole, --encoding, --split, --subset, --labels, "
        "--template, --multi-label, --threshold, --top-k, --model, --revision, …",
    ),
    ("%classify texts -z", "%classify has no option -z. It has -l, -k, -m, -o; `%classify?` lists all."),
    ("%classify texts -k 1 --top-k 2", "`--top-k` is there twice. Remove one of them."),
    ("%%classify --whole=yes\na joy", "`--whole` takes no value. Type `--whole` alone."),
    ("%classify texts --model", "`--model` needs a value. Type `--model NAME`."),
    ("%classify texts --model --out x", "`--model` needs a value. Type `--model NAME`."),
    ('%classify texts --template "It is {}', 'A quotation mark " is not closed. Add " where the value ends.'),
    ("%classify texts --long windows", "`--long` cannot be 'windows'. Did you mean `--long window`?"),
    ("%classify texts --dtype int4", "`--dtype` cannot be 'int4'. Did you mean `--dtype int8`?"),
    (
        "%classify texts --memory-budget lots",
        "`--memory-budget` is 'lots', no size. Type a size with its unit: `--memory-budget 8GB`.",
    ),
    (
        "%classify texts --model {M}/tiny --dtype bfloat16 --memory-budget 10kB",  # so is nowhere else loaded
        "tiny takes 23 KiB, and all models together may take 10 KiB. "
        "Type `--memory-budget 1MiB`, or give a smaller model.",
    ),
    ("%classify texts --top-k few", "`--top-k` is 'few', not a whole number. Type a number such as `--top-k 8`."),
    (
        "%classify texts --threshold half",
        "`--threshold` is 'half', not a number. Type a number such as `--threshold 0.5`.",
    ),
    (
        "%classify",
        "There is nothing to classify. "
        "Type `%classify VARIABLE`, `%classify FILE`, or %%classify with texts in the cell.",
    ),
    ("%classify texts --whole", "`--whole` is for the text of a cell. Leave `--whole` out."),
    (
        "%%classify texts\na joy",
        "There are texts in the cell, and also texts on the line. Type `%classify texts`, or leave it out.",
    ),
    ("%%classify --column review\na joy", "`--column` is for tables, and a cell is none. Leave `--column` out."),
    ("%%classify --encoding gbk\na joy", "`--encoding` is for text files, and a cell is none. Leave `--encoding` out."),
    ("%classify texts --out 2nd", "`--out 2nd` is no name for a variable. Type `--out result`."),
    ("%nbt docter", "%nbt has no command docter. Did you mean doctor?"),
    # what models there are
    ("%models --tsk classify", "%models has no option --tsk. Did you mean --task?"),
    ("%models --task clasify", "There is no task 'clasify'. Did you mean classify?"),
    (
        "%models --task bert",
        "There is no task 'bert'. Type `--search bert` for what has it in its name. Tasks are text-classification, "
        "token-classification, question-answering, zero-shot-classification, fill-mask, feature-extraction, "
        "sentence-similarity, text-generation, summarization, translation, text-ranking, table-question-answering, …",
    ),
    (
        "%models --max-size huge",
        "`--max-size` is 'huge'. Give parameters, as `--max-size 350M` or `--max-size 1.5B`, "
        "or bytes of weights, as `--max-size 2GB`.",
    ),
    (
        "%models --language German",
        "`--language` is 'German'. Give a code: `--language en`, `--language zh`, or `--language multilingual`.",
    ),
    ("%models --limit 0", "`--limit` is 0. Type a whole number of 1 or more: `--limit 1`."),
    (
        "%models bert --search german",
        "There is bert to search for, and also `--search`. Leave one of them out.",
    ),
    ("%models shw minilm", "`%models` has no command shw. Did you mean show?"),
    ("%models downlod acme/tiny --revision v1", "`%models` has no command downlod. Did you mean download?"),
    ("%models show", "`%models show` takes one name. Type `%models show owner/name`."),
    (
        "%models use minilm --rows 3",
        "`%models use` has no option --rows. It has --revision, --pin.",
    ),
    ("%models use minilm --pin", "Only Hub models have commits, and minilm is none. Leave `--pin` out."),
    ("%models show own", "own is a variable, a model in memory. Give a name, a folder, or a Hub id."),
    (
        "%models show {M}/untyped",
        "untyped is no model folder: it has no config.json that names a model_type. "
        "Give a folder that save_pretrained() wrote.",
    ),
    (
        "%models download {M}/tiny",
        "{M}/tiny is a folder of this machine: there is nothing to download. Give the id of a Hub model.",
    ),
    ("%nbt xyz", "%nbt has no command xyz. It has code, set, unset, unload, doctor."),
    ("%nbt doctor now", "`%nbt doctor` takes nothing more. Type `%nbt doctor`."),
    ("%nbt code a b", "`%nbt code` takes one variable, or none for the last task. Type `%nbt code`."),
    ("%nbt code texts", "There is no program for a list. Give a result: `nbt.code(result)`."),
    ("%nbt set devise", "There is no setting 'devise'. Did you mean device?"),
    ("%nbt set device gpu", "`device` cannot be 'gpu'. Did you mean `%nbt set device cuda`?"),
    ("%nbt set classify.top-k 0", "`top-k` is 0. Type a whole number of 1 or more: `%nbt set classify.top-k 1`."),
    ("%nbt set model miniln", "There is no model 'miniln'. Did you mean minilm?"),
    (
        "%nbt set model {own}",
        "The default model is a BertForSequenceClassification. Type a name: `%nbt set model own`.",
    ),
    ("%nbt set long a b", '`%nbt set long` takes one value, and there are 2. Type `%nbt set long "a b"`.'),
    ("%nbt unset", "`%nbt unset` takes the name of one setting. Type `%nbt unset model`."),
    ("%nbt unload a b", "`%nbt unload` takes one name, or none for all. Type `%nbt unload`."),
    # explanations
    ("%explain texts", "One text is explained at a time, and there are 2. Give one of them, such as `texts[0]`."),
    ("%explain [None]", "There is no text to explain: it is missing. Give a text."),
    ("%%explain --method occlusoin\na joy", "There is no method 'occlusoin'. Did you mean occlusion?"),
    ("%%explain --method occlusion,occlusion\na joy", "The method 'occlusion' is there twice. Remove one of them."),
    (
        "%%explain --baseline remove\na joy",
        "`--baseline remove` is for occlusion alone: a gradient needs something in the place of a token. "
        "Type `--method occlusion`, or leave `--baseline` out.",
    ),
    (
        "%%explain --method occlusion,input_x_gradient --steps 50\na joy",
        "`--steps` does nothing for occlusion and input_x_gradient. "
        "Leave it out, or type `--method integrated_gradients`.",
    ),
    (
        "%%explain --method input_x_gradient --baseline pad\na joy",
        "`--baseline` does nothing for input_x_gradient. Leave it out, or type `--method integrated_gradients`.",
    ),
    (
        "%%explain --pair b --question c\na joy",
        "There is a question, and also `--pair`. Leave one of the two out.",
    ),
    (
        "%%explain --target purple\na joy",
        "movie-sentiment-minilm has no label 'purple'. Its labels are negative, positive.",
    ),
    (
        "%%explain --model minilm\na joy",
        "minilm is a BertModel: it has no prediction that is explained here. Give a classifier, a token classifier, "
        "a model for question answering, or a causal or masked LM.",
    ),
    (
        "%%explain --baseline mask --model {M}/tiny\na joy",
        "tiny has no mask token to compare with. Type `--baseline zero`.",
    ),
    (
        "%%explain --question who --model {M}/tiny\na joy",
        "tiny is a sequence classifier, and takes no question. Leave `--question` out.",
    ),
    (
        "%%explain --model {M}/answerer\na joy",
        'There is no question to answer. Type `--question "Who wrote it?"`.',
    ),
    (
        "%%explain --question who --target bad --model {M}/answerer\na joy",
        "'bad' is not in what the model reads of the text. Give a piece of the text.",
    ),
    (
        "%%explain --question who --baseline remove --method occlusion --model {M}/answerer\na joy",
        "`--baseline remove` would move the place that is explained. Type `--baseline mask`, or `pad`.",
    ),
    (
        "%%explain --model {M}/masker\na joy",
        "The text has no mask [MASK] whose word could be explained. Put one where a word is.",
    ),
    (
        "%%explain --target #999 --model {M}/storyteller\na joy",
        "storyteller has no token 999. Its tokens are numbered from 0 to 399.",
    ),
    (
        "%explain '[SEP]' --model {M}/tiny",
        "The text has no tokens but special ones: there is nothing to explain. Write more.",
    ),
    # embeddings
    (
        "%embed texts --pooling meen",
        "`--pooling` cannot be 'meen'. Did you mean `--pooling mean`?",
    ),
    ("%embed", "There is nothing to embed. Type `%embed VARIABLE`, `%embed FILE`, or %%embed with texts in the cell."),
    (
        "%embed texts --normalize --no-normalize",
        "`--normalize` and `--no-normalize` contradict each other. Remove one of them.",
    ),
    (
        "%embed texts --prompt 'query: ' --prompt-name query",
        "There is a prompt, and also the name of one. Leave `--prompt-name` out.",
    ),
    (
        "%embed texts --prompt-name query",
        'minilm declares no prompts. Type the prompt itself: `--prompt "query: "`.',
    ),
    ("%embed texts --dimensions 0", "`--dimensions` is 0. Type a whole number of 1 or more: `--dimensions 1`."),
    (
        "%embed texts --dimensions 512",
        "`--dimensions` is 512, and minilm gives vectors of 384. Type 384 or less.",
    ),
    (
        "%similar",
        "There is nothing to compare. Type `%similar VARIABLE`, `%similar FILE`, or %%similar with texts in the cell.",
    ),
    ("%similar texts --query '  '", "The query is ' ', which holds no text. Type `--query \"a text\"`."),
    ("%similar texts --measure cosin", "`--measure` cannot be 'cosin'. Did you mean `--measure cosine`?"),
    ("%similar texts --other textz", "There is no variable textz. Did you mean texts?"),
    # attention
    ("%%attention\n \n", "The cell holds no text. Write a text below the magic."),
    (
        "%attention",
        "There is nothing to look at. "
        "Type `%attention VARIABLE`, `%attention FILE`, or %%attention with texts in the cell.",
    ),
    (
        "%attention texts",
        "Attention is looked at in one text, and there are 2. Give one of them, such as `texts[0]`.",
    ),
    ("%attention ['']", "There is no text to read: it is empty. Give a text."),
    ("%attention []", "There is no text. Give one."),
    (
        "%attention 'joy '*600",
        "The text is too long: 602 tokens, and minilm reads 512. Type `--long truncate` to look at its beginning.",
    ),
    (
        "%attention 'a joy' --target 'good'",
        "minilm is no encoder-decoder: it reads no target. Leave `--target` out.",
    ),
    ("%attention 'a joy' --pair ' '", "`--pair` is empty. Give it a text, or leave it out."),
    (
        "%attention 'a joy' --row 0",
        "`--row` is for inputs that a tokenizer has made, and this is a text. Leave `--row` out.",
    ),
    ("%attention 'a joy' --row -1", "`--row` is -1, not the number of a row. Type `--row 0`."),
    ("%attention 'a joy' --long window", "`--long` cannot be 'window'. It takes truncate, error."),
    # positions
    (
        "%positions minilm",
        "%positions takes options alone, and there is minilm. "
        "Type `%positions --model minilm`, or `%positions` for the formula.",
    ),
    ("%positions --length 0", "`--length` is 0. Type a whole number of 1 or more: `--length 1`."),
    (
        "%positions --length 2,000,000",
        "`--length` is 2,000,000, more than any model reads. Type `--length 1048576` or less.",
    ),
    (
        "%positions --dim 7",
        "`--dim` is 7, and the formula fills dimensions in pairs. Type an even number: `--dim 8`.",
    ),
    (
        "%positions --dim 8 --model minilm",
        "`--dim` is for the formula, and a model has dimensions of its own. Leave `--dim` out.",
    ),
    (
        "%positions --length 1,000,000 --dim 1,024",
        "1,000,000 positions of 1,024 numbers each would take 3.8 GiB. Type `--length 65536` or less.",
    ),
    (
        "%positions --length 600 --model minilm",
        "minilm has 512 positions, and `--length` is 600. Type `--length 512` or less.",
    ),
    ("%positions --model miniln", "There is no model 'miniln'. Did you mean minilm?"),
    # the expression
    ("%classify textz", "There is no variable textz. Did you mean texts?"),
    (
        "%classify qqqqqq",
        "There is no variable qqqqqq. Run the cell that makes it, or write the texts below %%classify.",
    ),
    (
        "%classify texts --out {nam}",
        "There is no variable nam. Run the cell that makes it.",
    ),
    (
        "%classify a joy to see",
        "'a joy to see' is no Python expression. "
        "Give a variable or an expression, or write the texts in the cell below %%classify.",
    ),
    ("%classify texts[7]", "'texts[7]' fails: IndexError: list index out of range. Try it in a cell."),
    # the texts
    ("%%classify\n\n   \n", "The cell holds no text. Write one text a line below the magic."),
    ("%%classify --whole\n\n", "The cell holds no text. Write one text a line below the magic."),
    ("%%generate\n\n", "The cell holds no text. Write a prompt below the magic."),
    ("%%generate --lines\n\n", "The cell holds no text. Write one text a line below the magic."),
    ("%%summarize\n \n", "The cell holds no text. Write a text below the magic."),
    (
        "%classify 42",
        "42 is an int (42), not texts. Give a text, a list of texts, a Series, or a DataFrame with `--column NAME`.",
    ),
    ("%classify b'joy'", "b'joy' is bytes, not text. Type `b'joy'.decode(\"utf-8\")`."),
    ("%classify np.zeros((2,2))", "np.zeros((2,2)) has 2 dimensions, not one. Give one column or row of it."),
    ("%classify texts --column review", "`--column review` needs a table, and texts is a list. Leave `--column` out."),
    ("%classify used", "used is a generator that is used up. Make it anew, or keep its texts in a list."),
    ("%classify texts --encoding gbk", "`--encoding` is for text files, and texts is none. Leave `--encoding` out."),
    ("%classify texts --split test", "`--split` is for datasets with splits, and texts is none. Leave `--split` out."),
    ("%classify {M}/where.csv", "There is no file {M}/where.csv. Check the path."),
    (
        "%classify https://example.org/a.csv",
        "https://example.org/a.csv is not on this machine. Fetch it first, or give `pandas.read_csv(URL)`.",
    ),
    (
        "%classify {M}/tiny/config.json",
        "config.json is one object, not a list of rows. "
        "Load it in a cell with `json.load(open('{M}/tiny/config.json'))`, and give the list in it.",
    ),
    ("%classify df --column revew", "df has no column 'revew'. Did you mean review?"),
    ("%classify df --column qqq", "df has no column 'qqq'. It has review, title, stars."),
    ("%classify twins --column review", "twins has 2 columns called review. Rename one of them."),
    ("%classify twins", "twins has 2 columns called review. Rename one of them."),
    ("%classify df", "Which column of df holds the texts? Its text columns: review, title. Add `--column review`."),
    ("%classify numbers", "Which column of numbers holds the texts? Its columns: stars. Add `--column stars`."),
    (
        "%classify pd.DataFrame()",
        "Which column of pd.DataFrame() holds the texts? Its columns: none. Add `--column NAME`.",
    ),
    # the request
    ("%classify texts --device cpu:1", "There is one cpu only, and no cpu:1. Type `--device cpu`."),
    (
        "%classify texts --labels a,b --multi-label",
        "minilm can rank labels by similarity, but not say yes or no to each. "
        "Leave `--multi-label` out, or give an NLI model.",
    ),
    ("%classify texts --device gpu", "`--device` cannot be 'gpu'. Did you mean `--device cuda`?"),
    ("%classify texts --threshold 1.5", "The threshold is 1.5. Type a number from 0 to 1: `--threshold 0.5`."),
    ("%classify texts --top-k 0", "`--top-k` is 0. Type a whole number of 1 or more: `--top-k 1`."),
    (
        "%classify texts --batch-tokens -1",
        "`--batch-tokens` is -1. Type a whole number of 1 or more: `--batch-tokens 1`.",
    ),
    (
        "%classify texts --labels a,,b",
        "One of the labels is empty. Type two or more: `--labels politics,sport,technology`.",
    ),
    ("%classify texts --labels a,b,a", "The label 'a' is there twice. Remove one of them."),
    (
        "%classify texts --labels a",
        "There is one label only, and nothing to choose from. Type two or more: `--labels politics,sport,technology`.",
    ),
    (
        "%classify texts --labels {[]}",
        "There are no labels, and nothing to choose from. Type two or more: `--labels politics,sport,technology`.",
    ),
    ("%classify texts --labels {3}", 'The labels are 3, an int. Type `labels=["politics", "sport"]`.'),
    ("%classify texts --labels {[1,2]}", 'The label 1 is not text. Type `labels=["politics", "sport"]`.'),
    (
        '%classify texts --template "A {}."',
        "A template is for zero-shot labels, and there are none. Add `--labels a,b,c`.",
    ),
    (
        "%classify texts --labels a,b --template about",
        "The template 'about' needs one {} for the label. Type `--template \"This text is about {}.\"`.",
    ),
    # entities
    (
        "%%entities\nAda in Paris",
        "Entities need a token classifier, and none is bundled. Type `--model dslim/bert-base-NER`.",
    ),
    (
        "%entities texts --model {M}/tiny",
        "tiny is for sequence classification (BertForSequenceClassification), not a token classifier. "
        "Give a model that was trained for token classification, such as `--model dslim/bert-base-NER`.",
    ),
    ("%entities texts --aggregation mean", "`--aggregation` cannot be 'mean'. It takes first, average, max."),
    ("%entities texts --threshold 2", "The threshold is 2.0. Type a number from 0 to 1: `--threshold 0.5`."),
    ("%entities texts --labels PER,,LOC", "One of the labels is empty. Type those to keep: `--labels PER,LOC`."),
    ("%entities texts --labels PER,PER", "The label 'PER' is there twice. Remove one of them."),
    # the model
    ("%classify texts --revision main", "A revision needs a model. Add `--model owner/name`."),
    (
        "%classify texts --model minilm --revision v1",
        "`--revision` is for Hub models, and minilm is none. Leave `--revision` out.",
    ),
    ("%classify texts --model miniln", "There is no model 'miniln'. Did you mean minilm?"),
    ("%classify texts --model acme/tinny", "There is no model 'acme/tinny'. Did you mean acme/tiny?"),
    (
        "%classify texts --model nobody/else",
        "There is no model 'nobody/else'. Type one of minilm, movie-sentiment-minilm, smollm2, acme/half, acme/tiny, "
        "a folder, or a Hub id such as owner/name (offline: only what is in the cache).",
    ),
    (
        "%classify texts --model acme/tiny --revision v9",
        "acme/tiny@v9 is not in the local cache, and offline mode is on. There is main, 0123456.",
    ),
    (
        "%classify texts --model acme/half",
        "acme/half is not in the local cache, and offline mode is on. Go online once to fetch it, or give a folder.",
    ),
    ("%classify texts --model {M}/tinyy", "There is no folder {M}/tinyy. Did you mean {M}/tiny?"),
    (
        "%classify texts --model z",
        "z is an int, not a model. "
        "Give a name, a folder, a Hub id, a Transformers model with tokenizer=…, or a pipeline.",
    ),
    (
        "%classify texts --model https://hf.example/acme/tiny",
        "https://hf.example/acme/tiny is an address, not a model. Type `acme/tiny`.",
    ),
    (
        "%classify texts --model https://hf.example/acme/tiny/tree/v1?more=1",
        "https://hf.example/acme/tiny/tree/v1?more=1 is an address, not a model. Type `acme/tiny@v1`.",
    ),
    (
        "%classify texts --model https://example.org/acme/tiny",
        "https://example.org/acme/tiny is an address, not a model. Give a folder, or a Hub id such as owner/name.",
    ),
    (
        "%classify texts --model minilm@v1",
        "A revision is for Hub models, and minilm is none. Type `--model minilm`.",
    ),
    (
        "%classify texts --model acme/tiny@v1 --revision v2",
        "acme/tiny is given two revisions: v1 and v2. Type `--model acme/tiny@v2` alone.",
    ),
    (
        "%classify texts --model acme/tiny@",
        "The revision is ''. Give a branch, a tag or a commit: `--revision main`.",
    ),
    (
        "%classify texts --model acme/tiny@v9",
        "acme/tiny@v9 is not in the local cache, and offline mode is on. There is main, 0123456.",
    ),
    ("%classify texts --model ./nowhere/at/all", "There is no folder ./nowhere/at/all. Check the path."),
    (
        "%classify texts --model minilm --tokenizer tok",
        "There is no variable tok for the tokenizer. There is tokenizer.",
    ),
    # the load gate
    (
        "%classify texts --model {M}/bare",
        "bare is no model folder: it has no config.json. Give a folder that save_pretrained() wrote.",
    ),
    (
        "%classify texts --model {M}/adapter",
        "adapter is a LoRA adapter, not a whole model. "
        "Load it with peft, call merge_and_unload(), and pass that model: model=merged, tokenizer=….",
    ),
    (
        "%classify texts --model {M}/torn",
        "{M}/torn/config.json cannot be read (Expecting property name enclosed in double quotes: line 1 column 23 "
        "(char 22)). Save or download it again.",
    ),
    (
        "%classify texts --model {M}/untyped",
        "{M}/untyped/config.json names no model_type. Save or download it again.",
    ),
    (
        "%classify texts --model {M}/remote",
        "remote wants to run code of its own: config_x.py, net.py. "
        "Read it in {M}/remote, and type `--trust-remote-code` to run it.",
    ),
    (
        "%classify texts --model {M}/remote --trust-remote-code",
        "remote lacks the code that it wants to run: config_x.py. Save or download it again.",
    ),
    (
        "%classify texts --model {M}/elsewhere --trust-remote-code",
        "elsewhere wants to run code of another repository (a/b--net.M), at no pinned revision. "
        'Load it yourself with trust_remote_code=True and code_revision="COMMIT", and pass it: model=….',
    ),
    (
        "%classify texts --model {M}/unclear --trust-remote-code",
        "The auto_map of unclear makes no sense: '../x.C'. Save or download it again.",
    ),
    (
        "%classify texts --model {M}/unconfigured --trust-remote-code",
        "unconfigured is of type 'nosuchnet', and its code has no AutoConfig for it. Save or download it again.",
    ),
    (
        "%classify texts --model {M}/run",
        "run is no model folder: it has no config.json. Did you mean {M}/run/checkpoint-10?",
    ),
    (
        "%classify texts --model {M}/listed",
        "{M}/listed/config.json holds a list where a JSON object should be. Save or download it again.",
    ),
    (
        "%classify texts --model {M}/deep",
        "{M}/deep/config.json is nested too deep to be true. Save or download it again.",
    ),
    (
        "%classify texts --model {M}/towering",
        "{M}/towering/config.json has a num_hidden_layers that makes no sense: 1000000000. Save or download it again.",
    ),
    (
        "%classify texts --model {M}/adapted",
        "adapted holds a LoRA adapter beside its weights: adapter_config.json. "
        "Load it yourself, call model.save_pretrained(FOLDER), and give that folder.",
    ),
    (
        "%classify texts --model {M}/quantised-file",
        "quantised-file has no safetensors weights, only model.gguf. "
        'Load it yourself with gguf_file="model.gguf", call model.save_pretrained(FOLDER), and give that folder.',
    ),
    (
        "%classify texts --model {M}/oddly-pickled --allow-pickle",
        "oddly-pickled has no weights that Transformers reads, only weights.pt. "
        "If they are a pickled state dict, rename the file to pytorch_model.bin, and type `--allow-pickle`.",
    ),
    (
        "%classify texts --model {M}/tagger",
        "tagger is for token classification (BertForTokenClassification), not a sequence classifier. "
        "Give a classifier, or `--labels a,b,c` for zero-shot with this encoder.",
    ),
    (
        "%classify texts --model {M}/writer",
        "writer is for conditional generation (T5ForConditionalGeneration), not a sequence classifier. "
        "Give a classifier, or leave `--model` out for the bundled one.",
    ),
    (
        "%classify texts --model {M}/writer --labels a,b",
        "writer is for conditional generation (T5ForConditionalGeneration), not an encoder of texts. "
        "Leave `--model` out (zero-shot by the bundled encoder), or give an encoder or an NLI model.",
    ),
    (
        "%classify texts --model {M}/unknown-type",
        "unknown-type is of type 'nosuchnet', which this Transformers does not know. "
        "Type `pip install -U transformers`.",
    ),
    (
        "%classify texts --model {M}/pickled",
        "pickled has no safetensors weights, only pytorch_model.bin, and a pickle can hold code. "
        "Type `--allow-pickle` to read nothing but tensors from it.",
    ),
    (
        "%classify texts --model {M}/unpicklable --allow-pickle",
        "The weights of unpicklable are damaged: pytorch_model.bin is no file of PyTorch. "
        "Save or download them again into {M}/unpicklable.",
    ),
    (
        "%classify texts --model {M}/empty-of-weights",
        "empty-of-weights has no weights: there is no model.safetensors. Save or download it again.",
    ),
    (
        "%classify texts --model {M}/damaged",
        "The weights of damaged are damaged: model.safetensors (Error while deserializing header: "
        "invalid header length). Save or download it again.",
    ),
    (
        "%classify texts --model {M}/no-tokenizer",
        "no-tokenizer has no tokenizer: there is no tokenizer.json or vocabulary. "
        "Call tokenizer.save_pretrained('{M}/no-tokenizer') with its own tokenizer.",
    ),
    (
        "%classify texts --model {M}/headless",
        "headless has no trained classification head: classifier.bias is not in its weights. "
        "Give a classifier, or `--labels a,b,c` for zero-shot with this encoder.",
    ),
    (
        "%classify texts --model {M}/encoder",
        "encoder is a BertModel, not a sequence classifier. "
        "Give a classifier, or `--labels a,b,c` for zero-shot with this encoder.",
    ),
    (
        "%classify texts --model {M}/tiny --labels a,b",
        "tiny has labels of its own (red, green, blue), so `--labels` cannot be used with it. "
        "Leave `--model` out (zero-shot by the bundled encoder), or give an encoder or an NLI model.",
    ),
    ("%nbt code qqqqqq", "There is no variable qqqqqq. Run the cell that makes it."),
    ("%nbt code 2joy", "'2joy' is no Python expression. Give a variable or an expression."),
    # tokens
    (
        "%tokenize qqqqqq",
        "There is no variable qqqqqq. Run the cell that makes it, or write the texts below %%tokenize.",
    ),
    (
        "%tokenize a joy to see",
        "'a joy to see' is no Python expression. "
        "Give a variable or an expression, or write the texts in the cell below %%tokenize.",
    ),
    (
        "%tokenize texts --max-length 999999999999",
        "`--max-length` is 999,999,999,999, and minilm reads 512. Type 512 or less.",
    ),
    (
        "%tokenize",
        "There is nothing to tokenize. "
        "Type `%tokenize VARIABLE`, `%tokenize FILE`, or %%tokenize with texts in the cell.",
    ),
    ("%tokenize texts --modle minilm", "%tokenize has no option --modle. Did you mean --model?"),
    (
        "%tokenize texts --top-k 3",
        "%tokenize has no option --top-k. It has --column, --whole, --encoding, --split, --subset, --cell, --model, "
        "--revision, --trust-remote-code, --no-special-tokens, --max-length, --batch-size, …",
    ),
    ("%tokenize texts -m minilm -m minilm", "The tokenizer minilm is there twice. Remove one of them."),
    ("%tokenize texts --batch-size 0", "`--batch-size` is 0. Type a whole number of 1 or more: `--batch-size 1`."),
    ("%tokenize texts --max-length 2", "`--max-length` is 2, and 2 tokens of it hold no text. Type 3 or more."),
    ("%tokenize texts --model minilmm", "There is no model 'minilmm'. Did you mean minilm?"),
    # the run
    (
        "%classify texts --model {M}/tiny --device mps",
        "There is no Apple GPU (mps) here. Leave `--device` out, or type `--device cpu`.",
    ),
    ("%classify texts --model {M}/tiny --max-length 99", "`--max-length` is 99, and tiny reads 32. Type 32 or less."),
    (
        "%classify texts --model {M}/tiny --max-length 2",
        "`--max-length` is 2, and 2 tokens of it hold no text. Type 3 or more.",
    ),
    (
        "%classify texts+['long '*40] --model {M}/tiny --long error",
        "Row 2 is too long: 42 tokens, and tiny reads 32. Type `--long truncate` or `--long window`.",
    ),
    (
        "%classify ['long '*40]*3 --model {M}/tiny --long error",
        "Row 0 (and 2 other rows) is too long: 42 tokens, and tiny reads 32. "
        "Type `--long truncate` or `--long window`.",
    ),
    # questions and contexts
    (
        "%answer",
        "There is nothing to answer. Type `%answer TABLE`, `%answer FILE`, or %%answer with a question and its context "
        "in the cell.",
    ),
    (
        "%%answer texts\nquestion: a?\nb",
        "There are questions in the cell, and also texts on the line. Type `--context texts`, or leave it out.",
    ),
    (
        "%%answer --question q\nquestion: a?\nb",
        "`--question` is the column of a table, and a cell is none. Leave `--question` out.",
    ),
    (
        "%%answer --encoding gbk\nquestion: a?\nb",
        "`--encoding` is for files, and a cell is none. Leave `--encoding` out.",
    ),
    (
        "%answer texts",
        "There are questions in texts, and no contexts to find the answers in. "
        "Add `--context VARIABLE`, or give a table with a column of each.",
    ),
    (
        "%%answer\na joy\nquestion: a?",
        "The cell does not begin with a question. Write `question: …` on a line of its own, and the context below it.",
    ),
    (
        "%%answer\n\n",
        "The cell holds no question. Write `question: …` on a line of its own, and the context below it.",
    ),
    (
        "%%answer\nquestion: \na joy",
        "A question in the cell is empty. Write `question: …` on a line of its own, and the context below it.",
    ),
    (
        "%%answer\nquestion: a?\n\nquestion: b?\n",
        "A question in the cell has no context below it. "
        "Write `question: …` on a line of its own, and the context below it.",
    ),
    ("%answer df", "df has no column 'question'. It has review, title, stars."),
    (
        "%%answer\nquestion: a?\na joy",
        "No model that answers questions is bundled. "
        "Type `--model deepset/roberta-base-squad2`, or another model for question answering.",
    ),
    (
        "%answer texts --context texts+texts --model {M}/answerer",
        "There are 2 questions and 4 contexts. Give one question, one context, or as many of the one as of the other.",
    ),
    (
        "%answer texts --context [' '] --model {M}/answerer",
        "The context holds no text: it is empty. Give a context that holds some.",
    ),
    (
        "%%answer --top-k 2 --generate --model {M}/answerer\nquestion: a?\na joy",
        "A model writes one answer, and `--top-k` asks for more. Leave `--top-k` out.",
    ),
    (
        "%%answer --max-answer-length 0 --model {M}/answerer\nquestion: a?\na joy",
        "`--max-answer-length` is 0. Type a whole number of 1 or more: `--max-answer-length 1`.",
    ),
    (
        "%%answer --model {M}/tiny\nquestion: a?\na joy",
        "tiny is for sequence classification (BertForSequenceClassification), not a model for question answering. "
        "Give a model that was trained for it, such as `--model deepset/tinyroberta-squad2`.",
    ),
    (
        "%answer texts --context 'long '*40 --model {M}/answerer --long error",
        "Row 0 (and 1 other row) is too long: 45 tokens, and answerer reads 32. "
        "Type `--long truncate` or `--long window`.",
    ),
    # writing
    (
        "%%generate --do-sample --no-do-sample\nx",
        "There is `--do-sample`, and also `--no-do-sample`. Remove one of them.",
    ),
    ("%generate texts --lines", "`--lines` is for the text of a cell. Leave `--lines` out."),
    (
        "%%generate --do-sample --temperature 0\nx",
        "`--temperature` is 0, and so no token would be drawn. "
        "Leave it and `--do-sample` out for the likeliest tokens, or type `--temperature 0.7`.",
    ),
    ("%%generate --temperature -1\nx", "`--temperature` is -1.0. Type a number above 0: `--temperature 0.7`."),
    ("%%generate --top-p 3\nx", "`--top-p` is 3.0. Type a number above 0 and up to 1: `--top-p 0.9`."),
    ("%%generate --top-k -1\nx", "`--top-k` is -1. Type a whole number of 0 or more: `--top-k 1`."),
    (
        "%%generate --min-new-tokens 4 --max-new-tokens 3\nx",
        "`--min-new-tokens` is 4, and `--max-new-tokens` 3. Type `--max-new-tokens 4`, or more.",
    ),
    (
        "%%generate --no-do-sample --top-p 0.9\nx",
        "`--top-p` says how to draw tokens, and do_sample=False draws none. Leave one out.",
    ),
    (
        "%%generate --num-beams 2 --top-k 5\nx",
        "`--num-beams` looks for the likeliest text, and `--top-k` draws one. Leave one of them out.",
    ),
    (
        "%%generate --num-beams 1 --length-penalty 2\nx",
        "`--length-penalty` is for a beam search. Add `--num-beams 4`.",
    ),
    ('%%generate --stop-strings ""\nx', "The stop string '' is no text. Type `--stop-strings \"END\"`."),
    (
        "%%generate --chat --model {M}/storyteller\nx",
        "storyteller has no chat template. Leave `--chat` out, or give a chat model: `--model smollm2`.",
    ),
    (
        "%%generate --model {M}/tiny\nx",
        "tiny is for sequence classification (BertForSequenceClassification), not a causal LM. "
        "Give a model that was trained to write, such as `--model HuggingFaceTB/SmolLM2-135M-Instruct`.",
    ),
    # masks
    (
        "%fill texts",
        "No model that fills masks is bundled. "
        "Type `--model distilbert/distilroberta-base`, or another masked language model.",
    ),
    (
        "%fill texts --model {M}/maskless",
        "maskless has no mask token. Give a masked language model, such as `--model distilbert/distilroberta-base`.",
    ),
    (
        "%fill texts --model {M}/masker --targets good,,bad",
        "One of the targets is empty. Type words: `--targets good,bad`.",
    ),
    (
        "%fill texts --model {M}/masker --targets good,good",
        "The target 'good' is there twice. Remove one of them.",
    ),
    ("%fill texts --model {M}/masker --targets {3}", 'The targets are 3, an int. Type `targets=["good", "bad"]`.'),
    ("%fill texts --model {M}/masker --targets {[1]}", 'The target 1 is not text. Type `targets=["good", "bad"]`.'),
    (
        "%fill texts --model {M}/masker --targets good,goods",
        "The target 'goods' is 2 tokens for masker: 'good', '##s'. Give words that are one token.",
    ),
    (
        "%fill texts --model {M}/masker --targets 好",
        "masker has no token for the target '好'. Give another word.",
    ),
    # models of the user's own
    (
        "%classify texts --model own",
        "The model own comes without a tokenizer. Give its own: `--tokenizer tokenizer`.",
    ),
    (
        "%classify texts --model bare --tokenizer tokenizer",
        "bare is a BertModel, not a sequence classifier. "
        "Give a classifier, or `--labels a,b,c` for zero-shot with this encoder.",
    ),
    (
        "%classify texts --model pair",
        "The tokenizer of pair is 'bert', a str. Give its own: `--tokenizer tokenizer`.",
    ),
    (
        "%classify texts --model own --tokenizer tokeniser",
        "There is no variable tokeniser for the tokenizer. Did you mean tokenizer?",
    ),
    (
        "%classify texts --model own --tokenizer tokenizer --dtype bfloat16",
        "Your model own is in float32, not in bfloat16. Type `own.to(torch.bfloat16)`.",
    ),
    (
        "%classify texts --model liar --tokenizer tokenizer",
        "liar gives 3 scores a text, but its configuration has 4 labels. Set model.config.num_labels and id2label.",
    ),
    (
        "%classify ['long '*40] --model own --tokenizer letters --long window",
        "`--long window` needs a fast tokenizer, and own has a slow one. Type `--long truncate`.",
    ),
    # the workbench
    ("%workbench clasify", "There is no task 'clasify'. Did you mean classify?"),
    ("%workbench classify generate", "%workbench takes one task, or none. Type `%workbench classify`."),
]

# The same through the function, where options are arguments; and what only a function can be given.
FUNCTION: list[tuple[dict[str, Any], str]] = [
    ({"modle": "x"}, "classify() has no argument modle. Did you mean model?"),
    (
        {"qqqq": 1},
        "classify() has no argument qqqq. It has data, model, labels, top_k, multi_label, threshold, template, "
        "column, encoding, split, subset, tokenizer, …",
    ),
    (
        {"data": None},
        "data is a NoneType (None), not texts. "
        'Give a text, a list of texts, a Series, or a DataFrame with `column="NAME"`.',
    ),
    ({"top_k": 0}, "`top_k` is 0. Type a whole number of 1 or more: `top_k=1`."),
    ({"top_k": 1.5}, "`top_k` is 1.5. Type a whole number of 1 or more: `top_k=1`."),
    ({"max_length": True}, "`max_length` is True. Type a whole number of 1 or more: `max_length=1`."),
    ({"device": 0}, "There is no device 0. `device` takes auto, cpu, cuda, mps."),
    ({"device": "cudo"}, "There is no device 'cudo'. Did you mean cuda?"),
    ({"dtype": "xyz"}, "There is no dtype 'xyz'. `dtype` takes auto, float32, float16, bfloat16, int8."),
    ({"long": 1}, "There is no long 1. `long` takes truncate, window, error."),
    ({"threshold": "0.5"}, "The threshold is '0.5'. Type a number from 0 to 1: `threshold=0.5`."),
    ({"multi_label": "no"}, "`multi_label` is 'no'. Type `multi_label=True`."),
    (
        {"template": 5, "labels": "a,b"},
        'The template 5 needs one {} for the label. Type `template="This text is about {}."`.',
    ),
    ({"template": "{}"}, 'A template is for zero-shot labels, and there are none. Add `labels="a,b,c"`.'),
    ({"labels": 5}, 'The labels are 5, an int. Type `labels=["politics", "sport"]`.'),
    ({"labels": ["a", None]}, 'The label None is not text. Type `labels=["politics", "sport"]`.'),
    ({"column": "review"}, '`column="review"` needs a table, and data is a list. Leave `column` out.'),
    (
        {"data": pd.DataFrame({"a": ["x"], "b": ["y"]})},
        'Which column of data holds the texts? Its text columns: a, b. Add `column="a"`.',
    ),
    (
        {"data": DatasetDict(train=Dataset.from_dict({"text": ["x"]}), test=Dataset.from_dict({"text": ["y"]}))},
        'data has several splits: train, test. Add `split="train"`.',
    ),
    (
        {"data": DatasetDict(train=Dataset.from_dict({"text": ["x"]})), "split": "trian"},
        "data has no split 'trian'. Did you mean train?",
    ),
    (
        {"data": Dataset.from_dict({"text": ["x"]}), "split": "train"},
        '`split="train"` is for what has splits, and data has none. Leave `split` out.',
    ),
    (
        {"data": Dataset.from_dict({"text": ["x"]})["text"], "column": "text"},
        '`column="text"` needs a table, and data is a column. Leave `column` out.',
    ),
    ({"encoding": "gbk"}, "`encoding` is for text files, and data is none. Leave `encoding` out."),
    ({"split": "test"}, "`split` is for datasets with splits, and data is none. Leave `split` out."),
    ({"subset": "en"}, "`subset` is for datasets of the Hub, and data is none. Leave `subset` out."),
    ({"split": 5}, '`split` is 5, not a name. Type `split="test"`.'),
    ({"data": Path("no", "where.csv")}, "There is no file no/where.csv. Check the path."),
    ({"data": "hub:a/b/c"}, "'hub:a/b/c' is no dataset of the Hub. Type `hub:owner/name`."),
    (
        {"data": pd.DataFrame({0: ["x"], 1: ["y"]})},
        "Which column of data holds the texts? Its text columns: 0, 1. Add `column=0`.",
    ),
    ({"data": pd.DataFrame({0: ["x"], 1: ["y"]}), "column": 7}, "data has no column '7'. It has 0, 1."),
    (
        {"model": 5},
        "The model is 5, an int. "
        "Give a name, a folder, a Hub id, a Transformers model with tokenizer=…, or a pipeline.",
    ),
    ({"tokenizer": 5}, "The tokenizer is 5, an int. Give the model's own tokenizer."),
    ({"tokenizer": "tok"}, "There is no variable tok for the tokenizer. There is none."),
    (
        {"model": "a text in place of a model, " * 20},
        "There is no model 'a text in place of a model, … a text in place of a model,'. Type one of minilm, "
        "movie-sentiment-minilm, smollm2, acme/half, acme/tiny, a folder, or a Hub id such as owner/name "
        "(offline: only what is in the cache).",
    ),
    ({"model": "miniln"}, "There is no model 'miniln'. Did you mean minilm?"),
    (
        {"model": "acme/tiny", "revision": "../../x"},
        "The revision is '../../x'. Give a branch, a tag or a commit: `revision=\"main\"`.",
    ),
    (
        {"model": "acme/tiny", "revision": 5},
        'The revision is 5. Give a branch, a tag or a commit: `revision="main"`.',
    ),
    ({"model": "acme/tiny", "allow_pickle": "no"}, "`allow_pickle` is 'no'. Type True or False."),
    ({"revision": "main"}, 'A revision needs a model. Add `model="owner/name"`.'),
]

# Each by a template of the message, and why it is not in a table above.
ELSEWHERE = {
    "Nothing can be asked about models from here.": "test_models_panel",
    "Nothing can be asked about datasets from here.": "test_datasets_panel",
    "Nothing was looked into yet.": "test_datasets_panel",
    "Something else was looked into meanwhile.": "test_datasets_panel",
    "{} names no dataset.": "test_datasets_panel",
    "This list was searched anew.": "test_models_panel",
    "{} is being downloaded.": "test_models_panel",
    "{} names no model.": "test_models_panel",
    "The workbench is a panel of a notebook, and this is none.": "test_workbench_forms",
    "The workbench types magics, and marimo has none.": "test_marimo",
    "{} takes more than one line.": "test_workbench_forms",
    "The line {} begins with >>>, which IPython takes out of a cell.": "test_workbench_forms",
    "The result of this run is not kept any more.": "test_workbench_forms",
    "Nothing is filled in for {}.": "test_workbench_forms",
    "{} cannot be typed as one word.": "test_workbench_forms",
    "`{}` has no field in a form.": "test_workbench_forms",
    "`%{}` has no form.": "test_workbench_forms",
    "This run is not in the history any more.": "test_workbench_panel",
    "The workbench is at work.": "test_workbench_panel",
    "This workbench is closed.": "test_workbench_panel",
    "There is no bundled model {}.": "test_bundled",
    "The bundled encoder is not installed.": "test_bundled",
    "The bundled model {} cannot be written to {}: {}.": "test_bundled",
    "{} cannot be read: {}: {}.": "test_bundled",
    "{} is not the expected one: {} ({}).": "test_bundled",
    "The bundled model smollm2 is not installed.": "test_smollm2",
    "The bundled model smollm2 could not be converted ({}: {}).": "test_smollm2",
    "`--normalize` is {}.": "test_embedding",
    "`--{}` is {}, not text.": "test_embedding",
    "This result has no model to embed a query with.": "test_embedding",
    "The query is {}, {}.": "test_embedding",
    "The query is neither text nor a vector of {} numbers.": "test_embedding",
    "The matrix of {} × {} texts would take {}.": "test_embedding",
    "The matrix has no {} {}.": "test_embedding",
    "`{}` is {}.": "test_embedding",
    "There is no query.": "test_embedding",
    "{} gives vectors of {} numbers, and its configuration says {}.": "test_embedding",
    "{}, not an encoder of texts.": "test_embedding",
    "There is no map {}.": "test_maps",
    "A map by {} needs the package {}, which is not installed.": "test_maps",
    "A map by {} needs {} vectors or more, and there are {}.": "test_maps",
    "{} has no prompt {}.": "oracle/test_embed.py",
    "{} names {}, which is no folder of the model.": "oracle/test_embed.py",
    "{} is no list of modules.": "oracle/test_embed.py",
    "Your model is {}, which is no model of Transformers.": "oracle/test_embed.py",
    "{} has {}, which only sentence-transformers can run.": "oracle/test_embed.py",
    "{} has a Dense layer with the activation {}, which is none of torch's.": "oracle/test_embed.py",
    "The weights of the {} layer of {} are not in safetensors: there is{}.": "oracle/test_embed.py",
    "The weights of the {} layer of {} are damaged ({}).": "oracle/test_embed.py",
    "The {} layer of {} has no {}.": "oracle/test_embed.py",
    "No model that summarises is bundled.": "test_rewriting",
    "No model that translates is bundled.": "test_rewriting",
    "`--{}` is {}, which is no language.": "test_rewriting",
    "`--{}` takes any language by its English name or its code.": "test_rewriting",
    "{} cannot be told `--{} {}`: {}.": "test_rewriting",
    "{} has no {} language {}.": "test_rewriting",
    "{} has to be told the language {}.": "test_rewriting",
    "{} has to be told the language to translate into.": "test_rewriting",
    "{} is a causal model without a chat template, and cannot be told to {}.": "test_rewriting",
    "{} is more than one language of {}: {}.": "test_rewriting",
    "{} takes these for `--{}`: {}.": "test_rewriting",
    "There is no language {}.": "test_rewriting",
    "`--{}` is for a file, and there is none.": "test_tofile",
    "`--to` is {}, not the name of a file.": "test_tofile",
    "`--to` writes Parquet, and {} is called otherwise.": "test_tofile",
    "`--resume` goes on with what `--overwrite` would throw away.": "test_tofile",
    "`--to` is for results of one row a text, and this one is a matrix.": "test_tofile",
    "{} is gone on with by the call that began it.": "test_tofile",
    "{} was begun with another request: {} was {}, and is {} now.": "test_tofile",
    "{} was begun by another version of nbtransformers.": "test_tofile",
    "{} was begun, and {} {} done.": "test_tofile",
    "{} is there already, finished.": "test_tofile",
    "{} is what is read.": "test_tofile",
    "{} has changed since: it has other columns now.": "test_tofile",
    "{} has changed since: it had {}, and has {} now.": "test_tofile",
    "{} was begun with another model than {}, or another version of it.": "test_tofile",
    "{} has changed since: rows {} to {} hold other texts.": "test_tofile",
    "{} cannot be written ({}): {}.": "test_tofile",
    "{} of {} is damaged.": "test_tofile",
    "Another run is writing {}.": "test_tofile",
    "{} of {} has other columns than the parts before it.": "test_tofile",
    "`--do-sample` is {}.": "test_decoding_options",
    "`--early-stopping` is {}.": "test_decoding_options",
    "The stop strings are {}, {}.": "test_decoding_options",
    "The system message is {}, {}.": "test_decoding_options",
    "{} fails on these prompts: {}: {}.": "test_writing",
    "{} is a {}, which cannot write.": "test_writing",
    "There is no row {} in this result.": "test_writing",
    "Row {} has no token {}.": "test_writing",
    "{} is no alternative there.": "test_writing",
    "There is nothing to continue in {}.": "test_writing",
    "Token {} is none of the alternatives at {}.": "test_branching",
    "Nothing was written: {}.": "test_branching",
    "This text was written in parts, and none of them can be gone on from.": "of other tasks than generate",
    "The text is still being written.": "test_generate_panel",
    "`{}` is the column of a table, and there are contexts.": "test_answering",
    "There are questions, {}, and no contexts to find the answers in.": "test_answering",
    "There are {}, and more {}.": "test_pairs: needs inputs of unknown length",
    "{} has a slow tokenizer, which does not tell where its tokens stand in the text.": "test_answering",
    "{} has no CLS token, and so no score for there being no answer.": "test_answering",
    "{} is a causal model without a chat template, and cannot be told to answer.": "test_answering",
    "spaCy is not installed.": "test_entities_result",
    "{} gives {} scores a token, but its configuration has {} labels.": "test_entities_result",
    "{} has no label {}.": "test_entities_result",
    "`--dtype int8` is for models that are loaded here, and {} is yours.": "test_quantizing",
    "`--dtype int8` is for the CPU, and the model would run on {}.": "test_quantizing",
    "`--dtype int8` needs the package torchao.": "test_quantizing",
    "{} has no linear layers that `--dtype int8` is for.": "test_quantizing",
    "{} is of type {}, and Transformers has no {} for that.": "test_heads",
    "`--{}` is {}, not a name.": "above, for functions: the name of the option is put in",
    "`--special-tokens` is {}.": "test_request",
    "The tokenizer fails on these texts: {}: {}.": "test_tokenization",
    "{} has no tokenizer: there is no tokenizer.json or vocabulary in {}.": "test_tokenize_magic",
    "The tokenizer of {} is a SentencePiece model, which needs {}.": "test_tokenize_magic",
    "No cell has the tag {}.": "test_tokenize_magic",
    "No cell has the tag {}, nor any other.": "test_tokenize_magic",
    "Which cell has the tag {} is not known: this host tells no tags.": "test_tokenize_magic",
    "`--cell {}` names the text, and there is another one.": "test_tokenize_magic",
    "There is no tokenizer {} in this result.": "test_tokenization",
    "There is no program yet: nothing has run.": "test_codegen",
    "There is a program of %finetune for a run, which has its rows, and not for a request alone.": "test_codegen",
    "There is no program for this run: {}.": "test_finetune_code",
    "There is no program for this run.": "test_workbench_forms",
    "No {} is given.": "test_workbench_forms",
    "There is no program for this result of %%{}: it was changed or gone on with, or is not finished.": "test_codegen",
    "There is no program for a slow tokenizer, which does not tell where its tokens stand.": "test_entities_code",
    "The request names {}, and does not hold it.": "test_codegen",
    "There is no encoding {}.": "test_files.py, and test_positions_result.py",
    "{} is {}, not text.": "test_files.py",
    "{} is not in {}: no line beyond ASCII can be read so.": "test_files.py",
    "{} holds null bytes, as a binary file does.": "test_files.py",
    "The encoding of {} cannot be guessed.": "test_files.py",
    "{} is empty.": "test_files.py",
    "{} is no ordinary file.": "test_files.py",
    "nbtransformers does not read {} files: {}.": "test_files.py",
    "{} has changed since it was first read.": "test_files.py",
    "{} may not be read.": "test_files.py",
    "{} is damaged ({}).": "test_files.py",
    "{} is one object, not a list of rows.": "test_files.py",
    "`--column {}` needs objects, and {} holds none.": "test_files.py",
    "`--column {}` needs a table, and {} holds one text a line.": "test_files.py",
    "Reading {} fails after row {} ({}: {}).": "test_dataset_objects.py",
    "Datasets of the Hub need the package datasets.": "test_hub_data.py",
    "The Hub has no dataset {}, or it is private.": "test_hub_data.py",
    "hub:{} has no revision {}.": "test_hub_data.py",
    "{} has no subset {}.": "test_hub_data.py",
    "{} has several subsets: {}.": "test_hub_data.py",
    "{} is made by a script, which nothing runs any more.": "test_hub_data.py",
    "{} holds no files of data.": "test_hub_data.py",
    "{} cannot be read ({}: {}).": "test_hub_data.py",
    "{} is not in the local cache, and {}.": "test_hub_data.py",
    "{} is not loaded.": "test_unloading",
    "In {}: {}": "test_settings",
    "{} cannot be read ({}).": "test_settings",
    "`--{}` is {}, {}.": "test_settings",
    "The default {} is {}.": "test_settings",
    "There is nothing to resume in {}.": "test_interrupt",
    "This is work in the background, not its result.": "test_interrupt",
    "The model {} is not there any more.": "test_interrupt",
    "The rest of {} is not there any more.": "test_interrupt",
    "{} has changed since: row {} holds another text.": "test_interrupt",
    "This panel knows no {}.": "test_channel",
    "{} is there already.": "test_export",
    "{} is a folder.": "test_export",
    "{} cannot be written: {}.": "test_export",
    "A path cannot hold a NUL.": "test_export",
    "{} leads nowhere: {}.": "test_export",
    "The selection is {}, {}.": "test_selection",
    "The mask has {} {}s, and the result {}.": "test_selection",
    "There is no {} {}.": "test_selection",
    "In a panel of kind {} there is nothing to select.": "test_panel_traits",
    "{} is {}, not a result.": "test_selection",
    "This result is not on the screen.": "test_selection",
    "A cell of {} failed: {}: {}.": "test_cli",
    "{} is not installed.": "test_cli",
    "{}(): {}.": "below",
    "There is no CUDA device here: {}.": "below",
    "There is no CUDA device {}.": "needs a machine with CUDA",
    "Reading {} fails: {}: {}.": "below",
    "{} has a {} that makes no sense: {}.": "oracle/test_edges.py",
    "The weights of {} are in {}, which is no {} file of its folder.": "oracle/test_edges.py",
    "{} lacks a part of its weights: {}.": "oracle/test_edges.py",
    "{} has an index of weights that names none.": "oracle/test_edges.py",
    "{} fails on these texts: {}: {}.": "oracle/test_edges.py",
    "Transformers cannot load {} ({}: {}).": "below: its end is Transformers' own words",
    "{} is gated: the Hub gives it to people who accepted its terms.": "below: needs a hub",
    "The Hub has no model {}, or it is private.": "below: needs a hub",
    "`--long window` reads a text in pieces, and attention is between the tokens of one reading.": "test_attention.py",
    "`--long window` reads a text in pieces, and a prediction is explained in one reading.": "test_explanation",
    "The method is {}, {}.": "test_explanation",
    "There is no method.": "test_explanation",
    "{} is not in this explanation.": "test_explanation",
    "There are no rows by {}.": "test_explanation",
    "There are {}, and one `ax`.": "test_explanation",
    "Another explanation is on its way.": "test_explanation",
    "Integrated gradients need captum, which is not installed.": "test_explanation",
    "No token of the text is left to answer with.": "oracle/test_explain.py",
    "{} has no layer that gives each token an embedding, so its tokens cannot be replaced.": "oracle/test_explain.py",
    "{} fails with {}: {}.": "oracle/test_explain.py",
    "The model has been trained or changed since its attention was read: what is asked for is computed by weights "
    "that are gone.": "oracle/test_capture.py",
    "The attention of layer {} of {} could not be followed: no softmax in its {} gives what that gave.": (
        "oracle/test_capture.py"
    ),
    "The tokenizer of {} has no mask, whose word could be explained.": "oracle/test_explain.py",
    "A {} of {} is no finite number, so nothing can be said of what adds to it.": "oracle/test_explain.py",
    "{} has no attention from token to token that could be shown: it is of type {}.": "test_capture.py",
    "The attention of this layer is not what its queries and keys give.": "test_capture.py",
    "This model does not show how the outputs of its heads are projected.": "test_capture.py",
    "{} takes {} at once for {}, and {} are free on {}.": "test_capture.py",
    "{} has no {}head {} in a layer {}.": "test_capture.py",
    "Only the attention weights are kept here: no queries, keys or values.": "test_attention.py",
    "{} is no encoder-decoder: it has no {} attention.": "test_attention.py",
    "Attention is looked up by layer and head.": "test_attention.py",
    "There is no such {}: the text has {}.": "test_attention.py",
    "These weights are {}.": "test_attention.py",
    "There is no direction {}.": "test_attention.py",
    "There is a head, {}, and no layer.": "test_attention.py",
    "A side of {} cells shows nothing.": "test_attention.py",
    "{} {} to {} are not all there.": "test_attention.py",
    "{} is {}, no attention.": "test_attention.py",
    "A difference has no queries, keys or values.": "test_attention.py",
    "Of {} and {} one is an encoder-decoder: their heads do not pair.": "test_attention.py",
    "{} has {} and {} {}: their heads do not pair.": "test_attention.py",
    "The weights of all heads are {}, and they come of nothing smaller that could be kept.": "test_attention.py",
    "{} was written by a newer nbtransformers.": "test_attention.py",
    "{} holds no attention, or is damaged ({}).": "test_attention.py",
    "There is no rollout of {}.": "test_attention.py",
    "There is no rollout of {} layers.": "test_attention.py",
    "That is {} × {} weights: {}.": "test_attention.py",
    "That table would have {} rows: {} × {} × {} × {}.": "test_attention.py",
    "The weights of all heads are {}.": "test_attention.py",
    "xarray is not installed.": "test_attention.py",
    "The steps need the model, whose projection is not kept here.": "test_attention.py",
    "There is no measure {}.": "test_attention.py",
    "Words have no queries, keys or values: a model computes them of tokens.": "test_attention.py",
    "The {} are no rows of one length.": "test_attention_task.py",
    "`--{}` is for a text, and these are inputs that a tokenizer has made.": "test_attention_task.py",
    "The {} is {}, and the {} are {}.": "test_attention_task.py",
    "{} fails on these inputs: {}: {}.": "test_attention_task.py",
    "The {} strongest weights are none.": "test_attention.py",
    "There are no heads to look for the strongest weights in.": "test_attention.py",
    "The input_ids hold no token.": "test_attention_task.py",
    "There is no row {} in these inputs.": "test_attention_task.py",
    "{} is an encoder-decoder, and the inputs have no decoder_input_ids.": "test_attention_task.py",
    "The {} are not for {}: they hold the token {}, and it knows {}.": "test_attention_task.py",
    "Row {} of the {} is padding only.": "test_attention_task.py",
    "{} has no token that {} knows.": "test_attention_task.py",
    "The target is too long: {} tokens, and the decoder of {} reads {}.": "test_attention_task.py",
    "{} is an encoder-decoder without a head to write with: it needs a text for its decoder.": "test_attention_task.py",
    "There is no program for this attention: it is a difference of differences or with a model of yours, or "
    "came of inputs with a mask for each query, or from a file of an earlier version.": "oracle/test_attention_code.py",
    "{} tokens are pinned.": "test_attention_methods.py",
    "There is no file of kind {} to write.": "test_attention_methods.py",
    "No {} was asked for.": "test_attention_methods.py",
    "The {} {} are no stretch of tokens.": "test_attention_methods.py",
    "The {} {} hold no token.": "test_attention_methods.py",
    "All tokens are special ones.": "test_attention_methods.py",
    "There are no tokens {} here.": "test_attention_methods.py",
    "There is no {} attention here.": "test_attention_methods.py",
    "The text is empty.": "test_attention_work.py",
    "No head is chosen.": "test_attention_work.py",
    "As CSV these are {} × {} numbers, which take long to write.": "test_attention_methods.py",
    "{} is at work in the background.": "test_attention_work.py",
    "A head is a part, a layer and a number.": "test_attention_work.py",
    "The model is at work for this panel.": "test_attention_work.py",
    "There is nothing to compare with.": "test_attention_work.py",
    "There is no picture {}.": "test_positions_wire.py",
    "There is no head {}.": "test_positions_result.py",
    "The matrix of {} × {} positions would take {}.": "test_positions_result.py",
    "{} has no encoding of positions that is known here.": "oracle/test_position_encodings.py",
    "{} is no stretch of positions.": "test_positions_wire.py",
    "The worker of the run {} is gone.": "test_training_run.py",
    "The name of a run is text, and this is {}.": "test_finetune.py",
    "A run is given by its name or its path, and this is {}.": "test_training_run.py",
    "The path {} says where the run is, and so does the folder.": "test_training_run.py",
    "{} is not the directory of a run.": "test_training_run.py",
    "The run {} is {}.": "test_training_run.py",
    "The run {} is done.": "test_training_run.py",
    "The run {} cannot be deleted: {}.": "test_training_run.py",
    "{} holds no objects.": "test_training_data.py",
    "{} holds {} in its rows, and no texts with labels.": "test_training_data.py",
    "Row {} of {} has {}, where the first has {}.": "test_training_data.py",
    "The columns of {} are not of one length: {}.": "test_training_data.py",
    "Row {} of {} is {}, and not like the first.": "test_training_data.py",
    "{} has no column that seems to hold labels{}.": "test_training_data.py",
    "{} of {} holds {} different texts in {} rows: no labels.": "test_training_data.py",
    "{} has no column of labels for {}.": "test_training_data.py",
    "{} learns one column, and `--label` names {}.": "test_training_data.py",
    "tokens needs a list of words in each row, and {} of {} holds {}.": "test_training_data.py",
    "{} needs texts, and {} of {} holds {}.": "test_training_data.py",
    "{} of {} is named twice.": "test_finetune.py",
    "Which column of {} holds the labels? It has {}.": "test_training_data.py",
    "Which column of {} holds the texts? It has {}.": "test_training_data.py",
    "The run {} has no data.": "test_training_data.py",
    "No row of {} has a label in {}.": "test_training_data.py",
    "All rows of {} to learn from have one label in {}: {}.": "test_training_data.py",
    "All rows of {} to learn from have one number in {}: {}.": "test_training_data.py",
    "The test rows have {} that no row to learn from has: {}.": "test_training_data.py",
    "No rows can be kept for the evaluation: {}.": "test_training_data.py",
    "Row {} of {} has {}, in {}.": "test_training_data.py",
    "No row of {} has a {} in {}.": "test_training_data.py",
    "{} of {} {} {} {} no {} in {}: {} row {}.": "test_training_data.py",
    "The request has a field {}, which is none of {}.": "test_request.py",
    "{} of {} holds no text: all {} rows are {}.": "test_training_data.py",
    "Row {} of {} has {} and {}.": "test_training_data.py",
    "The tokenizer has no chat template, and the examples are conversations.": "test_training_data.py",
    "The tokenizer has no mask token.": "test_training_tasks.py",
    "The model has a slow tokenizer, which does not tell which word a token is of.": "test_training_tasks.py",
    "`--{}` is called otherwise here.": "test_finetune.py",
    "`--{}` is for an adapter, and the method is {}.": "test_finetune.py",
    "`--method {}` needs peft.": "test_training_methods.py",
    "`--method qlora` needs bitsandbytes.": "test_training_fourbit.py",
    "bitsandbytes cannot be used here ({}: {}).": "test_training_fourbit.py",
    "bitsandbytes holds no weights in 4 bits on {}.": "test_training_fourbit.py",
    "The model has no layer {} for an adapter.": "test_training_methods.py",
    "The head of this model is not trained by itself: its weights are its embeddings, too.": "test_training_methods.py",
    "`--{}` is decided by the run itself.": "test_finetune.py",
    "A token would be written into the run directory.": "test_finetune.py",
    "finetune() has no argument {}.": "test_finetune.py",
    "No process can be started: {}.": "test_detached.py",
    "A worker is at work in the run {}.": "test_finetune.py",
    "The run {} cannot go on: {}.": "test_finetune.py",
    "`--greater-is-better` is for a metric of your own.": "test_finetune.py",
    "The data of the run {} are not those that it began with.": "test_finetune.py",
    "The model {} is not what it was when the run {} began: {} has changed.": "test_training_origin.py",
    "Training needs {}.": "test_finetune.py",
    "Reports cannot go to {}.": "test_finetune.py",
    "The run {} cannot be written into {}: {}.": "test_finetune.py",
    "The model is a {}, weights with an adapter on top.": "test_finetune.py",
    "The class {} is your own, and the process that trains does not know it.": "test_finetune.py",
    "The request names no model.": "test_finetune.py",
    "`--batch-size {}` has no equal parts for {} GPUs.": "test_training_processes.py",
    "`{}` is for one GPU.": "test_training_processes.py",
    "`--gpus {}` and `--device {}` are both given.": "test_training_processes.py",
    "`--gpus {}` asks for more GPUs than there are: {}.": "test_training_processes.py",
    "Process {} of the {} that train has ended ({}).": "test_training_processes.py",
    "Memory ran out in one of the processes that train.": "test_training_processes.py",
    "There is no metric {}.": "test_training_parts.py",
    "`--metric {}` failed ({}: {}).": "test_training_parts.py",
    "`--metric {}` gave {}.": "test_training_parts.py",
    "{} has no function {}.": "test_training_parts.py",
    "`--{} {}` cannot be imported ({}: {}).": "test_training_parts.py",
    "Transformers takes these settings for none: {}.": "test_training_parts.py",
    "{} is not whole: {} is not in its weights.": "test_training_tasks_worker.py",
    "Training failed ({}{}).": "test_training_worker.py",
    "The disk is full, and the run {} cannot be written on. {}": "test_training_worker.py",
    "Memory ran out with one example at a time.": "test_training_worker.py",
    "Memory ran out in an evaluation with one example at a time.": "test_training_worker.py",
    "The last checkpoint of the run {}, of step {}, is damaged: {}.{}": "test_training_checkpoints.py",
    "The run {} is {}, and has no model yet.": "test_training_run.py",
    "The model of the run {} is gone.": "test_training_run.py",
    "This deletes {}, with its data, its checkpoints and its model.": "test_training_run.py",
    "No run has a curve {}.": "test_training_run.py",
    "A curve does not go along {}.": "test_training_run.py",
    "The smoothing is {}.": "test_training_run.py",
    "The run {} is {}, not paused.": "test_training_run.py",
    "A learning rate is given, or a factor.": "test_training_run.py",
    "The learning rate is {}.": "test_training_run.py",
    "The run {} has no curve {}.": "test_training_run.py",
    "The run {} has no search for a learning rate.": "test_training_run.py",
    "The run {} is {}: there is nothing to {}.": "test_training_run.py",
    "What the run {} was asked for cannot be read ({}).": "test_training_run.py",
    "There is no run {} in {}.": "test_training_run.py",
    "`--tokenizer` is for a model of your own, in a variable.": "test_finetune.py",
    "There is `--data`, and also {} on the line.": "test_finetune.py",
    "There is nothing to learn from.": "test_finetune.py",
    "Reports to {} need its package.": "test_finetune.py",
    "A checkpoint and the model take {}, and {} are free in {}.": "test_finetune.py",
    "`--diff` takes the names of two runs.": "test_finetune.py",
    "`%runs {}` is not known.": "test_finetune.py",
    "`%runs {}` names no run.": "test_finetune.py",
    "`--weight-decay` is {}.": "test_finetune.py",
    "`--seed` is {}.": "test_finetune.py",
    "`--folder` is {}, {}.": "test_finetune.py",
    "There is a run {} already, in {}.": "test_finetune.py",
    "A run cannot be called {}.": "test_finetune.py",
    "No run can be made in {}: {}.": "test_rundir.py",
    "The run has no curve {}.": "test_training_wire.py",
    "{} is no smoothing.": "test_training_wire.py",
    "{} is no {}.": "test_training_wire.py",
    "A run cannot be told to {}.": "test_training_wire.py",
    "No run is ticked.": "test_runs_panel.py",
    "No model can be put into use from here.": "test_runs_panel.py",
    "The run has ended: it is {}.": "test_training_wire.py",
    "{} is no factor of the learning rate.": "test_training_wire.py",
    "{} has no revision {}.": "below: needs a hub",
    "{} is gated, and whoever is logged in here has not been given access.": "test_download.py: needs a hub",
    "The download of {} is not finished: {}.": "test_download.py: needs a hub",
    "{} of {} arrived damaged, and was removed: its {} is not the one that the Hub tells.": "test_download.py",
    "The rows of {} cannot be read ({}: {}).": "test_catalog.py: needs a hub",
    "The name of a {} is text, and this is {}.": "test_catalog.py",
    "`--length` is {}, and {} reads {} tokens at most.": "test_modelcard.py",
    "A card is of a model's files, and this one is in memory.": "test_modelcard.py",
    "There is no {} {} in this list.": "test_catalog.py",
    "{} is not in the local cache, and the Hub cannot be reached ({}).": "below: needs a hub",
    "The disk is full: {} could not be fetched into {}{}.": "test_hub.py: needs a full disk",
    "{} can be no Hub id.": "test_hub.py",
    "{} is not in the local cache, and the proxy fails ({}).": "test_hub.py: needs a proxy",
    "The weights of {} are damaged ({}).": "test_gate.py",
    "The pickled weights of {} hold more than tensors, which could run any code, and are not loaded.": "test_gate.py",
    "The code of {} has no {}, only {}.": "test_remote_code.py",
    "The code {} cannot be read ({}).": "test_remote_code.py",
    "{} does not fit into memory.": "test_memory.py: needs a small memory",
    "{} needs {} of memory ({} of weights, the rest for a batch), and {} are free on {}.": "test_memory.py",
    "Your model {} is on {}, not on {}.": "below: needs a device that is there and is not the model's",
}


@pytest.fixture(scope="module")
def namespace(models: Path, hub_cache: Path) -> dict[str, Any]:
    """The variables of SETUP and models that are in memory."""
    from transformers import BertModel, ByT5Tokenizer

    made: dict[str, Any] = {}
    exec(SETUP, made)
    liar = helpers.classifier()
    liar.config.num_labels = 4
    bare: Any = BertModel(helpers.bert_config())
    made |= {"own": helpers.classifier(), "bare": bare, "liar": liar, "tokenizer": helpers.tokenizer()}
    made |= {"letters": ByT5Tokenizer(), "pair": (made["own"], "bert")}
    return made


def _apple() -> bool:
    import torch

    return torch.backends.mps.is_available()


@pytest.mark.parametrize(("code", "message"), MAGIC, ids=[code for code, _ in MAGIC])
def test_a_magic_says(terminal: Terminal, namespace: dict[str, Any], models: Path, code: str, message: str) -> None:
    if "mps" in code and _apple():
        pytest.skip("there is an Apple GPU here")
    needed = {name: value for name, value in namespace.items() if name in code or name in SETUP}
    terminal.shell.push(needed)
    assert terminal.refusal(code.replace("{M}", str(models))) == message.replace("{M}", str(models))


@pytest.mark.parametrize(("given", "message"), FUNCTION, ids=[str(list(given)) + m[:20] for given, m in FUNCTION])
def test_the_function_says(hub_cache: Path, given: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        nbt.classify(**{"data": ["a joy"], **given})
    assert str(caught.value) == message
    assert str(caught.value) == " ".join(filter(None, [caught.value.message, caught.value.hint]))


def test_arguments_that_do_not_fit_are_told_in_one_line() -> None:
    call: Any = nbt.classify
    for arguments, why in (
        ((), "missing a required argument: 'data'"),
        ((["x"], "minilm"), "too many positional arguments"),
    ):
        with pytest.raises(UserError) as caught:
            call(*arguments)
        assert str(caught.value) == f"classify(): {why}. Type `help(nbtransformers.classify)`."


def test_an_input_that_fails_is_told() -> None:
    def broken() -> Iterator[str]:
        raise ZeroDivisionError("no more")
        yield "a joy"

    with pytest.raises(UserError) as caught:
        nbt.classify(broken())
    assert str(caught.value) == "Reading data fails: ZeroDivisionError: no more. Try `list(…)` of it in a cell."
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_missing_gpu_is_told(terminal: Terminal, models: Path) -> None:
    import torch

    line = f"%classify ['joy'] --model {models}/tiny --device cuda"
    if torch.cuda.is_available():
        there = torch.cuda.device_count()
        told = f"There is no CUDA device 99. Type a number from 0 to {there - 1}: `--device cuda:0`."
        assert terminal.refusal(f"{line}:99") == told
        return
    why = "this torch is built without CUDA" if torch.version.cuda is None else "no GPU is visible"
    told = f"There is no CUDA device here: {why}. Leave `--device` out, or type `--device cpu`."
    assert terminal.refusal(line) == told
    assert terminal.refusal(f"{line}:1") == told


def test_what_transformers_cannot_load_is_told_in_one_line(models: Path, tmp_path: Path) -> None:
    config = json.loads((models / "tiny" / "config.json").read_text(encoding="utf-8"))
    folder = tmp_path / "odd"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 24}), encoding="utf-8")
    for file in ("model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        (folder / file).write_bytes((models / "tiny" / file).read_bytes())
    with pytest.raises(UserError) as caught:
        nbt.classify(["a joy"], model=folder)
    assert re.fullmatch(r"Transformers cannot load odd \(\w+: [^\n]{5,170}\)\.", caught.value.message)
    assert caught.value.hint == f"Check the files in {folder}."


def test_a_model_is_not_moved_behind_its_owner_s_back(namespace: dict[str, Any]) -> None:
    # The only device that is everywhere and is not "cpu" holds no numbers, and is as good as another for this.
    elsewhere = helpers.classifier().to("meta")
    with pytest.raises(UserError) as caught:
        nbt.classify(["a joy"], model=elsewhere, tokenizer=namespace["tokenizer"], device="cpu")
    assert str(caught.value) == 'Your model model is on meta, not on cpu. Type `model.to("cpu")`.'


# --- a hub on this machine ---

ASK = """
import json, sys
import nbtransformers as nbt
for model, revision in json.loads(sys.argv[1]):
    try:
        nbt.classify(["a joy"], model=model, revision=revision)
    except nbt.UserError as error:
        print(error)
"""


class _Hub(BaseHTTPRequestHandler):
    codes: ClassVar = {"gated": (401, "GatedRepo"), "none": (401, "RepoNotFound"), "old": (404, "RevisionNotFound")}

    def do_GET(self) -> None:
        status, code = next((found for name, found in self.codes.items() if f"/{name}" in self.path), (500, ""))
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def _asked(endpoint: str, cache: Path, *models: tuple[str, str | None]) -> list[str]:
    environment = {**os.environ, "HF_HUB_OFFLINE": "0", "HF_ENDPOINT": endpoint, "HF_HUB_CACHE": str(cache)}
    done = subprocess.run(
        [sys.executable, "-c", ASK, json.dumps(models)], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_what_the_hub_refuses_is_told(hub: str, tmp_path: Path) -> None:
    assert _asked(hub, tmp_path, ("acme/gated", None), ("acme/none", None), ("acme/old", "v9")) == [
        "acme/gated is gated: the Hub gives it to people who accepted its terms. "
        "Accept them on its page, then type `hf auth login`.",
        "The Hub has no model acme/none, or it is private. Check the spelling, or type `hf auth login`.",
        "acme/old has no revision v9. Leave `revision` out for the newest.",
    ]


def test_a_hub_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    (told,) = _asked("http://127.0.0.1:9", tmp_path, ("acme/any", None))
    assert re.fullmatch(
        r"acme/any is not in the local cache, and the Hub cannot be reached \(\w+\)\. "
        r"Check the network, or give a folder or a bundled model such as minilm\.",
        told,
    )


# --- the table is whole ---


UNREAD = {"training/movie_snippets.py"}  # only who trains what is bundled reads it: test_bundled


def _templates() -> dict[str, str]:
    """Every message in the package with `{}` for what is put in, and where it is."""
    found: dict[str, str] = {}
    package = Path(nbtransformers.__file__).parent
    for path in sorted(package.rglob("*.py")):
        if str(path.relative_to(package)) in UNREAD:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "UserError" and node.args:
                template = _template(node.args[0])
                if template is not None:
                    found[template] = f"{path.relative_to(package)}:{node.lineno}"
    return found


def _template(message: ast.expr) -> str | None:
    if isinstance(message, ast.Constant):
        return message.value if isinstance(message.value, str) else None
    if isinstance(message, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in message.values)  # pyright: ignore
    return None


def test_no_message_is_missing_from_the_tables() -> None:
    said = [message for _, message in [*MAGIC, *FUNCTION]]
    for template, place in _templates().items():
        if template in ELSEWHERE:
            continue
        patterns = [
            ".+".join(re.escape(part) for part in form.split("{}"))
            for form in (template, in_python(UserError(template)).message)
        ]
        assert any(re.match(pattern, message) for message in said for pattern in patterns), (place, template)


def test_no_message_is_excused_that_is_gone() -> None:
    assert set(ELSEWHERE) <= set(_templates())


def test_every_suggestion_is_a_sentence() -> None:
    for _, message in [*MAGIC, *FUNCTION]:
        assert message.endswith((".", "?", "…")), message
