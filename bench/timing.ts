/** @file CPU and wall time of work, and medians. In: work to be done. Out: milliseconds a step. */

export interface Times {
  /** Of the whole process: workers and ONNX Runtime's threads included. */
  readonly cpuMs: number;
  readonly wallMs: number;
}

export async function timed(work: () => Promise<void>, steps: number): Promise<Times> {
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(cpu);
  return { cpuMs: (user + system) / 1e3 / steps, wallMs: (performance.now() - wall) / steps };
}

export const medianTimes = (times: readonly Times[]): Times => ({
  cpuMs: median(times.map(({ cpuMs }) => cpuMs)),
  wallMs: median(times.map(({ wallMs }) => wallMs)),
});

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
