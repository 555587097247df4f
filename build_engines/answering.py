"""`python -m build_engines.answering`: what one engine says to the prompts and the text of a comparison, as JSON.

A process of its own, so that its GPU memory is free again before the next engine is asked. TensorRT-LLM's engine API
(tensorrt_llm/_tensorrt_engine, llmapi/llm.py, sampling_params.py at v1.2.1) is used here only. A text is scored token
by token, each as one greedy step after the tokens before it: prompt logits would need an engine built for that.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from build_engines.quality import Answers

MAX_ANSWER_TOKENS = 96


def answer(
    llm: Any, sampling: Any, prompts: Sequence[Sequence[int]], text: Sequence[int], end_id: int
) -> Answers:
    """Greedy answers to `prompts` and the log probability of each token of `text` after the first.

    Args:
        llm: an LLM of TensorRT-LLM.
        sampling: its class SamplingParams.
        prompts: token ids.
        text: token ids.
        end_id: the token that ends an answer.
    """
    common = {"top_k": 1, "end_id": end_id, "pad_id": end_id, "detokenize": False}
    greedy = sampling(max_tokens=MAX_ANSWER_TOKENS, **common)
    answers = llm.generate([list(prompt) for prompt in prompts], greedy, use_tqdm=False)
    one_step = sampling(max_tokens=1, return_generation_logits=True, **common)
    beginnings = [list(text[:length]) for length in range(1, len(text))]
    steps = llm.generate(beginnings, one_step, use_tqdm=False)
    return Answers(
        tuple(tuple(result.outputs[0].token_ids) for result in answers),
        tuple(
            log_probability(step.outputs[0].generation_logits[0].tolist(), token)
            for step, token in zip(steps, text[1:], strict=True)
        ),
    )


def log_probability(logits: Sequence[float], token: int) -> float:
    """Natural logarithm of the softmax of `logits` (one for each token of the vocabulary) at `token`."""
    highest = max(logits)
    return logits[token] - highest - math.log(sum(math.exp(logit - highest) for logit in logits))


def main(arguments: Sequence[str] | None = None) -> int:
    """Load the engine, ask, write the answers."""
    parser = argparse.ArgumentParser(prog="python -m build_engines.answering", description=__doc__)
    for name in ("--engine-dir", "--tokenizer-dir", "--prompts", "--text", "--output"):
        parser.add_argument(name, type=Path, required=True)
    options = parser.parse_args(arguments)

    from tensorrt_llm import SamplingParams
    from tensorrt_llm._tensorrt_engine import LLM
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(options.tokenizer_dir)
    prompts = [_prompt(tokenizer, text) for text in json.loads(options.prompts.read_text(encoding="utf-8"))]
    text = tokenizer.encode(options.text.read_text(encoding="utf-8"))
    with LLM(str(options.engine_dir), str(options.tokenizer_dir), gather_generation_logits=True) as llm:
        said = answer(llm, SamplingParams, prompts, text, tokenizer.eos_token_id)
    options.output.write_text(
        json.dumps({"tokens": said.tokens, "log_probs": said.log_probs}), encoding="utf-8"
    )
    return 0


def _prompt(tokenizer: Any, question: str) -> list[int]:
    messages = [{"role": "user", "content": question}]
    ids: list[int] = tokenizer.apply_chat_template(
        messages, add_generation_prompt=True, enable_thinking=False, tokenize=True, return_dict=False
    )
    return ids


if __name__ == "__main__":
    sys.exit(main())
