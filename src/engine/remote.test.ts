import { expect, test } from "vitest";
import { connect, type Port, serve } from "./remote.ts";

/** Two ends that post to each other, as threads do: later, and only what can be copied. */
function wire(): [Port, Port] {
  const receivers: ((message: unknown) => void)[] = [() => undefined, () => undefined];
  const end = (own: number): Port => ({
    post: (message) => {
      const copy: unknown = structuredClone(message);
      setImmediate(() => receivers[1 - own]!(copy));
    },
    listen: (receive) => {
      receivers[own] = receive;
    },
  });
  return [end(0), end(1)];
}

function connected() {
  const log: string[] = [];
  const host = {
    async slow(name: string) {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      log.push(`${name} ends`);
      return name;
    },
    refuse: (why: string) => {
      throw new Error(why);
    },
    uncopyable: () => () => undefined,
    add: (a: number, b: number) => a + b,
  };
  const [near, far] = wire();
  serve(host, far);
  return { remote: connect<typeof host>(near), log };
}

test("calls are answered one after the other, each with its own answer", async () => {
  const { remote, log } = connected();
  expect(await Promise.all([remote.slow("a"), remote.slow("b"), remote.add(1, 2)])).toEqual(["a", "b", 3]);
  expect(log).toEqual(["a begins", "a ends", "b begins", "b ends"]);
});

test("an error reaches its caller, whatever it is, and the next call is served", async () => {
  const { remote } = connected();
  await expect(remote.refuse("no such thing")).rejects.toThrow("no such thing");
  await expect(remote.uncopyable()).rejects.toThrow(/could not be cloned/);
  await expect(remote.add((() => 1) as never, 2)).rejects.toThrow(/could not be cloned/);
  await expect((remote as unknown as { none(): Promise<void> }).none()).rejects.toThrow();
  expect(await remote.add(1, 2)).toBe(3);
});

test("a broken connection ends waiting and later calls with the first reason", async () => {
  const { remote } = connected();
  const waiting = remote.slow("a");
  remote.fail(new Error("out of memory"));
  remote.fail(new Error("the worker has ended"));
  await expect(waiting).rejects.toThrow("out of memory");
  await expect(remote.add(1, 2)).rejects.toThrow("out of memory");
});
