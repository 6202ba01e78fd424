// The page in the cell of a notebook, with its position in Python: a frame of its own, and messages to and from it.

const SHARED = ["place", "view"];

function render({ model, el }) {
  const frame = document.createElement("iframe");
  frame.title = "backward pass";
  frame.setAttribute("sandbox", "allow-scripts");
  frame.style.cssText = `width: 100%; height: ${model.get("height")}px; border: 0`;
  frame.srcdoc = model.get("page");
  let heard = {};

  /** Tell the page where Python is, but never what the page has just said itself. */
  const tell = () => {
    const state = Object.fromEntries(SHARED.map((name) => [name, model.get(name)]));
    if (SHARED.some((name) => state[name] !== heard[name])) frame.contentWindow?.postMessage({ tinygraph: state }, "*");
  };
  const hear = ({ source, data }) => {
    if (source !== frame.contentWindow || !data?.tinygraph) return;
    if (data.tinygraph.ready) {
      tell();
      return;
    }
    heard = data.tinygraph;
    for (const name of SHARED) model.set(name, heard[name]);
    model.save_changes();
  };

  addEventListener("message", hear);
  for (const name of SHARED) model.on(`change:${name}`, tell);
  el.append(frame);
  return () => {
    removeEventListener("message", hear);
    for (const name of SHARED) model.off(`change:${name}`, tell);
  };
}

export default { render };
