"""What is handed over, when a chunk is handed over twice, or where there is nobody to take it; and how a run ends."""

from __future__ import annotations

import json
from typing import Any, cast

import msgspec
import pytest
from econda_adapters.aws.effects import AwsEffects
from econda_adapters.aws.gateway import gateway_address
from econda_adapters.aws.stack import Stack, TeamPools
from econda_edsl.compiler.compile import compile_source
from econda_edsl.plan import Inline, Plan

from econda_cloud.gateway.assigning import Assigner
from econda_cloud.gateway.tokens import Key, KeyRing, Tokens
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.ports.pool import Accepted, Refused
from econda_cloud.run.state import RunState
from econda_cloud.schedule.effects import Handing
from econda_cloud.wire.chunk import Chunk, WorkItem, WorkTask, decode_chunk
from econda_cloud.wire.commands import Dispatch
from econda_cloud.wire.keys import chunk_key
from econda_cloud.wire.outcome import Outcome
from tests.simulation.pools import base_pools

PLAN = cast(Plan, compile_source(b"edsl 1\n\npipeline main():\n    assert true\n").plan)
TOKENS = Tokens(lambda: KeyRing((Key(id="k", secret=b"k" * 32),)))
TASK = WorkTask(name="t", run=Inline(language="python", body="y = 1"))
WHOLE = Chunk(id="r.1", run="r", namespace="n", task=TASK,
              items=tuple(WorkItem(instance=f"p/f[{n}]/a", attempt=1) for n in range(4)))  # fmt: skip
LATER = msgspec.structs.replace(WHOLE, items=WHOLE.items[2:])
DISPATCH = Dispatch(chunk="r.1", pool="aws.batch.all", offer="aws.batch.spot", spot=True, items=(), cpu_milli=1, memory=1, size=4)  # fmt: skip
QUEUE = msgspec.Raw(b'{"kind":"queue","queue":"jobs","definition":"worker"}')
STACK = Stack(**dict.fromkeys(Stack.__struct_fields__, ""))


class Batch:
    """Takes every job."""

    class exceptions:
        ClientException = type("ClientException", (Exception,), {})

    def __init__(self) -> None:
        self.sizes: list[Any] = []
        self.variables: list[dict[str, str]] = []

    def submit_job(self, **request: Any) -> dict[str, str]:
        self.sizes.append(request.get("arrayProperties"))
        environment = request["containerOverrides"]["environment"]
        self.variables.append({each["name"]: each["value"] for each in environment})
        return {"jobId": f"job-{len(self.sizes)}"}


BLOBS = MemoryBlobs()


@pytest.fixture(autouse=True)
def _empty():
    BLOBS._blobs.clear()


def assigner(blobs: MemoryBlobs) -> Assigner:
    return Assigner("https://gateway", TOKENS, blobs)


@pytest.mark.parametrize(("url", "environment", "address"), [
    ("https://abc.lambda-url.eu-west-1.on.aws/", {}, "https://abc.lambda-url.eu-west-1.on.aws"),
    ("https://abc.lambda-url.eu-west-1.on.aws/", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1/"},
     "http://127.0.0.1:1/_aws/lambda-url/abc"),
    ("https://gateway.example.org", {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}, "https://gateway.example.org"),
])  # fmt: skip
def test_where_the_gateway_is(url: str, environment: dict[str, str], address: str):
    assert gateway_address(url, environment) == address


def test_a_stack_without_a_gateway_says_so():
    with pytest.raises(ValueError, match="deploy it again"):
        gateway_address("", {})


def effects(targets: dict[str, msgspec.Raw], batch: Batch) -> AwsEffects:
    def clients(_: str) -> Any:
        return batch

    pools = TeamPools(pools=base_pools().pools, targets=targets)
    return AwsEffects(STACK, clients, pools, MemoryLog(), BLOBS, assigner(BLOBS), spread=lambda ask, items: [ask(each) for each in items])  # fmt: skip


def test_members_of_an_array_keep_their_numbers_when_it_is_handed_over_again():
    batch = Batch()
    world = effects({DISPATCH.offer: QUEUE}, batch)
    last = msgspec.structs.replace(WHOLE, items=WHOLE.items[3:])
    answers = [world.dispatch([Handing(DISPATCH, chunk)]) for chunk in (WHOLE, LATER, last)]
    assert answers == [[Accepted("job-1")], [Accepted("job-2")], [Accepted("job-3")]]
    assert batch.sizes == [{"size": 4}] * 3, "members 2 and 3 would never begin, or twice under other claims"
    assert decode_chunk(BLOBS.get(chunk_key("n", "r", "r.1"))) == WHOLE


def test_a_chunk_whose_offer_is_gone_is_refused():
    batch = Batch()
    assert effects({"aws.batch.firm": QUEUE}, batch).dispatch([Handing(DISPATCH, WHOLE)]) == [Refused("the offer aws.batch.spot was taken away")]  # fmt: skip
    assert batch.sizes == []


def test_one_chunk_that_cannot_be_handed_over_keeps_no_other_from_being_so():
    batch = Batch()
    nowhere = msgspec.structs.replace(DISPATCH, chunk="r.2", offer="gone")
    answers = effects({DISPATCH.offer: QUEUE}, batch).dispatch([Handing(nowhere, WHOLE), Handing(DISPATCH, WHOLE)])
    assert [type(answer) for answer in answers] == [Refused, Accepted]


# The end of a run -----------------------------------------------------------------------------------------------------


class Slow(MemoryBlobs):
    """Copies for longer than there is time."""

    def copy(self, source: str, target: str) -> None:
        raise TimeoutError(f"50 GB, 8 MiB a part: {source} to {target}")


def test_the_last_status_is_there_before_outputs_are_copied_which_may_take_longer_than_there_is_time():
    digest = "a" * 64
    model = {"$artifact": {"kind": "Model", "name": "m.pt", "sha256": digest, "size": 50 * 10**9,
                           "key": f"artifacts/n/sha256/{digest}"}}  # fmt: skip
    state = RunState(run="r", namespace="n", plan="", seed=0, params={}, started_ms=0, now=0,
                     outcome=Outcome(state="succeeded", outputs={"m": model}))  # fmt: skip
    blobs = Slow()
    pools = TeamPools(pools=(), targets={})
    clients: Any = Batch()
    world = AwsEffects(STACK, clients, pools, MemoryLog(), blobs, assigner(blobs))
    with pytest.raises(TimeoutError):
        world.finished(PLAN, state, 9)
    status = json.loads(blobs.get("runs/n/r/status.json"))
    assert (status["state"], status["records"], status["outputs"]) == ("succeeded", 9, {"m": model})


def test_a_status_that_cannot_be_written_is_no_reason_to_repeat_anything_but_the_last():
    class Down(MemoryBlobs):
        def put_if(self, key: str, data: bytes, tag: str | None) -> str:
            raise ConnectionError(f"slow down: {key} {len(data)} {tag}")

    state = RunState(run="r", namespace="n", plan="", seed=0, params={}, started_ms=0, now=0)
    clients: Any = Batch()
    down = Down()
    world = AwsEffects(STACK, clients, TeamPools(pools=(), targets={}), MemoryLog(), down, assigner(down))
    world.show(PLAN, state, 1)
    state.outcome = Outcome(state="succeeded")
    with pytest.raises(ConnectionError):
        world.finished(PLAN, state, 2)
