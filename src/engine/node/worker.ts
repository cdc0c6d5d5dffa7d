/** @file The thread on which onnxruntime-node runs. In: calls from node/runtime.ts. Out: answers. */
import { parentPort, workerData } from "node:worker_threads";
import { InferenceSession } from "onnxruntime-node";
import { chooseDevice } from "../device.ts";
import { createHost } from "../host.ts";
import { serve } from "../remote.ts";
import type { WorkerSettings } from "../runtime.ts";
import type { CreateSession } from "../session.ts";
import { nodePlatform } from "./platform.ts";

const port = parentPort!;
const { threads, device } = workerData as WorkerSettings;
const create: CreateSession = (bytes, options) => InferenceSession.create(bytes, options);
serve(createHost(create, { threads, device: chooseDevice(device, nodePlatform) }), {
  post: (message, transfer) => port.postMessage(message, transfer),
  listen: (receive) => port.on("message", receive),
});
