"""Between the provider protocol's encoding of properties and plain values.

Secrets, files and values that are not known yet travel marked: secrets and files as maps with a signature, the
unknown as a string that nobody would write. The core sees none of it. Of secrets, the front keeps in which top-level
properties they were, so that it can mark these again on the way back.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from google.protobuf import struct_pb2
from pulumi import (
    Archive,
    Asset,
    AssetArchive,
    FileArchive,
    FileAsset,
    RemoteArchive,
    RemoteAsset,
    StringAsset,
)

from rehearsal.clouds.values import UNKNOWN, Properties, Unknown, Value

# The signatures and the sentinel are those of pulumi/runtime/rpc.py in the SDK, which names some of them privately.
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a mark, and no secret
_ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
_ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
_OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
_UNKNOWNS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # bool
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string, and what the engine sends for any type
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # list
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # map
    }
)
_UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


def read(properties: struct_pb2.Struct) -> tuple[dict[str, Value], frozenset[str]]:
    """The plain values of `properties`, and the names of those in which there was a secret."""
    values: dict[str, Value] = {}
    secret: set[str] = set()
    for name, encoded in properties.fields.items():
        values[name], was_secret = _read(encoded)
        if was_secret:
            secret.add(name)
    return values, frozenset(secret)


def write(properties: Properties, secret: Collection[str] = ()) -> struct_pb2.Struct:
    """The encoding of `properties`, those named in `secret` marked as secrets."""
    written = struct_pb2.Struct()
    for name, value in properties.items():
        encoded = _write(value)
        if name in secret:
            encoded = _signed(SECRET, {"value": encoded})
        written.fields[name].CopyFrom(encoded)
    return written


def _read(encoded: struct_pb2.Value) -> tuple[Value, bool]:
    match encoded.WhichOneof("kind"):
        case "bool_value":
            return encoded.bool_value, False
        case "number_value":
            return encoded.number_value, False
        case "string_value":
            text = encoded.string_value
            return (UNKNOWN if text in _UNKNOWNS else text), False
        case "list_value":
            items = [_read(item) for item in encoded.list_value.values]
            return [value for value, _ in items], any(secret for _, secret in items)
        case "struct_value":
            return _read_map(encoded.struct_value)
        case _:
            return None, False


def _read_map(encoded: struct_pb2.Struct) -> tuple[Value, bool]:
    fields = encoded.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if not signature:
        values, secret = read(encoded)
        return values, bool(secret)
    match signature:
        case _ if signature == SECRET:
            found: tuple[Value, bool] = _read(fields["value"])[0], True
        case _ if signature == _OUTPUT:
            value, secret = _read(fields["value"]) if "value" in fields else (UNKNOWN, False)
            found = value, secret or ("secret" in fields and fields["secret"].bool_value)
        case _ if signature == _ASSET:
            found = _read_asset(encoded), False
        case _ if signature == _ARCHIVE:
            found = _read_archive(encoded), False
        case _:
            # What is left is a reference to another resource, which a provider takes by its identifier.
            found = _read(fields["id"]) if "id" in fields else (UNKNOWN, False)
    return found


def _read_asset(encoded: struct_pb2.Struct) -> Asset:
    fields = encoded.fields
    if "path" in fields:
        return FileAsset(fields["path"].string_value)
    if "uri" in fields:
        return RemoteAsset(fields["uri"].string_value)
    return StringAsset(fields["text"].string_value if "text" in fields else "")


def _read_archive(encoded: struct_pb2.Struct) -> Archive:
    fields = encoded.fields
    if "path" in fields:
        return FileArchive(fields["path"].string_value)
    if "uri" in fields:
        return RemoteArchive(fields["uri"].string_value)
    inside = read(fields["assets"].struct_value)[0] if "assets" in fields else {}
    return AssetArchive({name: item for name, item in inside.items() if isinstance(item, Asset | Archive)})


def _write(value: Value) -> struct_pb2.Value:
    written = struct_pb2.Value()
    match value:
        case None:
            written.null_value = struct_pb2.NULL_VALUE
        case bool():
            written.bool_value = value
        case int() | float():
            written.number_value = value
        case str():
            written.string_value = value
        case Unknown():
            written.string_value = _UNKNOWN
        case list():
            written.list_value.CopyFrom(struct_pb2.ListValue(values=[_write(item) for item in value]))
        case dict():
            written.struct_value.CopyFrom(write(value))
        case _:
            written.CopyFrom(_write_file(value))
    return written


def _write_file(value: Asset | Archive) -> struct_pb2.Value:
    kind = _ASSET if isinstance(value, Asset) else _ARCHIVE
    members: dict[str, Value] = {}
    match value:
        case FileAsset() | FileArchive():
            members = {"path": str(value.path)}
        case RemoteAsset() | RemoteArchive():
            members = {"uri": value.uri}
        case StringAsset():
            members = {"text": value.text}
        case AssetArchive():
            members = {"assets": dict(value.assets)}
        case _:
            raise TypeError(f"{type(value).__name__} is no asset or archive that the protocol knows")
    return _signed(kind, {name: _write(member) for name, member in members.items()})


def _signed(signature: str, members: dict[str, struct_pb2.Value]) -> struct_pb2.Value:
    marked = struct_pb2.Struct(fields={SIGNATURE: struct_pb2.Value(string_value=signature), **members})
    return struct_pb2.Value(struct_value=marked)
