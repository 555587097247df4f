from __future__ import annotations

from orchestrator.recommended import OTHERS, QWEN3, recommended


def test_qwen3_is_known_by_its_vocabulary() -> None:
    assert recommended({"<|im_end|>": 151_645, "<think>": 151_667, "</think>": 151_668}) is QWEN3


def test_its_predecessor_and_other_models_that_think_are_not_taken_for_it() -> None:
    assert recommended({"<|im_end|>": 151_645}) is OTHERS
    assert recommended({"<|im_end|>": 2, "<think>": 49_152}) is OTHERS
