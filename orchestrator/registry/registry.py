"""The registry of models: what is known, what is served, what answers where nobody asks for another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.errors import BackendLost, BrokenFile, ModelConflict, ModelUnloaded, UnknownModel
from orchestrator.kept_file import Backup
from orchestrator.registry.document import RegistryFile
from orchestrator.registry.entry import LANGUAGE_MODEL, Kind, ModelEntry, RegistryDocument, kind_of


class Registry:
    """Knows no Triton: `loading.Loading` does what is written here.

    Every change is on disk when the call returns. While the file is broken, whatever shows or changes it raises
    BrokenFile; what is asked for those who talk is answered as it was before.
    """

    def __init__(self, data_dir: Path) -> None:
        self._file = RegistryFile(data_dir)

    @property
    def path(self) -> Path:
        return self._file.path

    @property
    def document(self) -> RegistryDocument:
        """Everything. Raises: BackendLost before the first start, when nobody knows yet what is served."""
        if (document := self._file.read()) is None:
            raise BackendLost("the registry is written when Triton first answers; try again in a few seconds")
        return document

    @property
    def exists(self) -> bool:
        return self._file.read() is not None

    @property
    def _last_good(self) -> RegistryDocument:
        """For those who talk: a file that somebody breaks meanwhile is no reason to stop answering them."""
        try:
            return self.document
        except BrokenFile:
            if self._file.last_good is None:
                raise
            return self._file.last_good

    def entry(self, name: str) -> ModelEntry:
        """Raises: UnknownModel."""
        return _entry(self.document, name)

    def default_parameters(self, model: str | None = None) -> dict[str, Any]:
        """What a generation of `model` (the default where None) has where the request says nothing."""
        return dict(self._last_good.models[self.language_model(model)].default_parameters)

    def language_model(self, asked: str | None = None) -> str:
        """The id of the language model that answers a request for `asked`, or for none.

        Raises: UnknownModel; ModelUnloaded where it is not the one that is loaded.
        """
        document = self._last_good
        name = asked or document.default or document.serving.get(LANGUAGE_MODEL)
        if name is None:
            raise ModelUnloaded("no language model is loaded: POST /models/{name}/load", field="model")
        entry = _entry(document, name)
        if kind_of(entry) != "language":
            raise UnknownModel(f"{name} is no language model; GET /models lists them", field="model")
        if document.serving.get(entry.triton_model) != name:
            raise ModelUnloaded(
                f"{name} is not loaded: POST /models/{name}/load, or ask for another", field="model"
            )
        return name

    def ids(self) -> list[str]:
        """The language models that answer, the default one first."""
        default = self._last_good.default
        return sorted(self.served("language"), key=lambda name: name != default)

    def served(self, kind: Kind) -> list[str]:
        """The ids of this kind that are served."""
        document = self._last_good
        names = filter(None, document.serving.values())
        return [name for name in names if kind_of(document.models[name]) == kind]

    def add(self, name: str, entry: ModelEntry) -> None:
        """Raises: ModelConflict where the name is taken."""
        with self._file.changing() as change:
            if name in change.document.models:
                raise ModelConflict(f"there is a model {name} already: PUT changes it", field="id")
            change.document = _with(change.document, models={**change.document.models, name: entry})

    def update(self, name: str, entry: ModelEntry) -> None:
        """Replace what is known of a model; what is served changes when it is loaded the next time.

        Raises: UnknownModel; ModelConflict where one that is served would get another model of Triton.
        """
        with self._file.changing() as change:
            before = _entry(change.document, name)
            moves = before.triton_model != entry.triton_model
            if moves and name in change.document.serving.values():
                raise ModelConflict(f"{name} is loaded: unload it before its triton_model changes")
            change.document = _with(change.document, models={**change.document.models, name: entry})

    def remove(self, name: str) -> None:
        """Raises: UnknownModel; ModelConflict while it is loaded or the default."""
        with self._file.changing() as change:
            document = change.document
            _entry(document, name)
            if name in document.serving.values():
                raise ModelConflict(f"{name} is loaded: unload it first, or load another in its place")
            if name == document.default:
                raise ModelConflict(f"{name} is the default: make another one the default first")
            models = {other: entry for other, entry in document.models.items() if other != name}
            change.document = _with(document, models=models)

    def set_default(self, name: str) -> None:
        """Let it answer requests that name none. Raises: UnknownModel; ModelConflict where it cannot answer."""
        with self._file.changing() as change:
            document = change.document
            entry = _entry(document, name)
            if kind_of(entry) != "language":
                raise ModelConflict(f"{name} is no language model, and only one of those answers chats")
            if document.serving.get(entry.triton_model) != name:
                raise ModelConflict(f"{name} is not loaded: POST /models/{name}/load first")
            change.document = _with(document, default=name)

    def serves(self, triton_model: str, name: str | None) -> None:
        """Write down what a model of Triton serves now; what is replaced as the default hands that on."""
        with self._file.changing() as change:
            document = change.document
            serving = {**document.serving, triton_model: name}
            replaced = document.default is not None and (
                document.models[document.default].triton_model == triton_model
            )
            default = name if name and replaced else document.default
            change.document = _with(document, serving=serving, default=default)

    def found(self, runtime: RegistryDocument) -> None:
        """The runtime was started with these models: they are known from now on, with the paths that it has.

        What is served stays as it was written down, except where the runtime was changed since.
        """
        with self._file.changing() as change:
            before = change.document
            models = {**before.models}
            for name, entry in runtime.models.items():
                models[name] = _as_found(models.get(name), entry)
            changed = {
                triton_model: name
                for triton_model, name in runtime.started_with.items()
                if before.started_with.get(triton_model) != name
            }
            serving = {**before.serving, **changed}
            started_with = {**before.started_with, **runtime.started_with}
            default = runtime.default if LANGUAGE_MODEL in changed else before.default
            change.document = _with(
                before, models=models, serving=serving, started_with=started_with, default=default
            )

    def backups(self) -> list[Backup]:
        return self._file.backups()

    def restore(self, name: str) -> None:
        """What was known then, and of what is served now what is known now. Raises: UnknownBackup, BrokenFile."""
        self._file.restore(name, _keeping_served)


def _keeping_served(now: RegistryDocument, then: RegistryDocument) -> RegistryDocument:
    kept = {*filter(None, now.serving.values()), *now.started_with.values(), now.default}
    models = {**then.models, **{name: now.models[name] for name in kept if name and name not in then.models}}
    serving = {
        triton_model: name if name and models[name].triton_model == triton_model else None
        for triton_model, name in now.serving.items()
    }
    return _with(then, models=models, serving=serving, started_with=now.started_with, default=now.default)


def _as_found(known: ModelEntry | None, found: ModelEntry) -> ModelEntry:
    if known is None:
        return found
    runtimes = {name: getattr(found, name) for name in ("triton_model", "engine", "weights", "tokenizer")}
    return known.model_copy(update=runtimes)


def _entry(document: RegistryDocument, name: str) -> ModelEntry:
    if name not in document.models:
        known = ", ".join(document.models) or "none"
        raise UnknownModel(f"there is no model {name!r}; known: {known}", field="model")
    return document.models[name]


def _with(document: RegistryDocument, **changes: Any) -> RegistryDocument:
    fields = {field: getattr(document, field) for field in type(document).model_fields}
    return RegistryDocument(**{**fields, **changes})
