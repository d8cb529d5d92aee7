// The page of ThresholdExplorer in threshold_explorer.py: it draws and moves; every number is Python's.

export const PLOT = { width: 460, height: 220, left: 16, right: 12, top: 8, bottom: 40 };
const MOVED = ["threshold", "prevalence", "risk_threshold"];
const SILENT_MS = 1500;
const SILENT = "The numbers are old: the kernel has not answered. If it was restarted, run this cell again.";
const BLUE = "#0072B2";
const VERMILION = "#D55E00";

/** Pixel of a probability, and back. */
export function toX(probability) {
  return PLOT.left + probability * (PLOT.width - PLOT.left - PLOT.right);
}

export function fromX(x) {
  const part = (x - PLOT.left) / (PLOT.width - PLOT.left - PLOT.right);
  return Math.round(Math.min(1, Math.max(0, part)) * 1000) / 1000;
}

/** The outline of a histogram that grows from the middle: sign 1 upwards, -1 downwards. */
export function outline(shares, highest, sign) {
  const { height, top, bottom } = PLOT;
  const middle = (top + height - bottom) / 2;
  const room = (height - bottom - top) / 2;
  const points = shares.flatMap((share, i) => {
    const y = middle - (sign * room * share) / highest;
    return [i, i + 1].map((edge) => `${toX(edge / shares.length).toFixed(1)} ${y.toFixed(1)}`);
  });
  return `M${toX(0)} ${middle} L${points.join(" L")} L${toX(1)} ${middle} Z`;
}

/** A slider over numbers of two digits: its position for a value from 0.0001 on, and back. Each step is another number. */
export function toPosition(value) {
  const power = Math.floor(Math.log10(value) + 1e-9);
  return 90 * (power + 4) + Math.round((10 * value) / 10 ** power) - 10;
}

export function fromPosition(position) {
  const power = Math.floor(position / 90) - 4;
  return Number((((10 + (position % 90)) / 10) * 10 ** power).toPrecision(2));
}

export function percent(value) {
  return `${Number((100 * value).toPrecision(2))} %`;
}

export function escape(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** The confusion matrix and the facts as the text of two tables. */
export function tables(facts, names) {
  const [negative, positive] = names.map(escape);
  const [[clear, alarm], [miss, hit]] = facts.matrix.map((row) => row.map((n) => n.toLocaleString("en-US")));
  const rows = facts.rows.map(([name, value]) => `<tr><th>${escape(name)}</th><td>${escape(value)}</td></tr>`);
  return (
    `<table><tr><th></th><th>called</th><th>not called</th></tr>` +
    `<tr><th>truly ${positive}</th><td>${hit}</td><td>${miss}</td></tr>` +
    `<tr><th>truly ${negative}</th><td>${alarm}</td><td>${clear}</td></tr></table>` +
    `<table>${rows.join("")}</table>`
  );
}

const STYLE = `
.medlab-threshold { display: flex; flex-wrap: wrap; gap: 8px 24px; font-size: 13px; }
.medlab-threshold svg { touch-action: none; user-select: none; cursor: ew-resize; display: block; }
.medlab-threshold text { fill: currentColor; font-size: 11px; }
.medlab-threshold label { display: grid; grid-template-columns: 110px 260px 70px; gap: 8px; align-items: center; }
.medlab-threshold table { border-collapse: collapse; margin-bottom: 8px; }
.medlab-threshold th, .medlab-threshold td { padding: 1px 8px; text-align: right; font-weight: normal; }
.medlab-threshold td { font-variant-numeric: tabular-nums; }
.medlab-threshold .stale { opacity: 0.4; }
.medlab-threshold p { max-width: 460px; margin: 4px 0; }
`;

function drawing(model, hatch) {
  const { width, height, left, top, bottom } = PLOT;
  const [below, above] = model.get("shares");
  const [negative, positive] = model.get("class_names").map(escape);
  const highest = Math.max(...below, ...above);
  const base = height - bottom;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map(
    (p) => `<text x="${toX(p)}" y="${base + 14}" text-anchor="middle">${p}</text>`,
  );
  return (
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" data-testid="scores">` +
    `<defs><pattern id="${hatch}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    `<line x1="0" x2="0" y1="0" y2="6" stroke="${VERMILION}" stroke-width="2"/></pattern></defs>` +
    `<path d="${outline(above, highest, 1)}" fill="url(#${hatch})" stroke="${VERMILION}"/>` +
    `<path d="${outline(below, highest, -1)}" fill="${BLUE}" fill-opacity="0.35" stroke="${BLUE}"/>` +
    `<text x="${left + 4}" y="${top + 12}">${positive}, upwards</text>` +
    `<text x="${left + 4}" y="${base - 4}">${negative}, downwards</text>${ticks.join("")}` +
    `<text x="${width / 2}" y="${height - 8}" text-anchor="middle">predicted probability of ${positive}</text>` +
    `<line class="cut" y1="${top}" y2="${base}" stroke="currentColor" stroke-width="2" stroke-dasharray="6 3"/></svg>`
  );
}

function slider(name, low, high, step) {
  return (
    `<label><span>${name}</span><input type="range" min="${low}" max="${high}" step="${step}" ` +
    `aria-label="${name}"><output></output></label>`
  );
}

function render({ model, el }) {
  // JupyterLab's tabs share their ids, and a pattern in a hidden tab is not drawn.
  const hatch = `medlab-hatch-${Math.random().toString(36).slice(2)}`;
  el.innerHTML =
    `<style>${STYLE}</style><div class="medlab-threshold"><div>${drawing(model, hatch)}` +
    slider("threshold", 0, 1, 0.005) +
    slider("prevalence", 0, toPosition(0.5), 1) +
    slider("risk threshold", 0, toPosition(0.9), 1) +
    `<p aria-live="polite"></p></div><div class="facts"></div></div>`;
  // JupyterLab takes arrow, Home and End keys for its own, from a slider too.
  // The arrows are the widget's; Ctrl+S and its like stay JupyterLab's.
  el.addEventListener("keydown", (event) => event.ctrlKey || event.metaKey || event.stopPropagation());
  const svg = el.querySelector("svg");
  const inputs = el.querySelectorAll("input");
  const [threshold, prevalence, risk] = inputs;
  const outputs = el.querySelectorAll("output");
  const facts = el.querySelector(".facts");
  const people = el.querySelector("p");

  const isStale = () => MOVED.some((name) => model.get("facts")[name] !== model.get(name));
  const draw = () => {
    const x = toX(model.get("threshold"));
    svg.querySelector(".cut").setAttribute("x1", x);
    svg.querySelector(".cut").setAttribute("x2", x);
    threshold.value = model.get("threshold");
    prevalence.value = toPosition(model.get("prevalence"));
    risk.value = toPosition(model.get("risk_threshold"));
    const said = [model.get("threshold").toFixed(3), percent(model.get("prevalence")), percent(model.get("risk_threshold"))];
    said.forEach((text, i) => {
      outputs[i].textContent = text;
      inputs[i].setAttribute("aria-valuetext", text);
    });
    const measured = model.get("facts");
    // The line follows the pointer; the numbers follow when the kernel has counted.
    facts.classList.toggle("stale", isStale());
    facts.innerHTML = tables(measured, model.get("class_names"));
    if (!isStale() && people.textContent !== measured.people) people.textContent = measured.people; // else it is read aloud again
  };
  let moved = false;
  let patience;
  const changed = () => {
    moved = true;
    clearTimeout(patience);
    patience = setTimeout(() => isStale() && (people.textContent = SILENT), SILENT_MS);
    draw();
    model.save_changes();
  };
  // The kernel then keeps a picture of what was left: not before, for the page draws the widget anew.
  const leave = (to) => {
    if (!moved || el.contains(to)) return;
    moved = false;
    model.set("left", model.get("left") + 1);
    model.save_changes();
  };
  el.addEventListener("focusout", (event) => leave(event.relatedTarget));
  el.addEventListener("pointerleave", () => leave(document.activeElement));
  threshold.addEventListener("input", () => (model.set("threshold", Number(threshold.value)), changed()));
  prevalence.addEventListener("input", () => (model.set("prevalence", fromPosition(Number(prevalence.value))), changed()));
  risk.addEventListener("input", () => (model.set("risk_threshold", fromPosition(Number(risk.value))), changed()));
  const drag = (event) => {
    if (event.buttons !== 1) return;
    model.set("threshold", fromX(event.offsetX));
    changed();
  };
  svg.addEventListener("pointerdown", drag);
  svg.addEventListener("pointermove", drag);
  draw();
  model.on("change:facts", draw);
  model.on("change:threshold", draw);
  return () => {
    clearTimeout(patience);
    model.off("change:facts", draw);
    model.off("change:threshold", draw);
  };
}

export default { render };
