"""Luigi: a task per task, each with a file as its target; one worker, local scheduler."""

from __future__ import annotations

import logging
import sys
import time

import luigi


class Noop(luigi.Task):
    name = luigi.Parameter()
    after = luigi.ListParameter(default=[])

    def requires(self):
        return [Noop(**each) for each in self.after]

    def output(self):
        return luigi.LocalTarget(f"out/{self.name}")

    def run(self):
        with self.output().open("w") as file:
            file.write("1")


class Fan(luigi.WrapperTask):
    width = luigi.IntParameter()

    def requires(self):
        return [Noop(name=str(i)) for i in range(self.width)]


class Link(Noop):
    def requires(self):
        number = int(self.name)
        return [Link(name=str(number - 1))] if number else []


class Layer(luigi.Task):
    layer = luigi.IntParameter()
    width = luigi.IntParameter()

    def requires(self):
        return [InLayer(layer=self.layer, place=i, width=self.width) for i in range(self.width)]

    def output(self):
        return luigi.LocalTarget(f"out/layer{self.layer}")

    def run(self):
        with self.output().open("w") as file:
            file.write("1")


class InLayer(luigi.Task):
    layer = luigi.IntParameter()
    place = luigi.IntParameter()
    width = luigi.IntParameter()

    def requires(self):
        return [Layer(layer=self.layer - 1, width=self.width)] if self.layer else []

    def output(self):
        return luigi.LocalTarget(f"out/{self.layer}-{self.place}")

    def run(self):
        with self.output().open("w") as file:
            file.write("1")


def chain(length: int) -> luigi.Task:
    return Link(name=str(length - 1))


def layered(layers: int, width: int) -> luigi.Task:
    return Layer(layer=layers - 1, width=width)


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    logging.disable(logging.CRITICAL)
    shape = {"fan": Fan, "chain": chain, "layered": layered}[sys.argv[1]]
    task = shape(*[int(size) for size in sys.argv[2:]])
    begun = time.perf_counter()
    assert luigi.build([task], local_scheduler=True, workers=1, log_level="CRITICAL")
    print(time.perf_counter() - begun)
