"""What was typed into a run's form outlives leaving its page, and reloading it.

Streamlit forgets a field that a page does not draw, and a reload forgets all of them. So the session keeps a
copy, and once something was changed the server keeps one too, under a token in the address of the page.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from typing import Any

import streamlit as st

PRESET_KEY = "preset"
NAME_KEY = "run-name"
SETTING, VARIED = "set-", "vary-"
"""How the keys of fields begin that hold one value of a setting, and several."""

TOKEN_PARAMETER = "form"  # of the address
_KEPT, _STORED = "form-kept", "form-stored"
_OWN_TOKEN, _LAST_TOKEN = "form-own-token", "form-last-token"
"""The one under which this session stores, and the one that a reload takes up: at first another session's."""

FORMS_KEPT = 256


class TypedForms:
    """What sessions typed, for those that come back after a reload: token → key of a field → value."""

    def __init__(self) -> None:
        self._forms: OrderedDict[str, dict[str, Any]] = OrderedDict()
        self._mutex = threading.Lock()

    def store(self, token: str, fields: dict[str, Any]) -> None:
        """Keep a copy, and drop the one that was stored longest ago when there are many."""
        with self._mutex:
            self._forms[token] = dict(fields)
            self._forms.move_to_end(token)
            while len(self._forms) > FORMS_KEPT:
                self._forms.popitem(last=False)

    def find(self, token: str) -> dict[str, Any] | None:
        """A copy of what was stored; None where nothing was, or no longer is."""
        found = self._forms.get(token)
        return None if found is None else dict(found)


def kept() -> dict[str, Any] | None:
    """What the fields held last in this session; None where they were never filled."""
    return st.session_state.get(_KEPT)


def restore(forms: TypedForms) -> bool:
    """In a new session, take over what was typed before the reload; whether there was something."""
    token = st.query_params.get(TOKEN_PARAMETER, "")
    found = None if kept() is not None else forms.find(token)
    if found is not None:
        st.session_state[_KEPT], st.session_state[_LAST_TOKEN] = found, token
    return found is not None


def kept_here() -> bool:
    """Whether the address is one that this session's form wrote, as the back button brings, and no link."""
    return kept() is not None and TOKEN_PARAMETER in st.query_params


def recall() -> None:
    """Give the fields back what they held, and the address its token when the page was left meanwhile."""
    came_back = PRESET_KEY not in st.session_state
    for key, value in (kept() or {}).items():
        if key not in st.session_state:
            st.session_state[key] = value
    if came_back and _LAST_TOKEN in st.session_state:
        st.query_params[TOKEN_PARAMETER] = st.session_state[_LAST_TOKEN]


def remember() -> None:
    """Keep a copy of what the fields hold now."""
    copy = st.session_state.setdefault(_KEPT, {})
    copy |= {key: value for key, value in st.session_state.items() if _is_field(str(key))}


def store(forms: TypedForms) -> None:
    """Have the server keep what was changed since the page was first drawn or last stored."""
    remember()
    fields = kept() or {}
    if fields != st.session_state.setdefault(_STORED, dict(fields)):
        token = st.session_state.setdefault(_OWN_TOKEN, secrets.token_urlsafe(8))
        forms.store(token, fields)
        st.query_params[TOKEN_PARAMETER] = st.session_state[_LAST_TOKEN] = token
        st.session_state[_STORED] = dict(fields)


def forget_what_was_queued() -> None:
    """A name, and several values, are meant for one time."""
    fields = kept() or {}
    for key in [key for key in fields if key == NAME_KEY or key.startswith(VARIED)]:
        del fields[key]


def _is_field(key: str) -> bool:
    return key in (PRESET_KEY, NAME_KEY) or key.startswith((SETTING, VARIED))
