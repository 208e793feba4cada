"""Records in older schema versions: which they are, and which of them may still be edited."""

from __future__ import annotations

from collections.abc import Iterator

from muniment.model.evidence import Device, Record
from muniment.model.finding import Finding, Severity


def outdated(device: Device) -> Iterator[Finding]:
    """Yield a warning (rule `outdated`) for every record that `muniment migrate` would rewrite."""
    for record in device.records.values():
        written = record.document.tree["schema"]
        if written != record.body["schema"] and not sealed(device, record):
            yield Finding(
                "outdated",
                f"{record.id} follows schema version {written} of {record.kind}; "
                f"the present one is {record.body['schema']}",
                record.where("/schema"),
                Severity.WARN,
                hint="run `muniment migrate`, which keeps comments and order; it is judged all the same",
            )


def sealed(device: Device, record: Record) -> bool:
    """Whether a frozen release or a seal holds the very bytes of a record, so that it is never edited."""
    path = record.document.path.partition("/")[2]
    frozen = any(path in dossier.manifest for dossier in device.releases)
    return frozen or bool(device.files.listing(f"seals/{record.id}"))
