// An image with a map over it: see MapView in map_view.py. The page lays one over the other.

/** What the measures below a map are; see medlab.evaluation.evidence. */
export const ABOUT = {
  "completeness error":
    "Some methods promise that the map adds up to the difference between the output of the image and that of the " +
    "baseline. A sum that is off was computed too coarsely. One that is right proves nothing about the network.",
  deletion:
    "The mean output while pixels are replaced by the baseline, those first that the map names first. Low is good, " +
    "but only beside random orders. A map of patches has a high figure, as patches disturb a network less than pixels.",
  "random weights":
    "The weights of a copy of the network become random. A map that depends on what was learned must change: the " +
    "rank correlation of both maps must end below 0.5, either way. To pass this test proves little, to fail it is a warning.",
};

/** Lay a map over an image, both RGBA of one size, the image opaque; an empty map leaves the image. */
export function blend(image, map, opacity) {
  const out = Uint8ClampedArray.from(image);
  for (let at = 0; at < map.length; at += 4) {
    const share = (opacity * map[at + 3]) / 255;
    for (let i = at; i < at + 3; i++) out[i] = Math.round(image[i] * (1 - share) + map[i] * share);
  }
  return out;
}

/** What somebody who cannot see the picture is told. */
export function described(heading, ends, opacity) {
  if (!ends.length) return `${heading}: the image, without a map`;
  const [low, high] = [ends[0][1], ends[ends.length - 1][1]];
  return `${heading}: the image, and over it the map from ${low} to ${high}, opacity ${Math.round(100 * opacity)} %`;
}

const STYLE = `
.medlab-map { font-size: 12px; width: 100%; }
.medlab-map figure { margin: 0; }
.medlab-map canvas { display: block; width: 100%; image-rendering: pixelated; }
.medlab-map .bar { height: 12px; margin-top: 6px; }
.medlab-map .ends { display: flex; justify-content: space-between; font-variant-numeric: tabular-nums; }
.medlab-map p { margin: 4px 0; }
.medlab-map [role=alert] { border-left: 4px solid #D55E00; padding-left: 8px; font-weight: 600; }
.medlab-map details { margin: 3px 0; }
.medlab-map summary { cursor: pointer; }
`;

const gray = (count) => Uint8ClampedArray.from({ length: 4 * count }, (_, i) => (i % 4 === 3 ? 255 : 128));
const bytes = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);

function render({ model, el }) {
  el.innerHTML =
    `<style>${STYLE}</style><div class="medlab-map"><figure><figcaption></figcaption>` +
    `<canvas role="img" data-testid="map"></canvas><canvas class="bar" aria-hidden="true"></canvas></figure>` +
    `<div class="ends"></div><p role="alert"></p><div class="rows"></div></div>`;
  // The arrows are the widget's; Ctrl+S and its like stay JupyterLab's.
  el.addEventListener("keydown", (event) => event.ctrlKey || event.metaKey || event.stopPropagation());
  const find = (part) => el.querySelector(`.medlab-map ${part}`);
  const [caption, picture, bar] = ["figcaption", "canvas", "canvas.bar"].map(find);
  const [ends, problem, rows] = [".ends", "[role=alert]", ".rows"].map(find);

  const paint = (canvas, width, height, pixels) => {
    [canvas.width, canvas.height] = [width, height];
    if (pixels.length) canvas.getContext("2d").putImageData(new ImageData(pixels, width, height), 0, 0);
  };
  const label = () =>
    picture.setAttribute("aria-label", described(model.get("heading"), model.get("ends"), model.get("opacity")));
  const draw = () => {
    const [height, width] = model.get("shape");
    paint(picture, width, height, blend(bytes(model.get("pixels")), bytes(model.get("colors")), model.get("opacity")));
    label();
  };
  const write = () => {
    label();
    const scale = bytes(model.get("bar"));
    bar.style.visibility = ends.style.visibility = scale.length ? "visible" : "hidden";
    if (scale.length) paint(bar, scale.length / 4, 1, blend(gray(scale.length / 4), scale, 1));
    ends.replaceChildren(...model.get("ends").map(([, number]) => Object.assign(document.createElement("span"), { textContent: number })));
    caption.textContent = model.get("heading");
    problem.textContent = model.get("problem");
    problem.hidden = !problem.textContent;
    const told = model.get("rows");
    if (rows.children.length !== told.length)
      rows.innerHTML = told.map(() => "<details><summary></summary><p></p></details>").join("");
    // Written into what is there: an explanation that was unfolded stays so.
    told.forEach(([name, figure], n) => {
      rows.children[n].querySelector("summary").textContent = `${name}: ${figure}`;
      rows.children[n].querySelector("p").textContent = ABOUT[name];
    });
  };
  let root = null;
  const leave = (event) => {
    if (root.contains(event.relatedTarget)) return;
    model.set("left", model.get("left") + 1);
    model.save_changes();
  };
  // Only then is it part of the panel.
  const timer = setTimeout(() => (root = el.closest(".medlab-panel"))?.addEventListener("focusout", leave), 300);
  draw();
  write();
  const drawn = ["change:pixels", "change:colors", "change:opacity", "change:shape"];
  const written = ["change:heading", "change:ends", "change:bar", "change:rows", "change:problem"];
  drawn.forEach((name) => model.on(name, draw));
  written.forEach((name) => model.on(name, write));
  return () => {
    clearTimeout(timer);
    root?.removeEventListener("focusout", leave);
    drawn.forEach((name) => model.off(name, draw));
    written.forEach((name) => model.off(name, write));
  };
}

export default { render };
