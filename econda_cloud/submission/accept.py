"""Accepting an upload: compiled, its parameters bound, its files stored; or refused with a text for its owner."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from econda_edsl.compiler.compile import compile_source
from econda_edsl.compiler.modules.bundle import Bundle, BundleError, read_bundle
from econda_edsl.parameters.bind import bind_parameters
from econda_edsl.parameters.files import BadParams, read_params
from econda_edsl.parameters.given import Given, Plain
from econda_edsl.plan import Plan

from econda_cloud.environments.archives import known_archives
from econda_cloud.environments.pins import BadPins, Pins, take_lock, with_pins
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.schedule.status import announce
from econda_cloud.schedule.stored_plans import store_plan
from econda_cloud.submission.bundles import pack_files
from econda_cloud.submission.data_in import UploadData
from econda_cloud.submission.heeded import refused_by_stacks
from econda_cloud.submission.uploads import Upload, namespace_of
from econda_cloud.wire.events import RunStarted
from econda_cloud.wire.keys import bundle_key

PARAM = "param-"
"""Object metadata `param-NAME` gives a parameter, `params` several as YAML, `pipeline` picks one of the file's."""


class Refused(ValueError):
    """An upload that starts no run; the text says what, where, why and what to do."""


@dataclass(frozen=True)
class Content:
    """What was uploaded, and what lay beside it."""

    data: bytes
    metadata: Mapping[str, str] = field(default_factory=dict)
    sibling: bytes | None = None
    sibling_name: str = "params.yaml"


def accept(upload: Upload, content: Content, blobs: BlobStore) -> RunStarted:
    """Store plan, code and first status of the run; the event that starts it. Repeating changes nothing.

    Raises `Refused`; `BadKey` for a key without a namespace.
    """
    namespace = namespace_of(upload.key)
    bundle = _bundle(upload, content)
    code, pins = _unlocked(bundle)
    plan = with_pins(_plan(bundle, code, content.metadata.get("pipeline")), pins)
    params = _params(plan, bundle, content, UploadData(blobs, namespace, code, upload))
    run = upload.run(plan.name)
    plan = store_plan(blobs, namespace, run, plan)
    stored = None
    used = {name: code[name] for name in plan.code if name in code}
    if used:
        stored = bundle_key(namespace, run)
        blobs.put(stored, pack_files(used))
    announce(blobs, namespace, run, upload=upload.key)
    return RunStarted(
        run=run,
        namespace=namespace,
        plan=plan.digest,
        params=params,
        seed=upload.seed,
        submitted_by=content.metadata.get("submitted-by") or upload.user,
        archives=known_archives(plan, blobs, namespace),
        bundle=stored,
    )


def _bundle(upload: Upload, content: Content) -> Bundle:
    if not upload.key.endswith(".zip"):
        return Bundle(upload.key.rpartition("/")[2], content.data)
    try:
        return read_bundle(content.data)
    except BundleError as error:
        raise Refused(f"error: {error}") from error


def _unlocked(bundle: Bundle) -> tuple[dict[str, bytes], dict[str, Pins]]:
    try:
        return take_lock(bundle.files)
    except BadPins as error:
        raise Refused(f"error: {error}") from error


def _plan(bundle: Bundle, code: Mapping[str, bytes], pipeline: str | None) -> Plan:
    compiled = compile_source(bundle.source, bundle.source_path, files=code, pipeline=pipeline)
    if compiled.plan is None:
        raise Refused(compiled.render(color=False))
    if reasons := refused_by_stacks(compiled.plan):
        raise Refused("\n".join(f"error: {reason}" for reason in reasons))
    return compiled.plan


def _params(plan: Plan, bundle: Bundle, content: Content, data: UploadData) -> dict[str, Any]:
    """Parameters from the bundle, then the sibling file, then the object's metadata: the later ones stand."""
    raw: dict[str, Given] = dict(bundle.params)
    try:
        if content.sibling is not None:
            raw |= read_params(content.sibling, content.sibling_name)
        if "params" in content.metadata:
            raw |= read_params(content.metadata["params"].encode(), "the metadata `params`")
    except BadParams as error:
        raise Refused(f"error: {error}") from error
    raw |= _from_metadata(plan, content.metadata)
    values, errors = bind_parameters(plan, raw, data)
    if errors:
        raise Refused("\n".join(f"error: {message}" for message in errors))
    return values


def _from_metadata(plan: Plan, metadata: Mapping[str, str]) -> dict[str, Given]:
    """`param-NAME`; stores lower the case of metadata names, and some write `_` as `-`."""
    folded = {name.lower().replace("_", "-"): name for name in plan.params}
    given = {key[len(PARAM) :]: value for key, value in metadata.items() if key.lower().startswith(PARAM)}
    return {
        folded.get(name.lower().replace("_", "-"), name): Given(Plain(value), f"the metadata `{PARAM}{name}`")
        for name, value in given.items()
    }
