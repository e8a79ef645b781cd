"""Commands on a pipeline file: run it on this machine, check it, draw it."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from econda_cloud.cli.language.parameters import asked, gathered
from econda_cloud.cli.language.source import (
    compile_file,
    found_params,
    kept_params,
    load,
    locked,
    say_unheeded,
    say_warned,
    told,
    warnings_of,
    what_is_left,
)
from econda_cloud.cli.options import (
    DryRun,
    File,
    Json,
    ParamFiles,
    Params,
    Pipeline,
    Resume,
    RunName,
    Sets,
    TeamName,
    Wait,
)
from econda_cloud.cli.output import FAILED, NOT_COMPILED, USAGE, exit_like, print_json, stop

if TYPE_CHECKING:
    from econda_adapters.embedded.home import Home
    from econda_adapters.embedded.runner import Follow
    from econda_edsl.compiler.compile import Compilation
    from econda_edsl.plan import Plan

    from econda_cloud.cli.runs.following import CarryOn
    from econda_cloud.worker.processes.host_pool import HostPool

From = Annotated[
    str | None, typer.Option("--from", help="a step, instance or task: it and all that comes after it run again")
]
Output = Annotated[
    Path | None, typer.Option("--output", "-o", help="a folder that the outputs are written to, beside where they lie")
]


def run(
    file: File,
    param: Params = None,
    sets: Sets = None,
    params_file: ParamFiles = None,
    pipeline: Pipeline = None,
    resume: Resume = False,
    output: Output = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Run a pipeline on this machine. Example: econda run sweep.edsl -p n=12"""
    from econda_adapters.embedded.capped import capped
    from econda_adapters.embedded.home import NAMESPACE
    from econda_adapters.embedded.pool import machine_pool, own_gpus, own_hosts
    from econda_adapters.embedded.runner import NOBODY

    from econda_cloud.cli.language.packages import pinned
    from econda_cloud.cli.runs.following import resumed
    from econda_cloud.cli.runs.places import usable_folder
    from econda_cloud.cli.runs.stores import embedded_home

    usable_folder()
    wanted = asked(param, sets, params_file)
    if dry_run:
        from econda_cloud.cli.language.dry_run import print_dry

        loaded = load(file, pipeline)
        given = gathered(loaded.plan, loaded.params, wanted)
        print_dry(loaded.plan, found_params(loaded, given, embedded_home().blobs, NAMESPACE), json=json)
        return
    if output is not None:
        _check_writable(output)
    # They come up while the file is compiled.
    with own_hosts(prepared=True) as hosts:
        loaded = load(file, pipeline)
        home = embedded_home()
        params = kept_params(loaded, gathered(loaded.plan, loaded.params, wanted), home.blobs, NAMESPACE)
        plan, held = capped(pinned(loaded.plan, home.blobs, NAMESPACE), machine_pool())
        for line in held:
            typer.echo(f"note: {line}", err=True)
        if own_gpus() == 0 and any(task.needs.gpu != {"lit": 0} for task in plan.tasks.values()):
            typer.echo("note: this machine has no GPU; tasks that ask for one run on its CPU", err=True)
        say_unheeded(plan)
        before = resumed(home, file, plan, params) if resume else NOBODY
        _carry_out(home, plan, params, loaded.files, before, hosts, json=json, file=file, output=output)


def rerun(name: RunName, step: From = None, team: TeamName = None, wait: Wait = False, json: Json = False) -> None:
    """Run again what a run did not finish, or all from a step on, where it ran. Example: econda rerun last --from fit"""
    from econda_adapters.embedded.pool import own_hosts

    from econda_cloud.cli.runs.finding import find_run
    from econda_cloud.cli.runs.following import rerun_of, rerun_on_stack
    from econda_cloud.cli.runs.stores import embedded_home

    found = find_run(name, team)
    if found.store.team is not None:
        from econda_cloud.cli.runs.watching import follow_to_end

        following = rerun_on_stack(found, step)
        if wait:
            follow_to_end(following, json=json)
        elif json:
            print_json({"run": following.run, "follows": found.run})
        else:
            typer.echo(following.run)
        return
    home = embedded_home()
    plan, params, before = rerun_of(home, found, step)
    with own_hosts() as hosts:
        _carry_out(home, plan, params, {}, before, hosts, json=json)


def _check_writable(folder: Path) -> None:
    """Before hours of work, not after them. Ends the command for a folder that cannot be made or written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        stop(f"error: {folder} cannot be made: {error.strerror}", USAGE)
    if not os.access(folder, os.W_OK | os.X_OK):
        stop(f"error: {folder} cannot be written to", USAGE)


def _carry_out(
    home: Home,
    plan: Plan,
    params: dict[str, Any],
    files: dict[str, bytes],
    before: CarryOn | Follow,
    hosts: HostPool,
    *,
    json: bool,
    file: Path | None = None,
    output: Path | None = None,
) -> None:
    """Run a plan to its end, with progress, and end the command as the run ended."""
    from econda_adapters.embedded.exclusive import alone
    from econda_adapters.embedded.holding import RunBusy
    from econda_adapters.embedded.runner import Follow, resume_run, run_plan

    from econda_cloud.cli.language.file_runs import note_run
    from econda_cloud.cli.runs.ends_here import end_of_run, leaving_it_to_resume
    from econda_cloud.cli.runs.places import user_name
    from econda_cloud.cli.runs.progress import Follower

    busy = partial(typer.echo, "waiting: another run of this pipeline with the same key goes on", err=True)
    typed = str(file) if file is not None else ""
    with (
        leaving_it_to_resume(plan.name, typed),
        alone(home.root, plan, params, busy),
        Follower(quiet=json, here=True) as follower,
    ):

        def started(run: str) -> None:
            if file is not None:
                note_run(home.root, file, plan.name, run)
            follower.started(run)

        shown = {"started": started, "progress": follower.progress, "hosts": hosts}
        if isinstance(before, Follow):
            state = run_plan(home, plan, params, files=files, user=user_name(), follow=before, **shown)
        else:
            try:
                state = resume_run(home, before.run, **shown)
            except RunBusy as error:
                stop(f"error: {error}", FAILED)
    end_of_run(home, state, json=json, file=typed, output=output)
    exit_like(state)


def check(
    file: File,
    pipeline: Pipeline = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="list the files that travel, and what is left out and why")
    ] = False,
    json: Json = False,
) -> None:
    """Check a pipeline without running it. Example: econda check sweep.edsl"""
    compiled, files, _ = compile_file(file, pipeline, library=True)
    packed = file.suffix == ".zip"
    warned = [] if packed else warnings_of(file, compiled, files)
    left = {} if packed or not (verbose or json) else what_is_left(file, files)
    if json:
        found = [told(d, compiled.path) for d in compiled.diagnostics]
        error = None if compiled.ok else {"code": "not_compiled", "message": compiled.render(color=False)}
        digest = compiled.plan.digest if compiled.plan else None
        print_json({"ok": compiled.ok, "error": error, "diagnostics": found, "digest": digest,
                    "warnings": [asdict(each) for each in warned], "files": sorted(files), "left_out": left})  # fmt: skip
    elif not compiled.ok:
        typer.echo(compiled.render(color=False), err=True)
    elif compiled.plan is None:
        typer.echo("ok: declarations for others to import, no pipeline")
    else:
        plan = compiled.plan
        tasks = f"{len(plan.tasks)} task{'' if len(plan.tasks) == 1 else 's'}"
        typer.echo(f"ok: pipeline {plan.name}, {tasks}, {plan.digest}")
        say_unheeded(plan)
    if not json:
        say_warned(warned)
        if verbose:
            _say_files(compiled, files, left)
    if not compiled.ok:
        raise typer.Exit(NOT_COMPILED)


def _say_files(compiled: Compilation, files: dict[str, bytes], left: dict[str, str]) -> None:
    """The files of a bundle with the tasks that reach them, and what is left out."""
    tasks = {} if compiled.plan is None else compiled.plan.tasks
    for path in sorted(files):
        by = [name for name, task in tasks.items() if task.reach is None or path in task.reach]
        typer.echo(f"  travels: {path}" + (f", for {', '.join(by)}" if by else ""))
    for path, why in left.items():
        typer.echo(f"  left out: {path}: {why}")


def lock(
    file: File,
    check: Annotated[bool, typer.Option("--check", help="only say whether the lock is up to date")] = False,
) -> None:
    """Pin the imports of a pipeline in `edsl.lock` beside it. Example: econda lock train.edsl"""
    target, text, changed = locked(file)
    if check and changed:
        stop(f"error: {target} is out of date; `econda lock {file}` writes it", FAILED)
    if changed:
        target.write_text(text)
    typer.echo(f"{target}: {'written' if changed else 'up to date'}")


def graph(
    file: File,
    pipeline: Pipeline = None,
    to: Annotated[str, typer.Option("--to", help="mermaid, dot or svg")] = "mermaid",
) -> None:
    """Draw a pipeline. Example: econda graph sweep.edsl --to svg > sweep.svg"""
    from econda_edsl.drawing.text import to_dot, to_mermaid, to_svg

    draw = {"mermaid": to_mermaid, "dot": to_dot, "svg": to_svg}.get(to)
    if draw is None:
        stop(f"error: `{to}` is not one of mermaid, dot, svg", USAGE)
    typer.echo(draw(load(file, pipeline).plan))
