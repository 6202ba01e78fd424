"""The page's own modules, run without a browser: for tests of their logic."""

import base64
import gzip
import json
import os
import struct
from typing import Any

import pytest

from viz.page.assemble import script


def engine(html: str) -> Any:
    """Return a JavaScript engine in which `trace` is the trace that a page holds, with the functions of its modules."""
    try:
        from py_mini_racer import MiniRacer
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("mini-racer, a JavaScript engine, is not installed")
    data, numbers = unpacked(html)
    context = MiniRacer()
    context.eval(script(("data", "symbols", "model", "paths", "find")))
    context.eval(
        "var trace; Object.assign(globalThis, data_module, model_module, paths_module, find_module, symbols_module)"
    )
    context.eval(f"trace = makeTrace({json.dumps(data)}, new Uint8Array({list(numbers)}).buffer); 0")
    return context


def ask(context: Any, expression: str) -> Any:
    """Return what an expression is, numbers to the last bit."""
    text = context.eval(f"JSON.stringify({expression}, (key, x) => ArrayBuffer.isView(x) ? [...x] : x)")
    return None if text is None else json.loads(text)


def unpacked(html: str) -> tuple[dict[str, Any], bytes]:
    """Return the JSON and the numbers that a page holds."""
    begin = html.index('id="data">') + len('id="data">')
    whole = gzip.decompress(base64.b64decode(html[begin : html.index("</script>", begin)]))
    length = struct.unpack_from("<I", whole)[0]
    return json.loads(whole[8 : 8 + length]), whole[8 + length + -length % 8 :]
