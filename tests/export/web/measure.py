"""Times of exports in the browser beside the same files without one, as a table.

  python -m tests.export.web.measure --models exports --edits 12

In the browser they are those that the page shows: medians of edits of a drawn face that is moved a
little each time; without one those of export.benchmark.
"""

from absl import flags

from export import benchmark
from export.web import catalog
from tests.export.web.visiting import edit, visiting
from tfgan_edit.config import UserError, run_verb

DEVICES = {"wasm": 1, "threads": 2}  # threads of the same files without a browser


def define_flags(f):
    flags.DEFINE_list("models", None, "Folders of exports.", flag_values=f)
    flags.DEFINE_integer("edits", 12, "Of which medians are taken.", lower_bound=2, flag_values=f)


def main(f):
    if not f.models:
        raise UserError("--models is missing; see --help for an example")
    native = {}
    folders = catalog.find(f.models).folders
    for row in benchmark.measure(list(folders.values()), [], sorted(DEVICES.values()), f.edits):
        native[row["export"], row["threads"]] = row["median_ms"]
    print("| export | runs on | prepare | encode | network | finish | without a browser |")
    print("|---|---|--:|--:|--:|--:|--:|")
    with visiting(f.models) as page:
        found = page.eval_on_selector_all("#device option", "(all) => all.map((one) => one.value)")
        for model in page.eval_on_selector_all("#model option", "(all) => all.map((o) => o.value)"):
            for device in (name for name in DEVICES if name in found):
                page.select_option("#device", device)
                edit(page, model)
                move(page, f.edits)
                times = [time(page, part) for part in ("pre", "encode", "model", "post")]
                alone = native.get((model, DEVICES[device]))
                runs_on = page.text_content("#runs-on").removeprefix("Runs on ").rstrip(".")
                alone = "" if alone is None else f"{alone:.0f}"
                print(f"| `{model}` | {runs_on} | {' | '.join(times)} | {alone} |", flush=True)


def move(page, edits):
    """Edits again and again, by moving the frame to and fro."""
    page.check("input[name=tool][value=frame]", force=True)
    page.focus("#overlay")
    for number in range(edits):
        key = "+" if number == 0 else "ArrowLeft" if number % 2 else "ArrowRight"
        before = page.get_attribute("#runs", "data-runs")
        page.keyboard.press(key)
        page.wait_for_selector(f"#runs:not([data-runs='{before}'])")
        page.wait_for_selector("body[data-state=ready]")
    page.check("input[name=tool][value=compare]", force=True)


def time(page, part):
    """The median of a part as the page shows it; empty where it has none."""
    cells = page.locator(f"#latency tr[data-part={part}] td")
    return cells.nth(1).text_content() if cells.count() else ""


if __name__ == "__main__":
    run_verb(main, define_flags)
