"""One file per resource; each declares an `APIRouter` whose routes pass `api.door`."""
