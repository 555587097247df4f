"""Weights from the Hugging Face Hub at the pinned revision, and what the hub states about them.

`HF_ENDPOINT`, `HF_TOKEN` and the proxies of the environment are honoured by huggingface_hub. Its versions stand on
different HTTP libraries, whose errors it lets through; so any error here counts as the network's.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from build_engines.errors import DownloadError
from build_engines.lock import LockedFile
from build_engines.models import Model

if TYPE_CHECKING:
    from huggingface_hub.hf_api import RepoSibling

WANTED = (".safetensors", ".json", ".txt", ".jinja")
"""Weights, configs, tokenizer and chat template; not the pictures and the README."""


def stated_files(model: Model) -> tuple[LockedFile, ...]:
    """The files of the pinned revision with the sizes and hashes that the hub's own metadata names.

    Raises: DownloadError where the hub cannot be asked, or leaves a file without size or hash.
    """
    from huggingface_hub import HfApi

    try:
        info = HfApi(endpoint=_endpoint()).model_info(
            model.repo_id, revision=model.revision, files_metadata=True
        )
    except Exception as error:
        raise _unreachable(model, error) from error
    return tuple(_stated(sibling) for sibling in info.siblings or () if sibling.rfilename.endswith(WANTED))


def fetch(model: Model, file: LockedFile, folder: Path) -> None:
    """Download one file into `folder`; what an earlier attempt has of it is continued.

    Raises: DownloadError.
    """
    from huggingface_hub import hf_hub_download

    try:
        hf_hub_download(
            model.repo_id, file.name, revision=model.revision, local_dir=folder, endpoint=_endpoint()
        )
    except Exception as error:
        raise _unreachable(model, error) from error


def _stated(file: RepoSibling) -> LockedFile:
    sha256 = file.lfs.sha256 if file.lfs else None
    if file.size is None or (sha256 is None and file.blob_id is None):
        raise DownloadError(
            f"the hub names no size or hash of {file.rfilename}; it cannot be verified and is not used"
        )
    return LockedFile(file.rfilename, file.size, sha256, None if sha256 else file.blob_id)


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")


def _unreachable(model: Model, error: Exception) -> DownloadError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return DownloadError(
        f"{model.repo_id}@{model.revision[:12]} could not be fetched from {_endpoint() or 'the Hugging Face Hub'}: "
        f"{reason}\n  check the network, the proxies and HF_ENDPOINT; what has arrived is kept"
    )
