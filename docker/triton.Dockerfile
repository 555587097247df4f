# Triton with TensorRT-LLM, and beside it the packages that the Python models import. Not yet run on a GPU.
ARG TRITON_IMAGE
FROM ${TRITON_IMAGE}

# A Python environment of their own: the image keeps the versions that NVIDIA tested TensorRT-LLM with, and its own
# PIP_CONSTRAINT, which pins those, is not for this one. Triton's stub takes the Python that PATH names first.
COPY docker/triton.requirements.txt /opt/beautyai/requirements.txt
RUN python3 -m venv --without-pip /opt/beautyai/python \
    && PIP_CONSTRAINT="" python3 -m pip --python /opt/beautyai/python/bin/python install --no-cache-dir \
        --require-hashes --only-binary :all: --requirement /opt/beautyai/requirements.txt
COPY production/triton_server.py /opt/beautyai/triton_server.py

# A tokenizer is no token.
# hadolint ignore=DL3064
ENV PATH=/opt/beautyai/python/bin:${PATH} \
    HOME=/tmp \
    BEAUTYAI_VAD_MODEL=/weights/silero_vad.onnx \
    BEAUTYAI_END_OF_TURN_MODEL=/weights/smart_turn.onnx \
    BEAUTYAI_WHISPER_DIR=/weights/whisper \
    BEAUTYAI_VOICES_DIR=/weights/voices \
    BEAUTYAI_TOKENIZER_DIR=/tokenizer \
    BEAUTYAI_WHISPER_DEVICE=cuda \
    BEAUTYAI_WHISPER_COMPUTE_TYPE=float16
USER 1000:1000
EXPOSE 8001 8002
# Ready when every model is; an engine of 16 GB is read from disk before that.
HEALTHCHECK --interval=5s --timeout=4s --start-period=300s --retries=3 \
    CMD ["python3", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/v2/health/ready', timeout=3)"]
# NVIDIA's entry point stays: it looks at the driver.
CMD ["python3", "/opt/beautyai/triton_server.py"]
