/** Made-up motions of a wrist, for the example: standing, walking, turning. In: a seed. Out: a CSV of 3-d accelerations. */
import { random } from "polyvae";

export const activities = ["still", "walk", "turn"] as const;
const samples = 24;

/** Of twenty rows one lacks the motion and one its name; of forty series one is shorter than the others. */
export function motions(rows: number, seed = 0): string {
  const rng = random(seed, "motions");
  const lines = ["motion,activity"];
  for (let i = 0; i < rows; i++) {
    const [kind, phase, pace] = [i % 3, rng.uniform(), 0.9 + 0.1 * rng.uniform()];
    const swing = (t: number, strength: number) => strength * Math.sin(pace * t + phase) + 0.2 * rng.normal();
    const length = i % 40 === 7 ? samples - 4 : samples;
    const series = Array.from({ length }, (_, t) => [
      swing(t, kind === 2 ? 4 : 0),
      swing(t + 1, kind === 2 ? 4 : 0),
      9.8 + swing(t, kind === 1 ? 5 : 0),
    ]);
    const motion =
      i % 20 === 11
        ? ""
        : `"[${series
            .flat()
            .map((x) => x.toFixed(2))
            .join(", ")}]"`;
    lines.push(`${motion},${i % 20 === 13 ? "" : activities[kind]!}`);
  }
  return `${lines.join("\n")}\n`;
}
