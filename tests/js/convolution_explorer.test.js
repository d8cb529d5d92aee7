import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as explorer from "../../widgets/medlab_widgets/static/convolution_explorer.js";

const VECTORS = JSON.parse(readFileSync(new URL("convolution_vectors.json", import.meta.url)));
const near = (actual, expected) => {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-8, `${value} ${expected[i]}`));
};

for (const { name, image, kernel, stride, padding, map, max, mean } of VECTORS)
  test(`the map is NumPy's: ${name}`, () => {
    const shape = [image.length, image[0].length, image[0][0].length];
    const setting = { kernel, stride, padding };
    const pixels = Float32Array.from(image.flat(2));
    const shown = explorer.convolve(pixels, shape, setting);
    assert.deepEqual([shown.height, shown.width], [map.length, map[0].length]);
    near([...shown.values], map.flat());
    near([...explorer.pool(shown, "max").values], max.flat());
    near([...explorer.pool(shown, "mean").values], mean.flat());
    for (const [row, column] of [[0, 0], [shown.height - 1, shown.width - 1]]) {
      const products = [];
      const sum = explorer.windowSum(pixels, shape, setting, row, column, ({ product }) => products.push(product));
      near([sum], [map[row][column]]);
      near([products.reduce((total, product) => total + product, 0)], [sum]);
    }
  });

test("a kernel that does not fit has no map", () => {
  const kernel = Array.from({ length: 5 }, () => Array.from({ length: 5 }, () => [1]));
  assert.deepEqual(explorer.sizes([3, 9, 1], kernel, 1, 0), [0, 5]);
  assert.equal(explorer.convolve(new Float32Array(27), [3, 9, 1], { kernel, stride: 1, padding: 0 }).values.length, 0);
});

test("mid-gray is 0 where the sign counts", () => {
  assert.deepEqual(explorer.grays([-1, 0, 4], true), [96, 128, 255]);
  assert.deepEqual(explorer.grays([2, 3, 4], false), [0, 128, 255]);
  assert.deepEqual(explorer.grays([0, 0], true), [0, 0]);
});

test("every kernel to choose is 3 x 3, and those that look for changes add up to 0", () => {
  for (const [name, weights] of Object.entries(explorer.PRESETS)) {
    assert.deepEqual([weights.length, ...weights.map((line) => line.length)], [3, 3, 3, 3]);
    const sum = weights.flat().reduce((a, b) => a + b);
    assert.ok(Math.abs(sum - (/edges|spots/.test(name) ? 0 : 1)) < 1e-12, name);
  }
});

test("a kernel that is a preset in all channels has its name", () => {
  const twice = explorer.PRESETS.sharpen.map((line) => line.map((weight) => [weight, weight]));
  assert.equal(explorer.presetOf(twice), "sharpen");
  twice[0][0] = [0, 1];
  assert.equal(explorer.presetOf(twice), "your own");
  assert.equal(explorer.presetOf([[[1]]]), "your own");
});
