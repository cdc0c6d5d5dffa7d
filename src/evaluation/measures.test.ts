import { expect, test } from "vitest";
import { uncertainty } from "../uses/impute.ts";
import { nearest, unitRows } from "../uses/search.ts";
import { greatest } from "./classifier.ts";
import { isCompetent } from "./coherence.ts";
import { rankedScore } from "./imputation.ts";
import { readLabels } from "./labels.ts";
import { niceTicks } from "./report/chart.ts";
import { base64, figure, html, percent } from "./report/html.ts";
import { spectrogram } from "./report/media.ts";
import { project } from "./report/projection.ts";
import { characterErrorRate, commonest, editDistance } from "./spelling.ts";

test("nearest: by cosine, not by length; skipped pairs are not found; ties in order", () => {
  const candidates = Float32Array.of(10, 0, 0, 1, 1, 1, -1, 0, 3, 0);
  const found = nearest(Float32Array.of(1, 0), candidates, 2, 3);
  expect(found[0]!.map(({ index }) => index)).toEqual([0, 4, 2]);
  expect(found[0]![2]!.similarity).toBeCloseTo(Math.SQRT1_2, 6);
  const skipped = nearest(Float32Array.of(1, 0), candidates, 2, 2, (_, index) => index === 0);
  expect(skipped[0]!.map(({ index }) => index)).toEqual([4, 2]);
  expect(Array.from(unitRows(Float32Array.of(0, 0, 3, 4), 2))).toEqual([
    0,
    0,
    expect.closeTo(0.6),
    expect.closeTo(0.8),
  ]);
});

test("nearest: fewer candidates than asked for", () => {
  expect(nearest(Float32Array.of(1, 0), Float32Array.of(0, 1), 2, 5)[0]).toHaveLength(1);
});

test("uncertainty: numbers and dates have an interval, words have shares", () => {
  expect(uncertainty(Array.from({ length: 101 }, (_, i) => i))).toEqual({
    low: expect.closeTo(4.1),
    high: expect.closeTo(95.9),
  });
  expect(uncertainty(["2020-01-01", "2020-03-01", "2020-02-01"])).toEqual({ low: "2020-01-01", high: "2020-03-01" });
  expect(uncertainty(["a", "b", "a", "a"])).toEqual({ probabilities: { a: 0.75, b: 0.25 } });
  expect(uncertainty([])).toBeUndefined();
});

test("continuous ranked probability score: known values", () => {
  // A point mass scores its absolute error; two points one apart score 1/2 - 1/4 at either of them.
  expect(rankedScore(3, [5, 5, 5])).toBeCloseTo(2);
  expect(rankedScore(0, [0, 1])).toBeCloseTo(0.25);
  const pairs = [0.3, -1, 2, 0.7, 0.1];
  const direct =
    pairs.reduce((a, x) => a + Math.abs(x - 0.5), 0) / 5 -
    pairs.flatMap((x) => pairs.map((y) => Math.abs(x - y))).reduce((a, b) => a + b, 0) / 50;
  expect(rankedScore(0.5, pairs)).toBeCloseTo(direct, 12);
});

test("spelling", () => {
  expect(editDistance("kitten", "sitting")).toBe(3);
  expect(editDistance("", "abc")).toBe(3);
  expect(characterErrorRate(["seven", "two"], ["seven", "too"])).toBeCloseTo(1 / 8);
  expect(commonest(["b", "a", "a"])).toBe("a");
  expect(commonest([])).toBeUndefined();
});

test("labels: classes in order, or a reason", () => {
  expect(readLabels({ digit: [10, 2, null, 2] }, "digit")).toEqual({
    column: "digit",
    classes: ["2", "10"],
    of: Int32Array.of(1, 0, -1, 0),
  });
  expect(readLabels({ digit: [1, 1] }, "digit")).toEqual({ reason: expect.stringContaining("fewer than two") });
  expect(readLabels({ x: Array.from({ length: 300 }, (_, i) => i / 7) }, "x")).toEqual({
    reason: expect.stringContaining("300 different values"),
  });
  expect(readLabels({}, "x")).toEqual({ reason: 'the data has no column "x"' });
});

test("a judge is trusted by what it adds to naming the commonest class", () => {
  expect(isCompetent({ accuracy: 0.9, chance: 0.1 })).toBe(true);
  expect(isCompetent({ accuracy: 0.7, chance: 0.1 })).toBe(false);
  expect(isCompetent({ accuracy: 0.96, chance: 0.95 })).toBe(false);
});

test("the greatest score of each row", () => {
  expect(Array.from(greatest(Float32Array.of(1, 3, 2, 9, 0, 0), 3))).toEqual([1, 0]);
});

test("figures are short and true", () => {
  expect([0, 0.04321, -12.345, 1234.5, 2282251].map((value) => figure(value))).toEqual([
    "0",
    "0.0432",
    "−12.3",
    "1,230",
    "2,280,000",
  ]);
  expect([0.5, 0.0123, 1, 0.999].map(percent)).toEqual(["50\u00a0%", "1.2\u00a0%", "100\u00a0%", "99.9\u00a0%"]);
  expect(html`<p title="${'a"b'}">${["<", html`<b>&</b>`]}</p>`.html).toBe('<p title="a&quot;b">&lt;<b>&</b></p>');
  expect(base64(Uint8Array.from({ length: 20_000 }, (_, i) => i))).toBe(
    Buffer.from(Uint8Array.from({ length: 20_000 }, (_, i) => i)).toString("base64"),
  );
  expect(niceTicks(-628, -502, 4)).toEqual([-650, -600, -550, -500]);
});

test("a tone is a bright line in its spectrogram", () => {
  const rate = 8000;
  const tone = {
    rate,
    samples: Float32Array.from({ length: rate / 2 }, (_, i) => Math.sin((2 * Math.PI * 1000 * i) / rate)),
  };
  const { width, height, pixels } = spectrogram(tone);
  const brightness = Array.from({ length: height }, (_, row) => pixels[3 * (row * width + width / 2)]!);
  const bright = brightness.flatMap((value, row) => (value > 200 ? [row] : []));
  expect(bright.length).toBeGreaterThan(0);
  expect(Math.max(...bright) - Math.min(...bright)).toBeLessThan(12);
});

test("the map keeps neighbourhoods, replays from its seed and puts equal rows on one place", () => {
  const groups = Float32Array.from(
    { length: 60 * 3 },
    (_, i) => (Math.floor(i / 90) === 0 ? 0 : 5) + Math.sin(i * 12.9898) / 5,
  );
  const { method, points } = project([groups, groups.slice(0, 3)], 3, 1);
  expect(method).toBe("UMAP");
  expect(points[60]).toEqual(points[0]);
  expect(project([groups, groups.slice(0, 3)], 3, 1).points).toEqual(points);
  const distance = (a: number, b: number) => Math.hypot(points[a]![0] - points[b]![0], points[a]![1] - points[b]![1]);
  const mean = (pairs: [number, number][]) => pairs.reduce((sum, [a, b]) => sum + distance(a, b), 0) / pairs.length;
  const within = mean(Array.from({ length: 29 }, (_, i) => [i, i + 1]));
  const across = mean(Array.from({ length: 29 }, (_, i) => [i, i + 30]));
  expect(across).toBeGreaterThan(1.5 * within);
  expect(project([groups.slice(0, 30)], 3, 1).method).toBe("PCA");
});
