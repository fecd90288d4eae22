"""Checking a file of proofs where no database is: an archive package proves its rows by itself."""

from __future__ import annotations

from pydantic import ValidationError

from ledger import merkle
from models.ledger import Fault
from models.proofs import LogHead, LogMark, ProofFile, RowProof


def proof_faults(document: object, outside: LogMark | None = None) -> list[Fault]:
    """Faults of what `ledger.log.proof_file` made, as read back from JSON; empty when every proof holds.

    Proofs hold under the file's own head, which its maker wrote: with `outside`, a head kept elsewhere, it must be
    that one.
    """
    try:
        file = ProofFile.model_validate_json(document) if isinstance(document, str | bytes) else _read(document)
    except ValidationError:
        return [Fault(where="存证文件", what="读不懂 · not a file of proofs")]
    faults = []
    if outside is not None and (file.head.size, file.head.root) != (outside.size, outside.root):
        faults.append(
            Fault(where=f"存证日志头#{file.head.size}", what="不是另处保存的那个头 · not the head kept elsewhere")
        )
    faults += [
        Fault(where=f"存证日志#{proof.index}", what="证明不成立 · the proof does not hold")
        for proof in file.proofs
        if not holds(proof, file.head)
    ]
    return faults


def holds(proof: RowProof, head: LogHead) -> bool:
    """Whether the row of the proof stands in the log of the head."""
    return merkle.verify_inclusion(
        merkle.leaf_hash(proof.leaf.encode(), head.hash),
        proof.index,
        head.size,
        [bytes.fromhex(step) for step in proof.path],
        bytes.fromhex(head.root),
        head.hash,
    )


def _read(document: object) -> ProofFile:
    return ProofFile.model_validate(document)
