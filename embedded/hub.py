"""Weights from the Hugging Face Hub, at pinned revisions, where it can be reached.

`HF_ENDPOINT`, `HF_TOKEN` and the proxies of the environment are honoured by huggingface_hub.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from embedded.cache import require_hash
from embedded.catalogue import HubFile, Weights
from embedded.errors import HubUnreachableError, WrongHashError

_ETAG_TIMEOUT_SECONDS = 10.0


def download(weights: Weights, folder: Path) -> None:
    """Write the files of `weights` into `folder`.

    Raises: HubUnreachableError when the Hub or the file cannot be had, WrongHashError.
    """
    for file in weights.files:
        if file.hub is None:
            raise HubUnreachableError(f"{weights.name} is not on the Hub; set BEAUTYAI_WEIGHTS=packages")
        fetched = _download_one(file.hub, folder)
        if file.size_bytes is not None and fetched.stat().st_size != file.size_bytes:
            size = fetched.stat().st_size
            raise WrongHashError(
                f"{_address(file.hub)} has {size} bytes, expected {file.size_bytes}; nothing was kept"
            )
        require_hash(fetched, file.sha256, _address(file.hub))
        fetched.rename(folder / file.name)
    shutil.rmtree(folder / "hub.download", ignore_errors=True)


def _address(file: HubFile) -> str:
    return f"{file.repo_id}@{file.revision}/{file.path}"


def _download_one(file: HubFile, folder: Path) -> Path:
    # Imported late: it takes a second and most runs fetch nothing.
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    endpoint = os.environ.get("HF_ENDPOINT")
    try:
        path = hf_hub_download(
            file.repo_id,
            file.path,
            revision=file.revision,
            local_dir=folder / "hub.download",
            etag_timeout=_ETAG_TIMEOUT_SECONDS,
            endpoint=endpoint,
        )
    except (HfHubHTTPError, FileNotFoundError, ConnectionError, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise HubUnreachableError(
            f"{_address(file)} could not be fetched from {endpoint or 'the Hugging Face Hub'}: {reason}\n"
            "  check the network and HF_ENDPOINT, or use the packaged weights: BEAUTYAI_WEIGHTS=packages"
        ) from error
    return Path(path)
