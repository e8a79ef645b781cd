"""What the gateway stands on in AWS: addresses in S3, keys in Parameter Store, secrets of one namespace."""

from __future__ import annotations

import hashlib
import json
import uuid
from urllib.parse import parse_qs, urlsplit

import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.aws.gateway import ParameterKeys
from econda_adapters.aws.namespace_secrets import NamespaceSecrets
from econda_adapters.aws.s3_blobs import S3Blobs
from econda_adapters.aws.s3_links import S3Links
from econda_adapters.clock import now_ms

from econda_cloud.gateway.tokens import BadKeys, Token, Tokens
from econda_cloud.ports.secrets import SecretUnavailable
from econda_cloud.wire.worker_protocol import Link, Write
from econda_cloud.worker.gateway.client import GatewayClient, LinkRefused

pytestmark = pytest.mark.emulator
DATA = b"some bytes"
KEY = f"artifacts/n/sha256/{hashlib.sha256(DATA).hexdigest()}"


@pytest.fixture
def clients(local_cloud):
    found = Clients(local_cloud.environment())
    yield found
    found.close()


@pytest.fixture
def bucket(clients):
    name = f"links-{uuid.uuid4().hex[:8]}"
    clients("s3").create_bucket(Bucket=name)
    return name


@pytest.fixture
def links(bucket, clients):
    return S3Links(bucket, clients)


@pytest.fixture
def client():
    """A worker, which has an address and nothing else."""
    found = GatewayClient("http://127.0.0.1:9", "no token")
    yield found
    found.close()


def write(data=DATA, key=KEY):
    return Write(key=key, sha256=hashlib.sha256(data).hexdigest(), size=len(data))


def put(client, upload, file, data):
    file.write_bytes(data)
    start, tags = 0, []
    for link in upload.parts:
        tags.append(client.send(link, file, start, min(upload.part_bytes, len(data) - start), patience_s=2))
        start += upload.part_bytes
    return tags


def test_a_file_goes_in_and_out_without_credentials(links, client, tmp_path):
    put(client, links.to_write(write(), "", now_ms()), tmp_path / "in", DATA)
    client.fetch(links.to_read(KEY, now_ms()), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA
    client.fetch(links.to_read(f"{KEY}#5+3", now_ms()), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA[5:8]
    client.fetch(links.to_read(f"{KEY}#5+0", now_ms()), tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b""
    with pytest.raises(KeyError):
        client.fetch(links.to_read("artifacts/n/none", now_ms()), tmp_path / "out")


def test_what_is_written_is_part_of_the_signature(links):
    """Real S3 refuses other headers than those that were signed, and content of another hash."""
    [link] = links.to_write(write(), "", now_ms(), once=True).parts
    query = parse_qs(urlsplit(link.url).query)
    assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert query["X-Amz-Expires"] == ["900"]
    signed = set(query["X-Amz-SignedHeaders"][0].split(";"))
    assert {"content-length", "x-amz-checksum-sha256", "if-none-match", "host"} <= signed
    assert set(link.headers) == {"content-length", "x-amz-checksum-sha256", "if-none-match"}


def test_other_content_than_was_announced_is_refused(links, client, bucket, clients, tmp_path):
    upload = links.to_write(write(), "", now_ms())
    with pytest.raises(LinkRefused):
        put(client, upload, tmp_path / "in", b"x" * len(DATA))
    assert not S3Blobs(bucket, clients).exists(KEY)


def test_what_is_there_already_stays_and_is_as_good(links, client, bucket, clients, tmp_path):
    blobs = S3Blobs(bucket, clients)
    blobs.put(KEY, b"first")
    put(client, links.to_write(write(), "", now_ms(), once=True), tmp_path / "in", DATA)
    assert blobs.get(KEY) == b"first"


def test_an_address_is_of_one_object_only(links, client, tmp_path):
    put(client, links.to_write(write(), "", now_ms()), tmp_path / "in", DATA)
    link = links.to_read(KEY, now_ms())
    forged = Link(url=link.url.replace("X-Amz-Expires=900", "X-Amz-Expires=90000"), until_ms=0)
    with pytest.raises((LinkRefused, KeyError)):
        client.fetch(forged, tmp_path / "out", patience_s=1)


def test_large_files_go_in_parts_and_lie_apart(links, client, bucket, clients, monkeypatch, tmp_path):
    monkeypatch.setattr("econda_adapters.aws.s3_links.WHOLE_MOST", 5 * 1024**2)
    monkeypatch.setattr("econda_adapters.aws.s3_links.PART_LEAST", 5 * 1024**2)
    data = bytes(range(256)) * 50_000
    upload = links.to_write(write(data), "artifacts/n/unchecked/r/c/x", now_ms())
    assert (upload.key, len(upload.parts)) == ("artifacts/n/unchecked/r/c/x", 3)
    tags = put(client, upload, tmp_path / "in", data)
    with pytest.raises(ValueError, match=r"NoSuchUpload|InvalidPart"):
        links.finish(upload.key, "another", tags)
    links.finish(upload.key, upload.upload, tags)
    assert S3Blobs(bucket, clients).get(upload.key) == data


TOKEN = Token(run="r", namespace="n", chunk="c", document="d", ends_ms=10**15)


def test_keys_are_made_once_and_shared(clients):
    name = f"/econda/{uuid.uuid4().hex[:8]}/gateway-keys"
    here, there = ParameterKeys(name, clients), ParameterKeys(name, clients)
    assert Tokens(there).check(Tokens(here).sign(TOKEN, 0), Token, 1) == TOKEN
    assert clients("ssm").get_parameter(Name=name)["Parameter"]["Type"] == "SecureString"


def test_of_two_that_make_the_first_keys_one_is_heeded(clients):
    name = f"/econda/{uuid.uuid4().hex[:8]}/gateway-keys"
    here, there = ParameterKeys(name, clients), ParameterKeys(name, clients)
    first = here()
    assert there._first() == first


def test_rotation_is_noticed_within_a_minute(clients):
    name, now = f"/econda/{uuid.uuid4().hex[:8]}/gateway-keys", [0.0]
    here, there = ParameterKeys(name, clients), ParameterKeys(name, clients, lambda: now[0])
    old = Tokens(there).sign(TOKEN, 0)
    here.rotate(1_000, lasts_ms=10_000)
    new = Tokens(here).sign(TOKEN, 1_000)
    with pytest.raises(Exception, match="not known"):
        Tokens(there).check(new, Token, 1_000)
    now[0] = 61.0
    assert Tokens(there).check(new, Token, 62_000) == TOKEN
    assert Tokens(here).check(old, Token, 62_000) == TOKEN, "who has not noticed yet signs with it for two minutes"
    with pytest.raises(Exception, match="has ended"):
        Tokens(here).check(old, Token, 132_000)


def test_a_parameter_that_holds_no_keys_says_so(clients):
    name = f"/econda/{uuid.uuid4().hex[:8]}/gateway-keys"
    clients("ssm").put_parameter(Name=name, Value="{}", Type="SecureString")
    with pytest.raises(BadKeys, match="holds no keys; delete it"):
        ParameterKeys(name, clients)()


def test_secrets_are_those_of_the_namespace(clients):
    team = uuid.uuid4().hex[:8]
    for namespace in ("blue", "red"):
        text = json.dumps({"user": f"ada of {namespace}"})
        clients("secretsmanager").create_secret(Name=f"econda/{team}/{namespace}/db", SecretString=text)
    blue = NamespaceSecrets(team, "blue", clients)
    reference = {"driver": "aws_secrets", "name": f"econda/{team}/blue/db"}
    assert blue.get({**reference, "field": "user"}) == "ada of blue"
    clients("secretsmanager").put_secret_value(SecretId=reference["name"], SecretString="changed")
    assert NamespaceSecrets(team, "blue", clients).get(reference) == "changed"
    assert NamespaceSecrets(team, "blue", clients).get({"driver": "aws_secrets", "name": "db"}) == "changed"
    for missing in ("", "econda", "../red/db", f"/econda/{team}/red/db"):
        with pytest.raises(SecretUnavailable, match="cannot be read: ResourceNotFoundException"):
            blue.get({"driver": "aws_secrets", "name": missing})
    for other in (f"econda/{team}/red/db", f"econda/{team}/blueish/db", "econda/", f"econda/{team}/blue"):
        with pytest.raises(SecretUnavailable, match="is not in this namespace"):
            blue.get({"driver": "aws_secrets", "name": other})
    with pytest.raises(SecretUnavailable, match="is not in this namespace"):
        blue.get({"driver": "environment", "variable": "HOME"})
