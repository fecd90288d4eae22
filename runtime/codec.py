"""Everything that Temporal keeps is sealed here, bound to namespace and case.

A payload that cannot be opened is *quarantined*, never raised: a codec that raises wedges the case for ever
(reliability.md finding 1). So is a plaintext payload, because whoever reaches the Temporal port could have
written it (finding 2), and so is a genuine ciphertext that was copied from another case.
"""

from __future__ import annotations

from collections.abc import Sequence

from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import (
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
    SerializationContext,
    WithSerializationContext,
)

from models.sealing import Keyring, Unsealable

ENCRYPTED = b"binary/encrypted"
QUARANTINED = b"binary/quarantined"
NO_CASE = "-"
"""The case of a payload that belongs to no workflow: no workflow id can be `-`, so no case accepts it."""

_ENCODING = "encoding"
_KEY_ID = "encryption-key-id"
_CASE = "case"


class SealingCodec(PayloadCodec, WithSerializationContext):
    """SM4-GCM or AES-256-GCM by the current key; the key id and the case id travel beside the ciphertext.

    `case` is None where the SDK gives no workflow (a listing, the codec endpoint): then it seals for `NO_CASE`
    and opens by the case that the metadata name. Within a workflow's context only that workflow's payloads open.
    A schedule's context carries the prefix of the ids it will give, so scheduled workflows must take no input.
    """

    def __init__(self, keyring: Keyring, namespace: str = "default", case: str | None = None) -> None:
        self._keyring = keyring
        self._namespace = namespace
        self._case = case

    def with_context(self, context: SerializationContext) -> SealingCodec:
        namespace: str = getattr(context, "namespace", self._namespace)
        case: str | None = getattr(context, "workflow_id", None)
        return SealingCodec(self._keyring, namespace, case or None)

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [self._seal(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """As many payloads as given; those that cannot be opened come back empty and marked as quarantined."""
        return [self._open(payload) or quarantined() for payload in payloads]

    def decode_for_endpoint(self, payloads: Sequence[Payload]) -> list[Payload]:
        """For the Temporal UI: opens by the case in the metadata; what cannot be opened is shown as it came."""
        return [self._open(payload) or payload for payload in payloads]

    def _seal(self, payload: Payload) -> Payload:
        case = self._case or NO_CASE
        key_id, sealed = self._keyring.seal(payload.SerializeToString(), self._binding(case))
        return Payload(
            metadata={_ENCODING: ENCRYPTED, _KEY_ID: key_id.encode(), _CASE: case.encode()},
            data=sealed,
        )

    def _open(self, payload: Payload) -> Payload | None:
        """The payload inside, or None. Nothing leaves here as an exception."""
        if payload.metadata.get(_ENCODING) != ENCRYPTED:
            return None
        case = case_of(payload)
        if self._case is not None and case != self._case:
            return None
        key_id = payload.metadata.get(_KEY_ID, b"").decode("ascii", "replace")
        try:
            return Payload.FromString(self._keyring.open(key_id, payload.data, self._binding(case)))
        except (Unsealable, ValueError):  # protobuf's DecodeError is a ValueError
            return None

    def _binding(self, case: str) -> bytes:
        # Namespaces cannot hold `|`, so no two pairs give the same bytes.
        return f"payload/v1|{self._namespace}|{case}".encode()


def case_of(payload: Payload) -> str:
    """The case a sealed payload claims to belong to; `NO_CASE` when it names none."""
    return payload.metadata.get(_CASE, NO_CASE.encode()).decode("utf-8", "replace")


def quarantined() -> Payload:
    return Payload(metadata={_ENCODING: QUARANTINED})


def is_quarantined(payload: Payload) -> bool:
    return payload.metadata.get(_ENCODING) == QUARANTINED


def data_converter(keyring: Keyring, namespace: str = "default") -> DataConverter:
    """Pydantic models in, sealed payloads out; failure messages and stack traces are sealed as well."""
    return DataConverter(
        payload_converter_class=PydanticPayloadConverter,
        payload_codec=SealingCodec(keyring, namespace),
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )
