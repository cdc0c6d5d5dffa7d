/** @file One run of the command line. In: arguments. Out: the exit status: 0, 1 it failed, 2 wrong usage; failures told on stderr. */
import { CommanderError } from "commander";
import { commandLine } from "./command-line.ts";
import { exitStatus, reportFailure } from "./failure.ts";

export async function run(args: readonly string[]): Promise<0 | 1 | 2> {
  try {
    await commandLine().parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    // Help and version end this way too.
    if (error instanceof CommanderError) return 0;
    reportFailure(error);
    return exitStatus(error);
  }
}
