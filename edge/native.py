"""Says what to do when a wheel asks for a system library that this machine lacks.

`python -m edge.native` loads every package that carries native code and names what is missing.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module

NATIVE = ("numpy", "cv2", "onnxruntime", "av")

_SHARED_OBJECT = re.compile(r"(?P<library>lib[\w.+-]+?\.so[\w.]*): cannot open shared object file")

_DEBIAN = {
    "libGL.so": "libgl1",
    "libglib-2.0.so": "libglib2.0-0",
    "libgthread-2.0.so": "libglib2.0-0",
    "libgomp.so": "libgomp1",
    "libstdc++.so": "libstdc++6",
}
_OPENCV = {"libgl1", "libglib2.0-0"}


def explain(error: ImportError) -> str | None:
    """Name the missing system library and its remedy.

    Returns:
        The message for people, or None when the error is about something else.
    """
    found = _SHARED_OBJECT.search(str(error))
    if found is None:
        return None
    library = found["library"]
    package = next((package for prefix, package in _DEBIAN.items() if library.startswith(prefix)), None)
    if package is None:
        return f"this machine lacks the system library {library}. Install the package of your system that holds it."
    if package in _OPENCV:
        return (
            f"this machine lacks the system library {library}, which OpenCV needs.\n"
            "  With root:    apt-get install libgl1 libglib2.0-0   (Debian, Ubuntu)\n"
            f"  Without root: {sys.executable} -m pip install --no-deps --force-reinstall opencv-python-headless"
        )
    return f"this machine lacks the system library {library}. With root: apt-get install {package} (Debian, Ubuntu)"


def main() -> int:
    """Load each native package; 0 when all load, 2 after naming the first that does not."""
    for name in NATIVE:
        try:
            import_module(name)
        except ImportError as error:
            remedy = explain(error)
            if remedy is None:
                raise
            sys.stderr.write(f"lookout: {remedy}\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
