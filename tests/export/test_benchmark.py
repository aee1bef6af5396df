"""Files and Keras side by side, each in a process of its own."""

import pytest

from export import benchmark, exporter
from tests.export.tiny_presets import save

pytest.importorskip("ai_edge_litert")


def test_a_file_beside_keras(tmp_path):
    preset = save(tmp_path, "student")
    exporter.export(preset, tmp_path / "out", exporter.Settings(check_gpu=False))
    rows = benchmark.measure([tmp_path / "out"], [preset], [1], repeats=2)
    assert [row["runtime"] for row in rows] == ["LiteRT", "Keras"]
    for row in rows:
        assert 0 < row["median_ms"] <= row["p90_ms"] and row["memory_bytes"] > 0
    heads, _, *lines = benchmark.table(rows).splitlines()
    assert "median ms" in heads and len(lines) == 2
