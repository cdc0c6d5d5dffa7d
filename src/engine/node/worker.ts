/** @file The thread on which onnxruntime-node runs. In: calls from node/runtime.ts. Out: answers. */
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession } from "onnxruntime-node";
import { createHost, type HostOptions } from "../host.ts";
import { serve } from "../remote.ts";

const port = parentPort!;
serve(createHost(InferenceSession, workerData as HostOptions), {
  post: (message, transfer) => port.postMessage(message, transfer),
  listen: (receive) => port.on("message", receive),
});
