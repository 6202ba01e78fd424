// A tour: stops with a sentence each; a question is answered when the reader steps on, and stays answered.

const $ = (id) => document.getElementById(id);

/** The stops of a page's tour. */
export class Tour {
  constructor(stops) {
    this.stops = stops;
    this.answered = new Set();
    $("tour").hidden = stops.length === 0;
  }

  /** Show the stop, seen from step k: elsewhere its sentence is pale, and one button leads back to it. */
  update(stop, k) {
    if (this.stops.length === 0) return;
    const here = stop === null ? null : this.stops[stop];
    const asked = here?.answer !== undefined;
    if (asked && k === here.step + 1) this.answered.add(stop);
    const answer = !asked ? "" : this.answered.has(stop) ? ` ${here.answer}` : " (Step on to see.)";
    this.away = here !== null && k !== here.step && !(asked && k === here.step + 1);
    $("tour").classList.toggle("away", this.away);
    $("stop").textContent = here === null ? "A tour of this network." : here.text + answer;
    $("stop-number").textContent = here === null ? "" : `${stop + 1} of ${this.stops.length}`;
    $("next-stop").textContent = here === null ? "Begin" : "Next";
    $("next-stop").disabled = stop === this.stops.length - 1 && !this.opens(stop);
    $("previous-stop").textContent = this.away ? "Return" : "Back";
    $("previous-stop").disabled = stop === null || (stop === 0 && !this.away);
  }

  opens(stop) {
    return stop !== null && this.stops[stop].answer !== undefined && !this.answered.has(stop);
  }

  /** The state at the stop after or before another: from elsewhere back to that itself, at a question first its answer. */
  visit(stop, change) {
    if (change < 0 && this.away) return this.at(stop);
    if (change > 0 && this.opens(stop)) return { k: this.stops[stop].step + 1 };
    return this.at(Math.min(Math.max((stop ?? -1) + change, 0), this.stops.length - 1));
  }

  at(stop) {
    const { step, weight } = this.stops[stop];
    return { stop, k: step, ...(weight === undefined ? {} : { weight }) };
  }
}
