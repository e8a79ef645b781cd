"""Commands on a team's stack: deploy and destroy it, submit to it."""

from __future__ import annotations

from typing import Annotated

import typer
from msgspec.structs import replace

from econda_cloud.cli.language.parameters import asked, gathered
from econda_cloud.cli.language.source import found_params, load, say_unheeded
from econda_cloud.cli.options import DryRun, File, Json, ParamFiles, Params, Pipeline, Resume, Sets, TeamName, Wait
from econda_cloud.cli.output import FAILED, NOT_COMPILED, USAGE, print_json, stop
from econda_cloud.cli.runs.finding import find_run
from econda_cloud.cli.runs.places import home_folder
from econda_cloud.cli.runs.stores import team_store
from econda_cloud.cli.runs.watching import follow_to_end
from econda_cloud.cli.stack.deployment import endpoints
from econda_cloud.cli.stack.uploading import resubmit, upload
from econda_cloud.submission.heeded import refused_by_stacks

NewTeam = Annotated[str, typer.Option("--team", envvar="ECONDA_TEAM", help="the team's name, such as `vision`")]


def up(
    team: NewTeam,
    publish_to: Annotated[
        list[str] | None,
        typer.Option(
            "--publish-to", help="s3://bucket/prefix that `publish` of pipelines may copy outputs to; repeatable"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Deploy a team's stack, or bring it up to date. Example: econda up --team vision"""
    from econda_adapters.aws.deployed import deployed
    from econda_infra import apply
    from econda_infra.names import BadTeamName
    from econda_infra.packaging import PackagingFailed
    from econda_infra.settings import BadPlace, Settings

    def chosen(usual: Settings) -> Settings:
        return replace(usual, publish_to=tuple(publish_to or ()))

    changes: list[str] = []

    def report(name: str, change: str) -> None:
        changes.append(name)
        if not json:
            typer.echo(f"{change} {name}", err=True)

    try:
        stack = apply.up(team, home=home_folder(), environment=endpoints(), report=report, settings=chosen)
    except (BadTeamName, BadPlace) as error:
        stop(f"error: {error}", USAGE)
    except (apply.NotApplied, PackagingFailed) as error:
        stop(f"error: {error}", FAILED)
    if json:
        found = deployed(team, home=home_folder())
        pools = found.pools if found else ()
        print_json({**{name: getattr(stack, name) for name in stack.__struct_fields__}, "pools": list(pools)})
    else:
        typer.echo(f"team {team}: {len(changes)} resources changed; upload to s3://{stack.bucket}/uploads/")


def destroy(
    team: NewTeam,
    data: Annotated[bool, typer.Option("--data", help="with all its runs and files, for good")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask")] = False,
    json: Json = False,
) -> None:
    """Remove a team's stack; one that holds runs or files only with --data. Example: econda destroy --team vision"""
    from econda_infra import apply
    from econda_infra.names import BadTeamName

    if not yes:
        what = (
            "the stack of team {} with all its runs and files" if data else "the stack of team {}, if it holds no data"
        )
        typer.confirm(f"remove {what.format(team)}?", abort=True, err=True)
    try:
        lost = apply.destroy(team, home=home_folder(), environment=endpoints(), data=data)
    except apply.HoldsData as error:
        lines = "".join(f"\n  {line}" for line in error.holds.lines())
        advice = f"`econda destroy --team {team} --data` removes it with all that, for good"
        stop(f"error: nothing was removed, because team {team} holds{lines}\n{advice}", FAILED)
    except BadTeamName as error:
        stop(f"error: {error}", USAGE)
    except apply.NotApplied as error:
        stop(f"error: {error}", FAILED)
    if json:
        about = {"runs": lost.runs, "objects": lost.objects, "bytes": lost.bytes, "all": lost.all} if lost else None
        print_json({"team": team, "destroyed": lost is not None, "lost": about})
        return
    typer.echo(f"team {team}: there was none" if lost is None else f"team {team}: removed")
    for line in lost.lines() if lost else ():
        typer.echo(f"  lost with it: {line}")


def submit(
    file: File,
    param: Params = None,
    sets: Sets = None,
    params_file: ParamFiles = None,
    pipeline: Pipeline = None,
    namespace: Annotated[str, typer.Option("--namespace", help="the tenant inside the team")] = "default",
    team: TeamName = None,
    resume: Resume = False,
    dry_run: DryRun = False,
    wait: Wait = False,
    json: Json = False,
) -> None:
    """Upload a pipeline to a team's bucket, which starts a run. Example: econda submit sweep.edsl -p n=12 --wait"""
    store = team_store(team)
    assert store.team is not None
    loaded = load(file, pipeline)
    given = gathered(loaded.plan, loaded.params, asked(param, sets, params_file))
    say_unheeded(loaded.plan)
    if reasons := refused_by_stacks(loaded.plan):
        stop("\n".join(f"error: {reason}" for reason in reasons), NOT_COMPILED)
    if dry_run:
        from econda_cloud.cli.language.dry_run import print_dry

        found = found_params(loaded, given, store.blobs, namespace, store.team.clients)
        print_dry(loaded.plan, found, json=json)
        return
    from econda_adapters.aws.deployed import team_folder

    from econda_cloud.cli.language.file_runs import note_run
    from econda_cloud.cli.runs.following import resumed_on_stack

    before = resumed_on_stack(store, file, loaded.plan, namespace) if resume else None
    if before is not None and before.run:
        name = resubmit(store, loaded, given, before, namespace=namespace)
    else:
        name = upload(store.team, loaded, given, namespace=namespace, pipeline=pipeline)
    note_run(team_folder(home_folder(), store.team.stack.team), file, loaded.plan.name, name)
    if not wait:
        print_json({"run": name, "namespace": namespace, "team": store.team.stack.team}) if json else typer.echo(name)
        return
    follow_to_end(find_run(name, None, [store]), json=json)
