"""The audit: what is wrong with a data set, found before a model learns it. No torch, no streamlit."""

from rsdash.data.audit.perform import audit_dataset, audit_path, load_audit
from rsdash.data.audit.result import Audit, IdenticalImages, NearDuplicates
from rsdash.data.audit.symmetry import SYMMETRY_NAMES, symmetry

__all__ = [
    "SYMMETRY_NAMES",
    "Audit",
    "IdenticalImages",
    "NearDuplicates",
    "audit_dataset",
    "audit_path",
    "load_audit",
    "symmetry",
]
