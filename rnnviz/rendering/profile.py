"""How frames become a video: their size and rate, and how they are encoded."""

from dataclasses import dataclass, field
from typing import Final

QUALITIES: Final = {
    "l": (854, 480, 15),
    "m": (1280, 720, 30),
    "h": (1920, 1080, 60),
    "p": (2560, 1440, 60),
    "k": (3840, 2160, 60),
}
"""Width, height, and frames per second, by Manim's letters."""
ASPECTS: Final = ("16:9", "4:3", "1:1", "9:16")
_USUAL: Final = (16, 9)
FORMATS: Final = ("mp4", "webm", "mov", "gif", "png")
TRANSPARENT: Final = ("webm", "mov", "png")
"""Formats that can have a transparent background."""
LIBRARIES: Final = (
    "manim",
    "numpy",
    "scipy",
    "pycairo",
    "typst",
    "svgelements",
    "av",
    "fonttools",
    "pillow",
)
"""Libraries whose versions decide a frame."""


@dataclass(frozen=True)
class Codec:
    """A codec: PyAV's name for it, its pixel format, its container, and options."""

    name: str
    pixels: str
    container: str
    options: dict[str, str] = field(default_factory=dict)


# One thread each, since beats are encoded side by side. The fastest preset, with the options that
# are worth their time, looks better than Manim's default where colours are flat: see
# docs/performance.md.
_H264: Final = Codec(
    "libx264",
    "yuv420p",
    "mp4",
    {
        "preset": "ultrafast",
        "crf": "27.7",
        "threads": "1",
        "x264-params": "cabac=1:8x8dct=1:bframes=3:b-adapt=0:partitions=i4x4,i8x8:deblock=0,0"
        ":subme=2",
    },
)
# Where everything moves, blocks that later frames refer to are worth more bits, and so is chroma.
_H264_MOVING: Final = Codec(
    "libx264",
    "yuv420p",
    "mp4",
    {
        "preset": "ultrafast",
        "crf": "22.8",
        "threads": "1",
        "x264-params": "cabac=1:8x8dct=1:bframes=3:b-adapt=0:partitions=p8x8,i4x4,i8x8"
        ":deblock=0,0:subme=2:mbtree=1:rc-lookahead=10:chroma-qp-offset=-3",
    },
)
_VP9: Final = {"crf": "23", "b:v": "0", "deadline": "good", "cpu-used": "5", "threads": "1"}
_PRORES: Final = {"threads": "1", "vendor": "apl0"}
_CODECS: Final = {
    ("mp4", False): _H264,
    ("gif", False): _H264,  # converted from an MP4
    ("webm", False): Codec("libvpx-vp9", "yuv420p", "webm", _VP9),
    ("webm", True): Codec("libvpx-vp9", "yuva420p", "webm", {**_VP9, "auto-alt-ref": "0"}),
    ("mov", False): Codec("prores_ks", "yuv422p10le", "mov", {**_PRORES, "profile": "hq"}),
    ("mov", True): Codec("prores_ks", "yuva444p10le", "mov", {**_PRORES, "profile": "4444"}),
}


@dataclass(frozen=True)
class EncodingProfile:
    """A quality, a format, whether the background is transparent, and the frame's shape.

    ``all_moves`` is for scenes in which everything moves all the time.
    """

    quality: str
    file_format: str
    transparent: bool = False
    aspect: str = "16:9"
    all_moves: bool = False

    @property
    def codec(self) -> Codec:
        """The codec of the encoded beats."""
        if self.all_moves and self.file_format == "mp4":
            return _H264_MOVING
        return _CODECS[self.file_format, self.transparent]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, both even; the shorter side is that of the quality."""
        width, height, _ = QUALITIES[self.quality]
        across, up = map(int, self.aspect.split(":"))
        if (across, up) == _USUAL:
            return width, height
        if across < up:
            return height, 2 * round(height * up / across / 2)
        return 2 * round(height * across / up / 2), height

    @property
    def rate(self) -> int:
        """Frames per second."""
        return QUALITIES[self.quality][2]
