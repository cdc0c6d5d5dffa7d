#!/usr/bin/env node
/** @file The `polyvae` command. In: the arguments of the process. Out: its exit status, once all it said is written. */
import { reportFailure } from "./failure.ts";
import { run } from "./run.ts";

// A reader that has seen enough (`| head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});
process.on("uncaughtException", (error) => {
  reportFailure(error);
  process.exit(1);
});

process.exitCode = await run(process.argv.slice(2));
