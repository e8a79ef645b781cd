"""Whether an offer could ever take a demand, as reasons."""

from __future__ import annotations

from econda_edsl.evaluate import EvaluationError, evaluate

from econda_cloud.wire.demand import Demand
from econda_cloud.wire.pools import Offer, Pool

GIB = 1024**3


def refusals(demand: Demand, pool: Pool, offer: Offer) -> list[str]:
    """Every reason why this offer can never take the demand; none means that it fits an empty pool."""
    node = offer.node
    cpu, memory = min(node.cpu_milli, pool.cpu_milli), min(node.memory, pool.memory)
    reasons = []
    if demand.kind not in pool.kinds:
        reasons.append(f"cannot execute {demand.kind}")
    elif demand.image is not None and not {"image", "container"} & set(pool.kinds):
        # Running the task without its image would be a silent change of environment.
        reasons.append(f"cannot run the image {demand.image}")
    if demand.cpu_milli > cpu:
        reasons.append(f"cpu {demand.cpu_milli / 1000:g} > {cpu / 1000:g}")
    if demand.memory > memory:
        reasons.append(f"memory {demand.memory / GIB:.3g}GiB > {memory / GIB:.3g}GiB")
    if demand.disk > node.disk:
        reasons.append(f"disk {demand.disk / GIB:.3g}GiB > {node.disk / GIB:.3g}GiB")
    if demand.gpu > min(node.gpu, pool.gpu):
        reasons.append(f"gpu {demand.gpu} > {min(node.gpu, pool.gpu)}")
    elif demand.gpu and demand.gpu_kinds and node.gpu_kind not in demand.gpu_kinds:
        reasons.append(f"gpu kind {node.gpu_kind or 'unknown'} not among {', '.join(demand.gpu_kinds)}")
    longest = demand.timeout_ms or demand.time_ms
    if pool.max_time_ms is not None and longest is not None and longest > pool.max_time_ms:
        reasons.append(f"time {longest / 60_000:g}min > {pool.max_time_ms / 60_000:g}min")
    reasons += _predicates(demand, offer)
    return reasons


def _predicates(demand: Demand, offer: Offer) -> list[str]:
    """Unmet `where` lines. A predicate that cannot be evaluated refuses: guards fail closed."""
    node = offer.node
    facts = {
        "cpu": node.cpu_milli / 1000,
        "memory": node.memory,
        "disk": node.disk,
        "gpu": node.gpu,
        "region": node.region,
        "arch": node.arch,
    }
    unmet = []
    for text, predicate in zip(demand.where, demand.predicates(), strict=True):
        try:
            if evaluate(predicate, {"node": facts}) is not True:
                unmet.append(f"`where` does not hold: {text}")
        except EvaluationError as error:
            unmet.append(f"`where` cannot be evaluated: {error}")
    return unmet
