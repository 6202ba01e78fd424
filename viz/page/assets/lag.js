// The lag matrix: which loss taught which time step. A cell lights the ways from that loss to that state.

import { logScale, short } from "./model.js";
import { between } from "./paths.js";
import { html } from "./svg.js";
import { raisedDigits } from "./symbols.js";

/** The matrix in a panel; `light` is told which values to light, or none. */
export class Lag {
  constructor(panel, trace, light) {
    this.panel = panel;
    panel.hidden = trace.lag === null;
    if (trace.lag === null) return;
    const { of, losses, states, norms } = trace.lag;
    const scale = logScale(norms.flat().map(Number));
    const cells = html("div", { class: "cells", role: "group", "aria-label": `norms of the gradients of single losses with respect to ${of}` });
    cells.style.gridTemplateColumns = `max-content repeat(${states.length}, minmax(22px, 44px))`;
    cells.append(html("span"), ...states.map(({ t }) => html("span", { class: "tick" }, `${of}${raisedDigits(t)}`)));
    losses.forEach((loss, i) => {
      cells.append(html("span", { class: "tick" }, `L${raisedDigits(loss.t)}`));
      states.forEach((state, j) => cells.append(this.cell(trace, of, loss, state, Number(norms[i][j]), scale, light)));
    });
    const words = html("p", { class: "quiet" }, `Which loss taught which time step: ‖∂L⁽ˢ⁾/∂${of}⁽ᵗ⁾‖, log scale; dotted is exactly 0. A cell lights its ways.`);
    panel.replaceChildren(html("h3", {}, "Lag matrix"), words, cells);
  }

  /** Let go of the cell that is chosen. */
  clear() {
    for (const cell of this.panel.querySelectorAll("[aria-pressed=true]")) cell.setAttribute("aria-pressed", "false");
  }

  cell(trace, of, loss, state, norm, scale, light) {
    const share = scale(norm);
    const words = `loss at ${loss.t}, ${of} at ${state.t}: ${short(norm)}`;
    const cell = html("button", { class: `cell${norm === 0 ? " zero" : ""}`, "aria-label": words, title: words, "aria-pressed": "false", click: () => {
      const lit = cell.getAttribute("aria-pressed") === "true";
      light(lit || norm === 0 ? null : between(trace, state.value, loss.values));
      cell.setAttribute("aria-pressed", String(!lit));
    } });
    if (share !== null) cell.style.background = `color-mix(in oklab, var(--gradient) ${Math.round(10 + 80 * share)}%, var(--box))`;
    return cell;
  }
}
