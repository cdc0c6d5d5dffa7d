/**
 * @file Calls across a thread boundary. In: a host's methods and a message port. Out: the same methods, as promises.
 * Works over Node's worker threads and a browser's workers: both ends only need postMessage and a listener.
 */

export interface Port {
  post(message: unknown, transfer: ArrayBuffer[]): void;
  listen(receive: (message: unknown) => void): void;
}

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}

type Answer = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

export type Remote<T extends Methods> = {
  readonly [K in keyof T]: (...args: Parameters<T[K]>) => Promise<Awaited<ReturnType<T[K]>>>;
} & {
  /** Calls with array buffers handed over instead of copied. */
  transferring<K extends keyof T>(
    method: K,
    args: Parameters<T[K]>,
    transfer: ArrayBuffer[],
  ): Promise<Awaited<ReturnType<T[K]>>>;
  /** Ends every waiting and later call with this error; the first one stands. */
  fail(error: Error): void;
};

/** Answers calls one after the other: a step must not start inside another. */
export function serve(host: Methods, port: Port): void {
  let last = Promise.resolve();
  port.listen((message) => {
    const { id, method, args } = message as Call;
    last = last.then(async () => {
      try {
        const result = await host[method]!(...(args as never[]));
        port.post({ id, result } satisfies Answer, []);
      } catch (error) {
        port.post({ id, error: error instanceof Error ? error.message : String(error) } satisfies Answer, []);
      }
    });
  });
}

export function connect<T extends Methods>(port: Port): Remote<T> {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let broken: Error | undefined;
  let lastId = 0;

  port.listen((message) => {
    const answer = message as Answer;
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ("error" in answer) call?.reject(new Error(answer.error));
    else call?.resolve(answer.result);
  });

  const call = (method: string, args: readonly unknown[], transfer: ArrayBuffer[]) =>
    new Promise<unknown>((resolve, reject) => {
      if (broken) return reject(broken);
      // What cannot be posted throws here, and nobody waits for it.
      port.post({ id: ++lastId, method, args } satisfies Call, transfer);
      waiting.set(lastId, { resolve, reject });
    });

  const fail = (error: Error) => {
    broken ??= error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };

  return new Proxy({} as Remote<T>, {
    get: (_, method: string) => {
      if (method === "fail") return fail;
      if (method === "transferring")
        return (name: string, args: unknown[], transfer: ArrayBuffer[]) => call(name, args, transfer);
      return (...args: unknown[]) => call(method, args, []);
    },
  });
}
