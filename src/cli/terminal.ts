/**
 * @file What a command says. In: results, notes and progress. Out: results on stdout, as text or as one JSON document; everything
 * else on stderr, where a terminal shows a bar and a log gets a line now and then.
 */
import { SingleBar } from "cli-progress";

export interface OutputOptions {
  readonly json?: true;
  readonly quiet?: true;
}

export interface Terminal {
  /** The answer: `text` for people, `value` for `--json`. */
  result(text: string, value: unknown): void;
  /** A line on the way, unless `--quiet`. */
  note(line: string): void;
  progress(what: string): Progress;
  /** Columns that fit on a line; a file or a pipe has room for all. */
  readonly width: number;
}

export interface Progress {
  /** @param share done, 0..1 @param detail what is being done */
  update(share: number, detail?: string): void;
  end(): void;
}

/** Seconds between lines where no bar can be drawn. */
const lineEvery = 4;

export function terminalFor({ json, quiet }: OutputOptions): Terminal {
  const note = (line: string) => {
    if (!quiet) process.stderr.write(`${line}\n`);
  };
  return {
    result: (text, value) =>
      void process.stdout.write(
        json ? `${JSON.stringify(value, undefined, 1)}\n` : text.endsWith("\n") ? text : `${text}\n`,
      ),
    note,
    progress: (what) => {
      if (quiet) return { update: () => undefined, end: () => undefined };
      return process.stderr.isTTY ? bar(what) : lines(what, note);
    },
    width: process.stdout.columns || 200,
  };
}

function bar(what: string): Progress {
  const drawn = new SingleBar({
    stream: process.stderr,
    format: `${what} {bar} {percentage} %  {detail}  {left}`,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    stopOnComplete: false,
    fps: 5,
  });
  const started = performance.now();
  drawn.start(1000, 0, { detail: "", left: "" });
  return {
    update: (share, detail = "") => drawn.update(Math.round(share * 1000), { detail, left: timeLeft(share, started) }),
    end: () => drawn.stop(),
  };
}

function lines(what: string, note: (line: string) => void): Progress {
  const started = performance.now();
  let last = Number.NEGATIVE_INFINITY;
  return {
    update: (share, detail) => {
      const now = performance.now();
      if (now - last < lineEvery * 1000 && share < 1) return;
      last = now;
      const left = timeLeft(share, started);
      note([`${what} ${Math.floor(share * 100)} %`, detail, left].filter(Boolean).join(", "));
    },
    end: () => undefined,
  };
}

function timeLeft(share: number, started: number): string {
  const elapsed = (performance.now() - started) / 1000;
  const left = (elapsed * (1 - share)) / Math.max(share, 1e-9);
  // The first steps say little about the rest.
  return share > 0.005 && elapsed > 1 && Number.isFinite(left) ? `${formatSeconds(left)} left` : "";
}

export function formatSeconds(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return minutes < 60 ? `${minutes}:${rest} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
