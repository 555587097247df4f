"""Between text and tokens: chat messages -> prompt ids, generated ids -> text.

Knows the model only by its tokenizer folder, and nothing of how or where tokens are generated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from orchestrator.errors import BadSetting, ClientError
from orchestrator.history import Message
from orchestrator.recommended import Recommended, recommended
from orchestrator.thoughts import without_thoughts

Tools = Sequence[Mapping[str, Any]]
# A Unicode noncharacter: kept out of messages, so that it can mark what a user wrote in the rendered prompt.
_MARK = "\ufdd0"
_BROKEN = "\ufffd"
_LONGEST_HELD_IDS = 256
_TURN_ENDS = (
    "<|im_end|>",
    "<|im_start|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "</s>",
)


class ChatTemplate:
    """A model's chat template and tokenizer, from a folder with `tokenizer.json` and `tokenizer_config.json`.

    What is written in messages is text, always: a typed `<|im_start|>` reaches the model as the characters it is
    made of, never as the control token. `can_think`: the template takes `enable_thinking`, as that of Qwen3 does, and
    `takes_tools` that it takes `tools`; `recommended`: how the model's authors want its tokens chosen.

    Raises:
        BadSetting: the folder lacks a file, a template or an end token.
    """

    def __init__(self, folder: Path) -> None:
        source, config = _read(folder / "tokenizer.json"), _read(folder / "tokenizer_config.json")
        added = {token["content"]: token["id"] for token in source.get("added_tokens") or []}
        # Runs of white space are added tokens as well in some vocabularies; they control nothing.
        self._controls = {
            text: token_id for text, token_id in added.items() if len(text) > 1 and text.strip()
        }
        self._control = _any_of(self._controls)
        self.tokenizer: Tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._plain = _without_controls(source, self._controls)
        self._special = {
            name: _token_text(config.get(name)) for name in ("bos_token", "eos_token", "pad_token")
        }
        source_text = _template_text(config, folder)
        self._template = _environment().from_string(source_text)
        self.can_think: bool = "enable_thinking" in source_text
        self.takes_tools: bool = re.search(r"\btools\b", source_text) is not None
        self.recommended: Recommended = recommended(self._controls)
        self.end_id: int = self._id_of(self._special["eos_token"], "eos_token")
        self.pad_id: int = self._id_of(self._special["pad_token"] or self._special["eos_token"], "pad_token")
        ends = (self._controls[text] for text in _TURN_ENDS if text in self._controls)
        self.stop_ids: tuple[int, ...] = tuple(token_id for token_id in ends if token_id != self.end_id)

    def become(self, folder: Path) -> None:
        """Be another model's from now on; a `Detokenizer` that was made before keeps its tokenizer.

        Raises: BadSetting; it is then what it was.
        """
        vars(self).update(vars(ChatTemplate(folder)))

    def plain_ids(self, text: str) -> list[int]:
        """Return the token ids of a bare text, in which nothing is a control token."""
        ids: list[int] = self._plain.encode(text, add_special_tokens=False).ids
        return ids

    def render(
        self, messages: Sequence[Message], *, enable_thinking: bool = False, tools: Tools = ()
    ) -> list[int]:
        """Return the token ids of the prompt that asks for the assistant's next message.

        Where the template can think, the thoughts of earlier replies are left out, as Qwen3's own template does it.
        `tools` are OpenAI's descriptions of functions, for a template that takes them.

        Raises:
            ClientError: the template refuses these messages (for example two of one role in a row).
        """
        marked = [self._marked_within({**message, "content": self._said(message)}) for message in messages]
        given = {"tools": self._marked_within(list(tools))} if tools else {}
        try:
            text = self._template.render(
                messages=marked,
                add_generation_prompt=True,
                enable_thinking=enable_thinking,
                **given,
                **self._special,
            )
        except TemplateError as error:
            raise ClientError(f"the model's chat template refuses these messages: {error}") from error
        return self._encode(text)

    def _said(self, message: Message) -> str:
        thoughts_end = self.can_think and message["role"] == "assistant"
        return without_thoughts(message["content"]) if thoughts_end else message["content"]

    def _marked_within(self, value: Any) -> Any:
        """`value` as JSON has it, whose texts are marked."""
        if isinstance(value, str):
            return self._marked(value)
        if isinstance(value, Mapping):
            return {self._marked(str(key)): self._marked_within(one) for key, one in value.items()}
        return [self._marked_within(one) for one in value] if isinstance(value, list) else value

    def _marked(self, content: str) -> str:
        content = content.replace(_MARK, "")
        while self._control.search(content):
            content = self._control.sub(lambda found: found[0][0] + _MARK + found[0][1:], content)
        return content

    def _encode(self, text: str) -> list[int]:
        ids: list[int] = []
        for part in self._control.split(text):
            if part in self._controls:
                ids.append(self._controls[part])
            elif part:
                ids += self._plain.encode(part.replace(_MARK, ""), add_special_tokens=False).ids
        return ids

    def _id_of(self, text: str, name: str) -> int:
        token_id = self.tokenizer.token_to_id(text)
        if token_id is None:
            raise BadSetting(f"tokenizer_config.json: {name} {text!r} is not in tokenizer.json")
        return token_id


def _read(file: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadSetting(f"BEAUTYAI_TOKENIZER_DIR: {file} cannot be read: {error}") from error
    return content


def _any_of(texts: dict[str, int]) -> re.Pattern[str]:
    longest_first = sorted(texts, key=len, reverse=True)
    return re.compile(f"({'|'.join(map(re.escape, longest_first)) or '(?!)'})")


def _without_controls(source: dict[str, Any], controls: dict[str, int]) -> Tokenizer:
    kept = [token for token in source.get("added_tokens") or [] if token["content"] not in controls]
    return Tokenizer.from_str(json.dumps({**source, "added_tokens": kept, "post_processor": None}))


def _token_text(token: str | dict[str, Any] | None) -> str:
    return str(token["content"]) if isinstance(token, dict) else token or ""


def _template_text(config: dict[str, Any], folder: Path) -> str:
    template = config.get("chat_template")
    beside = folder / "chat_template.jinja"
    if not template and beside.exists():
        return beside.read_text(encoding="utf-8")
    if isinstance(template, list):
        template = {named["name"]: named["template"] for named in template}.get("default")
    if not template:
        raise BadSetting(
            f"{folder}: no chat_template in tokenizer_config.json; use an instruction-tuned model"
        )
    return str(template)


def _environment() -> ImmutableSandboxedEnvironment:
    """What published chat templates expect, in a sandbox: they come with the weights."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )

    def raise_exception(message: str) -> NoReturn:
        raise TemplateError(message)

    environment.globals["raise_exception"] = raise_exception
    environment.filters["tojson"] = lambda value, **options: json.dumps(value, ensure_ascii=False, **options)
    return environment


class Detokenizer:
    """Generated ids -> text, as they come; a character whose bytes are not all there is held back.

    Ids are decoded after the piece before them, as some vocabularies write a word differently where a text begins.
    Special tokens give no text.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._context: list[int] = []  # the ids of the last whole piece
        self._context_text = ""
        self._held: list[int] = []  # ids since then
        self._sent_characters = 0  # of the held ids' text

    def push(self, ids: Sequence[int]) -> str:
        """Return the text that is certain now."""
        return "".join([self._push(token_id) for token_id in ids])

    def flush(self) -> str:
        """Return what was held back (U+FFFD for a character that never became whole), and start anew."""
        rest = self._decode()[self._sent_characters :]
        self._context, self._context_text, self._held, self._sent_characters = [], "", [], 0
        return rest

    def _push(self, token_id: int) -> str:
        self._held.append(token_id)
        text = self._decode()
        certain = text.rstrip(_BROKEN)
        if certain != text and len(self._held) < _LONGEST_HELD_IDS:
            delta = certain[self._sent_characters :]
            self._sent_characters += len(delta)
            return delta
        delta = text[self._sent_characters :]
        if text:
            self._context = self._held
            self._context_text = self._tokenizer.decode(self._context)
        self._held, self._sent_characters = [], 0
        return delta

    def _decode(self) -> str:
        return self._tokenizer.decode(self._context + self._held)[len(self._context_text) :]
