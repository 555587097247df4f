"""What the C++ `tensorrtllm` backend of TensorRT-LLM 1.2.1 reads from a model's `parameters`.

Sources: triton_backend/all_models/inflight_batcher_llm/tensorrt_llm/config.pbtxt and
triton_backend/inflight_batcher_llm/src/{model_state,model_instance_state}.cc.
"""

from __future__ import annotations

KNOWN_PARAMETERS = frozenset(
    {
        "FORCE_CPU_ONLY_INPUT_TENSORS",
        "batch_scheduler_policy",
        "cancellation_check_period_ms",
        "cross_kv_cache_fraction",
        "cuda_graph_cache_size",
        "cuda_graph_mode",
        "decoding_mode",
        "eagle_choices",
        "enable_chunked_context",
        "enable_context_fmha_fp32_acc",
        "enable_kv_cache_reuse",
        "enable_trt_overlap",
        "encoder_model_path",
        "exclude_input_in_output",
        "executor_worker_path",
        "gpt_model_path",
        "gpt_model_type",
        "gpu_device_ids",
        "gpu_weights_percent",
        "guided_decoding_backend",
        "iter_stats_max_iterations",
        "kv_cache_free_gpu_mem_fraction",
        "kv_cache_host_memory_bytes",
        "kv_cache_onboard_blocks",
        "lookahead_ngram_size",
        "lookahead_verification_set_size",
        "lookahead_window_size",
        "lora_cache_gpu_memory_fraction",
        "lora_cache_host_memory_bytes",
        "lora_cache_max_adapter_size",
        "lora_cache_optimal_adapter_size",
        "lora_prefetch_dir",
        "max_attention_window_size",
        "max_beam_width",
        "max_tokens_in_paged_kv_cache",
        "medusa_choices",
        "multi_block_mode",
        "normalize_log_probs",
        "num_nodes",
        "participant_ids",
        "recv_poll_period_ms",
        "request_stats_max_iterations",
        "sink_token_length",
        "speculative_decoding_fast_logits",
        "stats_check_period_ms",
        "tokenizer_dir",
        "xgrammar_tokenizer_info_path",
    }
)

READ_WITHOUT_DEFAULT = frozenset(
    {"gpt_model_type", "tokenizer_dir", "xgrammar_tokenizer_info_path", "guided_decoding_backend"}
)
"""Without one of these a model does not load ("Cannot find parameter with name"); it may be empty."""

TWIN_PARAMETERS = frozenset({"max_queue_size"})
"""Read by the CPU twin only; the C++ backend ignores what it does not know."""
