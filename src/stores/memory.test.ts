import { memoryStore } from "./memory.ts";
import { vectorStoreContract } from "./testing/vector-store-contract.ts";

vectorStoreContract("store in memory", async (shape) => memoryStore(shape));
