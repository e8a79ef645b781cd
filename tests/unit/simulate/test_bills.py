"""What a vendor bills, worked out by hand."""

from __future__ import annotations

import ast
import inspect
from fractions import Fraction

import pytest

from econda_cloud.simulate import bills, hosts
from econda_cloud.simulate.agenda import Agenda
from econda_cloud.simulate.bills import HOUR_MS, Bill, Instance, Rate, Span, Use
from econda_cloud.simulate.chance import Chance, Faults
from econda_cloud.simulate.hosts import IDLE_MS, NOTICE_MS, Fleet, Shape

USD = 1_000_000_000
HALF = Fraction(1, 2)


def span(since: int, until: int) -> Span:
    return Span("r", "p/a", 1, since, until)


def nanos(bill: Bill) -> tuple[Fraction, dict[str, Fraction]]:
    """The total, and by kind what of it is no attempt's work."""
    return bill.total() / HOUR_MS, {kind: amount / HOUR_MS for kind, amount in bill.overhead().items() if amount}


def test_a_function_is_billed_by_the_ms_with_its_start_and_its_request():
    use = Use("fn", "r.1", Rate(hour=HOUR_MS, request=200), begun_ms=1_000, init_ms=300, ended_ms=2_000, spans=[span(1_310, 1_950)])  # fmt: skip
    total, overhead = nanos(bill := Bill(invocations=[use]))
    assert total == 1_000 + 200
    assert overhead == {"cold starts": 300, "workers": 60, "requests": 200}
    assert bill.attempts() / HOUR_MS == 640


def test_an_instance_is_billed_from_its_boot_to_its_end_whoever_used_it():
    jobs = [
        Use("spot", "r.1", Rate(HOUR_MS), 1_000, share=HALF, ended_ms=3_000, spans=[span(1_000, 3_000)]),
        Use("spot", "r.2", Rate(HOUR_MS), 2_000, share=HALF, ended_ms=4_000, spans=[span(2_500, 4_000)]),
    ]
    bill = Bill(instances=[Instance("spot", Rate(HOUR_MS), 0, 1_000, 6_000, jobs)])
    total, overhead = nanos(bill)
    assert total == 6_000
    assert overhead == {"boot": 1_000, "idle": 2_000, "unused": 1_000, "workers": 250}
    assert bill.attempts() / HOUR_MS == 1_750


def test_what_is_free_is_not_billed_and_what_has_no_known_price_is_not_said_to_be_free():
    free = Use("own", "r.1", Rate(0), 0, ended_ms=1_000)
    unknown = Use("odd", "r.2", None, 0, ended_ms=700)
    machine = Instance("odd", None, 0, 100, 1_000)
    bill = Bill(invocations=[free, unknown], instances=[machine])
    assert nanos(bill) == (0, {})
    assert bill.unknown_ms() == 1_700


def test_what_still_runs_has_no_bill_yet():
    with pytest.raises(AssertionError, match=r"r\.1 still runs"):
        Bill(invocations=[Use("fn", "r.1", Rate(1), 0)]).total()


@pytest.mark.parametrize("module", [bills, hosts])
def test_the_vendor_shares_no_code_with_those_who_book(module):
    tree = ast.parse(inspect.getsource(module))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {each.name for node in ast.walk(tree) if isinstance(node, ast.Import) for each in node.names}
    assert {name for name in imported if name.startswith("econda")} <= {
        "econda_cloud.simulate.agenda",
        "econda_cloud.simulate.bills",
    }


# Machines ---------------------------------------------------------------------------------------------------------------


class Machines:
    """A fleet of machines of four cores."""

    def __init__(self) -> None:
        self.agenda, self.bill = Agenda(Chance(1, Faults()), 1_000), Bill()
        self.fleet, self.began = Fleet(self.agenda, self.bill), self.agenda.now

    def job(self, name: str, cores: int, boot_ms: int = 0):
        return self.fleet.take("spot", Shape(4_000, 64), Rate(HOUR_MS), name, name, Shape(cores * 1_000, 1), self.began, boot_ms)[0]  # fmt: skip

    def wait(self, ms: int) -> None:
        """All that is due until then happens."""
        until = self.agenda.now + ms
        self.agenda.after(ms, "later", lambda: None)
        while self.agenda.next_ms is not None and self.agenda.next_ms <= until:
            self.agenda.turn()

    def lasted(self) -> list[int]:
        return [each.ended_ms - each.booted_ms for each in self.bill.instances if each.ended_ms is not None]


def test_jobs_that_fit_share_a_machine_and_others_boot_another():
    machines = Machines()
    one = machines.job("a", 3)
    assert machines.job("b", 1) is one
    assert machines.job("c", 1) is not one
    assert [len(each.uses) for each in machines.bill.instances] == [2, 1]
    assert one.instance.uses[0].share == Fraction(3, 4)


def test_a_machine_is_paid_for_until_it_has_been_idle_for_a_while():
    machines = Machines()
    host = machines.job("a", 1)
    machines.wait(5_000)
    machines.fleet.leave(host, "a")
    machines.wait(IDLE_MS // 2)
    assert machines.job("b", 1) is host, "it is warm still"
    machines.wait(IDLE_MS)
    machines.fleet.leave(host, "b")
    machines.wait(2 * IDLE_MS)
    assert machines.lasted() == [5_000 + IDLE_MS // 2 + IDLE_MS + IDLE_MS]
    assert machines.job("c", 1) is not host


def test_a_machine_boots_for_its_first_job_but_not_before_that_was_asked_for():
    machines = Machines()
    machines.wait(10_000)
    assert machines.job("a", 4, boot_ms=3_000).instance.booted_ms == machines.agenda.now - 3_000
    assert machines.job("b", 4, boot_ms=30_000).instance.booted_ms == machines.began


def test_a_machine_that_is_reclaimed_takes_all_that_is_on_it_along_after_its_notice():
    machines = Machines()
    host = machines.job("a", 1)
    machines.job("b", 1)
    warned, killed = [], []

    def kill(job: str) -> None:
        killed.append(job)
        machines.fleet.leave(host, job)

    machines.fleet.reclaim(host, warned.append, kill)
    assert (warned, killed) == (["a", "b"], [])
    assert machines.job("c", 1) is not host, "nothing new begins there"
    machines.fleet.leave(host, "b")
    machines.wait(NOTICE_MS + IDLE_MS)
    assert killed == ["a"]
    assert machines.lasted() == [NOTICE_MS]
