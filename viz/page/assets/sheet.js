// On a narrow screen the step is a sheet: its handle says the step in a line, and pulls it up.

import { phone } from "./media.js";
import { nodeOf } from "./model.js";
import { formulaMath, formulaText, symbolText } from "./symbols.js";
import { html } from "./svg.js";

const FAR = 24; // px: shorter drags are taps

/** The sheet and its handle. */
export class Sheet {
  constructor(root, trace) {
    this.root = root;
    this.trace = trace;
    this.pull = root.querySelector("#pull");
    this.inside = root.querySelector("#inside");
    const ledger = root.querySelector("#pull-ledger");
    ledger.setAttribute("aria-label", "gradients of the parameters");
    ledger.addEventListener("click", () => this.toggle(!this.open || !this.ledger, true));
    this.pull.addEventListener("click", () => this.dragged || this.toggle(!this.open || this.ledger));
    phone.addEventListener("change", () => this.update(this.k));
    this.drag(root.querySelector(".handle"));
  }

  get open() {
    return this.root.classList.contains("open");
  }

  /** Pull the sheet up, to the step or to the ledger, or push it down. */
  toggle(open = !this.open, ledger = false) {
    this.root.classList.toggle("open", open);
    this.ledger = open && ledger;
    this.pull.setAttribute("aria-expanded", open);
    this.inside.scrollTop = this.ledger ? this.inside.querySelector(".ledger").offsetTop : 0;
  }

  /** Let the handle follow a finger, and be open or closed where it is let go. */
  drag(handle) {
    handle.addEventListener("pointerdown", (down) => {
      this.dragged = false;
      const height = this.inside.offsetHeight;
      const move = ({ clientY }) => {
        this.dragged ||= Math.abs(clientY - down.clientY) > FAR;
        if (this.dragged) this.inside.style.height = `${Math.max(0, height + down.clientY - clientY)}px`;
      };
      const lift = ({ clientY }) => {
        removeEventListener("pointermove", move);
        removeEventListener("pointerup", lift);
        removeEventListener("pointercancel", lift);
        this.inside.style.height = "";
        if (this.dragged) this.toggle(clientY < down.clientY);
      };
      addEventListener("pointermove", move);
      addEventListener("pointerup", lift);
      addEventListener("pointercancel", lift);
    });
  }

  /** Say step k on the handle. */
  update(k) {
    this.k = k;
    if (!phone.matches) return;
    const value = nodeOf(this.trace, k);
    const formulas = value === null ? [] : this.trace.steps[k].terms.map(({ formula }) => formula).filter(Boolean);
    const place = value === null ? "before the first step" : `step ${k}${value.t === undefined ? "" : ` · t = ${value.t}`}`;
    const name = value === null ? "" : `${symbolText(value, true)} back through ${value.op}`;
    const rule = formulas.length > 0 ? formulaMath(this.trace, value, formulas[0]) : html("span", {}, name);
    const more = formulas.length > 1 ? html("span", { class: "quiet" }, ` and ${formulas.length - 1} more`) : "";
    this.pull.replaceChildren(html("small", {}, place), html("span", { class: "line" }, rule, more));
    this.pull.setAttribute("aria-label", `${place}${formulas.length > 0 ? `: ${formulaText(this.trace, value, formulas[0])}` : ""}; details`);
  }
}
