"""What the words of the language mean, in a sentence or two each: shown beside a name while typing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """`form` is how the word is written, with types; `text` is Markdown."""

    form: str
    text: str


_CPU = Entry("cpu = Float", "Cores a call may use; `0.5` is half of one.")
_MEMORY = Entry(
    "memory = Size", "Memory of one call. May use inputs and `attempt`: `8GiB * attempt` grows with every retry."
)
_DISK = Entry("disk = Size", "Local disk of one call, for inputs, outputs and scratch.")
_GPU = Entry(
    "gpu = Int or Int of [KIND, …]", "GPUs of one call, of any kind or of the kinds listed: `2 of [A100, H100]`."
)
_TIME = Entry(
    "time = Duration", "How long one call is expected to run. Placement and cost bounds use it; it ends nothing."
)
_RETRY = Entry(
    "retry = exponential(attempts = Int, …) or linear(attempts = Int, wait = Duration, …)",
    "How often a failed call is tried again, after which waits, for which kinds of failure.",
)
_TIMEOUT = Entry("timeout = Duration", "How long one attempt may run before it is ended as `timed_out`.")
_CHECKPOINT = Entry(
    "checkpoint = every(Duration) or every(Size)",
    "Saves `$ECONDA_CHECKPOINT` while the task runs, so often or after so much has changed; the next attempt finds it again. Names ending in `.tmp` are not saved.",
)
_CACHE = Entry(
    "cache = inputs or for(Duration) or none",
    "Whether a call with the same task and the same inputs takes the outputs of an earlier one.",
)

SETTINGS: dict[str, dict[str, Entry]] = {
    "needs": {
        "cpu": _CPU,
        "memory": _MEMORY,
        "disk": _DISK,
        "gpu": _GPU,
        "time": _TIME,
    },
    "task": {
        "image": Entry('image = "name@sha256:…"', "The container image the code runs in. A digest names one image for ever; a tag may move."),
        "packages": Entry('packages = ["name==1.2.*"]', "Python packages and programs, resolved once to pins with hashes and mounted by every attempt."),
        "retry": _RETRY,
        "timeout": _TIMEOUT,
        "checkpoint": _CHECKPOINT,
        "env": Entry('env = {NAME: "value"}', "Variables of the environment of the code."),
        "args": Entry('args = ["--rate", "{rate}"]', "Arguments of `run container`, one element each, without a shell."),
        "cache": _CACHE,
        "version": Entry('version = "2"', "Part of what a cached result is found by: change it when the code's meaning changed elsewhere."),
        "concurrency": Entry("concurrency = exclusive(by = INPUT)", "Of an operator: its state is kept apart for each value of the input."),
        "isolation": Entry("isolation = process", "A process of its own for every attempt: for code that changes what attempts of one task share."),
    },
    "step": {
        "cpu": _CPU,
        "memory": _MEMORY,
        "disk": _DISK,
        "gpu": _GPU,
        "time": _TIME,
        "retry": _RETRY,
        "timeout": _TIMEOUT,
        "checkpoint": _CHECKPOINT,
        "cache": _CACHE,
    },
    "foreach": {
        "parallel": Entry("parallel = Int", "How many members may run at the same time."),
        "batch": Entry("batch = Int", "How many members are sent out together; short ones cost less so."),
        "tolerate": Entry("tolerate = Percent", "The share of members that may fail; they are in `.failed`, not in `.done`."),
    },
    "called pipeline": {
        "budget": Entry("budget = Money", "What the pipeline may cost as a step; it fails rather than exceed it."),
        "deadline": Entry("deadline = Duration", "How long the pipeline may take as a step."),
    },
    "pipeline": {
        "budget": Entry("budget = Money", "What a run may cost; it is ended rather than exceed it."),
        "deadline": Entry("deadline = Duration", "How long a run may take from its start."),
        "tags": Entry('tags = {team: "growth"}', "Words to find and bill runs by."),
        "policy": Entry("policy = NAME or [NAME, …]", "The rules by which its tasks are placed."),
        "priority": Entry("priority = Int", "Which run's work goes first where capacity is scarce."),
        "concurrency": Entry("concurrency = exclusive(by = INPUT)", "Runs with the same value of the input go one after another, on one machine."),
        "publish": Entry('publish = "s3://bucket/models/{run}"', "Where the outputs of a run that ends well are copied to: a folder, or a prefix of a bucket. It can name the inputs, `run`, `pipeline`, `namespace` and `date`."),
    },
    "policy": {
        "priority": Entry("priority = Int", "Which attempt goes first among those that wait: a value, or computed from the run and the task."),
        "max_parallel": Entry("max_parallel = Int", "How many attempts of one run may run at the same time."),
        "share": Entry("share = fair(by = user, half_life = Duration)", "How users share what there is. Planned, and not acted on by this version."),
        "budget": Entry("budget = limit(Money, per = Duration, by = team)", "What all runs of a team, user or pipeline may cost in a time. Planned, and not acted on by this version."),
        "deadline": Entry("deadline = soft(Duration, penalty = Rate)", "What being late costs. Planned, and not acted on by this version."),
        "preempt": Entry("preempt = lower_priority(after = Duration, only = checkpointed)", "Whether attempts give way to more urgent ones. Planned, and not acted on by this version."),
        "rebalance": Entry("rebalance = migrate(every = Duration, when_saving = Percent)", "Whether running attempts move to cheaper machines. Planned, and not acted on by this version."),
    },
}  # fmt: skip

RETRY: dict[str, dict[str, Entry]] = {
    kind: {
        "attempts": Entry("attempts = Int", "How many attempts in all, the first included: 1 to 100."),
        **first,
        "cap": Entry("cap = Duration", "The longest wait."),
        "jitter": Entry("jitter = Percent", "By how much waits differ at random, so that many failures do not return at once."),
        "on": Entry("on = [FAILURE, …] or any", "Which kinds of failure are tried again. Preemptions and losses always are, and cost no attempt."),
    }
    for kind, first in {
        "exponential": {
            "first": Entry("first = Duration", "The first wait."),
            "factor": Entry("factor = Float", "By how much each wait is longer than the one before: 1 to 100."),
        },
        "linear": {"wait": Entry("wait = Duration", "The wait, the same each time.")},
    }.items()
}  # fmt: skip

FAILURES = {
    "failed": "the code ended with an error",
    "timed_out": "an attempt ran longer than `timeout`",
    "out_of_memory": "an attempt needed more than `memory`",
    "bad_output": "an output is missing or not of its type",
    "preempted": "the machine was taken away",
    "lost": "the worker was heard of no more",
}

FUNCTIONS: dict[str, Entry] = {
    "len": Entry("len(x: List | Map | String) -> Int", "How many elements or letters."),
    "sum": Entry("sum(list: List[T]) -> T", "The sum of numbers or quantities; of an empty list 0."),
    "mean": Entry("mean(list: List[Float]) -> Float or mean(list: List[Duration]) -> Duration", "The arithmetic mean; of quantities it is one."),
    "min": Entry("min(list: List[T], by = .field) -> T or min(a: T, b: T, …) -> T", "The smallest; with `by` the first element whose field is smallest."),
    "max": Entry("max(list: List[T], by = .field) -> T or max(a: T, b: T, …) -> T", "The largest; with `by` the first element whose field is largest."),
    "unique": Entry("unique(list: List[T], by = .field) -> List[T] or unique(list: List[T]) -> List[T]", "Each value once, where it first stands; with `by` the first element of each value of the field."),
    "group_by": Entry("group_by(list: List[T], by = .field) -> List[{key, values}]", "The elements that have the same value of the field together, in the order in which the values first appear."),
    "product": Entry("product(a: List[T], b: List[T]) -> List[{first, second}]", "Every element of the first list with every one of the second."),
    "enumerate": Entry("enumerate(list: List[T]) -> List[{index, value}]", "The elements with their places, counted from 0."),
    "days": Entry("days(first: Date, last: Date) -> List[Date]", "All days from the first to the last, both included."),
    "transpose": Entry("transpose(rows: List[List[T]]) -> List[List[T]]", "Columns of rows that are equally long."),
    "take": Entry("take(list: List[T], count: Int) -> List[T]", "The first elements; all if there are fewer."),
    "drop": Entry("drop(list: List[T], count: Int) -> List[T]", "What follows the first elements; nothing if there are no more."),
    "chunk": Entry("chunk(list: List[T], size: Int) -> List[List[T]]", "The elements in lists of `size`; the last may be shorter."),
    "values": Entry("values(map: Map) -> List[T]", "The values, in the order of their sorted keys."),
    "entries": Entry("entries(map: Map) -> List[{key, value}]", "The keys with their values, sorted by key."),
    "map_of": Entry("map_of(keys: List[String], values: List[T]) -> Map", "A map of keys and values in two lists of the same length; no key stands twice."),
    "get": Entry("get(map: Map, key: String, default: T) -> T or get(list: List[T], index: Int, default: T) -> T", "What is there, else the default. Without a default it may be missing: `T?`."),
    "format": Entry("format(x: Int | Float, width = Int, digits = Int, fill = String) -> String or format(time: Date | Instant, as = String) -> String", "Written as text: at least `width` characters, `digits` after the point, filled up by `fill` (a blank). Numbers stand to the right, text to the left. `as` writes a Date or Instant: `%Y %m %d %j %G %V %u %H %M %S`."),
    "split": Entry("split(text: String, separator: String) -> List[String] or split(text: String) -> List[String]", "The parts between separators; without a separator the words between blanks."),
    "join": Entry("join(list: List[String], separator: String) -> String or join(list: List[String]) -> String", "All texts in one, with the separator between them."),
    "replace": Entry("replace(text: String, old: String, new: String) -> String", "The text with `new` wherever `old` stands."),
    "strip": Entry("strip(text: String, letters: String) -> String or strip(text: String) -> String", "Without blanks, or without any of these letters, at its start and end."),
    "lower": Entry("lower(text: String) -> String", "In small letters."),
    "upper": Entry("upper(text: String) -> String", "In capital letters."),
    "starts_with": Entry("starts_with(text: String, start: String) -> Bool", "Whether the text begins so. Whether it contains something: `part in text`."),
    "ends_with": Entry("ends_with(text: String, end: String) -> Bool", "Whether the text ends so."),
    "matches": Entry('matches(text: String, "pattern") -> Bool', "Whether the regular expression (RE2) is found in the text; `^…$` speaks of the whole of it."),
    "find": Entry('find(text: String, "pattern") -> String?', "The first place where the regular expression (RE2) matches, of it the first group if there is one."),
    "truncate": Entry('truncate(day: Date, "month") -> Date or truncate(time: Instant, "hour") -> Instant', "The start of the `year`, `month`, `week` (Monday), `day`, `hour`, `minute` or `second` in which it lies."),
    "sort": Entry("sort(list: List[T], by = .field, reverse = Bool) -> List[T]", "The list in rising order; `reverse = true` in falling."),
    "zip": Entry("zip(a: List[T], b: List[T]) -> List[{first, second}]", "Pairs of two lists of the same length."),
    "range": Entry("range(stop: Int) -> List[Int] or range(start: Int, stop: Int, step: Int) -> List[Int]", "Whole numbers from `start` (0) up to, but without, `stop`."),
    "linspace": Entry("linspace(first: Float, last: Float, count: Int) -> List[Float]", "`count` values from `first` to `last`, evenly apart."),
    "logspace": Entry("logspace(first: Float, last: Float, count: Int) -> List[Float]", "`count` values from `first` to `last`, each the same factor above the one before."),
    "flatten": Entry("flatten(list: List[List[T]]) -> List[T]", "The elements of all inner lists in one."),
    "keys": Entry("keys(map: Map) -> List[String]", "The keys, sorted."),
    "best": Entry("best(list: List[T], by = .field, lowest = Bool) -> T", "The element with the highest `by`; `lowest = true` the one with the lowest."),
    "any": Entry("any(list: List[Bool]) -> Bool", "Whether one is true."),
    "all": Entry("all(list: List[Bool]) -> Bool", "Whether none is false."),
    "abs": Entry("abs(x: Int) -> Int or abs(x: Duration) -> Duration", "Without its sign."),
    "round": Entry("round(x: Float) -> Int or round(x: Float, digits: Int) -> Float", "Rounded, half to even."),
    "floor": Entry("floor(x: Float) -> Int", "The largest whole number that is not above."),
    "ceil": Entry("ceil(x: Float) -> Int", "The smallest whole number that is not below."),
    "str": Entry("str(x: Int | Float | Bool | Size | Duration | Money | Date) -> String", "Written as text, with its unit."),
    "int": Entry("int(x: Float | String) -> Int", "A whole number: cut off, or read from text."),
    "float": Entry("float(x: Int | String) -> Float", "A Float: from Int, or read from text."),
    "date": Entry('date("2026-01-31") -> Date or date(time: Instant) -> Date', "A day; of an Instant its day in UTC."),
    "file": Entry('file("train.csv") -> File', "A file beside the pipeline, as the default of an input; it travels with it."),
    "files": Entry('files("days/*.csv") -> List[File]', "The files beside the pipeline that match, as the default of an input."),
    "dir": Entry('dir("images") -> Dir', "A folder beside the pipeline, as the default of an input."),
    "instant": Entry('instant("2026-01-31T12:00:00Z") -> Instant or instant(day: Date) -> Instant', "A moment in time; of a Date its beginning in UTC."),
}  # fmt: skip

TYPES = {
    "Bool": "`true` or `false`; nothing else counts as true",
    "Int": "a whole number of 64 bits",
    "Float": "a number of 64 bits",
    "String": "text",
    "Percent": "a share such as `20%`; a fraction at run time. `x * 100%` makes one of a number, `p / 100%` a number of one",
    "Size": "an amount of data such as `16GiB`; bytes at run time",
    "Duration": "a time span such as `30min`; milliseconds at run time",
    "Money": "an amount such as `$5`; micro-dollars at run time",
    "Rate": "money per time such as `$3/h`; micro-dollars per hour at run time",
    "Bandwidth": "data per time such as `10Gbps`; bits per second at run time",
    "Instant": "a moment: `instant(\"2026-01-31T12:00:00Z\")`",
    "Date": "a day: `date(\"2026-01-31\")`",
    "File": "a file; it has `.name`, `.stem`, `.suffix` and `.size`",
    "Dir": "a folder; it has `.name`, `.stem`, `.suffix` and `.size`",
    "Model": "a trained model, a file or folder; it has `.name`, `.stem`, `.suffix` and `.size`",
    "Metrics": "numbers by name, as a file; it has `.name`, `.stem`, `.suffix` and `.size`",
    "Table": "a table, of any rows or `Table[Record]`; it has `.name`, `.stem`, `.suffix` and `.size`",
    "List": "`List[T]`: any number of T",
    "Map": "`Map[String, T]`: a T for each key",
}  # fmt: skip

NAMES = {
    "attempt": Entry("attempt: Int", "Which attempt of the call this is, from 1."),
    "node": Entry("node", "The machine a call may be placed on; only in `where`."),
    "run": Entry("run", "This run: `run.id`, `run.seed`, `run.started_at`."),
}

KEYWORDS = {
    "let": "a constant, computed when the file is compiled",
    "type": "a record, or another name for a type",
    "task": "what one call executes",
    "pipeline": "the program: steps, ordered by the data they need",
    "import": "names of another file or package, through a name: `import \"house.edsl\" as house`",
    "from": "names of another file or package: `from \"house.edsl\" import limits`",
    "pool": "where tasks can run",
    "connector": "a system outside, such as a database",
    "secret": "where a secret value is kept",
    "trigger": "what starts a pipeline by itself",
    "operator": "a task that keeps state from run to run",
    "policy": "rules by which tasks are placed",
    "needs": "what one call needs of a machine",
    "where": "a test of the machine: `where node.arch == \"x86_64\"`",
    "with": "settings of a pipeline, a call or a loop",
    "foreach": "runs its body for every element, in parallel",
    "when": "runs its body if the condition holds",
    "else": "what runs if no condition of the `when` holds",
    "repeat": "runs its body again, `up to` a number of rounds, until a condition holds",
    "until": "the condition that ends a `repeat`",
    "carry": "a value that goes from round to round of a `repeat`",
    "next": "the value of a carried name in the next round",
    "gather": "what a member of a `foreach` contributes",
    "return": "the outputs of the pipeline",
    "assert": "ends the run if the condition does not hold",
    "fail": "ends the run with a message",
    "after": "waits for steps without using their data",
    "up": "`up to N`: the bound of a loop",
    "to": "`up to N`: the bound of a loop",
    "for": "`[e for x in list if test]`: a list made of another",
    "in": "`x in list`: whether it is an element; after an input its range; in a loop what it runs over",
    "if": "`a if test else b`: one of two values; in a list which elements",
    "and": "both hold",
    "or": "one of two holds",
    "not": "does not hold",
    "of": "`2 of [A100, H100]`: how many, of which kinds",
    "as": "the name of what is imported",
    "is": "the driver of a pool, connector, secret or trigger: `pool campus is slurm:`",
    "run": "the code of a task: `run python:`, `run shell \"file.sh\"`; or this run, `run.id`",
    "on": "a handler: `on failure:`, `on cancel:` or `on any:`",
    "state": "what an operator keeps from run to run",
    "extends": "the policy whose rules this one has too",
    "scope": "of which pipelines a policy speaks",
    "forbid": "`forbid when EXPR`: an offer for which it holds is excluded",
    "require": "an offer for which it does not hold is excluded",
    "because": "the reason that is told where a rule excludes",
    "minimize": "what is best about an offer: the least",
    "maximize": "what is best about an offer: the most",
    "then": "what decides among equals: `then minimize …`",
    "true": "the Bool that holds",
    "false": "the Bool that does not hold",
    "none": "a missing value, of any type with `?`",
}  # fmt: skip

UNITS = {
    "Size": ("B", "kB", "MB", "GB", "TB", "PB", "KiB", "MiB", "GiB", "TiB", "PiB"),
    "Duration": ("ms", "s", "min", "h", "d", "w"),
    "Bandwidth": ("kbps", "Mbps", "Gbps"),
    "Rate": ("s", "min", "h", "d"),
}
