"""Which images a step sees: batches whose size may change from stage to stage."""

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Stage:
    """Steps in a row with batches of one size.

    Attributes:
        batch_size: images a step, over all replicas.
        first_step: its first step.
        first_image: images seen before that.
        num_steps: length; None for the last stage, which does not end.
    """

    batch_size: int
    first_step: int = 0
    first_image: int = 0
    num_steps: int | None = None

    @property
    def label(self):
        """What sets it apart from other stages, for a person; empty where there are none."""
        return ""


class Schedule:
    """The stages of a training, from step 0 on.

    Args:
        stages: [Stage], each beginning where the one before it ends.
    """

    def __init__(self, stages):
        self.stages = tuple(stages)

    def stage(self, step):
        """The `Stage` of a step."""
        return next(s for s in reversed(self.stages) if s.first_step <= step)

    def images(self, step):
        """Images seen before a step."""
        stage = self.stage(step)
        return stage.first_image + (step - stage.first_step) * stage.batch_size

    def steps(self, images):
        """The fewest steps that see this many images, a number above 0."""
        stage = next(s for s in reversed(self.stages) if s.first_image < images)
        return stage.first_step + math.ceil((images - stage.first_image) / stage.batch_size)

    def parts(self, start, end=math.inf):
        """Yields (stage, first step, step after the last) of the steps start … end - 1."""
        for stage in self.stages:
            first = max(stage.first_step, start)
            last = min(stage.first_step + (stage.num_steps or math.inf), end)
            if first < last:
                yield stage, first, last


def constant_schedule(*, batch_size, resolution=None):
    """One stage without end, whatever the resolution."""
    return Schedule([Stage(batch_size)])
