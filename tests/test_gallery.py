"""The page of presets: what each says of itself, and where its picture lies."""

import re
from pathlib import Path

import numpy as np
import pytest
from absl import flags

from tfgan_edit import gallery
from tfgan_edit.config import UserError
from tfgan_edit.networks.mapping import MappingNetwork
from tfgan_edit.preset import save_preset, shipped_presets

DOCUMENT = Path(__file__).parents[1] / "docs/gallery.html"


@pytest.fixture
def run():
    def run(*arguments):
        values = flags.FlagValues()
        gallery.define_flags(values)
        values(["gallery", *arguments])
        gallery.main(values)

    return run


def pictures(page):
    """Files that a page shows, each of which must be there."""
    found = [page.parent / link for link in re.findall(r'<img src="([^"]+)"', page.read_text())]
    assert all(path.is_file() for path in found), found
    return found


def test_what_a_preset_says(tmp_path, run, capsys):
    metadata = {
        "method": "mapping",
        "data": {"name": "<drawn>", "num": 7},
        "kimg": 1.5,
        "time": "0:34:16",
        "metrics": {"accuracy/smile": 0.75, "temperature/smile": 1.25},
    }
    sample = np.zeros((8, 8, 3), np.uint8)
    network = MappingNetwork(4, 4, num_layers=1)
    run_folder = tmp_path / "runs/mine"
    save_preset(
        run_folder / "preset",
        {"mapping": network},
        config={},
        metadata=metadata,
        samples=sample,
    )
    page = tmp_path / "pages/all.html"
    run(f"--presets={run_folder}", f"--out={page}")
    assert f"wrote {page} (1 presets)" in capsys.readouterr().out
    text = page.read_text()
    assert "<h2>mine</h2>" in text and "&lt;drawn&gt;" in text and "<drawn>" not in text
    rows = dict(re.findall(r"<tr><td>([^<]*)</td><td>([^<]*)</td></tr>", text))
    assert rows["mapping"] == "MappingNetwork, 20 parameters"
    assert (rows["pictures seen, in thousands"], rows["time"]) == ("1.5", "0:34:16")
    assert rows["accuracy/smile"] == "0.75" and "temperature/smile" not in rows
    assert "licence" not in rows and "Comes with the package" not in text
    assert [p.resolve() for p in pictures(page)] == [run_folder / "preset/samples.png"]


def test_shipped_presets(tmp_path, run):
    run(f"--out={tmp_path}/all.html")
    text = (tmp_path / "all.html").read_text()
    assert re.findall("<h2>(.*?)</h2>", text) == shipped_presets() != []
    assert text.count("Comes with the package") == len(shipped_presets())
    assert len(pictures(tmp_path / "all.html")) == len(shipped_presets())


def test_wrong_flags(tmp_path, run):
    with pytest.raises(UserError, match="--out is missing"):
        run()
    with pytest.raises(UserError, match="must end with .html"):
        run("--out=docs")
    with pytest.raises(UserError, match="no preset at .*nowhere"):
        run(f"--presets={tmp_path}/nowhere", f"--out={tmp_path}/a.html")
    assert not (tmp_path / "a.html").exists()


@pytest.mark.large
def test_the_page_of_the_documents_is_of_these_presets(tmp_path):
    """If not: python -m tfgan_edit.gallery --out docs/gallery.html"""
    place = tmp_path / "docs/gallery.html"
    gallery.write(shipped_presets(), place)
    without_links = [
        re.sub(r'src="[^"]*/tfgan_edit/', 'src="', page.read_text()) for page in (place, DOCUMENT)
    ]
    assert without_links[0] == without_links[1]
    assert len(pictures(DOCUMENT)) == len(shipped_presets())
