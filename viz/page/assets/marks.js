// What moves or is meant more than once in a drawing: the pulse along an edge, the arrow's head, the hatching.

import { svg } from "./svg.js";

/** Let a dot run along a path from its end, and grow or shrink by a factor. */
export function pulse(layer, path, dx, factor) {
  const dot = svg("circle", { class: "pulse", r: 6 });
  layer.append(dot);
  const length = path.getTotalLength();
  const last = Math.min(Math.max(factor, 0.25), 2) || 1;
  const begin = performance.now();
  const move = (now) => {
    const share = Math.min((now - begin) / 450, 1);
    const point = path.getPointAtLength(length * (1 - share));
    dot.setAttribute("cx", point.x + dx);
    dot.setAttribute("cy", point.y);
    dot.setAttribute("r", 6 * (1 + (last - 1) * share));
    if (share < 1 && dot.isConnected) requestAnimationFrame(move);
    else dot.remove();
  };
  requestAnimationFrame(move);
}

export function defs() {
  const head = svg("marker", { id: "arrow", markerWidth: 8, markerHeight: 8, refX: 0, refY: 4, markerUnits: "userSpaceOnUse", orient: "auto" });
  head.append(svg("path", { d: "M0 .8L7.4 4L0 7.2L1.6 4z" }));
  const hatch = svg("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
  hatch.append(svg("rect", { class: "hatch-ground", width: 6, height: 6 }), svg("rect", { class: "hatch-line", width: 3, height: 6 }));
  return svg("defs", {}, head, hatch);
}
