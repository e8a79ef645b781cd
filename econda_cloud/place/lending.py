"""Whom the broker lends what: the best offer that has room for each run that waits, in turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import msgspec
from econda_edsl.plan import Policy
from econda_edsl.plan.policies import changes_with_time

from econda_cloud.money.prices import attempt_cost
from econda_cloud.place import capacity
from econda_cloud.place.score import Asking, Option, judge, options, price_for, waiting_cost
from econda_cloud.place.state import Account, BrokerState, Line
from econda_cloud.place.taking import Touched
from econda_cloud.wire.broker import Answer, AnyBrokerDecision, Judged, Lend, Share, WakeBroker
from econda_cloud.wire.demand import Demand, expected_time_ms
from econda_cloud.wire.grants import SHORTEST_MS, Unplaceable, Verdict, chunk_size, lending_ms
from econda_cloud.wire.pools import Offer, Pool

RECHECK_MS = 60_000
"""How often the broker looks again at what waits under a policy that asks how long it has waited."""


@dataclass(frozen=True)
class Facts:
    """What the broker knows from elsewhere: policies by digest."""

    policies: Mapping[str, Policy]


def lend(state: BrokerState, touched: Touched, facts: Facts) -> Iterator[AnyBrokerDecision]:
    """What is lent now. Each decision is to be taken before the next is asked for."""
    full: set[tuple[str, str]] = set()
    answered: dict[str, list[Unplaceable]] = {run: [] for run in touched.runs}
    for account, line in in_turn(_candidates(state, touched)):
        policed = bool(account.terms and account.terms.policy and state.demands[line.demand].kind != "environment")
        if _alike(state, account, line) in full and not policed and account.run not in touched.runs:
            continue
        if line.demand not in state.verdicts:
            yield Judged(line.demand, _judged(state, state.demands[line.demand]))
        made = _lend(state, account, line, facts, full)
        if isinstance(made, Unplaceable):
            yield Lend(account.run, line.demand, _kept(line))
            answered.setdefault(account.run, []).append(made)
            continue
        while made is not None:
            gained = sum(share.slots for share in made.shares) > sum(lent.slots for lent in line.lent.values())
            if gained or account.run in touched.runs:
                answered.setdefault(account.run, [])
                yield made
            # What a policy thinks of the next offer may have changed now that the best one is full.
            made = _lend(state, account, line, facts, full) if policed and gained and made.left else None
            assert not isinstance(made, Unplaceable)
    for run, unplaceable in answered.items():
        yield Answer(run, tuple(unplaceable))
    if (at_ms := _wake_ms(state, facts)) and not state.now < state.wake_ms <= at_ms:
        yield WakeBroker(at_ms)


def _candidates(state: BrokerState, touched: Touched) -> Iterator[tuple[Account, Line]]:
    """What waits and may get something now: of runs that have just told, and where a pool has room again."""
    seen: set[tuple[str, str]] = set()
    for run in touched.runs:
        account = state.runs[run]
        for line in account.lines.values():
            if line.waits or line.lent:
                seen.add((run, line.demand))
                yield account, line
    for demand, runs in list(state.waiting.items()) if touched.freed else ():
        known = state.verdicts.get(demand)
        if known is not None and not _usable(state, known) & touched.freed.keys():
            continue
        for run in list(runs):
            if (run, demand) not in seen:
                yield state.runs[run], state.runs[run].lines[demand]


def _usable(state: BrokerState, known: tuple[Verdict, ...]) -> set[str]:
    offers = {verdict.offer for verdict in known if verdict.score is not None}
    return {pool.name for pool in state.pools.values() if any(offer.name in offers for offer in pool.offers)}


def in_turn(lines: Iterator[tuple[Account, Line]] | list[tuple[Account, Line]]) -> list[tuple[Account, Line]]:
    """The greatest priority first, and among equals who has waited longest; but where it is the turn of a run, the
    class of it goes first after which it has most left to do (the rank of HEFT: Topcuoglu, Hariri and Wu 2002).
    """
    turns = sorted(lines, key=lambda each: (-each[0].priority, each[1].since_ms))
    ranked: dict[str, list[tuple[Account, Line]]] = {}
    for each in sorted(turns, key=lambda each: each[1].rank):
        ranked.setdefault(each[0].run, []).append(each)
    return [ranked[account.run].pop() for account, _ in turns]


def _judged(state: BrokerState, demand: Demand) -> tuple[Verdict, ...]:
    return tuple(judge(demand, pool, offer) for pool in state.pools.values() for offer in pool.offers)


def _alike(state: BrokerState, account: Account, line: Line) -> tuple[str, str]:
    """What has the same room: attempts of one class, of a namespace that has pools of its own or of any that has not."""
    own = any(pool.tells_apart(account.namespace) for pool in state.pools.values())
    return line.demand, account.namespace if own else ""


def _lend(
    state: BrokerState, account: Account, line: Line, facts: Facts, full: set[tuple[str, str]]
) -> Lend | Unplaceable | None:
    """What a line has from now on; None if it cannot be told now. What there is no more room for is `full`; see `_alike`."""
    demand, terms = state.demands[line.demand], account.terms
    policy = None
    if terms is not None and terms.policy and demand.kind != "environment":
        policy = facts.policies.get(terms.policy)
        if policy is None:
            return None
    asking = Asking(demand, line.ready, line.since_ms, terms, policy, account.namespace)
    known = {verdict.offer: verdict for verdict in state.verdicts[line.demand]}

    def room(pool: Pool, offer: Offer) -> int:
        return capacity.room(state, pool, offer, demand)

    found = options(state.pools.values(), asking, known, room, state.now)
    # What runs where nothing new can begin is no reason to wait.
    lent = any(option.offer.name in line.lent for option in found)
    if line.ready and not lent and all(option.never for option in found):
        reasons = "; ".join(f"{o.verdict.offer}: {o.verdict.refused}" for o in found) or "no pool is declared"
        return Unplaceable(demand=line.demand, reasons=reasons)
    filling = _Filling(state, account, line, demand, policy)
    made = filling.filled(found)
    if made.left and policy is None and not filling.held_back:
        full.add(_alike(state, account, line))
    return made


def _kept(line: Line) -> tuple[Share, ...]:
    return tuple(Share(lent.pool, lent.offer, lent.slots, lent.until_ms, lent.reserved) for lent in line.lent.values())


class _Filling:
    """Offers being filled for one line, the best first, until waiting is better.

    held_back: it is this run that may have no more, though there is room.
    """

    def __init__(self, state: BrokerState, account: Account, line: Line, demand: Demand, policy: Policy | None) -> None:
        self._state, self._account, self._line, self._demand, self._policy = state, account, line, demand, policy
        self._shares = {lent.offer: (lent.pool, lent.slots) for lent in line.lent.values()}
        self._left, self._extra, self._of_pool = line.ready, 0, dict[str, int]()
        self._until = state.now + lending_ms(demand)
        self.held_back = False

    def filled(self, found: list[Option]) -> Lend:
        worth = None
        for option in found:
            score = option.verdict.score
            # Another offer is taken only if it is better than waiting for the best one that is full.
            if not self._left or score is None or (worth is not None and (option.waits or score > worth)):
                break
            self._take(option)
            here = score + waiting_cost(self._demand, option.pool, self._left)
            worth = here if worth is None else min(worth, here)
        # What all attempts of a class are told is not the whole truth of this run.
        own = self._policy is not None or not all(option.pool.admits(self._account.namespace) for option in found)
        verdicts = tuple(option.verdict for option in found) if own else ()
        return Lend(self._account.run, self._line.demand, self._made(), self._left, verdicts)

    def _take(self, option: Option) -> None:
        pool, offer = option.pool, option.offer
        # What was taken of the pool a moment ago, of another offer, is not counted there yet.
        room = capacity.room(self._state, pool, offer, self._demand) - self._of_pool.get(pool.name, 0)
        free = min(room, self._allowed(), self._affordable(option), self._not_recalled(offer))
        self.held_back = self.held_back or free < min(room, self._left)
        if free <= 0:
            return
        size = self._chunk(pool, offer, free)
        slots = min(-(-self._left // size), free)
        _, before = self._shares.get(offer.name, (pool.name, 0))
        self._shares[offer.name] = (pool.name, before + slots)
        self._extra += slots
        self._of_pool[pool.name] = self._of_pool.get(pool.name, 0) + slots
        self._left = max(0, self._left - slots * size)

    def _chunk(self, pool: Pool, offer: Offer, free: int) -> int:
        """How many attempts one slot takes: an array's takes one."""
        if pool.array:
            return 1
        return chunk_size(pool, offer.cold_start_ms, self._demand, self._left, free, self._line.batch)

    def _allowed(self) -> int:
        """How many more attempts the policy lets the run have at once."""
        most = self._policy.max_parallel if self._policy is not None else None
        if most is None:
            return self._left
        held = sum(lent.slots for line in self._account.lines.values() for lent in line.lent.values())
        return max(0, most - held - self._extra)

    def _not_recalled(self, offer: Offer) -> int:
        """How many more slots it may have of an offer of which it was told to give some back."""
        lent = self._line.lent.get(offer.name)
        if lent is None or lent.most is None:
            return self._left
        return max(0, lent.most - self._shares[offer.name][1])

    def _affordable(self, option: Option) -> int:
        """How many slots the rest of the budget pays for. One may always be had: the run says itself that it is not enough."""
        account = self._account
        if account.budget is None:
            return self._left
        each = self._reserve(option.offer, 1)
        if not each:
            return self._left
        nothing = not any(lent.slots for line in account.lines.values() for lent in line.lent.values())
        rest = account.budget - account.spent - account.reserved
        return max(rest // each, int(nothing and not self._extra))

    def _reserve(self, offer: Offer, slots: int) -> int:
        """Nano-dollars for so many slots, for as long as an attempt is expected to take, or the grant lasts at least."""
        if self._account.budget is None:
            return 0
        lasts = max(SHORTEST_MS, expected_time_ms(self._demand))
        price = msgspec.structs.replace(price_for(self._demand, offer), per_request=0)
        return slots * (attempt_cost(price, lasts, self._demand.memory) or 0)

    def _made(self) -> tuple[Share, ...]:
        offers = {offer.name: offer for pool in self._state.pools.values() for offer in pool.offers}
        made = []
        for name, (pool, slots) in self._shares.items():
            lent = self._line.lent.get(name)
            most = lent.most if lent is not None else None
            slots = slots if most is None else min(slots, most)
            reserved = self._reserve(offers[name], slots) if name in offers else 0
            made.append(Share(pool, name, slots, self._until if name in offers else 0, reserved))
        return tuple(made)


def _wake_ms(state: BrokerState, facts: Facts) -> int:
    """When to look again at what waits under a policy that depends on time; 0 if nothing does."""
    digests = {account.terms.policy for runs in state.waiting.values() for run in runs
               if (account := state.runs[run]).terms is not None and account.terms.policy}  # fmt: skip
    timed = any(digest not in facts.policies or changes_with_time(facts.policies[digest]) for digest in digests)
    return state.now + RECHECK_MS if timed else 0
