"""The rival's side of `tfgan_edit.speed.rival`: run by an interpreter that has stylegan2-pytorch.

Knows nothing of this package. The first line on stdin is answered with facts about the rival;
each further one names a measure and is answered with one repeat of it, in JSON.
"""

import argparse
import itertools
import json
import os
import sys
import time

STEPS, CALLS = 2, 5  # of a repeat of training and of synthesis


def import_rival():
    """(torch, the rival's module), also where there is no GPU, which it asks for when imported."""
    import torch

    is_available = torch.cuda.is_available
    torch.cuda.is_available = lambda: True
    from stylegan2_pytorch import stylegan2_pytorch

    torch.cuda.is_available = is_available
    return torch, stylegan2_pytorch


def load(argv):
    """The rival's networks, their optimisers and a batch, from the command line."""
    parser = argparse.ArgumentParser()
    for name in ("resolution", "network_capacity", "fmap_max", "latent_dim"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--mapping_layers", type=int, required=True)
    parser.add_argument("--batch_size", type=int, required=True)
    parser.add_argument("--device", required=True)
    shape = parser.parse_args(argv)
    widths = {"network_capacity": shape.network_capacity, "fmap_max": shape.fmap_max}
    return Rival(*import_rival(), shape, widths)


class Rival:
    """Generator, mapping and discriminator of the rival, with what `measure` runs."""

    def __init__(self, torch, package, shape, widths):
        self.torch, self.package, self.shape = torch, package, shape
        device = self.device = shape.device
        self.generator = package.Generator(shape.resolution, shape.latent_dim, **widths).to(device)
        self.mapping = package.StyleVectorizer(shape.latent_dim, shape.mapping_layers).to(device)
        self.discriminator = package.Discriminator(shape.resolution, **widths).to(device)
        learned = itertools.chain(self.generator.parameters(), self.mapping.parameters())
        self.g_optimizer = torch.optim.Adam(learned, lr=1e-4, betas=(0.5, 0.9))
        self.d_optimizer = torch.optim.Adam(
            self.discriminator.parameters(), lr=2e-4, betas=(0.5, 0.9)
        )
        size = (shape.batch_size, 3, shape.resolution, shape.resolution)
        self.photos = torch.rand(size, device=device)

    def facts(self):
        from stylegan2_pytorch.version import __version__

        def count(*networks):
            return sum(p.numel() for network in networks for p in network.parameters())

        return {
            "name": f"stylegan2-pytorch {__version__}, torch {self.torch.__version__}",
            "device": self.device,
            "generator": count(self.generator, self.mapping),
            "discriminator": count(self.discriminator),
        }

    def measure(self, name):
        """One repeat: images/s of steps, ms/image of synthesis."""
        functions = {
            "G+D step": (self._main_step, STEPS),
            "D step with penalty": (self._discriminator_step, STEPS),
            "synthesis": (self._synthesis, CALLS),
        }
        function, count = functions[name]
        self._wait()
        start = time.perf_counter()
        for _ in range(count):
            function()
        self._wait()
        seconds = time.perf_counter() - start
        images = count * self.shape.batch_size
        return seconds * 1000 / images if name == "synthesis" else images / seconds

    def _wait(self):
        if self.device == "cuda":
            self.torch.cuda.synchronize()

    def _fakes(self):
        """Pictures of two mixed latents each."""
        torch, layers = self.torch, self.generator.num_layers
        latents = torch.randn(2, self.shape.batch_size, self.shape.latent_dim, device=self.device)
        crossover = int(torch.randint(1, layers, ()))
        styles = [
            self.mapping(z)[:, None].expand(-1, rows, -1)
            for z, rows in zip(latents, (crossover, layers - crossover))
        ]
        return self.generator(torch.cat(styles, dim=1), self._noise())

    def _noise(self):
        size = (self.shape.batch_size, self.shape.resolution, self.shape.resolution, 1)
        return self.torch.rand(size, device=self.device)

    def _main_step(self):
        softplus = self.torch.nn.functional.softplus
        self.discriminator.requires_grad_(False)
        self.g_optimizer.zero_grad()
        softplus(-self.discriminator(self._fakes())[0]).mean().backward()
        self.g_optimizer.step()
        self.discriminator.requires_grad_(True)
        self._discriminator_step(penalty=False)

    def _discriminator_step(self, penalty=True):
        softplus = self.torch.nn.functional.softplus
        with self.torch.no_grad():
            fakes = self._fakes()
        photos = self.photos.clone().requires_grad_(penalty)
        self.d_optimizer.zero_grad()
        real_logits = self.discriminator(photos)[0]
        loss = softplus(self.discriminator(fakes)[0]).mean() + softplus(-real_logits).mean()
        if penalty:
            loss = loss + self.package.gradient_penalty(photos, real_logits)
        loss.backward()
        self.d_optimizer.step()

    def _synthesis(self):
        torch = self.torch
        size = (self.shape.batch_size, self.generator.num_layers, self.shape.latent_dim)
        with torch.no_grad():
            self.generator(torch.randn(size, device=self.device), self._noise())


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer
    rival = load(sys.argv[1:])
    for line in sys.stdin:
        name = line.strip()
        answer = rival.measure(name) if name else rival.facts()
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
