#!/usr/bin/env node
/** @file The `polyvae` command. In: the arguments of the process. Out: its exit status: 0, 1 it failed, 2 wrong usage. */
import { CommanderError } from "commander";
import { commandLine } from "./command-line.ts";
import { reportFailure } from "./failure.ts";

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.on("uncaughtException", (error) => {
  reportFailure(error);
  process.exit();
});

try {
  await commandLine().parseAsync();
} catch (error) {
  // Help and version end this way too.
  if (!(error instanceof CommanderError)) reportFailure(error);
}
