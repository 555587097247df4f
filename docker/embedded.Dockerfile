# The whole laptop runtime in one container, for systems on which it does not run by itself (macOS, Windows). CPU only.
ARG PYTHON_IMAGE
FROM ${PYTHON_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner 1000 --group 1000 /cache \
    && install --directory --owner 1000 --group 1000 --mode 700 /data
COPY requirements.lock /opt/beautyai/requirements.lock
RUN python -m pip install --no-cache-dir --require-hashes --only-binary :all: \
    --requirement /opt/beautyai/requirements.lock
COPY backends /opt/beautyai/backends
COPY client /opt/beautyai/client
COPY embedded /opt/beautyai/embedded
COPY model_repository /opt/beautyai/model_repository
COPY orchestrator /opt/beautyai/orchestrator
WORKDIR /opt/beautyai
ENV HOME=/tmp \
    PYTHONDONTWRITEBYTECODE=1 \
    BEAUTYAI_CACHE=/cache \
    BEAUTYAI_DATA_DIR=/data \
    BEAUTYAI_HOST=0.0.0.0
USER 1000:1000
VOLUME /cache /data
EXPOSE 8000
# The first start fetches the server and the weights.
HEALTHCHECK --interval=5s --timeout=4s --start-period=600s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/ready', timeout=3)"]
CMD ["python", "-m", "embedded", "serve"]
