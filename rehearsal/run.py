"""The commands of a rehearsal, once its stage is set."""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from rehearsal.audit import Audit
from rehearsal.context import Rehearsal
from rehearsal.display import counted, show_changes
from rehearsal.errors import RehearsalError
from rehearsal.events import Record
from rehearsal.pulumi_cli import Outcome, exported_state
from rehearsal.settling import adopt, settle
from rehearsal.stage import Stage, policy_options, write_private
from rehearsal.state import Deployment, stack_outputs
from rehearsal.summary import Facts, parse_report, show_summary
from rehearsal.writing import write_devices, write_diagram, write_report


class LastRun(BaseModel):
    """What the last run that changed something did; `status` tells it again."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    headline: str
    seconds: float


def up(rehearsal: Rehearsal, policy: Path | None) -> int:
    """Preview, update, audit, and tell it all; the exit code."""
    if not settle(rehearsal):
        return 1
    packs = policy_options(rehearsal.stage, policy)
    outcome, planned = rehearsal.operate("preview", *packs)
    if outcome.code:
        rehearsal.say("The preview failed: nothing was created or changed.", "bold red")
        return 1
    rehearsal.say(f"Preview: {counted(planned.counts(), planned=True)}.")
    outcome, record = rehearsal.operate("up", "--yes", "--skip-preview", *packs, expected=len(planned.seen))
    show_changes(rehearsal.console, record)
    return _conclude(rehearsal, outcome, record)


def preview(rehearsal: Rehearsal, policy: Path | None) -> int:
    """Tell what `up` would do; the exit code."""
    outcome, record = rehearsal.operate("preview", *policy_options(rehearsal.stage, policy))
    if outcome.code:
        rehearsal.say("The preview failed.", "bold red")
        return 1
    show_changes(rehearsal.console, record, planned=True)
    return 0


def refresh(rehearsal: Rehearsal) -> int:
    """Read what exists in the simulated clouds into the state; the exit code."""
    forget = adopt(rehearsal)
    options = ["--clear-pending-creates"] if forget else []
    outcome, record = rehearsal.operate("refresh", "--yes", "--skip-preview", *options)
    show_changes(rehearsal.console, record)
    audit = rehearsal.audit(rehearsal.state())
    rehearsal.tell_findings(audit)
    if outcome.code:
        rehearsal.say("The refresh failed.", "bold red")
    return int(bool(outcome.code) or not audit.clean)


def destroy(rehearsal: Rehearsal) -> int:
    """Unprotect and remove everything, and make sure that nothing is left; the exit code."""
    stage = rehearsal.stage
    if rehearsal.state().resources:
        rehearsal.cli.ask("state", "unprotect", "--all", "--yes", "--non-interactive")
    outcome, record = rehearsal.operate("destroy", "--yes", "--skip-preview")
    show_changes(rehearsal.console, record)
    audit = rehearsal.audit(rehearsal.state())
    rehearsal.tell_findings(audit)
    if outcome.code or not audit.clean or audit.matched:
        rehearsal.say("The destruction is not complete; run it again once the cause is gone.", "bold red")
        return 1
    write_devices(None, stage.devices, stage.stack)
    write_diagram(None, stage.diagram)
    stage.last_run.unlink(missing_ok=True)
    rehearsal.say("The simulated clouds are empty, and the device configurations are removed.", "green")
    return 0


def status(rehearsal: Rehearsal) -> int:
    """Tell the summary of the last run again; the exit code."""
    try:
        last = LastRun.model_validate_json(rehearsal.stage.last_run.read_bytes())
    except FileNotFoundError:
        raise RehearsalError(
            f"{rehearsal.stage.stack!r} has no run to tell of. `make rehearse STACK={rehearsal.stage.stack}` "
            "rehearses it."
        ) from None
    deployment = rehearsal.state(secrets_in_the_clear=True)
    audit = rehearsal.audit(deployment)
    _summarize(rehearsal, deployment, audit, last, list(_written(rehearsal.stage)))
    return int(not audit.clean)


def export(rehearsal: Rehearsal) -> int:
    """Print the state, its secrets encrypted; the exit code."""
    sys.stdout.write(exported_state(rehearsal.cli, secrets=False))
    return 0


def _conclude(rehearsal: Rehearsal, outcome: Outcome, record: Record) -> int:
    deployment = rehearsal.state(secrets_in_the_clear=True)
    audit = rehearsal.audit(deployment)
    outputs = stack_outputs(deployment)
    written = write_devices(outputs.get("devices"), rehearsal.stage.devices, rehearsal.stage.stack)
    written += write_diagram(outputs.get("diagram"), rehearsal.stage.diagram)
    written += write_report(outputs.get("report"), rehearsal.stage.report)
    headline = counted(record.counts())
    if outcome.code:
        headline = f"the update failed ({headline})"
    last = LastRun(headline=headline, seconds=rehearsal.elapsed())
    write_private(rehearsal.stage.last_run, last.model_dump_json())
    _summarize(rehearsal, deployment, audit, last, written)
    return int(bool(outcome.code) or not audit.clean)


def _summarize(rehearsal: Rehearsal, deployment: Deployment, audit: Audit, last: LastRun, written: list[Path]) -> None:
    facts = Facts(
        headline=last.headline,
        seconds=last.seconds,
        findings=audit.sentences(rehearsal.stage.stack),
        objects=audit.matched,
        written=written,
        logs=rehearsal.stage.logs,
        root=rehearsal.stage.root,
    )
    show_summary(rehearsal.console, rehearsal.stage.stack, parse_report(stack_outputs(deployment).get("report")), facts)


def _written(stage: Stage) -> list[Path]:
    devices = sorted(path for path in stage.devices.glob("*/*") if path.is_file())
    return [*devices, *(path for path in (stage.diagram, stage.report) if path.exists())]
