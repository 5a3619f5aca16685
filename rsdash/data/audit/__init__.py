"""The audit: what is wrong with a data set, found before a model learns it. No torch, no streamlit."""

from rsdash.data.audit.findings import Finding, Kind, Pair, alike, findings, small_classes
from rsdash.data.audit.perform import audit_dataset, audit_path, load_audit
from rsdash.data.audit.result import Audit, IdenticalImages, NearDuplicates
from rsdash.data.audit.symmetry import SYMMETRY_NAMES, symmetry

__all__ = [
    "SYMMETRY_NAMES",
    "Audit",
    "Finding",
    "IdenticalImages",
    "Kind",
    "NearDuplicates",
    "Pair",
    "alike",
    "audit_dataset",
    "audit_path",
    "findings",
    "load_audit",
    "small_classes",
    "symmetry",
]
