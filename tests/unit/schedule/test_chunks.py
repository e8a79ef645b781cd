"""What a worker is handed."""

from econda_cloud.environments.pins import with_pins
from econda_cloud.schedule.chunks import chunk_of
from econda_cloud.wire.chunk import Build
from tests.play import Play, plan_of

PLAN = plan_of("""edsl 1

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
""")
[KEY] = PLAN.environments
PINS = ("six==1.16.0 --hash=sha256:" + "a" * 64,)


class Run(Play):
    """A run whose chunks are handed over at once."""

    def __init__(self, plan, **started):
        super().__init__(plan, now=1_000, **started)

    def dispatched(self):
        """The chunk handed over last."""
        dispatch = self.dispatch()
        return dispatch, chunk_of(self.plan, self.run, dispatch)


def test_an_environment_is_built_and_then_mounted():
    run = Run(with_pins(PLAN, {KEY: PINS}), bundle="code")
    dispatch, chunk = run.dispatched()
    assert chunk.task.run == Build(key=KEY, packages=("six",), pins=PINS)
    assert chunk.task.outputs == {"archive": "String"}
    assert [item.instance for item in chunk.items] == [f"p/environment/{KEY}"]
    assert chunk.task.timeout_ms
    assert (chunk.archive, chunk.bundle) == (None, None)
    run.succeed(archive="environments/x.tar")
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
    run.succeed(y=1)
    _, second = run.dispatched()
    assert (second.task.checkpoint_ms, second.task.timeout_ms) == (60_000, 7_200_000)
