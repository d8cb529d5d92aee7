import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as viewer from "../../widgets/medlab_widgets/static/slice_viewer.js";

const VECTORS = JSON.parse(readFileSync(new URL("slice_vectors.json", import.meta.url)));
const { info, array, position, planes, world } = VECTORS;
const near = (actual, expected, allowed) =>
  actual.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) <= allowed, `${i}: ${value}, not ${expected[i]}`));
const typed = ([image, ...others]) => [Int16Array.from(image), ...others.map((values, i) => (info.layers[i].is_mask ? Uint8Array : Int16Array).from(values))];

test("a window gives the grays of medlab.data.intensity.window", () => {
  for (const { center, width, values, gray } of VECTORS.gray)
    near(values.map((value) => viewer.gray(value, center, width)), gray, 1e-7);
  // Stored -300 is -300 / 2 + 100 = -50; in a window of 50 and 400 that is 1/4, and 255 / 4 is 64 = 0x40.
  assert.equal(viewer.grayTable({ slope: 0.5, intercept: 100, range: [-50, 90] }, 50, 400)[32768 - 300], 0xff404040);
});

for (const { axis, stored, filled, outlined } of planes) {
  const [image, ...others] = typed(stored);
  const columns = filled[0].length;
  const pixels = filled.flatMap((line, row) => line.map((_, column) => [row, column]));

  test(`the plane across axis ${axis} has the volume's voxels where Python has them`, () => {
    for (const [row, column] of pixels) {
      const voxel = viewer.toVoxel(axis, row, column, position, info.shape);
      const value = image[row * columns + column] * info.slope + info.intercept;
      assert.equal(value, array[(voxel[0] * info.shape[1] + voxel[1]) * info.shape[2] + voxel[2]]);
      assert.deepEqual(viewer.toPixel(axis, voxel, info.shape), [row, column]);
    }
  });

  for (const [look, expected] of [["filled", filled], ["outlined", outlined]])
    test(`masks and attributions are Python's: axis ${axis}, ${look}`, () => {
      const table = viewer.grayTable(info, 30, 70);
      const rgba = new Uint8ClampedArray(Uint32Array.from(image, (value) => table[value + 32768]).buffer);
      viewer.layOver(rgba, columns, others, info.layers, [[true, 0.5], [true, 0.5]], look === "outlined");
      near(pixels.flatMap((_, at) => [...rgba.slice(4 * at, 4 * at + 3)]), expected.flat(2), 1.01);
    });
}

test("a voxel lies where the affine says", () => {
  for (const { voxel, mm } of world) near(viewer.toWorld(voxel, info), mm, 1e-9);
});

test("a chest is seen from the feet: the patient's right is on the left, the front on top", () => {
  const axial = [[0, 0, 1], [0, 1, 0], [1, 0, 0]];
  assert.deepEqual(viewer.sides(0, axial), ["R", "L", "A", "P"]);
  assert.deepEqual(viewer.sides(1, axial), ["R", "L", "S", "I"]);
  assert.deepEqual(viewer.sides(2, axial), ["A", "P", "S", "I"]);
  assert.deepEqual([0, 1, 2].map((axis) => viewer.planeName(axis, axial)), ["axial", "coronal", "sagittal"]);
  const mirrored = [[0, 0, -1], [0, 1, 0], [1, 0, 0]];
  assert.deepEqual(viewer.sides(0, mirrored), ["L", "R", "A", "P"]);
  const sagittal = [[1, 0, 0], [0, 0, 1], [0, -1, 0]];
  assert.equal(viewer.planeName(0, sagittal), "sagittal");
  assert.deepEqual(viewer.sides(0, sagittal), ["A", "P", "S", "I"]);
  assert.equal(viewer.planeName(1, null), "across y");
});
