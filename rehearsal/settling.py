"""Settles what a killed engine left pending, as far as the engine can, and names what only a person can settle.

An engine that dies while a cloud creates something cannot know whether it exists. Refreshing settles interrupted
updates and deletions; for a creation somebody has to look into the cloud. `pulumi refresh --import-pending-creates`
would be the engine's way to tell it what was found, but v3.259.0 only drops the creation from the list and adopts
nothing, which leaves an orphan. So what exists is adopted by `pulumi import`, here as with real clouds.
"""

from __future__ import annotations

import json

from rehearsal.context import Rehearsal
from rehearsal.errors import RehearsalError
from rehearsal.stage import write_private
from rehearsal.state import PendingOperation


def settle(rehearsal: Rehearsal) -> bool:
    """Refresh where something is pending, and name what is pending still.

    Returns:
        Whether nothing is pending any more.
    """
    pending = rehearsal.state().pending if rehearsal.stage.may_be_pending() else ()
    if not pending:
        return True
    count = "One operation was" if len(pending) == 1 else f"{len(pending)} operations were"
    rehearsal.say(f"{count} interrupted by the end of the last engine; refreshing, as the engine asks.", "yellow")
    outcome, _ = rehearsal.operate("refresh", "--yes", "--skip-preview")
    audit = rehearsal.audit(rehearsal.state())
    if audit.pending or outcome.code:
        rehearsal.tell_findings(audit)
        rehearsal.say("Nothing else was changed: settle what is named above first.", "bold red")
        return False
    return True


def adopt(rehearsal: Rehearsal) -> bool:
    """Take the interrupted creations that a person found in the clouds into the state.

    Returns:
        Whether the creations that are pending still are to be forgotten: a person said so, or all are adopted.

    Raises:
        RehearsalError: if one of them is not pending, or the engine cannot adopt it.
    """
    request = rehearsal.request
    if not request.import_pending:
        return request.clear_pending
    deployment = rehearsal.state()
    creating = {operation.resource.urn: operation for operation in deployment.pending if operation.type == "creating"}
    found = dict(request.import_pending)
    for urn in found:
        if urn not in creating:
            raise RehearsalError(
                f"No creation of {urn} is pending. `make rehearse STACK={rehearsal.stage.stack}` names what is."
            )
    manifest = rehearsal.stage.directory / "adopt.json"
    write_private(manifest, json.dumps(_manifest([(creating[urn], id_) for urn, id_ in found.items()])))
    options = ("--yes", "--skip-preview", "--non-interactive", "--protect=false", "--generate-code=false")
    rehearsal.change("import", "--file", str(manifest), *options)
    manifest.unlink()
    rehearsal.say(f"adopted: {', '.join(urn.rpartition('::')[2] for urn in found)}", "bold green")
    if not request.clear_pending and found.keys() != creating.keys():
        rehearsal.say("The engine can forget pending creations only all at once; settle the others as well.", "yellow")
    return request.clear_pending or found.keys() == creating.keys()


def _manifest(found: list[tuple[PendingOperation, str]]) -> dict[str, object]:
    # The engine's format: `pulumi import --help`, option --file. Names stand for URNs through a table.
    table: dict[str, str] = {}
    resources: list[dict[str, str]] = []
    for operation, id_ in found:
        resource = operation.resource
        entry = {"type": resource.type, "name": resource.urn.rpartition("::")[2], "id": id_}
        if resource.parent and "pulumi:pulumi:Stack::" not in resource.parent:
            entry["parent"] = resource.parent
            table[resource.parent] = resource.parent
        if resource.provider:
            provider = resource.provider.rpartition("::")[0]  # the reference ends with the provider's identifier
            entry["provider"] = provider
            table[provider] = provider
        resources.append(entry)
    return {"nameTable": table, "resources": resources}
