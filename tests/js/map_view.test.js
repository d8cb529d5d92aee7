import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { ABOUT, blend, described } from "../../widgets/medlab_widgets/static/map_view.js";

const VECTORS = JSON.parse(readFileSync(new URL("map_vectors.json", import.meta.url)));

for (const { name, image, map, opacity, blended } of VECTORS)
  test(`the page lays a map over an image as NumPy does: ${name}`, () => {
    assert.deepEqual([...blend(Uint8Array.from(image), Uint8Array.from(map), opacity)], blended);
  });

test("without a map the image stays as it is", () => {
  assert.deepEqual([...blend([10, 20, 30, 255], [], 1)], [10, 20, 30, 255]);
});

test("a picture is told in words", () => {
  assert.equal(described("saliency", [], 1), "saliency: the image, without a map");
  const ends = [[0, "-0.2"], [0.5, "0"], [1, "0.2"]];
  assert.equal(described("saliency", ends, 0.35), "saliency: the image, and over it the map from -0.2 to 0.2, opacity 35 %");
});

test("every measure that Python names is explained", () => {
  assert.deepEqual(Object.keys(ABOUT), ["completeness error", "deletion", "random weights"]);
});
