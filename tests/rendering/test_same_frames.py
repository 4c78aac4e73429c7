"""The same input gives the same frames on every machine, with any number of processes."""

from hashlib import sha256

import pytest
from small_scenes import HEAD

import rnnviz
from rnnviz.rendering.video.encoder import Encoder

FULL_SIZE = True  # the checksum is of pictures in this size

FIXED = (
    HEAD
    + """

class Fixed(Storyboard):
    def _sign(self):
        return FadeOut(self.source)  # it names the trace, which another machine rounds otherwise

    @beat("Fixed: $h_t$.")
    def first(self):
        heights = np.array([0.3, 1.0, 0.7, 1.6])
        bars = [Rectangle(width=0.5, height=h, fill_opacity=0.5, color=BLUE) for h in heights]
        self.bars = VGroup(*bars).arrange(buff=0.25)
        self.play(FadeIn(self.bars), run_time=0.4)

    @beat("循环 again.")
    def second(self):
        ring = Circle(1.5, color=YELLOW, stroke_width=8)
        self.play(Create(ring), self.bars.animate.rotate(0.5), run_time=0.4)
"""
)
FRAMES = "d808ee30d97dcdbcd99e6c6117ba0f3fa7038d5c5550c314fb3821bf131eab00"


@pytest.mark.parametrize("jobs", [1, 2])
def test_frames_have_known_checksums(jobs, trace, tmp_path, monkeypatch):
    seen = tmp_path / "seen"
    seen.mkdir()
    write = Encoder.write

    def note(encoder, canvas, frames):
        place = seen / f"{encoder._file.name.rpartition('/')[2]}"
        with place.open("a") as file:
            file.write(f"{frames} {sha256(canvas.pixel_array.tobytes()).hexdigest()}\n")
        write(encoder, canvas, frames)

    monkeypatch.setattr(Encoder, "write", note)
    scene = tmp_path / "fixed.py"
    scene.write_text(FIXED, encoding="utf-8")
    rnnviz.render(scene, trace, quality="l", jobs=jobs, output=tmp_path / "fixed.mp4")
    content = "".join(sorted(path.read_text() for path in seen.iterdir()))
    assert sha256(content.encode()).hexdigest() == FRAMES
