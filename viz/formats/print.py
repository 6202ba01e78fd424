"""The SVG drawing for print and for documents that cannot hold SVG: PDF, EPS, PostScript and JPEG, the same picture.

With `typst`, a PDF has lines and letters, as the SVG; without it, and in the other formats, the picture is a bitmap.
"""

from __future__ import annotations

import base64
import io
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .bitmap import bitmap
from .standing import size_of

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("pdf", "jpg", "eps", "ps")
POINTS = 0.75  # of a pixel
_PAGE = b"""#set page(width: auto, height: auto, margin: 0pt)
#image(bytes(sys.inputs.svg), format: "svg")"""


def printed(svg: str, format: str) -> bytes:
    """Return the drawing `svg` in one of `FORMATS`.

    Raises
    ------
    ValueError
        If a bitmap would be wider or higher than 32,767 pixels.
    """
    if format == "pdf" and (lines := line_pdf(svg)):
        return lines
    from PIL import Image  # takes long to import

    image = Image.open(io.BytesIO(bitmap(svg, format))).convert("RGB")
    if format == "jpg":
        file = io.BytesIO()
        image.save(file, "JPEG", quality=92)
        return file.getvalue()
    width = size_of(svg)[0] * POINTS
    extent = width, width * image.height / image.width
    pixels = zlib.compress(image.tobytes(), 9)
    return _pdf(image, extent, pixels) if format == "pdf" else _postscript(image, extent, pixels, format)


def line_pdf(svg: str) -> bytes | None:
    """Return the drawing `svg` as a PDF of lines and letters; None without the library for it."""
    try:
        import typst  # it comes with the extra "pdf", and takes long to import
    except ImportError:
        return None
    return bytes(typst.compile(_PAGE, format="pdf", sys_inputs={"svg": svg}))


def _postscript(image: Image.Image, size: tuple[float, float], pixels: bytes, format: str) -> bytes:
    width, height = size
    head = "%!PS-Adobe-3.0 EPSF-3.0" if format == "eps" else "%!PS-Adobe-3.0"
    program = f"""{head}
%%BoundingBox: 0 0 {width + 0.999:.0f} {height + 0.999:.0f}
%%HiResBoundingBox: 0 0 {width:.3f} {height:.3f}
%%LanguageLevel: 3
%%EndComments
gsave {width:.3f} {height:.3f} scale /DeviceRGB setcolorspace
<< /ImageType 1 /Width {image.width} /Height {image.height} /BitsPerComponent 8 /Decode [0 1 0 1 0 1]
/ImageMatrix [{image.width} 0 0 {-image.height} 0 {image.height}]
/DataSource currentfile /ASCII85Decode filter /FlateDecode filter >> image
{base64.a85encode(pixels, wrapcol=78).decode()}~>
grestore showpage
%%EOF
"""
    return program.encode()


def _pdf(image: Image.Image, size: tuple[float, float], pixels: bytes) -> bytes:
    box = f"{size[0]:.3f} {size[1]:.3f}"
    drawn = f"{size[0]:.3f} 0 0 {size[1]:.3f} 0 0 cm /P Do".encode()
    shape = f"/Width {image.width} /Height {image.height} /BitsPerComponent 8 /ColorSpace /DeviceRGB"
    return _pdf_file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {box}] /Contents 4 0 R"
            " /Resources << /XObject << /P 5 0 R >> >> >>".encode(),
            _stream("", drawn),
            _stream(f"/Type /XObject /Subtype /Image {shape} /Filter /FlateDecode", pixels),
        ]
    )


def _stream(entries: str, content: bytes) -> bytes:
    return f"<< {entries} /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    """Return a PDF file of objects numbered from 1, the first of which is the catalogue."""
    file, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(file))
        file += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    trailer = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (count, len(file))
    return file + b"xref\n0 %d\n0000000000 65535 f \n" % count + table + trailer
