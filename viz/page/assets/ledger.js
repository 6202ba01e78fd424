// The ledger: for each parameter its gradient so far, and a slot for each contribution, that is filled when it comes.

import { extent, picture, shapeText } from "./heat.js";
import { agreement, contributions, nodeOf, received, runningSum, short } from "./model.js";
import { element, symbolMath, symbolText } from "./symbols.js";
import { html } from "./svg.js";

const MOST_SLOTS = 120;
const MOST_DIGITS = 9; // more numbers are a heat map

/** The ledger of all parameters in a panel. */
export class Ledger {
  constructor(panel, trace, goto) {
    this.trace = trace;
    this.k = -1; // the step that the slots show
    this.accounts = trace.parameters.filter((index) => trace.values[index].writes.length > 0).map((index) => this.account(index, goto));
    const without = trace.parameters.filter((index) => trace.values[index].writes.length === 0);
    panel.replaceChildren(...this.accounts.map(({ card }) => card));
    if (without.length > 0) panel.append(html("p", { class: "warning" }, `No gradient reaches ${without.map((i) => symbolText(trace.values[i])).join(", ")}.`));
  }

  account(index, goto) {
    const value = this.trace.values[index];
    const slots = html("div", { class: "slots", role: "group", "aria-label": `contributions to ${symbolText(value)}` });
    const shown = spread(value.writes, MOST_SLOTS);
    shown.reverse(); // by time step, as the pass goes from the last to the first
    const buttons = shown.map((term) => {
      const { t, kind, op } = nodeOf(this.trace, term.step);
      const words = `${kind === "gap" ? `${op}, ` : t === undefined ? "" : `t = ${t}, `}step ${term.step}, norm ${short(this.trace.arrays.norm(term.array))}`;
      return html("button", { class: "slot", title: words, "aria-label": words, click: () => goto(term.step) }, kind === "gap" ? "⋯" : shown.length <= 16 && t !== undefined ? String(t) : "");
    });
    slots.append(...buttons);
    const name = element("math", symbolMath(value, true));
    const sum = html("div", { class: "sum" });
    const said = html("p", { class: "said" });
    const card = html("section", { class: `account hue hue-${this.hue(index)}`, "data-parameter": symbolText(value) }, html("h3", {}, name, html("span", { class: "quiet" }, ` ${shapeText(this.trace.arrays.shape(value.array))}`)), html("div", { class: "row" }, sum), slots, said);
    const single = shown.filter((term) => term.count === undefined); // a gap is more than any of them
    const most = Math.max(...single.map((term) => this.trace.arrays.norm(term.array)).filter(Number.isFinite), 0);
    return { index, value, shown, buttons, sum, said, card, most, count: null, written: false };
  }

  hue(index) {
    const node = this.trace.hues.get(index);
    return node === undefined ? 0 : node % 8;
  }

  /** Show all accounts as they are after step k, the chosen one first. */
  update(k, chosen) {
    for (const account of this.accounts) {
      const count = received(this.trace, account.index, k);
      account.shown.forEach((term, i) => {
        const changes = term.step <= k !== term.step <= this.k || term.step === k || term.step === this.k;
        if (changes) this.tint(account.buttons[i], term, k, account.most);
      });
      const written = count > 0 && account.value.writes[count - 1].step === k;
      if (count !== account.count || written !== account.written) this.fill(account, count, written);
      account.card.classList.toggle("now", written);
      account.card.classList.toggle("chosen", account.index === chosen);
    }
    this.k = k;
  }

  /** Fill a slot as high as its contribution is large, beside the largest of this parameter. */
  tint(button, term, k, most) {
    const norm = this.trace.arrays.norm(term.array);
    const done = term.step <= k;
    button.classList.toggle("done", done);
    button.classList.toggle("now", term.step === k);
    button.classList.toggle("hollow", done && norm === 0);
    button.classList.toggle("nonfinite", done && !Number.isFinite(norm));
    const height = Math.round(100 * Math.min(norm / most, 1));
    const filled = "color-mix(in oklab, var(--gradient) 45%, var(--box))";
    button.style.background = done && norm > 0 && Number.isFinite(norm) ? `linear-gradient(to top, ${filled} ${height}%, var(--box) ${height}%)` : "";
  }

  fill(account, count, written) {
    Object.assign(account, { count, written });
    const { index, value } = account;
    const total = runningSum(this.trace, index, count);
    const shape = this.trace.arrays.shape(value.array);
    const name = symbolText(value, true);
    if (count === 0) {
      account.sum.replaceChildren(html("span", { class: "nothing" }, "nothing yet"));
      account.said.textContent = `${contributions(this.trace, index, value.writes.length)} contributions to come`;
      return;
    }
    const term = value.writes[count - 1];
    const factors = written ? this.trace.arrays.factors(term.array) : null;
    const limit = extent(total);
    const pictures = [picture(total, shape, limit, `${name} after ${count} of ${value.writes.length} contributions`, NaN, MOST_DIGITS, account.sum.firstElementChild)];
    if (factors) pictures.push(html("span", { class: "sign" }, "+="), ...this.product(factors, shape));
    const repainted = pictures.length === 1 && account.sum.childElementCount === 1 && pictures[0] === account.sum.firstElementChild;
    if (!repainted) account.sum.replaceChildren(...pictures);
    account.said.textContent = this.sentence(account, count);
  }

  /** A contribution that is a product, as column × row. */
  product([left, right], shape) {
    const { arrays } = this.trace;
    const [n, a] = arrays.shape(left);
    const b = arrays.shape(right)[1];
    if (n !== 1 || a !== shape[0] || b !== shape[1]) return [];
    const [column, row] = [arrays.values(left), arrays.values(right)];
    return [
      picture(column, [a, 1], extent(column), "the column", arrays.norm(left)),
      html("span", { class: "sign" }, "×"),
      picture(row, [1, b], extent(row), "the row", arrays.norm(right)),
    ];
  }

  sentence({ index, value }, count) {
    const all = contributions(this.trace, index, value.writes.length);
    if (count < value.writes.length) return `${contributions(this.trace, index, count)} of ${all} contributions`;
    const agrees = agreement(this.trace, index);
    const name = symbolText(value);
    const said = all === 1 ? "its one contribution" : `all ${all} contributions`;
    if (agrees === "exact") return `${said}: = ${name}.grad, exactly`;
    if (agrees === null) return said;
    return `${said}: = ${name}.grad to ${short(agrees)} of its largest element (numbers rounded in this page)`;
  }
}

/** At most so many of many, the first and the last among them. */
function spread(terms, most) {
  if (terms.length <= most) return [...terms];
  return Array.from({ length: most }, (_, i) => terms[Math.round((i * (terms.length - 1)) / (most - 1))]);
}
