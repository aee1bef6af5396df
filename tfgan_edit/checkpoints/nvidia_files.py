"""NVIDIA's network pickles: StyleGAN in TensorFlow 1, StyleGAN2-ADA and StyleGAN3 in PyTorch.

Both hold Python source beside the weights, which the original code executes. Here it is text that
nobody looks at: networks become records of their names, settings and arrays.
"""

from tfgan_edit.checkpoints import torch_files
from tfgan_edit.checkpoints.pickles import read_pickle
from tfgan_edit.checkpoints.stored import Record
from tfgan_edit.config import UserError

TF_NETWORK = "dnnlib.tflib.network.Network"
TF_VERSIONS = (2, 3, 4, 5)  # 2 and 3 StyleGAN, 4 StyleGAN2, 5 StyleGAN2-ADA
PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"


def _storage(budget, data):
    """A storage that was saved as a PyTorch stream of its own."""
    return torch_files.read_stream(data, torch_files.CONSTRUCTORS, budget)


def _persistent(budget, meta):
    if not isinstance(meta, dict) or meta.get("type") != "class":
        raise UserError("it holds a persistent object of an unknown form")
    name = meta.get("class_name")
    return Record(name if isinstance(name, str) else "", state=meta.get("state"))


CONSTRUCTORS = {
    **torch_files.CONSTRUCTORS,
    "dnnlib.util.EasyDict": torch_files.CONSTRUCTORS["collections.OrderedDict"],
    "dnnlib.EasyDict": torch_files.CONSTRUCTORS["collections.OrderedDict"],
    TF_NETWORK: torch_files.record(TF_NETWORK),
    "torch.storage._load_from_bytes": _storage,
    PERSISTENT: _persistent,
}


def read(data):
    """The object in a pickle."""
    return read_pickle(data, CONSTRUCTORS)[0]
