"""`tensorrt_llm/config.pbtxt` against the tensors of the C++ backend.

Source: triton_backend/all_models/inflight_batcher_llm/tensorrt_llm/config.pbtxt of TensorRT-LLM v1.2.1. Kept here once
more, so that an edit of the config cannot drift from what the container's backend expects.
"""

from __future__ import annotations

from typing import Any

from tests.contract.model_config import config, type_name

# name, type, dims, flags: s = a scalar (reshaped to no dims), o = optional, r = ragged batch and optional.
INPUTS = """
input_ids INT32 -1 ro
encoder_input_features FP16 -1,-1 ro
encoder_output_lengths INT32 1 so
input_lengths INT32 1 s
request_output_len INT32 1 s
num_return_sequences INT32 1 so
draft_input_ids INT32 -1 ro
decoder_input_ids INT32 -1 ro
decoder_input_lengths INT32 1 so
draft_logits FP32 -1,-1 ro
draft_acceptance_threshold FP32 1 so
end_id INT32 1 so
pad_id INT32 1 so
stop_words_list INT32 2,-1 ro
bad_words_list INT32 2,-1 ro
embedding_bias FP32 -1 ro
beam_width INT32 1 so
temperature FP32 1 so
runtime_top_k INT32 1 so
runtime_top_p FP32 1 so
runtime_top_p_min FP32 1 so
runtime_top_p_decay FP32 1 so
runtime_top_p_reset_ids INT32 1 so
len_penalty FP32 1 so
early_stopping BOOL 1 so
repetition_penalty FP32 1 so
min_tokens INT32 1 so
beam_search_diversity_rate FP32 1 so
presence_penalty FP32 1 so
frequency_penalty FP32 1 so
seed UINT64 1 so
return_log_probs BOOL 1 so
return_context_logits BOOL 1 so
return_generation_logits BOOL 1 so
return_perf_metrics BOOL 1 so
return_num_input_tokens BOOL 1 so
return_num_output_tokens BOOL 1 so
exclude_input_in_output BOOL 1 so
stop BOOL 1 so
streaming BOOL 1 so
prompt_embedding_table FP16 -1,-1 ro
prompt_table_extra_ids UINT64 -1 ro
prompt_vocab_size INT32 1 so
cross_attention_mask BOOL -1,-1 ro
mrope_rotary_cos_sin FP32 -1 o
mrope_position_deltas INT64 1 o
lora_task_id UINT64 1 so
lora_weights FP16 -1,-1 ro
lora_config INT32 -1,3 ro
context_phase_params UINT8 -1 ro
skip_cross_attn_blocks BOOL 1 ro
retention_token_range_starts INT32 -1 ro
retention_token_range_ends INT32 -1 ro
retention_token_range_priorities INT32 -1 ro
retention_token_range_durations_ms INT32 -1 ro
retention_decode_priority INT32 1 ro
retention_decode_duration_ms INT32 1 ro
guided_decoding_guide_type STRING 1 ro
guided_decoding_guide STRING 1 ro
lookahead_window_size INT32 1 ro
lookahead_ngram_size INT32 1 ro
lookahead_verification_set_size INT32 1 ro
"""

OUTPUTS = """
output_ids INT32 -1,-1
sequence_length INT32 -1
cum_log_probs FP32 -1
output_log_probs FP32 -1,-1
context_logits FP32 -1,-1
generation_logits FP32 -1,-1,-1
batch_index INT32 1
sequence_index INT32 1
context_phase_params UINT8 -1
kv_cache_alloc_new_blocks INT32 1
kv_cache_reused_blocks INT32 1
kv_cache_alloc_total_blocks INT32 1
arrival_time_ns INT64 1
first_scheduled_time_ns INT64 1
first_token_time_ns INT64 1
last_token_time_ns INT64 1
acceptance_rate FP32 1
total_accepted_draft_tokens INT32 1
total_draft_tokens INT32 1
num_input_tokens INT32 1
num_output_tokens INT32 1
"""

PARAMETERS = """
max_beam_width FORCE_CPU_ONLY_INPUT_TENSORS gpt_model_type gpt_model_path encoder_model_path
max_tokens_in_paged_kv_cache max_attention_window_size sink_token_length batch_scheduler_policy
kv_cache_free_gpu_mem_fraction cross_kv_cache_fraction kv_cache_host_memory_bytes kv_cache_onboard_blocks
enable_trt_overlap exclude_input_in_output cancellation_check_period_ms stats_check_period_ms
iter_stats_max_iterations request_stats_max_iterations enable_kv_cache_reuse normalize_log_probs
enable_chunked_context gpu_device_ids participant_ids num_nodes lora_cache_optimal_adapter_size
lora_cache_max_adapter_size lora_cache_gpu_memory_fraction lora_cache_host_memory_bytes lora_prefetch_dir
decoding_mode executor_worker_path lookahead_window_size lookahead_ngram_size
lookahead_verification_set_size medusa_choices eagle_choices gpu_weights_percent
enable_context_fmha_fp32_acc multi_block_mode cuda_graph_mode cuda_graph_cache_size
speculative_decoding_fast_logits tokenizer_dir guided_decoding_backend xgrammar_tokenizer_info_path
"""
CONFIG = config("tensorrt_llm")


def described(tensor: Any) -> str:
    flags = ("s" if tensor.HasField("reshape") else "") + ("r" if tensor.allow_ragged_batch else "")
    flags += "o" if tensor.optional else ""
    return f"{tensor.name} {type_name(tensor)} {','.join(map(str, tensor.dims))} {flags}".rstrip()


def test_inputs_are_those_of_the_cpp_backend() -> None:
    assert [described(tensor) for tensor in CONFIG.input] == INPUTS.strip().splitlines()


def test_outputs_are_those_of_the_cpp_backend() -> None:
    found = [
        f"{output.name} {type_name(output)} {','.join(map(str, output.dims))}" for output in CONFIG.output
    ]
    assert found == OUTPUTS.strip().splitlines()


def test_scalars_are_reshaped_to_no_dims() -> None:
    assert all(not tensor.reshape.shape for tensor in CONFIG.input if tensor.HasField("reshape"))


def test_parameters_are_known_to_the_cpp_backend() -> None:
    assert set(CONFIG.parameters) - {"max_queue_size"} <= set(PARAMETERS.split())
    assert {"gpt_model_type", "gpt_model_path"} <= set(CONFIG.parameters)


def test_what_the_cpp_backend_reads_without_a_default_is_there() -> None:
    # getGuidedDecodingConfigFromParams reads these outside any try: a model without them does not load.
    unguarded = {"tokenizer_dir", "xgrammar_tokenizer_info_path", "guided_decoding_backend"}
    assert unguarded <= set(CONFIG.parameters)
    assert {CONFIG.parameters[name].string_value for name in unguarded} == {""}


def test_nothing_is_left_to_fill_in() -> None:
    assert not [name for name, value in CONFIG.parameters.items() if "$" in value.string_value]


def test_tokens_stream_and_nothing_is_delayed_or_queued_without_end() -> None:
    assert CONFIG.backend == "tensorrtllm"
    assert CONFIG.model_transaction_policy.decoupled
    assert CONFIG.dynamic_batching.max_queue_delay_microseconds == 0
    assert CONFIG.parameters["max_queue_size"].string_value == "64"
    assert len(CONFIG.instance_group) == CONFIG.instance_group[0].count == 1
