"""Files and Keras side by side, each in a process of its own."""

import pytest

from export import benchmark, exporter
from tests.export.tiny_presets import save

pytest.importorskip("ai_edge_litert")


def test_files_beside_keras(tmp_path):
    pytest.importorskip("onnxruntime")
    preset = save(tmp_path, "student")
    for kind in ("tflite", "onnx"):
        settings = exporter.Settings(format=kind, check_gpu=False)
        exporter.export(preset, tmp_path / kind, settings)
    path = tmp_path / "onnx/export.json"
    path.write_text(path.read_text().replace('"recommended": true', '"recommended": false'))
    exports = [tmp_path / "tflite", tmp_path / "onnx"]
    rows = benchmark.measure(exports, [preset], [1], repeats=2)
    assert [row["runtime"] for row in rows] == ["LiteRT", "Keras", "ONNX Runtime"]
    for row in rows:
        assert 0 < row["median_ms"] <= row["p90_ms"] and row["memory_bytes"] > 0
    heads, _, *lines = benchmark.table(rows).splitlines()
    assert "median ms" in heads and len(lines) == 3
    assert ["not recommended" in line for line in lines] == [False, False, True]
