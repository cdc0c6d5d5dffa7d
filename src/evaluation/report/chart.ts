/**
 * @file Charts as inline SVG whose colours come from the page's style, so that they follow light and dark.
 * In: numbers. Out: HTML with a description for those who cannot see it.
 */
import { figure, type Html, html } from "./html.ts";

type Point = readonly [number, number];

export interface Line {
  readonly name: string;
  /** Class of the page's style. */
  readonly style: "main" | "faint";
  readonly points: readonly Point[];
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
}

const margin = { left: 52, right: 12, top: 10, bottom: 24 };

/** Lines over epochs, with the best one marked. */
export function lineChart(title: string, lines: readonly Line[], mark: number | undefined): Html | undefined {
  const points = lines.flatMap((line) => line.points);
  if (points.length === 0) return undefined;
  const xs = points.map(([x]) => x);
  const ys = points.map(([, y]) => y);
  const [low, high] = [Math.min(...xs), Math.max(...xs)];
  const yTicks = niceTicks(lowerFence(ys), Math.max(...ys), 4);
  const frame = frameOf(360, 190, [low, Math.max(high, low + 1)], [yTicks[0]!, yTicks.at(-1)!]);
  const bottom = frame.height - margin.bottom;
  return html`<figure class="chart"><figcaption>${title}</figcaption>
<svg viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-label="${title}: ${describe(lines)}">
${yTicks.map((tick) => html`<line class="grid" x1="${margin.left}" x2="${frame.width - margin.right}" y1="${round(frame.y(tick))}" y2="${round(frame.y(tick))}"/><text class="tick" x="${margin.left - 7}" y="${round(frame.y(tick) + 3.5)}" text-anchor="end">${figure(tick, 4)}</text>`)}
${epochTicks(low, high).map((tick) => html`<text class="tick" x="${round(frame.x(tick))}" y="${frame.height - 7}" text-anchor="middle">${tick}</text>`)}
${mark === undefined ? undefined : html`<line class="mark" x1="${round(frame.x(mark))}" x2="${round(frame.x(mark))}" y1="${margin.top}" y2="${bottom}"><title>best epoch: ${mark}</title></line>`}
${lines.map((line) => html`<polyline class="line ${line.style}" points="${path(line.points, frame, yTicks[0]!)}"/>`)}
${lines.flatMap((line) => line.points.map(([x, y]) => html`<circle class="hover" cx="${round(frame.x(x))}" cy="${round(frame.y(Math.max(y, yTicks[0]!)))}" r="5"><title>epoch ${x}, ${line.name}: ${figure(y, 5)}</title></circle>`))}
</svg></figure>`;
}

/** The first epochs may lie far below all others: the axis starts where the curve can still be read. */
function lowerFence(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]!;
  return Math.max(sorted[0]!, at(0.5) - 4 * (at(1) - at(0.5)) - 1e-9);
}

const path = (points: readonly Point[], { x, y }: Frame, floor: number): string =>
  points.map(([a, b]) => `${round(x(a))},${round(y(Math.max(b, floor)))}`).join(" ");

const describe = (lines: readonly Line[]): string =>
  lines
    .filter(({ points }) => points.length > 0)
    .map(({ name, points }) => `${name} from ${figure(points[0]![1])} to ${figure(points.at(-1)![1])}`)
    .join("; ");

export interface Dot {
  readonly x: number;
  readonly y: number;
  /** Number of its group; -1 for none. */
  readonly group: number;
  /** Number of its shape: circle, square, triangle, diamond; then circles again. */
  readonly shape: number;
  readonly title: string;
}

/** A map: places without axes, coloured by group. */
export function scatter(
  title: string,
  dots: readonly Dot[],
  groups: readonly string[],
  shapes: readonly string[],
): Html {
  const [xs, ys] = [dots.map(({ x }) => x), dots.map(({ y }) => y)];
  const frame = { width: 760, height: 520 };
  const scale = (values: readonly number[], size: number) => {
    const [low, high] = [Math.min(...values), Math.max(...values)];
    return (value: number) => 14 + ((value - low) / Math.max(high - low, 1e-9)) * (size - 28);
  };
  const [x, y] = [scale(xs, frame.width), scale(ys, frame.height)];
  const radius = Math.max(2.2, Math.min(5.5, 90 / Math.sqrt(dots.length)));
  return html`<figure class="map"><svg viewBox="0 0 ${frame.width} ${frame.height}" role="img" aria-label="${title}">
${dots.map((dot) => html`<path class="dot" d="${shapeAt(dot.shape, x(dot.x), y(dot.y), radius)}" fill="${colourOf(dot.group)}"><title>${dot.title}</title></path>`)}
</svg><figcaption class="legend">${groups.map((name, i) => html`<span><i style="background:${colourOf(i)}"></i>${name}</span>`)}${shapes.map((name, i) => html`<span><svg viewBox="0 0 12 12" aria-hidden="true"><path d="${shapeAt(i, 6, 6, 4.5)}"/></svg>${name}</span>`)}</figcaption></figure>`;
}

/** Shapes of about equal area. */
function shapeAt(shape: number, x: number, y: number, r: number): string {
  const corners = (points: readonly Point[]) =>
    `M${points.map(([dx, dy]) => `${round(x + dx * r)},${round(y + dy * r)}`).join("L")}Z`;
  const shapes = [
    () =>
      `M${round(x - r)},${round(y)}a${round(r)},${round(r)} 0 1 0 ${round(2 * r)},0a${round(r)},${round(r)} 0 1 0 ${round(-2 * r)},0Z`,
    () =>
      corners([
        [-0.9, -0.9],
        [0.9, -0.9],
        [0.9, 0.9],
        [-0.9, 0.9],
      ]),
    () =>
      corners([
        [0, -1.25],
        [1.2, 0.9],
        [-1.2, 0.9],
      ]),
    () =>
      corners([
        [0, -1.25],
        [1.25, 0],
        [0, 1.25],
        [-1.25, 0],
      ]),
  ];
  return shapes[shape % shapes.length]!();
}

/** Ten hues that stay apart on light and dark ground; more groups go round the wheel. */
const hues = [
  "#4269d0",
  "#e0a000",
  "#ff6b57",
  "#4fb3a1",
  "#3ca951",
  "#ff8ab7",
  "#a463f2",
  "#7fb2f0",
  "#a8734f",
  "#8b8f98",
];

export const colourOf = (group: number): string =>
  group < 0 ? "#8b8f98" : (hues[group] ?? `hsl(${Math.round((group * 137.5) % 360)} 62% 55%)`);

/** A horizontal bar of a share, with a thin line where the baseline stands. */
export const bar = (share: number, label: string, baseline?: number): Html =>
  html`<span class="bar" role="img" aria-label="${label}"><b style="width:${round(100 * clamp(share))}%"></b>${
    baseline === undefined ? undefined : html`<em style="left:${round(100 * clamp(baseline))}%"></em>`
  }</span>`;

const clamp = (share: number) => Math.max(0, Math.min(1, share));
const round = (value: number) => Math.round(value * 10) / 10;

function frameOf(width: number, height: number, [x0, x1]: Point, [y0, y1]: Point): Frame {
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  return {
    width,
    height,
    x: (value) => margin.left + ((value - x0) / (x1 - x0)) * inner.width,
    y: (value) => margin.top + (1 - (value - y0) / (y1 - y0)) * inner.height,
  };
}

/** About `count` round numbers that cover low..high. */
export function niceTicks(low: number, high: number, count: number): number[] {
  const raw = Math.max(high - low, Math.abs(high) * 1e-6, 1e-9) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((n) => n * power).find((size) => size >= raw) ?? raw;
  const first = Math.floor(low / step);
  const last = Math.max(first + 1, Math.ceil(high / step));
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

const epochTicks = (low: number, high: number): number[] =>
  niceTicks(low, high, 5).filter((tick) => tick >= low && tick <= high && Number.isInteger(tick));
