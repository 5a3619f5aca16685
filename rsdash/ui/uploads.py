"""Files that a person drops on a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile


@dataclass(frozen=True)
class Dropped:
    """What was dropped on a page, which outlives a reload: its address carries a token for it.

    Attributes:
        key: names it in the session.
        parameter: of the address.
        find: the place behind a token, or None.
    """

    key: str
    parameter: str
    find: Callable[[str], Path | None]

    def place(self, files: Sequence[UploadedFile], keep: Callable[[], str]) -> Path | None:
        """Where the files lie that were dropped now or before; None where there are none.

        Args:
            files: in the uploader now.
            keep: stores them and returns a token.

        Raises:
            RsdashError: what `keep` raises.
        """
        ids = tuple(file.file_id for file in files)
        known_ids, token = st.session_state.get(self.key, ((), st.query_params.get(self.parameter, "")))
        if files and ids != known_ids:
            token = keep()
        st.session_state[self.key] = ids, token
        place = self.find(token)
        if place is None:
            st.query_params.pop(self.parameter, None)
        else:
            st.query_params[self.parameter] = token
        return place

    def forget_what_was_taken_away(self, uploader: str) -> None:
        """Called at a person's change alone: an uploader that was not drawn for a while comes back empty too.

        Args:
            uploader: key of the uploader.
        """
        if not st.session_state[uploader]:
            st.session_state[self.key] = (), ""


def stored(file: Any, folder: Path) -> Path:
    """A dropped file on disk, under its own last name.

    Args:
        file: as Streamlit hands it over.
        folder: where it goes; made where it is missing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / Path(file.name).name
    path.write_bytes(file.getvalue())
    return path
