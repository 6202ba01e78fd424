"""PDF, EPS and JPEG are the picture that the SVG and the PNG are: pixel by pixel, or by the library that reads them."""

import base64
import io
import re
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image

import viz
from examples import programs
from viz.formats import print as printing

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def drawing():
    return viz.draw(programs.first_model(), view="variables")


@pytest.fixture(scope="module")
def pixels(drawing, tmp_path_factory):
    path = drawing.save(tmp_path_factory.mktemp("png") / "g.png")
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def saved(drawing, folder, suffix):
    return drawing.save(folder / f"g.{suffix}").read_bytes()


def test_a_jpeg_has_the_pixels_of_the_png(drawing, pixels, tmp_path):
    image = np.asarray(Image.open(io.BytesIO(saved(drawing, tmp_path, "jpg")))).astype(int)
    assert image.shape == pixels.shape
    assert np.abs(image - pixels).mean() < 1.5


@pytest.mark.parametrize("suffix", ["eps", "ps"])
def test_postscript_holds_the_pixels_of_the_png(drawing, pixels, tmp_path, suffix):
    text = saved(drawing, tmp_path, suffix).decode("ascii")
    data = re.search(r"filter >> image\n(.*)~>", text, re.DOTALL)[1]
    image = np.frombuffer(zlib.decompress(base64.a85decode(data)), np.uint8).reshape(pixels.shape)
    assert (image == pixels).all()
    width, height = map(float, re.search(r"HiResBoundingBox: 0 0 (\S+) (\S+)", text).groups())
    assert (width, height) == pytest.approx((pixels.shape[1] * 0.375, pixels.shape[0] * 0.375), abs=1)
    assert max(map(len, text.splitlines())) < 256
    assert ("EPSF" in text) == (suffix == "eps")


def test_a_pdf_has_the_size_of_the_svg_and_letters_not_pixels(drawing, pixels, tmp_path):
    typst = pytest.importorskip("typst")
    data = saved(drawing, tmp_path, "pdf")
    width, height = map(float, re.search(rb"/MediaBox ?\[0 0 (\S+) (\S+?)\]", data).groups())
    assert (width, height) == pytest.approx((pixels.shape[1] * 0.375, pixels.shape[0] * 0.375), abs=1)
    assert b"/Font" in data
    assert b"/Subtype/Image" not in data.replace(b" /", b"/")
    page = typst.compile(printing._PAGE, format="png", ppi=192.0, sys_inputs={"svg": drawing.svg("light")})
    image = np.asarray(Image.open(io.BytesIO(page)).convert("RGB")).astype(int)
    high, wide = np.minimum(image.shape, pixels.shape)[:2]
    assert np.abs(image[:high, :wide] - pixels[:high, :wide]).mean() < 3


def test_without_typst_a_pdf_holds_the_bitmap(drawing, pixels, tmp_path, monkeypatch):
    monkeypatch.setattr(printing, "line_pdf", lambda svg: None)
    data = saved(drawing, tmp_path, "pdf")
    stream = re.search(rb"/FlateDecode /Length \d+ >>\nstream\n(.*?)\nendstream", data, re.DOTALL)[1]
    assert (np.frombuffer(zlib.decompress(stream), np.uint8).reshape(pixels.shape) == pixels).all()
    table = int(re.search(rb"startxref\n(\d+)", data)[1])
    assert data[table : table + 4] == b"xref"
    places = [int(line[:10]) for line in data[table:].splitlines()[3:8]]
    assert [data[place:].split(b" ", 1)[0] for place in places] == [b"1", b"2", b"3", b"4", b"5"]


def test_graphviz_is_never_loaded_into_the_users_process():
    script = (
        "import sys, tinygraph as tg, viz; viz.draw(tg.parameter(1.0) * 2).svg(); print('pygraphviz' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).stdout == "False\n"
