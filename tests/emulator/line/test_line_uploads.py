"""What is put into the bucket: once, twice, wrong, or gone again. Whoever uploads sees the answer beside the file."""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from econda_cloud.wire.entries import decode_entry
from econda_cloud.wire.events import RunStarted

pytestmark = pytest.mark.emulator

HELLO = """edsl 1

task greet(name: String) -> (text: String):
    run shell:
        printf 'Hello, %s' "$name" > "$OUT/text"

pipeline hello(name: String = "world", times: Int in 1..3 = 1) -> (text: String):
    greeting = greet(name)
    return text = greeting.text
"""


def notification(user, key: str, version: str) -> str:
    found = {
        "eventName": "ObjectCreated:Put",
        "userIdentity": {"principalId": "AWS:AIDA"},
        "s3": {
            "bucket": {"name": user.team.stack.bucket},
            "object": {"key": key, "size": 1, "versionId": version, "sequencer": "0A"},
        },
    }
    return json.dumps({"Records": [found]})


def test_notifications_that_come_again_and_at_once_start_one_run(user, until):
    key = user.upload(HELLO)
    run = user.ended()["run"]
    version = user.team.clients("s3").head_object(Bucket=user.team.stack.bucket, Key=key)["VersionId"]
    uploads = user.team.clients("sqs")
    with ThreadPoolExecutor(4) as threads:
        for _ in range(4):
            body = notification(user, key, version)
            threads.submit(uploads.send_message, QueueUrl=user.team.stack.uploads_queue, MessageBody=body)
    user.upload(HELLO, "marker.edsl")
    until(lambda: len(user.runs()) == 2, "the marker's run appears")
    entries = [decode_entry(record) for record in user.team.log.read(f"run/{run}")]
    assert isinstance(entries[0].events[0], RunStarted)
    assert list(user.instances(run)) == ["hello/greeting"]
    assert len(user.instances(run)["hello/greeting"].attempts) == 1


def test_uploading_a_file_again_starts_another_run(user, until):
    user.upload(HELLO)
    user.ended()
    user.upload(HELLO)
    until(lambda: len(user.runs()) == 2, "a second run")
    for run in user.runs():
        assert user.ended(run)["state"] == "succeeded"


def test_errors_lie_beside_a_file_until_it_is_mended(user, until):
    key = user.upload(HELLO.replace("greet(name)", "great(name)"))
    text = user.appears(f"{key}.errors.txt")
    assert "great" in text
    assert "did you mean `greet`" in text
    assert "^^^^^" in text
    assert user.runs() == []
    user.upload(HELLO)
    assert user.ended()["state"] == "succeeded"
    until(lambda: not user.team.blobs.exists(f"{key}.errors.txt"), "the errors are removed")


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"param-nmae": "Ada"}, "name"),
        ({"param-times": "9"}, "times"),
        ({"param-times": "many"}, "times"),
        ({"params": "[not, a, mapping]"}, "mapping"),
        ({"pipeline": "other"}, "other"),
    ],
)
def test_wrong_parameters_are_named(user, metadata, words):
    key = user.upload(HELLO, **metadata)
    assert words in user.appears(f"{key}.errors.txt")
    assert user.runs() == []


def test_parameters_of_a_sibling_file_stand_below_metadata(user):
    user.team.blobs.put(f"uploads/{user.namespace}/p.params.yaml", b"name: Bo\ntimes: 2\n")
    user.upload(HELLO, **{"param-name": "Ada"})
    status = user.ended()
    assert status["params"] == {"name": "Ada", "times": 2}
    assert status["outputs"] == {"text": "Hello, Ada"}


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pipeline.edsl", HELLO)
        archive.writestr("zeros", b"\0" * 50_000_000)
    return buffer.getvalue()


def outside() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("pipeline.edsl", HELLO)
        archive.writestr("../../etc/evil.py", "")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"this is no zip", "not a .zip"),
        (bomb(), "zip bomb"),
        (outside(), "leaves the bundle"),
    ],
    ids=["no zip", "bomb", "outside"],
)
def test_a_bad_bundle_is_refused(user, data, words):
    key = user.upload(data, "p.zip")
    assert words in user.appears(f"{key}.errors.txt")
    assert user.runs() == []


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (HELLO.replace("    run", "\trun").encode(), "tab"),
        (b"edsl 1\n\xff\xfe\n", "UTF-8"),
        (b"edsl 1\n" + b"(" * 10_000_000, "the limit is 1,048,576"),
        (HELLO.replace("run shell:\n        printf 'Hello, %s' \"$name\" > \"$OUT/text\"", 'run shell "gone.sh"').encode(), "gone.sh"),
    ],
    ids=["tab", "not UTF-8", "10 MB", "missing code file"],
)  # fmt: skip
def test_a_bad_file_is_refused(user, data, words):
    key = user.upload(data)
    assert words in user.appears(f"{key}.errors.txt")
    assert user.runs() == []


def test_an_upload_that_is_gone_again_harms_nobody(user):
    version = user.team.clients("s3").put_object(
        Bucket=user.team.stack.bucket, Key=f"elsewhere/{user.namespace}", Body=b""
    )["VersionId"]
    body = notification(user, f"uploads/{user.namespace}/gone.edsl", version)
    user.team.clients("sqs").send_message(QueueUrl=user.team.stack.uploads_queue, MessageBody=body)
    user.upload(HELLO)
    assert user.ended()["state"] == "succeeded"
    assert len(user.runs()) == 1
