# The orchestrator alone: no model, no compiler, no pip in what runs.
ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE} AS packages
COPY docker/orchestrator.requirements.txt /requirements.txt
RUN python -m venv --without-pip /opt/beautyai/python \
    && python -m pip --python /opt/beautyai/python/bin/python install --no-cache-dir \
        --require-hashes --only-binary :all: --requirement /requirements.txt

FROM ${PYTHON_IMAGE}
COPY --from=packages /opt/beautyai/python /opt/beautyai/python
COPY client/web /opt/beautyai/client/web
COPY orchestrator /opt/beautyai/orchestrator
WORKDIR /opt/beautyai
# A volume there is its user's.
RUN install --directory --owner 1000 --group 1000 --mode 700 /data
# A tokenizer is no token.
# hadolint ignore=DL3064
ENV PATH=/opt/beautyai/python/bin:${PATH} \
    PYTHONDONTWRITEBYTECODE=1 \
    BEAUTYAI_HOST=0.0.0.0 \
    BEAUTYAI_PORT=8000 \
    BEAUTYAI_DATA_DIR=/data \
    BEAUTYAI_TOKENIZER_DIR=/tokenizer
USER 1000:1000
EXPOSE 8000
# /health, not /ready: a restart of this process heals nothing that is wrong with Triton.
HEALTHCHECK --interval=5s --timeout=4s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health', timeout=3)"]
CMD ["python", "-m", "orchestrator"]
