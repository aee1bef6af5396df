"""`tfds.load("avatars/...")` works after one call, whenever TFDS is imported."""

import subprocess
import sys
import textwrap

import numpy as np
import pytest

from tfgan_edit.data import avatars

_PROGRAM = """
    import sys
    {before}
    from tfgan_edit.data import register_tfds_on_import
    register_tfds_on_import()
    register_tfds_on_import()
    assert ("tensorflow_datasets" in sys.modules) == {early}
    import tensorflow_datasets as tfds
    assert not any("Tfds" in type(finder).__name__ for finder in sys.meta_path)
    from tfgan_edit.data import avatars_tfds
    assert "avatars" in tfds.list_builders()
    avatars_tfds._SPLITS = dict(train=range(6), test=range(6, 8))
    folder = {folder!r}
    loaded, info = tfds.load("avatars/adventurer_32", data_dir=folder, with_info=True)
    import numpy as np
    train = [example for example in tfds.as_numpy(loaded["train"])]
    assert len(train) == 6 and info.splits["test"].num_examples == 2
    assert "CC BY 4.0" in info.redistribution_info.license
    assert "Wischofsky" in info.citation
    np.savez(folder + "/train.npz",
             images=[example["image"] for example in train],
             smile=[example["attributes"]["smile"] for example in train],
             hair=[example["attributes"]["hair_color"] for example in train])
    from tfgan_edit.data.preparation import prepare_records
    import os
    os.environ["TFDS_DATA_DIR"] = folder
    tfds.core.constants.DATA_DIR = folder
    from tfgan_edit.data import sources
    builder = tfds.builder
    tfds.builder = lambda name: builder(name, data_dir=folder)
    records = prepare_records("tfds:avatars/adventurer_32:train", folder + "/records",
                              resolution=32, num=4, progress=False, workers=1).records
    assert records.num == 4 and "hair_color=red" in records.label_names
    for index in range(4):
        assert (records[index] == train[index]["image"]).all()
        smile = records.labels[index, records.label_names.index("smile")]
        assert smile == train[index]["attributes"]["smile"]
    from tfgan_edit.config import UserError
    for name in ("nosuch", "avatars/adventurer_32:nosuch", "avatars/nosuch"):
        try:
            prepare_records("tfds:" + name, folder + "/x", resolution=32)
        except UserError as error:
            assert name.split(":")[-1] in str(error), error
        else:
            raise AssertionError(name)
    """


@pytest.mark.parametrize("early", [False, True])
def test_the_data_set_loads_and_holds_the_avatars(tmp_path, early):
    before = "import tensorflow_datasets" if early else ""
    program = textwrap.dedent(_PROGRAM).format(
        before=before, early=early, folder=str(tmp_path)
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=100
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    loaded = np.load(tmp_path / "train.npz")
    drawn = [avatars.draw("adventurer", index, resolution=32) for index in range(6)]
    for photo, known in drawn:
        places = [i for i, other in enumerate(loaded["images"]) if (other == photo).all()]
        assert len(places) == 1
        assert loaded["smile"][places[0]] == known["smile"]
        hair = avatars.ATTRIBUTES["hair_color"][loaded["hair"][places[0]]]
        assert hair == known["hair_color"]
