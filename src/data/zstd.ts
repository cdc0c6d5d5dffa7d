/** @file stub */
export async function* unzstd(_chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  await Promise.resolve();
  yield* [];
  throw new Error("not yet");
}
