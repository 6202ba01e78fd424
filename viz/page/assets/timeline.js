// The timeline: how large the gradient is at each time step, on a log scale; where we are; flags of breakpoints.

import { logScale, nodeOf, short } from "./model.js";
import { svg } from "./svg.js";

const WIDTH = 640;
const HEIGHT = 96;
const LEFT = 52;
const BOTTOM = 22;

/** The chart of ‖∂L/∂h⁽ᵗ⁾‖ in an <svg>. */
export class Timeline {
  constructor(root, trace, lines, goto) {
    this.root = root;
    this.trace = trace;
    this.lines = lines;
    const points = lines.flatMap((line) => line.points);
    const times = points.map(({ t }) => t);
    this.first = Math.min(...times);
    this.last = Math.max(...times);
    this.scale = logScale(points.map(({ norm }) => norm));
    root.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    root.replaceChildren();
    if (points.length === 0) return;
    this.axis();
    lines.forEach((line, i) => this.draw(line, i));
    this.cursor = svg("line", { class: "cursor", y1: 6, y2: HEIGHT - BOTTOM });
    root.append(this.cursor);
    root.onclick = (event) => goto(this.nearest(event).step);
    root.setAttribute("aria-label", `norms of gradients by time step: ${lines.map(({ name }) => name).join(", ")}`);
  }

  x(t) {
    return LEFT + ((t - this.first) / Math.max(this.last - this.first, 1)) * (WIDTH - LEFT - 14);
  }

  y(norm) {
    const share = this.scale(norm);
    return share === null ? HEIGHT - BOTTOM : 10 + (1 - share) * (HEIGHT - BOTTOM - 16);
  }

  axis() {
    const { low, high } = this.scale;
    for (const at of [...new Set([low, (low + high) / 2, high])]) {
      const norm = 10 ** at;
      this.root.append(svg("line", { class: "grid", x1: LEFT, x2: WIDTH - 14, y1: this.y(norm), y2: this.y(norm) }), svg("text", { class: "tick", x: LEFT - 6, y: this.y(norm) + 4 }, short(norm)));
    }
    const every = Math.max(1, Math.ceil((this.last - this.first) / 8));
    for (let t = this.first; t <= this.last; t += every) this.root.append(svg("text", { class: "tick time", x: this.x(t), y: HEIGHT - 6 }, `t = ${t}`));
  }

  draw({ name, points }, i) {
    const sorted = [...points].sort((a, b) => a.t - b.t);
    const finite = sorted.filter(({ norm }) => norm > 0 && Number.isFinite(norm));
    const group = svg("g", { class: `line line-${i}` });
    group.append(svg("polyline", { points: finite.map(({ t, norm }) => `${this.x(t)},${this.y(norm)}`).join(" ") }));
    if (sorted.length <= 60) {
      for (const { t, norm } of sorted) {
        const kind = norm === 0 ? "hollow" : Number.isFinite(norm) ? "" : "nonfinite";
        group.append(svg("circle", { class: kind, cx: this.x(t), cy: this.y(norm), r: 3 }, svg("title", {}, `‖∂L/∂${name}‖ at t = ${t}: ${short(norm)}`)));
      }
    }
    this.root.append(group);
  }

  nearest(event) {
    const box = this.root.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * WIDTH;
    return this.lines[0].points.reduce((a, b) => (Math.abs(this.x(b.t) - x) < Math.abs(this.x(a.t) - x) ? b : a));
  }

  update(k) {
    const t = nodeOf(this.trace, k)?.t;
    if (!this.cursor) return;
    this.cursor.classList.toggle("hidden", t === undefined);
    if (t === undefined) return;
    this.cursor.setAttribute("x1", this.x(t));
    this.cursor.setAttribute("x2", this.x(t));
  }
}
