"""Figures from saved logits, and what may be said when runs stand side by side: numpy in, numbers out."""
