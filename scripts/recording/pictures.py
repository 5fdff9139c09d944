"""Creates the pictures of the documentation from a browser's screenshots of real runs.

The screenshots come from handler/dashboard/browser/screenshots.ts. The results are small PNGs and one animated picture of the
whole run. The existing pictures are only replaced when all new ones are small enough. scripts/pictures runs this program with
the Python of target/recording-venv.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from pathlib import Path

from PIL import Image

# The pictures of the documentation, each with the name of the screenshot.
STILLS = {
    "dashboard-light": "4-three-light",
    "dashboard-dark": "4-three-dark",
    "phone": "4-three-phone-screen",
    "projector": "4-three-projector",
    "lab-menu": "7-lab-menu",
    "report": "report-charts",
}
MOVING = "scaling.webp"
MOVING_WIDTH = 1280
STILL_BYTES = 300_000
MOVING_BYTES = 3_000_000
COLOURS = 256
# The duration of the animation in milliseconds, and how much longer its last frame is shown.
WATCHED = 32_000
LAST = 3_000
QUALITIES = (82, 72, 62, 50, 40)


class Failed(Exception):
    """The error in one sentence."""


def still(path: Path) -> bytes:
    """The screenshot as a PNG, with fewer colours if it would be too large."""
    with Image.open(path) as opened:
        image = opened.convert("RGB")
    for candidate in (image, image.quantize(COLOURS, dither=Image.Dither.NONE)):
        file = io.BytesIO()
        candidate.save(file, "PNG", optimize=True)
        if file.tell() < STILL_BYTES:
            return file.getvalue()
    raise Failed(f"{path.name} is larger than {STILL_BYTES // 1000} kB even with {COLOURS} colours")


def smaller(path: Path) -> Image.Image:
    with Image.open(path) as image:
        size = (MOVING_WIDTH, round(image.height * MOVING_WIDTH / image.width))
        return image.convert("RGB").resize(size, Image.Resampling.LANCZOS)


def moving(frames: list[Path]) -> bytes:
    """The whole run as an animated WebP. Each frame is shown in proportion to the time until the next one."""
    taken = [int(frame.stem) for frame in frames]
    if len(taken) < 2:
        raise Failed("the recording has no frames")
    speed = (taken[-1] - taken[0]) / WATCHED
    shown = [round((after - before) / speed) for before, after in zip(taken, taken[1:])] + [LAST]
    images = [smaller(frame) for frame in frames]
    for quality in QUALITIES:
        file = io.BytesIO()
        images[0].save(
            file, "WEBP", save_all=True, append_images=images[1:], duration=shown, loop=0, quality=quality, method=4
        )
        if file.tell() < MOVING_BYTES:
            print(f"{MOVING}: {len(frames)} frames, {speed:.1f} times as fast as the run, quality {quality}")
            return file.getvalue()
    raise Failed(f"the recording is larger than {MOVING_BYTES // 1_000_000} MB even at quality {QUALITIES[-1]}")


def write(folder: Path, pictures: dict[str, bytes]) -> None:
    """Writes either all pictures or none."""
    folder.mkdir(parents=True, exist_ok=True)
    beside = {folder / name: folder / f".{name}.new" for name in pictures}
    try:
        for (path, new), content in zip(beside.items(), pictures.values()):
            new.write_bytes(content)
        for path, new in beside.items():
            os.replace(new, path)
    finally:
        for new in beside.values():
            new.unlink(missing_ok=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=Path, required=True, help="the folder with the browser's screenshots")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the pictures")
    arguments = parser.parse_args()
    try:
        pictures = {f"{name}.png": still(arguments.shots / f"{shot}.png") for name, shot in STILLS.items()}
        pictures[MOVING] = moving(sorted((arguments.shots / "frames").glob("*.png")))
        write(arguments.out, pictures)
    except (Failed, OSError) as error:
        print(f"scripts/pictures: {error}", file=sys.stderr)
        return 1
    for name, content in pictures.items():
        with Image.open(io.BytesIO(content)) as image:
            print(f"{name:22} {len(content) / 1000:6.0f} kB  {image.width} x {image.height}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
