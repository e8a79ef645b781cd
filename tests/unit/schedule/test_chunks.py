"""What a worker is handed."""

from econda_edsl.compile import compile_source

from econda_cloud.environments.pins import with_pins
from econda_cloud.money.prices import Price
from econda_cloud.run.step import step
from econda_cloud.schedule.chunks import chunk_of
from econda_cloud.wire.chunk import Build
from econda_cloud.wire.commands import Dispatch, RequestPlacement
from econda_cloud.wire.events import AttemptsPlaced, AttemptSucceeded, RunStarted

PLAN = compile_source("""edsl 1

task t(x: Int) -> (y: Int):
    packages = ["six"]
    checkpoint = every(10min)
    timeout = 1h
    run python:
        y = x

pipeline p() -> (y: Int, z: Int):
    a = t(1)
    b = t(a.y) with:
        checkpoint = every(1min)
        timeout = 2h
    return y = a.y, z = b.y
""").plan
assert PLAN is not None
[KEY] = PLAN.environments
PINS = ("six==1.16.0 --hash=sha256:" + "a" * 64,)


class Run:
    """A run whose requests are all placed at once."""

    def __init__(self, plan, **started):
        self.plan, self.state, self.count = plan, None, 0
        self.requests = self.take(RunStarted(run="r", namespace="n", plan=plan.digest, params={}, seed=1, **started))

    def take(self, *events):
        self.state, commands = step(self.plan, self.state, events, 1_000)
        self.commands = commands
        return [command for command in commands if isinstance(command, RequestPlacement)]

    def dispatched(self):
        """The chunk of the one request that is open."""
        [request] = self.requests
        self.count += 1
        placed = AttemptsPlaced(chunk=f"c{self.count}", pool="x", offer="x", spot=False, price=Price(), memory=1,
                                items=request.items, lease_ms=1)  # fmt: skip
        self.take(placed)
        [dispatch] = [command for command in self.commands if isinstance(command, Dispatch)]
        return dispatch, chunk_of(self.plan, self.state, dispatch)

    def succeed(self, chunk, **outputs):
        item = chunk.items[0]
        self.requests = self.take(AttemptSucceeded(instance=item.instance, attempt=item.attempt, outputs=outputs,
                                                   started_ms=1, ended_ms=2))  # fmt: skip


def test_an_environment_is_built_and_then_mounted():
    run = Run(with_pins(PLAN, {KEY: PINS}), bundle="code")
    dispatch, chunk = run.dispatched()
    assert chunk.task.run == Build(key=KEY, packages=("six",), pins=PINS)
    assert chunk.task.outputs == {"archive": "String"}
    assert [item.instance for item in chunk.items] == [f"p/environment/{KEY}"]
    assert chunk.task.timeout_ms
    assert (chunk.archive, chunk.bundle) == (None, None)
    run.succeed(chunk, archive="environments/x.tar")
    assert chunk_of(run.plan, run.state, dispatch) is None
    _, chunk = run.dispatched()
    assert (chunk.task.name, chunk.archive, chunk.bundle) == ("t", "environments/x.tar", "code")


def test_a_known_archive_needs_no_build():
    _, chunk = Run(PLAN, archives={KEY: "environments/x.tar"}).dispatched()
    assert (chunk.task.name, chunk.archive) == ("t", "environments/x.tar")


def test_a_steps_own_settings_replace_the_tasks():
    run = Run(PLAN, archives={KEY: "environments/x.tar"})
    _, first = run.dispatched()
    assert (first.task.checkpoint_ms, first.task.timeout_ms) == (600_000, 3_600_000)
    run.succeed(first, y=1)
    _, second = run.dispatched()
    assert (second.task.checkpoint_ms, second.task.timeout_ms) == (60_000, 7_200_000)
