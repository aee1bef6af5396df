"""The README.md of a preset: where its networks come from and how to load them."""

ABSENT = "not stated"

LIMITS = (
    "The networks draw what their data show, with its gaps and its imbalance. Say of pictures "
    "made with them that they are made, and do not present them as photographs of real people."
)

TEMPLATE = """\
# {title}

Trained networks for `tfgan_edit`: StyleGAN-family face editing in TensorFlow and Keras.
{samples}
## How to load

```python
import tfgan_edit

preset = tfgan_edit.load_preset("{folder}")
{first} = preset.networks["{first}"]
```

## Networks

{networks}

## Training

{training}

## Metrics

{metrics}

## Licence

{licence}

## Limits

{limits}
"""


def model_card(entries, metadata, with_samples=False, folder="path/to/this/folder"):
    """Markdown for a preset.

    Args:
        entries: network name -> its entry of config.json.
        metadata: as in `save_preset`; whatever is absent is called "not stated".
        with_samples: whether samples.png lies beside the card.
        folder: what `load_preset` is given in the example.
    """
    data = metadata.get("data") or {}
    data = data if isinstance(data, dict) else {"name": data}
    metrics = metadata.get("metrics")
    if isinstance(metrics, dict) and metrics:
        metrics = _table(["metric", "value"], metrics.items())
    return TEMPLATE.format(
        title=as_text(metadata.get("method") or "Preset"),
        samples="\n![samples](samples.png)\n" if with_samples else "",
        folder=folder,
        first=next(iter(entries)),
        networks=_table(
            ["name", "class", "parameters", "precision", "stored as"],
            [
                [
                    name,
                    entry["class_name"],
                    f"{entry['parameters']:,}",
                    entry["config"]["dtype"],
                    entry["weights_dtype"],
                ]
                for name, entry in entries.items()
            ],
        ),
        training=_table(
            ["what", "value"],
            [
                ["data", data.get("name")],
                ["pictures in the data", data.get("num")],
                ["hash of the data", data.get("hash")],
                ["pictures seen, in thousands (kimg)", metadata.get("kimg")],
                ["seed", metadata.get("seed")],
                ["hardware", metadata.get("hardware")],
                ["time", metadata.get("time")],
                ["made from", metadata.get("parents")],
                *([["how", metadata["note"]]] if metadata.get("note") else []),
                ["created", metadata.get("created")],
                ["tfgan_edit", metadata.get("tfgan_edit")],
            ],
        ),
        metrics=as_text(metrics),
        licence=as_text(metadata.get("licence")),
        limits=as_text(metadata.get("limits") or LIMITS),
    )


def as_text(value):
    """A value of metadata in words."""
    if value is None or value == "" or value == {} or value == []:
        return ABSENT
    if isinstance(value, dict):
        return ", ".join(f"{key}: {as_text(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(map(as_text, value))
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)


def _cell(value):
    return as_text(value).replace("|", "\\|").replace("\n", " ")
