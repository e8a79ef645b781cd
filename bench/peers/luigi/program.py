"""Luigi: a task per task, each with a file as its target; two workers, local scheduler."""

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
    def requires(self):
        return [Noop(name=str(i)) for i in range(1000)]


class Link(Noop):
    def requires(self):
        number = int(self.name)
        return [Link(name=str(number - 1))] if number else []


class Layer(luigi.Task):
    layer = luigi.IntParameter()

    def requires(self):
        return [InLayer(layer=self.layer, place=i) for i in range(50)]

    def output(self):
        return luigi.LocalTarget(f"out/layer{self.layer}")

    def run(self):
        with self.output().open("w") as file:
            file.write("1")


class InLayer(luigi.Task):
    layer = luigi.IntParameter()
    place = luigi.IntParameter()

    def requires(self):
        return [Layer(layer=self.layer - 1)] if self.layer else []

    def output(self):
        return luigi.LocalTarget(f"out/{self.layer}-{self.place}")

    def run(self):
        with self.output().open("w") as file:
            file.write("1")


SHAPES = {"fan-out 1000": Fan, "chain 300": lambda: Link(name="299"), "layered 500": lambda: Layer(layer=9)}

if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    logging.disable(logging.CRITICAL)
    task = SHAPES[sys.argv[1]]()
    begun = time.perf_counter()
    assert luigi.build([task], local_scheduler=True, workers=1, log_level="CRITICAL")
    print(time.perf_counter() - begun)
