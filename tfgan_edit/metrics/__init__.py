"""Numbers about generated pictures, each defined once and named after what it measures."""

# Each module registers its metrics when imported.
from tfgan_edit.metrics import groups as _groups  # noqa: F401
from tfgan_edit.metrics import pairs as _pairs  # noqa: F401
from tfgan_edit.metrics import path_length as _path_length  # noqa: F401
from tfgan_edit.metrics import separability as _separability  # noqa: F401
from tfgan_edit.metrics import sets as _sets  # noqa: F401
from tfgan_edit.metrics import translation as _translation  # noqa: F401
from tfgan_edit.metrics.registry import (
    METRICS,
    Evaluation,
    append_record,
    cache_folder,
    check_metric,
    evaluate,
    words,
)

__all__ = [
    "METRICS",
    "Evaluation",
    "append_record",
    "cache_folder",
    "check_metric",
    "evaluate",
    "words",
]
