// A page in a frame: it tells what is around it where it is, and goes where it is sent.

const around = globalThis.parent === globalThis ? null : globalThis.parent;
let listening = false;

/** Tell the position, where there is anybody to hear it: never before it could be sent elsewhere. */
export function tell(message) {
  if (listening) around?.postMessage({ tinygraph: message }, "*");
}

/** Let what is around a page send it to a step or a view. */
export function listen(page) {
  addEventListener("message", ({ source, data }) => {
    if (around === null || source !== around || !data?.tinygraph) return;
    const { place, view } = data.tinygraph;
    const change = {};
    if (Number.isInteger(place)) change.k = place;
    if (typeof view === "string" && Object.hasOwn(page.trace.figures, view)) change.view = view;
    page.set(change);
  });
  listening = true;
  tell({ ready: true });
}
