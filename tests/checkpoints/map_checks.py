"""What every key map promises, for the tests of the maps."""

import numpy as np

from tests.checkpoints import official_files as files
from tfgan_edit.checkpoints.key_map import Entry, export_arrays


def trained(network):
    """The network with weights that are no initial ones."""
    random = np.random.default_rng(0)
    for weight in network.weights:
        weight.assign(np.asarray(weight) + random.uniform(0.1, 0.2, weight.shape))
    return network


def assert_covers_all_weights_once(network, rows):
    """Each variable has one row, and no two rows have one name."""
    targets = [id(row.variable) for row in rows(network) if isinstance(row, Entry)]
    assert sorted(targets) == sorted(id(v) for v in network.variables)
    sources = [row.source for row in rows(network)]
    assert len(set(sources)) == len(sources)


def assert_comes_back(convert, network, rows):
    """Through an official file: the same arguments and weights."""
    preset = convert(files.torch_zip(export_arrays(rows(network))))
    (actual,) = preset.networks.values()
    assert actual.get_config() == network.get_config() | {"name": actual.name}
    for a, b in zip(actual.weights, network.weights, strict=True):
        np.testing.assert_array_equal(a, b, a.path)


def file_with(network, rows, change):
    """Bytes of an official file of the network after `change` of its arrays, in place."""
    arrays = export_arrays(rows(network))
    change(arrays)
    return files.torch_zip(arrays)
