"""What the application's resources declare, without the Android SDK.

  python tools/resources.py app/src/main/res org.tfganedit.app OUT

writes OUT/org/tfganedit/app/R.java, which tells Kotlin's compiler the names that aapt2 would give.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ANDROID = "{http://schemas.android.com/apk/res/android}"
FILES = ("color", "drawable", "layout", "mipmap", "xml")  # folders whose files are resources


def declared(res):
    """{type: {name}} of a folder of resources.

    Raises:
        xml.etree.ElementTree.ParseError: a file is not well-formed.
    """
    found = {}
    for path in sorted(Path(res).rglob("*.xml")):
        root = ElementTree.parse(path).getroot()
        kind = path.parent.name.split("-")[0]
        if kind in FILES:
            found.setdefault(kind, set()).add(path.stem)
        else:
            for item in root:
                name = item.get("name").replace(".", "_")
                found.setdefault(item.tag, set()).add(name)
        for item in root.iter():
            for value in item.attrib.values():
                if value.startswith("@+id/"):
                    found.setdefault("id", set()).add(value[len("@+id/") :])
    return found


def referenced(path):
    """{(type, name)} that an XML file takes from the application, not from the system."""
    text = Path(path).read_text()
    pairs = re.findall(r"@(?!android:)([a-z]+)/([\w.]+)", text)
    pairs += [("style", parent) for parent in re.findall(r'parent="([\w.]+)"', text)]
    return {(kind, name.replace(".", "_")) for kind, name in pairs}


def java(names, package):
    """Text of R.java."""
    lines = [f"package {package};", "", "public final class R {"]
    number = 0x7F000000
    for kind in sorted(names):
        lines.append(f"    public static final class {kind} {{")
        for name in sorted(names[kind]):
            number += 1
            lines.append(f"        public static final int {name} = {number};")
        lines.append("    }")
    return "\n".join([*lines, "}", ""])


if __name__ == "__main__":
    res, package, out = sys.argv[1:]
    target = Path(out, *package.split("."), "R.java")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(java(declared(res), package))
