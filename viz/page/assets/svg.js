// Making elements, always with text as text.

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element with attributes and children. */
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** An HTML element with attributes (functions are listeners) and children. */
export function html(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

const HEIGHTS = { low: 3, up: -5 };

/** Pieces of a label as spans: what is raised, lowered or barred; some in a colour of their own. */
export function typeset(pieces, raised) {
  const all = raised === undefined ? pieces : [...pieces, [`(${raised})`, "up"]];
  let height = 0;
  return all.map(([text, kind, colour = ""]) => {
    const target = HEIGHTS[kind] ?? 0;
    const span = svg("tspan", { dy: target === height ? undefined : target - height, class: `${kind} ${colour}`.trim() || undefined }, text);
    height = target;
    return span;
  });
}
