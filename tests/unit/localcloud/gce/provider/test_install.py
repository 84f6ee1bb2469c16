"""The provider's program: it knows where the stand-in's token lies, and does not hold it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from localcloud.gce.provider.install import install
from tests.support.gce import TOKEN, write_token


def test_the_installed_provider_knows_where_the_token_is_and_not_what_it_is(tmp_path: Path) -> None:
    folder = tmp_path / "a folder's"
    folder.mkdir()
    program = install(tmp_path / "home", write_token(folder / "token"))
    text = program.read_text()
    assert TOKEN not in text
    shown = program.with_name("shown")
    shown.write_text(re.sub(r"exec .*", 'env "$@"', text))
    done = subprocess.run(["sh", str(shown)], capture_output=True, text=True, check=True)
    assert f"STATEFULSETS_STANDIN_TOKEN_FILE={folder}/token\n" in done.stdout
