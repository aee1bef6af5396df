"""States of a run: what comes back, what damage does, and weights for another network."""

import dataclasses
import errno
import json
import os
import shutil
import types

import keras
import numpy as np
import pytest

from tests.trainers.line_trainer import LineNetwork, line_batch, make
from tfgan_edit import quick_start
from tfgan_edit.config import UserError, override
from tfgan_edit.networks.stylegan2 import StyleGAN2Discriminator, StyleGAN2Generator
from tfgan_edit.preset import load_preset, save_preset
from tfgan_edit.run import Run, tiny
from tfgan_edit.trainers import state as module
from tfgan_edit.trainers.gan import GANTrainer, Phase
from tfgan_edit.trainers.optimizers import FusedAdam
from tfgan_edit.trainers.state import StateFolder, transfer_weights


def everything(trainer):
    """All that a step changes: weights, averages, counters and optimisers."""
    optimizers = [v for o in trainer.optimizers.values() for v in o.variables]
    return [np.array(v) for v in [*trainer.weights, *optimizers]]


def assert_same(actual, expected):
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(a, e)


class AdamTrainer(GANTrainer):
    """One network with the optimiser of the real trainers, and a loss scale."""

    def __init__(self):
        super().__init__(
            {"first": LineNetwork(name="first")},
            averaged=["first"],
            phases=[Phase("main", "first")],
            optimizers={"first": FusedAdam(0.1, beta_1=0.5)},
            loss_scaling=True,
        )

    def phase_loss(self, phase, batch, random):
        loss = (self.first(batch["images"]) - batch["y"])[:, 0] ** 2
        return loss, {"Loss/main": loss}, []

    def average_decay(self, images_seen, batch_size):
        return keras.ops.convert_to_tensor(0.5)


def make_adam():
    keras.utils.set_random_seed(1)
    return AdamTrainer()


@pytest.fixture(scope="module")
def three_steps(tmp_path_factory):
    trainer, batch, values = make(), line_batch(), {}
    folder = StateFolder(tmp_path_factory.mktemp("saved") / "state")
    for step in (1, 2, 3):
        trainer.step_function(batch)
        values[step] = everything(trainer)
        folder.save(trainer, {"step": step, "images": step * 8, "seconds": 0.5})
    return folder, values


@pytest.fixture
def saved(three_steps, tmp_path):
    """(folder with the states of steps 2 and 3, {step: everything then})."""
    folder, values = three_steps
    shutil.copytree(folder.path, tmp_path / "state")
    return StateFolder(tmp_path / "state"), values


@pytest.mark.parametrize("make_trainer", [make, make_adam])
def test_a_restored_trainer_goes_on_as_if_never_stopped(tmp_path, make_trainer):
    folder, batch = StateFolder(tmp_path / "state"), line_batch()
    whole, first, second = make_trainer(), make_trainer(), make_trainer()
    for _ in range(6):
        whole.step_function(batch)
    for _ in range(3):
        first.step_function(batch)
    folder.save(first, {"step": first.current_step(), "note": "three"})
    facts = folder.restore(second)
    assert facts["step"] == 3 and facts["note"] == "three"
    assert_same(everything(second), everything(first))
    assert second.current_step() == 3
    for _ in range(3):
        second.step_function(batch)
    assert_same(everything(second), everything(whole))


def test_no_state_is_no_error(tmp_path):
    trainer = make()
    before = everything(trainer)
    assert StateFolder(tmp_path / "state").restore(trainer) is None
    assert StateFolder(tmp_path / "state").steps() == []
    assert_same(everything(trainer), before)
    assert not (tmp_path / "state").exists()


def test_the_last_two_states_are_kept(saved):
    folder, _ = saved
    assert folder.steps() == [2, 3]
    assert sorted(os.listdir(folder.path)) == ["0000000002", "0000000003"]
    facts = json.loads((folder.path / "0000000003" / "state.json").read_text())
    assert (facts["step"], facts["images"], facts["seconds"]) == (3, 24, 0.5)


def test_the_same_step_may_be_saved_again(saved):
    folder, _ = saved
    trainer = make(seed=7)
    folder.save(trainer, {"step": 3, "again": True})
    other = make()
    assert folder.restore(other)["again"] is True
    assert folder.steps() == [2, 3]
    assert_same(everything(other), everything(trainer))


def weights_file(folder, step):
    return folder.path / f"{step:010d}" / module.WEIGHTS


def truncate(folder, step):
    path = weights_file(folder, step)
    path.write_bytes(path.read_bytes()[:-64])


def lose_facts(folder, step):
    (folder.path / f"{step:010d}" / "state.json").unlink()


def lose_weights(folder, step):
    weights_file(folder, step).unlink()


def change_a_byte(folder, step):
    path = weights_file(folder, step)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def write_facts(text):
    def write(folder, step):
        (folder.path / f"{step:010d}" / "state.json").write_bytes(text)

    return write


def weights_that_are_none(folder, step):
    """The hash is right, the file is no HDF5."""
    path = weights_file(folder, step)
    path.write_bytes(b"garbage" * 100)
    facts = {"step": step, "sha256": module.sha256_of(path)}
    (path.parent / "state.json").write_text(json.dumps(facts))


def empty_folder(folder, step):
    shutil.rmtree(folder.path / f"{step:010d}")
    (folder.path / f"{step:010d}").mkdir()


def a_file_instead(folder, step):
    shutil.rmtree(folder.path / f"{step:010d}")
    (folder.path / f"{step:010d}").write_text("")


DAMAGE = {
    "truncated weights": truncate,
    "a flipped bit": change_a_byte,
    "no weights": lose_weights,
    "no facts": lose_facts,
    "half the facts": write_facts(b'{"step": 3, "sha'),
    "facts of another kind": write_facts(b"[1, 2]"),
    "empty facts": write_facts(b"null"),
    "bytes as facts": write_facts(b"\xff\xfe\x00"),
    "garbage as weights": weights_that_are_none,
    "an empty folder": empty_folder,
    "a file": a_file_instead,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_state_is_reported_and_the_one_before_it_used(saved, damage):
    folder, values = saved
    damage(folder, 3)
    lines, trainer = [], make(seed=9)
    facts = folder.restore(trainer, report=lines.append)
    assert facts["step"] == 2
    assert_same(everything(trainer), values[2])
    assert len(lines) == 1 and "\n" not in lines[0]
    assert lines[0].startswith("state of step 3 cannot be used (")
    assert lines[0].endswith("trying the one before")


def test_without_a_whole_state_a_run_does_not_start_again_by_itself(saved):
    folder, _ = saved
    truncate(folder, 2)
    lose_facts(folder, 3)
    lines = []
    with pytest.raises(UserError, match="no state in .* can be read: remove the run folder"):
        folder.restore(make(), report=lines.append)
    assert len(lines) == 2


def test_a_state_of_another_trainer_is_not_loaded(saved):
    folder, _ = saved
    lines = []
    with pytest.raises(UserError, match="no state in"):
        folder.restore(make_adam(), report=lines.append)
    assert all("cannot be used" in line and "\n" not in line for line in lines)


def test_a_damaged_state_makes_room_for_whole_ones(saved):
    """After going back to step 2, the damaged state must not count as one of two."""
    folder, _ = saved
    lose_facts(folder, 3)
    folder.path.joinpath("0000000003").rename(folder.path / "0000000009")
    trainer = make()
    folder.restore(trainer, report=lambda line: None)
    folder.save(trainer, {"step": 4})
    assert folder.steps() == [2, 4]


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("partly", [False, True])
def test_a_full_disk_leaves_the_older_states(saved, monkeypatch, number, partly):
    folder, values = saved
    trainer = make(seed=3)

    def save_weights(path):
        if partly:
            path.write_bytes(b"half")
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(trainer, "save_weights", save_weights, raising=False)
    with pytest.raises((UserError, OSError)) as caught:
        folder.save(trainer, {"step": 4})
    if number == errno.ENOSPC:
        assert "the disk is full" in str(caught.value)
        assert caught.type is UserError
    assert sorted(os.listdir(folder.path)) == ["0000000002", "0000000003"]
    other = make()
    assert folder.restore(other)["step"] == 3
    assert_same(everything(other), values[3])


def test_a_disk_without_room_is_noticed_before_writing(saved, monkeypatch):
    """HDF5 would not survive it."""
    folder, _ = saved
    trainer = make()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: types.SimpleNamespace(free=1000))
    monkeypatch.setattr(trainer, "save_weights", pytest.fail, raising=False)
    with pytest.raises(UserError, match="the disk is full"):
        folder.save(trainer, {"step": 4})
    assert sorted(os.listdir(folder.path)) == ["0000000002", "0000000003"]


def test_what_a_killed_process_left_is_removed(saved):
    """It stopped at a step of its own, to which no later process comes back."""
    folder, _ = saved
    partial = folder.path / ".0000000004.0.partial"
    partial.mkdir()
    (partial / module.WEIGHTS).write_bytes(b"half")
    folder.save(make(), {"step": 6})
    assert sorted(os.listdir(folder.path)) == ["0000000003", "0000000006"]


def test_facts_that_json_cannot_hold_leave_nothing(saved):
    folder, _ = saved
    with pytest.raises(ValueError, match="JSON"):
        folder.save(make(), {"step": 4, "seconds": float("nan")})
    assert sorted(os.listdir(folder.path)) == ["0000000002", "0000000003"]


# === Weights for another network ===

GENERATOR = {"z_dim": 6, "w_dim": 5, "mapping_layers": 2, "channel_base": 64, "channel_max": 4}
DISCRIMINATOR = {"channel_base": 64, "channel_max": 4, "group_size": 2, "mapping_layers": 2}


def generator(resolution=16, label_dim=0, **changes):
    network = StyleGAN2Generator(resolution, label_dim=label_dim, **{**GENERATOR, **changes})
    return shaken(network)


def discriminator(resolution=16, label_dim=0, **changes):
    network = StyleGAN2Discriminator(
        resolution, label_dim=label_dim, **{**DISCRIMINATOR, **changes}
    )
    return shaken(network)


def shaken(network):
    """No two variables are equal, biases and averages included."""
    for weight in network.weights:
        weight.assign(np.random.randn(*weight.shape))
    return network


def named(network):
    return {
        v.path.removeprefix(f"{network.name}/"): np.array(v) for v in network.weights
    }


@pytest.mark.parametrize("make_network", [generator, discriminator])
@pytest.mark.parametrize("sizes", [(16, 32), (32, 16), (16, 16)])
def test_another_resolution_shares_its_levels(make_network, sizes):
    source, target = make_network(sizes[0]), make_network(sizes[1])
    given, before = named(source), named(target)
    copied, left = transfer_weights(source, target)
    after = named(target)
    shared = {name for name in before if name in given and given[name].shape == before[name].shape}
    assert copied == len(shared) and set(left) == set(before) - shared
    for name in before:
        expected = given if name in shared else before
        np.testing.assert_array_equal(after[name], expected[name], err_msg=name)
    assert any("block_8/" in name for name in shared)
    if sizes == (16, 32):
        assert left and all("block_32/" in name for name in left)
    elif sizes == (32, 16) and make_network is discriminator:
        # Only the finest level of a residual discriminator reads colours.
        assert set(left) == {"block_16/fromrgb/kernel", "block_16/fromrgb/bias"}
    else:
        assert left == []
    # The source is only read.
    for name, value in named(source).items():
        np.testing.assert_array_equal(value, given[name])


def test_labels_are_added_to_the_latent_of_a_generator():
    source, target = generator(), generator(label_dim=3)
    given, before = named(source), named(target)
    copied, left = transfer_weights(source, target)
    after = named(target)
    kernel = "mapping/dense_0/kernel"
    np.testing.assert_array_equal(after[kernel][:6], given[kernel])
    np.testing.assert_array_equal(after[kernel][6:], before[kernel][6:])
    assert set(left) == {"mapping/embed/kernel", "mapping/embed/bias"}
    assert copied == len(before) - 2
    for name in set(before) - {kernel}:
        expected = before if name in left else given
        np.testing.assert_array_equal(after[name], expected[name], err_msg=name)


def test_labels_are_dropped_from_the_latent_of_a_generator():
    source, target = generator(label_dim=3), generator()
    given = named(source)
    copied, left = transfer_weights(source, target)
    after = named(target)
    assert (copied, left) == (len(after), [])
    kernel = "mapping/dense_0/kernel"
    np.testing.assert_array_equal(after[kernel], given[kernel][:6])
    for name in set(after) - {kernel}:
        np.testing.assert_array_equal(after[name], given[name], err_msg=name)


def test_labels_of_a_discriminator_begin_anew():
    source, target = discriminator(), discriminator(label_dim=3)
    given, before = named(source), named(target)
    _, left = transfer_weights(source, target)
    after = named(target)
    # With labels, the last layer gives a vector to compare with the label's.
    assert {name.split("/")[0] for name in left} == {"mapping", "logits"}
    for name in before:
        expected = before if name in left else given
        np.testing.assert_array_equal(after[name], expected[name], err_msg=name)


def test_another_width_leaves_what_does_not_fit():
    source, target = generator(label_dim=3), generator(w_dim=7, mapping_layers=2)
    given, before = named(source), named(target)
    copied, left = transfer_weights(source, target)
    after = named(target)
    assert "mapping/dense_0/kernel" in left and copied > 0
    for name in before:
        expected = before if name in left else given
        np.testing.assert_array_equal(after[name], expected[name], err_msg=name)


# === A run that starts from a preset ===


@pytest.fixture
def small_run(tmp_path, monkeypatch):
    """Function: settings -> `Run` of one step at 16 px."""
    monkeypatch.chdir(tmp_path)

    def build(*settings):
        config = dataclasses.replace(
            tiny(quick_start.get_config()), total_kimg=0.004, precision="float32"
        )
        return Run(override(config, settings), tmp_path / "run")

    return build


def tiny_networks(trainer, label_dim=0):
    """Networks like those of a trainer, with other weights."""
    networks = {}
    for name, network in trainer.networks.items():
        settings = {**network.get_config(), "label_dim": label_dim}
        networks[name] = shaken(type(network)(**settings))
    return networks


def test_a_run_starts_from_a_preset(small_run, tmp_path, capsys):
    like = small_run().trainer
    networks = tiny_networks(like)
    save_preset(tmp_path / "source", networks, config={}, metadata={"method": "stylegan2"})
    # Nothing moves without a learning rate, so the result is the start.
    run = small_run("init_from=source", "trainer.learning_rate=0", "trainer.w_avg_decay=1")
    run.train()
    result = load_preset(tmp_path / "run")
    for name, source in networks.items():
        expected = named(source)
        for key, value in named(result.require(name)).items():
            np.testing.assert_allclose(value, expected[key], rtol=1e-6, err_msg=f"{name} {key}")
    log = (tmp_path / "run" / "log.txt").read_text()
    count = len(like.generator.weights)
    assert f"init_from: generator: {count} variables copied, 0 new" in log
    assert "init_from: discriminator:" in log


def test_a_preset_without_a_discriminator_is_a_start_too(small_run, tmp_path):
    networks = tiny_networks(small_run().trainer)
    source = {"generator": networks["generator"]}
    save_preset(tmp_path / "source", source, config={}, metadata={"method": "stylegan2"})
    run = small_run("init_from=source", "trainer.learning_rate=0")
    critic = named(run.trainer.networks["discriminator"])
    run.train()
    for key, value in named(load_preset(tmp_path / "run").require("discriminator")).items():
        np.testing.assert_allclose(value, critic[key], rtol=1e-6, err_msg=key)
    log = (tmp_path / "run" / "log.txt").read_text()
    assert "init_from: generator:" in log
    assert "init_from: discriminator: not in the preset, left as it begins" in log


@pytest.mark.parametrize("text", ["[]", "{", '{"format": "something else"}'])
def test_a_folder_of_something_else_is_no_run_folder(small_run, tmp_path, text):
    run = small_run()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(text)
    with pytest.raises(UserError) as caught:
        run.train()
    assert "\n" not in str(caught.value)
    assert (tmp_path / "run" / "config.json").read_text() == text


def test_presets_that_a_run_cannot_start_from(small_run, tmp_path):
    networks = tiny_networks(small_run().trainer)
    critic = networks["discriminator"]
    cases = {
        "critic": ({"discriminator": critic}, "has no network 'generator'"),
        "swapped": (
            {"generator": critic, "discriminator": critic},
            "its generator is a StyleGAN2Discriminator, this recipe needs a StyleGAN2Generator",
        ),
        "damaged": (networks, "is damaged: generator.weights.h5"),
    }
    for path, (content, _) in cases.items():
        save_preset(tmp_path / path, content, config={}, metadata={"method": path})
    weights = tmp_path / "damaged" / "generator.weights.h5"
    weights.write_bytes(weights.read_bytes()[:-10])
    cases["nowhere"] = ({}, "no preset at nowhere")
    for path, (_, words) in cases.items():
        run = small_run(f"init_from={path}")
        with pytest.raises(UserError) as caught:
            run.train()
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)
        assert not (tmp_path / "run" / "state").exists()
        shutil.rmtree(tmp_path / "run")
