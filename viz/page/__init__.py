"""Page: one self-contained file in which a backward pass is walked through, in any browser, without a server.

- `export`: the verb; `assemble`: one HTML file from the pieces in `assets/`, with a content security policy
- `excerpt`: which part of a long pass is shown, the rest in gaps that keep its sums
- `contents`: a trace as data; `program`: its source lines; `arrays`: its arrays, each kept once or as a recipe;
  `figures`: the drawings as data; `tables`: rows by column, so that what repeats packs into little
- `notebook`: the page inside others; `widget`: with its position in Python, where anywidget is installed
- `assets/`: the page itself. `data.js` unpacks, `model.js` says what is known at a position, `paths.js` where a
  gradient comes from, `find.js` what a text means, `camera.js` what part of a drawing is in sight, pure functions all;
  `symbols.js` writes mathematics, `heat.js` arrays; `network.js` (with `columns.js`, its elements), `step.js`,
  `ledger.js`, `timeline.js`, `lag.js` and `tour.js` draw; `sheet.js` pulls the step up on a phone; `page.js` binds them
  to one state, which is in the address, and `controls.js` changes it; `frame.js` lets what is around a page
  move it, as `widget.js` does
"""
