"""Errors of a file, its LPIPS where weights are, and what export.json says of them in words."""

import numpy as np
import pytest

from export import report, verify
from export.serving import Port, ServingGraph, Signature, photo
from tfgan_edit.config import UserError

PORTS = photo("photo", 32, 32), photo("edited", 32, 32)


def graph_of(*outputs):
    return ServingGraph("x", "photo_to_photo", (Signature("edit", PORTS[:1], outputs, None),), ())


def compared(distance, *outputs):
    """Errors of a file that adds a tenth to outputs of one half."""
    value = np.full((1, 32, 32, 3), 0.5, np.float32)
    made = [{"edit": ({"photo": value}, {port.name: value for port in outputs})}] * 2

    def runner(name, inputs):
        return {port.name: inputs["photo"] + np.float32(0.1) for port in outputs}

    return verify.compare(graph_of(*outputs), made, runner, distance)["edit"]


def test_lpips_of_photos_where_weights_are():
    code = Port("code", "code", (1, 32, 32, 3))
    small = photo("small", 16, 16)
    seen = []

    def distance(x, y):
        seen.append((x[0, 0, 0, 0], y[0, 0, 0, 0]))
        return np.array([0.25], np.float32)

    errors = compared(distance, PORTS[1], code, small)
    assert errors["edited"]["lpips"] == 0.25
    assert errors["edited"]["max_error"] == pytest.approx(0.1, rel=1e-5)
    assert errors["edited"]["psnr"] == pytest.approx(20, rel=1e-5)
    assert "lpips" not in errors["code"] and "lpips" not in errors["small"]  # below 32 px
    assert seen == [(128, 153)] * 2, "photos are uint8 from 0 to 255"
    assert "LPIPS 0.2500" in report.summary(
        {
            "files": {},
            "parameters": 1,
            "multiply_adds": 1,
            "verification": {"errors": {"edit": errors}, "exceeded": [], "psnr_loss": None},
        }
    )
    assert "lpips" not in compared(None, PORTS[1])["edited"]


def test_weights_of_lpips_that_are_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv("TFGAN_EDIT_WEIGHTS", str(tmp_path))
    assert verify.perceptual_distance() is None
    with pytest.raises(UserError, match="no such file"):
        verify.perceptual_distance({"alexnet": str(tmp_path / "none.pth")})
