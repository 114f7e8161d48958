"""YAML files that people write: plain values, and what is wrong with others."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from sql.safety.yaml_files import read_yaml_file


def written(folder: Path, text: str) -> Path:
    file = folder / "a.yaml"
    file.write_text(text)
    return file


def test_a_file_is_plain_values_and_aliases_are_followed(tmp_path: Path) -> None:
    assert read_yaml_file(written(tmp_path, "\ufeffa: &x [1, b]\nc: *x\n")) == {"a": [1, "b"], "c": [1, "b"]}
    assert read_yaml_file(written(tmp_path, "# nothing\n")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: {c: 1, c: 2}\n", "'c' is there twice"),
        ("a: " + "[" * 5000 + "]" * 5000, "nested more than 50 deep"),
        ("a: " + "{a: " * 60 + "}" * 60, "nested more than 50 deep"),
        ("a: !!python/object/apply:os.system ['id']", "could not determine a constructor"),
        ("a: b\x07", "control characters|special characters"),
        ("a: [", "did not find|expected"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(yaml.YAMLError, match=said):
        read_yaml_file(written(tmp_path, text))
