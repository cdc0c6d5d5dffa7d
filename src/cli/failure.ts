/**
 * @file How the command line fails: one clear line, never a stack trace. In: whatever was thrown. Out: the line, and the exit
 * status: 1 it failed, 2 wrong usage.
 */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UsageError";
  }
}

/** A failure whose message is meant for the user as it stands. */
export class CommandError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "CommandError";
  }
}

export const exitStatus = (error: unknown): 1 | 2 => (error instanceof UsageError ? 2 : 1);

/** Faults of the program itself, which no message of ours explains. */
const unexpected: ReadonlySet<string> = new Set([
  "TypeError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "ZodError",
]);

export function failureLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const line = text.replace(/\s*\n\s*/g, " ").trim() || "it failed without saying why";
  if (!(error instanceof Error) || !unexpected.has(error.name)) return `polyvae: ${line}`;
  return `polyvae: an unexpected fault: ${line}. Please report it with the output of the same command under POLYVAE_DEBUG=1.`;
}

/** Prints the failure; the trace only for those who look for faults in polyvae itself. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`${failureLine(error)}\n`);
  if (process.env.POLYVAE_DEBUG === "1" && error instanceof Error) process.stderr.write(`${traceOf(error)}\n`);
}

function traceOf(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\ncaused by ${traceOf(error.cause)}` : own;
}
