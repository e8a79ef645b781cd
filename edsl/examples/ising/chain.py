"""The two-dimensional Ising model by the Metropolis algorithm, in plain Python."""

import itertools
import json
import math
import os
import pathlib
import random


def simulate(temperature, seed, size, sweeps):
    """Mean magnetisation and energy per spin over the second half of the sweeps."""
    kept = pathlib.Path(os.environ["ECONDA_CHECKPOINT"]) / "chain.json"
    dice = random.Random(f"{seed} {temperature}")
    spins, done, magnetisation, energy = [[1] * size for _ in range(size)], 0, 0.0, 0.0
    if kept.exists():
        state, spins, done, magnetisation, energy = json.loads(kept.read_text())
        dice.setstate((state[0], tuple(state[1]), state[2]))
    for sweep in range(done, sweeps):
        _sweep(spins, temperature, dice)
        if sweep >= sweeps // 2:
            magnetisation += abs(sum(map(sum, spins))) / size**2
            energy += _energy(spins)
        if sweep % 50 == 49:
            part = kept.with_name("chain.json.tmp")
            part.write_text(json.dumps([dice.getstate(), spins, sweep + 1, magnetisation, energy]))
            part.rename(kept)
    count = sweeps - sweeps // 2
    return {"magnetisation": magnetisation / count, "energy": energy / count}


def _sweep(spins, temperature, dice):
    size = len(spins)
    for _ in range(size * size):
        i, j = dice.randrange(size), dice.randrange(size)
        around = spins[i - 1][j] + spins[(i + 1) % size][j] + spins[i][j - 1] + spins[i][(j + 1) % size]
        cost = 2 * spins[i][j] * around
        if cost <= 0 or dice.random() < math.exp(-cost / temperature):
            spins[i][j] *= -1


def _energy(spins):
    size = len(spins)
    return -sum(spins[i][j] * (spins[i - 1][j] + spins[i][j - 1]) for i in range(size) for j in range(size)) / size**2


def steepest(points):
    """The middle of the two neighbouring temperatures between which the magnetisation falls most."""
    by_temperature = {}
    for point in points:
        by_temperature.setdefault(point["t"], []).append(point["magnetisation"])
    curve = [(t, sum(m) / len(m)) for t, m in sorted(by_temperature.items())]
    falls = [(a[1] - b[1], (a[0] + b[0]) / 2) for a, b in itertools.pairwise(curve)]
    return max(falls)[1]
