// Curves from plain numbers: see LiveCharts in live_charts.py. The functions are pure, so `node --test` calls them.

export const SIZE = { width: 340, height: 230, left: 56, right: 12, top: 10, bottom: 42 };
const MARKED = 40; // points up to which each is marked

export function escape(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}

/** Lowest and highest of the numbers; a single value gets room on both sides. */
export function extent(values) {
  if (!values.length) return [0, 1];
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (low < high) return [low, high];
  const room = Math.abs(low) / 10 || 0.5;
  return [low - room, high + room];
}

/** Round numbers between low and high, about `wanted` of them: 1, 2 or 5 times a power of ten apart. */
export function ticks(low, high, wanted = 5, integers = false) {
  const rough = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= rough * 0.999);
  if (integers) step = Math.max(1, Math.round(step));
  const positions = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) positions.push(i * step || 0); // not -0
  return positions;
}

/** A tick as text, without the rounding errors of its sum. */
export function label(value) {
  return String(Number(value.toPrecision(6)));
}

/** Map numbers from [low, high] to pixels from `start` to `end`. */
export function scale(low, high, start, end) {
  return (value) => start + ((value - low) / (high - low)) * (end - start);
}

/** The path of a curve: "M x y L x y ...". */
export function path(xs, ys, toX, toY) {
  return xs.map((x, i) => `${i ? "L" : "M"}${toX(x).toFixed(1)} ${toY(ys[i]).toFixed(1)}`).join(" ");
}

function axes(chart, toX, toY, xTicks, yTicks) {
  const { width, height, left, right, bottom, top } = SIZE;
  const parts = [];
  for (const y of yTicks) {
    parts.push(`<line x1="${left}" x2="${width - right}" y1="${toY(y)}" y2="${toY(y)}" class="grid"/>`);
    parts.push(`<text x="${left - 6}" y="${toY(y) + 4}" text-anchor="end">${label(y)}</text>`);
  }
  for (const x of xTicks) {
    parts.push(`<line x1="${toX(x)}" x2="${toX(x)}" y1="${top}" y2="${height - bottom}" class="grid"/>`);
    parts.push(`<text x="${toX(x)}" y="${height - bottom + 15}" text-anchor="middle">${label(x)}</text>`);
  }
  const middle = (top + height - bottom) / 2;
  const across = (left + width - right) / 2;
  parts.push(`<text x="${across}" y="${height - 8}" text-anchor="middle">${escape(chart.x_label)}</text>`);
  parts.push(
    `<text transform="translate(12 ${middle}) rotate(-90)" text-anchor="middle">${escape(chart.y_label)}</text>`,
  );
  return parts.join("");
}

function curve(line, toX, toY) {
  const dash = line.dashed ? ' stroke-dasharray="6 4"' : "";
  const d = path(line.x, line.y, toX, toY);
  const marks = line.x.length > MARKED ? [] : line.x.map((x, i) => [toX(x), toY(line.y[i])]);
  const dots = marks.map(([x, y]) => `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="2.5" fill="${line.color}"/>`);
  return (
    `<path d="${d}" fill="none" stroke="${line.color}" stroke-width="1.8"${dash} ` +
    `data-points="${line.x.length}"/>${dots.join("")}`
  );
}

/** One chart as the text of an SVG. */
export function drawing(chart) {
  const { width, height, left, right, top, bottom } = SIZE;
  const drawn = chart.lines.filter((line) => line.x.length);
  const xs = drawn.flatMap((line) => line.x);
  const [x0, x1] = extent(chart.mark === null ? xs : [...xs, chart.mark]);
  const [y0, y1] = extent(drawn.flatMap((line) => line.y));
  const pad = (y1 - y0) * 0.06;
  const toX = scale(x0, x1, left, width - right);
  const toY = scale(y0 - pad, y1 + pad, height - bottom, top);
  const empty = drawn.length ? "" : `<text x="${width / 2}" y="${height / 2}" text-anchor="middle">nothing yet</text>`;
  const mark =
    chart.mark === null || !drawn.length
      ? ""
      : `<line x1="${toX(chart.mark)}" x2="${toX(chart.mark)}" y1="${top}" y2="${height - bottom}" class="mark"/>`;
  const frame = drawn.length ? axes(chart, toX, toY, ticks(x0, x1, 5, true), ticks(y0 - pad, y1 + pad, 4)) : empty;
  return (
    `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">` +
    `${frame}${mark}${drawn.map((line) => curve(line, toX, toY)).join("")}</svg>`
  );
}

/** The names of a chart's curves with a piece of each line. */
export function legend(chart) {
  const piece = (color, dash) =>
    `<svg width="26" height="10"><line x1="0" x2="26" y1="5" y2="5" stroke="${color}" stroke-width="2" ${dash}/></svg>`;
  const named = chart.lines.filter((line) => line.name && line.x.length);
  const items = named.map((line) => [piece(line.color, line.dashed ? 'stroke-dasharray="6 4"' : ""), line.name]);
  if (chart.mark !== null && chart.mark_name) items.push([piece("#666666", 'stroke-dasharray="2 3"'), chart.mark_name]);
  return items.map(([line, name]) => `<span>${line} ${escape(name)}</span>`).join("");
}

const STYLE = `
.medlab-charts { display: flex; flex-wrap: wrap; gap: 4px 12px; font-size: 12px; }
.medlab-charts figure { margin: 0; }
.medlab-charts figcaption { display: flex; flex-wrap: wrap; gap: 2px 12px; padding-left: 56px; max-width: 284px; }
.medlab-charts text { fill: currentColor; font-size: 11px; }
.medlab-charts .grid { stroke: currentColor; stroke-opacity: 0.15; }
.medlab-charts .mark { stroke: #666666; stroke-dasharray: 2 3; }
`;

function render({ model, el }) {
  const draw = () => {
    const figures = model.get("charts").map((chart) => {
      const caption = legend(chart);
      return `<figure>${drawing(chart)}<figcaption>${caption}</figcaption></figure>`;
    });
    const box = `<div class="medlab-charts" role="img" data-testid="charts" aria-label="${escape(model.get("alt"))}">`;
    el.innerHTML = `<style>${STYLE}</style>${box}${figures.join("")}</div>`;
  };
  draw();
  model.on("change:charts", draw);
  model.on("change:alt", draw);
  return () => {
    model.off("change:charts", draw);
    model.off("change:alt", draw);
  };
}

export default { render };
